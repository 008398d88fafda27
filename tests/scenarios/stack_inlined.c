/* SPDX-License-Identifier: MIT */
/*
 * What was inlined has no frame of its own, but a person wrote it as a function and looks
 * for it: the stack must name the function that acquires, though its code stands twice in
 * the program, and each time what it was inlined into.
 */
#include "module.h"

#define LEAK 8

__attribute__((always_inline)) static inline void take(const char *name)
{
	must(memfd_create(name, MFD_CLOEXEC), "memfd_create");
}

__attribute__((always_inline)) static inline void take_for(const char *name)
{
	take(name);
}

__attribute__((noinline)) static void first_user(void)
{
	take_for("tshm-test-first");
}

__attribute__((noinline)) static void second_user(void)
{
	take("tshm-test-second");
}

int main(void)
{
	need_stacks();
	scenario_begin();
	printf("EXPECT fd-leaked %d descriptors of memfds (tshm-test-first\n", LEAK);
	printf("EXPECT fd-leaked %d descriptors of memfds (tshm-test-second\n", LEAK);
	printf("EXPECT-FRAME fd-leaked take take_for first_user main\n");
	printf("EXPECT-FRAME fd-leaked take second_user main\n");
	for (int i = 0; i < LEAK; i++) {
		first_user();
		second_user();
	}
	return 0;
}
