/* SPDX-License-Identifier: MIT */
/*
 * Images against the kernel.
 *
 * An image that ended looked itself: only what it found then is believed.  One that
 * runs is compared with /proc.  One that was killed holds nothing any more; what its
 * ledger says is kept "as last recorded".
 */
#include "reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "names.h"
#include "proc.h"
#include "reader.h"

/* Was it made under another kernel than ours, so that asking ours would be wrong? */
static bool is_foreign(const struct tshm_image *im)
{
	const struct tshm_here *here = tshm_proc_here();
	const char *host = im->string(im, im->header.host, NULL);

	if (im->header.boot_id[0] && here->boot_id[0])
		return strcmp(im->header.boot_id, here->boot_id) != 0;
	/* Without a boot id: another name of the machine, or from before it started. */
	if (host && host[0] && strcmp(host, here->host) != 0)
		return true;
	return im->header.start_wall && im->header.start_wall + 60000000000ull < here->boot_wall;
}

static bool maps_its_ledger(const struct tshm_image *im, const struct tshm_maps *maps)
{
	uint64_t dev, ino;

	tshm_reader_ident(im, &dev, &ino);
	for (size_t i = 0; i < maps->count; i++) {
		if (ino && maps->list[i].ino == ino && maps->list[i].dev == dev)
			return true;
		/* overlayfs and btrfs show other device numbers here than stat() does; a token is unique. */
		if (strstr(maps->list[i].path, im->id))
			return true;
	}
	return false;
}

/* ---- running ---- */

static struct tshm_held *add_unknown(struct tshm_image *im, uint16_t kind, uint64_t key, uint64_t dev, uint64_t ino)
{
	struct tshm_held *h;

	/* Room was made by compare_with_proc(): records must not move any more. */
	h = &im->held[im->held_count++];
	memset(h, 0, sizeof(*h));
	h->image = im;
	h->r.kind = kind;
	h->r.key = key;
	h->r.dev = dev;
	h->r.ino = ino;
	h->r.flags = TSHM_RF_IDENT;
	h->r.origin = TSHM_ORIGIN_UNKNOWN;
	h->r.stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	return h;
}

static void check_descriptor(struct tshm_held *h, const struct tshm_fds *fds)
{
	struct tshm_fd *f = tshm_proc_fd(fds, h->r.key);

	/* Another object, or one that the recorded call does not make: the number was used again. */
	if (!f || !tshm_kind_fits(h->r.kind, f->mode) ||
	    (h->r.flags & TSHM_RF_IDENT && (f->dev != h->r.dev || f->ino != h->r.ino))) {
		h->dropped = true;
		return;
	}
	f->explained = true;
	if (!(h->r.flags & TSHM_RF_IDENT)) {
		h->r.dev = f->dev;
		h->r.ino = f->ino;
		h->r.mode = f->mode;
		h->r.flags |= TSHM_RF_IDENT;
	}
	if (h->r.kind == TSHM_KIND_SEGMENT || h->r.kind == TSHM_KIND_MEMFD)
		h->r.size = f->size;
}

static void check_range(struct tshm_held *h, const struct tshm_maps *maps)
{
	uint64_t end = h->r.key + (h->r.length ? h->r.length : 1);
	struct tshm_map *m = end > h->r.key ? tshm_proc_map(maps, h->r.key, end) : NULL;

	if (!m || (h->r.flags & TSHM_RF_IDENT && m->ino != h->r.ino)) {
		h->dropped = true;
		return;
	}
	for (const struct tshm_map *last = maps->list + maps->count; m < last && m->start < end; m++)
		m->explained = true;
}

/* Of memory on a device the kernel knows nothing.  A forked child cannot use its parent's: it holds none of it. */
static void check_device_memory(struct tshm_held *h)
{
	h->as_recorded = true;
	h->dropped = h->r.origin == TSHM_ORIGIN_FORK;
}

static void check_record(struct tshm_held *h, const struct tshm_fds *fds, const struct tshm_maps *maps)
{
	if (h->r.kind == TSHM_KIND_CUDA_MEMORY) {
		check_device_memory(h);
		return;
	}
	switch (tshm_kind_by(h->r.kind)) {
	case TSHM_BY_DESCRIPTOR:
		if (fds)
			check_descriptor(h, fds);
		break;
	case TSHM_BY_RANGE:
	case TSHM_BY_POINTER:
		if (maps)
			check_range(h, maps);
		break;
	default:
		break;
	}
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Descriptors of shared memory that no record explains. */
static void add_unknown_fds(struct tshm_run *run, struct tshm_image *im, const struct tshm_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++) {
		struct tshm_fd *f = &fds->list[i];
		struct tshm_held *h;
		char name[32];

		if (f->explained || !S_ISREG(f->mode))
			continue;
		snprintf(name, sizeof(name), "fd/%d", f->fd);
		TSHM_AUTO_FREE char *target = tshm_proc_link(im->live_pid, name);

		if (!target || (!starts_with(target, "/memfd:") && !starts_with(target, "/dev/shm/")))
			continue;
		h = add_unknown(im, target[1] == 'm' ? TSHM_KIND_MEMFD : TSHM_KIND_SEGMENT, (uint64_t)f->fd, f->dev, f->ino);
		h->r.size = f->size;
		h->r.mode = f->mode;
		h->name = tshm_arena_strdup(&run->own->arena, target);
	}
}

