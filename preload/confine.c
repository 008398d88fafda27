/* SPDX-License-Identifier: MIT */
/*
 * A filter may kill for every call that the program does not make itself, and nobody can
 * ask which.  So all that we ask the kernel ends here (sys.h): no identities any more, no
 * new memory, no ledgers of children.  What stands goes on: descriptors, mappings and call
 * stacks are noted as before, in memory that is made ready now.
 */
#include "confine.h"
#include "store.h"
#include "sys.h"

void tshm_confine(void)
{
	tshm_tid();
	tshm_stores_prepare();
	__atomic_fetch_add(&tshm_confined, 1, __ATOMIC_RELAXED);
	tshm_header->flags |= TSHM_HF_CONFINED;
}

void tshm_confine_withdraw(void)
{
	if (__atomic_sub_fetch(&tshm_confined, 1, __ATOMIC_RELAXED) == 0)
		tshm_header->flags &= ~TSHM_HF_CONFINED;
}
