#!/bin/sh
# SPDX-License-Identifier: MIT
# Two versions of libcudart in one process.
# shellcheck source=tests/cuda/lib.sh
. "$(dirname "$0")/lib.sh"
[ -x "$bin/two_runtimes" ] || skip "no $bin/two_runtimes"
begin
ran=1
run_story two_runtimes "$bin/two_runtimes"
finish
