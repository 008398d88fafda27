#!/bin/sh
# SPDX-License-Identifier: MIT
# All scripts pass shellcheck, if it is there.
. "$(dirname "$0")/lint.sh"
command -v shellcheck >/dev/null || { echo "no shellcheck"; exit 77; }
cd "$top" || exit 99
for file in bootstrap demo check .ci/run .ci/lib.sh tests/*.sh tests/*/*.sh tests/gpu/run completion/*; do
	[ -f "$file" ] || continue
	# SC1091: sourced files are checked by themselves.  SC2034, SC2154: what they use and set.
	shellcheck -S warning -e SC1091,SC2034,SC2154 "$file" || offend "$file"
done
finish
