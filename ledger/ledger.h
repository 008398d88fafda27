/* SPDX-License-Identifier: MIT */
/*
 * The ledger: the file in which one process image keeps its state.
 *
 * This header is all that the two halves of tshm share.  The library (preload/)
 * writes these structures with plain stores into a MAP_SHARED mapping, so what
 * was stored survives SIGKILL; the report (report/) reads them as untrusted
 * bytes.  man/tshm-ledger.5 describes the same in prose.
 *
 * A file is a header and then sections, each an array of fixed-size records.
 * A section lies in two extents: its first `first_count` records at
 * `first_offset`, all others at `rest_offset`.  (Small first extents of all
 * sections lie together, so a short program touches few pages; the rest is a
 * hole in a sparse file until it is needed, and reads as zeros.)
 *
 * Conventions
 *  - Record number 0 of every section is never used: 0 as a reference is "none".
 *  - All integers are in the writer's byte order; the header tells which.
 *  - Times are nanoseconds: `*_mono` CLOCK_MONOTONIC, `*_wall` CLOCK_REALTIME.
 *    The coarse variants of both clocks are used, so one tick (1-10 ms) of
 *    tolerance belongs in every comparison between two sources.
 *  - Numbers on disk (calls.def, kinds.def, the enums here) are append-only.
 *  - Strings inside records are NUL-terminated unless they fill their array;
 *    they are bytes as the program gave them, with no promise about encoding.
 */
#ifndef TSHM_LEDGER_H
#define TSHM_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#define TSHM_LEDGER_MAGIC      "tshmLEDG"	/* 8 bytes, no NUL */
#define TSHM_LEDGER_VERSION    1u
#define TSHM_LEDGER_BYTE_ORDER 0x01020304u
#define TSHM_LEDGER_SUFFIX     ".tshm"		/* TOKEN.tshm in a run's directory */
#define TSHM_LEDGER_RUN_FILE   "run.json"	/* beside them, written by tshm-run */
#define TSHM_DEPTH_MAX         32		/* frames in a site */
#define TSHM_CALL_MAX          256		/* call ids are below this */
#define TSHM_SECTION_MAX       16

enum tshm_section_id {
	TSHM_SEC_RESOURCES = 0,
	TSHM_SEC_SITES = 1,
	TSHM_SEC_HISTORY = 2,
	TSHM_SEC_TRANSFERS = 3,
	TSHM_SEC_MODULES = 4,
	TSHM_SEC_STRINGS = 5,
	TSHM_SEC_THREADS = 6,
	TSHM_SEC_CHILDREN = 7,
	TSHM_SEC_MARKS = 8,
	TSHM_SEC_IPC = 9,
	TSHM_SEC_COUNT = 10
};

/* One section.  `used` is a high-water mark: records at or above it were never written. */
struct tshm_section {
	uint32_t record_size;	/* bytes */
	uint32_t first_count;	/* records in the first extent, a power of two */
	uint32_t capacity;	/* records in all */
	uint32_t used;
	uint64_t first_offset;	/* bytes from the start of the file */
	uint64_t rest_offset;
	uint64_t lost;		/* facts that found no room here */
	uint64_t recycled;	/* closed records overwritten by newer ones (by design) */
};
_Static_assert(sizeof(struct tshm_section) == 48, "on disk");

enum tshm_began {		/* how the image began */
	TSHM_BEGAN_EXEC = 1,	/* the constructor ran */
	TSHM_BEGAN_FORK = 2,	/* in the child of fork: parent_token is exact */
	TSHM_BEGAN_LATE = 3	/* a child made without atfork handlers, noticed at its first call */
};

enum tshm_ended {		/* how it ended, as far as the image itself could note it */
	TSHM_ENDED_NOT = 0,	/* runs, or was killed: ask the kernel and the parent's ledger */
	TSHM_ENDED_EXIT = 1,	/* end_status is the exit status (-1: not known) */
	TSHM_ENDED_EXEC = 2,	/* called exec (withdrawn if that failed); end_detail names the new program */
	TSHM_ENDED_ABORT = 3	/* called abort() */
};

