/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>

#include "atomic.h"
#include "bytes.h"
#include "child.h"
#include "held.h"
#include "history.h"
#include "image.h"
#include "real.h"
#include "sink.h"
#include "stack.h"
#include "strings.h"
#include "sys.h"
#include "transfer.h"

static _Atomic uint64_t tshm_never;	/* 0 for ever: where tshm_alive points until the library is ready */
_Atomic uint64_t *tshm_alive = &tshm_never;

bool tshm_cloned;
__thread struct tshm_thread_state tshm_self __attribute__((tls_model("initial-exec")));
TSHM_TOGETHER uint32_t tshm_epoch;
TSHM_TOGETHER int32_t tshm_pid;

/* Where counters go that no ledger takes; so that no counter needs to ask. */
static struct tshm_header tshm_no_ledger;
struct tshm_header *tshm_header = &tshm_no_ledger;

static uint64_t tshm_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t tshm_now_coarse(void)
{
	return tshm_clock(CLOCK_MONOTONIC_COARSE);
}

/* Precise, for what orders the images of a process: an exec chain passes several in one coarse tick. */
uint64_t tshm_now_precise(void)
{
	return tshm_clock(CLOCK_MONOTONIC);
}

uint64_t tshm_wall_coarse(void)
{
	return tshm_clock(CLOCK_REALTIME_COARSE);
}

static void tshm_thread_note(void)
{
	struct tshm_store *threads = &tshm_stores[TSHM_SEC_THREADS];
	static _Atomic uint32_t hand;
	uint32_t number = tshm_store_take_fresh(threads, threads->capacity);
	struct tshm_thread *t;

	if (!number)
		number = atomic_fetch_add(&hand, 1) % (threads->capacity - 1) + 1;
	t = tshm_store_map(threads, number);
	if (!t)
		return;
	t->tid = tshm_self.tid;
	TSHM_SYS2(SYS_prctl, PR_GET_NAME, t->name);
	atomic_store_explicit((_Atomic uint64_t *)&t->stamp, TSHM_STAMP(1, TSHM_STATE_LIVE), memory_order_release);
}

int32_t tshm_tid_ask(void)
{
	if (tshm_confined)	/* asked later, if the attempt to confine us failed */
		return 0;
	/* In this order: a signal handler in between must not find the parent's number. */
	tshm_self.tid = (int32_t)TSHM_SYS0(SYS_gettid);
	atomic_signal_fence(memory_order_seq_cst);
	tshm_self.epoch = tshm_epoch;
	tshm_thread_note();
	return tshm_self.tid;
}

static bool tshm_image_begin_again(void);

bool tshm_on_stale(void)
{
	if (tshm_alive == &tshm_never || tshm_self.quiet)
		return false;
	if (atomic_load_explicit(tshm_alive, memory_order_relaxed) == TSHM_MAGIC_ASK)
		return TSHM_SYS0(SYS_getpid) == tshm_pid;
	/* A child that was made without atfork handlers: its ledger begins here. */
	if (tshm_image_begin_again())
		tshm_header->began = TSHM_BEGAN_LATE;
	return atomic_load(tshm_alive) == TSHM_MAGIC;
}

void tshm_image_shared(void)
{
	uint64_t magic = TSHM_MAGIC;

	atomic_compare_exchange_strong(tshm_alive, &magic, TSHM_MAGIC_ASK);
}

bool tshm_on_hushed(uintptr_t caller)
{
	if (tshm_self.quiet)
		return false;
	/* Stacks grow down: a frame that is above the mark runs after the unwinder was jumped out of. */
	if ((uintptr_t)__builtin_frame_address(0) > tshm_self.unwinding)
		tshm_self.unwinding = 0;
	return !tshm_stack_is_unwinder(caller);
}

/*
 * A page that every child finds zeroed (MADV_WIPEONFORK, Linux 4.14).  Its second word:
 * somebody has begun the child's ledger.
 */
static bool tshm_wipes;

static bool tshm_alive_start(void)
{
	_Atomic uint64_t *page = tshm_pages(4096);

	if (!page)
		return false;
	tshm_wipes = TSHM_SYS3(SYS_madvise, page, 4096, MADV_WIPEONFORK) == 0;
	atomic_store(page, TSHM_MAGIC);
	tshm_alive = page;
	return true;
}

size_t tshm_read_file(const char *path, char *to, size_t size)
{
	long fd = TSHM_SYS4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), n;

	if (fd < 0)
		return 0;
	n = TSHM_SYS3(SYS_read, fd, to, size - 1);
	TSHM_SYS1(SYS_close, fd);
	n = n < 0 ? 0 : n;
	to[n] = 0;
	return (size_t)n;
}

/*
 * Boot, once a process tree under tshm-run, else once a process.  The pid namespace is
 * asked for after every exec, because `unshare --pid` passes TSHM_BOOT on, and in a
 * child whose parent is outside of its namespace.
 */
static void tshm_image_where(enum tshm_began began)
{
	struct stat st;

	if ((began == TSHM_BEGAN_EXEC || !tshm_header->ppid) &&
	    TSHM_SYS4(SYS_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &st, 0) == 0)
		tshm_options.pidns = st.st_ino;
	if (!tshm_options.boot_id[0]) {
		size_t n = tshm_read_file("/proc/sys/kernel/random/boot_id", tshm_options.boot_id,
					  sizeof(tshm_options.boot_id));

		if (n && tshm_options.boot_id[n - 1] == '\n')
			tshm_options.boot_id[n - 1] = 0;
	}
	__builtin_memcpy(tshm_header->boot_id, tshm_options.boot_id, sizeof(tshm_header->boot_id));
	tshm_header->pidns = tshm_options.pidns;
}

