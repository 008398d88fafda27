/* SPDX-License-Identifier: MIT */
/* --system and --reap for people: for one whose /dev/shm is full, and who never heard of tshm before. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "out_table.h"
#include "system.h"
#include "text.h"
#include "xalloc.h"

#define UNNAMED_MOST 8
#define KEEPERS_MOST 2
#define WIDE 120		/* columns, from which on there is room for /dev/shm/ in each line */

static const char *const go_words[] = {
	[TSHM_MAY_GO] = "yes", [TSHM_MAY_IF_OLD] = "if old", [TSHM_STAYS_YOUNG] = "young", [TSHM_STAYS_LIVING] = "maker lives",
	[TSHM_STAYS_HELD] = "held", [TSHM_STAYS_FOREIGN] = "not yours", [TSHM_STAYS_ALWAYS] = "no",
};

static char *user_text(uid_t uid)
{
	const char *name = tshm_system_user(uid);

	return name ? tshm_text_escape(name) : tshm_xasprintf("%u", (unsigned)uid);
}

/* "python3 (pid 12), +3" */
static char *keepers_text(const struct tshm_item *i)
{
	char *text = tshm_xstrdup("");

	for (size_t k = 0; k < i->keeper_count && k < KEEPERS_MOST; k++) {
		TSHM_AUTO_FREE char *before = text;

		text = tshm_xasprintf("%s%s%s (pid %d)", before, k ? ", " : "", tshm_text_base(i->keepers[k].exe),
				      (int)i->keepers[k].pid);
	}
	if (i->keeper_count > KEEPERS_MOST || (!i->keeper_count && i->attached)) {
		TSHM_AUTO_FREE char *before = text;

		text = i->keeper_count ? tshm_xasprintf("%s, +%zu", before, i->keeper_count - KEEPERS_MOST) :
					 tshm_xasprintf("%s", tshm_text_plural(i->attached, "unseen process").s);
	}
	return text;
}

static char *age_text(const struct tshm_system *s, const struct tshm_item *i)
{
	uint64_t since = i->born_wall ? i->born_wall : i->touched_wall;

	return since ? tshm_xstrdup(tshm_text_age(s->now_wall > since ? s->now_wall - since : 0).s) : tshm_xstrdup("?");
}

static const char *what_text(const struct tshm_item *i)
{
	static const char *const kinds[] = {
		[TSHM_ITEM_SEGMENT] = "", [TSHM_ITEM_SEMAPHORE] = "a semaphore", [TSHM_ITEM_QUEUE] = "a queue",
		[TSHM_ITEM_SYSV] = "a SysV segment", [TSHM_ITEM_DIRECTORY] = "a directory",
	};

	if (i->naming)
		return i->naming->owner;
	return i->kind == TSHM_ITEM_OTHER ? "no segment" : i->kind == TSHM_ITEM_UNNAMED ? "" : kinds[i->kind];
}

static bool is_file(const struct tshm_item *i)
{
	return i->kind != TSHM_ITEM_QUEUE && i->kind != TSHM_ITEM_SYSV;
}

static void table(const struct tshm_out *o)
{
	static const struct tshm_column columns[] = {
		{ "CAN GO", 6, 0 }, { "USED", 9, SCOLS_FL_RIGHT }, { "AGE", 5, SCOLS_FL_RIGHT }, { "USER", 6, SCOLS_FL_TRUNC },
		{ "MODE", 4, SCOLS_FL_RIGHT }, { "WHOSE", 0.15, SCOLS_FL_TRUNC }, { "HELD BY", 0.2, SCOLS_FL_TRUNC },
		{ "NAME", 0.35, SCOLS_FL_TRUNC }, { "WHY", 0.4, SCOLS_FL_TRUNC },
	};
	const struct tshm_system *s = o->system;
	struct libscols_table *t = tshm_table_new(o, columns, sizeof(columns) / sizeof(columns[0]) - !o->verbose);

	/* All cells are escaped already; a second time would make \x5cx1b of \x1b. */
	scols_table_enable_noencoding(t, 1);
	for (size_t n = 0; n < s->items.count; n++) {
		const struct tshm_item *i = &s->items.list[n];
		struct libscols_line *line = tshm_table_line(t, NULL);
		TSHM_AUTO_FREE char *held = keepers_text(i);

		tshm_table_cell(line, 0, tshm_xstrdup(go_words[i->verdict]));
		tshm_table_cell(line, 1, tshm_xstrdup(tshm_text_size(i->used).s));
		tshm_table_cell(line, 2, age_text(s, i));
		tshm_table_cell(line, 3, user_text(i->uid));
		tshm_table_cell(line, 4, tshm_xasprintf("%03o", i->mode));
		tshm_table_cell(line, 5, tshm_xstrdup(what_text(i)));
		tshm_table_cell_escaped(line, 6, held);
		tshm_table_cell_escaped(line, 7, is_file(i) && o->width && o->width < WIDE ? i->base : i->label);
		if (o->verbose)
			tshm_table_cell_escaped(line, 8, i->why);
	}
	tshm_table_print(o, t);
	fputc('\n', o->to);
}