struct tshm_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint32_t header_size;	/* sizeof(struct tshm_header) */
	uint32_t section_count;
	struct tshm_section sections[TSHM_SECTION_MAX];

	char token[32];		/* this file's random name, without the suffix; lower-case hex */
	char parent_token[32];	/* of the image that forked this one; zeros if it began by exec */
	char boot_id[40];	/* /proc/sys/kernel/random/boot_id, or "" */
	uint64_t pidns;		/* inode of the pid namespace, 0 if unknown */
	int32_t pid;		/* in that namespace */
	int32_t ppid;
	uint32_t exec_number;	/* 0 for the first image of a process that is known, or 0 if unknown */
	uint32_t uid;
	uint32_t gid;
	uint32_t began;		/* enum tshm_began */
	uint64_t start_mono;
	uint64_t start_wall;
	uint32_t host;		/* string: utsname.nodename */
	uint32_t exe;		/* string: the program's path */
	uint32_t argv;		/* string: arguments, each ended by a NUL (use the string's length) */
	uint32_t ended;		/* enum tshm_ended */
	int32_t end_status;
	uint32_t end_detail;	/* string */
	uint64_t end_mono;
	uint64_t end_wall;
	uint32_t end_checked;	/* 1: live records were compared with the kernel when the image ended */
	uint32_t unwinder;	/* enum tshm_unwinder that was in use */
	uint32_t depth;		/* frames captured at most */
	uint32_t flags;		/* TSHM_HF_* */
	uint64_t fs_type;	/* statfs f_type of the ledger's own file system */
	uint64_t calls[TSHM_CALL_MAX];	/* totals by call id: calls that were noted */
	uint64_t lost_early;	/* calls before the ledger existed or while it could not be written */
	uint64_t shm_dev;	/* st_dev of /dev/shm, 0 if unknown */
	uint32_t epoch;		/* resources with another one (its low 16 bits) were inherited by fork */
	uint32_t pad32;
	uint64_t reserved[63];
};
_Static_assert(sizeof(struct tshm_header) <= 4096, "the header fits one page");
#define TSHM_HEADER_EXTENT 4096u

#define TSHM_HF_DISK_LEDGER  0x1u	/* the ledger had to go to a disk: slow */
#define TSHM_HF_VFORKED      0x2u	/* image was entered through a vfork child (unused by the writer so far) */
#define TSHM_HF_CONFINED     0x4u	/* it confined itself (seccomp): nothing was asked of the kernel any more */
#define TSHM_HF_PYTHON_OTHER 0x8u	/* it has a Python of which no frames are known (version, build) */

enum tshm_unwinder { TSHM_UNWIND_NONE = 0, TSHM_UNWIND_LIBUNWIND = 1, TSHM_UNWIND_CFI = 2 };

/*
 * The stamp of a record: generation and state in one word, so that a reader can
 * tell a whole record from one that was being written when the process died:
 * accept a record only if the stamp says live (or closed) before and after reading.
 */
enum tshm_state {
	TSHM_STATE_FREE = 0,
	TSHM_STATE_BUSY = 1,	/* being written: not to be believed */
	TSHM_STATE_LIVE = 2,
	TSHM_STATE_CLOSED = 3	/* history only: the interval has ended, the facts stay */
};
#define TSHM_STAMP(generation, state) (((uint64_t)(generation) << 2) | (uint64_t)(state))
#define TSHM_STAMP_STATE(stamp)       ((enum tshm_state)((stamp) & 3))
#define TSHM_STAMP_GENERATION(stamp)  ((stamp) >> 2)

