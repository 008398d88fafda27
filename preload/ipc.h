/* SPDX-License-Identifier: MIT */
/* CUDA IPC: exported and opened handles, interprocess events. */
#ifndef TSHM_IPC_H
#define TSHM_IPC_H

#include "image.h"

struct tshm_own_ipc {
	struct tshm_ipc r;
	uint32_t epoch;			/* of the image that it belongs to */
	_Atomic uint32_t next;
};

#endif
