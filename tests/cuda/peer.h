/* SPDX-License-Identifier: MIT */
/*
 * Two processes of a story.  The other one is forked before anybody calls CUDA: a child of an
 * initialised process may not use it.  They meet over pipes.
 */
#ifndef TSHM_CUDA_PEER_H
#define TSHM_CUDA_PEER_H

#include <signal.h>

#include "../scenarios/scenario.h"
#include "gpu.h"

struct peer {
	pid_t pid;
	int in, out;
};

static inline void end_talk(const struct peer *peer)
{
	must(close(peer->in), "close");
	must(close(peer->out), "close");
}

/* *run* is what the other process does; *peer* there is this one. */
static inline struct peer start_peer(const struct gpu *gpu, void (*run)(const struct gpu *, struct peer *))
{
	struct peer peer, other;
	int to[2], from[2];

	must(pipe2(to, O_CLOEXEC), "pipe2");
	must(pipe2(from, O_CLOEXEC), "pipe2");
	peer.pid = must_fork();
	if (peer.pid == 0) {
		other = (struct peer){ .pid = getppid(), .in = to[0], .out = from[1] };
		must(close(to[1]), "close");
		must(close(from[0]), "close");
		run(gpu, &other);
		end_talk(&other);
		exit(0);
	}
	must(close(to[0]), "close");
	must(close(from[1]), "close");
	peer.in = from[0];
	peer.out = to[1];
	return peer;
}

static inline void tell(const struct peer *peer, const void *what, size_t size)
{
	if (write(peer->out, what, size) != (ssize_t)size)
		die("write");
}

static inline void hear(const struct peer *peer, void *what, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t n = read(peer->in, (char *)what + got, size - got);

		if (n <= 0)
			die("the other process says nothing");
		got += (size_t)n;
	}
}

static inline void tell_go(const struct peer *peer)
{
	tell(peer, "", 1);
}

static inline void hear_go(const struct peer *peer)
{
	char byte;

	hear(peer, &byte, 1);
}

/* The other process must end well. */
static inline void end_peer(const struct peer *peer)
{
	end_talk(peer);
	must_wait(peer->pid);
}

/* It must not get that far. */
static inline void kill_peer(const struct peer *peer)
{
	int status;

	must(kill(peer->pid, SIGKILL), "kill");
	end_talk(peer);
	if (waitpid(peer->pid, &status, 0) != peer->pid || !WIFSIGNALED(status))
		die("it was not killed");
}

#endif
