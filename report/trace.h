/* SPDX-License-Identifier: MIT */
/* A site's stack as lines, cut to what is the program's own. */
#ifndef TSHM_TRACE_H
#define TSHM_TRACE_H

#include "finding.h"
#include "symbol.h"

struct tshm_trace {
	struct tshm_line *lines;	/* innermost first; to be freed with tshm_trace_free */
	size_t count;
	size_t leaf;			/* the first line outside libc and the language runtime; it may be an inlined function */
	const char *call;		/* the hooked function, or NULL */
};

struct tshm_trace tshm_trace_of(struct tshm_symbols *, const struct tshm_image *, uint32_t site);
/* Of frames that are no site's: innermost first. */
struct tshm_trace tshm_trace_of_frames(struct tshm_symbols *, const struct tshm_image *, const struct tshm_frame *,
				       unsigned depth);
/* The stack of a finding's second party. */
struct tshm_trace tshm_trace_of_second(struct tshm_symbols *, const struct tshm_finding *);
void tshm_trace_free(struct tshm_trace *);
/* Is it a frame of a language's interpreter?  A row of them tells a person nothing. */
bool tshm_trace_is_interpreter(const struct tshm_line *);
/* Is it of the program or one of its libraries, and not of libc or a language's runtime? */
bool tshm_trace_is_own(const struct tshm_line *);
/* "make_batch (train.c:42)", "0x1234 in libfoo.so (build-id 12ab...)": escaped.  To be freed. */
char *tshm_trace_line(const struct tshm_line *);

#endif
