/* SPDX-License-Identifier: MIT */
/* Frames written by hand (frames.S), called from one that has a frame pointer and one that may not. */
#include <setjmp.h>
#include <stddef.h>

#include "here.h"

#define FRAMES(F) F(pushes) F(framed) F(nested) F(rbp_as_data) F(huge_frame) F(by_rbx) F(rbp_in_r12) F(by_memory) \
	F(ends_with_call) F(no_cfi_framed) F(no_cfi) F(first_frame)
#define DECLARE(name) void name(int n);
FRAMES(DECLARE)

KEEP void look(void);
KEEP void look_and_leave(void) __attribute__((noreturn));
KEEP void with_space(size_t n, void (*f)(int));
KEEP void plain(void (*f)(int));

static jmp_buf out;

void look(void)
{
	here();
}

void look_and_leave(void)
{
	here();
	longjmp(out, 1);
}

void with_space(size_t n, void (*f)(int))
{
	volatile char space[n];

	space[n - 1] = 1;
	f(space[n - 1]);
	AFTER();
}

void plain(void (*f)(int))
{
	f(1);
	AFTER();
}

int main(void)
{
#define ADDRESS(name) name,
	void (*const frames[])(int) = { FRAMES(ADDRESS) };

	for (volatile size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		for (volatile size_t n = 1; n < 40; n += 13)
			if (!setjmp(out)) {
				plain(frames[i]);
				with_space(n, frames[i]);
			}
	return 0;
}
