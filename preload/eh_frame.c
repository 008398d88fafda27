/* SPDX-License-Identifier: MIT */
/*
 * From an address to its rule: find the FDE by the search table of .eh_frame_hdr,
 * run its program and its CIE's up to the address.
 *
 * Only what compilers write for the registers that the walk needs is understood: the
 * CFA by rsp or rbp, or by the expression of a realigned frame; rbp; the return
 * address at CFA - 8.  Everything else ends the walk.
 */
#include "cfi.h"

#if defined(__x86_64__)
#include <dlfcn.h>
#include <stddef.h>
#endif

#if defined(__x86_64__) && defined(DLFO_STRUCT_HAS_EH_DBASE)

extern int _dl_find_object(void *, struct dl_find_object *) __attribute__((weak));

enum { REG_RBP = 6, REG_RSP = 7, REG_RA = 16 };
enum { ENC_ABSPTR = 0x00, ENC_UDATA4 = 0x03, ENC_SDATA4 = 0x0b, ENC_PCREL = 0x10, ENC_DATAREL = 0x30,
       ENC_INDIRECT = 0x80, ENC_OMIT = 0xff };
#define STATES 8		/* remembered states; compilers nest them hardly */

struct reader { const uint8_t *at, *end; bool bad; };

struct state {
	uint8_t cfa;		/* enum tshm_cfa */
	int64_t cfa_at;
	uint8_t rbp;
	int64_t rbp_at;
	uintptr_t pc;		/* for whose instruction the rule is wanted */
	bool no_caller;		/* the return address is undefined: the first frame of a thread */
};

struct program {		/* what a CIE says */
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding;	/* of addresses in FDEs */
	bool augmented, signal;
	const uint8_t *first, *end;
};

static bool room(struct reader *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->at) < n)
		r->bad = true;
	return !r->bad;
}

static uint8_t byte(struct reader *r)
{
	return room(r, 1) ? *r->at++ : 0;
}

static uint64_t fixed(struct reader *r, size_t n)
{
	uint64_t value = 0;

	if (!room(r, n))
		return 0;
	__builtin_memcpy(&value, r->at, n);
	r->at += n;
	return value;
}

static uint64_t uleb(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = byte(r);

		value |= (uint64_t)(b & 127) << shift;
		if (!(b & 128))
			return value;
	}
	r->bad = true;
	return 0;
}

static int64_t sleb(struct reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; ) {
		uint8_t b = byte(r);

		value |= (uint64_t)(b & 127) << shift;
		shift += 7;
		if (!(b & 128))
			return (int64_t)(shift < 64 && (b & 64) ? value | ~0ull << shift : value);
	}
	r->bad = true;
	return 0;
}

/* An encoded pointer; of the applications only those of position-independent code. */
static uintptr_t pointer(struct reader *r, uint8_t encoding, uintptr_t data)
{
	uintptr_t here = (uintptr_t)r->at, value;

	switch (encoding & 15) {
	case ENC_ABSPTR: value = fixed(r, 8); break;
	case ENC_UDATA4: value = fixed(r, 4); break;
	case ENC_SDATA4: value = (uintptr_t)(int64_t)(int32_t)fixed(r, 4); break;
	case 4: case 12: value = fixed(r, 8); break;
	default: r->bad = true; return 0;
	}
	switch (encoding & 0x70) {
	case 0: return value;
	case ENC_PCREL: return here + value;
	case ENC_DATAREL: return data + value;
	}
	r->bad = true;
	return 0;
}

/*
 * The linker's expression for all entries of a .plt: in an entry's last instructions, from
 * (rip & 15) >= n on, one word more is on the stack.
 * DW_OP_breg7 8, breg16 0, lit15, and, lit<n>, ge, lit3, shl, plus (binutils, elfxx-x86.c).
 */
static bool plt_expression(struct state *s, struct reader e)
{
	static const uint8_t words[] = { 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x30, 0x2a, 0x33, 0x24, 0x22 };
	unsigned from = 0;

	if (e.end - e.at != sizeof(words))
		return false;
	for (unsigned i = 0; i < sizeof(words); i++) {
		if (i == 6)
			from = e.at[i] - 0x30u;
		else if (e.at[i] != words[i])
			return false;
	}
	s->cfa = TSHM_CFA_RSP;
	s->cfa_at = (s->pc & 15) >= from ? 16 : 8;
	return from < 16;
}

/* The CFA of a realigned frame: DW_OP_breg6 n, DW_OP_deref. */
static void cfa_expression(struct state *s, struct reader *r)
{
	uint64_t size = uleb(r);
	struct reader e = { r->at, r->at + size, false };

	if (!room(r, size))
		return;
	r->at += size;
	if (plt_expression(s, e))
		return;
	s->cfa = TSHM_CFA_OTHER;
	if (byte(&e) != 0x70 + REG_RBP)
		return;
	s->cfa_at = sleb(&e);
	if (byte(&e) == 0x06 && !e.bad && e.at == e.end)
		s->cfa = TSHM_CFA_DEREF_RBP;
}

