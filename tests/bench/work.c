/* SPDX-License-Identifier: MIT */
/*
 * work NAME [COUNT]: one kind of work, COUNT times in a round, from 16 frames deep.
 * Prints the nanoseconds of one operation, in the best round and in the median one;
 * exits with 77 where it cannot be done, and says why.  work --list: the names.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15
#define DEEP 16		/* frames that a capture takes by default */
#define PAGE 4096

extern char **environ;
static int memfd, sockets[2];

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void nothing(void) { }

static void prepare(void)
{
	memfd = memfd_create("tshm-bench", MFD_CLOEXEC);
	must(memfd, "memfd_create");
	must(ftruncate(memfd, PAGE), "ftruncate");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
}

static void *map(int flags, int fd)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		must(-1, "mmap");
	return at;
}

static void open_close(void)
{
	int fd = open("/dev/null", O_RDONLY);

	must(fd, "open");
	close(fd);
}

static void dup_close(void)
{
	close(dup(0));
}

static void map_shared(void)
{
	munmap(map(MAP_SHARED, memfd), PAGE);
}

static void map_private(void)
{
	munmap(map(MAP_PRIVATE | MAP_ANONYMOUS, -1), PAGE);
}

/* A page at a time with a gap between, or the kernel would join them. */
static void prepare_10000(void)
{
	char *at;

	prepare();
	at = mmap(NULL, 20000ul * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		must(-1, "mmap");
	for (unsigned i = 0; i < 20000; i += 2)
		if (mmap(at + (size_t)i * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, memfd, 0) == MAP_FAILED)
			must(-1, "mmap");
}

static int exchange(int fd)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		h = CMSG_FIRSTHDR(&message);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	must((int)sendmsg(sockets[0], &message, 0), "sendmsg");
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	must((int)recvmsg(sockets[1], &message, 0), "recvmsg");
	h = CMSG_FIRSTHDR(&message);
	if (h)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

static void send_fd(void)
{
	close(exchange(0));
}

static void message(void)
{
	exchange(-1);
}

static void shm_cycle(void)
{
	static char name[40];
	void *at;
	int fd;

	if (!name[0])
		snprintf(name, sizeof(name), "/tshm-bench-%d", (int)getpid());
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	must(fd, "shm_open");
	must(ftruncate(fd, PAGE), "ftruncate");
	at = map(MAP_SHARED, fd);
	munmap(at, PAGE);
	close(fd);
	shm_unlink(name);
}

static void fork_wait(void)
{
	pid_t pid = fork();

	must(pid, "fork");
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void prepare_1000(void)
{
	struct rlimit limit;

	prepare();
	must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 1000; i++)
		must(dup(memfd), "dup");
}

/* TSHM_BENCH_PRELOAD is for the child alone: this program's own cost is none of its start. */
static void start(void)
{
	const char *preload = getenv("TSHM_BENCH_PRELOAD");
	char *argv[] = { (char *)"true", NULL };
	pid_t pid;

	if (preload) {
		setenv("LD_PRELOAD", preload, 1);
		unsetenv("TSHM_BENCH_PRELOAD");
	}
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) != 0)
		must(-1, "posix_spawn /bin/true");
	waitpid(pid, NULL, 0);
}

/* ---- exceptions: a module in C++, as in tests/scenarios/stack_exceptions.c ---- */

static int (*throw_through)(int depth, int source);

static void prepare_exceptions(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	void *module;

	must((int)n, "readlink");
	path[n] = 0;
	snprintf(strrchr(path, '/'), 64, "/../scenarios/.libs/module_throw.so");
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	throw_through = module ? (int (*)(int, int))dlsym(module, "throw_through") : NULL;
	if (!throw_through) {
		fprintf(stderr, "the module in C++ is not built\n");
		exit(77);
	}
}

static void exceptions(void)
{
	throw_through(10, -1);
}

/* A hundred: one is shorter than what the clock tells well. */
static void look_up(void)
{
	for (int i = 0; i < 100; i++)
		if (!dlsym(RTLD_DEFAULT, "getppid"))
			must(-1, "dlsym");
}

/* ---- threads: COUNT pairs each ---- */

static int thread_count, thread_pairs;

static void *thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < thread_pairs; i++)
		close(dup(0));
	return NULL;
}

static void threads(void)
{
	pthread_t id[64];

	for (int i = 0; i < thread_count; i++)
		if (pthread_create(&id[i], NULL, thread, NULL) != 0)
			must(-1, "pthread_create");
	for (int i = 0; i < thread_count; i++)
		pthread_join(id[i], NULL);
}

/* ---- the table ---- */

static const struct work {
	const char *name;
	void (*once)(void), (*before)(void);
	int count;
	int threads;
} works[] = {
	{ "open-close", open_close, nothing, 20000, 0 },
	{ "dup-close", dup_close, nothing, 50000, 0 },
	{ "map-shared", map_shared, prepare, 10000, 0 },
	{ "map-shared-10000", map_shared, prepare_10000, 10000, 0 },
	{ "map-private", map_private, nothing, 10000, 0 },
	{ "send-fd", send_fd, prepare, 10000, 0 },
	{ "message", message, prepare, 10000, 0 },
	{ "shm-cycle", shm_cycle, nothing, 2000, 0 },
	{ "fork", fork_wait, nothing, 150, 0 },
	{ "fork-1000", fork_wait, prepare_1000, 100, 0 },
	{ "start", start, nothing, 40, 0 },
	{ "exceptions", exceptions, prepare_exceptions, 4000, 0 },
	{ "dlsym", look_up, nothing, 1000, 0 },
	{ "threads-1", threads, nothing, 20000, 1 },
	{ "threads-2", threads, nothing, 20000, 2 },
	{ "threads-4", threads, nothing, 10000, 4 },
	{ "threads-8", threads, nothing, 5000, 8 },
	{ "threads-16", threads, nothing, 2500, 16 },
	/* For what is left afterwards, not for the time. */
	{ "nothing", nothing, nothing, 1, 0 },
	{ "live-1000", nothing, prepare_1000, 1, 0 },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static __attribute__((noinline)) double round_of(const struct work *w, int count)
{
	double began = now();

	if (w->threads) {
		thread_count = w->threads;
		thread_pairs = count;
		w->once();
		return (now() - began) / count / w->threads;
	}
	for (int i = 0; i < count; i++)
		w->once();
	return (now() - began) / count;
}

/* Volatile: the compiler shall keep every frame. */
static __attribute__((noinline)) double deep(const struct work *w, int count, volatile int frames)
{
	double took = frames ? deep(w, count, frames - 1) : round_of(w, count);

	__asm__ volatile("");
	return took;
}

int main(int argc, char **argv)
{
	double took[ROUNDS];

	for (unsigned i = 0; argc > 1 && i < sizeof(works) / sizeof(works[0]); i++) {
		const struct work *w = &works[i];
		int count = argc > 2 ? atoi(argv[2]) : w->count;
		int rounds = argc > 2 ? 1 : ROUNDS;

		if (!strcmp(argv[1], "--list")) {
			puts(w->name);
			continue;
		}
		if (strcmp(argv[1], w->name) != 0)
			continue;
		w->before();
		for (int r = 0; r < rounds; r++)
			took[r] = deep(w, count, DEEP);
		qsort(took, (size_t)rounds, sizeof(took[0]), by_value);
		printf("%.1f %.1f\n", took[0], took[rounds / 2]);
		return 0;
	}
	return argc > 1 && !strcmp(argv[1], "--list") ? 0 : (fprintf(stderr, "usage: work NAME [COUNT] | --list\n"), 2);
}
