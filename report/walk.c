/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include "config.h"

#ifndef HAVE_LIBUNWIND_PTRACE

struct tshm_walk *tshm_walk_new(pid_t pid, const struct tshm_loaded *l)
{
	(void)pid;
	(void)l;
	return NULL;
}

void tshm_walk_free(struct tshm_walk *w)
{
	(void)w;
}

void tshm_walk_take(pid_t tid, void *walk)
{
	(void)tid;
	(void)walk;
}

unsigned tshm_walk_frames(struct tshm_walk *w, struct tshm_walked *frames, unsigned most)
{
	(void)w;
	(void)frames;
	(void)most;
	return 0;
}

#else

#include <libunwind-ptrace.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xalloc.h"

#define REGISTERS 40u		/* general ones have the lowest numbers */
#define STACK_MOST (1u << 20)
#define STACK_UNKNOWN 65536u	/* of a stack that was not there when the mappings were read */
#define RED_ZONE 128u
#define PAGE 4096u
#define PAGES 64u

struct page { uint64_t at; bool there; uint8_t bytes[PAGE]; };

struct tshm_walk {
	const struct tshm_loaded *loaded;
	unw_accessors_t accessors;
	unw_addr_space_t space;
	void *process;			/* of libunwind-ptrace */
	unw_word_t registers[REGISTERS];
	bool has[REGISTERS];
	uint64_t stack_at;
	size_t stack_size;
	uint8_t *stack;
	struct page *pages;		/* by address; what is read again and again */
};

/* libunwind asks with its own argument, or that of libunwind-ptrace. */
static struct tshm_walk *walk;

/* ---- what libunwind asks for ---- */

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int all, void *process)
{
	const struct tshm_loaded_map *map = tshm_loaded_map(walk->loaded, ip);

	/* Any number in a stack may lead here: what is no regular file is not opened. */
	if (!map || !map->is_file)
		return -UNW_ENOINFO;
	return _UPT_find_proc_info(space, ip, info, all, process);
}

static int no_dynamic_code(unw_addr_space_t space, unw_word_t *list, void *process)
{
	(void)space;
	(void)list;
	(void)process;
	return -UNW_ENOINFO;
}

static const struct page *page_of(uint64_t at)
{
	struct page *p = &walk->pages[at / PAGE % PAGES];

	if (p->at != at || !p->there) {
		p->at = at;
		p->there = tshm_loaded_bytes(walk->loaded, at, p->bytes, PAGE);
	}
	return p->there ? p : NULL;
}

static int access_memory(unw_addr_space_t space, unw_word_t at, unw_word_t *value, int write, void *process)
{
	uint8_t *to = (uint8_t *)value;

	(void)space;
	(void)process;
	if (write)
		return -UNW_EINVAL;
	if (at >= walk->stack_at && walk->stack_size >= sizeof(*value) &&
	    at - walk->stack_at <= walk->stack_size - sizeof(*value)) {
		memcpy(value, walk->stack + (at - walk->stack_at), sizeof(*value));
		return 0;
	}
	for (size_t done = 0; done < sizeof(*value);) {
		uint64_t from = at + done, in_page = from % PAGE;
		size_t n = PAGE - in_page < sizeof(*value) - done ? (size_t)(PAGE - in_page) : sizeof(*value) - done;
		const struct page *p = page_of(from - in_page);

		if (!p)
			return -UNW_EINVAL;
		memcpy(to + done, p->bytes + in_page, n);
		done += n;
	}
	return 0;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *process)
{
	(void)space;
	(void)process;
	if (write || number < 0 || (unsigned)number >= REGISTERS || !walk->has[number])
		return -UNW_EBADREG;
	*value = walk->registers[number];
	return 0;
}

static int no_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *process)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)process;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *process)
{
	(void)space;
	(void)cursor;
	(void)process;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t at, char *name, size_t size, unw_word_t *offset, void *process)
{
	(void)space;
	(void)at;
	(void)name;
	(void)size;
	(void)offset;
	(void)process;
	return -UNW_ENOINFO;
}

/* ---- */

struct tshm_walk *tshm_walk_new(pid_t pid, const struct tshm_loaded *l)
{
	struct tshm_walk *w = tshm_xcalloc(1, sizeof(*w));

	w->loaded = l;
	w->accessors = _UPT_accessors;
	w->accessors.find_proc_info = find_proc_info;
	w->accessors.get_dyn_info_list_addr = no_dynamic_code;
	w->accessors.access_mem = access_memory;
	w->accessors.access_reg = access_register;
	w->accessors.access_fpreg = no_float;
	w->accessors.resume = no_resume;
	w->accessors.get_proc_name = no_name;
	w->stack = tshm_xmalloc(STACK_MOST);
	memset(w->stack, 1, STACK_MOST);	/* the thread shall not wait for our pages */
	w->pages = tshm_xcalloc(PAGES, sizeof(*w->pages));
	w->space = unw_create_addr_space(&w->accessors, 0);
	w->process = _UPT_create(pid);
	if (!w->space || !w->process) {
		tshm_walk_free(w);
		return NULL;
	}
	unw_set_caching_policy(w->space, UNW_CACHE_GLOBAL);
	walk = w;
	return w;
}

void tshm_walk_free(struct tshm_walk *w)
{
	if (!w)
		return;
	if (w->process)
		_UPT_destroy(w->process);
	if (w->space)
		unw_destroy_addr_space(w->space);
	free(w->stack);
	free(w->pages);
	free(w);
	walk = NULL;
}

/* Its stack, from what is below the pointer without belonging to a frame up to its end. */
static void take_stack(struct tshm_walk *w, uint64_t pointer)
{
	const struct tshm_loaded_map *map = tshm_loaded_map(w->loaded, pointer);
	uint64_t room = map ? map->end - pointer : STACK_UNKNOWN;
	ssize_t n;

	w->stack_at = pointer - (pointer < RED_ZONE ? pointer : RED_ZONE);
	room += pointer - w->stack_at;
	n = w->stack_at > INT64_MAX ? -1 :
		pread(w->loaded->mem, w->stack, room < STACK_MOST ? (size_t)room : STACK_MOST, (off_t)w->stack_at);
	w->stack_size = n > 0 ? (size_t)n : 0;
}

/* libunwind-ptrace knows the registers by the thread: the process's is of no use here. */
void tshm_walk_take(pid_t tid, void *argument)
{
	struct tshm_walk *w = argument;
	void *thread = _UPT_create(tid);

	w->stack_size = 0;
	for (unsigned i = 0; i < REGISTERS; i++)
		w->has[i] = thread && _UPT_access_reg(w->space, (unw_regnum_t)i, &w->registers[i], 0, thread) == 0;
	if (w->has[UNW_REG_SP])
		take_stack(w, w->registers[UNW_REG_SP]);
	if (thread)
		_UPT_destroy(thread);
}

unsigned tshm_walk_frames(struct tshm_walk *w, struct tshm_walked *frames, unsigned most)
{
	unw_cursor_t cursor;
	bool exact = true;
	unsigned n = 0;

	for (unsigned i = 0; i < PAGES; i++)	/* another thread's stack may have been among them */
		w->pages[i].there = false;
	if (unw_init_remote(&cursor, w->space, w->process) < 0)
		return 0;
	while (n < most) {
		unw_word_t ip;

		if (unw_get_reg(&cursor, UNW_REG_IP, &ip) < 0 || !ip)
			break;
		frames[n++] = (struct tshm_walked){ ip, exact };
		exact = unw_is_signal_frame(&cursor) > 0;
		if (unw_step(&cursor) <= 0)
			break;
	}
	return n;
}

#endif
