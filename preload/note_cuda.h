/* SPDX-License-Identifier: MIT */
/*
 * Notes of CUDA calls.  error: what the call returned, 0 is success; outputs are looked at
 * only then.  Runtime and driver agree in all that is noted: addresses, handles, flags.
 */
#ifndef TSHM_NOTE_CUDA_H
#define TSHM_NOTE_CUDA_H

#include "here.h"
#include "image.h"

/*
 * Every call that is hooked says what it came to: after fork, none is allowed to a child of
 * a process that has used CUDA (CUDA C++ Programming Guide: "CUDA does not support fork()").
 * False: nothing more is to be noted of it.
 */
TSHM_INTERNAL bool tshm_note_cuda(struct tshm_here, int error);
/* The same of a call that is of no other interest. */
TSHM_INTERNAL void tshm_note_cuda_asked(struct tshm_here, int error);

/* *at: where `size` bytes were allocated.  in_order: by a stream, so a reset leaves it alone. */
TSHM_INTERNAL void tshm_note_cuda_memory(struct tshm_here, int error, const void *at, uint64_t size, bool in_order);

/* Freeing, closing, destroying: look before, note after.  The number may belong to somebody else by then. */
struct tshm_cuda_end {
	uint64_t key, before;
	uint64_t word;		/* of the allocation's record */
	uint64_t context;
};
TSHM_INTERNAL struct tshm_cuda_end tshm_cuda_end_look(struct tshm_here, uint64_t key);
TSHM_INTERNAL void tshm_note_cuda_freed(struct tshm_here, int error, const struct tshm_cuda_end *);

/* A context ends, and all that belongs to it.  The primary context of a device is counted by its users. */
TSHM_INTERNAL void tshm_note_context_ended(struct tshm_here, int error, uint64_t context);
TSHM_INTERNAL void tshm_note_primary_retained(int error, int device, uint64_t context);
TSHM_INTERNAL void tshm_note_primary_released(struct tshm_here, int error, int device, bool reset);

TSHM_INTERNAL void tshm_note_event(struct tshm_here, int error, const void *event, unsigned flags);
TSHM_INTERNAL void tshm_note_event_destroyed(struct tshm_here, int error, const struct tshm_cuda_end *);

/* handle: 64 bytes. */
TSHM_INTERNAL void tshm_note_ipc_export(struct tshm_here, int error, const void *handle, uint64_t pointer);
TSHM_INTERNAL void tshm_note_ipc_import(struct tshm_here, int error, const void *handle, const void *at,
					unsigned flags);
TSHM_INTERNAL void tshm_note_ipc_closed(struct tshm_here, int error, const struct tshm_cuda_end *);
TSHM_INTERNAL void tshm_note_ipc_event_export(struct tshm_here, int error, const void *handle, uint64_t event);
TSHM_INTERNAL void tshm_note_ipc_event_import(struct tshm_here, int error, const void *handle, const void *event);

#endif
