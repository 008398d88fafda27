#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: configure, make, gcc and ld build tshm itself, by two jobs
# packages: gcc make binutils
# part: all 40 400

. "$(dirname "$0")/../suite.sh"
need gcc make ld

source=$(cd "$(dirname "$0")/../../.." && pwd)
[[ -x $source/configure ]] || not_here "no configure in the source"
# What a build has must not depend on where it is made, nor on when.
flags=(CFLAGS="-O1 -g0" LDFLAGS="-Wl,--build-id=none")
built() { make -s -j2 V=0 >make.log 2>&1 || { tail -20 make.log; return 1; }; }

check configure "$source/configure" -q "${flags[@]}" >/dev/null
check make built
for object in $(find . -name '*.o' | sort) .libs/libtshm.so tshm-run tshm-report; do
	check "$(tr / - <<<"${object#./}")" md5sum "$object"
done
