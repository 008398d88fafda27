#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom: ledger is for all; preload, report and run never see each other.
# Inside of preload, hooks are thin: they see notes, not the store or the sink behind them.
. "$(dirname "$0")/lint.sh"

includes() { sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$1"; }

# may FILE INCLUDED: is that arrow allowed?
may() {
	case $1:$2 in
	*:*/../*) return 1 ;;
	ledger/*:*.def | ledger/*:ledger.h) return 0 ;;
	ledger/*) return 1 ;;
	*:../ledger/ledger.h | *:../ledger/*.def) return 0 ;;
	preload/*:../include/tshm.h) return 0 ;;
	*:../*) return 1 ;;
	preload/hook*.c:sink.h | preload/hook*.c:store.h | preload/hook*.c:held.h | preload/hook*.c:slots.h) return 1 ;;
	preload/hook*.c:hook_*) return 1 ;;
	preload/sink.?:note.h | preload/store.?:note.h) return 1 ;;
	report/reader*:check.h | report/reader*:out.h | report/reader*:finding.h) return 1 ;;
	report/reader*:reader_parts.h) return 0 ;;
	*:reader_parts.h) return 1 ;;
	report/presence.c:presence_parts.h | report/strays.c:presence_parts.h) return 0 ;;
	*:presence_parts.h) return 1 ;;
	report/model.?:check.h | report/model.?:out.h | report/model.?:finding.h) return 1 ;;
	report/tree.c:check.h | report/tree.c:out.h | report/tree.c:finding.h) return 1 ;;
	report/check_*.c:check.h) return 0 ;;
	report/check_*.c:*) return 1 ;;
	report/out_*.c:reader.h | report/out_*.c:check.h) return 1 ;;
	esac
	return 0
}

cd "$top" || exit 99
for file in ledger/*.[ch] ledger/*.def preload/*.[ch] report/*.[ch] report/*.def run/*.[ch]; do
	for included in $(includes "$file"); do
		may "$file" "$included" || offend "$file must not include $included"
		[ "$included" = config.h ] || [ -f "$(dirname "$file")/$included" ] ||
			offend "$file includes $included, which is not there"
	done
done
finish
