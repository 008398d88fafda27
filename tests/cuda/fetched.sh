#!/bin/sh
# SPDX-License-Identifier: MIT
# CUDA's stories by functions of the driver that libcudart hands out.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
tell_stories fetched
