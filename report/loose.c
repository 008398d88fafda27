/* SPDX-License-Identifier: MIT */
/* Loose ledgers, joined into runs.  Headers are enough for that; whole ledgers are read for one run only. */
#include "loose.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "runs.h"

/* Images are in tree order, so a run is a root and what follows it up to the next root. */
static void split(struct tshm_loose *l)
{
	size_t capacity = 0;

	for (size_t i = 0; i < l->all->image_count; i++) {
		struct tshm_image *im = l->all->images[i];
		struct tshm_loose_run *r;

		if (!im->parent && !im->previous) {
			TSHM_GROW(l->list, l->count, capacity);
			l->list[l->count++] = (struct tshm_loose_run){ .images = &l->all->images[i] };
		}
		r = &l->list[l->count - 1];
		r->count++;
		r->ledgers += im->observed;
	}
}

static int newest_first(const void *a, const void *b)
{
	const struct tshm_header *x = &((const struct tshm_loose_run *)a)->images[0]->header;
	const struct tshm_header *y = &((const struct tshm_loose_run *)b)->images[0]->header;

	return (x->start_wall < y->start_wall) - (x->start_wall > y->start_wall);
}

struct tshm_loose *tshm_loose_load(const char *pool)
{
	struct tshm_loose *l = tshm_xcalloc(1, sizeof(*l));
	struct tshm_paths paths = tshm_pool_loose(pool);

	l->all = tshm_run_new(pool);
	tshm_run_read(l->all, &paths, true);
	tshm_model_join(l->all);
	split(l);
	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), newest_first);
	tshm_paths_free(&paths);
	return l;
}

void tshm_loose_free(struct tshm_loose *l)
{
	tshm_run_free(l->all);
	free(l->list);
	free(l);
}

const struct tshm_loose_run *tshm_loose_find(const struct tshm_loose *l, const char *token)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->list[i].count; k++)
			if (l->list[i].images[k]->observed && !strcmp(l->list[i].images[k]->id, token))
				return &l->list[i];
	return NULL;
}
