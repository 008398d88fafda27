/* SPDX-License-Identifier: MIT */
/*
 * Notes: (call, arguments, result) becomes a record.  The layer between the hooks
 * and the tables.  Every function returns at once if here.on is false, but those of
 * sizes, whose hooks ask; and leaves errno as the real call left it (all system calls
 * of ours are raw).
 */
#ifndef TSHM_NOTE_H
#define TSHM_NOTE_H

#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "atomic.h"
#include "held.h"
#include "here.h"
#include "name.h"
#include "path.h"
#include "image.h"
#include "transfer.h"

/* note_fd.c: descriptors.  Each gives back the result of the real call. */
TSHM_INTERNAL int tshm_note_open(struct tshm_here, int fd, enum tshm_kind, bool cloexec);
TSHM_INTERNAL void tshm_note_pair(struct tshm_here, int result, const int fds[2], enum tshm_kind, bool cloexec);
TSHM_INTERNAL int tshm_note_dup(struct tshm_here, int from, int fd, bool cloexec, bool chosen);
TSHM_INTERNAL int tshm_note_memfd(struct tshm_here, int fd, const char *name, bool cloexec);
TSHM_INTERNAL int tshm_note_pidfd(struct tshm_here, int fd, int pid);
/* SO_PEERPIDFD (Linux 6.5) makes a descriptor of the process at the other end. */
#define TSHM_SO_PEERPIDFD 77	/* asm-generic/socket.h */
TSHM_INTERNAL void tshm_note_option(struct tshm_here, int level, int option, const void *value, const socklen_t *size, int result);
TSHM_INTERNAL int tshm_note_fcntl(struct tshm_here, int fd, int command, long argument, int result);
/* A descriptor that came by a call which says little of it: asks the kernel what it is. */
TSHM_INTERNAL int tshm_note_looked_at(struct tshm_here, int fd, enum tshm_kind unless_known);
TSHM_INTERNAL void tshm_note_cloexec(int fd, bool on);
TSHM_INTERNAL void tshm_note_cloexec_range(unsigned first, unsigned last);
TSHM_INTERNAL void tshm_note_stream(int fd);
TSHM_INTERNAL void tshm_note_size(struct tshm_here, int fd, int result, int error, uint64_t size);
TSHM_INTERNAL void tshm_note_size_now(struct tshm_here, int fd, int error);	/* as the kernel tells it */
TSHM_INTERNAL void tshm_note_size_of_path(struct tshm_here, const char *path, int error, uint64_t size);
TSHM_INTERNAL void tshm_note_failed(struct tshm_here, int error);
/* A releasing call: look before, done after (word from tshm_fd_word). */
TSHM_INTERNAL void tshm_note_close(struct tshm_here, int fd, uint64_t word, int result, int error);
TSHM_INTERNAL void tshm_note_close_range(struct tshm_here, unsigned first, unsigned last, uint64_t since);
TSHM_INTERNAL uint64_t tshm_close_since(void);
TSHM_INTERNAL uint64_t tshm_close_now(void);	/* for records of descriptors made elsewhere than note_fd.c */
/* Descriptors that were open when the image began. */
TSHM_INTERNAL void tshm_note_inherited(void);
/* Identity of the object behind fd, from its record or the kernel. */
TSHM_INTERNAL bool tshm_fd_identity(int fd, uint64_t *dev, uint64_t *ino, enum tshm_kind *kind);

/* note_ioctl.c: requests that make descriptors, or change close-on-exec. */
#define TSHM_IOCTL_KEY(request) (((request) ^ (request) >> 8) & 255)
extern TSHM_INTERNAL const bool tshm_ioctl_keys[256];
static inline bool tshm_ioctl_may_concern(unsigned long request)
{
	return tshm_ioctl_keys[TSHM_IOCTL_KEY(request)];
}
TSHM_INTERNAL int tshm_note_ioctl(struct tshm_here, int fd, unsigned long request, const void *argument, int result);

