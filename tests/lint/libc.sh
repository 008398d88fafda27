#!/bin/sh
# SPDX-License-Identifier: MIT
# Every function of the C library in use that may make, take or close a descriptor, a name or a mapping is a row of
# calls.def, or stands in tests/lint/unhooked with the reason.  All others stand in tests/lint/harmless.  A name in
# none of them is new: an offence if it looks like one that matters, a line of output otherwise.
#   libc.sh --new     prints the new names only, one a line, to be put into one of the lists
. "$(dirname "$0")/lint.sh"
lib=${TSHM_LIB:-.libs/libtshm.so}
[ -f "$lib" ] || { echo "no $lib"; exit 77; }
command -v nm >/dev/null && command -v ldd >/dev/null || { echo "no nm or no ldd"; exit 77; }
libc=$(ldd "$lib" | awk '/libc\.so\.6/ { print $3 }')
[ -f "$libc" ] || { echo "no glibc"; exit 77; }

# What a name looks like that matters; every row does.
looks='open|close|fd|dup|pipe|sock|accept|epoll|notify_init|mkst|mkost|creat|tmpfile|getpt|pty|tty|mnt|mount|fspick'
looks="$looks|fcntl|ioctl|sendm|recvm|shm|sem_|mq_|link|remove|rename|mknod|map|trunc|falloc|^bind$|^prctl$"
looks="$looks|[fF]ork|clone|daemon|exec|spawn|wait|[eE]xit|abort|syscall|start_main"

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL
# Before glibc 2.34 it was in several files; what is GLIBC_PRIVATE only libc itself can call.
for file in "$libc" "${libc%/*}"/librt.so.1 "${libc%/*}"/libutil.so.1 "${libc%/*}"/libpthread.so.0 "${libc%/*}"/libdl.so.2; do
	[ ! -f "$file" ] || nm -D --defined-only "$file"
done | awk '$2 ~ /^[TWi]$/ && $3 !~ /@GLIBC_PRIVATE/ { sub(/@.*/, "", $3); print $3 }' |
	grep -v '_version_placeholder$' | sort -u >"$work/libc"
[ -s "$work/libc" ] || { echo "no names in $libc"; exit 77; }
sed -n 's/^TSHM_CALL([0-9]*, *\([A-Za-z0-9_]*\).*/\1/p' "$top/ledger/calls.def" | sort >"$work/rows"
grep -v '^#' "$top/tests/lint/unhooked" | awk 'NF { print $1 }' | sort >"$work/unhooked"
grep -v '^#' "$top/tests/lint/harmless" | tr -s ' \t' '\n\n' | grep . | sort >"$work/harmless"

sort "$work/rows" "$work/unhooked" "$work/harmless" >"$work/all"
comm -23 "$work/libc" "$work/all" >"$work/new"
if [ "${1:-}" = --new ]; then
	cat "$work/new"
	exit 0
fi
offend_each "$(grep -vE "$looks" "$work/rows" | sed 's/$/: a row whose name does not look like one: widen $looks in libc.sh/')"
offend_each "$(uniq -d "$work/all" | sed 's/$/: in two of calls.def, unhooked and harmless/')"
offend_each "$(grep -v '^#' "$top/tests/lint/unhooked" | awk 'NF == 1 { print $1 ": in unhooked without a reason" }')"
offend_each "$(grep -E "$looks" "$work/new" | sed "s|\$|: in $libc, but neither hooked nor in unhooked or harmless|")"
grep -vE "$looks" "$work/new" | sed 's/^/unclassified: /'
finish
