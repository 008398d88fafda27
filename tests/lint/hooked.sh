#!/bin/sh
# SPDX-License-Identifier: MIT
# libtshm.7 names every function that is hooked, and no other as one.  Inner names of libc
# (__open, open64) go with the function they are a variant of.
. "$(dirname "$0")/lint.sh"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

{ echo dlsym; sed -n 's/^TSHM_[A-Z]*([0-9]*, *\([A-Za-z0-9_]*\).*/\1/p' "$top/ledger/calls.def" "$top/ledger/cuda.def"; } |
	sed 's/^__libc_start_main$//; s/^__//; s/_2$//; s/64$//; s/_ptsz$//; s/_v2$//' | grep . | sort -u >"$work/rows"
sed -n '/^\.SH WHAT IS HOOKED/,/^\.SH /p' "$top/man/libtshm.7" | sed -n 's/^\.BR //p' | tr -d '"' |
	tr ' ' '\n' | grep -E "^[A-Za-z_0-9]+$" | sed "s/^__//" | sort -u >"$work/told"
offend_each "$(comm -23 "$work/rows" "$work/told" | sed 's/$/: hooked, but not in libtshm.7/')"
offend_each "$(comm -13 "$work/rows" "$work/told" | sed 's/$/: in libtshm.7, but not hooked/')"
finish