/* Where a register is saved, by expression: DW_OP_breg6 n for rbp of a realigned frame. */
static void saved_expression(struct state *s, struct reader *r)
{
	uint64_t reg = uleb(r), size = uleb(r);
	struct reader e = { r->at, r->at + size, false };

	if (!room(r, size))
		return;
	r->at += size;
	if (reg == REG_RA)
		s->cfa = TSHM_CFA_OTHER;
	if (reg != REG_RBP)
		return;
	if (byte(&e) != 0x70 + REG_RBP) {
		s->cfa = TSHM_CFA_OTHER;
		return;
	}
	s->rbp = TSHM_SAVED_RBP;
	s->rbp_at = sleb(&e);
}

static void set_cfa_register(struct state *s, uint64_t reg)
{
	s->cfa = reg == REG_RSP ? TSHM_CFA_RSP : reg == REG_RBP ? TSHM_CFA_RBP : TSHM_CFA_OTHER;
}

static void saved_at(struct state *s, uint64_t reg, int64_t offset)
{
	if (reg == REG_RBP) {
		s->rbp = TSHM_SAVED_CFA;
		s->rbp_at = offset;
	} else if (reg == REG_RA && offset != -8) {
		s->cfa = TSHM_CFA_OTHER;
	}
}

static void restored(struct state *s, const struct state *initial, uint64_t reg)
{
	if (reg == REG_RBP) {
		s->rbp = initial->rbp;
		s->rbp_at = initial->rbp_at;
	}
}

/* Run a program until it passes `pc`.  false: not understood. */
static bool run(const struct program *p, struct reader r, struct state *s, const struct state *initial,
		uintptr_t location, uintptr_t pc)
{
	struct state kept[STATES];
	unsigned depth = 0;

	while (r.at < r.end && !r.bad) {
		uint8_t op = byte(&r);
		uint64_t low = op & 63, reg;

		switch (op >> 6) {
		case 1:			/* advance_loc */
			location += low * p->code_align;
			if (location > pc)
				return true;
			continue;
		case 2:			/* offset */
			saved_at(s, low, (int64_t)uleb(&r) * p->data_align);
			continue;
		case 3:			/* restore */
			restored(s, initial, low);
			continue;
		}
		switch (op) {
		case 0x00: break;					/* nop */
		case 0x01: location = pointer(&r, p->encoding, 0); break;	/* set_loc */
		case 0x02: location += fixed(&r, 1) * p->code_align; break;	/* advance_loc1, 2, 4 */
		case 0x03: location += fixed(&r, 2) * p->code_align; break;
		case 0x04: location += fixed(&r, 4) * p->code_align; break;
		case 0x05:						/* offset_extended */
			reg = uleb(&r);
			saved_at(s, reg, (int64_t)uleb(&r) * p->data_align);
			break;
		case 0x06: restored(s, initial, uleb(&r)); break;	/* restore_extended */
		case 0x07:						/* undefined */
			reg = uleb(&r);
			if (reg == REG_RA)
				s->no_caller = true;
			break;
		case 0x08: restored(s, &(struct state){ .rbp = TSHM_SAVED_SAME }, uleb(&r)); break;	/* same_value */
		case 0x09:						/* register: a copy in another one */
			reg = uleb(&r);
			uleb(&r);
			if (reg == REG_RBP || reg == REG_RA)
				s->cfa = TSHM_CFA_OTHER;
			break;
		case 0x0a:						/* remember_state */
			if (depth == STATES)
				return false;
			kept[depth++] = *s;
			break;
		case 0x0b:						/* restore_state */
			if (!depth)
				return false;
			*s = kept[--depth];
			break;
		case 0x0c:						/* def_cfa */
			set_cfa_register(s, uleb(&r));
			s->cfa_at = (int64_t)uleb(&r);
			break;
		case 0x0d: set_cfa_register(s, uleb(&r)); break;	/* def_cfa_register */
		case 0x0e: s->cfa_at = (int64_t)uleb(&r); break;	/* def_cfa_offset */
		case 0x0f: cfa_expression(s, &r); break;
		case 0x10: saved_expression(s, &r); break;
		case 0x11:						/* offset_extended_sf */
			reg = uleb(&r);
			saved_at(s, reg, sleb(&r) * p->data_align);
			break;
		case 0x12:						/* def_cfa_sf */
			set_cfa_register(s, uleb(&r));
			s->cfa_at = sleb(&r) * p->data_align;
			break;
		case 0x13: s->cfa_at = sleb(&r) * p->data_align; break;	/* def_cfa_offset_sf */
		case 0x2e: uleb(&r); break;				/* GNU_args_size */
		default: return false;
		}
		if (op >= 0x01 && op <= 0x04 && location > pc)
			return true;
	}
	return !r.bad;
}

