/* SPDX-License-Identifier: MIT */
/*
 * golden_rules STEM DIR: as golden, for rules that golden has no run for.  "history", "gone" and "marks"
 * are of another boot; "names" is of this one, because names are only leaked if the kernel has them: it
 * leaves them, and says on standard output what golden.sh must remove and what differs each time.
 */
#include "golden.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define EXE "/opt/golden/rules"

/* ---- history ---- */

static void identify(struct tshm_history *h, uint64_t inode, uint64_t size)
{
	h->flags |= TSHM_HIF_IDENT;
	h->dev = 1;
	h->ino = inode;
	h->size = size;
}

static void at(struct tshm_history *h, const struct made *m, uint64_t tenths)
{
	h->begin_mono = h->end_mono = m->header->start_mono + tenths * SECOND / 10;
	h->begin_wall = h->end_wall = m->header->start_wall + tenths * SECOND / 10;
}

static struct tshm_history *event(struct made *m, enum tshm_history_type type, enum tshm_call call, uint64_t address)
{
	uint32_t number = site(m, call, address, EXE);
	struct tshm_history *h = make_record(m, TSHM_SEC_HISTORY, NULL);

	h->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	h->type = (uint16_t)type;
	h->call = (uint16_t)call;
	h->site = number;
	h->count = 1;
	return h;
}

static struct tshm_resource *held(struct made *m, enum tshm_kind kind, uint64_t key, uint64_t inode, enum tshm_origin origin,
				  uint32_t number)
{
	struct tshm_resource *r = make_resource(m, kind, key, number);

	r->origin = (uint16_t)origin;
	r->flags = TSHM_RF_IDENT;
	r->dev = 1;
	r->ino = inode;
	r->size = 4096;
	return r;
}

static struct made child_of(struct made *parent, unsigned number, pid_t pid)
{
	struct made m = image(number, pid, parent->header->pid, EXE);
	struct tshm_child *c = make_child(parent, pid, TSHM_CHILD_SPAWN, 0);

	c->begin_mono = m.header->start_mono;
	c->end_mono = m.header->start_mono + 5 * SECOND;
	return m;
}

/*
 * An owner whose segment, which all may open, a stranger's resource tracker removes; a third process
 * comes too late for it.  Descriptors are lost, closed twice and inherited, and a ledger runs over.
 */
static void make_history(void)
{
	static const char argv[] = "python3\0-c\0from multiprocessing.resource_tracker import main;main(5)";
	struct made owner = image(1, 4000, 1, EXE), stranger = child_of(&owner, 2, 4001);
	struct made tracker = child_of(&stranger, 3, 4002), late = child_of(&owner, 4, 4003);
	const char *name = "/dev/shm/golden-shared";
	struct tshm_history *h;
	struct tshm_resource *r;
	uint32_t number;

	number = site(&owner, TSHM_CALL_shm_open, 0x1000, EXE);
	h = make_name(&owner, TSHM_SPACE_SHM, name, TSHM_HIF_EXCLUSIVE, number);
	at(h, &owner, 1);
	h->before_mono = h->begin_mono;
	h->low = (int64_t)(owner.header->start_mono + 45 * SECOND / 10);
	h->mode = S_IFREG | 0666;
	h->call = TSHM_CALL_shm_open;
	identify(h, 77, 8192);
	held(&owner, TSHM_KIND_MEMFD, 9, 500, TSHM_ORIGIN_CREATED, site(&owner, TSHM_CALL_memfd_create, 0x1100, EXE));
	h = event(&owner, TSHM_HIST_BAD_CLOSE, TSHM_CALL_close, 0x1200);
	at(h, &owner, 3);
	h->id = h->low = h->high = 17;
	h->before.kind = TSHM_FRAME_NATIVE;
	h->before.where = 1;
	h->before.u.offset = 0x1300;
	h = event(&owner, TSHM_HIST_LOST_FDS, TSHM_CALL_recvmsg, 0x1400);
	at(h, &owner, 4);
	h->id = 5;
	h->extra = 3;
	owner.header->sections[TSHM_SEC_HISTORY].recycled = 12;
	owner.header->sections[TSHM_SEC_THREADS].lost = 2;

	held(&stranger, TSHM_KIND_MEMFD, 9, 500, TSHM_ORIGIN_EXEC, 0);
	tracker.header->argv = make_string(&tracker, argv, sizeof(argv));
	h = event(&tracker, TSHM_HIST_REMOVAL, TSHM_CALL_shm_unlink, 0x2000);
	at(h, &tracker, 5);
	h->space = TSHM_SPACE_SHM;
	snprintf(h->name, sizeof(h->name), "%s", name);
	identify(h, 77, 8192);

	h = event(&late, TSHM_HIST_ATTACH_FAIL, TSHM_CALL_shm_open, 0x3000);
	at(h, &late, 1);
	h->space = TSHM_SPACE_SHM;
	snprintf(h->name, sizeof(h->name), "%s", name);
	number = site(&late, TSHM_CALL_mmap, 0x3100, EXE);
	held(&late, TSHM_KIND_MEMFD, 5, 600, TSHM_ORIGIN_CREATED, number);
	r = held(&late, TSHM_KIND_MAPPING, 0x7f0000000000, 600, TSHM_ORIGIN_CREATED, number);
	r->length = r->size = 65536;
	end(&owner, TSHM_ENDED_EXIT, 0);
	end(&stranger, TSHM_ENDED_EXIT, 0);
	end(&tracker, TSHM_ENDED_EXIT, 0);
	end(&late, TSHM_ENDED_EXIT, 3);
	((struct tshm_child *)(owner.bytes + tshm_ledger_offset(&owner.header->sections[TSHM_SEC_CHILDREN], 2)))->wait_status = 3 << 8;
	save(&owner);
	save(&stranger);
	save(&tracker);
	save(&late);
}

