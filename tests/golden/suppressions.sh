#!/bin/sh
# SPDX-License-Identifier: MIT
# --suppressions: what is left out, what is told of it, and what is refused.
here=$(dirname "$0")/..
# shellcheck source=tests/lib.sh
. "$here/lib.sh"
[ -x "$TSHM_REPORT" ] || skip "no $TSHM_REPORT"
make_tmp
mkdir "$tmp/run"
"$TSHM_TEST_BIN/golden/golden" ipc "$tmp/run" || fail "no ledgers"

# refused TEXT EXPECTED: a file with this text is wrong usage, and the line is named.
refused() {
	printf '%b' "$1" >"$tmp/bad"
	status=0
	"$TSHM_REPORT" --suppressions="$tmp/bad" --list-checks >"$tmp/out" 2>"$tmp/said" || status=$?
	[ $status -eq 2 ] || fail "$1: status $status"
	[ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "$1: $(cat "$tmp/said")"
	grep -qF "$2" "$tmp/said" || fail "$1: $(cat "$tmp/said")"
}
refused '# fine\n\nipc-limbo\n' "$tmp/bad:3: \"ipc-limbo\": it has no colon"
refused 'no-such-rule:x\n' 'bad:1: "no-such-rule:x": there is no such rule'
refused 'ipc-limbo:' 'the pattern is missing'
refused 'ipc\033[31m:x\n' '\x1b[31m:x'
refused 'ipc-limbo:a\0b\n' 'this is no text'
refused '{\n name\n' 'bad:1: this block has no end'
refused '{\n name\n}\n' 'bad:3: "}": a block has a name and tshm:RULE'
refused '{\n name\n tshm:nothing\n}\n' 'bad:3: "tshm:nothing": there is no such rule'
refused '{\n name\n nonsense\n}\n' 'bad:3: "nonsense": tshm:RULE is wanted here'
refused '{\n name\n tshm:ipc-limbo\n fun\n}\n' 'bad:4: "fun": fun:PATTERN'
refused '{\n name\n tshm:ipc-limbo\n fun:\n}\n' 'bad:4: "fun:": fun:PATTERN'
refused '{\n name\n tshm:ipc-limbo\n exe:\n}\n' 'the pattern is missing'
refused '{\n name\n tshm:ipc-limbo\n fun:x\n name:y\n}\n' 'before the frames'
refused '{\n name\n{\n' 'the block before has no end'
refused '}\n' 'it has no colon'
status=0
"$TSHM_REPORT" --suppressions="$tmp/none" --list-checks >"$tmp/out" 2>"$tmp/said" || status=$?
[ $status -eq 2 ] || fail "a file that is not there: status $status"
grep -q 'cannot read suppressions from .*/none: ' "$tmp/said" || fail "$(cat "$tmp/said")"

# The gate fails, unless all errors are suppressed.
status=0
"$TSHM_REPORT" --gate "$tmp/run" >"$tmp/out" || status=$?
[ $status -eq 1 ] || fail "status $status without suppressions"
cat >"$tmp/good" <<-EOF
	# known
	ipc-exporter-freed:*/golden/gpu
	  ipc-same-process:gpu
	ipc-unbalanced-close:*
	shm-leaked:/dev/shm/never
EOF
"$TSHM_REPORT" --gate --suppressions="$tmp/good" "$tmp/run" >"$tmp/out" || fail "status $? with suppressions"
grep -q '^SUMMARY: .* 0 errors, 2 warnings, 3 notes, 3 suppressed;' "$tmp/out" || fail "$(tail -n 1 "$tmp/out")"
! grep -q '^error' "$tmp/out" || fail "$(cat "$tmp/out")"
grep -qx "$tmp/good:5: unused suppression shm-leaked:/dev/shm/never" "$tmp/out" || fail "$(cat "$tmp/out")"
[ "$(grep -c 'unused suppression' "$tmp/out")" -eq 1 ] || fail "$(cat "$tmp/out")"

# JSON keeps them.
"$TSHM_REPORT" --format=json --suppressions="$tmp/good" "$tmp/run" >"$tmp/json" || fail "status $?"
grep -q "\"suppressed_by\": \"$tmp/good:3: ipc-same-process:gpu\"" "$tmp/json" || fail "no suppressed_by"

# The default file is read, and can be left out.
TSHM_SUPPRESSIONS_DEFAULT=$tmp/good "$TSHM_REPORT" --gate "$tmp/run" >"$tmp/out" || fail "the default file: status $?"
! grep -q 'unused suppression' "$tmp/out" || fail "nobody asked for the default file"
status=0
TSHM_SUPPRESSIONS_DEFAULT=$tmp/good "$TSHM_REPORT" --gate --no-default-suppressions "$tmp/run" >"$tmp/out" || status=$?
[ $status -eq 1 ] || fail "--no-default-suppressions: status $status"
TSHM_SUPPRESSIONS_DEFAULT=$tmp/none "$TSHM_REPORT" "$tmp/run" >"$tmp/out" || fail "without a default file: status $?"
"$TSHM_REPORT" --list-checks >/dev/null || fail "the shipped file: status $?"

# What is generated is read, suppresses all and is used up; blocks for other tools do not bother.
"$TSHM_REPORT" --gen-suppressions -o "$tmp/made" --no-default-suppressions "$tmp/run" || fail "--gen-suppressions: status $?"
printf '{\n   of Valgrind\n   Memcheck:Leak\n   match-leak-kinds: definite\n   fun:malloc\n}\n' >>"$tmp/made"
"$TSHM_REPORT" --gate=strict,notes=0 --suppressions="$tmp/made" "$tmp/run" >"$tmp/out" || fail "status $? with what was generated"
! grep -q 'unused suppression' "$tmp/out" || fail "$(cat "$tmp/out")"
[ "$(grep -c '^{' "$tmp/made")" -ge 8 ] || fail "$(cat "$tmp/made")"
"$TSHM_REPORT" --gen-suppressions --suppressions="$tmp/made" "$tmp/run" >"$tmp/out" || fail "status $?"
[ ! -s "$tmp/out" ] || fail "a suppression for what is suppressed: $(cat "$tmp/out")"
printf '{\n   never\n   tshm:shm-leaked\n   fun:never\n}\n' >"$tmp/good"
"$TSHM_REPORT" --suppressions="$tmp/good" "$tmp/run" >"$tmp/out" || fail "status $?"
grep -qx "$tmp/good:1: unused suppression never" "$tmp/out" || fail "$(cat "$tmp/out")"
echo "suppressions work"
