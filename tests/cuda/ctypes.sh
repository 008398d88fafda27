#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory shared by two Python programs that load libcudart with ctypes, as vLLM does.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
begin
ran=1
run_story ctypes "$PYTHON" "$here/cuda/ctypes_caller.py"
finish
