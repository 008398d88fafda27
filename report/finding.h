/* SPDX-License-Identifier: MIT */
/* One judged fact, and the list of them. */
#ifndef TSHM_FINDING_H
#define TSHM_FINDING_H

#include "model.h"

enum tshm_severity { TSHM_NOTE, TSHM_WARNING, TSHM_ERROR };

struct tshm_findings;

struct tshm_check {
	const char *id;			/* "shm-leaked" */
	enum tshm_severity severity;	/* the highest that it gives */
	const char *text;		/* one line */
	void (*run)(const struct tshm_check *, const struct tshm_run *, struct tshm_findings *);
};

struct tshm_finding {
	const struct tshm_check *check;
	enum tshm_severity severity;
	char *message;			/* one sentence; names its object, unescaped bytes */
	char *advice;			/* one line: what to do; NULL if nothing is to be done */
	uint64_t count;			/* how many objects, descriptors, … it stands for; at least 1 */
	uint64_t bytes;
	const struct tshm_object *object;	/* or NULL */
	const struct tshm_image *image;	/* whose stack it is; or NULL */
	uint32_t site;			/* in image; 0: no stack */
	const struct tshm_image *image2;	/* a second party: the other creator, who closed before; or NULL */
	uint32_t site2;
	const char *stack2_title;	/* "closed before by", or NULL */
	const struct tshm_frame *frame2;	/* instead of site2: one frame of image2 */
	const struct tshm_handle *handle;	/* of CUDA IPC that it is about, or NULL */
	char *subject;			/* what it is about, if that is no object: a name, a program; or NULL */
	char *suppressed_by;		/* NULL: counts */
	bool known;			/* a baseline has it: it is not told and does not count */
};

struct tshm_findings {
	struct tshm_finding **list;	/* worst first, then by bytes, then as in checks.def and the alphabet */
	size_t count;
};

/* All checks, in the order of checks.def; count is written. */
const struct tshm_check *tshm_checks(size_t *count);
/* Is there such a rule, or is it *, which is all of them? */
bool tshm_checks_have(const char *id, size_t length);
/* Run every check, sort. */
struct tshm_findings *tshm_judge(const struct tshm_run *);
/* Add a finding; message is a printf format.  Never NULL.  No severity is above check->severity. */
struct tshm_finding *tshm_finding_add(struct tshm_findings *, const struct tshm_check *,
				      enum tshm_severity, const char *message, ...)
	__attribute__((format(printf, 4, 5)));
void tshm_findings_free(struct tshm_findings *);
/* What it is about, by name, unescaped: of its subject, else of its object; NULL: that has none. */
const char *tshm_finding_name(const struct tshm_finding *);
/* Is it about segments that were left?  (A semaphore or queue is none.) */
bool tshm_finding_is_segment(const struct tshm_finding *);
const char *tshm_severity_name(enum tshm_severity);	/* "error", "warning", "note" */
bool tshm_severity_of(const char *name, enum tshm_severity *);	/* false: it is none of these, or NULL */

struct tshm_totals {
	size_t errors, warnings, notes, suppressed, known;
	uint64_t leaked_segments, leaked_bytes;	/* objects in state LEAKED, once each */
};
struct tshm_totals tshm_totals(const struct tshm_findings *);

#endif
