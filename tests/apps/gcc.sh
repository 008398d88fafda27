#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: gcc binutils make python3
# Compile, archive, link, run; by hand and by make with a job server.

. "$(dirname "$0")/apps.sh"
need gcc ar make

cat >"$work/main.c" <<'EOF'
#include <stdio.h>
int half(int);
int main(void) { printf("%d\n", half(84)); return half(6); }
EOF
echo 'int half(int n) { return n / 2; }' >"$work/half.c"
cat >"$work/job.sh" <<'EOF'
cd "$1" || exit
gcc -pipe -g -O2 -c main.c half.c
ar crs libhalf.a half.o
gcc -o prog main.o -L. -lhalf
gcc -flto -o prog.lto main.c half.c
./prog.lto
gcc -c missing.c 2>/dev/null || echo "missing: $?"
./prog
EOF
cat >"$work/Makefile" <<'EOF'
names := $(shell seq 6)
all: $(names:%=out.%)
	@cat $^
out.%: main.c half.c
	@gcc -o $@.x $^ && ./$@.x >$@ || true
clean:
	@rm -f out.*
EOF

audit gcc sh "$work/job.sh" "$work"
clean gcc
audit make sh -c "make -s -j2 -C '$work' clean && make -s -j2 -C '$work' all"
clean make
end_of_test
