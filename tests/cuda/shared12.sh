#!/bin/sh
# SPDX-License-Identifier: MIT
# CUDA's stories by a program that is linked with the libcudart of version 12.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
tell_stories shared12
