#!/bin/sh
# SPDX-License-Identifier: MIT
# Files over 800 lines are to be split; over 500 lines they are named, for the review.
. "$(dirname "$0")/lint.sh"
cd "$top" || exit 99
for file in ledger/*.[ch] preload/*.[ch] report/*.[ch] run/*.[ch]; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 500 ] || echo "$file has $lines lines"
	[ "$lines" -le 800 ] || offend "$file: $lines lines are too many"
done
finish
