/* SPDX-License-Identifier: MIT */
/* Descriptors: opened, duplicated, closed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include "bytes.h"
#include "module.h"
#include "note.h"
#include "site.h"
#include "sys.h"

/*
 * Who closed a number last: what a bad close is explained by.  Two
 * threads that close the same number at once have a bug that either may explain.
 */
#define TSHM_CLOSERS 4096
static struct {
	uintptr_t caller;
	int32_t pid, tid;	/* pid: after fork, what the parent closed is not the child's doing */
	uint32_t milliseconds;
} tshm_closers[TSHM_CLOSERS];

/* Counts close_range() and closefrom() calls: a record made after one of them outlives it. */
static _Atomic uint64_t tshm_closings = 1;

static bool tshm_is_limit(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC;
}

void tshm_note_failed(struct tshm_here here, int error)
{
	/* Absent files are everyday life; limits are what the rules ask for. */
	if (here.on && tshm_is_limit(error))
		tshm_site_failed(tshm_site_here(here), error);
}

static struct tshm_resource *tshm_fd_new(uint32_t *number, struct tshm_here here, enum tshm_kind kind,
					 enum tshm_origin origin, bool cloexec)
{
	struct tshm_resource *r;

	tshm_count(here.call);
	r = tshm_held_new(number, here.call, kind, origin, tshm_site_here(here));
	if (!r)
		return NULL;
	TSHM_PUT(r->sequence, atomic_load_explicit(&tshm_closings, memory_order_relaxed));
	TSHM_PUT(r->flags, cloexec ? TSHM_RF_CLOEXEC : 0);
	return r;
}

int tshm_note_open(struct tshm_here here, int fd, enum tshm_kind kind, bool cloexec)
{
	enum tshm_origin origin = kind == TSHM_KIND_FILE || kind == TSHM_KIND_DIRECTORY ?
		TSHM_ORIGIN_OPENED : TSHM_ORIGIN_CREATED;
	uint32_t number;

	if (!here.on)
		return fd;
	if (TSHM_UNLIKELY(fd < 0))
		tshm_note_failed(here, errno);
	else if (tshm_fd_new(&number, here, kind, origin, cloexec))
		tshm_fd_publish(fd, number);
	return fd;
}

int tshm_note_memfd(struct tshm_here here, int fd, const char *name, bool cloexec)
{
	struct tshm_resource *r;
	struct stat st;
	uint32_t number;

	if (!here.on)
		return fd;
	if (fd < 0) {
		tshm_note_failed(here, errno);
		return fd;
	}
	r = tshm_fd_new(&number, here, TSHM_KIND_MEMFD, TSHM_ORIGIN_CREATED, cloexec);
	if (!r)
		return fd;
	TSHM_PUT(r->flags, r->flags | (TSHM_RF_READ | TSHM_RF_WRITE));
	if (TSHM_SYS2(SYS_fstat, fd, &st) == 0) {
		tshm_held_identity(r, &st);
		TSHM_PUT(r->name, tshm_segment_new(here.call, name, &st, r->site));
		if (r->name)
			tshm_history_ref(r->name);
	}
	tshm_fd_publish(fd, number);
	return fd;
}

int tshm_note_pidfd(struct tshm_here here, int fd, int pid)
{
	struct tshm_resource *r;
	uint32_t number;

	if (!here.on)
		return fd;
	if (fd < 0) {
		tshm_note_failed(here, errno);
		return fd;
	}
	r = tshm_fd_new(&number, here, TSHM_KIND_PIDFD, TSHM_ORIGIN_OPENED, true);	/* pidfd_open(2) sets it */
	if (!r)
		return fd;
	TSHM_PUT(r->peer, pid);
	tshm_fd_publish(fd, number);
	return fd;
}

void tshm_note_option(struct tshm_here here, int level, int option, const void *value, const socklen_t *size, int result)
{
	if (result == 0 && level == SOL_SOCKET && option == TSHM_SO_PEERPIDFD && *size == sizeof(int))
		tshm_note_pidfd(here, *(const int *)value, 0);
}