/* One line for each owner of a name that is there; rows of the same sentence count as one. */
static void legend(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	size_t rows;
	const struct tshm_naming *row = tshm_namings(&rows);
	bool begun = false;

	for (size_t r = 0; r < rows; r++) {
		uint64_t names = 0, bytes = 0;

		if (r && !strcmp(row[r].text, row[r - 1].text))
			continue;
		for (size_t n = 0; n < s->items.count; n++) {
			const struct tshm_naming *m = s->items.list[n].naming;

			if (m && !strcmp(m->text, row[r].text)) {
				names++;
				bytes += s->items.list[n].used;
			}
		}
		if (!names)
			continue;
		fprintf(o->to, "%s  %s, %s (%s): %s\n", begun ? "" : "Whose they look like, by their names:\n", row[r].owner,
			tshm_text_plural(names, "name").s, tshm_text_size(bytes).s, row[r].text);
		begun = true;
	}
	if (begun)
		fputc('\n', o->to);
}

static void unnamed(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	uint64_t bytes = 0;

	for (size_t n = 0; n < s->unnamed.count; n++)
		bytes += s->unnamed.list[n].used;
	if (!s->unnamed.count)
		return;
	fprintf(o->to, "%s of it %s in %s without a name: removed, but still held, and freed when their holders let go:\n",
		tshm_text_size(bytes).s, s->unnamed.count == 1 ? "is" : "are", tshm_text_plural(s->unnamed.count, "file").s);
	for (size_t n = 0; n < s->unnamed.count && (n < UNNAMED_MOST || o->verbose); n++) {
		TSHM_AUTO_FREE char *held = keepers_text(&s->unnamed.list[n]);
		TSHM_AUTO_FREE char *escaped = tshm_text_escape(held);

		fprintf(o->to, "  %s held by %s\n", tshm_text_size(s->unnamed.list[n].used).s, escaped);
	}
	if (s->unnamed.count > UNNAMED_MOST && !o->verbose)
		fprintf(o->to, "  and %zu more (-v shows them)\n", s->unnamed.count - UNNAMED_MOST);
}

static unsigned percent(uint64_t used, uint64_t most)
{
	return most ? (unsigned)((double)used * 100 / (double)most) : 0;
}

static void places(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	const struct tshm_place *p = &s->shm;

	fprintf(o->to, "%s is %u%% full: %s of ", p->path, percent(p->used, p->bytes), tshm_text_size(p->used).s);
	fprintf(o->to, "%s are used\n", tshm_text_size(p->bytes).s);
	unnamed(o);
	if (tshm_system_is_near(p->inodes_used, p->inodes))
		fprintf(o->to, "%s has room for %" PRIu64 " names; %" PRIu64 " are used\n", p->path, p->inodes, p->inodes_used);
	for (size_t n = 0; n < s->limit_count; n++)
		if (tshm_system_is_near(s->limits[n].used, s->limits[n].most))
			fprintf(o->to, "%s is %" PRIu64 "; %" PRIu64 " are used\n", s->limits[n].name, s->limits[n].most,
				s->limits[n].used);
}

