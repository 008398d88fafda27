/* SPDX-License-Identifier: MIT */
/*
 * One instruction at a time: the trap flag makes every instruction raise SIGTRAP, so
 * that the rules of prologues, epilogues and stubs are tried at each address, in what
 * the compiler made of this file and in libc.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "here.h"

KEEP void handler(int signal);
KEEP long leaf(long n);
KEEP long saved(long a, long b, long c);
KEEP long realigned(long n);
KEEP long variable(long n);
KEEP int compare(const void *a, const void *b);
KEEP double in_libc(const char *text);

/*
 * Functions of their own, with CFI: where a push inside of main is not told of, libgcc takes the
 * word beside the return address for it, and reads where that points to.
 */
__asm__(
	".macro trap_flag name, change\n"
	".type \\name, @function\n"
	"\\name:\n"
	"	.cfi_startproc\n"
	"	pushfq\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	\\change, (%rsp)\n"
	"	popfq\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size \\name, . - \\name\n"
	".endm\n"
	".text\n"
	"trap_flag trap_on, \"orq $0x100\"\n"
	"trap_flag trap_off, \"andq $~0x100\"\n");
void trap_on(void);
void trap_off(void);

void handler(int signal)
{
	here();
	here_answer = signal ? "" : NULL;
}

long leaf(long n)
{
	return n * 3 + 1;
}

long saved(long a, long b, long c)
{
	long x = leaf(a), y = leaf(b + x), z = leaf(c - y);

	if (x < 4)
		return leaf(x);
	for (int i = 0; i < 2; i++)
		z += leaf(x * y);
	return x + y + z;
}

long realigned(long n)
{
	char buffer[64] __attribute__((aligned(64)));

	memset(buffer, (int)n, sizeof(buffer));
	AFTER();
	return leaf(buffer[n % 64]);
}

long variable(long n)
{
	char buffer[n];

	memset(buffer, 1, (size_t)n);
	AFTER();
	return leaf(buffer[n / 2]) + (n > 3 ? variable(n / 2) : 0);
}

int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

double in_libc(const char *text)
{
	const char *words[] = { "stack", "heap", "shared", "file", "map" };
	char buffer[128], copy[64];
	struct tm tm = { .tm_year = 100 };
	double number = strtod(text, NULL);

	qsort(words, 5, sizeof(words[0]), compare);
	snprintf(buffer, sizeof(buffer), "%s %08lx %.3f %-6d|", words[0], 1234567l, number, -42);
	memccpy(copy, buffer, '|', sizeof(copy));
	number += (double)strtol(text, NULL, 10) + (double)strlen(buffer) + (strchr(buffer, '|') != NULL);
	timegm(&tm);
	free(strdup(copy));
	memmove(buffer + 3, buffer, 60);
	return number + (memcmp(buffer, copy, 50) > 0) + (strstr(buffer, "bc") != NULL);
}

/* The red zone of this function holds nothing: it calls others. */
int main(void)
{
	static char space[64 << 10];
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	double sum = 0;

	sigaltstack(&stack, NULL);
	sigaction(SIGTRAP, &action, NULL);
	trap_on();
	sum += (double)saved(2, 3, 4) + (double)saved(1, 2, 3) + (double)realigned(5) + (double)variable(40);
	sum += in_libc("17.25");
	trap_off();
	here();
	return sum == 42;
}
