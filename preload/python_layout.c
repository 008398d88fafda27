/* SPDX-License-Identifier: MIT */
/*
 * Where CPython's structures lie on 64-bit machines: offsetof() in the headers of each version
 * (frameobject.h, code.h, pystate.h, unicodeobject.h; internal/pycore_frame.h from 3.11 on), in
 * builds without Py_DEBUG and Py_TRACE_REFS.  From 3.13 on the interpreter tells them itself
 * (_Py_DebugOffsets, the first member of _PyRuntime); which of its words tells what differs by version.
 * Free-threaded builds are not known: their strings and instructions lie otherwise.
 */
#include "bytes.h"
#include "python.h"

#define TEXT_OLD .text_ascii = 48, .text_other = 72, .text_length = 16, .text_state = 32
#define TEXT_NEW .text_ascii = 40, .text_other = 56, .text_length = 16, .text_state = 32
#define OBJECT   .bytes = 32, .bytes_size = 16, .type = 8

static const struct { uint32_t version; struct tshm_python_layout layout; } known[] = {
	{ 0x0306, { TSHM_PYTHON_OBJECTS, .current = 24, .back = 24, .code = 32, .at = 120, .first_line = 36, .file = 96,
		    .name = 104, .lines = 112, TEXT_OLD, OBJECT, .line_table = 306 } },
	{ 0x0307, { TSHM_PYTHON_OBJECTS, .current = 24, .back = 24, .code = 32, .at = 104, .first_line = 36, .file = 96,
		    .name = 104, .lines = 112, TEXT_OLD, OBJECT, .line_table = 306 } },
	{ 0x0308, { TSHM_PYTHON_OBJECTS, .current = 24, .back = 24, .code = 32, .at = 104, .first_line = 40, .file = 104,
		    .name = 112, .lines = 120, TEXT_OLD, OBJECT, .line_table = 306 } },
	{ 0x0309, { TSHM_PYTHON_OBJECTS, .current = 24, .back = 24, .code = 32, .at = 104, .first_line = 40, .file = 104,
		    .name = 112, .lines = 120, TEXT_OLD, OBJECT, .line_table = 306 } },
	{ 0x030a, { TSHM_PYTHON_OBJECTS, .current = 24, .back = 24, .code = 32, .at = 96, .first_line = 40, .file = 104,
		    .name = 112, .lines = 120, TEXT_OLD, OBJECT, .line_table = 310 } },
	{ 0x030b, { TSHM_PYTHON_ENTRIES, .current = 56, .current_in = 1 + 8, .back = 48, .code = 32, .at = 56, .entry = 68,
		    .owner = 69, .first_line = 72, .file = 112, .name = 128, .lines = 136, .bytecode = 184, .begun = 168, TEXT_OLD, OBJECT,
		    .line_table = 311 } },
	{ 0x030c, { TSHM_PYTHON_SHIMS, .current = 56, .current_in = 1 + 0, .back = 8, .code = 0, .at = 56, .owner = 70,
		    .first_line = 68, .file = 112, .name = 128, .lines = 136, .bytecode = 192, .begun = 176, TEXT_NEW, OBJECT,
		    .line_table = 311 } },
};

/* _Py_DebugOffsets (internal/pycore_runtime.h of 3.13, pycore_debug_offsets.h of 3.14): numbers of words, of 8 bytes. */
#define WORD_VERSION 1
#define WORD_FREE_THREADED 2

static const struct words {
	uint32_t version;
	uint8_t current, back, code, at, owner, file, name, lines, first_line, bytecode, type;
	uint8_t bytes_size, bytes, text_state, text_length, text_ascii;
} tellers[] = {
	{ 0x030d, .current = 23, .back = 29, .code = 30, .at = 31, .owner = 33, .file = 35, .name = 37, .lines = 38,
	  .first_line = 39, .bytecode = 43, .type = 45, .bytes_size = 65, .bytes = 66, .text_state = 68, .text_length = 69,
	  .text_ascii = 70 },
	{ 0x030e, .current = 26, .back = 32, .code = 33, .at = 34, .owner = 36, .file = 40, .name = 42, .lines = 43,
	  .first_line = 44, .bytecode = 48, .type = 51, .bytes_size = 75, .bytes = 76, .text_state = 78, .text_length = 79,
	  .text_ascii = 80 },
};

static bool told(const uint64_t *words, const struct words *w, struct tshm_python_layout *to)
{
	if (words[WORD_VERSION] >> 16 != w->version || words[WORD_FREE_THREADED])
		return false;
	for (int i = w->current; i <= w->text_ascii; i++)
		if (words[i] > 4096)	/* of structures that are shorter: something else */
			return false;
#define WORD(what) (uint16_t)words[w->what]
	*to = (struct tshm_python_layout){ TSHM_PYTHON_SHIMS, .current = WORD(current), .back = WORD(back), .code = WORD(code),
		.at = WORD(at), .owner = WORD(owner), .first_line = WORD(first_line), .file = WORD(file), .name = WORD(name),
		.lines = WORD(lines), .bytecode = WORD(bytecode),
		.begun = (uint16_t)(WORD(bytecode) - 16),	/* _co_firsttraceable, co_extra, co_code_adaptive */
		.text_ascii = WORD(text_ascii), .text_other = (uint16_t)(WORD(text_ascii) + 16),	/* utf8_length, utf8 */
		.text_length = WORD(text_length), .text_state = WORD(text_state), .bytes = WORD(bytes),
		.bytes_size = WORD(bytes_size), .type = WORD(type), .line_table = 311 };
#undef WORD
	/* What has been so since 3.12: were other words meant, these would not all be. */
	return to->code == 0 && to->back == 8 && to->type == 8 && to->bytes == 32 && to->bytes_size == 16 &&
	       to->text_ascii == 40 && to->text_length == 16 && to->text_state == 32;
}

bool tshm_python_layout_of(uint32_t version, const void *runtime, struct tshm_python_layout *to)
{
	const uint64_t *words = runtime;

	if (sizeof(void *) != 8)
		return false;
	for (unsigned i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (tellers[i].version == version >> 16)
			return words && tshm_starts((const char *)runtime, "xdebugpy") && told(words, &tellers[i], to);
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version == version >> 16) {
			*to = known[i].layout;
			return true;
		}
	return false;
}
