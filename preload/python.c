/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <stddef.h>

#include "bytes.h"
#include "next.h"
#include "python.h"
#include "strings.h"

#define BOUNDS 256	/* frames passed at most: shims and what is none of Python's code among them */
#define TEXT_MAX 480	/* bytes kept of a name */

struct tshm_python tshm_python;
bool tshm_python_other;

static const char *soname_of(const struct tshm_next_file *f, const ElfW(Dyn) *dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == DT_SONAME)
			return f->strings + dynamic->d_un.d_val;
	return NULL;
}

/* As PY_VERSION_HEX, or 0. */
static uint32_t version_of(const struct tshm_next_file *f, const ElfW(Dyn) *dynamic)
{
	const unsigned long *number = tshm_next_object(f, "Py_Version");	/* since 3.11 */
	const char *(*text)(void);
	const char *t = soname_of(f, dynamic);
	uint32_t minor = 0;

	if (number)
		return (uint32_t)*number;
	if (t) {			/* "libpython3.9.so.1.0" */
		t = tshm_starts(t, "libpython") ? t + sizeof("libpython") - 1 : "";
	} else {
		/* A program has none, and is seen before main: there "3.9.2 (default, ..." may be formatted. */
		text = (const char *(*)(void))tshm_next_address(f, "Py_GetVersion");
		t = text ? text() : "";
	}
	if (t[0] != '3' || t[1] != '.')
		return 0;
	for (t += 2; *t >= '0' && *t <= '9'; t++)
		minor = minor * 10 + (uint32_t)(*t - '0');
	return 0x03000000 | (minor & 255) << 16;
}

void tshm_python_consider(ElfW(Addr) base, const ElfW(Dyn) *dynamic)
{
	struct tshm_next_file f;
	struct tshm_python found = { .thread_state = NULL };
	uint64_t size = 0;
	void *state;

	if (tshm_python.thread_state || !tshm_options.python || !tshm_next_read(&f, base, dynamic))
		return;
	found.eval = (uintptr_t)tshm_next_sized(&f, "_PyEval_EvalFrameDefault", &size);
	state = tshm_next_address(&f, "PyGILState_GetThisThreadState");
	found.code_type = (uintptr_t)tshm_next_object(&f, "PyCode_Type");
	if (!found.eval || !state || !found.code_type)
		return;
	if (!tshm_python_layout_of(version_of(&f, dynamic), tshm_next_object(&f, "_PyRuntime"), &found.layout)) {
		tshm_python_other = true;	/* for children, too */
		tshm_header->flags |= TSHM_HF_PYTHON_OTHER;
		return;
	}
	found.eval_end = found.eval + size;
	tshm_python = found;
	atomic_thread_fence(memory_order_release);
	tshm_python.thread_state = (void *(*)(void))state;	/* last: it says that the rest is there */
}

void tshm_python_start(void)
{
	if (tshm_options.python)
		tshm_next_each(tshm_python_consider);
}

void tshm_python_unloaded(void)
{
	Dl_info info;

	if (tshm_python.thread_state && !dladdr((void *)tshm_python.eval, &info))
		tshm_python.thread_state = NULL;
}

/* An address that can be one of a structure. */
static bool is_good(uintptr_t p)
{
	return p >= 4096 && !(p & 7) && p >> 47 == 0;
}

#define OWNED_BY_GENERATOR 1		/* enum _frameowner, since 3.11 */
#define OWNED_BY_C_STACK 3		/* since 3.12; 3.14: by the interpreter; what is greater is no function's either */

/*
 * Of a frame whose code is none (a function in C) there is nothing to say, nor of one in the
 * making, nor of those that the interpreter calls __init__ by: _PyFrame_IsIncomplete, 3.11.
 */
static bool frame_of(const struct tshm_python_layout *l, uintptr_t frame, struct tshm_python_frame *to)
{
	/* A _PyStackRef since 3.14, with marks in its lowest bits. */
	uintptr_t code = TSHM_PYTHON_AT(uintptr_t, frame, l->code) & ~(uintptr_t)7;

	if (!is_good(code) || TSHM_PYTHON_AT(uintptr_t, code, l->type) != tshm_python.code_type)
		return false;
	to->code = code;
	to->entry = l->style == TSHM_PYTHON_OBJECTS ||
		    (l->style == TSHM_PYTHON_ENTRIES && TSHM_PYTHON_AT(uint8_t, frame, l->entry));
	to->at = l->bytecode ? (int32_t)((TSHM_PYTHON_AT(intptr_t, frame, l->at) - (intptr_t)(code + l->bytecode)) / 2) :
			       TSHM_PYTHON_AT(int32_t, frame, l->at);
	return !l->begun || to->at >= TSHM_PYTHON_AT(int32_t, code, l->begun) ||
	       TSHM_PYTHON_AT(uint8_t, frame, l->owner) == OWNED_BY_GENERATOR;
}

