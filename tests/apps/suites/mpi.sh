#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: Open MPI's shared memory: 4 ranks, a ring, reductions, large messages, a shared window
# packages: openmpi-bin libopenmpi-dev gcc
# part: all 5 120 ci

. "$(dirname "$0")/../suite.sh"
need mpicc mpirun

cat >prog.c <<'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;

static long ring(int rounds)
{
	long token = 0;

	for (int i = 0; i < rounds; i++) {
		if (rank == 0) {
			token++;
			MPI_Send(&token, 1, MPI_LONG, 1 % size, 0, MPI_COMM_WORLD);
			MPI_Recv(&token, 1, MPI_LONG, size - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		} else {
			MPI_Recv(&token, 1, MPI_LONG, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			token += rank;
			MPI_Send(&token, 1, MPI_LONG, (rank + 1) % size, 0, MPI_COMM_WORLD);
		}
	}
	return token;
}

static long allreduce(int count)
{
	long *in = malloc(count * sizeof *in), *out = malloc(count * sizeof *out), sum = 0;

	for (int i = 0; i < count; i++)
		in[i] = (long)i * (rank + 1);
	MPI_Allreduce(in, out, count, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
	for (int i = 0; i < count; i++)
		sum += out[i];
	free(in);
	free(out);
	return sum;
}

/* Beyond what fits into the queues of the shared segment. */
static long large(int bytes)
{
	char *data = malloc(bytes);
	long sum = 0;

	memset(data, rank, bytes);
	MPI_Sendrecv_replace(data, bytes, MPI_CHAR, rank ^ 1, 0, rank ^ 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	for (int i = 0; i < bytes; i++)
		sum += data[i];
	free(data);
	MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
	return sum;
}

static long window(void)
{
	long *mine, *first, sum = 0;
	MPI_Aint bytes;
	MPI_Win win;
	MPI_Comm node;
	int unit;

	MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
	MPI_Win_allocate_shared(4096, 1, MPI_INFO_NULL, node, &mine, &win);
	MPI_Win_fence(0, win);
	mine[0] = 100 + rank;
	MPI_Win_fence(0, win);
	for (int i = 0; i < size; i++) {
		MPI_Win_shared_query(win, i, &bytes, &unit, &first);
		sum += first[0];
	}
	MPI_Win_fence(0, win);
	MPI_Win_free(&win);
	MPI_Comm_free(&node);
	return sum;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long value;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	value = !strcmp(what, "ring") ? ring(2000) : !strcmp(what, "allreduce") ? allreduce(100000) :
		!strcmp(what, "large") ? large(8 << 20) : window();
	printf("%s: rank %d of %d: %ld\n", what, rank, size, value);
	if (!strcmp(what, "abort") && rank == 2)
		MPI_Abort(MPI_COMM_WORLD, 5);
	MPI_Finalize();
	return 0;
}
END
ranks() {
	mpirun --allow-run-as-root --oversubscribe --mca btl self,vader --mca plm isolated --mca mpi_yield_when_idle 1 -n 4 ./prog "$1" >ranks.out
	local status=$?
	sort ranks.out
	return $status
}
aborted() { ranks abort >/dev/null; echo $?; }

check compile mpicc -O2 -Wall -o prog prog.c
for test in ring allreduce large window; do
	check "$test" ranks "$test"
done
check abort aborted
