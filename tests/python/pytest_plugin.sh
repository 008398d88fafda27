#!/bin/sh
# SPDX-License-Identifier: MIT
# pytest --tshm: of 23 tests, functions and unittest's, the 3 that leak fail, with file and line, whether pytest runs
# them itself or by workers of xdist; output, statuses and what is left are as they should be.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
make_tmp
suite=$(cd "$here/python" && pwd)/suite.py
python=
for candidate in "$PYTHON" /usr/bin/python3; do
	"$candidate" -c 'import pytest' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || skip "no pytest"

# The package as it is installed: a folder, and the metadata that has the plugin's name.
mkdir "$tmp/site" || fail "mkdir"
ln -s "$(cd "$here/../python" && pwd)/tshm" "$tmp/site/tshm" || fail "ln"
mkdir "$tmp/site/tshm-0.dist-info"
printf 'Metadata-Version: 2.1\nName: tshm\nVersion: 0\n' >"$tmp/site/tshm-0.dist-info/METADATA"
cp "$here/../python/dist-info/entry_points.txt" "$tmp/site/tshm-0.dist-info/"
PYTHONPATH=$tmp/site PYTHONDONTWRITEBYTECODE=1
COLUMNS=200
export PYTHONPATH PYTHONDONTWRITEBYTECODE COLUMNS
XDG_RUNTIME_DIR=$tmp/runtime	# where ledgers go, and are gone from when pytest has ended
export XDG_RUNTIME_DIR
mkdir "$tmp/runtime"
unset LD_PRELOAD TSHM_DIR PYTEST_ADDOPTS

# run_pytest WANTED-STATUS ARGUMENT...: its output is in $tmp/out.  It writes to pipes: files in $tmp are in shared memory.
run_pytest() {
	wanted=$1
	shift
	{ {
		cd "$tmp" && timeout 120 "$python" -m pytest -p no:cacheprovider -c /dev/null --rootdir="$(dirname "$suite")" "$@" 3>&-
		echo $? >"$tmp/status"
	} 2>&1 >&3 </dev/null | cat >"$tmp/err"; } 3>&1 | cat >"$tmp/out"
	status=$(cat "$tmp/status")
	[ -z "$(ls "$tmp/runtime")" ] || fail "pytest $*: it left $(ls "$tmp/runtime")"
	[ $status -eq "$wanted" ] || { cat "$tmp/out" "$tmp/err" >&2; fail "pytest $*: status $status, not $wanted"; }
}
has() { grep -qE -e "$1" "$tmp/out" || { cat "$tmp/out" "$tmp/err" >&2; fail "$mode: no line like $1"; }; }
hasnt() { ! grep -qE -e "$1" "$tmp/out" || { cat "$tmp/out" "$tmp/err" >&2; fail "$mode: a line like $1"; }; }
line_of() { grep -n "# LINE $1" "$suite" | cut -d: -f1; }

mode="without --tshm"
run_pytest 0 "$suite"
has '23 passed'

three_fail() {
	has '3 failed, 20 passed'
	for test in test_leaks_memfd TestLeaks::test_name test_leaks_descriptors; do
		has "^FAILED .*suite.py::$test - (fd-growth|shm-leaked): "
	done
	has "by make_frame \\(.*suite.py:$(line_of memfd)\\)"
	has "by forget_name \\(.*suite.py:$(line_of name)\\)"
	has "by open_eight \\(.*suite.py:$(line_of descriptors)\\)"
	has '^error shm-leaked: segment /dev/shm/psm_[0-9a-f]+ \(64 B\) was created by '
	has '^    fix: close\(\) each'
	has "suite.py::test_leaks_memfd: fd-growth at .*suite.py:$(line_of memfd)\$"
	has '^3 of the tests leaked, 0 more findings of the whole$'
}
mode=alone
run_pytest 1 --tshm --junitxml="$tmp/junit.xml" "$suite"
three_fail
grep -q '<failure message="fd-growth: 8 more descriptors' "$tmp/junit.xml" || fail "the JUnit file has no message"

if "$python" -c 'import xdist' 2>/dev/null; then
	mode="with 2 workers"
	run_pytest 1 --tshm -n 2 "$suite"
	three_fail
fi

mode="a module that leaks nothing"
run_pytest 0 --tshm "$suite" -k "not Leaks and not leaks"
has '20 passed'
hasnt 'tshm: leaks'

mode="suppressions"
printf 'fd-growth:make_frame\nshm-leaked:forget_name\nshm-leaked:*forget_name\nfd-growth:*open_eight*\n' >"$tmp/supp"
run_pytest 0 --tshm --tshm-suppressions="$tmp/supp" "$suite" -k "Leaks or leaks"

mode="without retries a cache counts"
run_pytest 1 --tshm --tshm-retries=0 "$suite" -k test_cache
has '^FAILED .*test_cache'

