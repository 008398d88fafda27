/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "note.h"
#include "site.h"

void tshm_note_child(struct tshm_here here, int pid, unsigned how, const char *program)
{
	uint32_t site;

	if (!here.on)
		return;
	tshm_count(here.call);
	site = tshm_site_here(here);
	tshm_site_mirror(site);
	tshm_child_begun(pid, how, program, site);
}
