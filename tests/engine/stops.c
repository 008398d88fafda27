/* SPDX-License-Identifier: MIT */
/*
 * stops COUNT: a busy process of 16 threads (busy.c) is stopped COUNT times at a random
 * moment, and each time again after every thread has gone on.  At each stop its ledger is
 * compared with the kernel: descriptors in /proc/PID/fd, shared mappings in /proc/PID/maps.
 *
 * A thread may be stopped between a call and its note, so one stop may differ.  What
 * differs at two stops, between which every thread did several rounds, is wrong: the same
 * record of the same generation that the kernel does not bear out, or the same number with
 * the same object that has no record.  Prints how many of each there were.
 *
 * The library is preloaded into the busy process only: LD_PRELOAD is set to TSHM_LIB there.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>

#include "busy.h"
#include "ledger_read.h"

#define MOST 4096

struct thing {		/* that the ledger has and the kernel not, or the other way round */
	bool recorded;
	uint64_t key, ino, stamp;
};

struct list { struct thing all[MOST]; unsigned count; };

struct range { uint64_t from, to, ino; };

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static void add(struct list *l, bool recorded, uint64_t key, uint64_t ino, uint64_t stamp)
{
	if (l->count == MOST)
		die("too many differences");
	l->all[l->count++] = (struct thing){ recorded, key, ino, stamp };
}

/* ---- what the kernel has ---- */

struct kernel {
	uint64_t fds[MOST];		/* inode by number; 0: not open */
	struct range maps[MOST];
	unsigned map_count;
};

static void kernel_fds(struct kernel *k, pid_t pid)
{
	char path[64];
	struct dirent *e;
	struct stat st;
	DIR *dir;

	memset(k->fds, 0, sizeof(k->fds));
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || fd >= MOST || fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
			continue;
		k->fds[fd] = st.st_ino ? st.st_ino : 1;
	}
	closedir(dir);
}

static void kernel_maps(struct kernel *k, pid_t pid)
{
	unsigned long from, to, ino;
	char path[64], line[600], access[8];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	in = fopen(path, "re");
	if (!in)
		die(path);
	k->map_count = 0;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &from, &to, access, &ino) == 4 && access[3] == 's' &&
		    !strstr(line, TSHM_LEDGER_SUFFIX) && k->map_count < MOST)
			k->maps[k->map_count++] = (struct range){ from, to, ino };
	fclose(in);
}

/* ---- and the ledger ---- */

static bool kernel_has_range(const struct kernel *k, const struct tshm_resource *r)
{
	uint64_t at = r->key;

	for (unsigned i = 0; i < k->map_count; i++)	/* in the order of addresses */
		if (k->maps[i].from <= at && at < k->maps[i].to && k->maps[i].ino == r->ino)
			at = k->maps[i].to;
	return at >= r->key + r->length;
}

/* Takes what a record covers out of the kernel's mappings; what is left over has none. */
static void cover(struct kernel *k, const struct tshm_resource *r)
{
	uint64_t from = r->key, to = r->key + r->length;

	for (unsigned i = 0; i < k->map_count; i++) {
		struct range *m = &k->maps[i];

		if (m->ino != r->ino || from >= m->to || to <= m->from)
			continue;
		if (from > m->from && to < m->to && k->map_count < MOST)
			k->maps[k->map_count++] = (struct range){ to, m->to, m->ino };
		if (from > m->from)
			m->to = from;
		else
			m->from = to < m->to ? to : m->to;
	}
}

static void compare(struct list *to, const struct ledger *l, pid_t pid)
{
	static struct kernel k, left;
	const struct tshm_resource *r;

	to->count = 0;
	kernel_fds(&k, pid);
	kernel_maps(&k, pid);
	left = k;
	for (uint32_t n = 1; (r = ledger_record(l, TSHM_SEC_RESOURCES, n)); n++) {
		enum tshm_number by = tshm_kind_by(r->kind);

		if (TSHM_STAMP_STATE(r->stamp) != TSHM_STATE_LIVE)
			continue;
		if (by == TSHM_BY_DESCRIPTOR && r->key < MOST) {
			if (!k.fds[r->key])
				add(to, true, r->key, n, r->stamp);
			left.fds[r->key] = 0;
		} else if (by == TSHM_BY_RANGE && r->flags & TSHM_RF_IDENT) {
			if (!kernel_has_range(&k, r))
				add(to, true, r->key, n, r->stamp);
			cover(&left, r);
		}
	}
	for (int fd = 0; fd < MOST; fd++)
		if (left.fds[fd])
			add(to, false, (uint64_t)fd, left.fds[fd], 0);
	for (unsigned i = 0; i < left.map_count; i++)
		if (left.maps[i].from < left.maps[i].to)
			add(to, false, left.maps[i].from, left.maps[i].ino, left.maps[i].to);
}

