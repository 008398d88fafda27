/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the double of libcuda share.  A process keeps its own tables behind one lock;
 * what others may open lies as files in the folder TSHM_FAKE_CUDA_DIR.
 */
#ifndef TSHM_FAKE_DRIVER_H
#define TSHM_FAKE_DRIVER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

#define FAKE_VERSION 13000
#define FAKE_BLOCK (2u << 20)		/* small allocations share blocks of this size */
#define FAKE_PATH 256

/* A process, also after another has got its pid. */
struct fake_who {
	uint64_t start;
	int32_t pid;
	int32_t unused;
};

enum fake_kind { FAKE_DEVICE = 1, FAKE_MANAGED, FAKE_ASYNC, FAKE_EVENT };

struct fake_context {
	struct fake_context *next;	/* of all that ever were: a stale pointer is recognised, not followed */
	unsigned refs;
	int primary, alive;
};


/* Memory that the driver got at once, of one context and kind; it can be shared only as a whole. */
struct fake_block {
	struct fake_block *next;
	struct fake_context *context;
	char *base;
	size_t size;
	uint64_t number;		/* names its file */
	enum fake_kind kind;
};

struct fake_allocation {
	struct fake_allocation *next;	/* by address */
	struct fake_context *context;	/* NULL: no context owns it */
	struct fake_block *block;
	char *base;
	size_t size;
	uint64_t number;		/* never used again: addresses are */
	enum fake_kind kind;
	int exported;
};

/* What a handle of 64 bytes says, once unwrapped. */
struct fake_ticket {
	uint64_t magic;
	struct fake_who owner;
	uint64_t number, block, offset, size;
	uint32_t kind, unused;
};
_Static_assert(sizeof(struct fake_ticket) == sizeof(struct cuda_handle), "it fills a handle");

/* ---- driver.c: the process ---- */
extern struct fake_who fake_self;
extern const char *fake_dir;
/* Takes the lock, or returns why nothing can be done. */
int fake_enter(void);
/* The same; *context is the current one. */
int fake_enter_context(struct fake_context **context);
int fake_leave(int error);
uint64_t fake_number(void);
int fake_is_alive(const struct fake_who *who);
int fake_wrap(struct cuda_handle *handle, const struct fake_ticket *ticket);
/* Whether it is one that somebody who is alive has made and not taken back. */
int fake_unwrap(struct fake_ticket *ticket, const struct cuda_handle *handle, enum fake_kind kind);

/* ---- pages.c: files and mappings, by system calls that nobody interposes ---- */
int fake_pid(void);
/* "TYPE-PID-START-NUMBER" in the folder. */
void fake_path(char path[FAKE_PATH], const char *type, const struct fake_who *who, uint64_t number);
int fake_exists(const char *path);
int fake_touch(const char *path);
void fake_append(const char *path, const char *text, size_t size);
void fake_remove(const char *path);
long fake_read(const char *path, char *text, size_t size);
/* size 0: the file is there and is mapped whole; else it is made.  NULL: failed. */
void *fake_map_file(const char *path, size_t *size);
void *fake_map_fd(int fd, size_t *size);
void *fake_map_nothing(size_t size);
/* The pages of *from* also at *to*, which is reserved. */
int fake_map_again(void *to, void *from, size_t size);
int fake_reserve(void *at, size_t size);
void fake_unmap(void *at, size_t size);
int fake_open(const char *path);
int fake_path_of(int fd, char path[FAKE_PATH]);

/* ---- context.c ---- */
struct fake_context *fake_current(void);

/* ---- memory.c ---- */
struct fake_allocation *fake_find(const void *inside);
int fake_allocate(struct fake_context *context, enum fake_kind kind, size_t size, void **out);
int fake_free(void *base);
void fake_free_of(const struct fake_context *context);

/* ---- ipc.c ---- */
int fake_export(struct cuda_handle *handle, struct fake_allocation *a);
/* context NULL: it belongs to none, and is closed by freeing it. */
int fake_import(struct fake_context *context, const struct fake_ticket *ticket, void **out);
int fake_close(const struct fake_context *context, const void *mapped);
/* The mapped block of another process that holds this address. */
int fake_find_import(const void *inside, void **base, size_t *size);
void fake_close_of(const struct fake_context *context);

/* ---- vmm.c ---- */
int fake_find_mapped(const void *inside, void **base, size_t *size);

/* ---- event.c ---- */
void fake_destroy_of(const struct fake_context *context);

#endif
