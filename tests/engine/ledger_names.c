/* SPDX-License-Identifier: MIT */
/* ledger_names LEDGER...: the names of segments and semaphores that ledgers call live, one a line. */
#include "ledger_read.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct ledger l = ledger_open(argv[i]);
		const struct tshm_history *h;

		for (uint32_t n = 1; (h = ledger_record(&l, TSHM_SEC_HISTORY, n)); n++)
			if (TSHM_STAMP_STATE(h->stamp) == TSHM_STATE_LIVE && h->type == TSHM_HIST_NAME &&
			    (h->space == TSHM_SPACE_SHM || h->space == TSHM_SPACE_SEM))
				printf("%.*s\n", TSHM_NAME_MAX, h->name);
		munmap((void *)(uintptr_t)l.bytes, l.size);
	}
	return fflush(stdout) != 0;
}
