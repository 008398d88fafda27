/* SPDX-License-Identifier: MIT */
/* Whose a name looks like. */
#include "naming.h"

#include <stdlib.h>
#include <string.h>

#define PID_MOST 4194304	/* PID_MAX_LIMIT: a greater number is none of a process */
#define PID_DIGITS 7

static const struct tshm_naming namings[] = {
#define TSHM_NAMING(pattern, owner, text) { pattern, owner, text },
#include "names.def"
#undef TSHM_NAMING
};

const struct tshm_naming *tshm_namings(size_t *count)
{
	*count = sizeof(namings) / sizeof(namings[0]);
	return namings;
}

/* The whole run of digits is the number, or it is none: a part of one would be somebody else's pid. */
static size_t digits_at(char what, const char *text, pid_t *pid)
{
	size_t n = strspn(text, what == 'h' ? "0123456789abcdefABCDEF" : "0123456789");
	long number;

	if (what != 'p')
		return n;
	if (!n || n > PID_DIGITS || text[0] == '0')
		return 0;
	number = strtol(text, NULL, 10);
	if (number > PID_MOST)
		return 0;
	*pid = (pid_t)number;
	return n;
}

/* One star is tried again at a later place if the rest does not fit: no recursion, whatever the name is. */
bool tshm_naming_fits(const char *pattern, const char *text, pid_t *pid)
{
	const char *star = NULL, *star_text = NULL;
	pid_t found = 0;

	while (*text || *pattern) {
		size_t n = 0;

		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
			continue;
		}
		if (*pattern == '%' && pattern[1]) {
			n = digits_at(pattern[1], text, &found);
			pattern += n ? 2 : 0;
		} else if (*text && *pattern == *text) {
			n = 1;
			pattern++;
		}
		text += n;
		if (n)
			continue;
		if (!star || !*star_text)
			return false;
		pattern = star;
		text = ++star_text;
	}
	*pid = found;
	return true;
}

const struct tshm_naming *tshm_naming_of(const char *base, pid_t *pid)
{
	*pid = 0;
	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++)
		if (tshm_naming_fits(namings[i].pattern, base, pid))
			return &namings[i];
	*pid = 0;
	return NULL;
}
