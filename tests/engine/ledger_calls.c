/* SPDX-License-Identifier: MIT */
/* ledger_calls LEDGER...: how often each call was noted, in all of them together: "NUMBER NAME", a line each. */
#include <inttypes.h>

#include "ledger_read.h"

static const struct {
	unsigned id;
	const char *name;
} calls[] = {
#define TSHM_CALL(id, name, act, kind, early) { id, #name },
#include "ledger/calls.def"
#undef TSHM_CALL
#define TSHM_CU(id, name, ask, version) { id, #name },
#define TSHM_CUDART(id, name) { id, #name },
#include "ledger/cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
};

int main(int argc, char **argv)
{
	uint64_t total[TSHM_CALL_MAX] = { 0 };

	if (argc < 2)
		return 2;
	for (int i = 1; i < argc; i++) {
		struct ledger l = ledger_open(argv[i]);

		for (unsigned id = 0; id < TSHM_CALL_MAX; id++)
			total[id] += l.header->calls[id];
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (total[calls[i].id])
			printf("%" PRIu64 " %s\n", total[calls[i].id], calls[i].name);
	return fflush(stdout) != 0;
}
