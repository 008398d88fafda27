/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "atomic.h"
#include "bytes.h"
#include "held.h"
#include "history.h"
#include "path.h"
#include "site.h"
#include "strings.h"
#include "sys.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

static struct tshm_store *const tshm_resources = &tshm_stores[TSHM_SEC_RESOURCES];

struct tshm_resource *tshm_held_new(uint32_t *number, enum tshm_call call, enum tshm_kind kind,
				    enum tshm_origin origin, uint32_t site)
{
	uint32_t n = tshm_resource_take();
	struct tshm_resource *r;

	*number = n;
	if (!n)
		return NULL;
	r = tshm_held(n);
#pragma GCC unroll 16
	for (unsigned i = 1; i < sizeof(*r) / 8; i++)
		TSHM_PUT(((uint64_t *)r)[i], 0);
	TSHM_PUT(r->acquired_mono, tshm_now_coarse());
	TSHM_PUT(r->tid, (uint32_t)tshm_tid());
	TSHM_PUT(r->call, (uint16_t)call);
	TSHM_PUT(r->kind, (uint16_t)kind);
	TSHM_PUT(r->origin, (uint16_t)origin);
	TSHM_PUT(r->site, site);
	TSHM_PUT(r->epoch, (uint16_t)tshm_epoch);
	return r;
}

uint64_t tshm_held_commit(uint32_t number, bool acquired)
{
	struct tshm_resource *r = tshm_held(number);

	tshm_site_hold(r->site, r->length, acquired, r->acquired_mono);
	tshm_resource_commit(number);
	return TSHM_SLOT_WORD(TSHM_STAMP_GENERATION(TSHM_GET(r->stamp)), number);
}

static void tshm_held_free(uint64_t word, bool released, uint64_t now)
{
	uint32_t number = TSHM_SLOT_NUMBER(word);
	struct tshm_resource *r = tshm_held(number);

	tshm_site_let_go(r->site, r->length, released, now - r->acquired_mono);
	if (r->name)
		tshm_history_unref(r->name);
	tshm_resource_drop(number);
}

void tshm_held_retire(uint64_t word, uint64_t now)
{
	tshm_held_free(word, true, now);
}

void tshm_held_replaced(uint64_t word)
{
	tshm_held_free(word, false, 0);
}

void tshm_held_refresh(uint32_t number)
{
	struct tshm_resource *r = tshm_held(number);
	struct tshm_resource *m = tshm_store_map(tshm_resources, number);

	if (!m || TSHM_GET(m->stamp) != TSHM_GET(r->stamp))
		return;
	m->dev = r->dev;
	m->ino = r->ino;
	m->size = r->size;
	m->mode = r->mode;
	m->name = r->name;
	m->text = r->text;
	m->extra = r->extra;
	m->peer = r->peer;
	m->kind = r->kind;
	/* Last: flags say that the identity is there. */
	atomic_store_explicit((_Atomic uint32_t *)&m->flags, r->flags, memory_order_release);
}

void tshm_held_identity(struct tshm_resource *r, const struct stat *st)
{
	TSHM_PUT(r->dev, st->st_dev);
	TSHM_PUT(r->ino, st->st_ino);
	TSHM_PUT(r->mode, st->st_mode);
	TSHM_PUT(r->size, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
	TSHM_PUT(r->flags, r->flags | TSHM_RF_IDENT);
}

/*
 * What a descriptor is that came without a call that says so (received, inherited).
 * A memfd is a regular file that answers F_GET_SEALS, has no links and does not lie
 * in /dev/shm.  Anonymous inodes (eventfd, epoll …) have no type bits in st_mode.
 */
enum tshm_kind tshm_kind_of(int fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFSOCK: return TSHM_KIND_SOCKET;
	case S_IFIFO: return TSHM_KIND_PIPE;
	case S_IFDIR: return TSHM_KIND_DIRECTORY;
	case S_IFCHR: case S_IFBLK: return TSHM_KIND_DEVICE;
	case S_IFREG: break;
	default: return TSHM_KIND_DESCRIPTOR;
	}
	if (tshm_device_is_shm(st->st_dev))
		return TSHM_KIND_SEGMENT;
	if (st->st_nlink == 0 && major(st->st_dev) == 0 && TSHM_SYS3(SYS_fcntl, fd, F_GET_SEALS, 0) >= 0)
		return TSHM_KIND_MEMFD;
	return TSHM_KIND_FILE;
}

bool tshm_held_inherited(const struct tshm_resource *r)
{
	return r->epoch != (uint16_t)tshm_epoch;
}

/*
 * The ledger has the records already, as they are here (tshm_image_forked): that they
 * were inherited is told by their epoch.  What is left is to count them at their sites,
 * as many at once as lie together.
 */
void tshm_held_forked(void)
{
	uint32_t used = atomic_load(&tshm_resources->used), site = 0;
	uint64_t count = 0, bytes = 0;

	for (uint32_t n = 1; n < used; n++) {
		const struct tshm_resource *r = tshm_store_own(tshm_resources, n);

		if (!r || TSHM_STAMP_STATE(TSHM_GET(r->stamp)) != TSHM_STATE_LIVE)
			continue;
		if (r->site != site) {
			tshm_site_inherit(site, count, bytes);
			site = r->site;
			count = bytes = 0;
		}
		count++;
		bytes += r->length;
	}
	tshm_site_inherit(site, count, bytes);
}

/* Descriptor n is still open and still leads to the object that was recorded. */
static bool tshm_fd_confirm(struct tshm_resource *r)
{
	struct stat st;

	if (TSHM_SYS2(SYS_fstat, r->key, &st) < 0 || !tshm_kind_fits(r->kind, st.st_mode))
		return false;
	if ((r->flags & TSHM_RF_IDENT) && tshm_kind_unique(r->kind) &&
	    (st.st_dev != r->dev || st.st_ino != r->ino))
		return false;
	tshm_held_identity(r, &st);
	return true;
}

/* What /proc calls it: for the report, when the process is gone. */
static void tshm_fd_describe(struct tshm_resource *r)
{
	char path[40], text[512];
	size_t at = tshm_append(path, 0, "/proc/self/fd/", sizeof(path));
	long n;

	tshm_append_number(path, at, r->key, sizeof(path));
	n = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, path, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = 0;
	TSHM_PUT(r->text, tshm_string(text, (size_t)n));
}

void tshm_held_check(void)
{
	uint32_t used = atomic_load(&tshm_resources->used);
	unsigned described = 0;

	for (uint32_t n = 1; n < used; n++) {
		struct tshm_resource *r = tshm_store_own(tshm_resources, n);
		bool there = true;

		/* What was inherited is the parent's to answer for; it is not judged here. */
		if (!r || TSHM_STAMP_STATE(TSHM_GET(r->stamp)) != TSHM_STATE_LIVE || tshm_held_inherited(r))
			continue;
		if (tshm_kind_by(r->kind) == TSHM_BY_DESCRIPTOR) {
			there = tshm_fd_confirm(r);
			/* A few names tell the story; a thousand would only make the end slow. */
			if (there && r->key > 2 && r->origin != TSHM_ORIGIN_EXEC && described < 48) {
				described++;
				tshm_fd_describe(r);
			}
		} else if (tshm_kind_by(r->kind) == TSHM_BY_RANGE) {
			there = !tshm_range_is_gone(r->key);
		}
		if (there)
			TSHM_PUT(r->flags, r->flags | TSHM_RF_CHECKED);
		else
			TSHM_PUT(r->flags, r->flags & ~(uint32_t)TSHM_RF_CHECKED);
		tshm_held_refresh(n);
	}
}
