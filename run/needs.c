/* SPDX-License-Identifier: MIT */
/* Which libraries a program's dynamic section names, read by hand: any file may be called a program. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

struct file { const char *bytes; size_t size; };

static const void *at(const struct file *f, uint64_t offset, uint64_t size)
{
	return offset <= f->size && size <= f->size - offset ? f->bytes + offset : NULL;
}

/* Where in the file an address of the program is. */
static const char *address(const struct file *f, const ElfW(Phdr) *ph, size_t count, uint64_t where, uint64_t *room)
{
	for (size_t i = 0; i < count; i++) {
		if (ph[i].p_type != PT_LOAD || where < ph[i].p_vaddr || where - ph[i].p_vaddr >= ph[i].p_filesz)
			continue;
		*room = ph[i].p_filesz - (where - ph[i].p_vaddr);
		return at(f, ph[i].p_offset + (where - ph[i].p_vaddr), *room);
	}
	return NULL;
}

static char *match(const char *strings, uint64_t room, uint64_t offset, const char *const *prefixes)
{
	const char *name = strings + offset;

	if (offset >= room || !memchr(name, 0, room - offset))
		return NULL;
	for (; *prefixes; prefixes++)
		if (!strncmp(name, *prefixes, strlen(*prefixes)))
			return tshm_text("%s", name);
	return NULL;
}

static char *search(const struct file *f, const char *const *prefixes)
{
	const ElfW(Ehdr) *eh = at(f, 0, sizeof(*eh));
	const ElfW(Phdr) *ph;
	const ElfW(Dyn) *dynamic = NULL;
	const char *strings = NULL;
	uint64_t count = 0, room = 0;
	char *found = NULL;

	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 || eh->e_phentsize != sizeof(*ph) ||
	    eh->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) || eh->e_phoff % 8)
		return NULL;
	ph = at(f, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(*ph));
	for (size_t i = 0; ph && i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC && ph[i].p_offset % 8 == 0) {
			dynamic = at(f, ph[i].p_offset, ph[i].p_filesz);
			count = ph[i].p_filesz / sizeof(*dynamic);
		}
	for (size_t i = 0; dynamic && i < count; i++)
		if (dynamic[i].d_tag == DT_STRTAB)
			strings = address(f, ph, eh->e_phnum, dynamic[i].d_un.d_ptr, &room);
	for (size_t i = 0; strings && !found && i < count; i++)
		if (dynamic[i].d_tag == DT_NEEDED)
			found = match(strings, room, dynamic[i].d_un.d_val, prefixes);
	return found;
}

static int open_command(const char *command)
{
	const char *path = getenv("PATH"), *end;
	int fd = -1;

	if (strchr(command, '/'))
		return open(command, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (path = path ? path : "/bin:/usr/bin"; fd < 0; path = end + 1) {
		char *full;

		end = strchrnul(path, ':');
		full = end == path ? tshm_text("%s", command) : tshm_text("%.*s/%s", (int)(end - path), path, command);
		if (access(full, X_OK) == 0)
			fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		free(full);
		if (!*end)
			break;
	}
	return fd;
}

char *tshm_needs(const char *command, const char *const *prefixes)
{
	int fd = open_command(command);
	struct file f = { 0 };
	char *found = NULL;
	struct stat st;
	void *map;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		f.size = (size_t)st.st_size;
		map = mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			f.bytes = map;
			found = search(&f, prefixes);
			munmap(map, f.size);
		}
	}
	close(fd);
	return found;
}
