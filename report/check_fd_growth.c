/* SPDX-License-Identifier: MIT */
/* More descriptors at the end of a mark than at its begin. */
#include "check.h"

void tshm_check_fd_growth(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to)
{
	static const struct tshm_growth_class classes[] = {
		{ TSHM_MARK_DESCRIPTORS, TSHM_TOLERANCE, "descriptor", "descriptors",
		  "close() each when its user is done, also on error paths" },
		{ TSHM_MARK_SEGMENTS, 0, "descriptor of a segment or memfd", "descriptors of segments and memfds",
		  "close() each once it is mapped or sent, or when its user is done; a mapping stays without it" },
	};

	tshm_check_growth(check, run, to, classes, sizeof(classes) / sizeof(classes[0]));
}
