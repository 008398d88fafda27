/* SPDX-License-Identifier: MIT */
/* Coroutines by ucontext: stacks that no thread was made with. */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "here.h"

KEEP void body(int n);
KEEP void handler(int signal);
KEEP int nest(unsigned n);

static ucontext_t home, routines[4];
static volatile int current, left;

int nest(unsigned n)
{
	here();
	swapcontext(&routines[current], &home);
	here();
	return n ? nest(n - 1) + 1 : 0;
}

void handler(int signal)
{
	here();
	here_answer = signal ? "" : NULL;
}

void body(int n)
{
	here();
	nest((unsigned)n);
	raise(SIGUSR1);
	here();
	left--;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	size_t size = 64 << 10;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 4; i++) {
		getcontext(&routines[i]);
		routines[i].uc_link = &home;
		routines[i].uc_stack.ss_size = size;
		routines[i].uc_stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		makecontext(&routines[i], (void (*)(void))body, 1, i * 3);
		left++;
	}
	for (int turn = 0; left; turn++) {
		current = turn % 4;
		if (turn / 4 <= current * 3 + 1)
			swapcontext(&home, &routines[current]);
	}
	here();
	return 0;
}
