/* SPDX-License-Identifier: MIT */
/* Who took a name away, in words and as seen from its maker: shm-vanished, shm-unlinked-in-use. */
#include <inttypes.h>
#include <string.h>

#include "check.h"

const char *tshm_space_word(unsigned space)
{
	switch (space) {
	case TSHM_SPACE_SEM: return "semaphore";
	case TSHM_SPACE_MQ: return "message queue";
	case TSHM_SPACE_SYSV: return "SysV segment";
	case TSHM_SPACE_SOCKET: return "socket";
	}
	return "segment";
}

char *tshm_object_words(const struct tshm_object *o)
{
	if (o->space == TSHM_SPACE_SYSV)
		return tshm_xasprintf("SysV segment %" PRId64, o->sysv_id);
	return tshm_xasprintf("%s %s", o->space && o->space != TSHM_SPACE_MEMFD ? tshm_space_word(o->space) :
			      tshm_kind_name(o->kind), o->name ? o->name : o->id);
}

static const struct tshm_image *first_of(const struct tshm_image *im)
{
	while (im->previous)
		im = im->previous;
	return im;
}

bool tshm_is_same_process(const struct tshm_image *a, const struct tshm_image *b)
{
	return first_of(a) == first_of(b);
}

bool tshm_ended_badly(const struct tshm_image *im)
{
	while (im->next)
		im = im->next;
	return im->state == TSHM_IMAGE_SIGNALED || (im->state == TSHM_IMAGE_EXITED && im->status > 0);
}

uint32_t tshm_removal_site(const struct tshm_past *p)
{
	return p->h.type == TSHM_HIST_REMOVAL ? p->h.site : p->h.end_site;
}

bool tshm_is_tracker(const struct tshm_image *im)
{
	for (int i = 1; i < im->argc; i++)
		if (strstr(im->argv[i], "multiprocessing.resource_tracker"))
			return true;
	return false;
}

/* Processes that multiprocessing starts share a tracker; one that was started otherwise has its own. */
bool tshm_is_others_tracker(const struct tshm_image *im, const struct tshm_image *of)
{
	const struct tshm_image *user = first_of(im)->parent;

	if (!user || !tshm_is_tracker(im))
		return false;
	for (; of; of = first_of(of)->parent)
		if (tshm_is_same_process(of, user))
			return false;
	return true;
}
