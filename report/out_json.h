/* SPDX-License-Identifier: MIT */
/* What the parts of --format=json share. */
#ifndef TSHM_OUT_JSON_H
#define TSHM_OUT_JSON_H

#include <jansson.h>

#include "out.h"
#include "trace.h"

/* A stack's frames; frees it. */
json_t *tshm_json_stack(struct tshm_trace *);
/* Adds to the object of a holder where the process stands, if anybody asked. */
void tshm_json_add_threads(const struct tshm_out *, pid_t, const struct tshm_object *, json_t *holder);

#endif
