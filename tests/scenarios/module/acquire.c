/* SPDX-License-Identifier: MIT */
/*
 * A module for scenarios to load and unload, built twice: "one" and "two".  The names
 * have the same lengths and the code the same layout, so that, loaded at the same
 * address, each function of one module lies where the other's did.  Only the room on
 * the stack differs: what is known of one module's frames is wrong for the other's.
 *
 * MODULE: one, two; ROOM: bytes, above 127 for an instruction of the same length.
 */
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define PASTE(a, b) a ## b
#define NAME(stem, module) PASTE(stem, module)
#define ACQUIRE NAME(acquire_, MODULE)
#define AT_UNLOAD NAME(at_unload_, MODULE)

/* Descriptors that the destructor is to acquire; the program asks for them by unload(). */
static int wanted;

int ACQUIRE(void);
void unload(int count);

__attribute__((noinline)) int ACQUIRE(void)
{
	volatile char room[ROOM];
	int fd;

	room[0] = 1;
	fd = memfd_create("tshm-test", MFD_CLOEXEC);
	return fd + (room[0] - 1);
}

void unload(int count)
{
	wanted = count;
}

__attribute__((destructor)) static void AT_UNLOAD(void)
{
	while (wanted-- > 0)
		(void)ACQUIRE();
}
