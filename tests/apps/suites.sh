#!/bin/bash
# SPDX-License-Identifier: MIT
# packages: python3
# Real test suites have the same verdicts under tshm as without, and its findings are true:
# suites.sh [all | NAME | NAME/PART]...   Without arguments the parts that are marked "ci".
# KEEP=yes leaves their places and reports.

. "$(dirname "$0")/apps.sh"
chmod 711 "$work" "$runs"
if (($# == 0)); then
	read -ra words <<<"${TSHM_SUITES-}"
	set -- "${words[@]}"
fi
python3 "$here/suites.py" "$TSHM_RUN" "$here/suites" "$work" "$runs" "$@"
status=$?
if [[ ${KEEP-} ]]; then
	trap - EXIT
	echo "kept: $work, $runs"
fi
exit "$status"
