/* SPDX-License-Identifier: MIT */
/*
 * What is known of one run: images, what they held, the objects behind it, and
 * the names.  reader.c fills it from ledgers, model.c joins them, reconcile.c
 * asks the kernel; checks and outputs only read it.
 *
 * All strings are owned by the model and are the program's bytes: escape them
 * (text.h) before they reach a terminal or a file.
 */
#ifndef TSHM_MODEL_H
#define TSHM_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../ledger/ledger.h"

struct tshm_image;
struct tshm_object;

enum tshm_image_state {
	TSHM_IMAGE_UNKNOWN,	/* gone, and nobody saw how */
	TSHM_IMAGE_RUNNING,
	TSHM_IMAGE_EXITED,	/* status: exit status */
	TSHM_IMAGE_SIGNALED,	/* status: signal */
	TSHM_IMAGE_EXEC		/* replaced by another image of the same process */
};

struct tshm_rmodule {		/* a module as its ledger tells it */
	uint64_t start, end, bias;
	const char *path;
	uint8_t build_id[20];
	unsigned build_id_size;
	unsigned order;
};

/* One live resource: a record that was believed (reconcile.c drops what the kernel contradicts). */
struct tshm_held {
	struct tshm_resource r;		/* numbers as recorded, in this machine's byte order */
	struct tshm_image *image;
	struct tshm_object *object;	/* NULL only if dropped */
	const char *name;		/* the name it was opened by, or its readlink text, or NULL */
	bool as_recorded;		/* could not be checked: the image was killed, say */
	bool dropped;			/* the kernel contradicts it */
};

/* A history record with its strings and image. */
struct tshm_past {
	struct tshm_history h;
	struct tshm_image *image;
	struct tshm_object *object;	/* NAME, REMOVAL and SEGMENT records whose object is known; ATTACH_FAIL: the
					   object that had had the name and was gone by then (absent.c) */
	struct tshm_past *because;	/* ATTACH_FAIL with an object: the record that tells who took the name away;
					   NULL: nobody observed did */
	const char *name;
};

/* A CUDA IPC record, and the handle that joins it with those of other images. */
struct tshm_ripc {
	struct tshm_ipc r;		/* role is one of enum tshm_ipc_role, sites exist or are 0 */
	struct tshm_image *image;
	struct tshm_handle *handle;	/* NULL: it has none */
	struct tshm_ripc *exporter;	/* of an import: the last export before it; NULL: not observed */
	struct tshm_ripc **importers;	/* of an export: those imports, failed ones, too */
	size_t importer_count;
};

/* One 64-byte handle of CUDA memory or of an event: who made it, and who opened it or tried to. */
struct tshm_handle {
	const uint8_t *bytes;		/* 64 */
	bool event;
	struct tshm_ripc **exports;	/* by time.  None: the exporter was not observed */
	size_t export_count;
	struct tshm_ripc **imports;	/* by time; failed ones, too */
	size_t import_count;
};

struct tshm_image {
	struct tshm_header header;	/* zeros for an unobserved image but pid, ppid, exe */
	const char *path;		/* of the ledger, NULL if unobserved */
	char id[33];			/* token, or "pid:N" for an unobserved image; unique in the run */
	bool observed;
	const char *why_unobserved;	/* "static program", "environment cleared", "set-user-ID program", … or NULL */
	const char *exe;		/* never NULL: "?" at worst */
	char **argv;			/* argc entries and NULL */
	int argc;
	enum tshm_image_state state;
	int status;
	pid_t live_pid;			/* its pid in this namespace if it runs and can be looked at, else 0 */
	struct tshm_image *parent;	/* NULL: root, or not known */
	struct tshm_image *previous;	/* the image of the same process before exec */
	struct tshm_image *next;	/* … after */
	int depth;			/* of parents; for the process tree */
	size_t order;			/* its place in run->images */
	const struct tshm_child *as_child;	/* what its parent saw of this process, or NULL; of a process's first image:
						   tshm_as_child() */
	struct tshm_image *begun_by;	/* who noted that it began, or NULL: its parent, as a rule */
	bool foreign;			/* of another host or boot: the kernel here cannot tell about it */
	unsigned domain;		/* the same for all images of one boot of one host: numbers mean the same there */
	const struct tshm_run *part;	/* the run that it was read of, or NULL */
	const char *where;		/* " on alpha", " of run-1": told of it where there are several; else "" or NULL */

	struct tshm_held *held;
	size_t held_count;
	struct tshm_past *past;
	size_t past_count;
	struct tshm_site *sites;	/* by site number; stamp 0: none */
	size_t site_count;
	struct tshm_rmodule *modules;	/* by module number */
	size_t module_count;
	struct tshm_mark *marks;	/* in no order; counts and leaves can be relied on */
	size_t mark_count;
	struct tshm_ripc *ipcs;
	size_t ipc_count;
	uint64_t last_mono;		/* when it last noted something; only of images with CUDA IPC records, else 0 */
	struct tshm_transfer *transfers;
	size_t transfer_count;
	struct tshm_child *children;
	size_t child_count;
	struct tshm_thread *threads;
	size_t thread_count;
	/* strings of the ledger by number; NULL for a bad number.  length may be NULL */
	const char *(*string)(const struct tshm_image *, uint32_t number, uint32_t *length);
	void *reader;			/* private to reader.c */
	uint64_t lost;			/* sum of loss counters */
	uint64_t torn;			/* records skipped because they were half written */
};

