#!/bin/sh
# SPDX-License-Identifier: MIT
# list.sh: write list.am anew from the scenarios in this folder; run it when one is added.
# (automake wants every program by its name.)
cd "$(dirname "$0")" || exit 1
{
	echo "# SPDX-License-Identifier: MIT"
	echo "# Written by tests/scenarios/list.sh."
	printf 'SCENARIOS ='
	for file in *.c; do printf ' \\\n\t%s' "${file%.c}"; done
	printf '\n\ncheck_PROGRAMS +='
	for file in *.c; do printf ' \\\n\ttests/scenarios/%s.scn' "${file%.c}"; done
	printf '\n\nTESTS +='
	for file in *.c; do printf ' \\\n\ttests/scenarios/%s.scn' "${file%.c}"; done
	printf '\n\n'
	for file in *.c; do
		stem=${file%.c}
		echo "tests_scenarios_${stem}_scn_SOURCES = tests/scenarios/$file"
		echo "tests_scenarios_${stem}_scn_LDADD = \$(SCENARIO_LIBS)"
	done
} >list.am.new && mv list.am.new list.am
