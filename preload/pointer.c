/* SPDX-License-Identifier: MIT */
/* Resources known by a pointer, as semaphores and CUDA's allocations are: an index without slots does. */
#include <stddef.h>

#include "bytes.h"
#include "held.h"
#include "index.h"

TSHM_INDEX(tshm_pointers, 4096);

uint64_t tshm_pointer_word(uintptr_t key)
{
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_index_next(&tshm_pointers, tshm_mix(key), &walk))) {
		struct tshm_resource *r = tshm_held(number);

		if (r->key == key && TSHM_STAMP_STATE(r->stamp) == TSHM_STATE_LIVE &&
		    tshm_kind_by(r->kind) == TSHM_BY_POINTER)
			return TSHM_SLOT_WORD(TSHM_STAMP_GENERATION(r->stamp), number);
	}
	return 0;
}

void tshm_pointer_publish(uintptr_t key, uint32_t number)
{
	tshm_held_commit(number, true);
	tshm_index_insert(&tshm_pointers, tshm_mix(key), number);
}

void tshm_pointer_release(uintptr_t key, uint64_t word)
{
	uint32_t number = TSHM_SLOT_NUMBER(word);

	/* Two may release one: who freed it, and who just got the same address. */
	if (tshm_held_of(word) && tshm_index_remove(&tshm_pointers, tshm_mix(key), number))
		tshm_held_retire(word, tshm_now_coarse());
}
