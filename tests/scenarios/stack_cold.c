/* SPDX-License-Identifier: MIT */
/*
 * A program closes everything from 3 on and gets 3 and 4 anew, for a pipe of its own.
 * libunwind keeps a pipe to try addresses with, by number: at the next call from a
 * place not seen before it read three bytes out of the program's 3 and wrote three
 * into its 4.  So: captures from places never seen (a module just loaded, deep stack
 * pages, code without CFI that lies in no file), and what is in the pipe and in a file
 * must be the program's own.
 */
#include "module.h"

#define LEAK 8

static const char said[] = "the program's own";

/* The lowest numbers, as any program may expect them. */
static int must_be(int fd, int number)
{
	if (fd != number)
		die("descriptor %d came where %d is free", fd, number);
	return fd;
}

/* Pages of the stack that nobody has touched, and a call from each. */
__attribute__((noinline)) static int deeper(int left)
{
	volatile char room[8192];
	int fd;

	room[0] = 0;
	fd = left ? deeper(left - 1) : make_memfd();
	return fd + room[0];
}

/* Code as a compiler at run time makes it: push rbp; mov rsp, rbp; call *rdi; pop rbp; ret. */
static void *generated(void)
{
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	memcpy(at, code, sizeof(code));
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC) != 0)
		skip("no code can be made at run time here");
	return at;
}

__attribute__((noinline)) static void leak_in_module(int (*acquire)(void))
{
	for (int i = 0; i < LEAK; i++)
		must(acquire(), "acquire");
}

static void look(int from, int to, int file)
{
	char got[2 * sizeof(said)];

	must((int)lseek(file, 0, SEEK_SET), "lseek");
	if (read(file, got, sizeof(got)) != sizeof(said) || memcmp(got, said, sizeof(said)) != 0)
		die("the file holds something else");
	/* Nothing was taken out of the pipe and nothing was put into it. */
	if (read(from, got, sizeof(got)) != sizeof(said) || memcmp(got, said, sizeof(said)) != 0)
		die("the pipe holds something else");
	must(close(to), "close");
	if (read(from, got, 1) != 0)
		die("somebody else has the pipe");
}

int main(void)
{
	int ends[2], file, (*run)(int (*)(void)), (*acquire)(void);

	need_stacks();
	scenario_begin();
	printf("EXPECT fd-leaked %d descriptors\n", LEAK);
	printf("EXPECT-FRAME fd-leaked acquire_one leak_in_module main\n");
	if (close_range(3, ~0U, 0) != 0)
		skip("this kernel has no close_range");
	must(pipe2(ends, O_CLOEXEC), "pipe2");
	must_be(ends[0], 3);
	must_be(ends[1], 4);
	file = must_be(memfd_create("tshm-test", MFD_CLOEXEC), 5);
	if (write(ends[1], said, sizeof(said)) != sizeof(said) || write(file, said, sizeof(said)) != sizeof(said))
		die("write");

	acquire = (int (*)(void))symbol(load("module_one"), "acquire_one");
	must(close(must_be(acquire(), 6)), "close");
	must(close(must_be(deeper(20), 6)), "close");
	run = (int (*)(int (*)(void)))generated();
	must(close(must_be(run(make_memfd), 6)), "close");
	must(close(must_be(run(acquire), 6)), "close");
	look(ends[0], ends[1], file);
	must(close(ends[0]), "close");
	must(close(file), "close");
	leak_in_module(acquire);
	return 0;
}
