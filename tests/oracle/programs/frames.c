/* SPDX-License-Identifier: MIT */
/* Frames of every shape: variable, aligned beyond the ABI's 16 bytes, larger than a page and a guard. */
#include <alloca.h>
#include <stdio.h>
#include <string.h>

#include "here.h"

KEEP int variable(unsigned n);
KEEP int allocated(unsigned n);
KEEP int aligned(unsigned n);
KEEP int aligned_variable(unsigned n);
KEEP int big(unsigned n);
KEEP int huge(unsigned n);
KEEP int vectors(unsigned n);
KEEP double arguments(const char *format, ...);

static volatile char *sink;

int variable(unsigned n)
{
	char buffer[n * 37 + 1];

	memset(buffer, (int)n, sizeof(buffer));
	sink = buffer;
	here();
	return n ? variable(n - 1) + buffer[n] : buffer[0];
}

int allocated(unsigned n)
{
	int sum = 0;

	for (unsigned i = 1; i < 4; i++) {
		char *buffer = alloca(i * n + 8);

		memset(buffer, (int)i, i * n + 8);
		sink = buffer;
		here();
		sum += n ? allocated(n - 1) + buffer[n] : 1;
	}
	return sum;
}

int aligned(unsigned n)
{
	char buffer[100] __attribute__((aligned(64)));

	memset(buffer, (int)n, sizeof(buffer));
	sink = buffer;
	here();
	return n ? aligned(n - 1) + buffer[n] : buffer[0];
}

int aligned_variable(unsigned n)
{
	char buffer[64] __attribute__((aligned(256)));
	char *more = alloca(n * 5 + 1);

	memset(buffer, (int)n, sizeof(buffer));
	sink = more;
	here();
	sink = buffer;
	return n ? aligned_variable(n - 1) + buffer[n] : buffer[0];
}

int big(unsigned n)
{
	char buffer[9000];

	memset(buffer, (int)n, sizeof(buffer));
	sink = buffer;
	here();
	return n ? big(n - 1) + buffer[n] : buffer[0];
}

int huge(unsigned n)
{
	char buffer[300000];

	buffer[0] = buffer[299999] = (char)n;
	sink = buffer;
	here();
	return n ? huge(n - 1) + buffer[299999] : buffer[0];
}

int vectors(unsigned n)
{
	typedef float vector __attribute__((vector_size(32)));
	vector a = { (float)n }, b[4] = { a, a + a, a * a, a };

	sink = (volatile char *)b;
	here();
	return n ? vectors(n - 1) + (int)b[n % 4][0] : (int)b[0][0];
}

double arguments(const char *format, ...)
{
	char text[64];
	__builtin_va_list ap;

	__builtin_va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	here();
	__builtin_va_end(ap);
	return atof(text);
}

int main(void)
{
	int sum = variable(20) + allocated(4) + aligned(20) + aligned_variable(20) + big(10) + huge(4) + vectors(10);

	sum += (int)arguments("%d.%d", 17, 4) + (int)arguments("%f", 17.5);
	here();
	return sum == 42;
}
