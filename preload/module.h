/* SPDX-License-Identifier: MIT */
/* The mapped ELF files that sites refer to. */
#ifndef TSHM_MODULE_H
#define TSHM_MODULE_H

#include "../ledger/ledger.h"
#include "image.h"

struct tshm_own_module {
	struct tshm_module m;
	uint32_t epoch;		/* of the image whose ledger has it */
	uint32_t next;
};

/* The frame of a code address: its module (noted if new) and its offset in it. */
TSHM_INTERNAL struct tshm_frame tshm_module_frame(uintptr_t pc);
/* Write a module to this image's ledger if it is not there yet (after fork). */
TSHM_INTERNAL void tshm_module_mirror(uint32_t number);
/* Bumped by dlclose: code addresses may mean something else since. */
extern TSHM_INTERNAL _Atomic uint32_t tshm_module_generation;

#endif
