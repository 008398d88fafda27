/* SPDX-License-Identifier: MIT */
/* --by=object, process, site: tables by libsmartcols, which cuts them to the terminal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out_table.h"
#include "text.h"
#include "trace.h"
#include "xalloc.h"

#define ODD_MOST 8	/* processes in the short table */

struct libscols_table *tshm_table_new(const struct tshm_out *o, const struct tshm_column *columns, size_t count)
{
	struct libscols_table *table;

	scols_init_debug(0);
	table = scols_new_table();
	if (!table)
		tshm_out_failed("table");
	scols_table_set_stream(table, o->to);
	scols_table_enable_colors(table, o->colour);
	if (o->width)
		scols_table_set_termwidth(table, (size_t)o->width);
	else
		scols_table_enable_nowrap(table, 1);
	scols_table_set_termforce(table, o->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < count; i++)
		if (!scols_table_new_column(table, columns[i].name, columns[i].width, columns[i].flags))
			tshm_out_failed("table");
	return table;
}

void tshm_table_print(const struct tshm_out *o, struct libscols_table *table)
{
	if (scols_table_is_empty(table))
		fprintf(o->to, "(none)\n");
	else if (scols_print_table(table) != 0)
		tshm_out_failed("table");
	scols_unref_table(table);
}

struct libscols_line *tshm_table_line(struct libscols_table *table, struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(table, parent);

	if (!line)
		tshm_out_failed("table");
	return line;
}

void tshm_table_cell(struct libscols_line *line, size_t column, char *text)
{
	if (scols_line_refer_data(line, column, text) != 0)
		tshm_out_failed("table");
}

void tshm_table_cell_escaped(struct libscols_line *line, size_t column, const char *text)
{
	tshm_table_cell(line, column, tshm_text_escape(text));
}

static const char *state_name(enum tshm_object_state state)
{
	return state == TSHM_OBJECT_LEAKED ? "leaked" : state == TSHM_OBJECT_LIVE ? "live" : "removed";
}

static char *holders_text(const struct tshm_object *object)
{
	char *text = tshm_xstrdup("");
	const struct tshm_image *last = NULL;

	for (size_t i = 0; i < object->holder_count; i++) {
		const struct tshm_image *im = object->holders[i]->image;
		char *longer;

		if (im == last || im->state != TSHM_IMAGE_RUNNING)
			continue;
		last = im;
		longer = tshm_xasprintf("%s%s%d", text, *text ? " " : "", (int)im->header.pid);
		free(text);
		text = longer;
	}
	return text;
}

char *tshm_table_leaf(const struct tshm_out *o, const struct tshm_image *im, uint32_t site)
{
	struct tshm_trace t = tshm_trace_of(o->symbols, im, site);
	char *text = t.count ? tshm_trace_line(&t.lines[t.leaf]) : tshm_xstrdup("");

	tshm_trace_free(&t);
	return text;
}

static void object_line(const struct tshm_out *o, struct libscols_table *table, const struct tshm_object *p)
{
	struct libscols_line *line = tshm_table_line(table, NULL);

	tshm_table_cell(line, 0, tshm_xstrdup(tshm_out_kind(p)));
	tshm_table_cell_escaped(line, 1, p->name ? p->name : p->id);
	tshm_table_cell(line, 2, tshm_xstrdup(tshm_text_size(p->size).s));
	tshm_table_cell(line, 3, tshm_xstrdup(state_name(p->state)));
	if (p->creator) {
		tshm_table_cell(line, 4, tshm_xasprintf("%d", (int)p->creator->image->header.pid));
		tshm_table_cell(line, 5, tshm_table_leaf(o, p->creator->image, p->creator->h.site));
	}
	tshm_table_cell(line, 6, holders_text(p));
}

