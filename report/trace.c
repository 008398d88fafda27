/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void append(struct tshm_trace *t, const struct tshm_line *line)
{
	t->lines = tshm_xreallocarray(t->lines, t->count + 1, sizeof(*t->lines));
	t->lines[t->count++] = *line;
}

static bool is_module(const struct tshm_line *l, const char *pattern)
{
	return l->module && !fnmatch(pattern, tshm_text_base(l->module), 0);
}

/* What lies below main, or below a thread's first function, is libc's (or libstdc++'s). */
static bool starts_program(const struct tshm_line *l)
{
	static const char *const names[] = { "_start", "__libc_start_main", "__libc_start_call_main", "start_thread",
					     "clone", "clone3", "__clone", "__clone3" };

	if (!l->function)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(l->function, names[i], strlen(names[i])) &&
		    (!l->function[strlen(names[i])] || l->function[strlen(names[i])] == '_' ||
		     l->function[strlen(names[i])] == '@'))
			return true;
	return false;
}

static void cut(struct tshm_trace *t)
{
	size_t first = 0, end = t->count;

	while (first < t->count && is_module(&t->lines[first], "libtshm.so*"))
		first++;
	while (end > first + 1 && (starts_program(&t->lines[end - 1]) ||
				   is_module(&t->lines[end - 1], "libstdc++.so*") ||
				   (is_module(&t->lines[end - 1], "libc.so*") && !t->lines[end - 1].function)))
		end--;
	memmove(t->lines, t->lines + first, (end - first) * sizeof(*t->lines));
	t->count = end - first;
	t->leaf = t->leaf >= first && t->leaf - first < t->count ? t->leaf - first : 0;
}

/*
 * Does it come from a header of libc or of the C++ library?  Inlined into the program it
 * has none of their modules: open() with _FORTIFY_SOURCE, a container's member.
 */
static bool is_of_runtime(const struct tshm_line *l)
{
	static const char *const patterns[] = { "*/include/c++/*", "/usr/include/bits/*", "/usr/include/*-linux-*/bits/*" };

	for (size_t i = 0; l->file && i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!fnmatch(patterns[i], l->file, 0))
			return true;
	return false;
}

/* The innermost of a frame's functions that is the program's; it is the last if no other is. */
static size_t own_line(const struct tshm_line *lines, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && lines[i].inlined && is_of_runtime(&lines[i]))
		i++;
	return i;
}

struct tshm_trace tshm_trace_of_frames(struct tshm_symbols *symbols, const struct tshm_image *im,
				       const struct tshm_frame *frames, unsigned depth)
{
	unsigned leaf = tshm_frames_leaf(im, frames, depth);
	struct tshm_trace t = { 0 };

	for (unsigned i = 0; i < depth; i++) {
		const struct tshm_line *lines;
		size_t n = tshm_symbols_frame(symbols, im, &frames[i], &lines);

		if (i == leaf)
			t.leaf = t.count + own_line(lines, n);
		for (size_t j = 0; j < n; j++)
			append(&t, &lines[j]);
	}
	cut(&t);
	return t;
}

struct tshm_trace tshm_trace_of(struct tshm_symbols *symbols, const struct tshm_image *im, uint32_t number)
{
	const struct tshm_site *site = im ? tshm_site(im, number) : NULL;
	struct tshm_trace t = { 0 };

	if (!site)
		return t;
	t = tshm_trace_of_frames(symbols, im, site->frames, site->depth);
	t.call = tshm_call_name(site->call);
	return t;
}

static struct tshm_trace trace_of_frame(struct tshm_symbols *symbols, const struct tshm_image *im,
					const struct tshm_frame *frame)
{
	struct tshm_trace t = { 0 };
	const struct tshm_line *lines;
	size_t n;

	if (!im || !frame || frame->kind == TSHM_FRAME_NONE)
		return t;
	n = tshm_symbols_frame(symbols, im, frame, &lines);
	for (size_t i = 0; i < n; i++)
		append(&t, &lines[i]);
	return t;
}

struct tshm_trace tshm_trace_of_second(struct tshm_symbols *symbols, const struct tshm_finding *f)
{
	return f->frame2 ? trace_of_frame(symbols, f->image2, f->frame2) : tshm_trace_of(symbols, f->image2, f->site2);
}

void tshm_trace_free(struct tshm_trace *t)
{
	free(t->lines);
	memset(t, 0, sizeof(*t));
}

bool tshm_trace_is_interpreter(const struct tshm_line *l)
{
	static const char *const patterns[] = { "python", "python[0-9]*", "libpython*", "perl", "perl[0-9]*", "libperl*",
						"ruby", "ruby[0-9]*", "libruby*", "node", "libnode*", "libjvm*" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!l->python && is_module(l, patterns[i]))
			return true;
	return false;
}

bool tshm_trace_is_own(const struct tshm_line *l)
{
	if (l->python)
		return true;
	return l->module && !tshm_module_is_runtime(l->module) && !(l->inlined && is_of_runtime(l));
}

/* The name that everybody writes for what the compiler calls by its whole template. */
static char *short_function(const char *function)
{
	static const char whole[] = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >";
	char *text = tshm_text_escape(function), *at = text;

	while ((at = strstr(at, whole))) {
		memcpy(at, "std::string", 11);
		memmove(at + 11, at + sizeof(whole) - 1, strlen(at + sizeof(whole) - 1) + 1);
		at += 11;
	}
	return text;
}

/* " (build-id 12ab34cd56ef..., the file has changed since)", as far as there is anything to say */
static char *module_remarks(const struct tshm_line *l)
{
	const char *fate = l->changed ? "the file has changed since" : l->gone ? "the file is gone" : "";

	if (!l->build_id[0])
		return *fate ? tshm_xasprintf(" (%s)", fate) : tshm_xstrdup("");
	return tshm_xasprintf(" (build-id %.12s%s%s%s)", l->build_id, strlen(l->build_id) > 12 ? "..." : "",
			      *fate ? ", " : "", fate);
}

char *tshm_trace_line(const struct tshm_line *l)
{
	TSHM_AUTO_FREE char *function = short_function(l->function);
	TSHM_AUTO_FREE char *file = tshm_text_escape(l->file ? tshm_text_base(l->file) : NULL);
	TSHM_AUTO_FREE char *module = tshm_text_escape(l->module ? tshm_text_base(l->module) : NULL);
	TSHM_AUTO_FREE char *remarks = module_remarks(l);

	if (l->function && l->file && l->line)
		return tshm_xasprintf("%s (%s:%u)", function, file, l->line);
	if (l->python)
		return tshm_xasprintf("%s (%s)", l->function ? function : "?", l->file ? file : "?");
	if (!l->module)
		return tshm_xasprintf("0x%llx", (unsigned long long)l->offset);
	if (l->function)
		return tshm_xasprintf("%s (in %s+0x%llx)", function, module, (unsigned long long)l->offset);
	return tshm_xasprintf("0x%llx in %s%s", (unsigned long long)l->offset, module, remarks);
}
