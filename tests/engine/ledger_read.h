/* SPDX-License-Identifier: MIT */
/* A ledger read whole, for the engine tests: much smaller than report/reader.c and with no care for damage. */
#ifndef TSHM_TEST_LEDGER_READ_H
#define TSHM_TEST_LEDGER_READ_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger.h"

struct ledger {
	const char *bytes;
	uint64_t size;
	const struct tshm_header *header;
};

static inline struct ledger ledger_open(const char *path)
{
	struct ledger l = { NULL, 0, NULL };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		perror(path);
		exit(2);
	}
	l.size = (uint64_t)st.st_size;
	l.bytes = l.size < TSHM_HEADER_EXTENT ? MAP_FAILED : mmap(NULL, l.size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (l.bytes == MAP_FAILED || memcmp(l.bytes, TSHM_LEDGER_MAGIC, 8) != 0) {
		fprintf(stderr, "%s is no ledger\n", path);
		exit(2);
	}
	l.header = (const void *)l.bytes;
	if (l.header->version != TSHM_LEDGER_VERSION || l.header->section_count != TSHM_SEC_COUNT) {
		fprintf(stderr, "%s has another version\n", path);
		exit(2);
	}
	return l;
}

/* Record `number` of a section, or NULL at its end. */
static inline const void *ledger_record(const struct ledger *l, enum tshm_section_id id, uint32_t number)
{
	const struct tshm_section *s = &l->header->sections[id];
	uint64_t at;

	if (number >= s->used || number >= s->capacity)
		return NULL;
	at = tshm_ledger_offset(s, number);
	return at + s->record_size <= l->size ? l->bytes + at : NULL;
}

#endif
