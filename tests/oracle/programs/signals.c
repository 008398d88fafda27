/* SPDX-License-Identifier: MIT */
/* In signal handlers: raised, of faults, nested, on another stack, left by siglongjmp. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "here.h"

KEEP void handler(int signal);
KEEP void detailed(int signal, siginfo_t *info, void *context);
KEEP void leaving(int signal);
KEEP void fault(volatile int *where);
KEEP void jump(void (*where)(void));
KEEP int divide(int a, volatile int *b);
KEEP void deep(unsigned n, int signal);

static sigjmp_buf out;

void handler(int signal)
{
	here();
	if (signal == SIGUSR1)
		raise(SIGUSR2);
	here();
}

void detailed(int signal, siginfo_t *info, void *context)
{
	here();
	if (signal == SIGUSR1 && info && context)
		raise(SIGUSR2);
	here();
}

void leaving(int signal)
{
	here();
	siglongjmp(out, signal);
}

void fault(volatile int *where)
{
	*where = 1;
	AFTER();
}

void jump(void (*where)(void))
{
	where();
	AFTER();
}

int divide(int a, volatile int *b)
{
	int r = a / *b;

	AFTER();
	return r;
}

void deep(unsigned n, int signal)
{
	char space[n + 1];

	memset(space, 1, sizeof(space));
	if (n)
		deep(n - 1, signal);
	else
		raise(signal);
	AFTER();
	if (space[n] == 2)
		here();
}

static void install(int flags)
{
	struct sigaction simple = { .sa_handler = handler, .sa_flags = flags };
	struct sigaction full = { .sa_sigaction = detailed, .sa_flags = flags | SA_SIGINFO };
	struct sigaction left = { .sa_handler = leaving, .sa_flags = flags };

	sigaction(SIGUSR1, &full, NULL);
	sigaction(SIGUSR2, &simple, NULL);
	sigaction(SIGSEGV, &left, NULL);
	sigaction(SIGBUS, &left, NULL);
	sigaction(SIGFPE, &left, NULL);
}

static void all(void)
{
	static char data[64];	/* no code; readable, for libgcc looks at the bytes there */
	static volatile int zero;

	raise(SIGUSR1);
	deep(10, SIGUSR1);
	kill(getpid(), SIGUSR2);
	if (!sigsetjmp(out, 1))
		fault(NULL);
	if (!sigsetjmp(out, 1))
		jump((void (*)(void))(uintptr_t)data);
	if (!sigsetjmp(out, 1))
		here_answer = divide(7, &zero) ? "" : NULL;
	here();
}

int main(void)
{
	static char space[64 << 10];
	stack_t stack = { .ss_sp = space, .ss_size = sizeof(space) };

	install(0);
	all();
	sigaltstack(&stack, NULL);
	install(SA_ONSTACK);
	all();
	install(SA_ONSTACK | SA_NODEFER);
	all();
	return 0;
}
