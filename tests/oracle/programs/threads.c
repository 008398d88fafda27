/* SPDX-License-Identifier: MIT */
/* Threads: glibc's stacks, one given by us, cancellation, destructors; signals in them. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "here.h"

KEEP void *body(void *data);
KEEP void *cancelled(void *data);
KEEP void cleanup(void *data);
KEEP void destroyed(void *data);
KEEP void handler(int signal);
KEEP int nest(unsigned n);

static pthread_key_t key;
static sem_t ready;

int nest(unsigned n)
{
	here();
	return n ? nest(n - 1) + nest(n / 2) : 1;
}

void handler(int signal)
{
	here();
	nest((unsigned)signal % 3);
}

void destroyed(void *data)
{
	here();
	if (data)
		nest(2);
	here();
}

void cleanup(void *data)
{
	here();
	nest(data ? 2 : 1);
	here();
}

void *body(void *data)
{
	pthread_setspecific(key, &key);
	nest(5);
	pthread_kill(pthread_self(), SIGUSR1);
	here();
	return data;
}

void *cancelled(void *data)
{
	pthread_cleanup_push(cleanup, data);
	nest(3);
	sem_post(&ready);
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return data;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	size_t size = 256 << 10;
	pthread_t threads[4], one;
	pthread_attr_t attributes;
	void *stack;

	sigaction(SIGUSR1, &action, NULL);
	pthread_key_create(&key, destroyed);
	sem_init(&ready, 0, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, body, &key);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, size);
	pthread_create(&one, &attributes, body, NULL);
	pthread_join(one, NULL);
	pthread_create(&one, NULL, cancelled, &ready);
	sem_wait(&ready);
	pthread_cancel(one);
	pthread_join(one, NULL);
	return 0;
}
