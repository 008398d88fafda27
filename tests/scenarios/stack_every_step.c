/* SPDX-License-Identifier: MIT */
/*
 * The trap flag makes every instruction raise SIGTRAP, and the handler acquires and
 * releases: so hooks are entered from every instruction of every hook, of the stack
 * walker, and of libc around them, where stack_any_moment has but samples.  Once with
 * whole stacks, and with one after another of all hooked functions that a handler may call
 * (signal-safety(7)): nothing may fault, and errno stays the interrupted code's.  Once with
 * stacks of the caller alone, so that all is of one place: each descriptor that the
 * handler got and each that it closed must have been counted, whatever numbers the
 * interrupted code was just about to note or to forget.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "module.h"

#if defined(__x86_64__)

#define KEPT 8

static struct { unsigned long steps, acquired, released; } counts;
static int source, kept[KEPT];
static bool whole;

/* With CFI, or a stack taken from within would be taken wrongly. */
__asm__(
	".macro trap_flag name, change\n"
	".type \\name, @function\n"
	"\\name:\n"
	"	.cfi_startproc\n"
	"	pushfq\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	\\change, (%rsp)\n"
	"	popfq\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size \\name, . - \\name\n"
	".endm\n"
	".text\n"
	"trap_flag trap_on, \"orq $0x100\"\n"
	"trap_flag trap_off, \"andq $~0x100\"\n");
void trap_on(void);
void trap_off(void);

static void drop(int *fd)
{
	if (*fd < 0)
		return;
	must(close(*fd), "close in the handler");
	counts.released++;
	*fd = -1;
}

/* ---- what a handler may call, one at a step ---- */

static int sockets[2], at_file;

static char one[64], two[64];	/* names */
static pid_t whose;

/* Not in a child, which is in the middle of fork() while its parent is, too: both had the same names. */
static void call_names(void)
{
	int fd;

	if (getpid() != whose)
		return;
	fd = open(one, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd, "open in the handler");
	must(ftruncate(fd, 4096), "ftruncate");
	must(close(fd), "close");
	must(rename(one, two), "rename");
	must(link(two, one), "link");
	must(unlink(one), "unlink");
	must(unlinkat(AT_FDCWD, two, 0), "unlinkat");
}

static void call_message(void)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&message);
	int fd = source;

	*h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	must((int)sendmsg(sockets[0], &message, 0), "sendmsg in the handler");
	must((int)recvmsg(sockets[1], &message, MSG_CMSG_CLOEXEC), "recvmsg in the handler");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	must(close(fd), "close");
}

static void call_pairs(void)
{
	int pair[2];

	must(pipe(pair), "pipe in the handler");
	must(dup2(pair[0], pair[1]), "dup2");
	must(fcntl(pair[0], F_SETFD, FD_CLOEXEC), "fcntl");
	must(close(pair[0]), "close");
	must(close(pair[1]), "close");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair in the handler");
	must(close(pair[0]), "close");
	must(close(pair[1]), "close");
}

static void call_maps(void)
{
	char *at = mmap(NULL, 16384, PROT_READ, MAP_SHARED, at_file, 0);

	if (at == MAP_FAILED)
		die("mmap in the handler");
	must(munmap(at + 4096, 4096), "munmap");
	must(munmap(at, 16384), "munmap");
}

static void call_fork(void)
{
	pid_t pid = _Fork();

	if (pid == 0)
		_exit(0);
	must_wait(pid);
	pid = _Fork();
	if (pid == 0) {
		execl("/nowhere/at/all", "nowhere", (char *)NULL);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	must_wait(pid);
}

static void call_one(unsigned long step)
{
	static void (*const calls[])(void) = { call_pairs, call_names, call_maps, call_message };
	static bool within;

	if (within)	/* it is not interrupted itself, but a child begins in the middle */
		return;
	within = true;
	if (step % 16 == 0)
		calls[step / 16 % 4]();
	if (step % 4096 == 0)
		call_fork();
	within = false;
}

/* Closed before another is got, its number may be the one that the interrupted code just closed; and after. */
static void on_step(int signal)
{
	unsigned long step = counts.steps++;
	int saved = errno, *slot = &kept[step % KEPT], before = step % 3 ? -1 : *slot;

	(void)signal;
	if (step % 3)
		drop(slot);
	*slot = whole ? eventfd(0, EFD_CLOEXEC) : dup(source);
	must(*slot, "acquire in the handler");
	counts.acquired++;
	drop(&before);
	if (whole)
		call_one(step);
	errno = saved;
}

static void work_files(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), other;
	DIR *folder = opendir("/dev");
	FILE *stream;

	other = openat(dirfd(folder), "null", O_RDONLY | O_CLOEXEC);
	must(other, "openat");
	must(dup2(fd, other), "dup2");
	must(dup3(fd, other, O_CLOEXEC), "dup3");
	must(close(fcntl(fd, F_DUPFD_CLOEXEC, 0)), "fcntl");
	must((int)syscall(SYS_close, other), "syscall");
	must(close(fd), "close");
	must(closedir(folder), "closedir");
	stream = fopen("/dev/null", "re");
	if (!stream || fclose(stream) != 0)
		die("fopen");
}

