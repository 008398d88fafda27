/* SPDX-License-Identifier: MIT */
/*
 * same TAG: some forty calls that succeed and fail, one line each: what they return and
 * errno.  Bare and preloaded the lines must be the same: descriptors get the same
 * numbers, and a call that succeeds leaves errno alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int base;	/* the lowest free number: a stack unwinder may have taken some for itself */

static void say(const char *what, long result, int error)
{
	printf("%s = %ld errno %s\n", what, result, error == 4242 ? "untouched" : strerror(error));
}

/* An integer; a descriptor, as a distance; a pointer, as whether it is the one that means failure. */
#define INT(call) do { errno = 4242; long r_ = (long)(call); say(#call, r_, errno); } while (0)
#define FD(to, call) do { errno = 4242; to = (call); say(#call, to >= 0 ? to - base : to, errno); } while (0)
#define POINTER(to, call, bad) do { errno = 4242; to = (call); int e_ = errno; say(#call, to == (bad), e_); } while (0)

static void descriptors(void)
{
	int a, b, pair[2];

	FD(a, open("/nowhere/at/all", O_RDONLY));
	FD(a, openat(-1, "relative", O_RDONLY));
	FD(a, open("/dev/null", O_RDONLY | O_CLOEXEC));
	FD(b, open("/etc/passwd/x", O_RDONLY));
	FD(b, creat("/", 0600));
	FD(b, dup(a));
	INT(close(b));
	INT(close(b));
	INT(close(-1));
	INT(close(99999));
	INT(dup(-1));
	INT(dup2(50, 50));
	FD(b, dup2(a, a));
	INT(dup2(-1, a));
	INT(dup2(a, -1));
	INT(dup2(a, 60));
	INT(dup3(60, 60, 0));
	INT(dup3(60, 61, 12345));
	INT(dup3(60, 61, O_CLOEXEC));
	INT(fcntl(61, F_GETFD));
	INT(fcntl(61, F_SETFD, 0));
	INT(fcntl(99, F_DUPFD, 0));
	INT(fcntl(61, F_DUPFD, -5));
	INT(fcntl(61, F_DUPFD_CLOEXEC, 70));
	INT(pipe2(pair, O_CLOEXEC | 4));
	INT(pipe2(pair, O_CLOEXEC));
	printf("%d %d\n", pair[0] - base, pair[1] - base);
	INT(socketpair(AF_UNIX, 77, 0, pair));
	FD(b, socket(1234, SOCK_STREAM, 0));
	FD(b, accept(a, NULL, NULL));
	FD(b, eventfd(0, EFD_CLOEXEC));
	FD(b, epoll_create1(12345));
	INT(close_range(60, 59, 0));
	INT(close_range(60, 80, 0));
	INT(close_range(60, 80, 0));
	INT(syscall(SYS_close, 99));
	INT(syscall(SYS_close, a));
}

