/* SPDX-License-Identifier: MIT */
/* Shared mappings, SysV attachments, semaphores. */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "note.h"
#include "site.h"
#include "sys.h"

static uint64_t tshm_page_round(uint64_t bytes)
{
	return (bytes + 4095) & ~4095ull;
}

static uint32_t tshm_access(int prot)
{
	return (prot & PROT_READ ? TSHM_RF_READ : 0) | (prot & PROT_WRITE ? TSHM_RF_WRITE : 0) |
	       (prot & PROT_EXEC ? TSHM_RF_EXECUTE : 0);
}

void tshm_note_map(struct tshm_here here, void *at, size_t length, int prot, int flags, int fd, uint64_t offset,
		   uint64_t before)
{
	bool anonymous = flags & MAP_ANONYMOUS;
	struct tshm_resource *r, *source;
	uint64_t word;
	uint32_t number;

	if (!here.on)
		return;
	if (at == MAP_FAILED) {
		tshm_note_failed(here, errno);
		return;
	}
	if (flags & MAP_FIXED)		/* whatever lay there is gone */
		tshm_range_drop((uintptr_t)at, length, before);
	if (!(flags & MAP_SHARED))	/* MAP_SHARED_VALIDATE contains its bit */
		return;
	tshm_count(here.call);
	r = tshm_held_new(&number, here.call, anonymous ? TSHM_KIND_ANONYMOUS : TSHM_KIND_MAPPING,
			  TSHM_ORIGIN_CREATED, tshm_site_here(here));
	if (!r)
		return;
	TSHM_PUT(r->key, (uintptr_t)at);
	TSHM_PUT(r->length, tshm_page_round(length));
	TSHM_PUT(r->offset, offset);
	TSHM_PUT(r->flags, tshm_access(prot));
	if (!anonymous) {
		enum tshm_kind kind;
		uint64_t dev, ino;

		if (tshm_fd_identity(fd, &dev, &ino, &kind)) {
			TSHM_PUT(r->dev, dev);
			TSHM_PUT(r->ino, ino);
			TSHM_PUT(r->flags, r->flags | TSHM_RF_IDENT);
			TSHM_PUT(r->extra, (uint32_t)kind);	/* the kind of the object behind it */
		}
		word = tshm_fd_word(fd);
		source = tshm_held_of(word);
		if (source)	/* as last looked at: was there as much as is mapped? */
			r->size = source->size;
		if (source && source->name) {
			TSHM_PUT(r->name, source->name);
			tshm_history_ref(r->name);
		}
	}
	tshm_range_publish(number);
}

/* What is recorded of `was` from `from` on for `old_length` bytes (0: it stays) is now at `at` for `length`. */
static void tshm_note_moved(struct tshm_here here, const struct tshm_resource *was, uint64_t from, uint64_t old_length,
			    uint64_t at, uint64_t length, uint64_t before)
{
	struct tshm_resource *r;
	uint32_t number;

	tshm_count(here.call);
	if (was->name)
		tshm_history_ref(was->name);	/* before the old record lets go of it */
	tshm_range_drop(from, old_length, before);
	r = tshm_held_new(&number, here.call, was->kind, old_length ? was->origin : TSHM_ORIGIN_DUPLICATED,
			  old_length ? was->site : tshm_site_here(here));
	if (!r) {
		if (was->name)
			tshm_history_unref(was->name);
		return;
	}
	TSHM_PUT(r->key, at);
	TSHM_PUT(r->length, length);
	TSHM_PUT(r->offset, was->offset + (from - was->key));
	TSHM_PUT(r->dev, was->dev);
	TSHM_PUT(r->ino, was->ino);
	TSHM_PUT(r->flags, was->flags);
	TSHM_PUT(r->extra, was->extra);
	TSHM_PUT(r->size, was->size);
	TSHM_PUT(r->name, was->name);
	tshm_range_publish(number);
}

#define PIECES_MAX 4096		/* of mappings, moved at once; what comes behind is not tracked further */

/*
 * A move that changes no length takes all mappings of the range along, and what is not mapped between
 * them stays so (Linux 6.17, mremap(2)).
 */
static void tshm_note_moved_all(struct tshm_here here, uint64_t old, uint64_t at, uint64_t length, uint64_t before)
{
	struct tshm_resource was;

	for (unsigned i = 0; i < PIECES_MAX && tshm_range_in(old, length, before, &was); i++) {
		uint64_t from = was.key > old ? was.key : old;
		uint64_t to = was.key + was.length < old + length ? was.key + was.length : old + length;

		tshm_note_moved(here, &was, from, to - from, at + (from - old), to - from, before);
	}
	tshm_range_drop(old, length, before);
}

