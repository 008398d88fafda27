/* SPDX-License-Identifier: MIT */
/* libcudart.so.12 */
#define TSHM_CUDART_VERSION 12
#include "cudart_hooks.h"
