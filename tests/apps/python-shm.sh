#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: python3
# multiprocessing.shared_memory: forgotten by its owner, and destroyed by a stranger's resource tracker.

. "$(dirname "$0")/apps.sh"
python=/usr/bin/python3
[[ -x $python ]] && $python -c 'import _posixshmem' 2>/dev/null || skip "no shared memory in $python"

left=()
undo() {
	((${#left[@]} == 0)) || rm -f -- "${left[@]}"
}

# Run under tshm only, for after a bare run nobody knows the name to remove.
under_tshm forgotten "$python" "$here/python-shm.py" forgotten >"$work/forgotten.out" 2>"$work/forgotten.err"
status=$?
((status == 137)) || fail "forgotten: exit status $status, not 137"
[[ $(<"$work/forgotten.out") == "made 5000" ]] || fail "forgotten: other output: $(<"$work/forgotten.out")"
mapfile -t left < <(python3 - "$work/forgotten.json" <<'EOF'
import json, sys
for o in json.load(open(sys.argv[1]))["objects"]:
    if o["state"] == "leaked" and o["name"].startswith("/dev/shm/psm_"):
        print(o["name"])
EOF
)
((${#left[@]} == 1)) || fail "forgotten: ${#left[@]} names left by the report, not 1"
errors=$(findings "$work/forgotten.json" error)
if [[ $errors == 'error shm-leaked python3'*"${left[0]}"* && $errors != *$'\n'* ]]; then
	pass "forgotten: $errors"
else
	fail "forgotten: not one shm-leaked that names it: $errors"
fi

audit tracker "$python" "$here/python-shm.py" tracker
grep -q 'the owner came too late' "$work/tracker.out" || fail "tracker: the stranger's tracker removed nothing"
errors=$(findings "$work/tracker.json" error)
if [[ $errors == 'error shm-unlinked-in-use python3'*', the resource tracker of another process, while its creator used it' && $errors != *$'\n'* ]]; then
	pass "tracker: $errors"
else
	fail "tracker: not one shm-unlinked-in-use that names the tracker: $errors"
fi
# By multiprocessing the tracker is shared: who only attaches takes nothing away.
audit shared "$python" "$here/python-shm.py" shared
clean shared
[[ $(number "$work/tracker.json" leaked_segments) == 0 ]] || fail "tracker: a leak was reported"
end_of_test
