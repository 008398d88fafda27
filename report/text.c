/* SPDX-License-Identifier: MIT */
/* Text for people. */
#include "text.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

/* The length of the valid UTF-8 character at s, its code point in *code; 0 if it is none. */
static unsigned utf8_next(const unsigned char *s, size_t left, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		     (s[0] & 0xf8) == 0xf0 ? 4 : 0;

	if (!n || n > left)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

/* Characters that a terminal does not show as themselves: controls, what reorders or hides text, what is none. */
static bool is_hidden(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code & 0xfffe) == 0xfffe || (code >= 0xe0000 && code <= 0xe0fff);
}

static size_t escape_one(char *out, uint32_t code)
{
	static const char named[] = "abtnvfr";	/* 7 to 13 */

	if (code >= 7 && code <= 13)
		return (size_t)sprintf(out, "\\%c", named[code - 7]);
	if (code < 0x100)
		return (size_t)sprintf(out, "\\x%02x", (unsigned)code);
	if (code < 0x10000)
		return (size_t)sprintf(out, "\\u%04x", (unsigned)code);
	return (size_t)sprintf(out, "\\U%08x", (unsigned)code);
}

char *tshm_text_escape_n(const char *string, size_t length)
{
	const unsigned char *s = (const unsigned char *)string;
	char *out = tshm_xmalloc(length * 4 + 1);	/* the worst: one byte becomes \xNN */
	size_t at = 0;

	for (size_t i = 0; i < length;) {
		uint32_t code;
		unsigned n = utf8_next(s + i, length - i, &code);

		if (!n) {
			at += escape_one(out + at, s[i]);
			n = 1;
		} else if (is_hidden(code)) {
			at += escape_one(out + at, code);
		} else {
			memcpy(out + at, s + i, n);
			at += n;
		}
		i += n;
	}
	out[at] = 0;
	return out;
}

char *tshm_text_escape(const char *s)
{
	return tshm_text_escape_n(s ? s : "", s ? strlen(s) : 0);
}

char *tshm_text_utf8(const char *string)
{
	const unsigned char *s = (const unsigned char *)(string ? string : "");
	size_t length = strlen((const char *)s), at = 0;
	char *out = tshm_xmalloc(length * 3 + 1);

	for (size_t i = 0; i < length;) {
		uint32_t code;
		unsigned n = utf8_next(s + i, length - i, &code);

		memcpy(out + at, n ? (const char *)s + i : "\xef\xbf\xbd", n ? n : 3);
		at += n ? n : 3;
		i += n ? n : 1;
	}
	out[at] = 0;
	return out;
}

struct tshm_text tshm_text_size(uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct tshm_text t;
	double value = (double)bytes / 1024;
	unsigned u = 0;

	if (bytes < 1024) {
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " B", bytes);
		return t;
	}
	while (value >= 1023.95 && u < 5) {
		value /= 1024;
		u++;
	}
	snprintf(t.s, sizeof(t.s), "%.1f %s", value, units[u]);
	return t;
}

struct tshm_text tshm_text_plural(uint64_t count, const char *word)
{
	struct tshm_text t;
	size_t n = strlen(word);
	char last = n ? word[n - 1] : 0;

	if (count == 1)
		snprintf(t.s, sizeof(t.s), "1 %s", word);
	else if (last == 'y')
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " %.*sies", count, (int)(n - 1), word);
	else
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " %s%s", count, word, last == 's' || last == 'x' ? "es" : "s");
	return t;
}

struct tshm_text tshm_text_duration(uint64_t ns)
{
	struct tshm_text t;
	uint64_t minutes = ns / 60000000000u;

	if (ns < 1000000000u)
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " ms", ns / 1000000);
	else if (!minutes)
		snprintf(t.s, sizeof(t.s), "%.2f s", (double)ns / 1e9);
	else if (minutes < 60)
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " min %02" PRIu64 " s", minutes, ns / 1000000000u % 60);
	else
		snprintf(t.s, sizeof(t.s), "%" PRIu64 " h %02" PRIu64 " min", minutes / 60, minutes % 60);
	return t;
}

struct tshm_text tshm_text_age(uint64_t ns)
{
	static const struct { uint64_t seconds, most; const char *unit; } steps[] = {
		{ 1, 120, "s" }, { 60, 120, "min" }, { 3600, 72, "h" }, { 86400, UINT64_MAX, "d" },
	};
	struct tshm_text t;
	unsigned i = 0;

	while (ns / 1000000000u / steps[i].seconds >= steps[i].most)
		i++;
	snprintf(t.s, sizeof(t.s), "%" PRIu64 " %s", ns / 1000000000u / steps[i].seconds, steps[i].unit);
	return t;
}

struct tshm_text tshm_text_signal(int number)
{
	static const struct { int number; const char *name; } names[] = {
		{ SIGHUP, "SIGHUP" }, { SIGINT, "SIGINT" }, { SIGQUIT, "SIGQUIT" }, { SIGILL, "SIGILL" },
		{ SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" },
		{ SIGKILL, "SIGKILL" }, { SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" }, { SIGUSR2, "SIGUSR2" },
		{ SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" }, { SIGXCPU, "SIGXCPU" },
		{ SIGXFSZ, "SIGXFSZ" }, { SIGSYS, "SIGSYS" },
	};
	struct tshm_text t;

	snprintf(t.s, sizeof(t.s), "signal %d", number);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			snprintf(t.s, sizeof(t.s), "%s", names[i].name);
	return t;
}

/* $'...' of bash, zsh and ksh: what no terminal should see is written so that it may be typed. */
static char *quote_hidden(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t length = strlen(string);
	char *out = tshm_xmalloc(length * 4 + 4), *at = out;

	at += sprintf(at, "$'");
	for (size_t i = 0; i < length;) {
		uint32_t code;
		unsigned n = utf8_next(s + i, length - i, &code);
		bool hidden = !n || is_hidden(code);

		for (unsigned k = 0; k < (n ? n : 1); k++, i++)
			if (hidden && s[i] >= 7 && s[i] <= 13)
				at += escape_one(at, s[i]);
			else if (hidden)
				at += sprintf(at, "\\%03o", s[i]);
			else
				at += sprintf(at, s[i] == '\'' || s[i] == '\\' ? "\\%c" : "%c", s[i]);
	}
	sprintf(at, "'");
	return out;
}

char *tshm_text_quote(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
	TSHM_AUTO_FREE char *escaped = tshm_text_escape(s);
	char *out, *at;

	if (s[0] && s[0] != '-' && strspn(s, plain) == strlen(s))
		return tshm_xstrdup(s);
	if (strcmp(escaped, s) != 0)
		return quote_hidden(s);
	at = out = tshm_xmalloc(strlen(s) * 4 + 3);
	*at++ = '\'';
	for (; *s; s++) {
		if (*s == '\'')
			at += sprintf(at, "'\\''");
		else
			*at++ = *s;
	}
	*at++ = '\'';
	*at = 0;
	return out;
}

const char *tshm_text_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