/* What was left comes first. */
static void objects(const struct tshm_out *o)
{
	static const struct tshm_column columns[] = {
		{ "KIND", 10, 0 }, { "NAME", 0.3, 0 }, { "SIZE", 8, SCOLS_FL_RIGHT }, { "STATE", 7, 0 },
		{ "CREATOR", 8, SCOLS_FL_RIGHT }, { "MADE BY", 0.3, SCOLS_FL_TRUNC }, { "HELD BY", 0.1, SCOLS_FL_TRUNC },
	};
	static const enum tshm_object_state order[] = { TSHM_OBJECT_LEAKED, TSHM_OBJECT_LIVE, TSHM_OBJECT_REMOVED };
	struct libscols_table *table = tshm_table_new(o, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (const struct tshm_object *p = o->run->objects; p; p = p->next)
			if (p->state == order[i] &&
			    (p->space || p->kind == TSHM_KIND_SEGMENT || p->kind == TSHM_KIND_MEMFD))
				object_line(o, table, p);
	tshm_table_print(o, table);
}

static char *end_text(const struct tshm_image *im)
{
	switch (im->state) {
	case TSHM_IMAGE_RUNNING: return tshm_xstrdup("runs");
	case TSHM_IMAGE_EXITED: return im->status < 0 ? tshm_xstrdup("exited") : tshm_xasprintf("exited %d", im->status);
	case TSHM_IMAGE_SIGNALED: return tshm_xasprintf("killed by %s", tshm_text_signal(im->status).s);
	case TSHM_IMAGE_EXEC: return tshm_xstrdup("exec");
	case TSHM_IMAGE_UNKNOWN: break;
	}
	return tshm_xstrdup("ended");
}

static struct libscols_line *process_line(struct libscols_table *table, struct libscols_line *parent,
					  const struct tshm_image *im)
{
	struct libscols_line *line = tshm_table_line(table, parent);
	size_t held = 0;

	for (size_t j = 0; j < im->held_count; j++)
		held += !im->held[j].dropped;
	tshm_table_cell_escaped(line, 0, tshm_text_base(im->exe));
	tshm_table_cell(line, 1, tshm_xasprintf("%d", (int)im->header.pid));
	tshm_table_cell(line, 2, end_text(im));
	tshm_table_cell(line, 3, im->observed ? tshm_xasprintf("%zu", held) : tshm_xstrdup("?"));
	tshm_table_cell_escaped(line, 4, im->observed ? "yes" : im->why_unobserved ? im->why_unobserved : "no");
	return line;
}

static struct libscols_table *process_table(const struct tshm_out *o, int tree)
{
	const struct tshm_column columns[] = {
		{ "PROGRAM", 0.4, tree }, { "PID", 8, SCOLS_FL_RIGHT }, { "END", 16, 0 },
		{ "HELD", 6, SCOLS_FL_RIGHT }, { "OBSERVED", 0.3, SCOLS_FL_TRUNC },
	};

	return tshm_table_new(o, columns, sizeof(columns) / sizeof(columns[0]));
}

static void processes(const struct tshm_out *o)
{
	struct libscols_table *table = process_table(o, SCOLS_FL_TREE);
	struct libscols_line **lines = tshm_xcalloc(o->run->image_count + 1, sizeof(*lines));

	for (size_t i = 0; i < o->run->image_count; i++) {
		const struct tshm_image *im = o->run->images[i];
		const struct tshm_image *above = im->previous ? im->previous : im->parent;

		/* Parents come before their children. */
		lines[i] = process_line(table, above && above->order < i ? lines[above->order] : NULL, im);
	}
	tshm_table_print(o, table);
	free(lines);
}

void tshm_out_odd_processes(const struct tshm_out *o)
{
	struct libscols_table *table = process_table(o, 0);
	size_t odd = 0;

	for (size_t i = 0; i < o->run->image_count; i++) {
		const struct tshm_image *im = o->run->images[i];

		if (im->state != TSHM_IMAGE_SIGNALED && im->state != TSHM_IMAGE_RUNNING && im->observed)
			continue;
		if (odd++ < ODD_MOST || o->verbose)
			process_line(table, NULL, im);
	}
	if (!odd) {
		scols_unref_table(table);
		return;
	}
	fprintf(o->to, "Killed, still running, or not observed:\n");
	tshm_table_print(o, table);
	if (odd > ODD_MOST && !o->verbose)
		fprintf(o->to, "and %zu more (--by=process shows them)\n", odd - ODD_MOST);
	fputc('\n', o->to);
}

static void sites(const struct tshm_out *o)
{
	static const struct tshm_column columns[] = {
		{ "CALL", 12, 0 }, { "ACQUIRED", 8, SCOLS_FL_RIGHT }, { "RELEASED", 8, SCOLS_FL_RIGHT },
		{ "LIVE", 6, SCOLS_FL_RIGHT }, { "PEAK", 6, SCOLS_FL_RIGHT }, { "PID", 8, SCOLS_FL_RIGHT },
		{ "WHERE", 0.4, SCOLS_FL_TRUNC },
	};
	struct libscols_table *table = tshm_table_new(o, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < o->run->image_count; i++) {
		const struct tshm_image *im = o->run->images[i];

		for (size_t n = 1; n < im->site_count; n++) {
			const struct tshm_site *s = &im->sites[n];
			struct libscols_line *line;

			if (!s->stamp || !s->acquired)
				continue;
			line = tshm_table_line(table, NULL);
			tshm_table_cell(line, 0, tshm_xstrdup(tshm_call_name(s->call)));
			tshm_table_cell(line, 1, tshm_xasprintf("%" PRIu64, s->acquired));
			tshm_table_cell(line, 2, tshm_xasprintf("%" PRIu64, s->released));
			tshm_table_cell(line, 3, tshm_xasprintf("%" PRId64, s->live));
			tshm_table_cell(line, 4, tshm_xasprintf("%" PRId64, s->peak));
			tshm_table_cell(line, 5, tshm_xasprintf("%d", (int)im->header.pid));
			tshm_table_cell(line, 6, tshm_table_leaf(o, im, (uint32_t)n));
		}
	}
	tshm_table_print(o, table);
}

void tshm_out_table(const struct tshm_out *o)
{
	if (o->by == TSHM_BY_OBJECT) {
		objects(o);
		tshm_out_table_ipc(o);
	}
	if (o->by == TSHM_BY_PROCESS)
		processes(o);
	if (o->by == TSHM_BY_SITE)
		sites(o);
	fputc('\n', o->to);
}