/* How a resource came to be held. */
enum tshm_origin {
	TSHM_ORIGIN_UNKNOWN = 0,
	TSHM_ORIGIN_CREATED = 1,	/* the call made the object */
	TSHM_ORIGIN_OPENED = 2,		/* the object was there, or may have been */
	TSHM_ORIGIN_DUPLICATED = 3,
	TSHM_ORIGIN_RECEIVED = 4,	/* SCM_RIGHTS, pidfd_getfd */
	TSHM_ORIGIN_FORK = 5,		/* inherited; site and time are those of the parent's call */
	TSHM_ORIGIN_EXEC = 6		/* found open when the image began */
};

#define TSHM_RF_CLOEXEC     0x0001u	/* close-on-exec is set */
#define TSHM_RF_CLOEXEC_OFF 0x0002u	/* the program itself cleared it: meant to cross exec */
#define TSHM_RF_CHOSEN      0x0004u	/* the number was chosen by the program (dup2, dup3) */
#define TSHM_RF_IDENT       0x0008u	/* dev, ino, mode (and size) are known */
#define TSHM_RF_STREAM      0x0010u	/* held by a FILE or DIR */
#define TSHM_RF_PEEKED      0x0020u	/* installed by recvmsg(MSG_PEEK) */
#define TSHM_RF_CHECKED     0x0040u	/* compared with the kernel when the image ended, and there */
#define TSHM_RF_READ        0x0100u	/* access: PROT_READ, O_RDONLY/O_RDWR */
#define TSHM_RF_WRITE       0x0200u
#define TSHM_RF_EXECUTE     0x0400u
#define TSHM_RF_TMPFILE     0x0800u	/* O_TMPFILE, tmpfile(): has no name */
#define TSHM_RF_REFS        0x1000u	/* `extra` counts references (sem_open twice gives one address) */

/* One thing that the process holds now.  kind: kinds.def; call: calls.def. */
struct tshm_resource {
	uint64_t stamp;
	uint64_t key;		/* the number the process knows it by: descriptor, address, id */
	uint64_t length;	/* mappings: bytes, a multiple of the page size */
	uint64_t offset;	/* mappings: offset in the object */
	uint64_t dev, ino;	/* the object, if TSHM_RF_IDENT; SysV: ino = shmid, dev = 0 */
	uint64_t size;		/* the object's size when last looked at */
	uint64_t acquired_mono;
	uint64_t sequence;	/* order among mapping calls of this process */
	uint32_t mode;		/* st_mode */
	uint32_t flags;		/* TSHM_RF_* */
	uint32_t site;
	uint32_t tid;
	uint32_t name;		/* history record of its name or segment, or 0 */
	uint32_t text;		/* string: readlink of /proc/self/fd/N, taken when the image ended */
	int32_t peer;		/* received: the sender's pid if known */
	uint32_t extra;
	uint16_t kind;
	uint16_t call;
	uint16_t origin;	/* enum tshm_origin */
	uint16_t epoch;		/* of the image, along a line of forks, that made the record; not the header's:
				   the origin is TSHM_ORIGIN_FORK whatever `origin` says, and nothing is CHECKED */
	uint64_t reserved[2];
};
_Static_assert(sizeof(struct tshm_resource) == 128, "on disk");

enum tshm_frame_kind { TSHM_FRAME_NONE = 0, TSHM_FRAME_NATIVE = 1, TSHM_FRAME_PYTHON = 2 };

/* A return address (native) or a line (python).  Symbolize a native one at offset - 1. */
struct tshm_frame {
	uint32_t kind;		/* enum tshm_frame_kind */
	uint32_t where;		/* native: module, 0 if in none; python: string of the file */
	union {
		uint64_t offset;	/* native: address minus the module's bias (its file's
					   virtual address); module 0: the address itself */
		struct {
			uint32_t function;	/* string */
			uint32_t line;
		} py;
	} u;
};
_Static_assert(sizeof(struct tshm_frame) == 16, "on disk");

