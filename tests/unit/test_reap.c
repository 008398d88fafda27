/* SPDX-License-Identifier: MIT */
/* The engine of --reap: what somebody holds stays, whatever way he holds it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../report/reap.h"

#define MOUNT "/dev/shm"

static char base[256], path[300];
static int dir;

static struct stat make(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return st;
}

static enum tshm_reaped reap(const struct stat *st)
{
	struct tshm_reaping r;

	return tshm_reap_file(dir, base, st->st_dev, st->st_ino, &r);
}

static bool is_there(const struct stat *st)
{
	struct stat now;

	return !lstat(path, &now) && now.st_ino == st->st_ino;
}

static int set_up(void **state)
{
	(void)state;
	dir = open(MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(base, sizeof(base), "tshm-test-reap-%d", (int)getpid());
	snprintf(path, sizeof(path), MOUNT "/%s", base);
	return dir < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return close(dir);
}

/* It goes when nobody holds it; then nothing is there any more. */
static void test_goes(void **state)
{
	struct stat st = make();

	(void)state;
	assert_int_equal(reap(&st), TSHM_REAPED);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(reap(&st), TSHM_REAP_GONE);
}

static void refused(const struct stat *st)
{
	assert_int_equal(reap(st), TSHM_REAP_HELD);
	assert_true(is_there(st));
}

static void test_descriptors(void **state)
{
	static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct stat st = make();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = open(path, ways[i] | O_CLOEXEC);

		refused(&st);
		close(fd);
	}
	assert_int_equal(reap(&st), TSHM_REAPED);
}

static void test_mappings(void **state)
{
	static const struct { int prot, flags; } ways[] = {
		{ PROT_READ, MAP_SHARED }, { PROT_READ | PROT_WRITE, MAP_SHARED }, { PROT_READ, MAP_PRIVATE }, { PROT_NONE, MAP_SHARED },
	};
	struct stat st = make();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		void *at = mmap(NULL, 4096, ways[i].prot, ways[i].flags, fd, 0);

		assert_true(at != MAP_FAILED);
		close(fd);
		refused(&st);
		munmap(at, 4096);
	}
	assert_int_equal(reap(&st), TSHM_REAPED);
}

/* No process has it in /proc: it is on its way through a socket. */
static void test_in_flight(void **state)
{
	struct stat st = make();
	int pair[2], fd = open(path, O_RDONLY | O_CLOEXEC);
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	char x = 0;
	struct iovec byte = { &x, 1 };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	control.h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &m, 0), 1);
	close(fd);
	refused(&st);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(reap(&st), TSHM_REAPED);
}

/* The name leads to another object than the one that was judged. */
static void test_replaced(void **state)
{
	struct stat before = make(), now;
	int fd = open(path, O_RDONLY | O_CLOEXEC);	/* so that its number is not given anew */

	(void)state;
	unlink(path);
	now = make();
	assert_int_equal(reap(&before), TSHM_REAP_GONE);
	assert_true(is_there(&now));
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(reap(&now), TSHM_REAP_GONE);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(reap(&now), TSHM_REAP_GONE);
	unlink(path);
}

/* The longest name, and one of bytes that mean something elsewhere. */
static void test_odd_names(void **state)
{
	char plain[256];
	struct stat st;

	(void)state;
	memcpy(plain, base, sizeof(plain));
	memset(base + strlen(base), 'x', 255 - strlen(base));
	base[255] = 0;
	snprintf(path, sizeof(path), MOUNT "/%s", base);
	st = make();
	assert_int_equal(reap(&st), TSHM_REAPED);
	snprintf(base, sizeof(base), "%.200s-\n\x1b[31m%%s\xff ..", plain);
	snprintf(path, sizeof(path), MOUNT "/%s", base);
	st = make();
	assert_int_equal(reap(&st), TSHM_REAPED);
	assert_int_equal(access(path, F_OK), -1);
	memcpy(base, plain, sizeof(base));
	snprintf(path, sizeof(path), MOUNT "/%s", base);
}

/* Where it can be hidden there is a name already: it stays as it is. */
static void test_hidden_name_taken(void **state)
{
	char hidden[300];
	struct stat st = make();
	struct tshm_reaping r;
	int fd;

	(void)state;
	snprintf(hidden, sizeof(hidden), ".tshm-reap-%d-%s", (int)getpid(), base);
	fd = openat(dir, hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(tshm_reap_file(dir, base, st.st_dev, st.st_ino, &r), TSHM_REAP_FAILED);
	assert_int_equal(r.error, EEXIST);
	assert_true(is_there(&st));
	assert_int_equal(unlinkat(dir, hidden, 0), 0);
	assert_int_equal(reap(&st), TSHM_REAPED);
}

static void test_sysv(void **state)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	struct tshm_reaping r;
	void *at;

	(void)state;
	if (id < 0)
		skip();
	at = shmat(id, NULL, 0);
	assert_int_equal(tshm_reap_sysv(id, getpid(), 4096, &r), TSHM_REAP_HELD);
	shmdt(at);
	assert_int_equal(tshm_reap_sysv(id, getpid() + 1, 4096, &r), TSHM_REAP_GONE);
	assert_int_equal(tshm_reap_sysv(id, getpid(), 4096, &r), TSHM_REAPED);
	assert_int_equal(tshm_reap_sysv(id, getpid(), 4096, &r), TSHM_REAP_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes), cmocka_unit_test(test_descriptors), cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_in_flight), cmocka_unit_test(test_replaced), cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_hidden_name_taken), cmocka_unit_test(test_sysv),
	};

	if (access(MOUNT, W_OK))
		return 77;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
