/* SPDX-License-Identifier: MIT */
/*
 * NCCL adds up what two processes have, each on a GPU of its own; one process where there is one GPU,
 * because NCCL refuses two on the same.  Prints what each rank came to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cuda_runtime_api.h>
#include <nccl.h>

#define COUNT ((size_t)1 << 20)
#define ROUNDS 10

#define CUDA(call) do { cudaError_t e = (call); if (e) fail(#call, (int)e, cudaGetErrorString(e)); } while (0)
#define NCCL(call) do { ncclResult_t e = (call); if (e) fail(#call, (int)e, ncclGetErrorString(e)); } while (0)

__attribute__((noreturn)) static void fail(const char *what, int error, const char *text)
{
	printf("%s: error %d, %s\n", what, error, text);
	fflush(stdout);
	_exit(1);
}

/* In a child of its own: nobody may fork after he has used CUDA. */
static int count_devices(void)
{
	pid_t child = fork();
	int status, count = 0;

	if (child == 0)
		_exit(cudaGetDeviceCount(&count) == cudaSuccess ? count : 0);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void add_up(int rank, int ranks, const int pipe_fds[2])
{
	float *host = malloc(COUNT * sizeof(*host)), *block, want = (float)ranks * (float)(ranks + 1) / 2;
	size_t wrong = 0;
	ncclUniqueId id;
	ncclComm_t comm;
	cudaStream_t stream;

	close(pipe_fds[rank == 0 ? 0 : 1]);
	if (rank == 0)
		NCCL(ncclGetUniqueId(&id));
	if (rank == 0 ? write(pipe_fds[1], &id, sizeof(id)) != sizeof(id) : read(pipe_fds[0], &id, sizeof(id)) != sizeof(id))
		fail("pipe", 0, "short");
	CUDA(cudaSetDevice(rank));
	NCCL(ncclCommInitRank(&comm, ranks, id, rank));
	CUDA(cudaStreamCreate(&stream));
	CUDA(cudaMalloc((void **)&block, COUNT * sizeof(*block)));
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < COUNT; i++)
			host[i] = (float)(rank + 1);
		CUDA(cudaMemcpy(block, host, COUNT * sizeof(*host), cudaMemcpyHostToDevice));
		NCCL(ncclAllReduce(block, block, COUNT, ncclFloat, ncclSum, comm, stream));
		CUDA(cudaStreamSynchronize(stream));
		CUDA(cudaMemcpy(host, block, COUNT * sizeof(*host), cudaMemcpyDeviceToHost));
		for (size_t i = 0; i < COUNT; i++)
			wrong += host[i] != want;
	}
	CUDA(cudaFree(block));
	CUDA(cudaStreamDestroy(stream));
	NCCL(ncclCommDestroy(comm));
	free(host);
	printf("rank %d of %d: %s\n", rank, ranks, wrong ? "wrong sums" : "right sums");
	fflush(stdout);
	exit(wrong != 0);
}

int main(void)
{
	int devices = count_devices(), ranks = devices > 1 ? 2 : 1, status, bad = 0, pipe_fds[2];

	if (devices < 1) {
		fprintf(stderr, "skipped: no GPU\n");
		return 77;
	}
	if (pipe(pipe_fds) != 0)
		return 99;
	for (int rank = 0; rank < ranks; rank++)
		if (fork() == 0)
			add_up(rank, ranks, pipe_fds);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	while (wait(&status) > 0)
		bad += status != 0;
	return bad != 0;
}
