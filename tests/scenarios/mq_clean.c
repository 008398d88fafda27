/* SPDX-License-Identifier: MIT */
/* A message queue between two processes: made, used from both sides, closed and removed by the child. */
#include <mqueue.h>

#include "scenario.h"

int main(void)
{
	const char *name = scenario_name("mq_clean");
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	char message[64];
	pid_t child;

	if (queue == (mqd_t)-1 && (errno == ENOSYS || errno == EMFILE || errno == ENOSPC || errno == EACCES))
		skip("message queues are not to be had here");
	if (queue == (mqd_t)-1)
		die("mq_open");
	printf("LOOKALIKE mq-leaked\n");
	printf("EXPECT-NONE\n");
	child = must_fork();
	if (child == 0) {
		mqd_t mine = mq_open(name, O_WRONLY);

		if (mine == (mqd_t)-1 || mq_send(mine, "hello", 6, 0) != 0)
			die("the child's end");
		must(mq_close(mine), "mq_close");
		must(mq_unlink(name), "mq_unlink");
		_exit(0);
	}
	if (mq_receive(queue, message, sizeof(message), NULL) != 6)
		die("mq_receive");
	must_wait(child);
	must(mq_close(queue), "mq_close");
	return 0;
}
