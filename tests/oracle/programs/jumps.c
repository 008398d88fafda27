/* SPDX-License-Identifier: MIT */
/* setjmp and longjmp; tail calls; functions that do not return, whose last instruction is a call. */
#include <setjmp.h>

#include "here.h"

KEEP void descend(unsigned n, int value);
KEEP int tail_first(int n);
KEEP int tail_second(int n);
KEEP int tail_many(int a, int b, int c, int d, int e, int f, int g, int h);
KEEP void never(int n) __attribute__((noreturn));
KEEP void never_again(int n) __attribute__((noreturn));
KEEP int chosen(int n);

static jmp_buf back;

void descend(unsigned n, int value)
{
	here();
	if (!n)
		longjmp(back, value);
	descend(n - 1, value);
	AFTER();
}

int tail_first(int n)
{
	here();
	return tail_second(n - 1);
}

int tail_second(int n)
{
	here();
	return n > 0 ? tail_first(n - 1) : tail_many(n, 1, 2, 3, 4, 5, 6, 7);
}

int tail_many(int a, int b, int c, int d, int e, int f, int g, int h)
{
	here();
	return a < 9 ? tail_many(a + 1, c, b, e, d, g, f, h) : b - h;
}

void never(int n)
{
	here();
	never_again(n);
}

void never_again(int n)
{
	here();
	if (n)
		never(n - 1);
	longjmp(back, 3);
}

int chosen(int n)
{
	switch (n) {
	case 0: here(); return 4;
	case 1: here(); return 8;
	case 2: return tail_first(n);
	case 3: here(); return 1;
	case 4: here(); return 5;
	default: never(n);
	}
}

int main(void)
{
	volatile int sum = 0;

	switch (setjmp(back)) {
	case 0: descend(10, 1);
	/* fall through */
	case 1: descend(3, 2);
	/* fall through */
	case 2:
		for (int i = 0; i < 6; i++)
			sum += chosen(i);
	}
	here();
	return sum == 42;
}