static unsigned walk(struct tshm_python_frame frames[TSHM_PYTHON_FRAMES])
{
	const struct tshm_python_layout *l = &tshm_python.layout;
	uintptr_t state = (uintptr_t)tshm_python.thread_state(), frame;
	unsigned count = 0;

	if (!is_good(state))
		return 0;
	frame = TSHM_PYTHON_AT(uintptr_t, state, l->current);
	if (l->current_in && is_good(frame))
		frame = TSHM_PYTHON_AT(uintptr_t, frame, l->current_in - 1);
	for (int i = 0; i < BOUNDS && is_good(frame) && count < TSHM_PYTHON_FRAMES; i++) {
		if (l->style == TSHM_PYTHON_SHIMS && TSHM_PYTHON_AT(uint8_t, frame, l->owner) >= OWNED_BY_C_STACK) {
			if (count)
				frames[count - 1].entry = true;
		} else if (frame_of(l, frame, &frames[count])) {
			count++;
		} else if (count && l->style == TSHM_PYTHON_ENTRIES && TSHM_PYTHON_AT(uint8_t, frame, l->entry)) {
			frames[count - 1].entry = true;
		}
		frame = TSHM_PYTHON_AT(uintptr_t, frame, l->back);
	}
	return count;
}

/*
 * A code object may be freed, and another made at its address: its file, its first line and
 * how its table of lines begins go into the hash, too.  (Code from strings comes and goes.)
 */
static uint64_t lines_of(const struct tshm_python_layout *l, uintptr_t code)
{
	uintptr_t bytes = TSHM_PYTHON_AT(uintptr_t, code, l->lines);

	/* A bytes object has room for eight: it ends with a NUL behind its last, and is aligned. */
	return is_good(bytes) ? TSHM_PYTHON_AT(uint64_t, bytes, l->bytes) ^ TSHM_PYTHON_AT(uint64_t, bytes, l->bytes_size) << 56 : 0;
}

static uint64_t hash_of(const struct tshm_python_frame *frames, unsigned count)
{
	const struct tshm_python_layout *l = &tshm_python.layout;
	uint64_t hash = count + 1;

	for (unsigned i = 0; i < count; i++) {
		const struct tshm_python_frame *f = &frames[i];
		uint64_t where = TSHM_PYTHON_AT(uint64_t, f->code, l->file) ^ (uint64_t)(uint32_t)f->at << 32 ^
				 (uint64_t)TSHM_PYTHON_AT(uint32_t, f->code, l->first_line) << 48 ^ lines_of(l, f->code);

		hash = (hash ^ f->code ^ where) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return tshm_mix(hash) | 1;
}

void tshm_python_walk(struct tshm_python_stack *s)
{
	s->count = walk(s->frames);
	s->hash = s->count ? hash_of(s->frames, s->count) : 0;
}

static size_t put(char *to, size_t n, uint32_t c)
{
	if (c < 0x80) {
		to[n++] = (char)c;
	} else if (c < 0x800) {
		to[n++] = (char)(0xc0 | c >> 6);
		to[n++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		to[n++] = (char)(0xe0 | c >> 12);
		to[n++] = (char)(0x80 | (c >> 6 & 63));
		to[n++] = (char)(0x80 | (c & 63));
	} else {
		to[n++] = (char)(0xf0 | (c >> 18 & 7));
		to[n++] = (char)(0x80 | (c >> 12 & 63));
		to[n++] = (char)(0x80 | (c >> 6 & 63));
		to[n++] = (char)(0x80 | (c & 63));
	}
	return n;
}

/* A str (PEP 393) in UTF-8: state has the size of a character in bits 2 to 4, "compact" in 5, "ascii" in 6. */
static uint32_t string_of(uintptr_t text)
{
	const struct tshm_python_layout *l = &tshm_python.layout;
	char to[TEXT_MAX + 8];
	uint32_t state, kind;
	int64_t length;
	size_t n = 0;

	if (!is_good(text))
		return 0;
	state = TSHM_PYTHON_AT(uint32_t, text, l->text_state);
	length = TSHM_PYTHON_AT(int64_t, text, l->text_length);
	kind = state >> 2 & 7;
	if (!(state & 0x20) || length <= 0 || (kind != 1 && kind != 2 && kind != 4))
		return 0;
	text += state & 0x40 ? l->text_ascii : l->text_other;
	for (int64_t i = 0; i < length && n < TEXT_MAX; i++)
		n = put(to, n, kind == 1 ? TSHM_PYTHON_AT(uint8_t, text, i) : kind == 2 ?
			TSHM_PYTHON_AT(uint16_t, text, 2 * i) : TSHM_PYTHON_AT(uint32_t, text, 4 * i));
	return tshm_string(to, n);
}

struct tshm_frame tshm_python_frame(const struct tshm_python_frame *f)
{
	const struct tshm_python_layout *l = &tshm_python.layout;

	return (struct tshm_frame){ .kind = TSHM_FRAME_PYTHON,
		.where = string_of(TSHM_PYTHON_AT(uintptr_t, f->code, l->file)),
		.u.py = { .function = string_of(TSHM_PYTHON_AT(uintptr_t, f->code, l->name)),
			  .line = tshm_python_line(l, f->code, f->at) } };
}
