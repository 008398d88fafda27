/* SPDX-License-Identifier: MIT */
/* The report's end of the pipe: starts the tracer, reads what it says, believes nothing. */
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "tracer.h"
#include "xalloc.h"

#define PATIENCE_MS (TSHM_TRACER_MS + 300)	/* its own alarm comes first */
#define MODULES_MOST 1024u

static const char *no_string(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	(void)im;
	(void)number;
	if (length)
		*length = 0;
	return NULL;
}

static int now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int)(t.tv_sec % 1000000) * 1000 + (int)(t.tv_nsec / 1000000);
}

/* ---- records ---- */

static void add_module(struct tshm_threads *t, struct tshm_tracer_record *r)
{
	struct tshm_image *now = &t->now;
	struct tshm_rmodule *m;

	if (now->module_count > MODULES_MOST)
		return;
	TSHM_GROW(now->modules, now->module_count, t->module_capacity);
	m = &now->modules[now->module_count++];
	memset(m, 0, sizeof(*m));
	r->u.module.path[sizeof(r->u.module.path) - 1] = 0;
	m->path = tshm_xstrdup(r->u.module.path);
	m->build_id_size = r->u.module.build_id_size <= sizeof(m->build_id) ? r->u.module.build_id_size : 0;
	memcpy(m->build_id, r->u.module.build_id, sizeof(m->build_id));
}

static void add_thread(struct tshm_threads *t, struct tshm_tracer_record *r)
{
	unsigned depth = r->u.thread.depth < TSHM_THREAD_FRAMES ? r->u.thread.depth : TSHM_THREAD_FRAMES;
	struct tshm_stand *s;

	if (t->count >= TSHM_THREADS_MOST)
		return;
	TSHM_GROW(t->list, t->count, t->capacity);
	s = &t->list[t->count++];
	*s = (struct tshm_stand){ .tid = r->u.thread.tid, .state = r->u.thread.state, .error = r->error, .depth = depth };
	memcpy(s->name, r->u.thread.name, sizeof(s->name) - 1);
	s->frames = tshm_xcalloc(depth + 1, sizeof(*s->frames));
	for (unsigned i = 0; i < depth; i++)
		s->frames[i] = (struct tshm_frame){ .kind = TSHM_FRAME_NATIVE, .where = r->u.thread.frames[i].where,
						    .u.offset = r->u.thread.frames[i].u.offset };
	if (r->u.thread.held_ns > t->held_ns)
		t->held_ns = r->u.thread.held_ns;
}

/* One record; false at the end, too late, and for what is none. */
static bool receive(int from, int until, struct tshm_tracer_record *r)
{
	char *at = (char *)r;

	for (size_t done = 0; done < sizeof(*r);) {
		struct pollfd p = { .fd = from, .events = POLLIN };
		int left = until - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, left) == 0)
			return false;
		n = read(from, at + done, sizeof(*r) - done);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int receive_all(int from, struct tshm_threads *t)
{
	int until = now_ms() + PATIENCE_MS;
	struct tshm_tracer_record r;

	t->cut = true;
	while (receive(from, until, &r)) {
		switch (r.type) {
		case TSHM_TRACER_MODULE: add_module(t, &r); break;
		case TSHM_TRACER_THREAD: add_thread(t, &r); break;
		case TSHM_TRACER_END:
			t->total = r.u.end.threads;
			t->cut = false;
			return r.error > 0 ? -r.error : 0;
		default: return 0;
		}
	}
	return 0;
}

/* ---- */

/* Its end lets go of whatever it held.  One that cannot even be killed now is left to the system. */
static void end_tracer(pid_t tracer)
{
	kill(tracer, SIGKILL);
	for (int i = 0; i < 50 && waitpid(tracer, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, i < 10 ? 1 : 10);
}

int tshm_threads_look(pid_t pid, uint64_t start, struct tshm_threads *t)
{
	const struct tshm_here *here = tshm_proc_here();
	int ends[2], error;
	pid_t tracer;

	memset(t, 0, sizeof(*t));
	t->now.exe = "";
	t->now.string = no_string;
	t->now.header.pid = pid;
	t->now.header.start_wall = here->boot_wall + start * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	add_module(t, &(struct tshm_tracer_record){ .type = TSHM_TRACER_MODULE });	/* number 0: none */
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	tracer = fork();
	if (tracer < 0) {
		error = -errno;
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (!tracer) {
		close(ends[0]);
		tshm_tracer_run(pid, start, ends[1]);
	}
	close(ends[1]);
	error = receive_all(ends[0], t);
	close(ends[0]);
	end_tracer(tracer);
	if (t->total < t->count)
		t->total = t->count;
	return error;
}

void tshm_threads_free(struct tshm_threads *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i].frames);
	for (size_t i = 0; i < t->now.module_count; i++)
		free((char *)t->now.modules[i].path);
	free(t->list);
	free(t->now.modules);
	memset(t, 0, sizeof(*t));
}