static void unseen(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;

	for (size_t n = 0; n < s->problem_count; n++)
		fprintf(o->to, "Not looked at: %s\n", s->problems[n]);
	if (s->hidden)
		fprintf(o->to, "%s you may not look at: what those hold looks as if nobody held it, but --reap asks the "
			"kernel, and leaves it\n", tshm_text_plural(s->hidden, "process").s);
}

static uint64_t count_of(const struct tshm_system *s, enum tshm_may_go v)
{
	uint64_t count = 0;

	for (size_t n = 0; n < s->items.count; n++)
		count += s->items.list[n].verdict == v;
	return count;
}

static void system_end(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	uint64_t if_old = count_of(s, TSHM_MAY_IF_OLD);

	if (s->may_go)
		fprintf(o->to, "tshm-report --reap tells why each may go, --reap=yes removes them\n");
	if (if_old)
		fprintf(o->to, "Nobody is seen to hold %s more, but nothing tells that %s not needed any more: "
			"--reap --older=3600 also takes what was not touched for an hour\n", tshm_text_plural(if_old, "name").s,
			if_old == 1 ? "it is" : "they are");
	fprintf(o->to, "SUMMARY: tshm: %s, %" PRIu64 " bytes; %" PRIu64 " could be removed (%" PRIu64 " bytes)\n",
		tshm_text_plural(s->items.count, "name").s, s->bytes, s->may_go, s->may_go_bytes);
}

/* ---- --reap ---- */

static void outcomes(const struct tshm_out *o)
{
	static const char *const words[] = {
		[TSHM_OUTCOME_WOULD] = "would remove", [TSHM_OUTCOME_REMOVED] = "removed", [TSHM_OUTCOME_REFUSED] = "refused",
		[TSHM_OUTCOME_KEPT] = "kept",
	};
	const struct tshm_system *s = o->system;

	for (size_t n = 0; n < s->items.count; n++) {
		const struct tshm_item *i = &s->items.list[n];
		TSHM_AUTO_FREE char *label = tshm_text_escape(i->label);
		TSHM_AUTO_FREE char *why = tshm_text_escape(i->why);

		if (i->outcome != TSHM_OUTCOME_KEPT || o->verbose)
			fprintf(o->to, "%s %s (%s%s%s): %s\n", words[i->outcome], label, tshm_text_size(i->used).s,
				i->naming ? ", " : "", i->naming ? i->naming->owner : "", why);
	}
}

static void add_kept(char **list, uint64_t count, const char *what)
{
	char *before = *list;

	if (!count)
		return;
	*list = tshm_xasprintf("%s%s%" PRIu64 " %s", before, *before ? ", " : "", count, what);
	free(before);
}

static void kept(const struct tshm_out *o)
{
	static const struct { enum tshm_may_go verdict; const char *text; } rows[] = {
		{ TSHM_STAYS_HELD, "held" }, { TSHM_STAYS_LIVING, "whose maker lives" },
		{ TSHM_STAYS_YOUNG, "touched just now" }, { TSHM_MAY_IF_OLD, "of unknown makers (--older=SECONDS)" },
		{ TSHM_STAYS_FOREIGN, "of other users" },
		{ TSHM_STAYS_ALWAYS, "that are directories, ledgers or no segments" },
	};
	char *list = tshm_xstrdup("");

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		add_kept(&list, count_of(o->system, rows[r].verdict), rows[r].text);
	if (*list)
		fprintf(o->to, "These stay: %s%s\n", list, o->verbose ? "" : "; -v says why each");
	free(list);
}

static void reap_end(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	const char *would = s->asked.really ? "" : " would be";

	if (!s->asked.really && s->removed)
		fprintf(o->to, "Nothing was removed: --reap=yes removes them, after asking the kernel for each whether "
			"somebody holds it\n");
	fprintf(o->to, "SUMMARY: tshm: %s%s removed (%" PRIu64 " bytes), %" PRIu64 " refused\n",
		tshm_text_plural(s->removed, "name").s, would, s->removed_bytes, s->refused);
}

void tshm_out_system(const struct tshm_out *o)
{
	if (o->system->asked.reap) {
		outcomes(o);
		unseen(o);
		kept(o);
		reap_end(o);
		return;
	}
	table(o);
	legend(o);
	places(o);
	unseen(o);
	system_end(o);
}
