#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: python3-torch
# PyTorch's sharing by both strategies: what it does well is clean, what a kill leaves is found.

. "$(dirname "$0")/apps.sh"
python=/usr/bin/python3
[[ -x $python ]] && $python -c 'import torch' 2>/dev/null || skip "no PyTorch for $python"

left=()
undo() {
	((${#left[@]} == 0)) || rm -f -- "${left[@]}"
}

# Where torch_shm_manager makes its socket directory, which a kill leaves too.
export TMPDIR=$work

for case in loader queue pool inherit spawn; do
	for strategy in file_descriptor file_system; do
		audit "$case.$strategy" "$python" "$here/pytorch_cases.py" "$case" "$strategy"
		clean "$case.$strategy"
	done
done

# The manager lives for 2 seconds after its last client, and the verdict waits for it.
if python3 - "$work/queue.file_system.json" <<'EOF'; then
import json, sys
report = json.load(open(sys.argv[1]))
managers = [p["state"] for p in report["processes"] if p["exe"].endswith("torch_shm_manager")]
live = [f for f in report["findings"] if "/dev/shm/torch_" in f["message"] and not f["suppressed_by"]]
sys.exit(managers != ["exited"] or live != [])
EOF
	pass "queue.file_system: the manager's end was waited for"
else
	fail "queue.file_system: the manager's end was not waited for"
fi

# What an inherited tensor is made of is the parent's: nothing is charged to the child.
if python3 - "$work/inherit.file_descriptor.json" <<'EOF'; then
import json, sys
report = json.load(open(sys.argv[1]))
parent = report["processes"][0]["pid"]
# What appears may be another test's.
charged = [f for f in report["findings"]
           if f["pid"] != parent and f["severity"] != "note" and f["rule"] != "shm-appeared"]
makers = {o["creator"]["pid"] for o in report["objects"] if o["kind"] == "segment"}
sys.exit(charged != [] or makers != {parent})
EOF
	pass "inherit.file_descriptor: one owner, the parent"
else
	fail "inherit.file_descriptor: charged to the child"
fi

# Killed together with its manager: nobody is left to remove the segments.
under_tshm killed "$python" "$here/pytorch_cases.py" killed file_system >"$work/killed.out" 2>"$work/killed.err"
status=$?
((status == 137)) || fail "killed: exit status $status, not 137"
mapfile -t left < <(python3 - "$work/killed.json" <<'EOF'
import json, sys
for o in json.load(open(sys.argv[1]))["objects"]:
    if o["state"] == "leaked" and o["name"].startswith("/dev/shm/torch_"):
        print(o["name"])
EOF
)
if python3 - "$work/killed.json" <<'EOF'; then
import json, sys
report = json.load(open(sys.argv[1]))
found = [f for f in report["findings"] if f["rule"] == "shm-leaked"]
segments = [o for o in report["objects"] if o["state"] == "leaked" and o["name"].startswith("/dev/shm/")]
makers = {o["creator"]["pid"] for o in segments}
pid = report["processes"][0]["pid"]
ok = (report["summary"]["leaked_segments"] == 3 and makers == {pid}
      and {(f["severity"], f["pid"]) for f in found} == {("error", pid)}
      and all(f"/dev/shm/torch_{pid}_" in f["message"] and f"pid {pid}" in f["message"] for f in found)
      and any("MapAllocator" in (s["function"] or "") for f in found for s in f["stack"])
      and any((s["file"] or "").endswith("pytorch_cases.py") for f in found for s in f["stack"]))
sys.exit(not ok)
EOF
	pass "killed: 3 leaked segments that name their maker"
else
	fail "killed: the report does not name the 3 segments and their maker"
	findings "$work/killed.json" error warning note
fi
((${#left[@]} == 3)) || fail "killed: ${#left[@]} names to remove, not 3"

end_of_test
