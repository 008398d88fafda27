#!/bin/sh
# SPDX-License-Identifier: MIT
# libfuzzer.sh [RUNS]: the reader under libFuzzer, from the corpus beside this script.  `make fuzz` runs it.
# What is new is kept in fuzz/corpus in the build folder; what crashes in fuzz/.  To renew the corpus here:
#     libfuzzer.sh 0 MERGE-TO
# and new seeds: make tests/fuzz/seed && tests/fuzz/seed LEDGER..., into fuzz/corpus.
here=$(dirname "$0")
top=$here/../..
. "$here/../lib.sh"
: "${CLANG:=clang}"
runs=${1:-100000}
need "$CLANG"
mkdir -p fuzz/corpus || fail "no folder"
"$CLANG" -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-I. -I"$top" -o fuzz/fuzz "$here/fuzz_reader.c" "$top/ledger/ledger.c" "$top"/report/reader*.c \
	"$top/report/xalloc.c" || fail "cannot be built with $CLANG"
if [ $# -eq 2 ]; then
	mkdir -p "$2"
	exec fuzz/fuzz -merge=1 -max_len=24576 "$2" fuzz/corpus "$here/corpus"
fi
exec fuzz/fuzz -runs="$runs" -max_len=24576 -rss_limit_mb=1024 -artifact_prefix=fuzz/ fuzz/corpus "$here/corpus"
