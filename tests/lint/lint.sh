# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the lints share; sourced.  A lint looks at sources ($top) or at what was built (the current
# folder, or TSHM_LIB and the like), prints each offence, and exits with 1 if there was one.
top=$(cd "$(dirname "$0")/../.." && pwd)
offences=0

offend() {
	echo "$*"
	offences=$((offences + 1))
}

# offend_each TEXT: every line of it is an offence.
offend_each() {
	[ -n "$1" ] || return 0
	echo "$1"
	offences=$((offences + 1))
}

finish() {
	[ "$offences" -eq 0 ] || exit 1
	exit 0
}
