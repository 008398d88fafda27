/* SPDX-License-Identifier: MIT */
/* Stands for a header of the C++ library: by its folder (see test_leaf_is_the_programs of test_symbol.c). */
static inline void __attribute__((always_inline)) member(void)
{
	record();
	__asm__ volatile("");
}
