/* SPDX-License-Identifier: MIT */
/* Calls NVIDIA's own NCCL, which has a runtime in itself, and prints what each call said. */
#include <stdio.h>
#include <string.h>

/* nccl.h, as far as it is needed: it includes all of the runtime's. */
struct nccl_id {
	char internal[128];
};
int ncclGetVersion(int *version);
int ncclGetUniqueId(struct nccl_id *id);
int ncclCommInitRank(void **comm, int ranks, struct nccl_id id, int rank);
int ncclCommInitAll(void **comms, int devices, const int *list);
int ncclMemAlloc(void **out, size_t size);
const char *ncclGetErrorString(int error);
const char *ncclGetLastError(void *comm);

#define SAY(call) do { int error_ = (call); printf("%s: %d %s\n", #call, error_, ncclGetErrorString(error_)); } while (0)

int main(void)
{
	static const struct nccl_id none;
	struct nccl_id id = none;
	void *comm = NULL, *block = NULL;
	int version = -1;

	SAY(ncclGetVersion(&version));
	printf("version %d\n", version);
	SAY(ncclMemAlloc(&block, 4096));
	SAY(ncclGetUniqueId(&id));
	printf("%s\n", memcmp(&id, &none, sizeof(id)) ? "an id" : "no id");
	SAY(ncclCommInitRank(&comm, 1, id, 0));
	SAY(ncclCommInitAll(&comm, 1, NULL));
	printf("last: %s\n", ncclGetLastError(NULL));
	return fflush(stdout) != 0;
}