/* What is in both: the same number, object or record, and generation. */
static unsigned both(const struct list *a, const struct list *b)
{
	unsigned count = 0;

	for (unsigned i = 0; i < a->count; i++)
		for (unsigned j = 0; j < b->count; j++)
			if (memcmp(&a->all[i], &b->all[j], sizeof(a->all[i])) == 0) {
				fprintf(stderr, "%s %#llx (%s %llu, %#llx)\n",
					a->all[i].recorded ? "recorded, but not there:" : "there, but not recorded:",
					(unsigned long long)a->all[i].key, a->all[i].recorded ? "record" : "inode",
					(unsigned long long)a->all[i].ino, (unsigned long long)a->all[i].stamp);
				count++;
			}
	return count;
}

/* ---- stopping ---- */

static void stop(pid_t pid)
{
	int status;

	if (kill(pid, SIGSTOP) != 0 || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("the process does not stop");
}

/* Every thread has done several rounds: what was under way at the stop has long been noted. */
static void go_on(pid_t pid, const struct busy_progress *p, unsigned long rounds)
{
	struct busy_progress before = *p;
	struct timespec moment = { 0, 20000 + random() % 100000 };

	if (kill(pid, SIGCONT) != 0)
		die("SIGCONT");
	for (int i = 0; i < BUSY_THREADS; i++)
		while (p->rounds[i] < before.rounds[i] + rounds) {
			if (waitpid(pid, NULL, WNOHANG) != 0)
				die("the busy process has ended");
			nanosleep(&moment, NULL);
		}
}

static pid_t begin(const char *self, const char *ledgers, int progress)
{
	char number[2][16], byte;
	int ready[2];
	pid_t pid;

	if (pipe(ready) != 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		snprintf(number[0], sizeof(number[0]), "%d", progress);
		snprintf(number[1], sizeof(number[1]), "%d", ready[1]);
		setenv("TSHM_DIR", ledgers, 1);
		setenv("LD_PRELOAD", getenv("TSHM_LIB"), 1);
		execl(self, "stops", "busy", number[0], number[1], (char *)NULL);
		die(self);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die("the busy process did not begin");
	close(ready[0]);
	return pid;
}

static struct ledger only_ledger(const char *where)
{
	DIR *dir = opendir(where);
	struct dirent *e;
	char path[4096] = "";

	if (!dir)
		die(where);
	while ((e = readdir(dir)))
		if (strstr(e->d_name, TSHM_LEDGER_SUFFIX))
			snprintf(path, sizeof(path), "%s/%s", where, e->d_name);
	closedir(dir);
	return ledger_open(path);
}

int main(int argc, char **argv)
{
	static struct list first, second;
	unsigned long differed = 0, things = 0, persist = 0;
	struct busy_progress *p;
	int progress, count;
	struct ledger l;
	pid_t pid;

	if (argc == 4 && strcmp(argv[1], "busy") == 0)
		busy(atoi(argv[2]), atoi(argv[3]));
	if (argc != 3 || !getenv("TSHM_LIB"))
		return 2;
	count = atoi(argv[1]);
	progress = memfd_create("progress", 0);
	if (progress < 0 || ftruncate(progress, sizeof(*p)) != 0)
		die("memfd_create");
	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, progress, 0);
	pid = begin("/proc/self/exe", argv[2], progress);
	l = only_ledger(argv[2]);
	srandom((unsigned)pid);
	for (int i = 0; i < count; i++) {
		go_on(pid, p, 1);
		stop(pid);
		compare(&first, &l, pid);
		go_on(pid, p, 3);
		stop(pid);
		compare(&second, &l, pid);
		differed += first.count != 0;
		things += first.count;
		persist += both(&first, &second);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("%d stops: at %lu there were differences, %lu in all; %lu were still there at the next\n", count, differed,
	       things, persist);
	if (l.header->sections[TSHM_SEC_RESOURCES].lost)
		printf("%llu resources were lost\n", (unsigned long long)l.header->sections[TSHM_SEC_RESOURCES].lost);
	return persist != 0 || l.header->sections[TSHM_SEC_RESOURCES].lost != 0;
}
