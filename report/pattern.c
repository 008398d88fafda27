/* SPDX-License-Identifier: MIT */
/*
 * Names without what is different in each run.  Too much rather than too little becomes *: functions
 * tell findings apart as well, but what is left and changes makes a known finding a new one.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "text.h"
#include "xalloc.h"

/* Library functions that make names of a fixed word and 8 random characters, often without a digit. */
static const char *const makers[] = { "psm_", "wnsm_", "mp-", "pymp-", "tmp" };	/* all Python's */
#define MAKER_RANDOM 8u

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* How long is the name that such a function made, from its start?  0: it did not. */
static size_t of_maker(const char *s, size_t *word)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		size_t n = strlen(makers[i]), k = 0;

		if (strncmp(s, makers[i], n) != 0)
			continue;
		while (isalnum((unsigned char)s[n + k]) || s[n + k] == '_')
			k++;
		if (k != MAKER_RANDOM)
			continue;
		*word = n;
		return n + k;
	}
	return 0;
}

static bool is_uuid(const char *s)
{
	static const unsigned groups[] = { 8, 4, 4, 4, 12 };

	for (unsigned i = 0; i < 5; i++) {
		for (unsigned k = 0; k < groups[i]; k++)
			if (!isxdigit((unsigned char)*s++))
				return false;
		if (i < 4 && *s++ != '-')
			return false;
	}
	return !is_word(*s);
}

/* What of a word stays: all of it, "frame" of "frame12", or nothing of "x7k2f9". */
static size_t stays(const char *s, size_t n)
{
	size_t digits = 0, last = n;

	for (size_t i = 0; i < n; i++)
		digits += isdigit((unsigned char)s[i]) != 0;
	if (!digits)
		return n >= 8 && is_hex(s, n) ? 0 : n;
	while (last && isdigit((unsigned char)s[last - 1]))
		last--;
	if (n >= 4 && is_hex(s, n))
		return 0;
	return n - last == digits ? last : 0;	/* digits elsewhere, too: no number, but random */
}

/* One * for a row of them: a name with more numbers is the same name. */
static size_t star(char *out, size_t at)
{
	if (at && out[at - 1] == '*')
		return at;
	if (at > 1 && strchr("-_.:", out[at - 1]) && out[at - 2] == '*')
		return at - 1;
	out[at] = '*';
	return at + 1;
}

char *tshm_name_pattern(const char *name)
{
	TSHM_AUTO_FREE char *escaped = tshm_text_escape(tshm_text_base(name));
	const char *s = escaped;
	char *out = tshm_xmalloc(strlen(s) + 2);
	size_t at = 0, word = 0, made;

	if (!strncmp(s, "sem.", 4)) {
		memcpy(out, s, 4);
		at = 4;
		s += 4;
	}
	made = of_maker(s, &word);
	if (made) {
		memcpy(out + at, s, word);
		at = star(out, at + word);
		s += made;
	}
	while (*s) {
		size_t n = 0, keep;

		if (!is_word(*s)) {
			out[at++] = *s++;
			continue;
		}
		if (is_uuid(s)) {
			at = star(out, at);
			s += 36;
			continue;
		}
		while (is_word(s[n]))
			n++;
		keep = stays(s, n);
		memcpy(out + at, s, keep);
		at += keep;
		if (keep < n)
			at = star(out, at);
		s += n;
	}
	out[at] = 0;
	return out;
}

/* Rust ends names with "::h" and 16 hex digits of a hash of the whole program. */
static bool is_rust_hash(const char *s, size_t n)
{
	return n > 19 && !strncmp(s + n - 19, "::h", 3) && is_hex(s + n - 16, 16);
}

char *tshm_function_plain(const char *function)
{
	static const char *const added[] = { " [clone ", ".isra.", ".constprop.", ".part.", ".cold", ".lto_priv.",
					     ".llvm.", ".localalias" };
	char *name = tshm_text_escape(function);
	size_t n;

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		char *at = strstr(name, added[i]);

		if (at && at > name)
			*at = 0;
	}
	n = strlen(name);
	if (is_rust_hash(name, n))
		name[n - 19] = 0;
	return name;
}
