/* SPDX-License-Identifier: MIT */
/* What checks share: their prototypes, who and where in words, and facts grouped by where they come from. */
#ifndef TSHM_CHECK_H
#define TSHM_CHECK_H

#include "finding.h"
#include "ipc.h"
#include "text.h"
#include "xalloc.h"
#include <uthash.h>

#define TSHM_CHECK(id, name, severity, evidence, text) \
	void tshm_check_##name(const struct tshm_check *, const struct tshm_run *, struct tshm_findings *);
#include "checks.def"
#undef TSHM_CHECK

/* As leak_checker: so many more than nothing are not a leak yet. */
#define TSHM_TOLERANCE 5

/* "python3 (pid 4711)"; "python3 (pid 4711, killed by SIGKILL)" once it ended by a signal.  To be freed. */
char *tshm_who(const struct tshm_image *);
/* "python3 (pid 4711)", or "8 processes, python3 (pid 4711) first".  To be freed. */
char *tshm_who_of(const struct tshm_image *first, size_t processes);

const struct tshm_site *tshm_site(const struct tshm_image *, uint32_t number);	/* NULL for 0 */
/* Is it a file whose frames stand between the program and what it does: libc, the loader, language runtimes, ourselves? */
bool tshm_module_is_runtime(const char *path);
/* The first frame outside of libc and the language runtime; depth 0 gives 0. */
unsigned tshm_frames_leaf(const struct tshm_image *, const struct tshm_frame *, unsigned depth);
/*
 * Where it comes from, the same for all processes of a program: its leaf, or its whole
 * stack.  To be freed.
 */
char *tshm_site_key(const struct tshm_image *, uint32_t site, bool whole);

/* Facts from one place. */
struct tshm_group {
	char *key;
	const struct tshm_image *image;	/* of the first fact */
	uint32_t site;
	const void *first;		/* the first fact */
	const void **items;		/* all of them */
	size_t count, capacity;
	uint64_t amount, bytes;
	const struct tshm_image **images;	/* whose facts they are; some may come more than once */
	size_t image_count, image_capacity;
	bool as_recorded;
	UT_hash_handle hh;
};
struct tshm_group *tshm_group_add(struct tshm_group **, const char *key, const struct tshm_image *, uint32_t site,
				  const void *item, uint64_t amount, uint64_t bytes);
void tshm_groups_free(struct tshm_group **);
/* How many images differ. */
size_t tshm_group_processes(const struct tshm_group *);
/* tshm_who_of() them.  To be freed. */
char *tshm_group_who(const struct tshm_group *);
char *tshm_group_times(const struct tshm_group *);	/* ", 3 times", or "".  To be freed. */

/* Says of PyTorch's segments of counters which CUDA allocations they count for (torch_counters.c). */
void tshm_torch_counters(struct tshm_findings *);

/* Names that were left in a name space: shm-, sem-, mq-, sysv-leaked. */
struct tshm_left_name {
	unsigned space;			/* enum tshm_space */
	const char *word;		/* "segment" */
	const char *remove;		/* what the program should call */
};
void tshm_check_left_names(const struct tshm_check *, const struct tshm_run *, struct tshm_findings *,
			   const struct tshm_left_name *);

/* removed.c: who took a name away. */
const char *tshm_space_word(unsigned space);	/* "segment", "semaphore" … */
char *tshm_object_words(const struct tshm_object *);	/* "segment /dev/shm/x".  To be freed. */
bool tshm_is_same_process(const struct tshm_image *, const struct tshm_image *);	/* whatever it executed */
bool tshm_ended_badly(const struct tshm_image *);	/* its process: by a signal, or not with 0 */
uint32_t tshm_removal_site(const struct tshm_past *);	/* of a REMOVAL, or of a NAME that its own image removed */
bool tshm_is_tracker(const struct tshm_image *);	/* Python's resource tracker? */
/* … of a process that `of` is not, nor was started by? */
bool tshm_is_others_tracker(const struct tshm_image *, const struct tshm_image *of);

/* What ended images held, by leaf, and by process as far as the tolerance goes: fd-leaked, map-leaked, fd-open-at-exit. */
struct tshm_at_end {
	bool (*counts)(const struct tshm_held *);
	size_t least, most;		/* facts of one leaf in one image */
	bool killed_too;		/* also images whose last word nobody checked */
};
void tshm_group_at_end(const struct tshm_run *, const struct tshm_at_end *, struct tshm_group **);
bool tshm_held_is_shared_fd(const struct tshm_held *);	/* a descriptor of a segment or memfd, acquired here */
const char *tshm_held_name(const struct tshm_held *);	/* what it is called, or NULL */
bool tshm_held_was_acquired(const struct tshm_held *);	/* by this very image; not inherited */

/* Facts about CUDA IPC from one place of one program, and from one place of the other party, if there is one. */
struct tshm_group *tshm_ipc_group(struct tshm_group **, const char *how, const struct tshm_ripc *item,
				  const struct tshm_image *, uint32_t site, const struct tshm_image *other,
				  uint32_t other_site, uint64_t amount, uint64_t bytes);
/* A finding of a group, with the other party's stack. */
void tshm_ipc_finding(struct tshm_finding *, const struct tshm_group *, const struct tshm_handle *,
		      const struct tshm_image *other, uint32_t other_site, const char *title);
char *tshm_ipc_memory(uint64_t bytes, const char *how);	/* "CUDA memory (2.0 MiB pinned)"; 0: its size is not known */
/* What imports and exported events were left open: ipc-mem-unclosed, ipc-event-leaked. */
void tshm_check_ipc_left(const struct tshm_check *, const struct tshm_run *, struct tshm_findings *, enum tshm_ipc_role);
/* Calls f for each import that was opened and whose exporter, another process, was observed. */
void tshm_ipc_each_pair(const struct tshm_run *, void (*f)(const struct tshm_ripc *export, const struct tshm_ripc *import,
							  struct tshm_group **), struct tshm_group **);

/* How much more was live at the ends of marks than at their begins: fd-growth, map-growth, ipc-growth. */
/* A class of a rule: how many more of it are allowed, and its name. */
struct tshm_growth_class {
	enum tshm_mark_class class;
	uint64_t tolerance;
	const char *one, *many;		/* "descriptor", "descriptors" */
	const char *advice;
};
void tshm_check_growth(const struct tshm_check *, const struct tshm_run *, struct tshm_findings *,
		       const struct tshm_growth_class *, size_t count);

#endif
