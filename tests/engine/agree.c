/* SPDX-License-Identifier: MIT */
/*
 * agree: print the open numbers.
 *
 * agree OPS FDS BLOCKS INHERITED: 16 threads open, duplicate and close descriptors, OPS calls
 * in all, many of them on numbers that another thread closed a moment before.  Then
 * the open numbers are written to FDS, the blocks of the ledger (the one file in
 * TSHM_DIR) after the first calls and at the end to BLOCKS, and the process kills
 * itself: what the ledger says now is all that anybody will know.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 16
#define OWN 8		/* descriptors a thread has at most */
#define POOL 64		/* and those that all have in common: one opens, another closes */
#define HISTORY 1200	/* memfds whose end is remembered, and some more */
#define FIRST 1000	/* calls after which no more memory may be needed */

static atomic_int pool[POOL];
static pthread_barrier_t barrier;
static long calls_each;
static volatile int phases = 2;

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static void shut(int fd)
{
	if (close(fd) != 0)
		die("close");
}

struct thread {
	unsigned long random;
	int own[OWN];
	pthread_t id;
};

static unsigned pick(struct thread *t, unsigned below)
{
	t->random = t->random * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(t->random >> 33) % below;
}

/* A descriptor that nobody else has; `from` is an open one. */
__attribute__((noinline)) static int make(unsigned how, int from)
{
	int fd;

	switch (how) {
	case 0: fd = open("/dev/null", O_RDONLY | O_CLOEXEC); break;
	case 1: fd = openat(AT_FDCWD, "/dev/zero", O_RDWR); break;
	case 2: fd = dup(from); break;
	case 3: fd = fcntl(from, F_DUPFD_CLOEXEC, 0); break;
	case 4: fd = memfd_create("agree", MFD_CLOEXEC); break;
	default: fd = fcntl(from, F_DUPFD, 3); break;
	}
	if (fd < 0)
		die("a new descriptor");
	return fd;
}

__attribute__((noinline)) static void one_call(struct thread *t)
{
	int *mine = &t->own[pick(t, OWN)];
	int *other = &t->own[pick(t, OWN)];

	switch (pick(t, 8)) {
	case 0: case 1: case 2: {	/* to the pool; what was there, any thread's, goes */
		int old = atomic_exchange(&pool[pick(t, POOL)], make(pick(t, 6), 0));

		if (old >= 0)
			shut(old);
		break;
	}
	case 3: {	/* from the pool */
		int old = atomic_exchange(&pool[pick(t, POOL)], -1);

		if (old >= 0)
			shut(old);
		break;
	}
	case 4: case 5:
		if (*mine < 0) {
			*mine = make(pick(t, 6), 0);
		} else {
			shut(*mine);
			*mine = -1;
		}
		break;
	case 6:		/* over an open one of ours */
		if (*mine >= 0 && *other >= 0 && dup2(*mine, *other) != *other)
			die("dup2");
		break;
	default:
		if (*mine >= 0 && *other >= 0 && mine != other && dup3(*mine, *other, O_CLOEXEC) != *other)
			die("dup3");
		break;
	}
}

static void *run(void *argument)
{
	struct thread *t = argument;

	/* Once as many as there will ever be at a time, and each call once. */
	for (int i = 0; i < OWN; i++)
		t->own[i] = make((unsigned)i % 6, 0);
	for (int i = 0; i < POOL / THREADS; i++) {
		int old = atomic_exchange(&pool[i * THREADS + (int)(t->random % THREADS)], make(0, 0));

		if (old >= 0)
			shut(old);
	}
	/* One loop, not unrolled, so that the second time brings no new call stacks. */
	for (int phase = 0; phase < phases; phase++) {
		long calls = phase ? calls_each : FIRST / THREADS;

		pthread_barrier_wait(&barrier);
		for (long i = 0; i < calls; i++)
			one_call(t);
		pthread_barrier_wait(&barrier);		/* main looks at the ledger */
	}
	return NULL;
}

/* Blocks of the one ledger in TSHM_DIR. */
static long long blocks(void)
{
	DIR *dir = opendir(getenv("TSHM_DIR"));
	long long sum = -1;
	struct dirent *e;
	struct stat st;

	if (!dir)
		die("TSHM_DIR");
	while ((e = readdir(dir)))
		if (strstr(e->d_name, ".tshm")) {
			if (sum >= 0 || fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
				die("not one ledger");
			sum = st.st_blocks;
		}
	closedir(dir);
	return sum;
}

#define NUMBERS 4096
static char not_ours[NUMBERS];	/* opened before main and not inherited: libunwind's own pipe */

static int is_open(int fd)
{
	char path[32], to[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, to, sizeof(to)) >= 0;
}

static void write_open_fds(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		die(path);
	for (int fd = 0; fd < NUMBERS; fd++)
		if (fd != fileno(out) && !not_ours[fd] && is_open(fd))
			fprintf(out, "%d\n", fd);
	if (fclose(out) != 0)
		die(path);
}

int main(int argc, char **argv)
{
	static struct thread threads[THREADS];
	long long seen[2];
	int inherited;
	FILE *out;

	if (argc == 1) {
		for (int fd = 0; fd < NUMBERS; fd++)
			if (is_open(fd))
				printf("%d\n", fd);
		return 0;
	}
	if (argc != 5)
		return 2;
	for (int fd = 0; fd < NUMBERS; fd++)
		not_ours[fd] = (char)is_open(fd);
	out = fopen(argv[4], "re");
	if (!out)
		die(argv[4]);
	while (fscanf(out, "%d", &inherited) == 1)
		not_ours[inherited] = 0;
	fclose(out);
	calls_each = atol(argv[1]) / THREADS;
	for (int i = 0; i < POOL; i++)
		pool[i] = -1;
	/* The history of memfds is bounded, but first it must be full. */
	for (int i = 0; i < HISTORY; i++)
		shut(memfd_create("agree", MFD_CLOEXEC));
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++) {
		threads[i].random = (unsigned long)i;
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]) != 0)
			die("pthread_create");
	}
	for (int phase = 0; phase < phases; phase++) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		seen[phase] = blocks();
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	out = fopen(argv[3], "we");
	if (!out || fprintf(out, "%lld %lld\n", seen[0], seen[1]) < 0 || fclose(out) != 0)
		die(argv[3]);
	write_open_fds(argv[2]);
	kill(getpid(), SIGKILL);
	return 98;
}