/* What its parent saw of its process, whatever that executed; or NULL.  (tree.c) */
const struct tshm_child *tshm_as_child(const struct tshm_image *);

enum tshm_object_state { TSHM_OBJECT_LIVE, TSHM_OBJECT_LEAKED, TSHM_OBJECT_REMOVED };

enum tshm_presence {		/* does its name still lead to it? */
	TSHM_NAME_NONE,		/* it never had one, or it was removed */
	TSHM_NAME_THERE,
	TSHM_NAME_OTHER,	/* the name leads to another object now */
	TSHM_NAME_UNASKED	/* other host, or not allowed to look */
};

/* Somebody outside the run who has the object open or mapped now. */
struct tshm_outsider { pid_t pid; char *exe; };

struct tshm_object {
	char id[64];			/* unique in the report: "shm:DEV:INO", "sysv:ID", "memfd:DEV:INO", "fd:TOKEN:N",
					   "cuda:TOKEN:ADDRESS"; "shm:DEV:INO@2" of the second host */
	uint16_t kind;			/* enum tshm_kind; NAME-only objects: SEGMENT, SEMAPHORE, MQUEUE, ATTACHMENT */
	uint16_t space;			/* enum tshm_space, 0 if it has no name space */
	const char *name;		/* the newest name that led to it, or NULL */
	bool has_ident;
	unsigned domain;		/* of the images that have it */
	uint64_t dev, ino;
	uint64_t size;			/* from the kernel if the name is there, else as last recorded */
	int64_t sysv_id;
	enum tshm_object_state state;
	enum tshm_presence presence;
	struct tshm_past *creator;	/* the history record that made it, or NULL */
	struct tshm_past *rival;	/* a second image that may have made it ("A or B"), or NULL */
	struct tshm_past *remover;	/* who removed its name, or NULL */
	struct tshm_held **holders;	/* records of images that run now; not dropped */
	size_t holder_count;
	struct tshm_past **pasts;	/* history records about it, in the order of images and time */
	size_t past_count;
	struct tshm_held **records;	/* all that refer to it, not dropped: holders, and what ended images had last */
	size_t record_count;
	struct tshm_outsider *outsiders;
	size_t outsider_count;
	uint64_t birth_wall;		/* of what its name leads to, from the kernel; 0: not known */
	uint64_t change_wall;		/* the same: when its inode was changed last */
	uint32_t mode;			/* permissions that its name has now, from the kernel; if it is THERE */
	bool bound;			/* a socket's path: some socket is still bound to it */
	bool in_directory;		/* its name lies in a directory below the mount … */
	bool hidden;			/* … or in a mount that others may not search */
	struct tshm_object *next;	/* all objects of the run */
};

/* A name that is there now, in no ledger (for shm-appeared). */
struct tshm_stray {
	uint16_t space;
	char *name;
	uint64_t size;
	int64_t id;			/* SysV */
	pid_t creator_pid;		/* SysV; else 0 */
	uint64_t dev, ino;
};

struct tshm_run {
	const char *path;		/* the run's directory, or the one ledger */
	const char *host;
	uint64_t started_wall, ended_wall;	/* ns; ended 0: still runs */
	bool complete;			/* every image observed, nothing lost, nothing torn */
	uint64_t lost;
	bool made_by_run;		/* has a run.json */
	pid_t root_pid;			/* from run.json, else 0 */
	int root_status;		/* wait status, from run.json */
	bool root_observed;
	struct tshm_image **images;	/* parents before children, then by start time */
	size_t image_count;
	struct tshm_object *objects;
	size_t object_count;
	struct tshm_handle *handles;	/* by the time of their first record */
	size_t handle_count;
	struct tshm_stray *strays;
	size_t stray_count;
	size_t hidden;			/* processes that we may not look at: they may hold something */
	char **problems;		/* one line a ledger that could not be read, or only in part */
	size_t problem_count;
	size_t unreadable;		/* ledgers that could not be judged at all */
	char **command;			/* from run.json: command_count arguments and NULL; or NULL */
	int command_count;
	char **names_before;		/* from run.json: names that were there before the run ("/dev/shm/x", "sysv:1", "mq:/x") */
	size_t names_before_count;
	bool has_names_before;
	const char *boot_id;		/* from run.json, or NULL */
	uint64_t pidns;
	struct tshm_run **parts;	/* what it was merged of, in the order of arguments: without images and objects */
	size_t part_count;
	struct tshm_run_own *own;	/* private to runs.c: memory that goes with the run */
};

#endif
