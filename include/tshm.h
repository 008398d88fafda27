/* SPDX-License-Identifier: MIT */
/*
 * tshm.h - marks: ask tshm whether a piece of a program leaves more behind than it found.
 *
 *	tshm_mark_begin("epoch");
 *	run_epoch();
 *	tshm_mark_end("epoch");
 *
 * tshm-report then judges what was live at the end and not at the begin (rules fd-growth,
 * map-growth, ipc-growth), with the stacks that made it.  A test can ask at once:
 *
 *	if (tshm_leak_check("epoch", 5) > 0)
 *		fail();
 *
 * A program that includes this needs no library: without libtshm.so (run it under tshm-run,
 * or with LD_PRELOAD) the functions do nothing, and the questions are answered by -1, those
 * of tshm_active() and tshm_mark_growth() by 0.  From other languages call the functions of
 * libtshm.so by the same names; Python:
 *
 *	tshm = ctypes.CDLL(None)
 *	if hasattr(tshm, "tshm_mark_begin"):
 *		tshm.tshm_mark_begin(b"epoch")
 *
 * Marks may be nested, and several threads may have some at once; what is counted is the
 * process's.  A mark belongs to the process that began it: a forked child has none.
 * Begin and end look at everything that is live, 10 ns each; put them around batches, not
 * into the innermost loop.
 */
#ifndef TSHM_H
#define TSHM_H

#ifdef __cplusplus
extern "C" {
#endif

/* What to count; may be added up. */
enum tshm_what {
	TSHM_WHAT_DESCRIPTORS = 1,	/* open descriptors, of segments and memfds too */
	TSHM_WHAT_SEGMENTS = 2,		/* of them, those of shared memory segments and memfds */
	TSHM_WHAT_MAPPINGS = 4,		/* shared mappings, SysV attachments */
	TSHM_WHAT_SEMAPHORES = 8,	/* named semaphores */
	TSHM_WHAT_IPC = 16,		/* opened CUDA IPC handles, interprocess events */
	TSHM_WHAT_ALL = 31
};

/* In a program each name below is a macro for a function that looks whether the library is there. */
#ifdef TSHM_LIBRARY			/* libtshm.so itself */
#define TSHM_FUNCTION(type, name, parameters, arguments, without) type name parameters
#else
#define TSHM_FUNCTION(type, name, parameters, arguments, without) \
	extern type name parameters __attribute__((weak)); \
	static inline type name##_if_there parameters \
	{ \
		if (name) \
			return name arguments; \
		without; \
	} \
	typedef int name##_declared
#endif

/* Is this process recorded?  1, or 0. */
TSHM_FUNCTION(int, tshm_active, (void), (), return 0);

/* Begins a piece of work.  The name is copied; the same name may be begun again and again. */
TSHM_FUNCTION(void, tshm_mark_begin, (const char *mark), (mark), return);

/* Ends the newest mark of this name that the calling thread began, or else any thread.  0; -1: there is none. */
TSHM_FUNCTION(int, tshm_mark_end, (const char *mark), (mark), return -1);

/* How many are live now; -1: not known. */
TSHM_FUNCTION(long, tshm_live, (int what), (what), return -1);

/* How many more are live than when the mark began, or, if it has ended, were at its end.  May be negative; 0: no such mark. */
TSHM_FUNCTION(long, tshm_mark_growth, (const char *mark, int what), (mark, what), return 0);

/*
 * As the report will judge the mark: how many more descriptors, mappings, semaphores and IPC
 * handles are live than `tolerance` of each allows (of segments, memfds, mappings of them, and
 * SysV attachments none is allowed).  0: no leak.  -1: no such mark, or nothing is recorded.
 */
TSHM_FUNCTION(long, tshm_leak_check, (const char *mark, unsigned tolerance), (mark, tolerance), return -1);

#ifndef TSHM_LIBRARY
#define tshm_active() tshm_active_if_there()
#define tshm_mark_begin(mark) tshm_mark_begin_if_there(mark)
#define tshm_mark_end(mark) tshm_mark_end_if_there(mark)
#define tshm_live(what) tshm_live_if_there(what)
#define tshm_mark_growth(mark, what) tshm_mark_growth_if_there(mark, what)
#define tshm_leak_check(mark, tolerance) tshm_leak_check_if_there(mark, tolerance)
#endif

#ifdef __cplusplus
}
#endif

#endif
