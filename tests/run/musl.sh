#!/bin/sh
# SPDX-License-Identifier: MIT
# A program of musl starts with a libtshm.so that was linked with glibc, dlsym answers it as ever, and
# what it leaves is found.  It did not start: pthread_atfork is no part of glibc's shared library, and
# musl's constructors are given no arguments.  Then dlerror() told of functions that musl does not have.
here=$(dirname "$0")/..
. "$here/lib.sh"
make_tmp
need musl-gcc
cat >"$tmp/prog.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void find(const char *what, void *handle, const char *name)
{
	printf("%s %s: %s", what, name, dlsym(handle, name) ? "found\n" : "");
	const char *error = dlerror();
	if (error)
		puts(error);
}

int main(int argc, char **argv)
{
	void *all = dlopen(NULL, RTLD_NOW);
	int fd;

	find("default", RTLD_DEFAULT, "malloc");
	find("default", RTLD_DEFAULT, "cuInit");
	find("default", RTLD_DEFAULT, "no such name");
	find("next", RTLD_NEXT, "malloc");
	find("next", RTLD_NEXT, "cudaMalloc");
	find("all", all, "malloc");
	find("all", all, "cuMemAlloc_v2");
	fflush(stdout);
	fd = shm_open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || close(fd) != 0)
		return 1;
	if (fork() == 0)
		_exit(shm_unlink(argv[2]) == 0 ? 0 : 1);	/* there is none */
	wait(NULL);
	return argc != 3;
}
END
musl-gcc -o "$tmp/prog" "$tmp/prog.c" 2>"$tmp/err" || skip "musl-gcc: $(head -n 1 "$tmp/err")"
name=tshm-test-musl-$$
at_end() { remove_names $$; }
"$tmp/prog" "/$name-a" /tshm-test-nothing >"$tmp/bare" 2>&1 || { cat "$tmp/bare"; fail "bare"; }
"$TSHM_RUN" -o "$tmp/run" --report=json:"$tmp/report.json" -- "$tmp/prog" "/$name-b" /tshm-test-nothing \
	>"$tmp/under" 2>"$tmp/err" </dev/null || { cat "$tmp/under" "$tmp/err"; fail "under tshm-run: status $?"; }
diff "$tmp/bare" "$tmp/under" || fail "another output than bare"
grep -q "shm-leaked.*$name-b" "$tmp/err" || fail "$name-b is not in the report"
echo "musl: the same, and the segment is found"
