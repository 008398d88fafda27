/* SPDX-License-Identifier: MIT */
/* Functions within functions (gcc only), also called by pointer, through code on the stack. */
#include "here.h"

KEEP int apply(int (*f)(int), int n);
KEEP int outer(int n);
int main(void);

int apply(int (*f)(int), int n)
{
	here();
	int r = f(n);
	AFTER();
	return r;
}

int outer(int n)
{
	int sum = n;

	KEEP int inner(int m)
	{
		sum += m;
		here();
		return m > 0 ? apply(inner, m - 1) + sum : sum;
	}
	return inner(n) + apply(inner, n + 1);
}

int main(void)
{
	return outer(5) == 42;
}
