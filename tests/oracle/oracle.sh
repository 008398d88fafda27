#!/bin/sh
# SPDX-License-Identifier: MIT
# A few programs of the oracle; all of them, and real ones: make check-oracle.
here=$(dirname "$0")
# shellcheck source=tests/lib.sh
. "$here/../lib.sh"
need "$PYTHON" gcc g++
[ -f tests/oracle/.libs/oracle.so ] || skip "no oracle.so: not in a build"
case ${ASAN_OPTIONS+x}${SANITIZE_CFLAGS:-} in ?*) skip "a sanitizer's library has to be first" ;; esac
"$PYTHON" - <<'END' || skip "libunwind and libgcc_s are not both here"
import ctypes
ctypes.CDLL("libunwind.so.8"), ctypes.CDLL("libgcc_s.so.1")
END
"$PYTHON" "$here/oracle.py" --quick tests/oracle/.libs/oracle.so
