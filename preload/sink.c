/* SPDX-License-Identifier: MIT */
/*
 * The ledger file.
 *
 * The file is made once at its full, sparse size and its first extents are mapped;
 * then the descriptor is closed.  A later chunk is mapped from the first mapping:
 * mremap(2) with an old size of 0 makes a second mapping of the same shared file
 * ("if the value of old_size is zero, and old_address refers to a shareable
 * mapping, then mremap() will create a new mapping of the same pages"), and may be
 * longer than the first.  So growth needs no descriptor, no path and no working
 * directory, and works after chroot and a change of user.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "bytes.h"
#include "sink.h"
#include "sys.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static TSHM_TOGETHER char *tshm_base;		/* the first extents, mapped; NULL: there is no ledger */
static TSHM_TOGETHER char *tshm_hint;		/* where the parent's were: a call that fork interrupted finds its records there */
static TSHM_TOGETHER uint64_t tshm_size;	/* of the file */
static TSHM_TOGETHER bool tshm_can_populate;
static TSHM_TOGETHER uint64_t tshm_ready;	/* bytes from the base on that are populated */

static void tshm_random_token(char token[32])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[16];

	if (TSHM_SYS3(SYS_getrandom, random, sizeof(random), 1 /* GRND_NONBLOCK */) != sizeof(random)) {
		uint64_t seed = tshm_wall_coarse() ^ (uintptr_t)random ^ (uint64_t)TSHM_SYS0(SYS_getpid) << 40;

		for (unsigned i = 0; i < sizeof(random); i++)
			random[i] = (unsigned char)tshm_mix(seed + i);
	}
	for (unsigned i = 0; i < sizeof(random); i++) {
		token[2 * i] = digits[random[i] >> 4];
		token[2 * i + 1] = digits[random[i] & 15];
	}
}

/* The largest size that may be set without SIGXFSZ. */
static uint64_t tshm_size_limit(uint64_t wanted)
{
	struct rlimit limit;

	if (TSHM_SYS4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) < 0)
		return wanted;
	return limit.rlim_cur < wanted ? limit.rlim_cur : wanted;
}

/* With 0 bytes: does this kernel know how (5.14)? */
static bool tshm_populate(void *at, uint64_t bytes)
{
	return TSHM_SYS3(SYS_madvise, at, bytes, MADV_POPULATE_WRITE) == 0;
}

/* By write: 1 us less a page than populating a mapping and copying into it. */
static void tshm_sink_write(long fd, struct tshm_section *section, const struct tshm_piece *p)
{
	uint64_t bytes = (uint64_t)p->count * section->record_size;
	uint64_t at = tshm_ledger_offset(section, p->first);

	if (at + bytes > tshm_size || TSHM_SYS4(SYS_pwrite64, fd, p->from, bytes, at) != (long)bytes)
		section->lost += p->count;
	else if (section->used < p->first + p->count)
		section->used = p->first + p->count;
}

/*
 * The pages that nearly every program writes.  By fallocate while there is a
 * descriptor: MADV_POPULATE_WRITE costs 17 us before its first page (it drains the
 * processor's lists of new pages), a page 1 us.
 */
static bool tshm_sink_prepare(long fd, const struct tshm_section *sections, long map)
{
	tshm_can_populate = tshm_can_populate || tshm_populate((void *)map, 0);
	tshm_ready = tshm_can_populate ? sections[TSHM_SEC_HISTORY].first_offset : tshm_ledger_first_extent();
	return TSHM_SYS4(SYS_fallocate, fd, 0, 0, tshm_ready) == 0;
}

/*
 * Signals are blocked while there is a descriptor: a handler might close it, and open
 * another by its number.  Not those that an instruction raises (a debugger's step, a
 * sandbox that traps system calls): raised while blocked they kill.
 */
#define BIT(signal) (1ull << ((signal) - 1))
static const uint64_t tshm_blocked =
	~(BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGSEGV) | BIT(SIGSYS));