/* Why acquisitions failed, in the classes that the rules ask for. */
enum tshm_failure {
	TSHM_FAIL_DESCRIPTORS = 0,	/* EMFILE, ENFILE */
	TSHM_FAIL_MEMORY = 1,		/* ENOMEM, ENOSPC, EDQUOT */
	TSHM_FAIL_ABSENT = 2,		/* ENOENT, EIDRM */
	TSHM_FAIL_OTHER = 3,
	TSHM_FAIL_COUNT = 4
};

/* One distinct call stack that acquires resources by one call, with running totals. */
struct tshm_site {
	uint64_t stamp;		/* LIVE once the frames can be read */
	uint64_t hash;
	uint32_t call;
	uint32_t depth;
	uint64_t first_mono, last_mono;	/* of acquisitions and failures */
	uint64_t acquired;
	uint64_t released;
	int64_t live;		/* in this image, inherited ones included */
	int64_t peak;
	int64_t live_bytes;	/* mappings */
	uint64_t failed[TSHM_FAIL_COUNT];
	int32_t last_errno;
	uint32_t pad32;
	uint64_t life_sum;	/* ns, of what was released */
	uint64_t life_max;
	uint32_t life_log2[32];	/* bucket b: 2^b <= lifetime in milliseconds + 1 < 2^(b+1) */
	struct tshm_frame frames[TSHM_DEPTH_MAX];	/* frames[0] is the caller of the hooked function */
	uint64_t reserved[31];
};
_Static_assert(sizeof(struct tshm_site) == 1024, "on disk");

enum tshm_history_type {
	TSHM_HIST_NAME = 1,	/* a name that this image created, opened with O_CREAT, or renamed to */
	TSHM_HIST_REMOVAL = 2,	/* a name that it removed (unlink, shm_unlink, IPC_RMID, rename away/over) */
	TSHM_HIST_SEGMENT = 3,	/* a nameless object that it created (memfd, O_TMPFILE in an shm mount) */
	TSHM_HIST_LOST_FDS = 4,	/* descriptors lost in transit: id = sent or expected, extra = installed */
	TSHM_HIST_BAD_CLOSE = 5,/* close of a number that was not open */
	TSHM_HIST_ATTACH_FAIL = 6 /* a name was not there to be attached to; one record a site and name; begin and
				   end: before the first and the last such call.  SYSV: id, or ipc_key if it is -1 */
};

enum tshm_space {		/* name spaces */
	TSHM_SPACE_SHM = 1,	/* `name` is a path: /dev/shm/x, or any path in an shm mount */
	TSHM_SPACE_SEM = 2,	/* POSIX semaphore; `name` is its path, /dev/shm/sem.x */
	TSHM_SPACE_MQ = 3,	/* POSIX message queue; `name` is /x */
	TSHM_SPACE_SYSV = 4,	/* SysV shared memory: id = shmid, ipc_key = key; no `name` */
	TSHM_SPACE_MEMFD = 5,	/* `name` is the argument of memfd_create; not a name space: it never leaks */
	TSHM_SPACE_SOCKET = 6	/* the path that an AF_UNIX socket was bound to; dev and ino are the path's */
};

#define TSHM_HIF_INTENT    0x01u	/* noted before the call; its outcome is not known (killed in it) */
#define TSHM_HIF_EXCLUSIVE 0x02u	/* O_EXCL, mkstemp, IPC_PRIVATE, IPC_EXCL: this image made it */
#define TSHM_HIF_MAYBE     0x04u	/* create-or-open: compare the object's birth time with begin_wall */
#define TSHM_HIF_OPENED    0x08u	/* known to have been there before */
#define TSHM_HIF_RENAMED   0x10u	/* NAME: by rename or link from `link`; REMOVAL: by rename to/over it */
#define TSHM_HIF_INHERITED 0x20u	/* copied at fork because a live resource refers to it: not this image's act */
#define TSHM_HIF_IDENT     0x40u	/* dev, ino are known */
#define TSHM_HIF_GONE      0x80u	/* closed because the kernel no longer had it: somebody else removed it;
					   with end_site: when this image wanted to remove it itself */
