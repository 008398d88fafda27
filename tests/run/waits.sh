#!/bin/sh
# SPDX-License-Identifier: MIT
# After the command tshm-run waits for what it left running: so long as needed, no longer than told.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
mkfifo "$tmp/end" || fail "mkfifo"
stayed() { tr -d ' \n' <"$1/run.json" | sed -n 's/.*"stayed":\[\([0-9,]*\)\].*/\1/p'; }

# A background process whose parent has gone, with no descriptor of ours: 0.3 s of life, waited for.
"$TSHM_RUN" -o "$tmp/short" --wait=30 -- sh -c 'sleep 0.3 >/dev/null 2>&1 & exit 0' </dev/null 2>"$tmp/err" || fail "status $?"
[ -z "$(stayed "$tmp/short")" ] || fail "a process of 0.3 s stayed: $(stayed "$tmp/short")"

# One that does not end by itself: told, and named in run.json.
exec 3<>"$tmp/end"
"$TSHM_RUN" -o "$tmp/long" --wait=0.2 --report=json:"$tmp/long.json" -- \
	sh -c 'cat <"$1" >/dev/null 2>&1 3>&- & exit 0' sh "$tmp/end" </dev/null 2>"$tmp/err" || fail "status $?"
pid=$(stayed "$tmp/long")
[ -n "$pid" ] || { cat "$tmp/err" >&2; fail "nobody stayed"; }
case $(cat "/proc/${pid%%,*}/comm") in cat | sh) ;; *) fail "not our process: $pid" ;; esac
grep -q '"running"' "$tmp/long.json" || fail "the report does not know that it runs"
# shellcheck disable=SC2046 # words
kill $(echo "$pid" | tr ',' ' ')

# A signal ends the waiting.
"$TSHM_RUN" -o "$tmp/told" --wait=60 -- sh -c 'cat <"$1" >/dev/null 2>&1 3>&- & exit 0' sh "$tmp/end" </dev/null 2>"$tmp/err" &
run=$!
for _ in $(seq 200); do
	! grep -q waiting "$tmp/err" || break
	sleep 0.05
done
grep -q 'waiting for' "$tmp/err" || fail "does not say that it waits"
kill -TERM $run
wait $run || fail "status $? after a signal while waiting"
kill "$(stayed "$tmp/told")"
exec 3>&-
echo "waits as told"
