/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

/* Without empty, . and .. parts, by the letters alone: the file may be on another machine. */
static char *normal(const char *path)
{
	TSHM_AUTO_FREE char *copy = tshm_xstrdup(path);
	char *out = tshm_xmalloc(strlen(path) + 2), *rest = copy, *part;
	bool absolute = *path == '/';
	size_t at = 0;

	out[0] = 0;
	while ((part = strsep(&rest, "/"))) {
		char *last = strrchr(out, '/');

		if (!*part || !strcmp(part, "."))
			continue;
		if (!strcmp(part, "..") && (absolute || (at && strcmp(last ? last + 1 : out, "..") != 0))) {
			at = last ? (size_t)(last - out) : 0;
			out[at] = 0;
			continue;
		}
		at += (size_t)sprintf(out + at, "%s%s", at || absolute ? "/" : "", part);
	}
	return out;
}

char *tshm_source_root(const char *folder)
{
	TSHM_AUTO_FREE char *whole = realpath(folder, NULL);

	return tshm_xasprintf("%s/", whole && strcmp(whole, "/") != 0 ? whole : whole ? "" : folder);
}

struct tshm_source tshm_source_of(const char *root, const char *file)
{
	struct tshm_source s = { 0 };
	size_t n = strlen(root);

	if (!file || !*file)
		return s;
	s.path = normal(file);
	/* A relative path is what a build with -ffile-prefix-map wrote: it is below the root already. */
	s.relative = *file != '/';
	if (!s.relative && !strncmp(s.path, root, n) && s.path[n]) {
		memmove(s.path, s.path + n, strlen(s.path + n) + 1);
		s.relative = true;
	}
	return s;
}

const struct tshm_line *tshm_source_line(const struct tshm_trace *t)
{
	for (size_t i = t->leaf; i < t->count; i++)
		if (t->lines[i].file && t->lines[i].line && tshm_trace_is_own(&t->lines[i]))
			return &t->lines[i];
	return NULL;
}

char *tshm_source_uri(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	char *out = tshm_xmalloc(3 * strlen(path) + 1), *at = out;

	for (; *path; path++)
		if (strchr(plain, *path))
			*at++ = *path;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*path);
	*at = 0;
	return out;
}