#define TSHM_HIF_REMOVED   0x100u	/* NAME: closed by this image's own removal (end_site, end_tid) */
#define TSHM_HIF_LINKED    0x200u	/* NAME: made by link(): the object's other names stay */

#define TSHM_NAME_MAX 336	/* longer paths lose their end */

/*
 * An interval in the life of a rare thing, or a rare event (then begin = end; of a REMOVAL they are the
 * times before and after the call: it was done somewhere between).
 */
struct tshm_history {
	uint64_t stamp;		/* LIVE: still so, as far as this image knows; CLOSED: ended */
	uint64_t dev, ino;
	uint64_t size;
	uint64_t begin_mono, begin_wall;
	uint64_t end_mono, end_wall;
	uint32_t site, end_site;
	uint32_t tid, end_tid;
	uint32_t mode;		/* st_mode or requested mode */
	uint32_t flags;		/* TSHM_HIF_* */
	int64_t id;		/* SYSV: shmid; BAD_CLOSE: the last number; LOST_FDS: see there */
	int64_t ipc_key;	/* SYSV: key */
	uint32_t link;		/* another history record, or 0 */
	uint32_t count;		/* how often (BAD_CLOSE and LOST_FDS are one record a site; ATTACH_FAIL) */
	int64_t low, high;	/* BAD_CLOSE: smallest and largest number; NAME: `low` is when this image let go of
				   the last descriptor or mapping that it had by it, 0: it has one, or never had */
	int64_t extra;		/* LOST_FDS: installed; BAD_CLOSE: numbers seen to rise by one (a loop);
				   ATTACH_FAIL: 1 once this image attached to the name, or made it, after all */
	struct tshm_frame before;	/* BAD_CLOSE: who closed the last number before */
	uint64_t before_mono;	/* … and when; NAME: when the call that made it had returned, 0: not known */
	int32_t before_tid;
	int32_t error;		/* errno of the event */
	uint16_t type;		/* enum tshm_history_type */
	uint16_t space;		/* enum tshm_space */
	uint16_t call;
	uint16_t end_call;
	char name[TSHM_NAME_MAX];
};
_Static_assert(sizeof(struct tshm_history) == 512, "on disk");

/* Descriptors sent or received, in total by (object, socket, direction). */
struct tshm_transfer {
	uint64_t stamp;
	uint64_t dev, ino;	/* the object passed */
	uint64_t socket_dev, socket_ino; /* this side's socket; a socketpair's or connection's ends differ */
	uint64_t count;		/* descriptors */
	uint64_t first_mono, last_mono;
	int32_t peer;		/* SO_PEERCRED, or the pid of pidfd_getfd; 0 if unknown */
	uint32_t site;		/* of the first */
	uint16_t direction;	/* 1 sent, 2 received, 3 fetched (pidfd_getfd) */
	uint16_t call;
	uint32_t kind;		/* kinds.def */
	uint64_t reserved[6];
};
_Static_assert(sizeof(struct tshm_transfer) == 128, "on disk");

/* A mapped ELF file, as far as sites refer to it. */
struct tshm_module {
	uint64_t stamp;
	uint64_t start, end;	/* address range */
	uint64_t bias;		/* l_addr */
	uint32_t path;		/* string; "" for the program itself: use the header's exe */
	uint32_t order;		/* a later one at the same addresses has a higher order */
	uint8_t build_id[20];
	uint32_t build_id_size;	/* 0 if none */
};
_Static_assert(sizeof(struct tshm_module) == 64, "on disk");

/*
 * Strings are addressed in units of 8 bytes: at unit n stand a 32-bit length,
 * that many bytes, and a NUL.  A string lies in one extent and, beyond the first,
 * never crosses a power-of-two multiple of first_count (the writer's chunks).
 */
