#!/bin/sh
# SPDX-License-Identifier: MIT
# Ledgers that golden.c makes are reported as tests/golden/STEM/expected.* say, letter by letter but
# for the run's folder.  TSHM_GOLDEN_WRITE=1 writes these files anew: read the difference then.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ -x "$TSHM_REPORT" ] || skip "no $TSHM_REPORT"
make_tmp
LC_ALL=C TZ=UTC
export LC_ALL TZ
wrong=0 count=0
for folder in "$here"/golden/*/; do
	stem=$(basename "$folder")
	mkdir "$tmp/$stem"
	"$TSHM_TEST_BIN/golden/golden" "$stem" "$tmp/$stem" || fail "$stem: no ledgers"
	for format in text json; do
		"$TSHM_REPORT" --format=$format --by=object -o "$tmp/out" "$tmp/$stem" || fail "$stem: tshm-report: status $?"
		sed "s|$tmp/$stem|RUN|g" "$tmp/out" >"$tmp/$stem.$format"
		if [ -n "${TSHM_GOLDEN_WRITE-}" ]; then
			cp "$tmp/$stem.$format" "${folder}expected.$format"
		fi
		diff -u "${folder}expected.$format" "$tmp/$stem.$format" >&2 || wrong=1
		count=$((count + 1))
	done
done
[ $wrong -eq 0 ] || fail "reports differ from what is expected"
echo "$count reports are as expected"
