/* SPDX-License-Identifier: MIT */
/*
 * Python frames of the calling thread, by reading the interpreter's structures.
 *
 * Nearly every hook is called with the GIL released, so no function that wants it may be
 * called.  It need not be: the frames of this very thread cannot change while it is in our
 * hook, and they keep their code objects alive.  PyGILState_GetThisThreadState, the one
 * function that is called then, reads a thread-specific value (Python/pystate.c).
 *
 * Where the structures lie differs by version: python_layout.c has the table, made from the
 * headers of each.  What is not in it (another version, another implementation) has no
 * Python frames.
 */
#ifndef TSHM_PYTHON_H
#define TSHM_PYTHON_H

#include <link.h>

#include "image.h"

#define TSHM_PYTHON_FRAMES 24	/* looked at of a stack, innermost first */

enum tshm_python_style {
	TSHM_PYTHON_OBJECTS,	/* to 3.10: a frame object for each, and an interpreter on the C stack for each */
	TSHM_PYTHON_ENTRIES,	/* 3.11: the first frame of an interpreter on the C stack has a flag */
	TSHM_PYTHON_SHIMS	/* from 3.12 on: behind it lies a frame that stands for the C stack */
};

struct tshm_python_layout {
	enum tshm_python_style style;
	/* thread state: the current frame; or a struct that has it, at 1 + its offset there */
	uint16_t current, current_in;
	uint16_t back, code, at, entry, owner;	/* frame; `at`: number or address of the instruction; entry: the flag */
	/* code object; bytecode: where instructions begin, 0: `at` is a number; before the instruction `begun` it is not */
	uint16_t first_line, file, name, lines, bytecode, begun;
	uint16_t text_ascii, text_other;	/* strings: characters, of ASCII and of others */
	uint16_t text_length, text_state, bytes, bytes_size, type;
	uint16_t line_table;		/* how lines are encoded: python_line.c */
};

struct tshm_python {
	void *(*thread_state)(void);	/* NULL: there is no Python that we know */
	uintptr_t eval, eval_end;	/* _PyEval_EvalFrameDefault: the interpreter on the C stack */
	uintptr_t code_type;		/* PyCode_Type */
	struct tshm_python_layout layout;
};
extern TSHM_INTERNAL struct tshm_python tshm_python;

/* Is Python in this file, and one that we know?  Then frames are had from now on. */
TSHM_INTERNAL void tshm_python_consider(ElfW(Addr) base, const ElfW(Dyn) *dynamic);
/* All files that are loaded when main is about to be called. */
TSHM_INTERNAL void tshm_python_start(void);
/* Something was unloaded. */
TSHM_INTERNAL void tshm_python_unloaded(void);
/* python_layout.c: version as PY_VERSION_HEX; runtime: _PyRuntime, or NULL; false: not known. */
TSHM_INTERNAL bool tshm_python_layout_of(uint32_t version, const void *runtime, struct tshm_python_layout *);

struct tshm_python_frame {
	uintptr_t code;
	int32_t at;			/* the instruction's number, in units of line_table's */
	bool entry;			/* the interpreter on the C stack began with it */
};
struct tshm_python_stack {
	uint64_t hash;			/* the same stack has the same; 0: there is none */
	unsigned count;
	struct tshm_python_frame frames[TSHM_PYTHON_FRAMES];	/* innermost first */
};
TSHM_INTERNAL void tshm_python_walk(struct tshm_python_stack *);
/* As it is kept in a site: strings are copied. */
TSHM_INTERNAL struct tshm_frame tshm_python_frame(const struct tshm_python_frame *);
/* python_line.c */
TSHM_INTERNAL uint32_t tshm_python_line(const struct tshm_python_layout *, uintptr_t code, int32_t at);

/* A field of a structure. */
#define TSHM_PYTHON_AT(type, address, offset) (*(const type *)((address) + (offset)))

#endif
