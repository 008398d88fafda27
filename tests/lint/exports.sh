#!/bin/sh
# SPDX-License-Identifier: MIT
# libtshm.so exports every row of calls.def and nothing else but the public tshm_ symbols.
. "$(dirname "$0")/lint.sh"
lib=${TSHM_LIB:-.libs/libtshm.so}
[ -f "$lib" ] || { echo "no $lib"; exit 77; }
command -v nm >/dev/null || { echo "no nm"; exit 77; }

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
sed -n 's/^TSHM_CALL([0-9]*, *\([^,]*\),.*/\1/p' "$top/ledger/calls.def" | sort >"$work/rows"
nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | grep -v '^tshm_' | sort >"$work/exports"
uniq -d "$work/rows" | sed 's/$/: two rows in calls.def/' >"$work/said"
comm -23 "$work/rows" "$work/exports" | sed 's/$/: a row in calls.def, but not exported/' >>"$work/said"
comm -13 "$work/rows" "$work/exports" | sed 's/$/: exported, but no row in calls.def/' >>"$work/said"
sed -n 's/^TSHM_CALL(\([0-9]*\),.*/\1/p' "$top/ledger/calls.def" | sort | uniq -d |
	sed 's/^/two rows in calls.def have the id /' >>"$work/said"
[ -s "$work/rows" ] || offend "no rows in calls.def"
offend_each "$(cat "$work/said")"
finish
