#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: bash dash coreutils sed python3
# A shell's daily work: pipelines, subshells, here-documents, substitutions, background jobs.

. "$(dirname "$0")/apps.sh"
need bash dash sort sed head

cat >"$work/job.sh" <<'EOF'
seq 20000 | sort -rn | sed 's/7$/seven/' | head -n 5
yes | head -n 3
for i in 1 2 3; do (echo "$i"; exit "$i"); echo "status $?"; done
sed 's/^/> /' <<TEXT
here $(echo inside)
TEXT
(seq 3 | sort -r; (seq 4 6 | sort -r)) | while read -r n; do echo "n=$n"; done
for i in 3 2 1; do (seq "$i" >"$1/part.$i") & done
wait
cat "$1"/part.*
(exit 7) &
wait $!
echo "job $?"
exec 5>"$1/five" 6<&0
echo five >&5
exec 5>&- 6<&-
cat "$1/five"
trap 'echo trapped' USR1
kill -USR1 $$
sort -u --parallel=2 "$1"/part.* - <<TEXT
1
9
TEXT
rm -f "$1"/part.* "$1/five"
exit 3
EOF

for shell in bash dash; do
	audit "$shell" "$shell" "$work/job.sh" "$work"
	clean "$shell"
done
audit substitution bash -c 'diff <(seq 3) <(seq 4); cat <<<"$(</etc/hostname)"; coproc cat; echo x >&"${COPROC[1]}"; read -r l <&"${COPROC[0]}"; echo "$l"'
clean substitution
end_of_test