static void memory(const char *name)
{
	int fd;
	char *at;
	void *gone;

	FD(fd, shm_open("/tshm-test-missing", O_RDWR, 0));
	FD(fd, shm_open("/a/b", O_RDWR | O_CREAT, 0600));
	FD(fd, shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	INT(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	INT(ftruncate(fd, 8192));
	POINTER(gone, mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	POINTER(gone, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 123), MAP_FAILED);
	POINTER(gone, mmap(NULL, 4096, PROT_READ, MAP_SHARED, -1, 0), MAP_FAILED);
	POINTER(gone, mmap(NULL, SIZE_MAX / 2, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	POINTER(at, mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	INT(munmap(at + 1, 4096));
	INT(munmap(at, 0));
	INT(munmap(at + 4096, 4096));
	POINTER(gone, mremap(at, 4096, 0, 0), MAP_FAILED);
	POINTER(gone, mremap(at, 4096, 4096, 12345), MAP_FAILED);
	INT(munmap(at, 4096));
	INT(shm_unlink(name));
	INT(shm_unlink(name));
	INT(close(fd));
	INT(memfd_create("x", 0xffffu) < 0);
	INT(shmget(0x7e57, 1, 0));
	POINTER(gone, shmat(-1, NULL, 0), (void *)-1);
	INT(shmdt(&base));
	INT(shmctl(-1, IPC_RMID, NULL));
}

static void named(const char *name)
{
	char template[] = "/nowhere/at/all/XXXXXX", wrong[] = "/tmp/no-x";
	sem_t *semaphore, *again;

	POINTER(semaphore, sem_open("/tshm-test-missing", 0), SEM_FAILED);
	POINTER(semaphore, sem_open("/a/b", O_CREAT, 0600, 0), SEM_FAILED);
	POINTER(semaphore, sem_open(name, O_CREAT | O_EXCL, 0600, 3), SEM_FAILED);
	POINTER(again, sem_open(name, O_CREAT | O_EXCL, 0600, 3), SEM_FAILED);
	POINTER(again, sem_open(name, 0), SEM_FAILED);
	printf("the same address: %d\n", again == semaphore);
	INT(sem_close(again));
	INT(sem_close(semaphore));
	INT(sem_unlink(name));
	INT(sem_unlink(name));
	INT(mq_open("no-slash", O_RDWR));
	INT(mq_close(-1));
	INT(mkstemp(template));
	INT(mkstemp(wrong));
	INT(rename("/dev/shm/tshm-test-missing", "/dev/shm/tshm-test-missing-too"));
	INT(link("/dev/shm/tshm-test-missing", "/dev/shm/tshm-test-missing-too"));
	INT(unlink("/dev/shm/tshm-test-missing"));
	INT(unlinkat(-1, "relative", 0));
}

static void streams(void)
{
	FILE *file;
	DIR *dir;

	POINTER(file, fopen("/nowhere/at/all", "r"), NULL);
	POINTER(file, fopen("/etc/passwd", "nonsense"), NULL);
	POINTER(file, fdopen(-1, "r"), NULL);
	POINTER(file, fopen("/dev/null", "r"), NULL);
	printf("it has %d\n", fileno(file) - base);
	INT(fclose(file));
	POINTER(dir, opendir("/etc/passwd"), NULL);
	POINTER(dir, fdopendir(-1), NULL);
	POINTER(dir, opendir("/"), NULL);
	printf("it has %d\n", dirfd(dir) - base);
	INT(closedir(dir));
}

static void messages_and_processes(void)
{
	struct msghdr message = { .msg_iov = NULL };
	char missing[] = "/nowhere/at/all", option[] = "-x";
	char *argv[] = { missing, option, NULL }, *empty[] = { NULL };
	pid_t pid;
	int status = 0;

	INT(sendmsg(-1, &message, 0));
	INT(sendmsg(0, &message, 0));
	INT(recvmsg(-1, &message, 0));
	INT(waitpid(-1, &status, 0));
	INT(wait(&status));
	INT(waitpid(1, &status, 12345));
	INT(execv(missing, argv));
	INT(execve("/", argv, empty));
	INT(execlp("tshm-test-missing", "x", (char *)NULL));
	INT(posix_spawn(&pid, missing, NULL, NULL, argv, empty));
	pid = fork();
	if (pid == 0) {
		execv(missing, argv);
		_exit(errno == ENOENT ? 7 : 8);
	}
	INT(waitpid(pid, &status, 0) == pid);
	printf("status %d\n", WEXITSTATUS(status));
	pid = vfork();
	if (pid == 0) {
		execv(missing, argv);
		_exit(9);
	}
	INT(waitpid(pid, &status, 0) == pid);
	printf("status %d\n", WEXITSTATUS(status));
	INT(system("exit 5"));
}

int main(int argc, char **argv)
{
	char name[64];
	int last;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	base = dup(0);
	close(base);
	snprintf(name, sizeof(name), "/%s", argv[1]);
	descriptors();
	memory(name);
	named(name);
	streams();
	messages_and_processes();
	FD(last, dup(0));
	if (getenv("SAME_NUMBERS"))
		printf("numbers begin with %d\n", base);
	return 0;
}
