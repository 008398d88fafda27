#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that Landlock keeps from writing where the ledgers are (as systemd, sandboxes of packages, and programs
# themselves do it), and one whose control group has little memory: both are served as without tshm.
here=$(dirname "$0")/..
# shellcheck source=tests/harmless/lib.sh
. "$here/harmless/lib.sh"
need "$PYTHON"
group=
away=
at_end() { rm -rf "/dev/shm/$tag"* "$away"; [ -z "$group" ] || rmdir "$group" 2>/dev/null; }
make_tmp
mkdir "$tmp/ledgers"
# Not below /dev, where the sandbox lets files be made.
away=$(mktemp -d /tmp/tshm-t.XXXXXX) || fail "mktemp"
mkdir "$away/ledgers"

# Read and run everything, write below /dev only.  Numbers and structures are those of linux/landlock.h, ABI 1.
# "now": confined before the program starts; "later": a running one, which then forks and leaves a segment.
cat >"$tmp/confined.py" <<'END'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
EXECUTE, READ_FILE, READ_DIR, ALL = 1, 4, 8, (1 << 13) - 1
def system_call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        print("no Landlock:", os.strerror(ctypes.get_errno()))
        os._exit(77)
    return result
def confine():
    handled = struct.pack("=Q", ALL)
    rules = system_call(444, handled, ctypes.c_size_t(len(handled)), 0)
    for path, access in (("/", EXECUTE | READ_FILE | READ_DIR), ("/dev", ALL)):
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        system_call(445, rules, 1, struct.pack("=Qi", access, fd), 0)
        os.close(fd)
    libc.prctl(38, 1, 0, 0, 0)	# PR_SET_NO_NEW_PRIVS
    system_call(446, rules, 0)
    os.close(rules)
def leave(name):
    os.close(os.open(f"/dev/shm/{name}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
if sys.argv[1] == "now":
    confine()
    os.execvp(sys.argv[2], sys.argv[2:])
tag = sys.argv[2]
leave(tag + "-before")
confine()
leave(tag + "-after")
pid = os.fork()
if pid == 0:
    leave(tag + "-child")
    os._exit(0)
sys.exit(os.waitpid(pid, 0)[1] != 0)
END
status=0
"$PYTHON" "$tmp/confined.py" now true || status=$?
if [ $status -eq 77 ]; then
	echo "Landlock was not looked at"
else
	[ $status -eq 0 ] || fail "the sandbox: status $status"
	! "$PYTHON" "$tmp/confined.py" now touch "$away/touched" 2>/dev/null || fail "the sandbox lets files be made"
	same_as "Landlock before the start" "$away/ledgers" "$PYTHON" "$tmp/confined.py" now
	# What is confined later is on record; its child has no ledger, and what it leaves is told as nobody's.
	"$TSHM_RUN" -o "$away/run" --report=json:"$tmp/report.json" -- "$PYTHON" "$tmp/confined.py" later "$tag" \
		>"$tmp/said" 2>&1 || fail "Landlock later: status $?: $(tail -n 5 "$tmp/said")"
	"$PYTHON" - "$tag" "$tmp/report.json" <<'END' || fail "Landlock later: not as expected"
import json, sys
tag, report = sys.argv[1:]
data = json.load(open(report))
told = {f["message"].split(tag + "-")[1].split()[0]: f["rule"] for f in data["findings"] if tag in f["message"]}
if told != {"before": "shm-leaked", "after": "shm-leaked", "child": "shm-appeared"}:
    print("told:", told, [f["message"] for f in data["findings"]], file=sys.stderr)
    sys.exit(1)
END
	echo "Landlock later: what was made before and after is told"
fi

# 6 MiB, of which the ledgers take some where they are on a tmpfs: pages of it count.
for group in /sys/fs/cgroup /sys/fs/cgroup/memory; do
	limit=$group/$tag/memory.max
	[ "$group" = /sys/fs/cgroup ] || limit=$group/$tag/memory.limit_in_bytes
	group=$group/$tag
	{ mkdir "$group" && echo 6291456 >"$limit"; } 2>/dev/null && break
	rmdir "$group" 2>/dev/null
	group=
done
[ -n "$group" ] || { echo "no control group of our own"; exit 0; }
confined() { (sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"); }
same_as "a control group with 6 MiB" "$tmp/ledgers" confined
