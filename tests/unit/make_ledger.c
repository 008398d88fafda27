/* SPDX-License-Identifier: MIT */
/* Ledgers made in memory. */
#include "make_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void make_token(char token[33], unsigned number)
{
	snprintf(token, 33, "%032x", number);
}

uint32_t make_string(struct made *m, const char *s, uint32_t length)
{
	struct tshm_section *sec = &m->header->sections[TSHM_SEC_STRINGS];
	uint32_t units = (4 + length + 1 + TSHM_STRING_UNIT - 1) / TSHM_STRING_UNIT, number = sec->used;
	uint8_t *at;

	/* A string lies in one extent. */
	if (number < sec->first_count && number + units > sec->first_count)
		number = sec->first_count;
	at = m->bytes + tshm_ledger_offset(sec, number);
	memcpy(at, &length, 4);
	memcpy(at + 4, s, length);
	sec->used = number + units;
	return number;
}

struct made make_ledger(unsigned number, pid_t pid, pid_t ppid, const char *exe)
{
	struct tshm_section sections[TSHM_SECTION_MAX];
	struct utsname name;
	struct made m;
	struct stat st;
	char token[33];
	FILE *f;

	memset(sections, 0, sizeof(sections));
	m.size = tshm_ledger_layout(sections);
	m.bytes = mmap(NULL, m.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m.bytes == MAP_FAILED)
		abort();
	m.header = (struct tshm_header *)m.bytes;
	memcpy(m.header->magic, TSHM_LEDGER_MAGIC, 8);
	m.header->version = TSHM_LEDGER_VERSION;
	m.header->byte_order = TSHM_LEDGER_BYTE_ORDER;
	m.header->header_size = sizeof(*m.header);
	m.header->section_count = TSHM_SEC_COUNT;
	memcpy(m.header->sections, sections, sizeof(sections));
	make_token(token, number);
	memcpy(m.header->token, token, 32);
	f = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (f) {
		if (fscanf(f, "%39s", m.header->boot_id) != 1)
			m.header->boot_id[0] = 0;
		fclose(f);
	}
	if (!stat("/proc/self/ns/pid", &st))
		m.header->pidns = st.st_ino;
	if (!stat("/dev/shm", &st))
		m.header->shm_dev = st.st_dev;
	uname(&name);
	m.header->pid = pid;
	m.header->ppid = ppid;
	m.header->began = TSHM_BEGAN_EXEC;
	m.header->start_mono = now(CLOCK_MONOTONIC_COARSE);
	m.header->start_wall = now(CLOCK_REALTIME_COARSE);
	m.header->host = make_string(&m, name.nodename, (uint32_t)strlen(name.nodename));
	m.header->exe = make_string(&m, exe, (uint32_t)strlen(exe));
	m.header->argv = make_string(&m, "prog\0--one\0two", 15);
	return m;
}

void make_free(struct made *m)
{
	munmap(m->bytes, m->size);
}

void *make_record(struct made *m, enum tshm_section_id id, uint32_t *number)
{
	struct tshm_section *sec = &m->header->sections[id];
	uint64_t stamp = TSHM_STAMP(1, TSHM_STATE_LIVE);
	uint8_t *at = m->bytes + tshm_ledger_offset(sec, sec->used);

	memcpy(at, &stamp, sizeof(stamp));
	if (number)
		*number = sec->used;
	sec->used++;
	return at;
}

uint32_t make_site(struct made *m, enum tshm_call call, uint64_t address)
{
	uint32_t module = m->header->sections[TSHM_SEC_MODULES].used > 1, number;
	struct tshm_site *s;

	if (!module)
		make_record(m, TSHM_SEC_MODULES, &module);
	s = make_record(m, TSHM_SEC_SITES, &number);
	s->call = call;
	s->depth = 1;
	s->frames[0].kind = TSHM_FRAME_NATIVE;
	s->frames[0].where = module;
	s->frames[0].u.offset = address;
	return number;
}

struct tshm_history *make_name(struct made *m, enum tshm_space space, const char *name, uint32_t flags, uint32_t site)
{
	struct tshm_history *h = make_record(m, TSHM_SEC_HISTORY, NULL);
	struct stat st;

	h->type = TSHM_HIST_NAME;
	h->space = (uint16_t)space;
	h->flags = flags;
	h->site = site;
	h->begin_mono = m->header->start_mono;
	h->begin_wall = m->header->start_wall;
	snprintf(h->name, sizeof(h->name), "%s", name);
	if (space <= TSHM_SPACE_SEM && !(flags & TSHM_HIF_INTENT) && !stat(name, &st)) {
		h->flags |= TSHM_HIF_IDENT;
		h->dev = st.st_dev;
		h->ino = st.st_ino;
		h->size = (uint64_t)st.st_size;
	}
	return h;
}

struct tshm_resource *make_resource(struct made *m, enum tshm_kind kind, uint64_t key, uint32_t site)
{
	struct tshm_resource *r = make_record(m, TSHM_SEC_RESOURCES, NULL);

	r->kind = (uint16_t)kind;
	r->key = key;
	r->site = site;
	r->origin = TSHM_ORIGIN_OPENED;
	r->acquired_mono = m->header->start_mono;
	return r;
}

struct tshm_child *make_child(struct made *m, pid_t pid, enum tshm_child_how how, int wait_status)
{
	struct tshm_child *c = make_record(m, TSHM_SEC_CHILDREN, NULL);

	c->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	c->pid = pid;
	c->how = how;
	c->wait_status = wait_status;
	c->begin_mono = m->header->start_mono;
	c->end_mono = now(CLOCK_MONOTONIC) + 1000000000u;
	return c;
}

void make_end(struct made *m, enum tshm_ended how, int status)
{
	const struct tshm_section *sec = &m->header->sections[TSHM_SEC_RESOURCES];

	m->header->ended = how;
	m->header->end_status = status;
	m->header->end_mono = now(CLOCK_MONOTONIC);
	m->header->end_wall = now(CLOCK_REALTIME);
	m->header->end_checked = 1;
	for (uint32_t i = 1; i < sec->used; i++)
		((struct tshm_resource *)(m->bytes + tshm_ledger_offset(sec, i)))->flags |= TSHM_RF_CHECKED;
}

static int save_range(int fd, const struct made *m, uint64_t from, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += 4096) {
		static const uint8_t nothing[4096];
		uint64_t n = bytes - at < 4096 ? bytes - at : 4096;

		if (memcmp(m->bytes + from + at, nothing, n) != 0 &&
		    pwrite(fd, m->bytes + from + at, n, (off_t)(from + at)) != (ssize_t)n)
			return -errno;
	}
	return 0;
}

int make_save(const struct made *m, const char *directory)
{
	char path[4096];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%.32s" TSHM_LEDGER_SUFFIX, directory, m->header->token);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = ftruncate(fd, (off_t)m->size) ? -errno : save_range(fd, m, 0, tshm_ledger_first_extent());
	for (unsigned i = 0; !error && i < TSHM_SEC_COUNT; i++) {
		const struct tshm_section *s = &m->header->sections[i];

		if (s->used > s->first_count)
			error = save_range(fd, m, s->rest_offset, (uint64_t)(s->used - s->first_count) * s->record_size);
	}
	close(fd);
	return error;
}
