# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# What ./demo, ./check and .ci/run share; sourced with $top set to the top of the tree.
build=$top/build
install=yes			# no: --no-install

die() { echo "$script: $*" >&2; exit 1; }
say() { echo "==> $*"; }

# packages GROUP...: the names of .ci/packages.
packages() {
	for packages_group; do
		sed -n "s/^$packages_group: *//p" "$top/.ci/packages"
	done | tr '\n' ' '
}

# packages_of SCRIPT...: those of their "# packages:" lines.
packages_of() { sed -n 's/^# packages: *//p' "$@" | tr -s ' ' '\n' | sort -u | tr '\n' ' '; }

# Those of the real suites of which "make check-apps" runs something.
ci_suites() { grep -lx '# part: .* ci' "$top"/tests/apps/suites/*.sh "$top"/tests/apps/suites/*.py; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# A name may be several, "a|b": what one distribution calls a, another calls b.
missing_of() {
	for missing_name; do
		missing=yes
		for missing_alternative in $(echo "$missing_name" | tr '|' ' '); do
			[ "$(dpkg-query -W -f='${db:Status-Status}' "$missing_alternative" 2>/dev/null)" != installed ] || missing=no
		done
		[ $missing = no ] || printf '%s ' "$missing_name"
	done
}

# known_of NAME...: of each the alternative that apt knows, or else the first.
known_of() {
	for known_name; do
		known_first=${known_name%%|*}
		for known_alternative in $(echo "$known_name" | tr '|' ' '); do
			! apt-cache show "$known_alternative" >/dev/null 2>&1 || { known_first=$known_alternative; break; }
		done
		printf '%s ' "$known_first"
	done
}

# need_packages NAME...: install those that are missing, after they were named.
need_packages() {
	if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
		say "no apt here; what is needed is called in Debian: $*"
		return 0
	fi
	need_missing=$(missing_of "$@")
	[ -n "$need_missing" ] || return 0
	if [ "$install" = no ]; then
		echo "$script: missing packages (--no-install): $need_missing" >&2
		exit 1
	fi
	say "installing: $need_missing"
	# The password is asked for here, not where the output is hidden.
	as_root true || die "as root, run: apt-get install $need_missing"
	quietly "apt-get update" as_root apt-get -qq update
	# shellcheck disable=SC2086 # words
	need_missing=$(known_of $need_missing)
	# shellcheck disable=SC2086 # words
	quietly "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -y --no-install-recommends install $need_missing
}

# quietly WHAT COMMAND...: its output is shown only if it fails, and then only the end.
quietly() {
	quietly_what=$1
	shift
	quietly_log=$(mktemp) || die "mktemp failed"
	if "$@" >"$quietly_log" 2>&1 </dev/null; then
		rm -f "$quietly_log"
		return 0
	fi
	tail -n 40 "$quietly_log" >&2
	rm -f "$quietly_log"
	die "$quietly_what failed"
}

jobs_here() { nproc 2>/dev/null || echo 2; }

# in_build WHAT COMMAND...: quietly, in the build folder.
in_build() {
	in_build_what=$1
	shift
	mkdir -p "$build" || exit 1
	quietly "$in_build_what" env -C "$build" "$@"
}

# Bootstrap, configure and make, as far as that is to be done.
build_all() {
	if [ ! -x "$top/configure" ]; then
		say "making configure"
		quietly bootstrap "$top/bootstrap"
	fi
	if [ ! -f "$build/Makefile" ]; then
		say "configuring"
		in_build configure ../configure
	fi
	say "building"
	in_build make make -j"$(jobs_here)"
}

# has_condition NAME: was the build configured with that AM_CONDITIONAL?
has_condition() { ! grep -q "^S\\[\"$1_FALSE\"\]=\"\"" "$build/config.status"; }

configure_again() {
	say "configuring again"
	in_build configure ./config.status --recheck
	in_build configure ./config.status
}

# A release has configure; a checkout has to make it.
build_packages() {
	[ -x "$top/configure" ] || packages bootstrap
	packages build
}

# ---- tests and their totals ----
passed=0 failed=0 skipped=0

# count_log FILE WORD: the number in the line "# WORD: NUMBER" of one of automake's logs.
count_log() { sed -n "s/^# $2: *//p" "$1" | head -n 1; }

# check_in FOLDER TARGET LOG [ARGUMENT]...: make TARGET there; automake counts in LOG.  A failure
# that no test explains (of the build, say) counts as one.
check_in() {
	check_folder=$1 check_target=$2 check_log=$1/$3
	shift 3
	rm -f "$check_log"
	check_status=0
	make -C "$check_folder" --no-print-directory "$@" "$check_target" </dev/null || check_status=1
	check_bad=0
	if [ -f "$check_log" ]; then
		check_bad=$(($(count_log "$check_log" FAIL) + $(count_log "$check_log" XPASS) + $(count_log "$check_log" ERROR)))
		passed=$((passed + $(count_log "$check_log" PASS) + $(count_log "$check_log" XFAIL)))
		skipped=$((skipped + $(count_log "$check_log" SKIP)))
	fi
	[ $check_bad -gt 0 ] || check_bad=$check_status
	failed=$((failed + check_bad))
}

print_totals() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ]
}
