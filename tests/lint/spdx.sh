#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source file names its licence in its first lines.
. "$(dirname "$0")/lint.sh"
cd "$top" || exit 99
for file in configure.ac Makefile.am bootstrap demo check .ci/* m4/tshm_*.m4 ./*/Makemodule.am tests/*/Makemodule.am \
	ledger/*.[ch] ledger/*.def preload/*.[ch] report/*.[ch] report/*.def report/*.supp run/*.[ch] include/*.h man/*.[1-8] completion/* examples/*.c examples/ci/* \
	tests/*.sh tests/*.py tests/*/*.sh tests/*/*.py tests/*/*.[ch] tests/*/*/*.sh tests/*/*/*.py tests/*/*/*.expected tests/gpu/run python/*.am python/*.toml python/tshm/*.py; do
	[ -f "$file" ] || continue	# a pattern without files; what a release does not have
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || offend "$file: no SPDX-License-Identifier: MIT"
done
finish
