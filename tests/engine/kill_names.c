/* SPDX-License-Identifier: MIT */
/*
 * kill_names COUNT TAG: COUNT children, one after another, create and remove names of
 * segments and semaphores as fast as they can, and each is killed at a random moment.
 * Every second one is a program of its own, the others are only forked; and of both every
 * second has 16 threads that do so.  All names contain TAG.  What is left is for the caller
 * to look at.
 *
 * kill_names TAG THREADS be: be such a child; says on standard output that it is about to begin.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned value;	/* of our semaphores: tells their files from others', and from those of another run */

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

#define THREADS 16

static const char *tag;

static void *make_names(void *number)
{
	unsigned first = *(unsigned *)number * 7;
	char name[128], final[128];

	for (unsigned n = 0;; n++) {
		int fd;
		sem_t *semaphore;

		snprintf(name, sizeof(name), "/%s-%d-%u", tag, (int)getpid(), first + n % 7);
		fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || close(fd) != 0 || shm_unlink(name) != 0)
			die("shm_open");
		semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
		if (semaphore == SEM_FAILED || sem_close(semaphore) != 0 || sem_unlink(name) != 0)
			die("sem_open");
		snprintf(name, sizeof(name), "/dev/shm/%s-%d-XXXXXX", tag, (int)getpid());
		fd = mkstemp(name);
		if (fd < 0 || close(fd) != 0)
			die("mkstemp");
		/* Not a new object, but a new name: a kill in the middle leaves the object under it. */
		snprintf(final, sizeof(final), "/dev/shm/%s-%d-final-%u", tag, (int)getpid(), first + n % 7);
		if (rename(name, final) != 0 || unlink(final) != 0)
			die("rename");
	}
	return NULL;
}

__attribute__((noreturn)) static void work(unsigned threads, int ready)
{
	static unsigned numbers[THREADS];
	pthread_t id;

	if (write(ready, "x", 1) != 1)
		die("write");
	for (unsigned i = 1; i < threads; i++) {
		numbers[i] = i;
		if (pthread_create(&id, NULL, make_names, &numbers[i]) != 0)
			die("pthread_create");
	}
	make_names(&numbers[0]);
	_exit(98);
}

enum whose { OTHERS, OURS, UNKNOWN };

/*
 * Our value tells (it stands first in the file, in low byte order at least).  An empty file
 * is somebody's who is just about to write it, or who never will any more.
 */
static enum whose whose(int dir, const char *name, time_t since)
{
	struct stat st;
	unsigned found = 0;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	enum whose is = OTHERS;

	if (fd < 0)
		return OTHERS;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_ctime >= since) {
		if (read(fd, &found, sizeof(found)) == 0)
			is = time(NULL) - st.st_ctime >= 2 ? OURS : UNKNOWN;
		else if (found == value)
			is = OURS;
	}
	close(fd);
	return is;
}

/*
 * sem_open() makes a file sem.XXXXXX and links it to the name that was asked for.
 * A kill in between leaves that file, which nobody could have told about before.
 * Returns how many may have to go later.
 */
static unsigned sweep(time_t since, unsigned *count)
{
	DIR *dir = opendir("/dev/shm");
	struct dirent *e;
	unsigned unknown = 0;

	if (!dir)
		die("/dev/shm");
	while ((e = readdir(dir))) {
		enum whose is = OTHERS;

		if (strlen(e->d_name) == 10 && strncmp(e->d_name, "sem.", 4) == 0)
			is = whose(dirfd(dir), e->d_name, since);
		if (is == OURS && unlinkat(dirfd(dir), e->d_name, 0) == 0)
			++*count;
		unknown += is == UNKNOWN;
	}
	closedir(dir);
	return unknown;
}

static void one(int number)
{
	unsigned threads = number % 4 < 2 ? 1 : THREADS;
	struct timespec moment = { 0, (long)(random() % (threads > 1 ? 10000000 : 3000000)) };
	char argument[16];
	int ready[2], status;
	pid_t child;
	char byte;

	if (pipe2(ready, O_CLOEXEC) != 0)
		die("pipe2");
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		if (number % 2 == 0)
			work(threads, ready[1]);
		dup2(ready[1], 1);
		snprintf(argument, sizeof(argument), "%u", threads);
		execl("/proc/self/exe", "kill_names", tag, argument, "be", (char *)NULL);
		die("execl");
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the child did not begin");
	close(ready[0]);
	nanosleep(&moment, NULL);
	kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("the child did not die of it");
}

int main(int argc, char **argv)
{
	struct timespec start;
	unsigned swept = 0;

	if (argc < 3)
		return 2;
	tag = argv[argc == 4 ? 1 : 2];
	for (const char *c = tag; *c; c++)
		value = (value * 31 + (unsigned char)*c) & 0x3fffffff;
	if (argc == 4) {
		work((unsigned)atoi(argv[2]), 1);
	}
	clock_gettime(CLOCK_REALTIME_COARSE, &start);
	srandom((unsigned)start.tv_nsec);
	for (int i = 0; i < atoi(argv[1]); i++)
		one(i);
	for (int i = 0; sweep(start.tv_sec, &swept) && i < 3; i++)
		sleep(1);
	if (swept)
		printf("sem_open() left %u files of its own\n", swept);
	return 0;
}
