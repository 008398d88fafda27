#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that find themselves elsewhere: in a chroot, without /proc, in namespaces of their own,
# with a pid that another had, and as another user, who may not write where the ledgers are.
here=$(dirname "$0")/..
# shellcheck source=tests/harmless/lib.sh
. "$here/harmless/lib.sh"
need "$PYTHON" unshare
[ "$(id -u)" -eq 0 ] || skip "not root"
unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces of our own"
forget() { find /dev/shm -maxdepth 1 -name "$tag-*" -exec rm -f {} +; }
at_end() { forget; umount "$tmp/root/dev/shm" 2>/dev/null; }
make_tmp
mkdir "$tmp/root"
chmod 711 "$tmp"

# A process makes a segment, goes elsewhere and leaves another; so does a child that it has then.
# findings WHAT COMMAND...: COMMAND under tshm-run leaves two segments, which are told with their makers.
findings() {
	findings_what=$1
	shift
	rm -rf "$tmp/run"
	"$TSHM_RUN" -o "$tmp/run" --report=json:"$tmp/report.json" -- "$@" >"$tmp/said" 2>&1 ||
		fail "$findings_what: status $?: $(tail -n 5 "$tmp/said")"
	"$PYTHON" - "$tag" "$tmp/report.json" <<'END' || fail "$findings_what"
import json, sys
tag, report = sys.argv[1:]
data = json.load(open(report))
left = {o["name"]: o["creator"] for o in data["objects"] if o["name"] and tag in o["name"] and o["state"] == "leaked"}
if len(left) != 2 or None in left.values():
    print("left:", left, [f["message"] for f in data["findings"]], file=sys.stderr)
    sys.exit(1)
END
	forget
	echo "$findings_what: fine"
}

cat >"$tmp/leaves.py" <<'END'
import ctypes, os, sys
tag, way = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
def leave(name):
    fd = libc.shm_open(f"/{tag}-{name}".encode(), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if fd < 0:
        sys.exit(f"shm_open: {os.strerror(ctypes.get_errno())}")
    libc.close(fd)
if way == "again":	# two children, one after another, with one pid
    pids = []
    for name in ("first", "second"):
        if pids:
            with open("/proc/sys/kernel/ns_last_pid", "w") as last:
                last.write(str(pids[0] - 1))
        pids.append(os.fork())
        if pids[-1] == 0:
            leave(name)
            os._exit(0)
        os.waitpid(pids[-1], 0)
    sys.exit(0 if pids[0] == pids[1] else "another pid")
leave("first")
if way == "chroot":
    os.chroot(sys.argv[0].replace("leaves.py", "root"))
    os.chdir("/")
elif way == "user":
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
pid = os.fork()
if pid == 0:
    leave("second")
    os._exit(0)
sys.exit(os.waitpid(pid, 0)[1] != 0)
END
mkdir -p "$tmp/root/dev/shm"
mount --bind /dev/shm "$tmp/root/dev/shm" || skip "no mounts"
findings "nowhere else" "$PYTHON" "$tmp/leaves.py" "$tag" stays
findings "another user" "$PYTHON" "$tmp/leaves.py" "$tag" user
findings "a chroot without /proc" "$PYTHON" "$tmp/leaves.py" "$tag" chroot
findings "a namespace of processes" unshare --pid --fork "$PYTHON" "$tmp/leaves.py" "$tag" stays
findings "namespaces of mounts and processes, with a /proc" \
	unshare --mount --pid --fork --mount-proc "$PYTHON" "$tmp/leaves.py" "$tag" stays
findings "a pid that comes again" unshare --mount --pid --fork --mount-proc "$PYTHON" "$tmp/leaves.py" "$tag" again
