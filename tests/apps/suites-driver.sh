#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: bash python3
# The driver of suites notices what it is there for: a suite that behaves otherwise under tshm.

. "$(dirname "$0")/apps.sh"
need bash

mkdir "$work/suites"
cat >"$work/suites/fake.sh" <<'EOF2'
#!/bin/bash
# part: same 2 20
# part: flaky 1 20
# part: other 1 20
# part: once 1 20
# part: detail 1 20
# part: missing 1 20
# part: status 1 20
# part: hang 1 5
# part: slow 1 20
# part: few 2 20
# part: loud 1 20
# part: finding 1 20
# part: expected 1 20
# part: broken 1 20
# part: absent 1 20
verdict() { echo "$*" >>"$TSHM_VERDICTS"; }
bad_close() { /usr/bin/python3 -c 'import os
for _ in range(2):
	try:
		os.close(9 if _ else os.dup2(0, 9))
	except OSError:
		pass'; }
audited=${LD_PRELOAD-}
[[ $1 == missing && $audited ]] || verdict PASS one
case $1 in
same) verdict FAIL two ;;
flaky) verdict "PASS two: $RANDOM$RANDOM" ;;
other) verdict "${audited:+FAIL}${audited:-PASS}" two | sed 's,/.*,,' ;;
once) [[ $audited && ! -e ../../seen ]] && { touch ../../seen; verdict FAIL two; } || verdict PASS two ;;
detail) verdict "PASS two: ${audited:+tshm}" ;;
status) [[ ! $audited ]] || exit 3 ;;
hang) [[ ! $audited ]] || sleep 60 ;;
slow) [[ ! $audited ]] || sleep 4 ;;
loud) [[ ! $audited ]] || echo "ERROR: ld.so: object" ;;
finding | expected) bad_close ;;
broken) verdict well ;;
absent) echo "no luck"; exit 77 ;;
esac
exit 0
EOF2
sed -i 's/^other) .*/other) verdict "$([[ $audited ]] \&\& echo FAIL || echo PASS) two" ;;/' "$work/suites/fake.sh"
chmod +x "$work/suites/fake.sh"
printf '%s\n\t%s\n' 'expected fd-bad-close ^warning python3' 'it closes twice' >"$work/suites/fake.expected"

python3 "$here/suites.py" "$TSHM_RUN" "$work/suites" "$work" "$runs" all >"$work/said"
(($? == 1)) || fail "the driver's status is not 1"

# says PART PATTERN: its line of the driver's output.
says() {
	if grep -qE "^[^ ]+ +fake/$1: .*$2|^ .*fake/$1: .*$2" "$work/said"; then
		pass "$1: $2"
	else
		fail "$1: not said: $2"
	fi
}

says same '2 tests the same \(1 passed, 1 failed'
says flaky '1 tests the same .*1 flaky'
says other 'two: FAIL under tshm, PASS without'
says once '2 tests the same'
grep -q 'differed, not when retried: fake/once: two' "$work/said" || fail "once: not told"
says detail 'two: PASS tshm under tshm, PASS without'
says missing 'one: no verdict under tshm, PASS without'
says status 'status 3 under tshm'
says hang 'more than 5 s under tshm, each time'
says slow '[0-9.]+ s under tshm, [0-9.]+ s without'
says few '1 tests compared; its minimum is 2'
says loud 'output of tshm or of the loader'
says finding 'findings that are not expected'
says expected '1 findings, all true'
says broken 'not a verdict: well'
says absent 'no luck'
bad=$(grep -cE '^FAIL' "$work/said")
((bad == 10)) || fail "$bad failures, not 10"
((failures == 0)) || cat "$work/said"
end_of_test