void tshm_note_remap(struct tshm_here here, void *old, size_t old_length, void *at, size_t length, int flags, void *fixed,
		     uint64_t before)
{
	struct tshm_resource was;
	bool known;

	if (!here.on)
		return;
	if (at == MAP_FAILED) {
		tshm_note_failed(here, errno);
		/* MREMAP_FIXED may have unmapped its target already. */
		if (fixed && tshm_range_is_gone((uintptr_t)fixed))
			tshm_range_drop((uintptr_t)fixed, length, before);
		return;
	}
	if (flags & 4 /* MREMAP_DONTUNMAP */)	/* leaves the old mapping, as an old length of 0 does */
		old_length = 0;
	old_length = tshm_page_round(old_length);
	length = tshm_page_round(length);
	if (at == old && old_length >= length) {	/* shrunk: what lay behind went, neighbours too */
		tshm_range_drop((uintptr_t)old + length, old_length - length, before);
		return;
	}
	known = tshm_range_in((uintptr_t)old, 1, before, &was);
	if (at != old)		/* before what comes there */
		tshm_range_drop((uintptr_t)at, length, before);
	if (old_length == length)
		tshm_note_moved_all(here, (uintptr_t)old, (uintptr_t)at, length, before);
	else if (known)
		tshm_note_moved(here, &was, (uintptr_t)old, old_length, (uintptr_t)at, length, before);
	else
		tshm_range_drop((uintptr_t)old, old_length, before);
}

void tshm_note_attach(struct tshm_here here, void *at, int id, int flags, uint64_t before)
{
	struct tshm_resource *r;
	struct shmid_ds ds;
	uint32_t number, name;

	if (!here.on)
		return;
	if (at == (void *)-1) {
		tshm_note_failed(here, errno);
		return;
	}
	tshm_count(here.call);
	if (TSHM_SYS3(SYS_shmctl, id, IPC_STAT, &ds) != 0)
		ds.shm_segsz = 4096;	/* removed already, or not ours to look at */
	r = tshm_held_new(&number, here.call, TSHM_KIND_ATTACHMENT, TSHM_ORIGIN_OPENED,
			  tshm_site_here(here));
	if (!r)
		return;
	TSHM_PUT(r->key, (uintptr_t)at);
	TSHM_PUT(r->length, tshm_page_round(ds.shm_segsz));
	TSHM_PUT(r->size, ds.shm_segsz);
	TSHM_PUT(r->ino, (uint64_t)(unsigned)id);
	if (flags & SHM_REMAP)		/* it replaced what lay there */
		tshm_range_drop((uintptr_t)at, r->length, before);
	TSHM_PUT(r->flags, TSHM_RF_IDENT | TSHM_RF_READ | (flags & SHM_RDONLY ? 0 : TSHM_RF_WRITE));
	name = tshm_name_find(TSHM_SPACE_SYSV, NULL, id);
	if (name) {
		TSHM_PUT(r->name, name);
		tshm_history_ref(name);
	}
	tshm_range_publish(number);
}

void tshm_note_unattached(struct tshm_here here, int id, int error, uint64_t when)
{
	struct shmid_ds ds;
	long asked = here.on ? TSHM_SYS3(SYS_shmctl, id, IPC_STAT, &ds) : 0;

	if (asked == -EINVAL || asked == -EIDRM)	/* else it was the address that was refused */
		tshm_attach_failed(here, TSHM_SPACE_SYSV, NULL, id, 0, error, when);
}

void tshm_note_semaphore(struct tshm_here here, void *at, uint32_t name, uint32_t site)
{
	uint64_t word = tshm_pointer_word((uintptr_t)at);
	struct tshm_resource *r = tshm_held_of(word);
	uint32_t number;

	tshm_count(here.call);
	if (r) {	/* opened again: glibc gives the same address and counts (sem_open.c) */
		atomic_fetch_add((_Atomic uint32_t *)&r->extra, 1);
		tshm_held_refresh(TSHM_SLOT_NUMBER(word));
		return;
	}
	if (!site)
		site = tshm_site_here(here);
	r = tshm_held_new(&number, here.call, TSHM_KIND_SEMAPHORE, TSHM_ORIGIN_OPENED, site);
	if (!r)
		return;
	TSHM_PUT(r->key, (uintptr_t)at);
	TSHM_PUT(r->extra, 1);
	TSHM_PUT(r->flags, TSHM_RF_REFS);
	if (name) {
		const struct tshm_history *h = &tshm_history(name)->h;

		TSHM_PUT(r->name, name);
		tshm_history_ref(name);
		if (h->flags & TSHM_HIF_IDENT) {
			TSHM_PUT(r->dev, h->dev);
			TSHM_PUT(r->ino, h->ino);
			TSHM_PUT(r->flags, r->flags | TSHM_RF_IDENT);
		}
	}
	tshm_pointer_publish((uintptr_t)at, number);
}
