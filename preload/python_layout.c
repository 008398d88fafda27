/* SPDX-License-Identifier: MIT */
/*
 * Where CPython's structures lie on 64-bit machines: offsetof() in the headers of each version
 * (frameobject.h, code.h, pystate.h, unicodeobject.h; internal/pycore_frame.h from 3.11 on), in
 * builds without Py_DEBUG and Py_TRACE_REFS.  From 3.13 on the interpreter tells them itself
 * (_Py_DebugOffsets, the first member of _PyRuntime), also of free-threaded builds.
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

/* _Py_DebugOffsets of 3.13 (internal/pycore_runtime.h): words, the first of which is a cookie. */
enum {
	WORD_VERSION = 1, WORD_CURRENT_FRAME = 23, WORD_BACK = 29, WORD_EXECUTABLE = 30, WORD_INSTRUCTION = 31, WORD_OWNER = 33,
	WORD_FILE = 35, WORD_QUALNAME = 37, WORD_LINES = 38, WORD_FIRST_LINE = 39, WORD_BYTECODE = 43, WORD_TYPE = 45,
	WORD_BYTES_SIZE = 65, WORD_BYTES = 66, WORD_TEXT_STATE = 68, WORD_TEXT_LENGTH = 69, WORD_TEXT_ASCII = 70, WORDS
};

static bool told(const uint64_t *words, struct tshm_python_layout *to)
{
	for (int i = WORD_CURRENT_FRAME; i < WORDS; i++)
		if (words[i] > 4096)	/* of structures that are shorter: something else */
			return false;
#define WORD(name) (uint16_t)words[WORD_##name]
	*to = (struct tshm_python_layout){ TSHM_PYTHON_SHIMS, .current = WORD(CURRENT_FRAME), .back = WORD(BACK),
		.code = WORD(EXECUTABLE), .at = WORD(INSTRUCTION), .owner = WORD(OWNER), .first_line = WORD(FIRST_LINE),
		.file = WORD(FILE), .name = WORD(QUALNAME), .lines = WORD(LINES), .bytecode = WORD(BYTECODE),
		.begun = (uint16_t)(WORD(BYTECODE) - 16),	/* _co_firsttraceable, co_extra, co_code_adaptive */
		.text_ascii = WORD(TEXT_ASCII), .text_other = (uint16_t)(WORD(TEXT_ASCII) + 16),	/* utf8_length, utf8 */
		.text_length = WORD(TEXT_LENGTH), .text_state = WORD(TEXT_STATE), .bytes = WORD(BYTES),
		.bytes_size = WORD(BYTES_SIZE), .type = WORD(TYPE), .line_table = 311 };
#undef WORD
	return true;
}

bool tshm_python_layout_of(uint32_t version, const void *runtime, struct tshm_python_layout *to)
{
	const uint64_t *words = runtime;

	if (sizeof(void *) != 8)
		return false;
	if (version >> 16 >= 0x030d)
		return words && tshm_starts((const char *)runtime, "xdebugpy") && words[WORD_VERSION] >> 16 == 0x030d &&
		       version >> 16 == 0x030d && told(words, to);
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version == version >> 16) {
			*to = known[i].layout;
			return true;
		}
	return false;
}
