/* SPDX-License-Identifier: MIT */
/* Removing one thing, but only if nobody holds it. */
#include "reap.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "xalloc.h"

/*
 * Who found the name before it was hidden may not have come to the lease yet, if he has to wait for
 * a processor.  Sleeping gives him ours.
 */
#define PAUSE_NS 500000

static enum tshm_reaped failed(struct tshm_reaping *r, const char *call)
{
	r->error = errno;
	r->call = call;
	return errno == ENOENT ? TSHM_REAP_GONE : TSHM_REAP_FAILED;
}

/* 0: it is ours alone.  The signal that tells of an opener must not be SIGIO, which ends a program. */
static int lease(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) || fcntl(fd, F_SETLEASE, F_WRLCK))
		return -1;
	return 0;
}

/*
 * Again granted: since the first time nobody began to open it.  F_GETLEASE sees who waits for the lease, and
 * asking anew sees who has counted himself as a writer and is about to.
 */
static bool is_alone(int fd)
{
	return fcntl(fd, F_GETLEASE) == F_WRLCK && fcntl(fd, F_SETLEASE, F_WRLCK) == 0 &&
	       fcntl(fd, F_GETLEASE) == F_WRLCK;
}

static bool leads_to(int dir, const char *name, const struct stat *to)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == to->st_dev && st.st_ino == to->st_ino;
}

static enum tshm_reaped put_back(int dir, const char *name, enum tshm_reaped how, struct tshm_reaping *r)
{
	if (renameat2(dir, r->hidden, dir, name, RENAME_NOREPLACE) == 0)
		return how;
	r->error = errno;
	return TSHM_REAP_STRANDED;
}

/* All with the lease, which `fd` has. */
static enum tshm_reaped hide_and_remove(int dir, const char *name, int fd, const struct stat *st,
					struct tshm_reaping *r)
{
	const struct timespec pause = { 0, PAUSE_NS };

	/* Cut at NAME_MAX: it is for a person to read who finds it after we were killed. */
	snprintf(r->hidden, sizeof(r->hidden), ".tshm-reap-%d-%s", (int)getpid(), name);
	if (renameat2(dir, name, dir, r->hidden, RENAME_NOREPLACE))
		return failed(r, "renameat2");
	if (!leads_to(dir, r->hidden, st))	/* somebody was faster and put another there */
		return put_back(dir, name, TSHM_REAP_GONE, r);
	nanosleep(&pause, NULL);
	if (!is_alone(fd))
		return put_back(dir, name, TSHM_REAP_HELD, r);
	if (unlinkat(dir, r->hidden, 0)) {
		enum tshm_reaped how = failed(r, "unlinkat");

		return put_back(dir, name, how, r);
	}
	return TSHM_REAPED;
}

enum tshm_reaped tshm_reap_file(int dir, const char *name, uint64_t dev, uint64_t ino, struct tshm_reaping *r)
{
	TSHM_AUTO_FD int fd = -1;
	enum tshm_reaped how;
	struct stat st;
	sigset_t all, before;

	memset(r, 0, sizeof(*r));
	/* Opening a name that became a fifo or a device must neither wait nor do anything. */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return failed(r, "fstatat");
	if (!S_ISREG(st.st_mode) || st.st_dev != dev || st.st_ino != ino)
		return TSHM_REAP_GONE;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EWOULDBLOCK ? TSHM_REAP_HELD : failed(r, "openat");
	if (fstat(fd, &st))
		return failed(r, "fstat");
	if (!S_ISREG(st.st_mode) || st.st_dev != dev || st.st_ino != ino)
		return TSHM_REAP_GONE;
	if (lease(fd))
		return errno == EAGAIN ? TSHM_REAP_HELD : failed(r, "F_SETLEASE");
	/* Between the two names nobody may stop us. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	how = hide_and_remove(dir, name, fd, &st, r);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return how;	/* the lease ends with the descriptor, when the name is where it belongs */
}

enum tshm_reaped tshm_reap_sysv(int64_t id, pid_t creator, uint64_t size, struct tshm_reaping *r)
{
	struct shmid_ds d;

	memset(r, 0, sizeof(*r));
	if (shmctl((int)id, IPC_STAT, &d)) {
		if (errno == EIDRM || errno == EINVAL)
			return TSHM_REAP_GONE;
		return failed(r, "shmctl(IPC_STAT)");
	}
	if (d.shm_cpid != creator || d.shm_segsz != size)
		return TSHM_REAP_GONE;
	if (d.shm_nattch)
		return TSHM_REAP_HELD;
	if (shmctl((int)id, IPC_RMID, NULL))
		return errno == EIDRM || errno == EINVAL ? TSHM_REAP_GONE : failed(r, "shmctl(IPC_RMID)");
	return TSHM_REAPED;
}

enum tshm_reaped tshm_reap_queue(const char *name, uint64_t ino, struct tshm_reaping *r)
{
	enum tshm_reaped how = TSHM_REAPED;
	struct stat st;
	mqd_t q;

	memset(r, 0, sizeof(*r));
	q = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (q == (mqd_t)-1)
		return errno == EWOULDBLOCK ? TSHM_REAP_HELD : failed(r, "mq_open");
	if (fstat(q, &st) || st.st_ino != ino)
		how = TSHM_REAP_GONE;
	else if (lease(q))
		how = errno == EAGAIN ? TSHM_REAP_HELD : failed(r, "F_SETLEASE");
	else if (!is_alone(q))
		how = TSHM_REAP_HELD;
	else if (mq_unlink(name))
		how = failed(r, "mq_unlink");
	mq_close(q);
	return how;
}
