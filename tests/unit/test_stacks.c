/* SPDX-License-Identifier: MIT */
/* The walk by CFI beside glibc's backtrace(), and the shape that a stack is known again by. */
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../preload/cfi.h"
#include "own_ledger.h"

#define FRAMES 24

/* The walker's frames are glibc's, below the frame of this function. */
static __attribute__((noinline)) void compare_stacks(void)
{
	uintptr_t ours[FRAMES];
	void *theirs[FRAMES + 8];
	int count = backtrace(theirs, FRAMES + 8), at = 0;
	struct tshm_shape shape;
	struct tshm_here here = TSHM_HERE_OF(TSHM_CALL_open, true);
	unsigned n = tshm_cfi_capture(here, ours, FRAMES, &shape);

	assert_true(n > 2);
	while (at < count && (uintptr_t)theirs[at] != ours[0])
		at++;
	assert_true(at < count);
	for (unsigned i = 0; i < n && at + (int)i < count; i++) {
		uintptr_t his = (uintptr_t)theirs[at + (int)i];

		/* What a signal interrupted is no return address; ours is one more, as if it were. */
		assert_true(ours[i] == his || ours[i] == his + 1);
	}
}

static __attribute__((noinline)) int deeper(int n)
{
	volatile char room[64];

	room[0] = (char)n;
	if (n)
		return deeper(n - 1) + room[0];
	compare_stacks();
	return room[0];
}

static void in_a_handler(int signal)
{
	(void)signal;
	compare_stacks();
}

static void stacks_are_right(void **state)
{
	(void)state;
	if (!tshm_cfi_works())
		skip();
	deeper(0);
	deeper(12);
}

static void stacks_cross_signal_frames(void **state)
{
	struct sigaction action = { .sa_handler = in_a_handler };

	(void)state;
	if (!tshm_cfi_works())
		skip();
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
}

/* Nonsense in the registers: the walk ends at once, and nothing faults. */
static void nonsense_ends_the_walk(void **state)
{
	static const uintptr_t bad[] = { 0, 1, 4096, 0xdeadbeefcafebabe, (uintptr_t)1 << 47, ~0ul, ~7ul };
	struct tshm_here here = TSHM_HERE_OF(TSHM_CALL_open, true), wrong;
	struct tshm_shape shape;
	uintptr_t pcs[FRAMES];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wrong = here;
		wrong.bp = bad[i];
		assert_true(tshm_cfi_capture(wrong, pcs, FRAMES, &shape) >= 1);
		wrong.pc = 0x123456;	/* no code: the frame pointer has to do */
		assert_int_equal(tshm_cfi_capture(wrong, pcs, FRAMES, &shape), 1);
		assert_int_equal(shape.span, 0);
	}
}

/* With what the sanitizer keeps others out of. */
__attribute__((noinline, no_sanitize("address"))) static void copy_stack(uintptr_t *to, uintptr_t sp, int bytes)
{
	const volatile uintptr_t *from = (const volatile uintptr_t *)sp;

	for (int i = 0; i < bytes / 8; i++)
		to[i] = from[i];
}

/* The shape of a stack fits that stack, and no other: each word that it goes by counts. */
static __attribute__((noinline)) void compare_shapes(void)
{
	struct tshm_here here = TSHM_HERE_OF(TSHM_CALL_open, true);
	static uintptr_t copy[4096];
	struct tshm_here there = here;
	struct tshm_shape shape;
	uintptr_t pcs[12];
	unsigned depth = tshm_cfi_capture(here, pcs, 12, &shape);

	assert_int_equal(depth, 12);
	assert_true(shape.span > 0 && shape.span <= (int)sizeof(copy));
	assert_true(tshm_shape_fits(&shape, here, tshm_cfi_reach(here.sp), pcs, depth));
	assert_false(tshm_shape_fits(&shape, here, (uintptr_t)shape.span - 1, pcs, depth));
	/* The same stack elsewhere: frame pointers are told from sp on. */
	copy_stack(copy, here.sp, shape.span);
	there.sp = (uintptr_t)copy;
	there.bp += there.sp - here.sp;
	for (unsigned i = 0; i < shape.links; i++)
		copy[shape.link[i].at / 8] += there.sp - here.sp;
	assert_true(tshm_shape_fits(&shape, there, sizeof(copy), pcs, depth));
	for (unsigned i = 1; i < depth; i++) {
		copy[shape.pc_at[i] / 8]++;
		assert_false(tshm_shape_fits(&shape, there, sizeof(copy), pcs, depth));
		copy[shape.pc_at[i] / 8]--;
	}
	for (unsigned i = 0; i < shape.links; i++) {
		copy[shape.link[i].at / 8] += 8;
		assert_false(tshm_shape_fits(&shape, there, sizeof(copy), pcs, depth));
		copy[shape.link[i].at / 8] -= 8;
	}
	there.pc++;
	assert_false(tshm_shape_fits(&shape, there, sizeof(copy), pcs, depth));
}

static __attribute__((noinline)) int deep_shapes(int n)
{
	volatile char room[64];

	room[0] = (char)n;
	if (n)
		return deep_shapes(n - 1) + room[0];
	compare_shapes();
	return room[0];
}

static void shapes_fit_one_stack(void **state)
{
	(void)state;
	if (!tshm_cfi_works())
		skip();
	deep_shapes(14);
}

/* What is no code has no rule. */
static void data_has_no_rule(void **state)
{
	(void)state;
	assert_int_equal(tshm_eh_rule((uintptr_t)directory).cfa, TSHM_CFA_NONE);
	assert_int_equal(tshm_eh_rule(0).cfa, TSHM_CFA_NONE);
	assert_int_equal(tshm_eh_rule(UINTPTR_MAX).cfa, TSHM_CFA_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_are_right),
		cmocka_unit_test(stacks_cross_signal_frames),
		cmocka_unit_test(nonsense_ends_the_walk),
		cmocka_unit_test(shapes_fit_one_stack),
		cmocka_unit_test(data_has_no_rule),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
