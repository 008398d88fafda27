/* SPDX-License-Identifier: MIT */
/* Ledgers made in memory, as a library would have written them: for unit tests and golden files. */
#ifndef TSHM_MAKE_LEDGER_H
#define TSHM_MAKE_LEDGER_H

#include <sys/types.h>

#include "../../ledger/ledger.h"

struct made {
	uint8_t *bytes;			/* the whole sparse file */
	uint64_t size;
	struct tshm_header *header;
};

/* A new ledger of a process that runs; the token is `number`, in hex. */
struct made make_ledger(unsigned number, pid_t pid, pid_t ppid, const char *exe);
void make_free(struct made *);
/* A new record in a section, its stamp LIVE; *number, if asked for, is its number. */
void *make_record(struct made *, enum tshm_section_id, uint32_t *number);
uint32_t make_string(struct made *, const char *s, uint32_t length);
uint32_t make_site(struct made *, enum tshm_call call, uint64_t address);	/* one frame in the program itself */
struct tshm_history *make_name(struct made *, enum tshm_space, const char *name, uint32_t flags, uint32_t site);
struct tshm_resource *make_resource(struct made *, enum tshm_kind, uint64_t key, uint32_t site);
struct tshm_child *make_child(struct made *, pid_t pid, enum tshm_child_how, int wait_status);
void make_end(struct made *, enum tshm_ended, int status);	/* all records checked */
void make_token(char token[33], unsigned number);
/* Write it to DIR/TOKEN.tshm, holes and all.  Returns 0 or -errno. */
int make_save(const struct made *, const char *directory);

#endif