#define TSHM_STRING_UNIT 8u
#define TSHM_STRING_MAX  4096u

struct tshm_thread {
	uint64_t stamp;
	int32_t tid;
	uint32_t pad32;
	char name[16];		/* as it was at the thread's first noted call */
};
_Static_assert(sizeof(struct tshm_thread) == 32, "on disk");

enum tshm_child_how { TSHM_CHILD_FORK = 1, TSHM_CHILD_VFORK = 2, TSHM_CHILD_SPAWN = 3, TSHM_CHILD_SEEN = 4 };

/* A child process, as its parent saw it.  stamp CLOSED: its end was collected. */
struct tshm_child {
	uint64_t stamp;
	int32_t pid;
	uint32_t how;		/* enum tshm_child_how; SEEN: only its end was seen */
	int32_t wait_status;	/* as waitpid() gives it, if CLOSED */
	uint32_t program;	/* string: what spawn or the vfork child executed, or 0 */
	uint64_t begin_mono;
	uint64_t end_mono;	/* of the precise clock, taken when its end was collected */
	uint32_t site;
	uint32_t pad32;
	uint64_t reserved[2];
};
_Static_assert(sizeof(struct tshm_child) == 64, "on disk");

/*
 * A named begin and end around a piece of work (include/tshm.h): how much of what was
 * live at both.  stamp LIVE: it has not ended; CLOSED: it has.
 */
enum tshm_mark_class {
	TSHM_MARK_DESCRIPTORS = 0,	/* but those of segments and memfds: */
	TSHM_MARK_SEGMENTS = 1,
	TSHM_MARK_SEGMENT_MAPS = 2,	/* mappings of segments and memfds, SysV attachments */
	TSHM_MARK_OTHER_MAPS = 3,	/* other shared mappings */
	TSHM_MARK_SEMAPHORES = 4,
	TSHM_MARK_IPC_MEMORY = 5,	/* opened CUDA IPC handles, by opens without a close */
	TSHM_MARK_IPC_EVENTS = 6,	/* interprocess events, made or opened */
	TSHM_MARK_CUDA_MEMORY = 7,	/* allocations */
	TSHM_MARK_CLASSES = 8
};
#define TSHM_MARK_LEAVES 7

struct tshm_mark {
	uint64_t stamp;
	uint64_t begin_mono, end_mono;	/* of the precise clock */
	uint64_t sequence;		/* counts this image's marks, from 1 */
	uint32_t name;			/* string */
	uint32_t tid;			/* that began it */
	int64_t live_begin[TSHM_MARK_CLASSES], live_end[TSHM_MARK_CLASSES];
	struct tshm_mark_leaf {		/* sites of which more is live at the end, those that grew most */
		uint32_t site;
		uint32_t live_end;	/* of that site and class */
		uint16_t class;		/* enum tshm_mark_class */
		uint16_t grown;		/* 65535: that, or more */
	} leaves[TSHM_MARK_LEAVES];
};
_Static_assert(sizeof(struct tshm_mark) == 256, "on disk");

/*
 * CUDA IPC: what this image exported or opened, and what it did wrong about it.  The 64
 * bytes of a handle join an exporter's record with those of importers.
 */
enum tshm_ipc_role {
	TSHM_IPC_EXPORT = 1,		/* memory of this image, of which it made a handle */
	TSHM_IPC_IMPORT = 2,		/* another process's memory: opened, or opening it failed (`error`) */
	TSHM_IPC_EVENT_EXPORT = 3,	/* an interprocess event that it created; count 0: no handle was made of it */
	TSHM_IPC_EVENT_IMPORT = 4,	/* another process's event, opened; an object of its own, to be destroyed */
	TSHM_IPC_BAD_CLOSE = 5,		/* cuIpcCloseMemHandle of what was not open; one record a site */
	TSHM_IPC_AFTER_FORK = 6		/* called in a child of a process that had used CUDA; one record a site */
};