static void work_memory(void)
{
	int fd = make_memfd(), id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	char *at = map_shared(fd, SCENARIO_SIZE);
	void *segment;

	at = mremap(at, SCENARIO_SIZE, SCENARIO_SIZE / 2, 0);
	must(munmap(at + 4096, 4096), "munmap");
	must(munmap(at, SCENARIO_SIZE / 2), "munmap");
	must(close(fd), "close");
	must(id, "shmget");
	segment = shmat(id, NULL, 0);
	must(shmctl(id, IPC_RMID, NULL), "shmctl");
	must(shmdt(segment), "shmdt");
}

static void work_names(void)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tshm-test-stack_every_step-%d", (int)getpid());
	fd = make_segment(name);
	must(close(fd), "close");
	must(shm_unlink(name), "shm_unlink");
}

static void work_messages(void)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&message);
	int ends[2], fd = make_memfd();

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
	*h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	must((int)sendmsg(ends[0], &message, 0), "sendmsg");
	must(close(fd), "close");
	must((int)recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	must(close(fd), "close");
	must(close(ends[0]), "close");
	must(close(ends[1]), "close");
}

/*
 * The child begins in the middle of fork, with what was kept; it ends with nothing.
 * Until its ledger is made, nothing of it is noted.
 */
static void work_fork(void)
{
	pid_t pid;

	trap_on();
	pid = must_fork();
	trap_off();
	if (pid == 0) {
		for (int i = 0; i < KEPT; i++)
			drop(&kept[i]);
		_exit(0);
	}
	must_wait(pid);
}

static void under_traps(void)
{
	static void (*const works[])(void) = { work_files, work_messages, work_memory, work_names };
	struct sigaction action = { .sa_handler = on_step };
	unsigned count = whole ? 4 : 2;		/* a trap may take 20 us */

	for (int i = 0; i < KEPT; i++)
		kept[i] = -1;
	must(sigaction(SIGTRAP, &action, NULL), "sigaction");
	for (unsigned i = 0; i < count; i++) {
		errno = ENOTNAM;
		trap_on();
		works[i]();
		trap_off();
		if (errno != ENOTNAM)
			die("errno was changed by work %u", i);
	}
	if (whole)
		work_fork();
	printf("# %lu steps\n", counts.steps);
	for (int i = 0; whole && i < KEPT; i++)
		drop(&kept[i]);
}

/* Execute this program again.  Stacks that begin at every instruction are 60 MB of report: not into ours. */
static void again(const char *name, const char *way)
{
	const char *ledgers = getenv("TSHM_DIR");
	char apart[PATH_MAX];

	if (strcmp(way, "counted") == 0) {
		setenv("TSHM_OPTIONS", "depth=1", 1);
	} else if (ledgers) {
		snprintf(apart, sizeof(apart), "%s/apart", ledgers);
		must(mkdir(apart, 0700), "mkdir");
		setenv("TSHM_DIR", apart, 1);
	}
	execl("/proc/self/exe", name, way, (char *)NULL);
	die("execl");
}

int main(int argc, char **argv)
{
	pid_t pid;

	need_stacks();
	if (argc == 1) {
		scenario_begin();
		pid = must_fork();
		if (pid == 0)
			again(argv[0], "whole");
		must_wait(pid);
		again(argv[0], "counted");
	}
	whole = strcmp(argv[1], "whole") == 0;
	source = make_memfd();
	at_file = make_memfd();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), "socketpair");
	whose = getpid();
	snprintf(one, sizeof(one), "/dev/shm/tshm-test-stack_every_step-%d-one", (int)getpid());
	snprintf(two, sizeof(two), "/dev/shm/tshm-test-stack_every_step-%d-two", (int)getpid());
	under_traps();
	must(close(source), "close");
	must(close(at_file), "close");
	must(close(sockets[0]), "close");
	must(close(sockets[1]), "close");
	if (!whole) {
		printf("EXPECT fd-leaked %d descriptors\n", KEPT);
		printf("EXPECT-TOTAL dup %lu %lu\n", counts.acquired, counts.released);
	}
	return 0;
}

#else

int main(void)
{
	skip("for x86-64");
}

#endif
