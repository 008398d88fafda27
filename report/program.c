/* SPDX-License-Identifier: MIT */
/* Why a program that was executed wrote no ledger: a look at its file. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "join.h"

/* Nothing tells which of these it was. */
#define NO_LEDGER "environment cleared, preload dropped, or no room for a ledger"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif

static int open_program(const char *program)
{
	return open(program, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Open it as execvp() would find it. */
static int find_program(const char *program, struct stat *st)
{
	const char *path = getenv("PATH");
	int fd = -1;

	if (strchr(program, '/')) {
		fd = open_program(program);
	} else {
		for (const char *p = path ? path : "/usr/bin:/bin"; fd < 0 && *p;) {
			size_t n = strcspn(p, ":");
			TSHM_AUTO_FREE char *full = tshm_xasprintf("%.*s/%s", n < 4096 ? (int)n : 0, p, program);

			fd = open_program(full);
			p += n + (p[n] == ':');
		}
	}
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return fd;
}

static const char *why_elf64(int fd, const Elf64_Ehdr *e)
{
	Elf64_Phdr p;

	for (unsigned i = 0; i < e->e_phnum && i < 256; i++) {
		if (pread(fd, &p, sizeof(p), (off_t)(e->e_phoff + (uint64_t)i * sizeof(p))) != sizeof(p))
			break;
		if (p.p_type == PT_INTERP)
			return NULL;
	}
	return "static program";
}

bool tshm_program_exists(const char *program)
{
	struct stat st;
	TSHM_AUTO_FD int fd = find_program(program, &st);

	return fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
}

static const char *why(const char *program, int scripts)
{
	union {
		Elf64_Ehdr e;
		char s[256];
	} head;
	struct stat st;
	TSHM_AUTO_FD int fd = find_program(program, &st);
	const char *found = NULL;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? "its program is gone" : NO_LEDGER;
	if (st.st_mode & (S_ISUID | (st.st_mode & S_IXGRP ? S_ISGID : 0)))
		return st.st_mode & S_ISUID ? "set-user-ID program" : "set-group-ID program";
	if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "program with file capabilities";
	n = pread(fd, &head, sizeof(head) - 1, 0);
	if (n < 4)
		return NO_LEDGER;
	head.s[n] = 0;
	if (head.s[0] == '#' && head.s[1] == '!' && scripts) {
		char *interpreter = head.s + 2 + strspn(head.s + 2, " \t");

		interpreter[strcspn(interpreter, " \t\n")] = 0;
		found = interpreter[0] ? why(interpreter, scripts - 1) : NULL;
		return found;
	}
	if (!memcmp(head.e.e_ident, ELFMAG, SELFMAG)) {
		if (head.e.e_ident[EI_CLASS] != ELFCLASS64)
			found = sizeof(void *) == 8 ? "32-bit program" : NULL;
		else if (head.e.e_ident[EI_DATA] != NATIVE_DATA)
			found = "program of another architecture";
		else if ((size_t)n >= sizeof(head.e) && head.e.e_phentsize == sizeof(Elf64_Phdr))
			found = why_elf64(fd, &head.e);
	}
	return found ? found : NO_LEDGER;
}

const char *tshm_program_why(const char *program)
{
	const char *text = program && program[0] && strcmp(program, "?") != 0 ? why(program, 3) : NULL;

	return text ? text : NO_LEDGER;
}
