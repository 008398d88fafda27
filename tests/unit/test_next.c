/* SPDX-License-Identifier: MIT */
/* The constructor's own look-up finds what dlsym(RTLD_NEXT) finds, or nothing. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../preload/next.h"

static const char *const names[] = {
#define TSHM_CALL(id, name, act, kind, early) #name,
#include "../../ledger/calls.def"
#undef TSHM_CALL
};

static void finds_what_dlsym_finds(void **state)
{
	struct tshm_next next;
	size_t found = 0;

	(void)state;
	assert_true(tshm_next_open(&next));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *own = tshm_next_find(&next, names[i]);

		if (own && (own == TSHM_NEXT_NONE ? NULL : own) != dlsym(RTLD_NEXT, names[i]))
			fail_msg("%s: not what dlsym finds", names[i]);
		found += own && own != TSHM_NEXT_NONE;
	}
	/* Whatever this libc lacks, or chooses at run time, are exceptions. */
	assert_true(found * 10 >= sizeof(names) / sizeof(names[0]) * 9);
}

static void leaves_the_rest_to_dlsym(void **state)
{
	struct tshm_next next;
	void *own;

	(void)state;
	assert_true(tshm_next_open(&next));
	/* Chosen at run time: the symbol is that of the function which chooses. */
	own = tshm_next_find(&next, "memcpy");
	assert_true(!own || own == dlsym(RTLD_NEXT, "memcpy"));
	assert_ptr_equal(tshm_next_find(&next, "tshm_no_such_function"), TSHM_NEXT_NONE);
	assert_ptr_equal(tshm_next_find(&next, ""), TSHM_NEXT_NONE);
	assert_null(tshm_next_find(&next, "environ"));		/* no function */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_dlsym_finds),
		cmocka_unit_test(leaves_the_rest_to_dlsym),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
