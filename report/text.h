/* SPDX-License-Identifier: MIT */
/* Text for people: what programs gave us is escaped, sizes and counts are readable. */
#ifndef TSHM_TEXT_H
#define TSHM_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * The string with control characters, bytes that are not UTF-8, and characters that
 * reorder or hide text (U+202E and its like) written as \n, \x1b, \u202e.  A backslash
 * stays as it is.  To be freed; NULL gives "".
 */
char *tshm_text_escape(const char *);
char *tshm_text_escape_n(const char *, size_t length);
/* The string as valid UTF-8 for JSON: only bytes that are not UTF-8 are replaced, by U+FFFD.  To be freed. */
char *tshm_text_utf8(const char *);

struct tshm_text { char s[32]; };

/* "512 B", "64.0 MiB" */
struct tshm_text tshm_text_size(uint64_t bytes);
/* "1 segment", "3 segments": the word for one; its plural by an s, "es" or "ies" */
struct tshm_text tshm_text_plural(uint64_t count, const char *word);
/* "1.20 s", "35 ms", "2 h 05 min" */
struct tshm_text tshm_text_duration(uint64_t ns);

/* "3 s", "25 min", "7 h", "12 d" */
struct tshm_text tshm_text_age(uint64_t ns);

/* "SIGKILL", "signal 40" */
struct tshm_text tshm_text_signal(int);
/* The string as one word of a shell command.  To be freed. */
char *tshm_text_quote(const char *);

/* The last part of a path. */
const char *tshm_text_base(const char *path);

#endif
