#!/bin/sh
# SPDX-License-Identifier: MIT
# libtshm.so exports every row of calls.def and cuda.def and nothing else but the public tshm_ symbols;
# the functions of the runtime under the versions of both of its libraries.
. "$(dirname "$0")/lint.sh"
lib=${TSHM_LIB:-.libs/libtshm.so}
[ -f "$lib" ] || { echo "no $lib"; exit 77; }
command -v nm >/dev/null || { echo "no nm"; exit 77; }

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# rows EXPRESSION: what it keeps of each row; \1 is the id, \2 the name.
rows() { sed -n "s/^TSHM_[A-Z]*(\([0-9]*\), *\([A-Za-z0-9_]*\).*/$1/p" "$top/ledger/calls.def" "$top/ledger/cuda.def"; }
# dlsym is no call that is noted: it hands out hooks.
{ rows '\2'; echo dlsym; } | sort >"$work/rows"
nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | grep -v '^tshm_' | sort -u >"$work/exports"
uniq -d "$work/rows" | sed 's/$/: two rows in calls.def/' >"$work/said"
comm -23 "$work/rows" "$work/exports" | sed 's/$/: a row in calls.def or cuda.def, but not exported/' >>"$work/said"
comm -13 "$work/rows" "$work/exports" | sed 's/$/: exported, but no row in calls.def or cuda.def/' >>"$work/said"
rows '\1' | sort | uniq -d | sed 's/^/two rows in calls.def and cuda.def have the id /' >>"$work/said"
for version in 12 13; do
	nm -D --defined-only "$lib" | sed -n "s/.* \(.*\)@libcudart.so.$version\$/\1/p" | sort >"$work/runtime"
	sed -n 's/^TSHM_CUDART([0-9]*, *\(.*\))$/\1/p' "$top/ledger/cuda.def" | sort | comm -3 - "$work/runtime" |
		sed "s/^[[:space:]]*//; s/\$/: not the same in cuda.def and under libcudart.so.$version/" >>"$work/said"
done
[ -s "$work/rows" ] || offend "no rows in calls.def"
offend_each "$(cat "$work/said")"
finish
