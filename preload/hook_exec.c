/* SPDX-License-Identifier: MIT */
/*
 * exec and spawn.  exec ends this image; it is noted before the call, because
 * nothing of ours runs after it, and withdrawn if it fails.  In a vfork child only
 * the program's name is kept, for the parent to note: the memory is the parent's.
 */
#include <errno.h>
#include <stdarg.h>

#include "hook.h"

/* What a program without a name is called. */
static const char *tshm_first(char *const argv[])
{
	return tshm_readable(argv, sizeof(argv[0])) ? argv[0] : "?";
}

#define TSHM_EXEC(name, parameters, arguments, program) \
	TSHM_HOOK(int, name, parameters) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
\
		tshm_exec_begin(here, program); \
		return tshm_exec_failed(here, TSHM_REAL(name) arguments); \
	}
TSHM_EXEC(execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp), path)
TSHM_EXEC(execv, (const char *path, char *const argv[]), (path, argv), path)
TSHM_EXEC(execvp, (const char *file, char *const argv[]), (file, argv), file)
TSHM_EXEC(execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp), file)
TSHM_EXEC(fexecve, (int fd, char *const argv[], char *const envp[]), (fd, argv, envp), tshm_first(argv))
TSHM_EXEC(execveat, (int at, const char *path, char *const argv[], char *const envp[], int flags),
	  (at, path, argv, envp, flags), tshm_readable_string(path) && *path ? path : tshm_first(argv))

/* A list of arguments becomes the array that the real execv, execvp or execve takes. */
#define TSHM_EXECL(name, call) \
	TSHM_HOOK(int, name, (const char *program, const char *first, ...)) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		va_list list; \
		size_t n = 1; \
\
		va_start(list, first); \
		if (first) \
			while (va_arg(list, const char *)) \
				n++; \
		va_end(list); \
		char *argv[n + 1]; \
		char *const *envp; \
\
		argv[0] = (char *)first; \
		va_start(list, first); \
		for (size_t i = 1; i <= n; i++) \
			argv[i] = first ? va_arg(list, char *) : NULL; \
		envp = TSHM_IS_LE_##name ? va_arg(list, char *const *) : environ; \
		va_end(list); \
		(void)envp; \
		tshm_exec_begin(here, program); \
		return tshm_exec_failed(here, call); \
	}
#define TSHM_IS_LE_execl 0
#define TSHM_IS_LE_execlp 0
#define TSHM_IS_LE_execle 1
TSHM_EXECL(execl, TSHM_REAL(execv)(program, argv))
TSHM_EXECL(execlp, TSHM_REAL(execvp)(program, argv))
TSHM_EXECL(execle, TSHM_REAL(execve)(program, argv, envp))

#define TSHM_SPAWN(name) \
	TSHM_HOOK(int, name, (pid_t *pid, const char *program, const posix_spawn_file_actions_t *actions, \
			      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		pid_t mine = 0; \
		int result = TSHM_REAL(name)(&mine, program, actions, attributes, argv, envp); \
\
		if (result == 0) { \
			if (pid) \
				*pid = mine; \
			tshm_note_child(here, mine, TSHM_CHILD_SPAWN, program); \
		} \
		return result; \
	}
TSHM_SPAWN(posix_spawn)
TSHM_SPAWN(posix_spawnp)

/* These return a number, not -1 and errno: where libc lacks them, what stands in for them does not know that. */
#define TSHM_PIDFD_SPAWN(name) \
	TSHM_HOOK(int, name, (int *pidfd, const char *program, const posix_spawn_file_actions_t *actions, \
			      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) \
	{ \
		struct tshm_here here = TSHM_HERE(name); \
		int result = TSHM_REAL(name)(pidfd, program, actions, attributes, argv, envp); \
\
		if (result == 0) \
			tshm_note_pidfd_spawned(here, *pidfd, program); \
		return result < 0 ? ENOSYS : result; \
	}
TSHM_PIDFD_SPAWN(pidfd_spawn)
TSHM_PIDFD_SPAWN(pidfd_spawnp)