struct tshm_header *tshm_sink_create(char token[32], const struct tshm_piece *pieces, unsigned count)
{
	struct tshm_section sections[TSHM_SECTION_MAX] = { { 0 } };
	uint64_t first = tshm_ledger_first_extent(), mask = 0;
	struct statfs fs = { 0 };
	char path[sizeof(tshm_options.dir) + 64];
	size_t at;
	long fd, map = -1;

	tshm_base = NULL;	/* after fork the parent's are not mapped here */
	tshm_size = tshm_size_limit(tshm_ledger_layout(sections));
	if (tshm_size < first)
		return NULL;
	tshm_random_token(token);
	at = tshm_copy(path, tshm_options.dir, sizeof(tshm_options.dir));
	path[at++] = '/';
	__builtin_memcpy(path + at, token, 32);
	tshm_copy(path + at + 32, TSHM_LEDGER_SUFFIX, sizeof(path) - at - 32);
	TSHM_SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &tshm_blocked, &mask, sizeof(mask));
	fd = TSHM_SYS4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (TSHM_SYS2(SYS_ftruncate, fd, tshm_size) == 0)
			map = TSHM_SYS6(SYS_mmap, tshm_hint, first, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (!tshm_sys_failed(map) && !tshm_sink_prepare(fd, sections, map)) {
			TSHM_SYS2(SYS_munmap, map, first);
			map = -1;
		}
		for (unsigned i = 0; i < count && !tshm_sys_failed(map); i++)
			tshm_sink_write(fd, &sections[pieces[i].section], &pieces[i]);
		TSHM_SYS2(SYS_fstatfs, fd, &fs);
		TSHM_SYS1(SYS_close, fd);
	}
	TSHM_SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
	if (tshm_sys_failed(map)) {
		if (fd >= 0)
			TSHM_SYS3(SYS_unlinkat, AT_FDCWD, path, 0);
		return NULL;
	}
	TSHM_SYS3(SYS_madvise, map, first, MADV_DONTFORK);
	tshm_base = tshm_hint = (char *)map;

	struct tshm_header *header = (struct tshm_header *)tshm_base;

	__builtin_memcpy(header->sections, sections, sizeof(sections));
	header->section_count = TSHM_SEC_COUNT;
	__builtin_memcpy(header->token, token, 32);
	header->fs_type = (uint64_t)fs.f_type;
	return header;
}

/*
 * A small /dev/shm (64 MiB in a container) is the program's before it is ours: growing
 * takes an eighth of what is free at most.  Where the directory cannot be seen (any more)
 * nothing is known.
 */
static bool tshm_sink_may_take(uint64_t bytes)
{
	struct statfs fs;

	return TSHM_SYS2(SYS_statfs, tshm_options.dir, &fs) != 0 ||
	       (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize / 8 >= bytes;
}

void *tshm_sink_map(uint64_t offset, uint64_t bytes)
{
	uint64_t first = tshm_ledger_first_extent();
	char *at;
	long map;

	if (!tshm_base || offset + bytes > tshm_size)
		return NULL;
	if (offset + bytes <= first) {
		at = tshm_base + offset;
		return offset + bytes <= tshm_ready || tshm_populate(at, bytes) ? at : NULL;
	}
	if (!tshm_can_populate)		/* before Linux 5.14 nothing grows safely without a descriptor */
		return NULL;
	if (!tshm_sink_may_take(bytes))
		return NULL;
	/* A locked mapping would be populated, holes and all, as it is made longer. */
	TSHM_SYS2(SYS_munlock, tshm_base, first);
	map = TSHM_SYS4(SYS_mremap, tshm_base, 0, offset + bytes, MREMAP_MAYMOVE);
	if (tshm_sys_failed(map))
		return NULL;
	at = (char *)map + offset;
	TSHM_SYS2(SYS_munmap, map, offset);
	if (!tshm_populate(at, bytes)) {
		TSHM_SYS2(SYS_munmap, at, bytes);
		return NULL;
	}
	return at;
}

void tshm_sink_unmap(void *at, uint64_t bytes)
{
	char *p = at;

	if (p < tshm_base || p >= tshm_base + tshm_ledger_first_extent())
		TSHM_SYS2(SYS_munmap, at, bytes);
}

