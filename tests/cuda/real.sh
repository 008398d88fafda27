#!/bin/sh
# SPDX-License-Identifier: MIT
# NVIDIA's own libcudart.so, libcudart_static.a and libnccl.so behave the same bare and under
# libtshm.so: where there is no driver at all, and with the double of it.  With the double they look
# up all functions of the driver, and then see that it is none of NVIDIA's; that far goes the test.
# The requests are counted on both sides: the double writes them down, the ledger has the hook's count.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
toolkit=${CUDA_HOME-/usr/local/cuda}/lib64
[ -d "$toolkit" ] || skip "no CUDA toolkit: no $toolkit"
: "${CC:=cc}"
need "${CC%% *}"
make_tmp
use_double
unset LD_LIBRARY_PATH
mkdir "$tmp/no" "$tmp/double"
# The double of the driver alone: its runtime lies beside it.
ln -s "$TSHM_TEST_BIN/fake/lib/libcuda.so.1" "$tmp/double/libcuda.so.1"
ran=0

# once PROGRAM DRIVER HOW LIBRARY: its output, errors and status; what the driver was asked for.
once() {
	mkdir "$tmp/ledgers.$3"
	env LD_LIBRARY_PATH="$tmp/$2" ${4:+LD_PRELOAD="$4"} TSHM_DIR="$tmp/ledgers.$3" \
		TSHM_FAKE_CUDA_REQUESTS="$tmp/requests.$3" "$tmp/$1" >"$tmp/out.$3" 2>"$tmp/err.$3" </dev/null
	echo $? >"$tmp/status.$3"
}

# same PROGRAM DRIVER
same() {
	ran=$((ran + 1))
	rm -rf "$tmp"/*.bare "$tmp"/*.under
	once "$1" "$2" bare
	once "$1" "$2" under "$TSHM_LIB"
	[ "$(cat "$tmp/status.bare")" -eq 0 ] || complain "$1, $2: bare: status $(cat "$tmp/status.bare")"
	for what in out err status; do
		diff "$tmp/$what.bare" "$tmp/$what.under" || complain "$1, $2: $what differs"
	done
	[ "$2" = double ] || return 0
	diff "$tmp/requests.bare" "$tmp/requests.under" || complain "$1: other requests than bare"
	bare=$(wc -l <"$tmp/requests.bare")
	hooked=$("$TSHM_TEST_BIN/engine/ledger_calls" "$tmp/ledgers.under"/*.tshm | sed -n 's/ cuGetProcAddress_v2$//p')
	# 13.0: 440.  Far fewer would be another way of looking up, which this test does not know.
	[ "$bare" -ge 100 ] || complain "$1: only $bare requests"
	[ "$bare" = "$hooked" ] || { complain "$1: $bare requests, but the hook saw ${hooked:-none}"; return; }
	echo "$1: $bare requests, all by the hook; $(grep -c ': 0 ' "$tmp/out.bare") calls succeeded"
}

# build PROGRAM SOURCE LIBRARY OPTION...
build() {
	built=$1 source=$2 library=$toolkit/$3
	shift 3
	[ -e "$library" ] || { echo "skipped: no $library"; return 1; }
	# shellcheck disable=SC2086 # CC may be several words
	$CC -o "$tmp/$built" "$here/cuda/$source" "$library" "$@" 2>"$tmp/errors" || { cat "$tmp/errors"; fail "$built: compiler"; }
}

for program in shared static nccl; do
	case $program in
	shared) build $program real_runtime.c libcudart.so -Wl,-rpath,"$toolkit" ;;
	static) build $program real_runtime.c libcudart_static.a -ldl -lrt -lpthread ;;
	nccl) build $program real_nccl.c libnccl.so.2 -Wl,-rpath,"$toolkit" ;;
	esac || continue
	same $program no
	same $program double
done
[ $ran -gt 0 ] || skip "neither runtime nor NCCL in $toolkit"
[ $wrong -eq 0 ] || fail "$wrong of $ran differ"
