/* SPDX-License-Identifier: MIT */
/*
 * Sixteen threads that make, share, pass and give back without end, for a watcher that
 * stops the process and compares.  Every object is new, and is duplicated, opened again,
 * mapped and sent once at most: so a number with an object never comes twice, and what is
 * there at two stops is the same thing.
 */
#ifndef TSHM_TEST_BUSY_H
#define TSHM_TEST_BUSY_H

#define BUSY_THREADS 16

/* Shared by the process and its watcher: how many rounds each thread has done. */
struct busy_progress { volatile unsigned long rounds[BUSY_THREADS]; };

__attribute__((noreturn)) void busy(int progress_fd, int ready_fd);

#endif
