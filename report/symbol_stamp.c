/* SPDX-License-Identifier: MIT */
/*
 * Where no line was found, one may be tomorrow: when debugging information was
 * installed.  The places where elfutils looks for it are few, and asked by stat(2).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "symbol_cache.h"
#include "text.h"

#define DEBUG "/usr/lib/debug"
#define ASK_AGAIN 3600	/* seconds after which a server may have what it had not */

uint64_t tshm_cache_sum(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	if (!sum)
		sum = 0xcbf29ce484222325u;
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ p[i]) * 0x100000001b3u;
	return sum;
}

static uint64_t add_file(uint64_t sum, const char *path)
{
	struct stat st;
	uint64_t facts[5] = { 0 };

	if (stat(path, &st) == 0) {
		facts[0] = 1;
		facts[1] = (uint64_t)st.st_ino;
		facts[2] = (uint64_t)st.st_size;
		facts[3] = (uint64_t)st.st_mtim.tv_sec;
		facts[4] = (uint64_t)st.st_mtim.tv_nsec;
	}
	return tshm_cache_sum(sum, facts, sizeof(facts));
}

static uint64_t add_candidate(uint64_t sum, const char *a, size_t length, const char *b, const char *name)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("%s%.*s%s/%s", b[0] == '/' ? b : "", (int)length, a,
						   b[0] == '/' ? "" : b, name);

	return add_file(sum, path);
}

uint64_t tshm_cache_stamp(const char *path, const char *build_id, const char *debug_link)
{
	const char *base = tshm_text_base(path), *servers = getenv("DEBUGINFOD_URLS");
	size_t directory = (size_t)(base - path);
	TSHM_AUTO_FREE char *usual = tshm_xasprintf("%s.debug", base);
	TSHM_AUTO_FREE char *by_id = NULL;
	const char *name = debug_link && *debug_link && !strchr(debug_link, '/') ? debug_link : usual;
	uint64_t sum = add_file(0, path);

	if (strlen(build_id) > 2) {
		by_id = tshm_xasprintf(DEBUG "/.build-id/%.2s/%s.debug", build_id, build_id + 2);
		sum = add_file(sum, by_id);
	}
	sum = add_candidate(sum, path, directory, "", name);
	sum = add_candidate(sum, path, directory, ".debug", name);
	sum = add_candidate(sum, path, directory, DEBUG, name);
	if (servers && *servers) {
		int64_t when = (int64_t)time(NULL) / ASK_AGAIN;

		sum = tshm_cache_sum(sum, servers, strlen(servers));
		sum = tshm_cache_sum(sum, &when, sizeof(when));
	}
	return sum;
}
