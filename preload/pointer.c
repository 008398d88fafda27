/* SPDX-License-Identifier: MIT */
/* Resources known by a pointer, as semaphores and CUDA's allocations are: an index without slots does. */
#include <stddef.h>

#include "atomic.h"
#include "bytes.h"
#include "held.h"
#include "index.h"

TSHM_INDEX(tshm_pointers, 4096);

uint64_t tshm_pointer_word(uintptr_t key)
{
	unsigned walk = 0;
	uint32_t number;

	while ((number = tshm_index_next(&tshm_pointers, tshm_mix(key), &walk))) {
		const struct tshm_resource *r = tshm_held(number);
		uint64_t stamp = atomic_load_explicit((const _Atomic uint64_t *)&r->stamp, memory_order_acquire);
		uint64_t word = TSHM_SLOT_WORD(TSHM_STAMP_GENERATION(stamp), number);
		bool found = TSHM_GET(r->key) == key && tshm_kind_by(TSHM_GET(r->kind)) == TSHM_BY_POINTER;

		atomic_thread_fence(memory_order_acquire);
		if (found && tshm_held_of(word))	/* it may be another's already */
			return word;
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
	uint64_t stamp = TSHM_STAMP((uint32_t)(word >> 32), TSHM_STATE_LIVE);

	/* Two may release one: who freed it, and who just got the same address.  One takes it. */
	if (!word || !atomic_compare_exchange_strong((_Atomic uint64_t *)&tshm_held(number)->stamp, &stamp,
						     TSHM_STAMP((uint32_t)(word >> 32), TSHM_STATE_BUSY)))
		return;
	tshm_index_remove(&tshm_pointers, tshm_mix(key), number);
	tshm_held_retire(word, tshm_now_coarse());
}