mode="under tshm-run, and output as it is"
printf 'def test_print():\n    print("out" + "put")\n    assert 1 == 2\n' >"$tmp/test_fails.py"
(cd "$tmp" && timeout 120 "$TSHM_RUN" -o "$tmp/run" -- "$python" -m pytest -p no:cacheprovider --tshm test_fails.py) >"$tmp/out" 2>"$tmp/err"
status=$?
[ $status -eq 1 ] || fail "under tshm-run: $status"
has '^output$'
hasnt 'tshm: leaks'

# What --tshm-baseline has passes, and no more than that: $tmp/known of this or that way to write it.
mode="a baseline of the finished run"
(cd "$tmp" && timeout 120 "$TSHM_RUN" -o "$tmp/known-run" -- "$python" -m pytest -p no:cacheprovider -c /dev/null --tshm "$suite") \
	2>&1 </dev/null | cat >"$tmp/out"
"$TSHM_REPORT" --write-baseline="$tmp/known" "$tmp/known-run" >"$tmp/report" 2>&1 || fail "--write-baseline: $(cat "$tmp/report")"
run_pytest 0 --tshm --tshm-baseline="$tmp/known" "$suite" -k "leaks_memfd or leaks_descriptors"
has '2 passed'

# pytest's files for captured output are shared memory then, and come and go with each test.
TMPDIR=$tmp
export TMPDIR
mode="a baseline by pytest"
cat >"$tmp/test_names.py" <<'EOF'
import pytest
from multiprocessing import shared_memory
kept = []
def forget():
    shared_memory.SharedMemory(create=True, size=64).close()
@pytest.mark.parametrize("n", range(3))
def test_names(n):
    forget()
EOF
cat >"$tmp/test_new.py" <<'EOF'
import os
kept = []
def test_new():
    kept.append(os.memfd_create("new"))
EOF
rm "$tmp/known"
# What a worker of a session that was killed left is not this one's.
printf '{\n"schema": "tshm-baseline/1",\n"findings": [\n{"rule": "shm-leaked", "severity": "error", "program": "stale", "where": [], "what": "x"}\n]\n}\n' >"$tmp/known.gw7"
run_pytest 1 --tshm --tshm-write-baseline=known "$suite" "$tmp/test_names.py"
has '6 failed, 20 passed'
! grep -q stale "$tmp/known" || fail "$mode: a part of another session is in it"
run_pytest 0 --tshm --tshm-baseline="$tmp/known" "$suite" "$tmp/test_names.py"
has '26 passed'
hasnt 'tshm: leaks'
run_pytest 1 --tshm --tshm-baseline="$tmp/known" "$suite" "$tmp/test_names.py" "$tmp/test_new.py"
has '1 failed, 26 passed'
has '^FAILED .*test_new - fd-growth: '
if "$python" -c 'import xdist' 2>/dev/null; then
	mode="a baseline by 2 workers"
	run_pytest 1 --tshm --tshm-write-baseline=known -n 2 "$suite" "$tmp/test_names.py"
	run_pytest 0 --tshm --tshm-baseline=known -n 2 "$suite" "$tmp/test_names.py"
	run_pytest 1 --tshm --tshm-baseline=known -n 2 "$suite" "$tmp/test_names.py" "$tmp/test_new.py"
	has '1 failed, 26 passed'
	[ -z "$(find "$tmp" -name 'known.*')" ] || fail "it left parts of the baseline: $(ls "$tmp")"
fi
printf 'shm-leaked:*forget*\n' >"$tmp/supp"
mode="a suppression of many names from one place"
run_pytest 0 --tshm --tshm-suppressions="$tmp/supp" "$tmp/test_names.py"

# What is told of the same object beside its name is another rule's: the child's mappings duplicated its descriptor.
mode="a name of which a child had much"
cat >"$tmp/test_child.py" <<'EOF'
import _posixshmem, mmap, os, socket
def test_child():
    fd = _posixshmem.shm_open("/tshm_plugin_" + os.environ["NAME"], os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(fd, 4096)
    pid = os.fork()
    if not pid:
        keep = [mmap.mmap(fd, 4096) for _ in range(8)]
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(fd)
def test_socket():
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("/dev/shm/tshm_plugin_%s.sock" % os.environ["NAME"])
EOF
NAME=${tmp##*.}	# others' names are not removed here
export NAME
run_pytest 1 --tshm "$tmp/test_child.py"
rm -f "/dev/shm/tshm_plugin_$NAME" "/dev/shm/tshm_plugin_$NAME.sock"
has '1 failed, 1 passed'
has '^FAILED .*::test_child - shm-leaked: '
hasnt INTERNALERROR

mode="no library"
TSHM_LIB=/nowhere run_pytest 4 --tshm "$tmp/test_fails.py"
echo "pytest $("$python" -c 'import pytest; print(pytest.__version__)')"
