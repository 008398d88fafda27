/* SPDX-License-Identifier: MIT */
/*
 * seed LEDGER...: a small ledger with the same records beside each, LEDGER.seed: every section
 * ends where its records do, so that a fuzzer's bytes are not spent on what is empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../engine/ledger_read.h"

#define MOST 48		/* records of a section: more of them are more of the same */

static void write_seed(const char *path)
{
	struct ledger l = ledger_open(path);
	struct tshm_header h = *l.header;
	uint64_t at = TSHM_HEADER_EXTENT;
	char name[4096];
	FILE *out;

	snprintf(name, sizeof(name), "%s.seed", path);
	out = fopen(name, "wbe");
	if (!out)
		exit(99);
	for (unsigned id = 0; id < TSHM_SEC_COUNT; id++) {
		struct tshm_section *s = &h.sections[id];
		uint32_t most = id == TSHM_SEC_STRINGS ? s->used : MOST;

		s->used = s->used < most ? s->used : most;
		fseek(out, (long)at, SEEK_SET);
		for (uint32_t n = 0; n < s->used; n++) {
			uint64_t from = tshm_ledger_offset(&l.header->sections[id], n);

			fwrite(l.bytes + from, 1, from + s->record_size <= l.size ? s->record_size : 0, out);
		}
		s->first_count = s->capacity = s->used;
		s->first_offset = at;
		at += (uint64_t)s->used * s->record_size;
		s->rest_offset = at;
	}
	fseek(out, 0, SEEK_SET);
	fwrite(&h, sizeof(h), 1, out);
	if (ferror(out) || fclose(out) != 0)
		exit(99);
	munmap((void *)(uintptr_t)l.bytes, l.size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		write_seed(argv[i]);
	return 0;
}