static void add_unknown_maps(struct tshm_run *run, struct tshm_image *im, const struct tshm_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct tshm_map *m = &maps->list[i];
		bool sysv = starts_with(m->path, "/SYSV");
		struct tshm_held *h;

		if (m->explained || (!sysv && !starts_with(m->path, "/memfd:") && !starts_with(m->path, "/dev/shm/")))
			continue;
		if (strstr(m->path, im->id) || tshm_names_is_ledger(m->path))	/* a ledger of ours */
			continue;
		h = add_unknown(im, sysv ? TSHM_KIND_ATTACHMENT : TSHM_KIND_MAPPING, m->start, sysv ? 0 : m->dev, m->ino);
		h->r.length = m->end - m->start;
		h->r.offset = m->offset;
		h->name = tshm_arena_strdup(&run->own->arena, m->path);
	}
}

static void compare_with_proc(struct tshm_run *run, struct tshm_image *im, const struct tshm_maps *maps)
{
	struct tshm_fds fds;
	bool can = !tshm_proc_fds(im->live_pid, &fds);

	for (size_t i = 0; i < im->held_count; i++)
		check_record(&im->held[i], can ? &fds : NULL, maps);
	im->held = tshm_xreallocarray(im->held, im->held_count + maps->count + (can ? fds.count : 0), sizeof(*im->held));
	if (can)
		add_unknown_fds(run, im, &fds);
	add_unknown_maps(run, im, maps);
	tshm_proc_fds_free(&fds);
}

/*
 * A process whose mappings we may not see (another user's, one that may not be dumped): is
 * it the image's?  If it started before the image did, its pid was never another's since.
 */
static bool is_hidden(const struct tshm_image *im, pid_t pid)
{
	struct timespec boot, mono;
	struct tshm_stat now;
	uint64_t asleep, began;

	if (!im->header.start_mono || tshm_proc_stat(pid, 0, &now) != 0 || strchr("ZXx", now.state))
		return false;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	asleep = (uint64_t)(boot.tv_sec - mono.tv_sec) * 1000000000u + (uint64_t)boot.tv_nsec - (uint64_t)mono.tv_nsec;
	began = now.start * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	return began <= im->header.start_mono + asleep + TSHM_TICK_NS;
}

enum running { RUNS_NOT, RUNS, RUNS_HIDDEN };

/* Does the image run, under which pid here, and with which mappings (to be freed if it RUNS)? */
static enum running running(const struct tshm_image *im, pid_t *pid, struct tshm_maps *maps)
{
	const struct tshm_here *here = tshm_proc_here();
	int error;

	*pid = im->header.pid;
	if (im->header.pidns && here->pidns && im->header.pidns != here->pidns)
		*pid = tshm_proc_translate(im->header.pidns, *pid);
	if (*pid <= 0)
		return RUNS_NOT;
	error = tshm_proc_maps(*pid, maps);
	if (error == -EACCES || error == -EPERM)
		return is_hidden(im, *pid) ? RUNS_HIDDEN : RUNS_NOT;
	if (!error && maps_its_ledger(im, maps))
		return RUNS;
	tshm_proc_maps_free(maps);
	return RUNS_NOT;
}

bool tshm_reconcile_is_running(const struct tshm_image *im)
{
	struct tshm_maps maps;
	enum running how;
	pid_t pid;

	if (im->header.ended != TSHM_ENDED_NOT || is_foreign(im))
		return false;
	how = running(im, &pid, &maps);
	if (how == RUNS)
		tshm_proc_maps_free(&maps);
	return how != RUNS_NOT;
}

/* Does it run?  Then compare what it holds; of one that is hidden nothing can be said against its ledger. */
static bool reconcile_running(struct tshm_run *run, struct tshm_image *im)
{
	struct tshm_maps maps;
	enum running how = running(im, &im->live_pid, &maps);

	if (how == RUNS_NOT) {
		im->live_pid = 0;
		return false;
	}
	im->state = TSHM_IMAGE_RUNNING;
	if (how == RUNS) {
		compare_with_proc(run, im, &maps);
		tshm_proc_maps_free(&maps);
		return true;
	}
	for (size_t i = 0; i < im->held_count; i++) {
		im->held[i].as_recorded = true;
		if (im->held[i].r.kind == TSHM_KIND_CUDA_MEMORY)
			check_device_memory(&im->held[i]);
	}
	return true;
}

/* An image without a ledger runs if its pid runs its program. */
static void reconcile_unobserved(struct tshm_image *im)
{
	const struct tshm_here *here = tshm_proc_here();
	bool local = !im->header.pidns || im->header.pidns == here->pidns;
	TSHM_AUTO_FREE char *exe = local ? tshm_proc_link(im->header.pid, "exe") : NULL;
	const char *base = strrchr(im->exe, '/') ? strrchr(im->exe, '/') + 1 : im->exe;

	if (exe && strrchr(exe, '/') && !strcmp(strrchr(exe, '/') + 1, base)) {
		im->state = TSHM_IMAGE_RUNNING;
		im->live_pid = im->header.pid;
	}
}

/* ---- ended ---- */

static void reconcile_ended(struct tshm_image *im)
{
	bool checked = im->header.ended != TSHM_ENDED_NOT && im->header.end_checked == 1;

	for (size_t i = 0; i < im->held_count; i++) {
		struct tshm_held *h = &im->held[i];

		if (h->r.kind == TSHM_KIND_CUDA_MEMORY)
			check_device_memory(h);
		else if (!checked)
			h->as_recorded = true;
		else if (!(h->r.flags & TSHM_RF_CHECKED))
			h->dropped = true;
	}
}

void tshm_reconcile_images(struct tshm_run *run)
{
	for (size_t i = 0; i < run->image_count; i++) {
		struct tshm_image *im = run->images[i];

		im->foreign = is_foreign(im);
		if (im->state == TSHM_IMAGE_UNKNOWN && !im->foreign) {
			if (!im->observed)
				reconcile_unobserved(im);
			else if (im->header.ended == TSHM_ENDED_NOT && reconcile_running(run, im))
				continue;
		}
		if (im->observed)
			reconcile_ended(im);
	}
}
