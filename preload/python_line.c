/* SPDX-License-Identifier: MIT */
/*
 * The line of an instruction, from a code object's table: Objects/lnotab_notes.txt (to 3.9, and
 * 3.10), Objects/locations.md (from 3.11 on) in CPython's sources.
 */
#include "python.h"

struct table { const unsigned char *at, *end; };

static unsigned byte(struct table *t)
{
	return t->at < t->end ? *t->at++ : 0;
}

/* To 3.9: pairs of steps, of addresses (unsigned) and of lines (signed). */
static uint32_t line_306(struct table t, uint32_t line, int32_t at)
{
	int32_t address = 0;

	while (t.at + 1 < t.end) {
		address += (int32_t)byte(&t);
		if (address > at)
			break;
		line += (uint32_t)(int8_t)byte(&t);
	}
	return line;
}

/* 3.10: pairs of a length and a step of lines; -128: no line. */
static uint32_t line_310(struct table t, uint32_t line, int32_t at)
{
	int32_t end = 0;

	while (t.at + 1 < t.end) {
		int8_t step;

		end += (int32_t)byte(&t);
		step = (int8_t)byte(&t);
		if (step != -128)
			line += (uint32_t)step;
		if (at < end)
			return step == -128 ? 0 : line;
	}
	return line;
}

static uint32_t varint(struct table *t)
{
	uint32_t value = 0;
	unsigned shift = 0, b;

	do {
		b = byte(t);
		if (shift < 32)
			value |= (b & 63) << shift;
		shift += 6;
	} while (b & 64 && t->at < t->end);
	return value;
}

static int32_t svarint(struct table *t)
{
	uint32_t value = varint(t);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* From 3.11 on: entries of 1 + n bytes, the first of which says how many instructions and in which form. */
static uint32_t line_311(struct table t, uint32_t line, int32_t at)
{
	int32_t end = 0;

	while (t.at < t.end) {
		unsigned first = byte(&t), form = first >> 3 & 15;
		bool none = false;

		end += (int32_t)(first & 7) + 1;
		switch (form) {
		case 15: none = true; break;
		case 14:
			line += (uint32_t)svarint(&t);
			for (int i = 0; i < 3; i++)	/* end line, columns */
				varint(&t);
			break;
		case 13: line += (uint32_t)svarint(&t); break;
		case 12: case 11: case 10:
			line += form - 10;
			t.at += 2;
			break;
		default: t.at += 1; break;
		}
		if (at < end)
			return none ? 0 : line;
	}
	return line;
}

uint32_t tshm_python_line(const struct tshm_python_layout *l, uintptr_t code, int32_t at)
{
	uint32_t first = (uint32_t)TSHM_PYTHON_AT(int32_t, code, l->first_line);
	uintptr_t bytes = TSHM_PYTHON_AT(uintptr_t, code, l->lines);
	int64_t size = bytes ? TSHM_PYTHON_AT(int64_t, bytes, l->bytes_size) : 0;
	struct table t = { (const unsigned char *)bytes + l->bytes, (const unsigned char *)bytes + l->bytes + size };

	if (size <= 0 || size > 1 << 24 || at < 0)
		return first;
	switch (l->line_table) {
	case 306: return line_306(t, first, at);
	case 310: return line_310(t, first, 2 * at);
	default: return line_311(t, first, at);
	}
}
