/* SPDX-License-Identifier: MIT */
/* What the parts of --format=json share. */
#ifndef TSHM_OUT_JSON_H
#define TSHM_OUT_JSON_H

#include <jansson.h>

#include "out.h"
#include "trace.h"

/* What could not be made must not just be missing: it is said, and the report fails. */
json_t *tshm_json_made(json_t *);
void tshm_json_append(json_t *list, json_t *value);
json_t *tshm_json_text(const char *);		/* null for NULL */
json_t *tshm_json_number(uint64_t);		/* JSON's integers end where int64_t does; ledgers may hold more */
json_t *tshm_json_wall(uint64_t ns);		/* seconds; null for 0 */
/* A stack's frames; frees it. */
json_t *tshm_json_stack(struct tshm_trace *);
/* Adds to the object of a holder where the process stands, if anybody asked. */
void tshm_json_add_threads(const struct tshm_out *, pid_t, const struct tshm_object *, json_t *holder);
/* "cuda_ipc": handles with who exported and who opened them; and the 64 bytes of one in hex. */
json_t *tshm_json_ipc(const struct tshm_out *);
json_t *tshm_json_handle(const struct tshm_handle *);
json_t *tshm_json_marks(const struct tshm_out *);	/* "marks" */

#endif
