#!/bin/sh
# SPDX-License-Identifier: MIT
# CUDA's stories by a program that has libcudart in itself, as nvcc makes it.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
tell_stories static
