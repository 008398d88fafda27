#!/bin/sh
# SPDX-License-Identifier: MIT
# Ledgers that golden.c and golden_rules.c make are reported as tests/golden/STEM/expected.* say, letter
# by letter but for the run's folder.  TSHM_GOLDEN_WRITE=1 writes these files anew: read the difference then.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ -x "$TSHM_REPORT" ] || skip "no $TSHM_REPORT"
make_tmp
LC_ALL=C TZ=UTC
export LC_ALL TZ
wrong=0 count=0 skipped=

# Names that "names" leaves in the kernel.
clean() {
	pid=$(sed -n 's/^pid //p' "$tmp/said" 2>/dev/null)
	[ -n "$pid" ] || return 0
	remove_names "$pid"
	rm -f "/tmp/tshm-test-golden-$pid"
	"$PYTHON" "$here/remove-queues.py" "tshm-test-golden-$pid"
	sed -n 's/^sysv //p' "$tmp/said" | while read -r id; do ipcrm -m "$id"; done
	: >"$tmp/said"
}
at_end() { clean; }

# What differs each time: the run's folder, and of names their ids, numbers and times.
settle() {
	sed "s|$tmp/$stem|RUN|g" "$1" >"$tmp/settled"
	pid=$(sed -n 's/^pid //p' "$tmp/said") id=$(sed -n 's/^sysv //p' "$tmp/said")
	[ -n "$pid" ] || { cat "$tmp/settled"; return; }
	# Who may look at all processes has more to say than others.
	sed -E "s/-$pid/-0000001/g; s/sysv:$id +/sysv:17 /g; s/sysv:$id/sysv:17/g; s/SysV segment $id/SysV segment 17/g; s/ipcrm -m $id/ipcrm -m 17/g
		s/\"(id|object)\": \"([a-z]*):[0-9a-f]+:[0-9]+\"/\"\\1\": \"\\2:1:2\"/
		s/nobody that you may look at holds/nobody holds/; s/if nobody else uses it \(tshm-report as root can tell\), remove with/remove now with/
		s/\"(dev|ino)\": [0-9]+/\"\\1\": 1/; s/\"(started|ended)\": \"?[^,]*/\"\\1\": 0/" "$tmp/settled"
}

# report STEM: both formats.
report() {
	stem=$1
	rm -rf "${tmp:?}/$stem"
	mkdir "$tmp/$stem"
	: >"$tmp/said"
	program=golden
	case $stem in gone | history | marks | names) program=golden_rules ;; esac
	status=0
	"$TSHM_TEST_BIN/golden/$program" "$stem" "$tmp/$stem" >"$tmp/said" || status=$?
	[ $status -ne 77 ] || return 77
	[ $status -eq 0 ] || fail "$stem: no ledgers"
	for format in text json; do
		"$TSHM_REPORT" --format=$format --by=object -o "$tmp/out" "$tmp/$stem" || fail "$stem: tshm-report: status $?"
		settle "$tmp/out" >"$tmp/$stem.$format"
	done
	clean
}

agrees() {
	for format in text json; do
		diff -u "$here/golden/$1/expected.$format" "$tmp/$1.$format" || return 1
	done
}

for folder in "$here"/golden/*/; do
	stem=$(basename "$folder")
	# Names are the whole machine's: what another test makes at that very moment appears, too.
	for attempt in 1 2 3 4 5; do
		report "$stem"
		status=$?
		[ $status -ne 77 ] || { clean; skipped="$skipped $stem"; continue 2; }
		if [ -n "${TSHM_GOLDEN_WRITE-}" ]; then
			cp "$tmp/$stem.text" "${folder}expected.text"
			cp "$tmp/$stem.json" "${folder}expected.json"
		fi
		[ "$stem" = names ] || break
		! agrees "$stem" >/dev/null || break
	done
	agrees "$stem" >&2 || wrong=1
	count=$((count + 2))
done
[ $wrong -eq 0 ] || fail "reports differ from what is expected"
echo "$count reports are as expected${skipped:+; skipped:$skipped}"