/* note_file.c: opening files by name. */
struct tshm_opening {
	struct tshm_here here;
	const char *path;
	int flags;
	uint32_t site;		/* captured before the call only if a name is made */
	uint32_t name;		/* intent */
	uint64_t before;	/* the time before the call, if it may matter; else 0 */
};
TSHM_INTERNAL void tshm_opening_begin(struct tshm_opening *, struct tshm_here, const char *path, int flags);
TSHM_INTERNAL int tshm_opening_end(struct tshm_opening *, int fd);
/* mkstemp and friends: outside the shm mounts the call chooses the name; in them we do (false: not so). */
TSHM_INTERNAL bool tshm_temporary_here(struct tshm_here, char *path, int suffix, int flags, int *fd);
TSHM_INTERNAL int tshm_note_temporary(struct tshm_here, int fd, const char *path, bool cloexec);

/* note_map.c: mappings. */
TSHM_INTERNAL void tshm_note_map(struct tshm_here, void *at, size_t length, int prot, int flags, int fd,
				 uint64_t offset, uint64_t before);
/* flags: of mremap(2); fixed: where MREMAP_FIXED wants it, or NULL. */
TSHM_INTERNAL void tshm_note_remap(struct tshm_here, void *old, size_t old_length, void *at, size_t length, int flags,
				   void *fixed, uint64_t before);
TSHM_INTERNAL void tshm_note_attach(struct tshm_here, void *at, int id, int flags, uint64_t before);
/* shmat() refused this id: was it removed?  when: before the call. */
TSHM_INTERNAL void tshm_note_unattached(struct tshm_here, int id, int error, uint64_t when);
TSHM_INTERNAL void tshm_note_semaphore(struct tshm_here, void *at, uint32_t name, uint32_t site);

/* note_pass.c: ancillary data. */
#define TSHM_PASSED_KNOWN 28	/* descriptors of one message that are looked at one by one */
struct tshm_sending {
	unsigned count;		/* descriptors in the message */
	struct tshm_passed passed[TSHM_PASSED_KNOWN];
};
/* Before the call: the receiver, or another thread, may close them the moment that it is made. */
TSHM_INTERNAL void tshm_sending_look(struct tshm_sending *, const struct msghdr *);
TSHM_INTERNAL void tshm_note_sent(struct tshm_here, int socket, const struct tshm_sending *);
/* room: msg_controllen before the call; of recvmmsg, where it is not kept, after it. */
TSHM_INTERNAL void tshm_note_received(struct tshm_here, int socket, const struct msghdr *, size_t room,
				      int flags);
/* Of sendmmsg and recvmmsg; count: what they returned. */
TSHM_INTERNAL void tshm_note_sent_all(struct tshm_here, int socket, const struct mmsghdr *, int count);
TSHM_INTERNAL void tshm_note_received_all(struct tshm_here, int socket, const struct mmsghdr *, int count, int flags);
TSHM_INTERNAL void tshm_note_fetched(struct tshm_here, int pidfd, int fd);

/* note_image.c: processes. */
TSHM_INTERNAL void tshm_note_child(struct tshm_here, int pid, unsigned how, const char *program);
TSHM_INTERNAL int tshm_note_waited(struct tshm_here, int pid, int status);
TSHM_INTERNAL void tshm_note_waited_by(struct tshm_here, const siginfo_t *, int options, int result);	/* waitid(2) */
/* Before a call of exec, and after it failed. */
TSHM_INTERNAL void tshm_exec_begin(struct tshm_here, const char *program);
TSHM_INTERNAL int tshm_exec_failed(struct tshm_here, int result);
TSHM_INTERNAL void tshm_note_pidfd_spawned(struct tshm_here, int pidfd, const char *program);
/* Around a call that makes a process with these flags of clone(2); the latter gives back the result. */
TSHM_INTERNAL void tshm_cloning(struct tshm_here, uint64_t flags);
TSHM_INTERNAL long tshm_note_cloned(struct tshm_here, uint64_t flags, long result);

#endif