/* A new header: what is the same for every way to begin. */
static void tshm_image_open(enum tshm_began began, bool on_disk, const struct tshm_piece *pieces, unsigned count)
{
	char token[32];
	struct tshm_header *h = tshm_sink_create(token, pieces, count);

	if (!h) {
		__builtin_memset(&tshm_no_ledger, 0, sizeof(tshm_no_ledger));
		h = &tshm_no_ledger;
	}
	tshm_header = h;
	tshm_epoch++;
	tshm_pid = (int32_t)TSHM_SYS0(SYS_getpid);
	h->version = TSHM_LEDGER_VERSION;
	h->byte_order = TSHM_LEDGER_BYTE_ORDER;
	h->header_size = sizeof(*h);
	h->pid = tshm_pid;
	h->ppid = (int32_t)TSHM_SYS0(SYS_getppid);
	h->uid = (uint32_t)TSHM_SYS0(SYS_geteuid);
	h->gid = (uint32_t)TSHM_SYS0(SYS_getegid);
	h->began = began;
	h->start_mono = tshm_now_precise();
	h->start_wall = tshm_wall_coarse();
	h->unwinder = tshm_options.unwinder;
	h->depth = tshm_options.depth;
	h->epoch = tshm_epoch;
	h->flags = (on_disk ? TSHM_HF_DISK_LEDGER : 0) | (tshm_python_other ? TSHM_HF_PYTHON_OTHER : 0);
	tshm_image_where(began);
	/* Last: a file without its magic was never finished. */
	atomic_thread_fence(memory_order_release);
	__builtin_memcpy(h->magic, TSHM_LEDGER_MAGIC, sizeof(h->magic));
}

static bool tshm_on_disk;

/* What a child needs of its parent's header, which it cannot read any more. */
static TSHM_TOGETHER struct {
	char token[32];
	uint32_t host, exe, argv;
} tshm_identity;

static void tshm_identity_keep(void)
{
	__builtin_memcpy(tshm_identity.token, tshm_header->token, sizeof(tshm_identity.token));
	tshm_identity.host = tshm_header->host;
	tshm_identity.exe = tshm_header->exe;
	tshm_identity.argv = tshm_header->argv;
}

void tshm_image_start(int argc, char **argv)
{
	char text[3000];
	struct utsname host;
	size_t at = 0;
	long n;

	if (!tshm_options_choose_dir(&tshm_on_disk) || !tshm_alive_start())
		return;
	tshm_image_open(TSHM_BEGAN_EXEC, tshm_on_disk, NULL, 0);
	if (TSHM_SYS1(SYS_uname, &host) == 0)
		tshm_header->host = tshm_string(host.nodename, tshm_length(host.nodename));
	n = TSHM_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", text, sizeof(text) - 1);
	if (n > 0)
		tshm_header->exe = tshm_string(text, (size_t)n);
	for (int i = 0; i < argc && argv[i] && at + 1 < sizeof(text); i++)
		at = tshm_append(text, at, argv[i], sizeof(text)) + 1;
	tshm_header->argv = tshm_string(text, at < sizeof(text) ? at : sizeof(text));
	tshm_identity_keep();
}

/*
 * Once for each child.  A signal handler may be the first to run in it, before our atfork
 * handler or in the middle of this, and threads of a child that was made by clone may be
 * several: what these do until the ledger stands is not noted.
 */
static bool tshm_image_begin_again(void)
{
	struct tshm_piece held[TSHM_CHUNKS];

	if (tshm_alive == &tshm_never)
		return false;
	if (tshm_wipes && (atomic_load(tshm_alive) == TSHM_MAGIC || atomic_exchange(tshm_alive + 1, 1)))
		return false;
	tshm_image_open(TSHM_BEGAN_FORK, tshm_on_disk, held,
			tshm_store_pieces(&tshm_stores[TSHM_SEC_RESOURCES], held));
	__builtin_memcpy(tshm_header->parent_token, tshm_identity.token, sizeof(tshm_identity.token));
	tshm_header->host = tshm_identity.host;
	tshm_header->exe = tshm_identity.exe;
	tshm_header->argv = tshm_identity.argv;
	tshm_identity_keep();
	tshm_stores_forked();
	tshm_strings_forked();
	tshm_children_forked();
	tshm_transfers_forked();
	tshm_history_forked();
	tshm_ranges_forked();
	tshm_held_forked();
	atomic_store(tshm_alive, TSHM_MAGIC);	/* last: until here tables point to what is the parent's */
	return true;
}

void tshm_image_forked(void)
{
	tshm_image_begin_again();
}

void tshm_image_end(enum tshm_ended how, int status, const char *detail)
{
	struct tshm_header *h = tshm_header;
	bool ask = !tshm_confined;

	if (ask)
		tshm_held_check();
	h->end_status = status;
	h->end_detail = detail ? tshm_string(detail, tshm_length(detail)) : 0;
	h->end_mono = tshm_now_precise();
	h->end_wall = tshm_wall_coarse();
	h->end_checked = ask;
	atomic_thread_fence(memory_order_release);
	h->ended = how;
}

void tshm_image_end_withdraw(void)
{
	tshm_header->ended = TSHM_ENDED_NOT;
	tshm_header->end_checked = 0;
	tshm_header->end_detail = 0;
}
