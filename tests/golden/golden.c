/* SPDX-License-Identifier: MIT */
/*
 * golden STEM DIR: write the ledgers of the run that tests/golden/STEM tells of.  They are of
 * another boot, so that the kernel here is not asked, and all their times and pids are fixed.
 */
#include "golden.h"

static struct tshm_resource *memfd(struct made *m, uint64_t fd, uint64_t inode, uint32_t number)
{
	struct tshm_resource *r = make_resource(m, TSHM_KIND_MEMFD, fd, number);

	r->origin = TSHM_ORIGIN_CREATED;
	r->flags = TSHM_RF_IDENT;
	r->dev = 1;
	r->ino = inode;
	r->size = 4096;
	return r;
}

/* One program that ended with descriptors, mappings, and a limit behind it. */
static void make_held(void)
{
	struct made m = image(1, 1000, 1, "/opt/golden/holder");
	uint32_t leak = site(&m, TSHM_CALL_memfd_create, 0x1234, "/opt/golden/holder");
	uint32_t maps = site(&m, TSHM_CALL_mmap, 0x2345, "/opt/golden/holder");
	uint32_t few = site(&m, TSHM_CALL_open, 0x3456, "/opt/golden/holder");
	struct tshm_site *s;

	for (unsigned i = 0; i < 8; i++) {
		struct tshm_resource *r;

		memfd(&m, 10 + i, 500 + i, leak)->size = 8192;
		r = make_resource(&m, TSHM_KIND_MAPPING, 0x7f0000000000 + i * 8192, maps);
		r->origin = TSHM_ORIGIN_CREATED;
		r->length = 8192;
		r->flags = TSHM_RF_IDENT;
		r->dev = 1;
		r->ino = 500 + i;
		r->extra = TSHM_KIND_MEMFD;
	}
	make_resource(&m, TSHM_KIND_FILE, 30, few);
	s = (void *)(m.bytes + tshm_ledger_offset(&m.header->sections[TSHM_SEC_SITES], few));
	s->failed[TSHM_FAIL_DESCRIPTORS] = 3;
	s->last_errno = EMFILE;
	end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
}

/* A process that was killed, one that executed another, one that nobody saw. */
static void make_processes(void)
{
	struct made parent = image(1, 2000, 1, "/opt/golden/parent");
	struct made killed = image(2, 2001, 2000, "/opt/golden/parent");
	struct made next = image(3, 2002, 2000, "/opt/golden/other");
	struct tshm_child *c;
	uint32_t number;

	killed.header->began = TSHM_BEGAN_FORK;
	memcpy(killed.header->parent_token, parent.header->token, 32);
	memcpy(next.header->parent_token, parent.header->token, 32);
	for (int i = 0; i < 3; i++) {
		c = make_child(&parent, 2001 + i, TSHM_CHILD_FORK, i == 0 ? 9 : i == 1 ? 3 << 8 : 0);
		c->begin_mono = (102 + (uint64_t)i) * SECOND;
		c->end_mono = c->begin_mono + SECOND / 2;
	}
	number = site(&killed, TSHM_CALL_memfd_create, 0x99, "/opt/golden/parent");
	for (unsigned i = 0; i < 7; i++)
		memfd(&killed, 5 + i, 900 + i, number);
	end(&parent, TSHM_ENDED_EXIT, 0);
	end(&next, TSHM_ENDED_EXIT, 3);
	save(&parent);
	save(&killed);
	save(&next);
}

static struct tshm_ipc *ipc(struct made *m, enum tshm_ipc_role role, enum tshm_call call, int handle, uint64_t begin)
{
	uint32_t number = site(m, call, 0x1000 + (uint64_t)role * 0x100, "/opt/golden/gpu");
	struct tshm_ipc *r = make_record(m, TSHM_SEC_IPC, NULL);

	memset(r->handle, handle, sizeof(r->handle));
	r->role = (uint16_t)role;
	r->call = (uint16_t)call;
	r->site = number;
	r->count = 1;
	r->pointer = r->base = 0x7f0000000000 + (uint64_t)handle * 0x200000;
	r->size = 0x200000;
	r->begin_mono = m->header->start_mono + begin * SECOND / 10;
	r->begin_wall = m->header->start_wall + begin * SECOND / 10;
	return r;
}

static void ipc_end(struct made *m, struct tshm_ipc *r, enum tshm_call call, uint64_t end)
{
	r->end_site = site(m, call, 0x9000 + (uint64_t)r->role * 0x100, "/opt/golden/gpu");
	r->stamp = TSHM_STAMP(1, TSHM_STATE_CLOSED);
	r->end_call = (uint16_t)call;
	r->released = r->role == TSHM_IPC_IMPORT;
	r->end_mono = m->header->start_mono + end * SECOND / 10;
	r->end_wall = m->header->start_wall + end * SECOND / 10;
}

