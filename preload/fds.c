/* SPDX-License-Identifier: MIT */
/* Descriptors: number to record.  The first 4,096 numbers need no memory that could be missing. */
#include "atomic.h"
#include "held.h"

static tshm_slot tshm_fd_first[TSHM_SLOT_FAN];
static struct tshm_slot_node tshm_fd_node = { .leaf = { tshm_fd_first } };
struct tshm_slots tshm_fds = { .root = { &tshm_fd_node } };

void tshm_fd_publish(int fd, uint32_t number)
{
	tshm_slot *slot = fd >= 0 ? tshm_slot_make(&tshm_fds, (uint64_t)fd) : NULL;
	struct tshm_resource *r = tshm_held(number);
	uint64_t word, old, now = r->acquired_mono;	/* once it is there another thread may close it */

	TSHM_PUT(r->key, (uint64_t)fd);
	if (!slot) {
		tshm_resource_drop(number);
		tshm_store_lost(&tshm_stores[TSHM_SEC_RESOURCES]);
		return;
	}
	word = tshm_held_commit(number, true);
	/* Unconditional: whatever stood here was closed without our seeing it. */
	old = tshm_atomic_swap(slot, word);
	if (old)
		tshm_held_retire(old, now);
}

void tshm_fd_release(int fd, uint64_t word, uint64_t now)
{
	tshm_slot *slot = tshm_slot_find(&tshm_fds, (uint64_t)fd);

	if (word && slot && tshm_atomic_swap_if(slot, &word, 0))
		tshm_held_retire(word, now);
}