static bool read_cie(const uint8_t *at, struct program *p)
{
	struct reader r = { at, at + 4, false };
	uint32_t length = (uint32_t)fixed(&r, 4);
	const char *augmentation;
	uint64_t size;

	if (!length || length == 0xffffffffu)
		return false;
	r.end = r.at + length;
	if (fixed(&r, 4) != 0)
		return false;
	uint8_t version = byte(&r);

	augmentation = (const char *)r.at;
	while (byte(&r))
		;
	p->code_align = uleb(&r);
	p->data_align = sleb(&r);
	if ((version == 1 ? byte(&r) : uleb(&r)) != REG_RA)
		return false;
	p->encoding = ENC_ABSPTR;
	p->augmented = augmentation[0] == 'z';
	p->signal = false;
	if (p->augmented) {
		size = uleb(&r);
		if (!room(&r, size))
			return false;
		const uint8_t *after = r.at + size;

		for (const char *c = augmentation + 1; *c; c++) {
			if (*c == 'R')
				p->encoding = byte(&r);
			else if (*c == 'S')
				p->signal = true;
			else if (*c == 'L')
				byte(&r);
			else if (*c == 'P')
				pointer(&r, byte(&r) & (uint8_t)~ENC_INDIRECT, 0);
			else if (*c != 'B')
				break;
		}
		r.at = after;
	} else if (augmentation[0]) {
		return false;
	}
	p->first = r.at;
	p->end = r.end;
	return !r.bad && (version == 1 || version == 3);
}

/* The FDE that may cover pc, by the sorted table (of pairs relative to the header). */
static const uint8_t *find_fde(const uint8_t *header, uintptr_t pc)
{
	struct reader r = { header, header + 64, false };
	const int32_t *table;
	uint64_t count, low = 0, high;

	if (byte(&r) != 1)
		return NULL;
	uint8_t frame_encoding = byte(&r), count_encoding = byte(&r), table_encoding = byte(&r);

	pointer(&r, frame_encoding, (uintptr_t)header);
	count = pointer(&r, count_encoding, (uintptr_t)header);
	if (r.bad || table_encoding != (ENC_DATAREL | ENC_SDATA4) || !count)
		return NULL;
	table = (const int32_t *)r.at;
	for (high = count; high - low > 1; ) {
		uint64_t middle = (low + high) / 2;

		if ((uintptr_t)header + (uintptr_t)(int64_t)table[2 * middle] <= pc)
			low = middle;
		else
			high = middle;
	}
	if ((uintptr_t)header + (uintptr_t)(int64_t)table[2 * low] > pc)
		return NULL;
	return header + table[2 * low + 1];
}

static struct tshm_rule pack(const struct state *s)
{
	struct tshm_rule rule = { .cfa = s->cfa, .rbp = s->rbp, .rbp_at = (int16_t)s->rbp_at,
				  .cfa_at = (int32_t)s->cfa_at };

	if (rule.rbp_at != s->rbp_at || rule.cfa_at != s->cfa_at)
		rule.cfa = TSHM_CFA_OTHER;
	if (s->no_caller)
		rule.cfa = TSHM_CFA_END;
	return rule;
}

struct tshm_rule tshm_eh_rule(uintptr_t pc)
{
	static const struct tshm_rule none = { .cfa = TSHM_CFA_NONE }, other = { .cfa = TSHM_CFA_OTHER };
	struct state s = { .pc = pc }, initial;
	struct dl_find_object object;
	struct program p;
	const uint8_t *fde;
	struct reader r;
	uintptr_t start;

	if (_dl_find_object((void *)pc, &object) != 0 || !object.dlfo_eh_frame)
		return none;
	fde = find_fde(object.dlfo_eh_frame, pc);
	if (!fde)
		return none;
	r = (struct reader){ fde, fde + 4, false };
	uint32_t length = (uint32_t)fixed(&r, 4);

	if (!length || length == 0xffffffffu)
		return none;
	r.end = r.at + length;
	const uint8_t *cie = r.at;

	cie -= fixed(&r, 4);
	if (r.bad || !read_cie(cie, &p))
		return none;
	start = pointer(&r, p.encoding, 0);
	if (pc < start || pc - start >= pointer(&r, p.encoding & 15, 0))
		return none;
	if (p.signal)		/* the kernel's frame: a ucontext lies on the stack */
		return (struct tshm_rule){ .cfa = TSHM_CFA_SIGNAL };
	if (p.augmented) {
		uint64_t size = uleb(&r);

		if (!room(&r, size))
			return none;
		r.at += size;
	}
	if (!run(&p, (struct reader){ p.first, p.end, false }, &s, &s, 0, UINTPTR_MAX))
		return other;
	initial = s;
	return run(&p, r, &s, &initial, start, pc) && !r.bad ? pack(&s) : other;
}

#else

struct tshm_rule tshm_eh_rule(uintptr_t pc)
{
	(void)pc;
	return (struct tshm_rule){ .cfa = TSHM_CFA_NONE };
}

#endif
