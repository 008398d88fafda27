/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals, and functions of libc that move descriptors to 0, 1, 2 without a call that we see. */
#include <errno.h>

#include "hook.h"
#include "sys.h"

TSHM_HOOK(int, posix_openpt, (int flags))
{
	struct tshm_here here = TSHM_HERE(posix_openpt);

	return tshm_note_open(here, TSHM_REAL(posix_openpt)(flags), TSHM_KIND_DEVICE, flags & O_CLOEXEC);
}

TSHM_HOOK(int, getpt, (void))
{
	struct tshm_here here = TSHM_HERE(getpt);

	return tshm_note_open(here, TSHM_REAL(getpt)(), TSHM_KIND_DEVICE, false);
}

TSHM_HOOK(int, openpty, (int *master, int *slave, char *name, const struct termios *mode, const struct winsize *size))
{
	struct tshm_here here = TSHM_HERE(openpty);
	int result = TSHM_REAL(openpty)(master, slave, name, mode, size), fds[2] = { -1, -1 };

	if (result == 0) {
		fds[0] = *master;
		fds[1] = *slave;
	}
	tshm_note_pair(here, result, fds, TSHM_KIND_DEVICE, false);
	return result;
}

/* Something new stands behind 0, 1 and 2. */
static void tshm_note_standard(struct tshm_here here)
{
	for (int fd = 0; here.on && fd <= 2; fd++)
		tshm_note_open(here, fd, TSHM_KIND_DEVICE, false);
}

TSHM_HOOK(int, forkpty, (int *master, char *name, const struct termios *mode, const struct winsize *size))
{
	struct tshm_here here = TSHM_HERE(forkpty);
	int pid = TSHM_REAL(forkpty)(master, name, mode, size);

	if (pid == 0) {
		here.on = tshm_on();
		tshm_note_standard(here);
	} else if (pid > 0) {
		tshm_note_child(here, pid, TSHM_CHILD_FORK, NULL);
		tshm_note_open(here, *master, TSHM_KIND_DEVICE, false);
	}
	return pid;
}

TSHM_HOOK(int, login_tty, (int fd))
{
	struct tshm_here here = TSHM_HERE(login_tty);
	uint64_t word = tshm_fd_word(fd);
	int result = TSHM_REAL(login_tty)(fd);

	if (result != 0)
		return result;
	for (int i = 0; i <= 2; i++)
		tshm_note_dup(here, fd, i, false, true);
	if (fd > 2)
		tshm_note_close(here, fd, word, 0, 0);
	return result;
}

/* The parent leaves inside of the call; so its end is noted before, and taken back if it did not come to that. */
TSHM_HOOK(int, daemon, (int keep_directory, int keep_open))
{
	struct tshm_here here = TSHM_HERE(daemon);
	int result;

	if (here.on)
		tshm_image_end(TSHM_ENDED_EXIT, 0, NULL);
	result = TSHM_REAL(daemon)(keep_directory, keep_open);
	if (here.on && result != 0)
		tshm_image_end_withdraw();
	if (here.on && result == 0 && !keep_open)
		tshm_note_standard(here);
	return result;
}
