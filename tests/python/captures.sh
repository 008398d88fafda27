#!/bin/sh
# SPDX-License-Identifier: MIT
# Python frames: of thousands of captures in threads, generators, coroutines, callbacks and code from strings each is
# what traceback.extract_stack() says at the same moment, in every version of CPython that is here.
# TSHM_TEST_CAPTURES: how many calls in each (10,000 make 20,000 captures).  PYTHONS: which, in place of those found.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
make_tmp
need "$PYTHON"
: "${TSHM_TEST_CAPTURES:=1000}"

# One of each version, wherever it is: in PATH, or of pyenv.
found() {
	for name in "$PYTHON" python3 python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 \
		/usr/bin/python3 "${PYENV_ROOT:-/nowhere}"/versions/*/bin/python3; do
		"$name" -c 'import sys
print(sys.implementation.name, "%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null
	done | awk '$1 == "cpython" && $2 ~ /^3\.([6-9]|1[0-4])$/ && !seen[$2]++ { print $3 }'
}

tried=0
for python in ${PYTHONS-$(found)}; do
	rm -rf "$tmp/run"
	"$TSHM_RUN" -o "$tmp/run" --report=json:"$tmp/report.json" -- "$python" "$here/python/captures.py" \
		"$TSHM_TEST_CAPTURES" "$tmp/told" >/dev/null 2>"$tmp/err" || { cat "$tmp/err" >&2; fail "$python"; }
	"$PYTHON" "$here/python/compare.py" "$tmp/told" "$tmp/report.json" >"$tmp/out" || { cat "$tmp/out" >&2; fail "$python"; }
	echo "$("$python" --version): $(cat "$tmp/out")"
	tried=$((tried + 1))
done
[ $tried -gt 0 ] || skip "no Python that is known"
