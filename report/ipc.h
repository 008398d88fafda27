/* SPDX-License-Identifier: MIT */
/* What is true of CUDA IPC records: how long something was open, who exported it, how large it is. */
#ifndef TSHM_REPORT_IPC_H
#define TSHM_REPORT_IPC_H

#include "model.h"

/*
 * The end of an interval, by CLOCK_MONOTONIC: between `least` and `most`, which are the same
 * if somebody noted it, and UINT64_MAX while it lasts.  A killed process notes nothing: it
 * lived at its last noted call, and was dead when its parent collected it.
 */
struct tshm_until { uint64_t least, most; };

struct tshm_until tshm_ipc_image_until(const struct tshm_image *);
/* Until when it was allocated, open, or existed; no longer than its process. */
struct tshm_until tshm_ipc_until(const struct tshm_ripc *);

bool tshm_ipc_is_import(const struct tshm_ripc *);	/* of memory or of an event; it may have failed */
bool tshm_ipc_is_event(const struct tshm_ripc *);
bool tshm_ipc_was_opened(const struct tshm_ripc *);	/* an import that did not fail */
bool tshm_ipc_is_live(const struct tshm_ripc *);	/* neither freed, closed, destroyed, nor failed */
/* How many closes are missing: opens of one handle in one context are counted. */
uint64_t tshm_ipc_missing(const struct tshm_ripc *);
/* Of an import: "open", "closed", "failed", or "reclaimed": it ended with its context or process. */
const char *tshm_ipc_import_state(const struct tshm_ripc *);
/* Bytes that it has or pins, from the other side if it does not know them; 0: unknown. */
uint64_t tshm_ipc_bytes(const struct tshm_ripc *);
/* Did its process run, when the report looked? */
bool tshm_ipc_runs(const struct tshm_image *);

struct tshm_ipc_error { char s[48]; };
/* "201 (invalid device context)": a CUresult and the cudaError_t of the same number mean the same. */
struct tshm_ipc_error tshm_ipc_error(int32_t error);

#endif
