/* SPDX-License-Identifier: MIT */
/*
 * reap_race ROUNDS [create]: --reap's engine against openers and mappers of the same name.
 *
 * In each round there is an object under the name, and the engine got as far as to hide it: a lease that is
 * refused at once is no race.  Holders open the name all the time, by descriptor or mapping, for reading or
 * writing; while one holds an object its name must lead to it.  With `create` they make the name if it is not there, so that it may be taken when an
 * object is to get it back; then a held object must have a name, the old or the hidden one.
 * Prints what happened.  1: an object was lost; 99: it could not be raced.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../report/reap.h"

enum { HOLDERS = 4 };

struct shared {
	int stop;
	unsigned long held[HOLDERS], lost[HOLDERS], absent[HOLDERS];
};

static struct shared *shared;
static char name[64];
static bool create;

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(99);
}

/* Does what we hold still have its name?  fd < 0: it is only mapped. */
static bool is_lost(int fd, const struct stat *ours)
{
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !st.st_nlink))
		return true;
	if (create)
		return false;
	return fstatat(AT_FDCWD, name, &st, 0) || st.st_ino != ours->st_ino;
}

static void spin(unsigned *seed, unsigned most)
{
	for (unsigned n = (unsigned)rand_r(seed) % most; n; n--)
		__asm__ volatile("");
}

/* Of each four: two by descriptor, two by mapping; one of each for reading only. */
static void hold_once(unsigned number, unsigned *seed)
{
	bool maps = number & 1, writes = number & 2;
	int fd = open(name, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	void *at = MAP_FAILED;
	struct stat ours;

	if (fd < 0) {
		shared->absent[number]++;
		sched_yield();
		return;
	}
	must(fstat(fd, &ours), "fstat");
	if (maps && ours.st_size) {
		at = mmap(NULL, 4096, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
		must(at == MAP_FAILED ? -1 : 0, "mmap");
		close(fd);
		fd = -1;
	}
	shared->held[number]++;
	for (unsigned looks = 0; looks < 4; looks++) {
		if (is_lost(fd, &ours)) {
			shared->lost[number]++;
			break;
		}
		spin(seed, 20000);
	}
	if (at != MAP_FAILED)
		munmap(at, 4096);
	if (fd >= 0)
		close(fd);
	/* Long enough for the engine to win at times. */
	if (rand_r(seed) % 4 == 0)
		usleep((useconds_t)rand_r(seed) % 3000);
}

static pid_t start_holder(unsigned number)
{
	pid_t pid = fork();
	unsigned seed = number + 1;

	must(pid, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED))
		hold_once(number, &seed);
	_exit(0);
}

/* The object that is there, or a new one.  False: it went in this moment. */
static bool object(struct stat *st)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0) {
		must(ftruncate(fd, 4096), "ftruncate");
		must(fstat(fd, st), "fstat");
		close(fd);
		return true;
	}
	return !stat(name, st);
}

static int tell(unsigned long rounds, const unsigned long *outcome, unsigned long put_back)
{
	unsigned long held = 0, lost = 0, absent = 0;

	for (unsigned i = 0; i < HOLDERS; i++) {
		held += shared->held[i];
		lost += shared->lost[i];
		absent += shared->absent[i];
	}
	printf("%lu races: %lu removed, %lu put back, %lu stranded; before them %lu refused, %lu gone; "
	       "held %lu times, name not there %lu times: %lu lost\n",
	       rounds, outcome[TSHM_REAPED], put_back, outcome[TSHM_REAP_STRANDED], outcome[TSHM_REAP_HELD] - put_back,
	       outcome[TSHM_REAP_GONE], held, absent, lost);
	if (lost || outcome[TSHM_REAP_FAILED])
		return 1;
	return outcome[TSHM_REAPED] && outcome[TSHM_REAP_HELD] && held ? 0 : 99;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 500, outcome[TSHM_REAP_FAILED + 1] = { 0 };
	unsigned long put_back = 0;
	unsigned seed = 0;
	pid_t holder[HOLDERS];
	int status, dir = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(dir, "/dev/shm");
	create = argc > 2 && !strcmp(argv[2], "create");
	snprintf(name, sizeof(name), "/dev/shm/tshm-test-reap_race-%d", (int)getpid());
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared == MAP_FAILED ? -1 : 0, "mmap");
	for (unsigned i = 0; i < HOLDERS; i++)
		holder[i] = start_holder(i);
	for (unsigned long raced = 0; raced < rounds;) {
		struct tshm_reaping r;
		enum tshm_reaped how;
		struct stat st;

		if (!object(&st))
			continue;
		if (rand_r(&seed) % 2)	/* let them come, or be fast */
			usleep((useconds_t)rand_r(&seed) % 400);
		else
			spin(&seed, 40000);
		how = tshm_reap_file(dir, strrchr(name, '/') + 1, st.st_dev, st.st_ino, &r);
		outcome[how]++;
		put_back += how == TSHM_REAP_HELD && r.hidden[0];
		raced += r.hidden[0] != 0;
		if (how == TSHM_REAP_FAILED) {
			fprintf(stderr, "%s: %s\n", r.call, strerror(r.error));
			break;
		}
		if (how == TSHM_REAP_STRANDED) {	/* it is held: it goes at the end */
			char kept[96];

			snprintf(kept, sizeof(kept), "%s-%lu", strrchr(name, '/') + 1, outcome[TSHM_REAP_STRANDED]);
			must(renameat(dir, r.hidden, dir, kept), "renameat");
		}
		if (how == TSHM_REAP_HELD)
			sched_yield();
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < HOLDERS; i++)
		waitpid(holder[i], &status, 0);
	unlink(name);
	for (unsigned long i = 1; i <= outcome[TSHM_REAP_STRANDED]; i++) {
		char kept[96];

		snprintf(kept, sizeof(kept), "%s-%lu", name, i);
		unlink(kept);
	}
	return tell(rounds, outcome, put_back);
}
