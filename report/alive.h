/* SPDX-License-Identifier: MIT */
/* Which process numbers are in use, in this pid namespace and in those below it. */
#ifndef TSHM_ALIVE_H
#define TSHM_ALIVE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Is there a process with this number, here or in a container that can be seen from here?
 * Asked of /proc once; a zombie is none, as it cannot remove anything any more.
 */
bool tshm_alive(pid_t);

#endif