#define TSHM_IPCF_RESET    0x1u	/* ended with its context (reset, destroy), not by a call of its own */
#define TSHM_IPCF_INTERIOR 0x2u	/* EXPORT: pointer is not base */

struct tshm_ipc {
	uint64_t stamp;		/* LIVE: allocated, open; CLOSED: freed, closed, destroyed; or it never came to be */
	uint8_t handle[64];	/* zeros if there is none */
	uint64_t pointer;	/* EXPORT: of which the handle was made; IMPORT: where it was opened; the event; AFTER_FORK: what was to be
				   freed, 0: nothing, at least once */
	uint64_t base;		/* EXPORT, IMPORT: where the allocation begins as the driver tells it; 0: unknown */
	uint64_t size;		/* EXPORT: bytes of the allocation; IMPORT: bytes mapped here; 0: unknown */
	uint64_t context;	/* CUcontext that was current; 0: unknown */
	uint64_t begin_mono, begin_wall, end_mono, end_wall;	/* of the precise clocks */
	uint32_t site, end_site;
	uint32_t tid, end_tid;
	uint32_t count;		/* EXPORT: handles made; IMPORT: successful opens; BAD_CLOSE, AFTER_FORK: how often */
	uint32_t released;	/* IMPORT: successful closes */
	int32_t error;		/* CUresult or cudaError_t of a call that failed; 0 */
	uint32_t flags;		/* TSHM_IPCF_* */
	uint32_t given;		/* flags of the call: cudaEventInterprocess ... */
	uint32_t origin_site;	/* EXPORT: where the memory was allocated, or 0 */
	uint16_t role;		/* enum tshm_ipc_role */
	uint16_t call, end_call;
	uint16_t pad16;
	uint64_t reserved[9];
};
_Static_assert(sizeof(struct tshm_ipc) == 256, "on disk");

/* ---- tables ---- */

enum tshm_call {
#define TSHM_CALL(id, name, act, kind, early) TSHM_CALL_##name = (id),
#include "calls.def"
#undef TSHM_CALL
#define TSHM_CU(id, name, ask, version) TSHM_CALL_##name = (id),
#define TSHM_CUDART(id, name) TSHM_CALL_##name = (id),
#include "cuda.def"
#undef TSHM_CUDART
#undef TSHM_CU
};

enum tshm_number {		/* what a kind's key is */
	TSHM_BY_DESCRIPTOR = 1,
	TSHM_BY_RANGE = 2,	/* address and length */
	TSHM_BY_POINTER = 3,
	TSHM_BY_ID = 4
};

enum tshm_kind {
	TSHM_KIND_NONE = 0,
#define TSHM_KIND(id, tag, text, by, unique) TSHM_KIND_##tag = (id),
#include "kinds.def"
#undef TSHM_KIND
};

/* What a call or kind is called in reports; "?" for an id that this build does not know. */
const char *tshm_call_name(unsigned call);
const char *tshm_kind_name(unsigned kind);
enum tshm_number tshm_kind_by(unsigned kind);	/* 0 if unknown */
/* Does (dev, ino) name one object of this kind?  (All eventfds share an inode, for instance.) */
int tshm_kind_unique(unsigned kind);

/* May a descriptor of this kind have this st_mode?  Its type bits are 0 for what has no type of its own (eventfd ...). */
int tshm_kind_fits(unsigned kind, uint32_t mode);

/* Fill the section table of a new file of this version.  Returns the size of the whole sparse file. */
uint64_t tshm_ledger_layout(struct tshm_section sections[TSHM_SECTION_MAX]);
/* Bytes of the part that holds the header and all first extents. */
uint64_t tshm_ledger_first_extent(void);
/* Offset in the file of record `number`; the caller has checked number < capacity. */
uint64_t tshm_ledger_offset(const struct tshm_section *section, uint32_t number);

#endif