/* Two processes that share memory and an event of a GPU, and get much of it wrong. */
static void make_ipc(void)
{
	struct made from = image(1, 3000, 1, "/opt/golden/exporter"), to = image(1, 3001, 3000, "/opt/golden/importer");
	char token[33];
	struct tshm_ipc *r;

	make_token(token, 2);
	memcpy(to.header->token, token, 32);
	ipc_end(&from, ipc(&from, TSHM_IPC_EXPORT, TSHM_CALL_cudaIpcGetMemHandle, 1, 1), TSHM_CALL_cudaFree, 9);
	ipc_end(&to, ipc(&to, TSHM_IPC_IMPORT, TSHM_CALL_cudaIpcOpenMemHandle, 1, 2), TSHM_CALL_cudaIpcCloseMemHandle, 8);
	ipc_end(&from, ipc(&from, TSHM_IPC_EXPORT, TSHM_CALL_cudaIpcGetMemHandle, 2, 1), TSHM_CALL_cudaFree, 5);
	ipc_end(&to, ipc(&to, TSHM_IPC_IMPORT, TSHM_CALL_cudaIpcOpenMemHandle, 2, 2), TSHM_CALL_cudaIpcCloseMemHandle, 8);
	r = ipc(&from, TSHM_IPC_EXPORT, TSHM_CALL_cudaIpcGetMemHandle, 3, 1);
	r->pointer += 4096;
	r->flags = TSHM_IPCF_INTERIOR;
	r = ipc(&from, TSHM_IPC_IMPORT, TSHM_CALL_cudaIpcOpenMemHandle, 3, 2);
	r->count = 0;
	r->error = 201;
	ipc(&from, TSHM_IPC_EVENT_EXPORT, TSHM_CALL_cudaEventCreateWithFlags, 4, 1)->size = 0;
	ipc(&to, TSHM_IPC_EVENT_IMPORT, TSHM_CALL_cudaIpcOpenEventHandle, 4, 3)->size = 0;
	ipc(&to, TSHM_IPC_IMPORT, TSHM_CALL_cudaIpcOpenMemHandle, 5, 3)->count = 8;
	r = ipc(&to, TSHM_IPC_BAD_CLOSE, TSHM_CALL_cudaIpcCloseMemHandle, 0, 9);
	r->pointer = 0x7f0000200000;
	r->error = 1;
	end(&from, TSHM_ENDED_EXIT, 0);
	end(&to, TSHM_ENDED_EXIT, 0);
	save(&from);
	save(&to);
}

/* ---- names that somebody chose who means no good ---- */

#define EVIL "\033[2J\033]0;x\a\nSUMMARY: tshm: 0 leaked segments\r\n::error::x\t<script>alert('&\"')</script>]]>%0A\xff\xc3(\xe2\x80\xae\xef\xbf\xbf\x7f\xc2\x9b"

static void python_frame(struct made *m, uint32_t number, const char *file, const char *function)
{
	struct tshm_site *s = (void *)(m->bytes + tshm_ledger_offset(&m->header->sections[TSHM_SEC_SITES], number));
	struct tshm_frame *f = &s->frames[s->depth++];

	f->kind = TSHM_FRAME_PYTHON;
	f->where = make_string(m, file, (uint32_t)strlen(file));
	f->u.py.function = make_string(m, function, (uint32_t)strlen(function));
	f->u.py.line = 7;
}

/* Everything that has a name has a bad one, of up to 255 bytes. */
static void make_hostile(void)
{
	struct made m = image(1, 4000, 1, "/opt/" EVIL);
	char longest[256];
	uint32_t number = site(&m, TSHM_CALL_memfd_create, 0x10, "/opt/lib" EVIL ".so");

	memset(longest, 0xfe, sizeof(longest) - 1);
	memcpy(longest, EVIL, sizeof(EVIL) - 1);
	longest[255] = 0;
	m.header->argv = make_string(&m, "x\0" EVIL, sizeof("x\0" EVIL) - 1);
	m.header->host = make_string(&m, EVIL, sizeof(EVIL) - 1);
	python_frame(&m, number, "/src/" EVIL ".py", "f" EVIL);
	python_frame(&m, number, "rel/" EVIL ",title=x:.py", longest);
	for (unsigned i = 0; i < 8; i++) {
		const char *name = i % 2 ? longest : EVIL;

		memfd(&m, 10 + i, 500 + i, number)->text = make_string(&m, name, (uint32_t)strlen(name));
	}
	make_resource(&m, TSHM_KIND_FILE, 30, site(&m, TSHM_CALL_open, 0x20, ""))->text = make_string(&m, longest, 255);
	make_child(&m, 4001, TSHM_CHILD_FORK, 0)->program = make_string(&m, EVIL, sizeof(EVIL) - 1);
	end(&m, TSHM_ENDED_EXIT, 0);
	save(&m);
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		directory = argv[2];
		if (!strcmp(argv[1], "held"))
			return make_held(), 0;
		if (!strcmp(argv[1], "processes"))
			return make_processes(), 0;
		if (!strcmp(argv[1], "ipc"))
			return make_ipc(), 0;
		if (!strcmp(argv[1], "hostile"))
			return make_hostile(), 0;
	}
	fprintf(stderr, "usage: golden held|hostile|ipc|processes DIR\n");
	return 2;
}
