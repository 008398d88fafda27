/* SPDX-License-Identifier: MIT */
/* What makers of golden runs share: images with fixed times and pids, of another boot than this. */
#ifndef TSHM_GOLDEN_H
#define TSHM_GOLDEN_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/make_ledger.h"

#define SECOND 1000000000ull
#define BEGIN_WALL (1700000000ull * SECOND)

static const char *directory;	/* where the ledgers go */

static inline struct made image(unsigned number, pid_t pid, pid_t ppid, const char *exe)
{
	struct made m = make_ledger(number, pid, ppid, exe);
	struct tshm_header *h = m.header;

	strcpy(h->boot_id, "00000000-0000-4000-8000-000000000000");
	h->host = make_string(&m, "golden", 6);
	h->pidns = 1;
	h->shm_dev = 1;
	h->start_mono = (100 + number) * SECOND;
	h->start_wall = BEGIN_WALL + number * SECOND;
	return m;
}

static inline uint32_t site(struct made *m, enum tshm_call call, uint64_t address, const char *module)
{
	uint32_t number = make_site(m, call, address);
	struct tshm_module *first = (void *)(m->bytes + tshm_ledger_offset(&m->header->sections[TSHM_SEC_MODULES], 1));

	if (!first->path)
		first->path = make_string(m, module, (uint32_t)strlen(module));
	return number;
}

static inline void end(struct made *m, enum tshm_ended how, int status)
{
	make_end(m, how, status);
	m->header->end_mono = m->header->start_mono + 5 * SECOND;
	m->header->end_wall = m->header->start_wall + 5 * SECOND;
}

static inline void save(struct made *m)
{
	int error = make_save(m, directory);

	if (error) {
		fprintf(stderr, "%s: %s\n", directory, strerror(-error));
		exit(99);
	}
	make_free(m);
}

#endif
