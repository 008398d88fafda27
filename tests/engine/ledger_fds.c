/* SPDX-License-Identifier: MIT */
/*
 * ledger_fds LEDGER: the descriptors that a ledger calls live, one a line.
 * Complains about a number that is there twice, and about what was lost.
 */
#include "ledger_read.h"

int main(int argc, char **argv)
{
	struct ledger l;
	const struct tshm_resource *r;
	static unsigned char seen[1 << 20];
	int bad = 0;

	if (argc != 2)
		return 2;
	l = ledger_open(argv[1]);
	for (uint32_t n = 1; (r = ledger_record(&l, TSHM_SEC_RESOURCES, n)); n++) {
		if (TSHM_STAMP_STATE(r->stamp) == TSHM_STATE_BUSY)
			fprintf(stderr, "record %u is half written\n", n);
		if (TSHM_STAMP_STATE(r->stamp) != TSHM_STATE_LIVE || tshm_kind_by(r->kind) != TSHM_BY_DESCRIPTOR ||
		    r->key >= sizeof(seen))
			continue;
		if (seen[r->key]++) {
			fprintf(stderr, "descriptor %u is there twice\n", (unsigned)r->key);
			bad = 1;
		}
		printf("%u\n", (unsigned)r->key);
	}
	if (l.header->sections[TSHM_SEC_RESOURCES].lost) {
		fprintf(stderr, "%llu resources were lost\n",
			(unsigned long long)l.header->sections[TSHM_SEC_RESOURCES].lost);
		bad = 1;
	}
	return bad || fflush(stdout) != 0;
}
