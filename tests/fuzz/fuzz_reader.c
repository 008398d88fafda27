/* SPDX-License-Identifier: MIT */
/*
 * The reader on arbitrary bytes.  With libFuzzer: libfuzzer.sh.  Without
 * (TSHM_FUZZ_MAIN) it reads the files that it is given, and damages of each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch all that checks and outputs would: a number out of range must show here. */
static uint64_t touch(const struct tshm_image *im)
{
	uint64_t sum = strlen(im->exe) + (uint64_t)im->argc;

	for (int i = 0; i < im->argc; i++)
		sum += strlen(im->argv[i]);
	for (size_t i = 0; i < im->held_count; i++) {
		sum += im->held[i].name ? strlen(im->held[i].name) : 0;
		sum += im->held[i].r.site ? im->sites[im->held[i].r.site].depth : 0;
	}
	for (size_t i = 0; i < im->past_count; i++) {
		const struct tshm_past *p = &im->past[i];

		sum += p->name ? strlen(p->name) : 0;
		sum += p->h.site ? im->sites[p->h.site].depth : 0;
		sum += tshm_reader_past(im, p->h.link) != NULL;
	}
	for (size_t i = 0; i < im->site_count; i++)
		for (unsigned k = 0; k < im->sites[i].depth; k++) {
			const struct tshm_frame *f = &im->sites[i].frames[k];
			const char *s = f->kind == TSHM_FRAME_PYTHON ? im->string(im, f->where, NULL) :
					f->kind == TSHM_FRAME_NATIVE && f->where ? im->modules[f->where].path : NULL;

			sum += s ? strlen(s) : 0;
		}
	for (size_t i = 0; i < im->ipc_count; i++) {
		const struct tshm_ipc *r = &im->ipcs[i].r;

		sum += r->site ? im->sites[r->site].depth : 0;
		sum += r->end_site ? im->sites[r->end_site].depth : 0;
		sum += r->origin_site ? im->sites[r->origin_site].depth : 0;
	}
	for (size_t i = 0; i < im->thread_count; i++)
		sum += strlen(im->threads[i].name);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tshm_image image;
	char *problem;

	if (tshm_reader_memory(data, size, "fuzz", &image, &problem) == TSHM_READ_OK) {
		if (touch(&image) == UINT64_MAX)	/* so that it is not left out */
			abort();
		tshm_reader_close(&image);
	}
	free(problem);
	return 0;
}

static const uint64_t values[] = { 0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, ~0ull, 1ull << 62, 4096 };

#ifndef TSHM_FUZZ_MAIN
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* Half of the time a number, in its place, becomes one that is just too large or too small. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size_t words = (size < 4096 || seed & 2 ? size : 1024) / 4, at;
	uint64_t value;

	if (seed & 1 || words < 4)
		return LLVMFuzzerMutate(data, size, most);
	at = seed / 4 % (words - 1) * 4;
	if (seed % 7 == 0) {
		value = values[seed / 28 % 9];
	} else {
		memcpy(&value, data + at, 8);
		value += seed % 3 - 1ull;
		if (seed % 5 == 0)
			value ^= 1ull << seed / 64 % 64;
	}
	memcpy(data + at, &value, seed & 16 ? 8 : 4);
	return size;
}
#else
static uint64_t seed = 88172645463325252ull;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* A few bytes changed at a time, mostly where counts and sizes stand. */
static void damage(uint8_t *copy, const uint8_t *data, size_t size)
{
	for (unsigned round = 0; round < 20000; round++) {
		memcpy(copy, data, size);
		for (uint64_t n = next_random() % 4 + 1; n; n--) {
			size_t within = next_random() % 2 && size > 4096 ? 1024 : size;
			size_t at = next_random() % within;
			uint64_t value = next_random() % 3 ? values[next_random() % 9] : next_random();
			size_t bytes = (size_t)1 << next_random() % 4;

			memcpy(copy + at, &value, at + bytes <= size ? bytes : 1);
		}
		LLVMFuzzerTestOneInput(copy, next_random() % 4 ? size : next_random() % size);
	}
}

/* fuzz_reader [--once] FILE...: each file as it is, and without --once damages of it. */
int main(int argc, char **argv)
{
	int once = argc > 1 && strcmp(argv[1], "--once") == 0;

	for (int i = 1 + once; i < argc; i++) {
		FILE *f = fopen(argv[i], "rbe");
		const size_t most = 1 << 20;	/* first extents and some; ledgers are sparse and long */
		uint8_t *data = malloc(most), *copy = malloc(most);
		size_t size = f && data ? fread(data, 1, most, f) : 0;

		if (!f || !data || !copy) {
			fprintf(stderr, "fuzz_reader: cannot read %s\n", argv[i]);
			return 99;
		}
		fclose(f);
		if (size > 65536)
			size = 65536;
		LLVMFuzzerTestOneInput(data, size);
		if (size && !once)
			damage(copy, data, size);
		free(data);
		free(copy);
	}
	return 0;
}
#endif