/* ---- gone ---- */

static struct tshm_ipc *ipc(struct made *m, enum tshm_ipc_role role, enum tshm_call call, uint64_t tenths)
{
	uint32_t number = site(m, call, 0x1000 + (uint64_t)role * 0x100, EXE);
	struct tshm_ipc *r = make_record(m, TSHM_SEC_IPC, NULL);

	r->role = (uint16_t)role;
	r->call = (uint16_t)call;
	r->site = number;
	r->count = 1;
	r->begin_mono = m->header->start_mono + tenths * SECOND / 10;
	r->begin_wall = m->header->start_wall + tenths * SECOND / 10;
	return r;
}

static void share(struct tshm_ipc *r)
{
	memset(r->handle, 7, sizeof(r->handle));
	r->pointer = r->base = 0x7f0000000000;
	r->size = 0x200000;
}

/* A process is killed while another has its memory open; that one forks a child that uses CUDA. */
static void make_gone(void)
{
	struct made to = image(1, 5000, 1, EXE), from = image(1, 5001, 5000, EXE), child = image(3, 5002, 5000, EXE);
	struct tshm_ipc *r;
	struct tshm_child *c = make_child(&to, 5001, TSHM_CHILD_FORK, 9);
	char token[33];

	make_token(token, 2);
	memcpy(from.header->token, token, 32);
	from.header->began = child.header->began = TSHM_BEGAN_FORK;
	memcpy(from.header->parent_token, to.header->token, 32);
	memcpy(child.header->parent_token, to.header->token, 32);
	c->begin_mono = from.header->start_mono;
	c->end_mono = from.header->start_mono + SECOND;
	share(ipc(&from, TSHM_IPC_EXPORT, TSHM_CALL_cudaIpcGetMemHandle, 2));
	r = ipc(&to, TSHM_IPC_IMPORT, TSHM_CALL_cudaIpcOpenMemHandle, 4);
	share(r);
	r->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	r->end_site = site(&to, TSHM_CALL_cudaIpcCloseMemHandle, 0x2000, EXE);
	r->end_call = TSHM_CALL_cudaIpcCloseMemHandle;
	r->released = 1;
	r->end_mono = to.header->start_mono + 4 * SECOND;
	r->end_wall = to.header->start_wall + 4 * SECOND;
	r = ipc(&child, TSHM_IPC_AFTER_FORK, TSHM_CALL_cudaMalloc, 1);
	r->error = 3;
	end(&to, TSHM_ENDED_EXIT, 0);
	end(&child, TSHM_ENDED_EXIT, 0);
	save(&to);
	save(&from);
	save(&child);
}

/* ---- marks ---- */

static void grow(struct tshm_mark *m, enum tshm_mark_class class, int64_t from, uint16_t by, uint32_t number)
{
	struct tshm_mark_leaf *leaf = m->leaves;

	while (leaf->grown)
		leaf++;
	m->live_begin[class] = from;
	m->live_end[class] = from + by;
	leaf->site = number;
	leaf->class = (uint16_t)class;
	leaf->grown = by;
}

