/* SPDX-License-Identifier: MIT */
/* The environment of the command, and where our own files are. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

static void set(const char *name, char *value)
{
	if (setenv(name, value, 1) != 0)
		tshm_die("setenv %s: %m", name);
	free(value);
}

char *tshm_env_beside(const char *name)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	return tshm_text("%s/%s", self, name);
}

/* The first that is there: told, beside us in a build, where it was installed, moved as a whole. */
char *tshm_env_library(void)
{
	const char *told = getenv("TSHM_LIB");
	char *candidates[] = { tshm_env_beside(".libs/libtshm.so"), tshm_text(LIBDIR "/libtshm.so"),
			       tshm_env_beside("../lib/libtshm.so") };
	char *found = told && told[0] ? realpath(told, NULL) : NULL;

	if (told && told[0] && !found)
		tshm_die("TSHM_LIB %s: %m", told);
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		if (!found && candidates[i])
			found = realpath(candidates[i], NULL);
		free(candidates[i]);
	}
	if (!found)
		tshm_die("libtshm.so is not in " LIBDIR "; say where it is by TSHM_LIB");
	/* The loader splits LD_PRELOAD there, and has no way to quote. */
	if (strpbrk(found, " :"))
		tshm_die("%s: cannot be preloaded from a path with a space or colon", found);
	return found;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || strchr(" :", p[-1])) && strchr(" :", p[n]))
			return true;
	return false;
}

/*
 * A program built with the address sanitizer refuses to start when any library is
 * ahead of the sanitizer's own; and it may say so of one that is in the same list.
 */
static char *set_sanitizer(const char *command)
{
	static const char *const runtimes[] = { "libasan.so", "libclang_rt.asan", NULL };
	const char *options = getenv("ASAN_OPTIONS");
	char *runtime = tshm_needs(command, runtimes);

	if (runtime)
		set("ASAN_OPTIONS", options && options[0] ? tshm_text("%s:verify_asan_link_order=0", options) :
							    tshm_text("verify_asan_link_order=0"));
	return runtime;
}

void tshm_env_set(const struct tshm_job *job, const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char *sanitizer = set_sanitizer(job->command[0]), *list;

	if (!before || !before[0])
		list = tshm_text("%s", library);
	else if (has_word(before, library))	/* one tshm-run under another */
		list = tshm_text("%s", before);
	else
		list = tshm_text("%s:%s", library, before);
	if (sanitizer && !has_word(list, sanitizer)) {
		char *longer = tshm_text("%s:%s", sanitizer, list);

		free(list);
		list = longer;
	}
	free(sanitizer);
	set("LD_PRELOAD", list);
	set("TSHM_DIR", tshm_text("%s", job->dir));
	set("TSHM_BOOT", tshm_text("%s:%llu", job->boot_id, (unsigned long long)job->pidns));
}
