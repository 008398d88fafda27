/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "atomic.h"
#include "bytes.h"
#include "module.h"
#include "python.h"
#include "store.h"
#include "strings.h"

_Atomic uint32_t tshm_module_generation;

static struct tshm_store *const tshm_modules = &tshm_stores[TSHM_SEC_MODULES];

struct tshm_place {		/* where an address lies */
	uintptr_t start, end, bias;
	const char *path;
	const struct link_map *map;	/* NULL: not told */
};

/*
 * _dl_find_object (glibc 2.35) takes no lock and may be called from a signal handler,
 * in a forked child and while another thread is in dlopen (dlfcn.h; libc manual).
 * Weak, so that the library loads elsewhere; there dl_iterate_phdr has to do, as
 * libunwind itself uses it on the same occasions.
 */
#ifdef DLFO_STRUCT_HAS_EH_DBASE
extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));
#define TSHM_HAVE_FIND_OBJECT 1
#endif

struct tshm_search { uintptr_t pc; struct tshm_place place; bool found; };

static int tshm_search_phdr(struct dl_phdr_info *info, size_t size, void *data)
{
	struct tshm_search *search = data;
	uintptr_t start = UINTPTR_MAX, end = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (info->dlpi_addr + p->p_vaddr < start)
			start = info->dlpi_addr + p->p_vaddr;
		if (info->dlpi_addr + p->p_vaddr + p->p_memsz > end)
			end = info->dlpi_addr + p->p_vaddr + p->p_memsz;
	}
	if (search->pc < start || search->pc >= end)
		return 0;
	search->place = (struct tshm_place){ start, end, info->dlpi_addr, info->dlpi_name, NULL };
	search->found = true;
	return 1;
}

static bool tshm_module_place(uintptr_t pc, struct tshm_place *place)
{
#ifdef TSHM_HAVE_FIND_OBJECT
	if (_dl_find_object) {
		struct dl_find_object object;

		if (_dl_find_object((void *)pc, &object) != 0 || !object.dlfo_link_map)
			return false;
		*place = (struct tshm_place){ (uintptr_t)object.dlfo_map_start, (uintptr_t)object.dlfo_map_end,
					      object.dlfo_link_map->l_addr, object.dlfo_link_map->l_name,
					      object.dlfo_link_map };
		return true;
	}
#endif
	struct tshm_search search = { .pc = pc };

	dl_iterate_phdr(tshm_search_phdr, &search);
	*place = search.place;
	return search.found;
}

/* The GNU build id from the notes of the mapped file; its ELF header lies at `start`. */
static void tshm_module_build_id(struct tshm_module *m)
{
	const ElfW(Ehdr) *ehdr = (const void *)m->start;
	const ElfW(Phdr) *phdr;

	if (__builtin_memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || m->start + ehdr->e_phoff >= m->end ||
	    ehdr->e_phoff > 4096)
		return;
	phdr = (const void *)(m->start + ehdr->e_phoff);
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		uintptr_t at = m->bias + phdr[i].p_vaddr, end = at + phdr[i].p_memsz;

		if (phdr[i].p_type != PT_NOTE || at < m->start || end > m->end)
			continue;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = (const char *)(note + 1);
			const char *id = name + ((note->n_namesz + 3u) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && tshm_equal(name, "GNU")) {
				m->build_id_size = note->n_descsz < sizeof(m->build_id) ?
					note->n_descsz : (uint32_t)sizeof(m->build_id);
				__builtin_memcpy(m->build_id, id, m->build_id_size);
				return;
			}
			at = (uintptr_t)id + ((note->n_descsz + 3u) & ~3u);
		}
	}
}

static uint32_t tshm_module_find(const struct tshm_place *place, uint32_t path)
{
	uint32_t used = atomic_load(&tshm_modules->used);

	for (uint32_t n = used; n-- > 1; ) {	/* the newest at these addresses first */
		struct tshm_own_module *o = tshm_store_own(tshm_modules, n);

		uint64_t stamp = o ? atomic_load_explicit((_Atomic uint64_t *)&o->m.stamp, memory_order_acquire) : 0;

		if (TSHM_STAMP_STATE(stamp) == TSHM_STATE_LIVE && o->m.start == place->start &&
		    o->m.bias == place->bias && o->m.path == path)
			return n;
	}
	return 0;
}

static uint32_t tshm_module_note(const struct tshm_place *place)
{
	uint32_t path = tshm_string(place->path, tshm_length(place->path));
	uint32_t number = tshm_module_find(place, path);
	struct tshm_own_module *o;

	if (number) {
		tshm_module_mirror(number);
		return number;
	}
	number = tshm_store_take(tshm_modules);
	if (!number)
		return 0;
	o = tshm_store_own(tshm_modules, number);
	o->m.start = place->start;
	o->m.end = place->end;
	o->m.bias = place->bias;
	o->m.path = path;
	o->m.order = number;
	tshm_module_build_id(&o->m);
	TSHM_PUT(o->epoch, tshm_epoch);
	tshm_store_commit(tshm_modules, number, TSHM_STATE_LIVE);
	if (place->map)		/* a program may load Python when it likes */
		tshm_python_consider(place->map->l_addr, place->map->l_ld);
	return number;
}

void tshm_module_mirror(uint32_t number)
{
	struct tshm_own_module *o = number ? tshm_store_own(tshm_modules, number) : NULL;

	if (!o || TSHM_GET(o->epoch) == tshm_epoch)
		return;
	TSHM_PUT(o->epoch, tshm_epoch);
	tshm_store_commit(tshm_modules, number, TSHM_STATE_LIVE);
}

struct tshm_frame tshm_module_frame(uintptr_t pc)
{
	struct tshm_frame frame = { .kind = TSHM_FRAME_NATIVE, .where = 0, .u.offset = pc };
	struct tshm_place place;

	/* The byte before a return address lies in the calling function even if it ends with the call. */
	if (!pc || !tshm_module_place(pc - 1, &place))
		return frame;
	frame.where = tshm_module_note(&place);
	if (frame.where)
		frame.u.offset = pc - place.bias;
	return frame;
}
