#!/bin/sh
# SPDX-License-Identifier: MIT
# Look-ups of all kinds give the same and say the same under libtshm.so: where there is no CUDA its names
# are not found, as bare; also with enabled=0, and in programs that are built with sanitizers, define
# functions of libc themselves, or load libraries of CUDA and unload them again.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
: "${CC:=cc}"
need "${CC%% *}" timeout
make_tmp
use_double
ran=0

# build NAME SOURCE OPTION...
build() {
	built=$1 source=$2
	shift 2
	# shellcheck disable=SC2086 # CC may be several words
	$CC -std=gnu11 -O2 -g -D_GNU_SOURCE -o "$tmp/$built" "$here/cuda/$source" "$@" -ldl -lpthread 2>"$tmp/errors"
}
must_build() { build "$@" || { cat "$tmp/errors"; fail "$1: compiler"; }; }

# same WHAT PRELOAD COMMAND...: bare and under tshm.  PRELOAD: what must come before it.
same() {
	what=$1 first=$2
	shift 2
	for how in bare under off; do
		options=enabled=1 preload=$first${first:+ }$TSHM_LIB
		case $how in bare) preload=$first ;; off) options=enabled=0 ;; esac
		begin_afresh
		timeout 100 env LD_PRELOAD="$preload" TSHM_OPTIONS=$options TSHM_DIR="$tmp/run" "$@" >"$tmp/out.$how" 2>"$tmp/err.$how" </dev/null
		echo "status $?" >>"$tmp/out.$how"
		[ $how != bare ] || {
			! grep -qx 'status 77' "$tmp/out.bare" || { echo "skipped: $what"; return; }
			grep -qx 'status 0' "$tmp/out.bare" || { complain "$what: bare"; cat "$tmp/out.bare" "$tmp/err.bare"; return; }
			continue
		}
		ran=$((ran + 1))
		for part in out err; do
			diff "$tmp/$part.bare" "$tmp/$part.$how" || complain "$what, $options: $part differs"
		done
	done
}

must_build module.so lookups_module.c -shared -fPIC
must_build lookups lookups.c
same lookups "" env LD_LIBRARY_PATH= "$tmp/lookups" "$tmp/module.so"
must_build wrappers wrappers.c
same wrappers "" "$tmp/wrappers"
for sanitizer in address thread undefined; do
	# Programs of the address sanitizer want its library to be the first.
	first=
	build sanitized lookups.c -fsanitize=$sanitizer || { echo "skipped: no -fsanitize=$sanitizer"; continue; }
	[ $sanitizer != address ] || first=$(ldd "$tmp/sanitized" | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1/p')
	same "$sanitizer sanitizer" "$first" env LD_LIBRARY_PATH= "$tmp/sanitized"
done
fake=$TSHM_TEST_BIN/fake/lib
must_build plugin.so reload_plugin.c -shared -fPIC "$fake/libcudart.so.13"
must_build reload reload.c
same reload "" env TSHM_RELOAD_DIR="$TSHM_FAKE_CUDA_DIR" "$tmp/reload" "$tmp/plugin.so"
[ $wrong -eq 0 ] || fail "$wrong differ"
echo "$ran runs are the same as bare"
