/* SPDX-License-Identifier: MIT */
/* CUDA IPC handles in --by=object: each export, and below it who opened it. */
#include "ipc.h"
#include "out_table.h"
#include "text.h"
#include "xalloc.h"

static char *program(const struct tshm_image *im)
{
	TSHM_AUTO_FREE char *exe = tshm_text_escape(tshm_text_base(im->exe));

	return tshm_xasprintf("%s (pid %d)", exe, (int)im->header.pid);
}

static const char *export_state(const struct tshm_ripc *e)
{
	if (!tshm_ipc_is_live(e))
		return e->r.flags & TSHM_IPCF_RESET ? "reset" : "freed";
	return tshm_ipc_runs(e->image) ? "live" : "until exit";
}

/* Bytes that this import kept from being freed, until now or until its process ended. */
static uint64_t pinned(const struct tshm_ripc *i)
{
	return tshm_ipc_missing(i) && !tshm_ipc_is_event(i) ? tshm_ipc_bytes(i) : 0;
}

static struct libscols_line *export_line(const struct tshm_out *o, struct libscols_table *table,
					 const struct tshm_handle *h, const struct tshm_ripc *e)
{
	struct libscols_line *line = tshm_table_line(table, NULL);

	tshm_table_cell(line, 0, e ? program(e->image) : tshm_xstrdup("(not observed)"));
	tshm_table_cell(line, 1, tshm_xstrdup(h->event ? "event" : "memory"));
	if (!h->event && e)
		tshm_table_cell(line, 2, tshm_xstrdup(tshm_text_size(tshm_ipc_bytes(e)).s));
	if (!e)
		return line;
	tshm_table_cell(line, 3, tshm_xstrdup(export_state(e)));
	tshm_table_cell(line, 5, tshm_table_leaf(o, e->image, e->r.site));
	return line;
}

static void import_line(const struct tshm_out *o, struct libscols_table *table, struct libscols_line *above,
			const struct tshm_ripc *i)
{
	struct libscols_line *line = tshm_table_line(table, above);

	tshm_table_cell(line, 0, program(i->image));
	tshm_table_cell(line, 1, tshm_xstrdup("opened"));
	if (i->r.size)
		tshm_table_cell(line, 2, tshm_xstrdup(tshm_text_size(i->r.size).s));
	tshm_table_cell(line, 3, i->r.count > 1 ? tshm_xasprintf("%s %u/%u", tshm_ipc_import_state(i), i->r.released, i->r.count) :
				 tshm_xstrdup(tshm_ipc_import_state(i)));
	if (pinned(i))
		tshm_table_cell(line, 4, tshm_xstrdup(tshm_text_size(pinned(i)).s));
	tshm_table_cell(line, 5, tshm_table_leaf(o, i->image, i->r.site));
}

static void handle_lines(const struct tshm_out *o, struct libscols_table *table, const struct tshm_handle *h)
{
	for (size_t k = 0; k < h->export_count || (!k && !h->export_count); k++) {
		const struct tshm_ripc *e = h->export_count ? h->exports[k] : NULL;
		struct libscols_line *line = export_line(o, table, h, e);
		struct tshm_ripc **list = e ? e->importers : h->imports;

		for (size_t i = 0; i < (e ? e->importer_count : h->import_count); i++)
			import_line(o, table, line, list[i]);
	}
}

void tshm_out_table_ipc(const struct tshm_out *o)
{
	static const struct tshm_column columns[] = {
		{ "CUDA IPC", 0.3, SCOLS_FL_TREE }, { "KIND", 7, 0 }, { "SIZE", 8, SCOLS_FL_RIGHT }, { "STATE", 10, 0 },
		{ "PINNED", 8, SCOLS_FL_RIGHT }, { "WHERE", 0.4, SCOLS_FL_TRUNC },
	};
	struct libscols_table *table;

	if (!o->run->handle_count)
		return;
	table = tshm_table_new(o, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < o->run->handle_count; i++)
		handle_lines(o, table, &o->run->handles[i]);
	fputc('\n', o->to);
	tshm_table_print(o, table);
}
