/* SPDX-License-Identifier: MIT */
/*
 * Prototypes of every interposed function: libc's headers, and what they do not
 * declare.  A row of calls.def whose signature is wrong in its hook does not compile.
 */
#ifndef TSHM_DECL_H
#define TSHM_DECL_H

#ifdef _FILE_OFFSET_BITS
#error "build preload/ with -U_FILE_OFFSET_BITS: open and open64 are two functions here"
#endif

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <mntent.h>
#include <mqueue.h>
#include <pty.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

/* Exported by glibc for old or fortified programs (interpose.md lists them). */
int __open(const char *, int, ...);
int __open64(const char *, int, ...);
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
mqd_t __mq_open_2(const char *, int);
int __close(int);
int __dup2(int, int);
int __fcntl(int, int, ...);
int __pipe(int[2]);
pid_t __fork(void);
pid_t __vfork(void);
int __clone(int (*)(void *), void *, int, void *, ...);
pid_t __wait(int *);
pid_t __waitpid(pid_t, int *, int);
FILE *_IO_fopen(const char *, const char *);
FILE *_IO_fdopen(int, const char *);
int _IO_fclose(FILE *);
FILE *_IO_popen(const char *, const char *);
FILE *__setmntent(const char *, const char *);
int __endmntent(FILE *);
int __xmknod(int, const char *, mode_t, dev_t *);
int __xmknodat(int, int, const char *, mode_t, dev_t *);

/* Called by the program's start code, after all constructors and before main. */
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
		      void *);

/* Newer than some libcs that we build on; harmless where the header has them too. */
int close_range(unsigned, unsigned, int);
void closefrom(int);
int pidfd_open(pid_t, unsigned);
int pidfd_getfd(int, int, unsigned);
pid_t _Fork(void);
int memfd_create(const char *, unsigned);
int execveat(int, const char *, char *const[], char *const[], int);
int renameat2(int, const char *, int, const char *, unsigned);
struct open_how;
int openat2(int, const char *, const struct open_how *, size_t);
int open_tree(int, const char *, unsigned);
int fsopen(const char *, unsigned);
int fsmount(int, unsigned, unsigned);
int fspick(int, const char *, unsigned);
int pidfd_spawn(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
		char *const[]);
int pidfd_spawnp(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
		 char *const[]);

#endif
