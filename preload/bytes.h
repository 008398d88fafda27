/* SPDX-License-Identifier: MIT */
/* Small byte and string helpers without libc: usable in a signal handler and before libc is ready. */
#ifndef TSHM_BYTES_H
#define TSHM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t tshm_length(const char *s)
{
	return __builtin_strlen(s);	/* libc's is pure and not hooked */
}

static inline bool tshm_starts(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

static inline bool tshm_has(const char *s, const char *part)
{
	for (; *s; s++)
		if (tshm_starts(s, part))
			return true;
	return false;
}

/* Not by strcmp: the address sanitizer's begins to initialise it, wherever it is called first. */
static inline bool tshm_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Copies at most size-1 bytes and ends with NUL.  Returns the bytes copied. */
static inline size_t tshm_copy(char *to, const char *from, size_t size)
{
	size_t n = tshm_length(from);

	if (n + 1 > size)
		n = size - 1;
	__builtin_memcpy(to, from, n);
	to[n] = 0;
	return n;
}

/* Appends; `at` is the present length.  Returns the new length. */
static inline size_t tshm_append(char *to, size_t at, const char *from, size_t size)
{
	return at + tshm_copy(to + at, from, size - at);
}

static inline size_t tshm_append_number(char *to, size_t at, uint64_t n, size_t size)
{
	char digits[24];
	int i = sizeof(digits);

	digits[--i] = 0;
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	return tshm_append(to, at, digits + i, size);
}

/* 64-bit mixer (the finalizer of splitmix64): every input bit reaches every output bit. */
static inline uint64_t tshm_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	x ^= x >> 31;
	return x;
}

/* FNV-1a, by words of 8 bytes; in memory only, so byte order is of no account. */
static inline uint64_t tshm_hash_bytes(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull ^ n, word;

	for (; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
		__builtin_memcpy(&word, s, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	while (n--)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3ull;
	return tshm_mix(h);
}

#endif
