/* SPDX-License-Identifier: MIT */
/*
 * The symbol table by address.  libdwfl looks through the whole table for each address,
 * which takes milliseconds in a large library; here it is read once and sorted.
 */
#include <stdlib.h>

#include "spans.h"
#include "symbol_elf.h"

struct tshm_names {
	struct tshm_spans sized;	/* symbols that tell how long they are */
	struct tshm_spans labels;	/* the others, which end with their section or where the next symbol begins */
};

static bool is_code(const GElf_Sym *sym, GElf_Word section)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return section != SHN_UNDEF && section != (GElf_Word)-1 && section != SHN_ABS &&
	       (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC);
}

static uint32_t rank_of(const GElf_Sym *sym)
{
	switch (GELF_ST_BIND(sym->st_info)) {
	case STB_GLOBAL: return 2;
	case STB_WEAK: return 1;
	default: return 0;
	}
}

/* Where the section of an address ends, in libdwfl's addresses. */
static Dwarf_Addr section_end(Dwfl_Module *module, Dwarf_Addr address)
{
	Dwarf_Addr within = address, bias;
	Elf_Scn *section = dwfl_module_address_section(module, &within, &bias);
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header))
		return 0;
	return address - within + header.sh_size;
}

static void read_table(struct tshm_elf *f, struct tshm_names *n)
{
	int count = dwfl_module_getsymtab(f->module);

	for (int i = 1; i < count; i++) {
		GElf_Addr address;
		GElf_Word section;
		GElf_Sym sym;
		const char *name = dwfl_module_getsym_info(f->module, i, &sym, &address, &section, NULL, NULL);

		if (!name || !*name || !is_code(&sym, section))
			continue;
		if (sym.st_size <= UINT64_MAX - address)
			tshm_spans_add(&n->sized, address, address + sym.st_size, (uint32_t)i, rank_of(&sym));
		/* After a symbol that has a size there is nothing until the next one. */
		tshm_spans_add(&n->labels, address, section_end(f->module, address),
			       sym.st_size ? TSHM_SPANS_NONE : (uint32_t)i, rank_of(&sym));
	}
}

const char *tshm_names_find(struct tshm_elf *f, Dwarf_Addr address)
{
	GElf_Addr at;
	GElf_Sym sym;
	uint32_t i;

	if (!f->names) {
		f->names = tshm_xcalloc(1, sizeof(*f->names));
		read_table(f, f->names);
	}
	i = tshm_spans_find(&f->names->sized, address);
	if (i == TSHM_SPANS_NONE)
		i = tshm_spans_find(&f->names->labels, address);
	return i == TSHM_SPANS_NONE ? NULL : dwfl_module_getsym_info(f->module, (int)i, &sym, &at, NULL, NULL, NULL);
}

void tshm_names_free(struct tshm_names *n)
{
	if (!n)
		return;
	tshm_spans_free(&n->sized);
	tshm_spans_free(&n->labels);
	free(n);
}
