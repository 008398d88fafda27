/* SPDX-License-Identifier: MIT */
/* Deep and mutual recursion, calls by pointer, many registers in use. */
#include "here.h"

KEEP long even(unsigned n);
KEEP long odd(unsigned n);
KEEP long ackermann(long m, long n);
KEEP long many(long a, long b, long c, long d, long e, long f, long g, long h);

long even(unsigned n)
{
	if (!n) {
		here();
		return 1;
	}
	long r = odd(n - 1);
	AFTER();
	return r + n % 2;
}

long odd(unsigned n)
{
	if (!n) {
		here();
		return 0;
	}
	long r = even(n - 1);
	AFTER();
	return r - n % 2;
}

long ackermann(long m, long n)
{
	here();
	if (!m)
		return n + 1;
	if (!n)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

long many(long a, long b, long c, long d, long e, long f, long g, long h)
{
	long x = a * b, y = c * d, z = e * f, w = g * h;

	here();
	if (a <= 0)
		return x + y + z + w;
	return many(a - 1, b + 1, c, d, e, f, g, h) * x + y * many(a - 2, z, w, d, e, f, g, h) - z + w;
}

int main(void)
{
	long (*volatile through)(unsigned) = even;
	long sum = 0;

	for (unsigned n = 0; n < 80; n++)
		sum += through(n);
	sum += ackermann(2, 3);
	sum += many(6, 2, 3, 4, 5, 6, 7, 8);
	here();
	return sum == 42;
}
