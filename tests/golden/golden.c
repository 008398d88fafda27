/* SPDX-License-Identifier: MIT */
/*
 * golden STEM DIR: write the ledgers of the run that tests/golden/STEM tells of.  They are of
 * another boot, so that the kernel here is not asked, and all their times and pids are fixed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/make_ledger.h"

#define SECOND 1000000000ull
#define BEGIN_WALL (1700000000ull * SECOND)

static const char *directory;

static struct made image(unsigned number, pid_t pid, pid_t ppid, const char *exe)
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

static uint32_t site(struct made *m, enum tshm_call call, uint64_t address, const char *module)
{
	uint32_t number = make_site(m, call, address);
	struct tshm_module *first = (void *)(m->bytes + tshm_ledger_offset(&m->header->sections[TSHM_SEC_MODULES], 1));

	if (!first->path)
		first->path = make_string(m, module, (uint32_t)strlen(module));
	return number;
}

static void end(struct made *m, enum tshm_ended how, int status)
{
	make_end(m, how, status);
	m->header->end_mono = m->header->start_mono + 5 * SECOND;
	m->header->end_wall = m->header->start_wall + 5 * SECOND;
}

static void save(struct made *m)
{
	int error = make_save(m, directory);

	if (error) {
		fprintf(stderr, "%s: %s\n", directory, strerror(-error));
		exit(99);
	}
	make_free(m);
}

static struct tshm_resource *memfd(struct made *m, uint64_t fd, uint64_t inode, uint32_t number)
{
	struct tshm_resource *r = make_resource(m, TSHM_KIND_MEMFD, fd, number);

	r->origin = TSHM_ORIGIN_CREATED;
	r->flags = TSHM_RF_IDENT;
	r->dev = 1;
	r->ino = inode;
	r->size = 4096;
	return r;
}

/* One program that ended with descriptors, mappings, and a limit behind it. */
static void make_held(void)
{
	struct made m = image(1, 1000, 1, "/opt/golden/holder");
	uint32_t leak = site(&m, TSHM_CALL_memfd_create, 0x1234, "/opt/golden/holder");
	uint32_t maps = site(&m, TSHM_CALL_mmap, 0x2345, "/opt/golden/holder");
	uint32_t few = site(&m, TSHM_CALL_open, 0x3456, "/opt/golden/holder");
	struct tshm_site *s;

	for (unsigned i = 0; i < 8; i++) {
		struct tshm_resource *r;

		memfd(&m, 10 + i, 500 + i, leak);
		r = make_resource(&m, TSHM_KIND_MAPPING, 0x7f0000000000 + i * 8192, maps);
		r->origin = TSHM_ORIGIN_CREATED;
		r->length = 8192;
		r->flags = TSHM_RF_IDENT;
		r->dev = 1;
		r->ino = 500 + i;
		r->extra = TSHM_KIND_MEMFD;
	}
	make_resource(&m, TSHM_KIND_FILE, 30, few);
	s = (void *)(m.bytes + tshm_ledger_offset(&m.header->sections[TSHM_SEC_SITES], few));
	s->failed[TSHM_FAIL_DESCRIPTORS] = 3;
	s->last_errno = EMFILE;
	end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
}

/* A process that was killed, one that executed another, one that nobody saw. */
static void make_processes(void)
{
	struct made parent = image(1, 2000, 1, "/opt/golden/parent");
	struct made killed = image(2, 2001, 2000, "/opt/golden/parent");
	struct made next = image(3, 2002, 2000, "/opt/golden/other");
	struct tshm_child *c;
	uint32_t number;

	killed.header->began = TSHM_BEGAN_FORK;
	memcpy(killed.header->parent_token, parent.header->token, 32);
	memcpy(next.header->parent_token, parent.header->token, 32);
	for (int i = 0; i < 3; i++) {
		c = make_child(&parent, 2001 + i, TSHM_CHILD_FORK, i == 0 ? 9 : i == 1 ? 3 << 8 : 0);
		c->begin_mono = (102 + (uint64_t)i) * SECOND;
		c->end_mono = c->begin_mono + SECOND / 2;
	}
	number = site(&killed, TSHM_CALL_memfd_create, 0x99, "/opt/golden/parent");
	for (unsigned i = 0; i < 7; i++)
		memfd(&killed, 5 + i, 900 + i, number);
	end(&parent, TSHM_ENDED_EXIT, 0);
	end(&next, TSHM_ENDED_EXIT, 3);
	save(&parent);
	save(&killed);
	save(&next);
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		directory = argv[2];
		if (!strcmp(argv[1], "held"))
			return make_held(), 0;
		if (!strcmp(argv[1], "processes"))
			return make_processes(), 0;
	}
	fprintf(stderr, "usage: golden held|processes DIR\n");
	return 2;
}
