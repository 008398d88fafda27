#!/bin/sh
# SPDX-License-Identifier: MIT
# Other preload libraries that stand between programs and CUDA, of the kinds that there are, before
# libtshm.so and behind it: they see the same calls as without it, programs get the same answers, and
# each call is noted once.  Look-ups were once given what the name of a hook leads to: where another
# library comes first, that is its own function, which then called itself until the stack was full.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
: "${CC:=cc}"
need "${CC%% *}" timeout
begin
ran=0

# shim NAME SOURCE OPTION...
shim() {
	shim_name=$1 shim_source=$2
	shift 2
	# shellcheck disable=SC2086 # CC may be several words
	$CC -std=gnu11 -O2 -g -shared -fPIC -D_GNU_SOURCE -o "$tmp/$shim_name.so" "$here/cuda/$shim_source" "$@" -ldl 2>"$tmp/errors" ||
		{ cat "$tmp/errors"; fail "$shim_name: compiler"; }
}
printf 'GLIBC_2.2.5 { global: dlsym; local: *; };\nGLIBC_2.34 { global: dlsym; };\n' >"$tmp/versions"
shim runtime shim_runtime.c
shim driver_next shim_driver.c
shim driver_handle shim_driver.c -DBY_HANDLE
shim dlsym_plain shim_dlsym.c
shim dlsym_versioned shim_dlsym.c -DVERSIONED -Wl,--version-script="$tmp/versions"

# once HOW PRELOAD COMMAND...: its output, status and what the shim saw.
once() {
	how=$1 preload=$2
	shift 2
	begin_afresh
	timeout 20 env LD_PRELOAD="$preload" TSHM_DIR="$tmp/run" TSHM_SHIM_LOG="$tmp/log" "$@" >"$tmp/said" 2>"$tmp/err.$how" </dev/null
	echo $? >"$tmp/status.$how"
	grep -v '^# pid' "$tmp/said" >"$tmp/out.$how"
	# Two processes write it.
	sort "$tmp/log" >"$tmp/log.$how" 2>/dev/null || :
	rm -f "$tmp/log"
}

# noted NAME...: how often these calls are in the ledgers, together.
noted() {
	"$TSHM_TEST_BIN/engine/ledger_calls" "$tmp/run"/*.tshm >"$tmp/calls"
	for call; do sed -n "s/ $call\$//p" "$tmp/calls"; done | awk '{ sum += $1 } END { print sum + 0 }'
}

# compare WHAT PRELOAD COMMAND...: with what is there as "bare".
compare() {
	what=$1
	ran=$((ran + 1))
	shift
	once under "$@"
	for part in status out err log; do
		diff "$tmp/$part.bare" "$tmp/$part.under" || complain "$what: $part differs"
	done
}

for caller in shared static loaded driver fetched; do
	for kind in runtime driver_next driver_handle dlsym_plain dlsym_versioned; do
		shim=$tmp/$kind.so
		once bare "$shim" "$bin/stories-$caller" share_close
		[ "$(cat "$tmp/status.bare")" -eq 0 ] || complain "$caller with $kind: bare: status $(cat "$tmp/status.bare")"
		for order in "$shim $TSHM_LIB" "$TSHM_LIB $shim"; do
			case $order in "$shim"*) what="$caller: $kind, tshm" ;; *) what="$caller: tshm, $kind" ;; esac
			compare "$what" "$order" "$bin/stories-$caller" share_close
			for call in GetMemHandle OpenMemHandle CloseMemHandle; do
				times=$(noted "cuIpc$call" "cuIpc${call}_v2" "cudaIpc$call")
				[ "$times" -eq 1 ] || complain "$what: $call was noted $times times"
			done
			times=$(noted cuMemAlloc_v2 cudaMalloc)
			[ "$times" -eq 1 ] || complain "$what: the allocation was noted $times times"
		done
	done
done
# Calls by several ways in one process.
fake=$TSHM_TEST_BIN/fake/lib
# shellcheck disable=SC2086 # CC may be several words
$CC -std=gnu11 -o "$tmp/mixed" "$here/cuda/mixed.c" "$fake/libcudart.so.13" "$fake/libcuda.so.1" 2>"$tmp/errors" ||
	{ cat "$tmp/errors"; fail "mixed: compiler"; }
for program in "$tmp/mixed runtime" "$tmp/mixed driver" "$bin/two_runtimes"; do
	for kind in runtime driver_next driver_handle dlsym_plain dlsym_versioned; do
		shim=$tmp/$kind.so
		# shellcheck disable=SC2086 # words
		once bare "$shim" $program
		[ "$(cat "$tmp/status.bare")" -ne 77 ] || { echo "skipped: ${program##*/}: $(cat "$tmp/err.bare")"; continue; }
		for order in "$shim $TSHM_LIB" "$TSHM_LIB $shim"; do
			# shellcheck disable=SC2086 # words
			compare "${program##*/}: $kind, $([ "${order%% *}" = "$shim" ] && echo before || echo after) tshm" "$order" $program
			times=$(noted cuMemAlloc_v2 cudaMalloc)
			[ "$times" -eq 2 ] || complain "$what: allocations were noted $times times"
		done
	done
done
[ $wrong -eq 0 ] || fail "$wrong differ"
echo "$ran combinations"
