/* SPDX-License-Identifier: MIT */
/* libcudart.so.13 */
#define TSHM_CUDART_VERSION 13
#include "cudart_hooks.h"
