/* SPDX-License-Identifier: MIT */
/*
 * The double of libcudart.  It uses public functions of the driver alone, found as the real one finds
 * them; so whoever stands between the two sees what passes in production.  FAKE_RUNTIME is its version.
 */
#ifndef TSHM_FAKE_RUNTIME_H
#define TSHM_FAKE_RUNTIME_H

#include "cuda.h"

struct fake_calls {
#define FAKE_REQUEST(field, name, version, flags, type) __typeof__(type) *field;
#include "requests.def"
#undef FAKE_REQUEST
};

extern struct fake_calls fake_driver;

/* Finds the driver, begins, and sees to it that this thread has a context; 0 or the error. */
int fake_ready(void);
/* Finds the driver only. */
int fake_find_driver(void);
/* Keeps an error for cudaGetLastError; returns it. */
int fake_tell(int error);

/* The driver's function, once there is a context; this driver may have none of the name. */
#define FAKE_CALL(field, ...) __extension__ ({								\
	int error_ = fake_ready();									\
													\
	if (!error_)											\
		error_ = fake_driver.field ? fake_driver.field(__VA_ARGS__) : CUDA_NOT_SUPPORTED;	\
	fake_tell(error_);										\
})

#endif
