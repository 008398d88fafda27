/* SPDX-License-Identifier: MIT */
/*
 * A program confines itself, and after that the library may not ask the kernel what is still there:
 * what its records say counts.  The growth of a mark was none, and the path that a socket was
 * bound to was taken for one that had not been made.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "confined.h"
#include "tshm.h"

static void confine(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &all };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		skip("no filters here");
}

__attribute__((noinline)) static int next_frame(void)
{
	int fd = make_memfd();

	return fd;
}

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(server, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/tshm-test-confined_marks-%d", (int)getpid());
	scenario_begin();
	confine();
	must(bind(server, (struct sockaddr *)&address, sizeof(address)), "bind");
	printf("# left %s\n", address.sun_path);
	tshm_mark_begin("confined");
	for (int i = 0; i < 100; i++) {
		int fd = next_frame();

		if (i % 10)
			must(close(fd), "close");
	}
	if (tshm_active() && tshm_mark_growth("confined", TSHM_WHAT_SEGMENTS) != 10)
		die("growth is %ld", tshm_mark_growth("confined", TSHM_WHAT_SEGMENTS));
	tshm_mark_end("confined");
	printf("EXPECT fd-growth 10 more descriptors of segments and memfds were live at the end of mark \"confined\"\n");
	printf("EXPECT socket-path-leaked %s was bound by\n", address.sun_path);
	printf("EXPECT history-lost confined by seccomp\n");
	printf("ALLOW fd-leaked\n");
	return 0;
}
