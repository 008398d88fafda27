/* SPDX-License-Identifier: MIT */
/*
 * An interpreter of a version that is not out yet: its structures are not guessed at, the stack is the
 * native one, and why there are no lines of Python is told, once for a program and its children.
 */
#include "scenario.h"

extern const unsigned long Py_Version;
extern long PyCode_Type[64];
void *PyGILState_GetThisThreadState(void);
void _PyEval_EvalFrameDefault(const char *name);

const unsigned long Py_Version = 0x03630000;
long PyCode_Type[64];

void *PyGILState_GetThisThreadState(void)
{
	die("the interpreter was asked");
}

__attribute__((noinline)) void _PyEval_EvalFrameDefault(const char *name)
{
	must(close(make_segment(name)), "close");
}

int main(void)
{
	char name[64];
	pid_t child;

	scenario_begin();
	snprintf(name, sizeof(name), "/tshm-test-python_other-%d", (int)getpid());
	printf("EXPECT shm-leaked %s\n", name);
	printf("EXPECT-FRAME shm-leaked _PyEval_EvalFrameDefault main\n");
	printf("EXPECT history-lost 2 images of 2 processes, python_other.scn\n");
	child = must_fork();
	if (child == 0)
		_exit(0);
	must_wait(child);
	_PyEval_EvalFrameDefault(name);
	return 0;
}
