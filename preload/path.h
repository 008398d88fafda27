/* SPDX-License-Identifier: MIT */
/* Paths, and whether they lead to shared memory. */
#ifndef TSHM_PATH_H
#define TSHM_PATH_H

#include "image.h"

TSHM_INTERNAL bool tshm_device_is_shm(uint64_t dev);	/* is it the device of /dev/shm? */
TSHM_INTERNAL bool tshm_path_is_shm(const char *path);	/* by its first characters */
/* An absolute path, where `path` begins at `directory`; false: it cannot be had. */
TSHM_INTERNAL bool tshm_path_whole(char full[TSHM_NAME_MAX], int directory, const char *path);

#endif
