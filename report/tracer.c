/* SPDX-License-Identifier: MIT */
#include "tracer.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "proc.h"
#include "stop.h"
#include "walk.h"
#include "xalloc.h"

struct tracer {
	pid_t pid;
	uint64_t start;
	int mem, to;
	struct tshm_loaded loaded;
	struct tshm_walk *walk;
	size_t modules_told;
};

/* Ends with us, after its time, and without a trace of itself. */
static void be_short_lived(void)
{
	struct itimerval most = { .it_value.tv_usec = TSHM_TRACER_MS * 1000 };
	struct rlimit none = { 0, 0 };
	sigset_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setitimer(ITIMER_REAL, &most, NULL);
	tshm_stop_prepare();
}

static void tell(const struct tracer *t, const struct tshm_tracer_record *r)
{
	const char *at = (const char *)r;

	for (size_t done = 0; done < sizeof(*r);) {
		ssize_t n = write(t->to, at + done, sizeof(*r) - done);

		if (n < 0 && errno != EINTR)
			_exit(1);
		done += n > 0 ? (size_t)n : 0;
	}
}

static _Noreturn void end(const struct tracer *t, int error, size_t threads)
{
	struct tshm_tracer_record r = { .type = TSHM_TRACER_END, .error = error };

	r.u.end.threads = (uint32_t)threads;
	tell(t, &r);
	_exit(0);
}

/* Is it still the process that was meant, and the thread one of its own?  Others may have their numbers by now. */
static bool is_same(const struct tracer *t, pid_t tid)
{
	struct tshm_stat process, thread;

	return tshm_proc_stat(t->pid, tid, &thread) == 0 && tshm_proc_stat(t->pid, 0, &process) == 0 &&
	       process.start == t->start;
}

/* Programs of 32 bits have other registers than those that we would read. */
static bool is_like_us(const struct tracer *t)
{
	unsigned char ident[EI_NIDENT];
	char path[64];
	TSHM_AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)t->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || read(fd, ident, sizeof(ident)) != sizeof(ident) || ident[EI_CLASS] == ELFCLASS64;
}

static void open_process(struct tracer *t)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)t->pid);
	t->mem = open(path, O_RDONLY | O_CLOEXEC);
	if (t->mem < 0)
		end(t, errno == EACCES ? EPERM : errno, 0);
	if (!is_same(t, 0))
		end(t, ESRCH, 0);
	if (!is_like_us(t))
		end(t, ENOEXEC, 0);
	error = tshm_loaded_read(&t->loaded, t->pid, t->mem);
	if (error)
		end(t, -error, 0);
	t->walk = tshm_walk_new(t->pid, &t->loaded);
	if (!t->walk)
		end(t, ENOSYS, 0);
}

/* ---- threads ---- */

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* All of them, the main thread first. */
static pid_t *list_threads(const struct tracer *t, size_t *count)
{
	TSHM_AUTO_DIR DIR *d = NULL;
	const struct dirent *e;
	size_t capacity = 0;
	pid_t *list = NULL;
	char path[64];

	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		pid_t tid = atoi(e->d_name);

		if (tid <= 0)
			continue;
		TSHM_GROW(list, *count, capacity);
		list[(*count)++] = tid;
	}
	if (*count)
		qsort(list, *count, sizeof(*list), by_number);
	for (size_t i = 1; i < *count; i++)
		if (list[i] == t->pid) {	/* numbers begin anew some day */
			memmove(list + 1, list, i * sizeof(*list));
			list[0] = t->pid;
		}
	return list;
}

static void tell_new_modules(struct tracer *t)
{
	for (; t->modules_told < t->loaded.module_count; t->modules_told++) {
		const struct tshm_loaded_module *m = &t->loaded.modules[t->modules_told];
		struct tshm_tracer_record r = { .type = TSHM_TRACER_MODULE };

		memcpy(r.u.module.build_id, m->build_id, sizeof(m->build_id));
		r.u.module.build_id_size = m->build_id_size;
		strncpy(r.u.module.path, m->path, sizeof(r.u.module.path) - 1);
		tell(t, &r);
	}
}

/* A frame is symbolized at the byte before it; where a thread stands, that byte is the instruction's own. */
static void frame_of(struct tracer *t, const struct tshm_walked *from, struct tshm_frame *to)
{
	ptrdiff_t module = tshm_loaded_module(&t->loaded, from->exact ? from->address : from->address - 1);

	to->kind = TSHM_FRAME_NATIVE;
	to->where = module < 0 ? 0 : (uint32_t)module + 1;
	to->u.offset = from->address + from->exact - (module < 0 ? 0 : t->loaded.modules[module].bias);
}

static void walk(struct tracer *t, struct tshm_tracer_record *r)
{
	struct tshm_walked frames[TSHM_THREAD_FRAMES];

	r->u.thread.depth = tshm_walk_frames(t->walk, frames, TSHM_THREAD_FRAMES);
	for (unsigned i = 0; i < r->u.thread.depth; i++)
		frame_of(t, &frames[i], &r->u.thread.frames[i]);
}

/* A thread's name and state; false if it has gone. */
static bool introduce(const struct tracer *t, pid_t tid, struct tshm_tracer_record *r)
{
	char file[64];
	TSHM_AUTO_FREE char *name = NULL;
	struct tshm_stat now;

	snprintf(file, sizeof(file), "task/%d/comm", (int)tid);
	if (tshm_proc_stat(t->pid, tid, &now) != 0 || tshm_proc_text(t->pid, file, &name) != 0)
		return false;
	r->u.thread.tid = tid;
	r->u.thread.state = now.state;
	snprintf(r->u.thread.name, sizeof(r->u.thread.name), "%.*s", (int)strcspn(name, "\n"), name);
	return true;
}

static void look_at(struct tracer *t, pid_t tid, size_t threads)
{
	struct tshm_tracer_record r = { .type = TSHM_TRACER_THREAD };
	int error;

	if (!introduce(t, tid, &r))
		return;
	/* The kernel does not let it be stopped before it leaves such a wait; and the dead stand nowhere. */
	if (strchr("DZXx", r.u.thread.state)) {
		r.error = EBUSY;
		tell(t, &r);
		return;
	}
	error = tshm_stop(tid, tshm_walk_take, t->walk, &r.u.thread.held_ns);
	if (error == -ESRCH)
		return;
	if (!is_same(t, tid))
		return;
	if (error == -EPERM && tid == t->pid)
		end(t, EPERM, 0);
	r.error = -error;
	if (!error)
		walk(t, &r);
	tell_new_modules(t);
	tell(t, &r);
	if (error == -ETIMEDOUT)
		end(t, 0, threads);
}

void tshm_tracer_run(pid_t pid, uint64_t start, int to)
{
	struct tracer t = { .pid = pid, .start = start, .to = to };
	size_t count;
	pid_t *list;

	be_short_lived();
	open_process(&t);
	list = list_threads(&t, &count);
	for (size_t i = 0; i < count && i < TSHM_THREADS_MOST; i++)
		look_at(&t, list[i], count);
	end(&t, 0, count);
}
