/* SPDX-License-Identifier: MIT */
/*
 * cuGetProcAddress: the newest ABI of a function that is not newer than the version asked for.  What was
 * asked for is written, a line each, into the file that TSHM_FAKE_CUDA_REQUESTS names, if it does.
 */
#include "driver.h"

static const struct entry {
	const char *name;
	int since, per_thread;
	void (*function)(void);
} entries[] = {
#define FAKE_ENTRY(name, since, per_thread, symbol) { #name, since, per_thread, (void (*)(void))symbol },
#include "entries.def"
#undef FAKE_ENTRY
};

/* *status says why there is none. */
static const struct entry *find(const char *name, int version, int per_thread, int *status)
{
	const struct entry *best = NULL;

	*status = CUDA_PROC_NO_SYMBOL;
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		const struct entry *e = &entries[i];

		if (strcmp(e->name, name) != 0 || (e->per_thread && !per_thread))
			continue;
		if (e->since <= version)
			best = e;
		else if (*status == CUDA_PROC_NO_SYMBOL)
			*status = CUDA_PROC_OLD_VERSION;
	}
	if (best)
		*status = CUDA_PROC_FOUND;
	return best;
}

static void log_request(const char *name, int version, uint64_t flags)
{
	const char *path = getenv("TSHM_FAKE_CUDA_REQUESTS");
	char line[128];
	int length;

	if (!path)
		return;
	length = snprintf(line, sizeof(line), "%s %d %u\n", name ? name : "NULL", version, (unsigned)flags);
	fake_append(path, line, length < (int)sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

/* Nothing needs to be initialised for it.  The name "" is not known, as all the names that are not here. */
static int look_up(const char *name, void **function, int version, uint64_t flags, int *status)
{
	const struct entry *e;

	log_request(name, version, flags);
	if (!name || !function || flags > CUDA_PROC_PER_THREAD_STREAM || version > FAKE_VERSION)
		return CUDA_INVALID_VALUE;
	e = find(name, version, flags == CUDA_PROC_PER_THREAD_STREAM, status);
	*function = e ? (void *)e->function : NULL;
	return e ? CUDA_OK : CUDA_NOT_FOUND;
}

int cuGetProcAddress(const char *name, void **function, int version, uint64_t flags)
{
	int ignored;

	return look_up(name, function, version, flags, &ignored);
}

int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status)
{
	int ignored;

	return look_up(name, function, version, flags, status ? status : &ignored);
}
