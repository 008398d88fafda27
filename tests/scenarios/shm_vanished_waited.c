/* SPDX-License-Identifier: MIT */
/*
 * Names that are not there when they are asked for, and nobody's fault: a peer asks again until its
 * partner has made the segment, and once more when it was removed and made anew; a third attaches if
 * it can and creates if it cannot; and one name was never there at all.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "scenario.h"

/* Until it is there.  A word goes to the other side for each time that it is not. */
static void poll_for(const char *name, int in, int out)
{
	char byte;
	int fd;

	while ((fd = shm_open(name, O_RDWR, 0)) < 0) {
		must((int)write(out, "n", 1), "write");
		must((int)read(in, &byte, 1), "read");
	}
	must(close(fd), "close");
	must((int)write(out, "y", 1), "write");
	must((int)read(in, &byte, 1), "read");
}

static void expect(int in, char what)
{
	char byte;

	if (read(in, &byte, 1) != 1 || byte != what)
		die("no \"%c\"", what);
}

int main(void)
{
	const char *name = scenario_name("shm_vanished_waited");
	int to[2], from[2], fd;
	char never[96];
	pid_t child;

	printf("LOOKALIKE shm-vanished\n");
	printf("LOOKALIKE shm-unlinked-in-use\n");
	printf("EXPECT-NONE\n");
	snprintf(never, sizeof(never), "%s-never", name);
	must(pipe2(to, O_CLOEXEC), "pipe2");
	must(pipe2(from, O_CLOEXEC), "pipe2");
	child = must_fork();
	if (child == 0) {
		poll_for(name, to[0], from[1]);
		poll_for(name, to[0], from[1]);
		_exit(shm_open(never, O_RDWR, 0) < 0 && shmget(0x7473686d ^ getpid(), 1, 0) < 0 ? 0 : 1);
	}
	for (int round = 0; round < 2; round++) {
		expect(from[0], 'n');
		must(close(make_segment(name)), "close");
		must((int)write(to[1], "g", 1), "write");
		expect(from[0], 'y');
		must(shm_unlink(name), "shm_unlink");
		must((int)write(to[1], "g", 1), "write");
	}
	must_wait(child);
	fd = shm_open(name, O_RDWR, 0);
	if (fd < 0)
		fd = make_segment(name);
	must(close(fd), "close");
	must(shm_unlink(name), "shm_unlink");
	return 0;
}
