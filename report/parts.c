/* SPDX-License-Identifier: MIT */
/*
 * Several runs in one report.  Numbers - of devices, inodes, pids, SysV segments - mean something under one
 * kernel only, so images carry the domain in which theirs do; and what was found is told with where it was.
 */
#include <stdlib.h>
#include <string.h>

#include "join.h"
#include "proc.h"
#include "text.h"
#include <uthash.h>

struct domain { const char *name; unsigned number; UT_hash_handle hh; };

static const char *host_of(const struct tshm_image *im)
{
	const char *host = im->string(im, im->header.host, NULL);

	if (host && host[0])
		return host;
	return im->part ? im->part->host : NULL;
}

/* Containers of one machine have names of their own, and one kernel: its boot tells more than a name. */
static const char *kernel_of(const struct tshm_run *run, const struct tshm_image *im)
{
	const char *host = host_of(im);

	if (im->header.boot_id[0])
		return im->header.boot_id;
	if (im->part && im->part->boot_id && im->part->boot_id[0])
		return im->part->boot_id;
	return run->part_count > 1 && host ? host : "";
}

static void set_domains(struct tshm_run *run)
{
	struct domain *all = NULL, *d, *next;

	for (size_t i = 0; i < run->image_count; i++) {
		const char *name = kernel_of(run, run->images[i]);

		HASH_FIND_STR(all, name, d);
		if (!d) {
			d = tshm_xcalloc(1, sizeof(*d));
			d->name = name;
			d->number = HASH_COUNT(all);
			HASH_ADD_KEYPTR(hh, all, d->name, strlen(d->name), d);
		}
		run->images[i]->domain = d->number;
	}
	HASH_ITER(hh, all, d, next) {
		HASH_DEL(all, d);
		free(d);
	}
}

static bool several_hosts(const struct tshm_run *run)
{
	const char *first = run->image_count ? host_of(run->images[0]) : NULL;

	for (size_t i = 1; i < run->image_count; i++) {
		const char *host = host_of(run->images[i]);

		if (host && first && strcmp(host, first) != 0)
			return true;
		first = first ? first : host;
	}
	return false;
}

/* A part that has no run.json is as old as its ledgers. */
static void set_times(struct tshm_run *run)
{
	for (size_t i = 0; i < run->part_count; i++) {
		struct tshm_run *part = run->parts[i];
		bool has_start = part->started_wall, has_end = part->made_by_run;

		for (size_t k = 0; k < run->image_count; k++) {
			const struct tshm_header *h = &run->images[k]->header;

			if (run->images[k]->part != part || !run->images[k]->observed)
				continue;
			part->host = part->host ? part->host : host_of(run->images[k]);
			if (!has_start && (!part->started_wall || h->start_wall < part->started_wall))
				part->started_wall = h->start_wall;
			if (!has_end && h->end_wall > part->ended_wall)
				part->ended_wall = h->end_wall;
		}
	}
}

void tshm_parts_tell_apart(struct tshm_run *run)
{
	bool hosts = run->part_count > 1 && several_hosts(run);

	set_domains(run);
	set_times(run);
	for (size_t i = 0; i < run->image_count && run->part_count > 1; i++) {
		struct tshm_image *im = run->images[i];
		const char *host = host_of(im), *path = im->part ? im->part->path : "?";
		TSHM_AUTO_FREE char *where = hosts ? tshm_xasprintf(" on %s", host ? host : "?") :
						     tshm_xasprintf(" of %s", tshm_text_base(path));

		im->where = tshm_arena_strdup(&run->own->arena, where);
	}
}

bool tshm_part_is_here(const struct tshm_run *whole, const struct tshm_run *part)
{
	for (size_t i = 0; i < whole->image_count; i++)
		if (whole->images[i]->part == part && whole->images[i]->observed)
			return !whole->images[i]->foreign;
	/* Nobody was observed who could tell: then tshm-run's word on the boot must do. */
	return part->boot_id && part->boot_id[0] && !strcmp(part->boot_id, tshm_proc_here()->boot_id);
}

/* ---- what run.json of each says ---- */

/* The first time of all; the last one, unless one still runs. */
static void merge_times(struct tshm_run *run, const struct tshm_run *part)
{
	bool first = part == run->parts[0];

	if (part->started_wall && (!run->started_wall || part->started_wall < run->started_wall))
		run->started_wall = part->started_wall;
	if (first || (run->ended_wall && (!part->ended_wall || part->ended_wall > run->ended_wall)))
		run->ended_wall = part->ended_wall;
}

void tshm_parts_merge(struct tshm_run *run)
{
	for (size_t i = 0; i < run->part_count; i++) {
		struct tshm_run *part = run->parts[i];

		for (size_t k = 0; k < part->problem_count; k++)
			tshm_model_problem(run, part->problems[k]);
		part->problem_count = 0;
		run->unreadable += part->unreadable;
		run->made_by_run |= part->made_by_run;
		run->has_names_before |= part->has_names_before;
		merge_times(run, part);
	}
	if (run->part_count != 1)
		return;
	run->host = run->parts[0]->host;
	run->boot_id = run->parts[0]->boot_id;
	run->pidns = run->parts[0]->pidns;
	run->root_pid = run->parts[0]->root_pid;
	run->root_status = run->parts[0]->root_status;
	run->command = run->parts[0]->command;
	run->command_count = run->parts[0]->command_count;
}
