/* SPDX-License-Identifier: MIT */
/*
 * Removing one thing, but only if nobody holds it.  /proc cannot tell that: it shows neither other users'
 * processes nor descriptors on their way through a socket, and what it tells may be over when it is read.
 */
#ifndef TSHM_REAP_H
#define TSHM_REAP_H

#include <stdint.h>
#include <sys/types.h>

enum tshm_reaped {
	TSHM_REAPED,
	TSHM_REAP_GONE,		/* it was not there any more, or the name leads to another object now */
	TSHM_REAP_HELD,		/* somebody holds it, or opened it in this moment */
	TSHM_REAP_STRANDED,	/* opened in this moment, and its name was taken: it is called result.hidden now */
	TSHM_REAP_FAILED	/* result.error, of result.call */
};

struct tshm_reaping {
	int error;
	const char *call;
	char hidden[256];
};

/*
 * The file `name` in the directory `dir`, if it is still this inode: a lease for writing, which the kernel
 * grants nobody while anyone else has the file open or mapped, and takes back when somebody opens it; then
 * a hidden name, so that nobody opens it any more; and if the lease is still there, away with it.
 * Else the name is put back before the opener's call returns.  Somebody who looks for the name in
 * between does not find it.  Takes about a millisecond.
 */
enum tshm_reaped tshm_reap_file(int dir, const char *name, uint64_t dev, uint64_t ino, struct tshm_reaping *);

/*
 * A SysV segment without attachments, if `creator` made it and it is this large.  The kernel has no call that
 * does both: who attaches between the question and the removal keeps his attachment, and until he lets go others
 * may still attach by its id, but nobody finds it by its key.
 */
enum tshm_reaped tshm_reap_sysv(int64_t id, pid_t creator, uint64_t size, struct tshm_reaping *);

/* A queue that nobody has open.  Its file system cannot rename: who opens it between lease and removal keeps it. */
enum tshm_reaped tshm_reap_queue(const char *name, uint64_t ino, struct tshm_reaping *);

#endif