/* One round of a training, after which more of everything is there than before. */
static void make_marks(void)
{
	struct made m = image(1, 7000, 1, EXE);
	uint32_t files = site(&m, TSHM_CALL_open, 0x1000, EXE), maps = site(&m, TSHM_CALL_mmap, 0x2000, EXE);
	uint32_t opens = site(&m, TSHM_CALL_cudaIpcOpenMemHandle, 0x3000, EXE);
	uint32_t word = make_string(&m, "epoch", 5);
	struct tshm_mark *mark = make_record(&m, TSHM_SEC_MARKS, NULL);

	mark->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	mark->begin_mono = m.header->start_mono + SECOND;
	mark->end_mono = m.header->start_mono + 2 * SECOND;
	mark->sequence = 1;
	mark->name = word;
	grow(mark, TSHM_MARK_DESCRIPTORS, 3, 9, files);
	grow(mark, TSHM_MARK_SEGMENT_MAPS, 1, 2, maps);
	grow(mark, TSHM_MARK_IPC_MEMORY, 0, 8, opens);
	end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
}

/* ---- names ---- */

static void give_up(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(77);
}

static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 4096))
		give_up(path);
	close(fd);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		give_up(path);
	close(fd);
}

static uint64_t wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* One of each name space, made by one program, and one segment that nobody made. */
static void make_names(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	struct made m = make_ledger(1, 6000, 1, EXE);
	char path[96], queue[64], socket_path[96], stray[96];
	struct tshm_history *h;
	uint64_t begin;
	struct stat st;
	FILE *run;
	mqd_t q;
	int id;

	printf("pid %07d\n", (int)getpid());
	fflush(stdout);
	m.header->host = make_string(&m, "golden", 6);
	m.header->pidns = 0;
	snprintf(path, sizeof(path), "/dev/shm/tshm-test-golden-%07d", (int)getpid());
	make_file(path);
	make_name(&m, TSHM_SPACE_SHM, path, TSHM_HIF_EXCLUSIVE, site(&m, TSHM_CALL_shm_open, 0x1000, EXE));
	snprintf(path, sizeof(path), "/dev/shm/sem.tshm-test-golden-%07d", (int)getpid());
	make_file(path);
	make_name(&m, TSHM_SPACE_SEM, path, TSHM_HIF_EXCLUSIVE, site(&m, TSHM_CALL_sem_open, 0x2000, EXE));
	snprintf(queue, sizeof(queue), "/tshm-test-golden-%07d", (int)getpid());
	q = mq_open(queue, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	if (q == (mqd_t)-1 || fstat(q, &st))
		give_up(queue);
	h = make_name(&m, TSHM_SPACE_MQ, queue, TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT, site(&m, TSHM_CALL_mq_open, 0x3000, EXE));
	h->dev = st.st_dev;
	h->ino = st.st_ino;
	id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
	if (id < 0)
		give_up("shmget");
	printf("sysv %d\n", id);
	h = make_name(&m, TSHM_SPACE_SYSV, "", TSHM_HIF_EXCLUSIVE, site(&m, TSHM_CALL_shmget, 0x4000, EXE));
	h->id = id;
	snprintf(socket_path, sizeof(socket_path), "/tmp/tshm-test-golden-%07d", (int)getpid());
	make_socket(socket_path);
	h = make_name(&m, TSHM_SPACE_SOCKET, socket_path, TSHM_HIF_EXCLUSIVE | TSHM_HIF_IDENT, site(&m, TSHM_CALL_bind, 0x5000, EXE));
	if (lstat(socket_path, &st))
		give_up(socket_path);
	h->dev = st.st_dev;
	h->ino = st.st_ino;
	make_end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);

	snprintf(path, sizeof(path), "%s/run.json", directory);
	snprintf(stray, sizeof(stray), "/dev/shm/tshm-test-stray-%07d", (int)getpid());
	begin = wall();
	make_file(stray);
	run = fopen(path, "we");
	if (!run)
		give_up(path);
	fprintf(run, "{\"schema\": \"tshm-run/1\", \"root_pid\": 6000, \"wait_status\": 0, \"host\": \"golden\", \"command\": [\"rules\"],\n"
		" \"names_before\": [], \"started_wall\": %llu, \"ended_wall\": %llu}\n", (unsigned long long)begin,
		(unsigned long long)wall());
	fclose(run);
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		directory = argv[2];
		if (!strcmp(argv[1], "history"))
			return make_history(), 0;
		if (!strcmp(argv[1], "gone"))
			return make_gone(), 0;
		if (!strcmp(argv[1], "marks"))
			return make_marks(), 0;
		if (!strcmp(argv[1], "names"))
			return make_names(), 0;
	}
	fprintf(stderr, "usage: golden_rules gone|history|marks|names DIR\n");
	return 2;
}
