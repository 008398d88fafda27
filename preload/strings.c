/* SPDX-License-Identifier: MIT */
#include "bytes.h"
#include "index.h"
#include "store.h"
#include "strings.h"

#define TSHM_STRING_KEEP 3000	/* longer ones lose their end: one must fit a chunk */

TSHM_INDEX(tshm_strings, 512);
static struct tshm_store *const tshm_arena = &tshm_stores[TSHM_SEC_STRINGS];

static uint32_t tshm_string_units(size_t length)
{
	return (uint32_t)((sizeof(uint32_t) + length + 1 + TSHM_STRING_UNIT - 1) / TSHM_STRING_UNIT);
}

/* `units` units in one chunk, or 0. */
static uint32_t tshm_string_room(uint32_t units)
{
	uint32_t used = atomic_load(&tshm_arena->used), at, index;

	do {
		unsigned chunk = tshm_store_chunk(TSHM_FORM_OF(tshm_arena), used, &index);
		uint32_t end = 1u << (tshm_arena->first_log2 + chunk);

		at = used + units <= end ? used : end;
		if (at + units > tshm_arena->capacity)
			return 0;
	} while (!atomic_compare_exchange_weak(&tshm_arena->used, &used, at + units));
	return at;
}

static bool tshm_string_is(uint32_t number, const char *bytes, size_t length)
{
	const char *own = tshm_store_own(tshm_arena, number);

	return own && *(const uint32_t *)own == length && !__builtin_memcmp(own + sizeof(uint32_t), bytes, length);
}

/* Copy units from the private side to the file. */
static void tshm_string_mirror(uint32_t number, uint32_t units)
{
	const uint64_t *own = tshm_store_own(tshm_arena, number);
	uint64_t *map = tshm_store_map(tshm_arena, number);

	if (!map || !own)
		return;
	tshm_store_raise(tshm_arena, number + units);
	for (uint32_t i = units; i-- > 0; )	/* the length last: it says that the bytes are there */
		map[i] = own[i];
}

static bool tshm_string_own_chunk(uint32_t number)
{
	uint32_t index;
	unsigned chunk = tshm_store_chunk(TSHM_FORM_OF(tshm_arena), number, &index);
	char *old = NULL, *mine;

	if (atomic_load(&tshm_arena->own[chunk]))
		return true;
	mine = tshm_pages((uint64_t)TSHM_STRING_UNIT << (tshm_arena->first_log2 + chunk));
	if (!mine)
		return false;
	atomic_compare_exchange_strong(&tshm_arena->own[chunk], &old, mine);	/* a loser's pages are lost: rare */
	return true;
}

uint32_t tshm_string(const char *bytes, size_t length)
{
	uint64_t hash;
	unsigned walk = 0;
	uint32_t number, units;
	char *own;

	if (length > TSHM_STRING_KEEP)
		length = TSHM_STRING_KEEP;
	if (!length)
		return 0;
	hash = tshm_hash_bytes(bytes, length);
	while ((number = tshm_index_next(&tshm_strings, hash, &walk)))
		if (tshm_string_is(number, bytes, length))
			return number;
	units = tshm_string_units(length);
	number = tshm_string_room(units);
	if (!number || !tshm_string_own_chunk(number)) {
		tshm_store_lost(tshm_arena);
		return 0;
	}
	own = tshm_store_own(tshm_arena, number);
	*(uint32_t *)own = (uint32_t)length;
	__builtin_memcpy(own + sizeof(uint32_t), bytes, length);
	own[sizeof(uint32_t) + length] = 0;
	tshm_string_mirror(number, units);
	tshm_index_insert(&tshm_strings, hash, number);
	return number;
}

void tshm_strings_forked(void)
{
	uint32_t used = atomic_load(&tshm_arena->used), first = 1, index;

	while (first < used) {		/* chunk by chunk */
		unsigned chunk = tshm_store_chunk(TSHM_FORM_OF(tshm_arena), first, &index);
		uint32_t end = 1u << (tshm_arena->first_log2 + chunk);

		tshm_string_mirror(first, (end < used ? end : used) - first);
		first = end;
	}
}
