/* SPDX-License-Identifier: MIT */
/*
 * A small program that shares memory among three processes, some of it well:
 *   - settings in a shared mapping that its children inherit;
 *   - frames in memfds, sent to the viewer over a socket;
 * and that leaks in three ways:
 *   - the recorder's index, a named segment that nobody unlinks;
 *   - a named semaphore, opened and closed but never unlinked;
 *   - the viewer's copies of the frames' descriptors, one more for every frame.
 * Each function below does one of these things and has its name.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 12
#define FRAME_SIZE (256 * 1024)

struct settings { int width, height, frames_shown; };

/* Or the compiler would merge them into main. */
#define STEP __attribute__((noinline))

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(1);
	}
}

STEP static struct settings *share_settings(void)
{
	struct settings *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(s == MAP_FAILED, "mmap");
	s->width = 640;
	s->height = 480;
	return s;
}

STEP static int new_frame(void)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);

	check(fd < 0 || ftruncate(fd, FRAME_SIZE) != 0, "memfd_create");
	return fd;
}

STEP static void send_frame(int to, int fd)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec byte = { .iov_base = (void *)"f", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	check(sendmsg(to, &message, 0) != 1, "sendmsg");
}

STEP static int receive_frame(int from)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Leak: the mapping goes, the descriptor stays. */
STEP static void show_frame(int fd, struct settings *s)
{
	char *pixels = mmap(NULL, FRAME_SIZE, PROT_READ, MAP_SHARED, fd, 0);

	check(pixels == MAP_FAILED, "mmap");
	s->frames_shown += pixels[0] == 0;
	check(munmap(pixels, FRAME_SIZE) != 0, "munmap");
}

STEP static void view(int from, struct settings *s)
{
	int fd;

	while ((fd = receive_frame(from)) >= 0)
		show_frame(fd, s);
}

/* Leak: nobody unlinks it. */
STEP static void write_index(pid_t owner)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/camera-index-%d", (int)owner);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	check(fd < 0 || ftruncate(fd, 1 << 20) != 0, name);
	check(close(fd) != 0, "close");
}

/* Leak: closed, never unlinked. */
STEP static void announce(pid_t owner)
{
	char name[64];
	sem_t *ready;

	snprintf(name, sizeof(name), "/camera-ready-%d", (int)owner);
	ready = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	check(ready == SEM_FAILED, name);
	check(sem_post(ready) != 0 || sem_close(ready) != 0, "semaphore");
}

int main(void)
{
	struct settings *settings = share_settings();
	pid_t owner = getpid(), viewer, recorder;
	int ends[2], status;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0, "socketpair");
	viewer = fork();
	if (viewer == 0) {
		close(ends[0]);
		view(ends[1], settings);
		exit(0);
	}
	recorder = fork();
	if (recorder == 0) {
		close(ends[0]);
		close(ends[1]);
		write_index(owner);
		exit(0);
	}
	check(viewer < 0 || recorder < 0, "fork");
	close(ends[1]);
	announce(owner);
	for (int i = 0; i < FRAMES; i++) {
		int fd = new_frame();

		send_frame(ends[0], fd);
		close(fd);
	}
	close(ends[0]);
	while (wait(&status) > 0)
		check(status != 0, "a child");
	printf("camera: %d frames of %d by %d were shown\n", settings->frames_shown, settings->width, settings->height);
	return munmap(settings, sizeof(*settings)) != 0;
}