void tshm_note_pair(struct tshm_here here, int result, const int fds[2], enum tshm_kind kind, bool cloexec)
{
	uint32_t number;

	if (!here.on)
		return;
	if (result < 0) {
		tshm_note_failed(here, errno);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (tshm_fd_new(&number, here, kind, TSHM_ORIGIN_CREATED, cloexec))
			tshm_fd_publish(fds[i], number);
}

int tshm_note_dup(struct tshm_here here, int from, int fd, bool cloexec, bool chosen)
{
	struct tshm_resource *r, *source;
	uint32_t number;

	if (!here.on)
		return fd;
	if (fd < 0) {
		tshm_note_failed(here, errno);
		return fd;
	}
	if (fd == from)		/* dup2(x, x) does nothing */
		return fd;
	r = tshm_fd_new(&number, here, TSHM_KIND_DESCRIPTOR, TSHM_ORIGIN_DUPLICATED, cloexec);
	if (!r)
		return fd;
	if (chosen)
		TSHM_PUT(r->flags, r->flags | TSHM_RF_CHOSEN);
	source = tshm_held_of(tshm_fd_word(from));
	if (source) {
		TSHM_PUT(r->kind, source->kind);
		TSHM_PUT(r->dev, source->dev);
		TSHM_PUT(r->ino, source->ino);
		TSHM_PUT(r->size, source->size);
		TSHM_PUT(r->mode, source->mode);
		TSHM_PUT(r->flags, r->flags | (source->flags & (TSHM_RF_IDENT | TSHM_RF_TMPFILE | TSHM_RF_READ | TSHM_RF_WRITE)));
		TSHM_PUT(r->name, source->name);
		if (r->name)
			tshm_history_ref(r->name);
	}
	tshm_fd_publish(fd, number);
	return fd;
}

int tshm_note_fcntl(struct tshm_here here, int fd, int command, long argument, int result)
{
	if (!here.on)
		return result;
	switch (command) {
	case F_DUPFD:
		return tshm_note_dup(here, fd, result, false, false);
	case F_DUPFD_CLOEXEC:
		return tshm_note_dup(here, fd, result, true, false);
	case F_SETFD:
		if (result == 0)
			tshm_note_cloexec(fd, argument & FD_CLOEXEC);
	}
	return result;
}

int tshm_note_looked_at(struct tshm_here here, int fd, enum tshm_kind unless_known)
{
	enum tshm_kind kind = unless_known;
	bool cloexec = false;
	struct stat st;

	if (here.on && fd >= 0 && TSHM_SYS2(SYS_fstat, fd, &st) == 0) {
		cloexec = TSHM_SYS3(SYS_fcntl, fd, F_GETFD, 0) & FD_CLOEXEC;
		kind = tshm_kind_of(fd, &st);
		if (kind == TSHM_KIND_DESCRIPTOR || kind == TSHM_KIND_FILE)
			kind = unless_known;
	}
	return tshm_note_open(here, fd, kind, cloexec);
}

void tshm_note_cloexec(int fd, bool on)
{
	uint64_t word = tshm_fd_word(fd);
	struct tshm_resource *r = tshm_held_of(word);

	if (!r)
		return;
	if (on)
		TSHM_PUT(r->flags, (r->flags | TSHM_RF_CLOEXEC) & ~(uint32_t)TSHM_RF_CLOEXEC_OFF);
	else if (r->flags & TSHM_RF_CLOEXEC)
		TSHM_PUT(r->flags, (r->flags & ~(uint32_t)TSHM_RF_CLOEXEC) | TSHM_RF_CLOEXEC_OFF);
	else		/* set to what it was: the program says that it means it */
		TSHM_PUT(r->flags, r->flags | TSHM_RF_CLOEXEC_OFF);
	tshm_held_refresh(TSHM_SLOT_NUMBER(word));
}

void tshm_note_cloexec_range(unsigned first, unsigned last)
{
	uint64_t key = first, end = (uint64_t)last + 1;

	for (tshm_slot *slot; (slot = tshm_slot_next(&tshm_fds, &key, end)); key++)
		if (atomic_load_explicit(slot, memory_order_relaxed))
			tshm_note_cloexec((int)key, true);
}

void tshm_note_stream(int fd)
{
	uint64_t word = tshm_fd_word(fd);
	struct tshm_resource *r = tshm_held_of(word);

	if (!r)
		return;
	TSHM_PUT(r->flags, r->flags | TSHM_RF_STREAM);
	tshm_held_refresh(TSHM_SLOT_NUMBER(word));
}

/* A number that was open once and is not now: one record a site. */
static void tshm_note_bad_close(struct tshm_here here, int fd)
{
	uint32_t site = tshm_site_here(here), number;
	struct tshm_own_site *o = tshm_site_own(site);
	struct tshm_history *h;

	if (!o)
		return;
	tshm_site_mirror(site);
	h = tshm_history_of_site(&o->bad_close, TSHM_HIST_BAD_CLOSE, here.call, site, &number);
	if (!h)
		return;
	if (!h->count)
		h->low = h->high = fd;
	h->extra += h->count && fd == h->id + 1;
	h->count++;
	h->id = fd;
	h->low = fd < h->low ? fd : h->low;
	h->high = fd > h->high ? fd : h->high;
	h->error = EBADF;
	h->end_mono = tshm_now_coarse();
	h->before = tshm_module_frame(TSHM_GET(tshm_closers[fd].caller));
	h->before_tid = TSHM_GET(tshm_closers[fd].tid);
	h->before_mono = (uint64_t)TSHM_GET(tshm_closers[fd].milliseconds) * 1000000;
	tshm_history_commit(number, TSHM_STATE_CLOSED);
}

void tshm_note_close(struct tshm_here here, int fd, uint64_t word, int result, int error)
{
	uint64_t now;

	if (!here.on || fd < 0)
		return;
	if (result < 0 && error == EBADF) {
		if (fd < TSHM_CLOSERS && TSHM_GET(tshm_closers[fd].caller) && TSHM_GET(tshm_closers[fd].pid) == tshm_pid)
			tshm_note_bad_close(here, fd);
		return;		/* whatever the slot says now, this call did not close it */
	}
	/* Linux frees the descriptor whatever else close() says (close(2)). */
	tshm_count(here.call);
	now = tshm_now_coarse();
	tshm_fd_release(fd, word, now);
	if (fd < TSHM_CLOSERS) {
		TSHM_PUT(tshm_closers[fd].caller, here.pc);
		TSHM_PUT(tshm_closers[fd].pid, tshm_pid);
		TSHM_PUT(tshm_closers[fd].tid, tshm_tid());
		TSHM_PUT(tshm_closers[fd].milliseconds, (uint32_t)(now / 1000000));
	}
}

uint64_t tshm_close_since(void)
{
	return atomic_fetch_add(&tshm_closings, 1) + 1;
}

void tshm_note_close_range(struct tshm_here here, unsigned first, unsigned last, uint64_t since)
{
	uint64_t key = first, end = (uint64_t)last + 1;
	tshm_slot *slot;

	if (!here.on)
		return;
	tshm_count(here.call);
	for (; (slot = tshm_slot_next(&tshm_fds, &key, end)); key++) {
		uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
		struct tshm_resource *r = tshm_held_of(word);

		if (r && r->sequence < since)
			tshm_fd_release((int)key, word, tshm_now_coarse());
	}
}

static void tshm_note_found(int fd)
{
	struct tshm_resource *r;
	struct stat st;
	uint32_t number;
	long flags;

	if (TSHM_SYS2(SYS_fstat, fd, &st) != 0)
		return;
	r = tshm_held_new(&number, 0, tshm_kind_of(fd, &st), TSHM_ORIGIN_EXEC, 0);
	if (!r)
		return;
	tshm_held_identity(r, &st);
	flags = TSHM_SYS3(SYS_fcntl, fd, F_GETFD, 0);
	if (flags > 0 && (flags & FD_CLOEXEC))
		TSHM_PUT(r->flags, r->flags | TSHM_RF_CLOEXEC);
	tshm_fd_publish(fd, number);
}

/*
 * One poll() tells which of 256 numbers are open (POLLNVAL: not), without /proc and
 * without 256 calls.  Goes on while something is open near the end of the block.
 */
void tshm_note_inherited(void)
{
	struct pollfd fds[256];
	struct rlimit limit = { 256, 256 };
	struct timespec none = { 0, 0 };
	bool more = true;

	TSHM_SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	for (int base = 0; more && (uint64_t)base < limit.rlim_cur; base += 256) {
		unsigned n = limit.rlim_cur - (uint64_t)base < 256 ? (unsigned)(limit.rlim_cur - (uint64_t)base) : 256;

		for (unsigned i = 0; i < n; i++)
			fds[i] = (struct pollfd){ .fd = base + (int)i };
		if (TSHM_SYS5(SYS_ppoll, fds, n, &none, 0, 8) < 0)
			return;
		more = false;
		for (unsigned i = 0; i < n; i++) {
			if (fds[i].revents & POLLNVAL)
				continue;
			tshm_note_found(base + (int)i);
			more |= i >= 192;
		}
	}
}

bool tshm_fd_identity(int fd, uint64_t *dev, uint64_t *ino, enum tshm_kind *kind)
{
	uint64_t word = tshm_fd_word(fd);
	struct tshm_resource *r = tshm_held_of(word);
	struct stat st;

	if (r && (r->flags & TSHM_RF_IDENT)) {
		*dev = r->dev;
		*ino = r->ino;
		*kind = r->kind;
		return true;
	}
	if (TSHM_SYS2(SYS_fstat, fd, &st) != 0)
		return false;
	*dev = st.st_dev;
	*ino = st.st_ino;
	*kind = r ? (enum tshm_kind)r->kind : tshm_kind_of(fd, &st);
	if (r && tshm_held_of(word) == r) {	/* asked once, known from now on */
		tshm_held_identity(r, &st);
		tshm_held_refresh(TSHM_SLOT_NUMBER(word));
	}
	return true;
}

uint64_t tshm_close_now(void)
{
	return atomic_load_explicit(&tshm_closings, memory_order_relaxed);
}

void tshm_note_size(struct tshm_here here, int fd, int result, int error, uint64_t size)
{
	uint64_t word = tshm_fd_word(fd);
	struct tshm_resource *r = tshm_held_of(word);

	if (result != 0) {
		tshm_note_failed(here, error);
		return;
	}
	if (!r || (r->kind != TSHM_KIND_SEGMENT && r->kind != TSHM_KIND_MEMFD))
		return;
	tshm_count(here.call);
	TSHM_PUT(r->size, size);
	tshm_held_refresh(TSHM_SLOT_NUMBER(word));
	if (r->name)
		tshm_history_size(r->name, size);
}

void tshm_note_size_now(struct tshm_here here, int fd, int error)
{
	struct stat st = { .st_size = 0 };

	if (error)
		tshm_note_failed(here, error);
	else if (tshm_held_of(tshm_fd_word(fd)) && TSHM_SYS2(SYS_fstat, fd, &st) == 0)
		tshm_note_size(here, fd, 0, 0, (uint64_t)st.st_size);
}

/* The name's record, and the descriptors that it is held by; or /proc/self/fd/N. */
void tshm_note_size_of_path(struct tshm_here here, const char *path, int error, uint64_t size)
{
	static const char proc[] = "/proc/self/fd/";
	uint64_t key = 0, end = TSHM_SLOT_KEYS;
	uint32_t name;
	int fd = 0;

	if (error) {
		if (tshm_path_is_shm(path))
			tshm_note_failed(here, error);
		return;
	}
	if (tshm_starts(path, proc)) {
		for (path += sizeof(proc) - 1; *path >= '0' && *path <= '9' && fd < 1 << 24; path++)
			fd = fd * 10 + (*path - '0');
		tshm_note_size(here, fd, 0, 0, size);
		return;
	}
	name = tshm_path_is_shm(path) ? tshm_name_find(TSHM_SPACE_SHM, path, 0) : 0;
	if (!name)
		return;
	tshm_history_size(name, size);
	for (tshm_slot *slot; (slot = tshm_slot_next(&tshm_fds, &key, end)); key++) {
		struct tshm_resource *r = tshm_held_of(atomic_load_explicit(slot, memory_order_acquire));

		if (r && r->name == name)
			tshm_note_size(here, (int)key, 0, 0, size);
	}
}
