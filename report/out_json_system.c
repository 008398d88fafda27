/* SPDX-License-Identifier: MIT */
/* --system and --reap as JSON: schema tshm-system/1 (tests/schema/tshm-system-1.schema.json). */
#include <stdlib.h>

#include "out_json.h"
#include "system.h"
#include "xalloc.h"

static const char *kind_name(enum tshm_item_kind kind)
{
	static const char *const names[] = {
		[TSHM_ITEM_SEGMENT] = "segment", [TSHM_ITEM_SEMAPHORE] = "semaphore", [TSHM_ITEM_QUEUE] = "message queue",
		[TSHM_ITEM_SYSV] = "SysV segment", [TSHM_ITEM_DIRECTORY] = "directory", [TSHM_ITEM_OTHER] = "other",
		[TSHM_ITEM_UNNAMED] = "segment",
	};

	return names[kind];
}

static json_t *holders(const struct tshm_item *i)
{
	json_t *list = tshm_json_made(json_array());

	for (size_t k = 0; k < i->keeper_count; k++)
		tshm_json_append(list, json_pack("{s:i, s:o, s:o, s:o}", "pid", (int)i->keepers[k].pid,
						 "exe", tshm_json_text(i->keepers[k].exe), "fds", tshm_json_number(i->keepers[k].fds),
						 "mappings", tshm_json_number(i->keepers[k].maps)));
	return list;
}

static json_t *maker(const struct tshm_item *i)
{
	static const char *const by[] = {
		[TSHM_BY_NOBODY] = "", [TSHM_BY_NAME] = "name", [TSHM_BY_KERNEL] = "kernel", [TSHM_BY_LEDGER] = "ledger",
	};

	if (!i->maker)
		return tshm_json_made(json_null());
	return tshm_json_made(json_pack("{s:i, s:b, s:s, s:o}", "pid", (int)i->maker, "lives", i->maker_lives,
					"known_by", by[i->known_by], "program", tshm_json_text(i->maker_text)));
}

static json_t *outcome(const struct tshm_item *i)
{
	static const char *const words[] = {
		[TSHM_OUTCOME_NONE] = NULL, [TSHM_OUTCOME_WOULD] = "would-remove", [TSHM_OUTCOME_REMOVED] = "removed",
		[TSHM_OUTCOME_REFUSED] = "refused", [TSHM_OUTCOME_KEPT] = "kept",
	};

	return tshm_json_text(words[i->outcome]);
}

/* What every item has. */
static json_t *common(const struct tshm_item *i)
{
	TSHM_AUTO_FREE char *mode = tshm_xasprintf("%04o", i->mode);

	return tshm_json_made(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "kind", kind_name(i->kind),
					"dev", tshm_json_number(i->dev), "ino", tshm_json_number(i->ino),
					"size", tshm_json_number(i->size), "used", tshm_json_number(i->used),
					"uid", tshm_json_number(i->uid), "user", tshm_json_text(tshm_system_user(i->uid)), "mode", mode,
					"holders", holders(i)));
}

static json_t *named(const struct tshm_item *i)
{
	json_t *object = common(i), *more;
	bool sysv = i->kind == TSHM_ITEM_SYSV;

	more = tshm_json_made(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:s, s:o}",
		"name", tshm_json_text(i->label), "born", tshm_json_wall(i->born_wall), "touched", tshm_json_wall(i->touched_wall),
		"key", sysv ? json_integer(i->key) : json_null(), "id", sysv ? json_integer(i->id) : json_null(),
		"attached", sysv ? tshm_json_number(i->attached) : json_null(),
		"files", i->kind == TSHM_ITEM_DIRECTORY ? tshm_json_number(i->files) : json_null(),
		"kind", kind_name(i->kind), "whose", tshm_json_text(i->naming ? i->naming->owner : NULL), "maker", maker(i),
		"can_go", tshm_verdict_name(i->verdict), "why", "", "outcome", outcome(i)));
	if (json_object_set_new(more, "why", tshm_json_text(i->why)) || json_object_update(object, more))
		tshm_out_failed("JSON");
	json_decref(more);
	return object;
}

static json_t *items(const struct tshm_items *list, json_t *(*make)(const struct tshm_item *))
{
	json_t *array = tshm_json_made(json_array());

	for (size_t n = 0; n < list->count; n++)
		tshm_json_append(array, make(&list->list[n]));
	return array;
}

static json_t *limits(const struct tshm_system *s)
{
	json_t *list = tshm_json_made(json_array());

	for (size_t n = 0; n < s->limit_count; n++)
		tshm_json_append(list, json_pack("{s:s, s:o, s:o, s:b}", "name", s->limits[n].name,
						 "used", tshm_json_number(s->limits[n].used), "most", tshm_json_number(s->limits[n].most),
						 "near", tshm_system_is_near(s->limits[n].used, s->limits[n].most)));
	return list;
}

/* The rows of names.def that fit a name which is there. */
static json_t *whose(const struct tshm_system *s)
{
	json_t *list = tshm_json_made(json_array());
	size_t rows;
	const struct tshm_naming *row = tshm_namings(&rows);

	for (size_t r = 0; r < rows; r++)
		for (size_t n = 0; n < s->items.count; n++)
			if (s->items.list[n].naming == &row[r]) {
				tshm_json_append(list, json_pack("{s:s, s:s, s:s}", "pattern", row[r].pattern,
								 "whose", row[r].owner, "text", row[r].text));
				break;
			}
	return list;
}

static json_t *problems(const struct tshm_system *s)
{
	json_t *list = tshm_json_made(json_array());

	for (size_t n = 0; n < s->problem_count; n++)
		tshm_json_append(list, tshm_json_text(s->problems[n]));
	return list;
}

static json_t *reap(const struct tshm_system *s)
{
	if (!s->asked.reap)
		return tshm_json_made(json_null());
	return tshm_json_made(json_pack("{s:b, s:o, s:o, s:o}", "done", s->asked.really,
					"removed", tshm_json_number(s->removed), "removed_bytes", tshm_json_number(s->removed_bytes),
					"refused", tshm_json_number(s->refused)));
}

void tshm_out_json_system(const struct tshm_out *o)
{
	const struct tshm_system *s = o->system;
	json_t *mount = tshm_json_made(json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "path", s->shm.path,
		"bytes", tshm_json_number(s->shm.bytes), "used", tshm_json_number(s->shm.used),
		"inodes", tshm_json_number(s->shm.inodes), "inodes_used", tshm_json_number(s->shm.inodes_used),
		"near", tshm_system_is_near(s->shm.used, s->shm.bytes) || tshm_system_is_near(s->shm.inodes_used, s->shm.inodes)));
	json_t *totals = tshm_json_made(json_pack("{s:o, s:o, s:o, s:o}", "names", tshm_json_number(s->items.count),
		"bytes", tshm_json_number(s->bytes), "can_go", tshm_json_number(s->may_go),
		"can_go_bytes", tshm_json_number(s->may_go_bytes)));
	json_t *all = tshm_json_made(json_pack("{s:s, s:{s:o, s:o, s:[o], s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}}",
		"schema", "tshm-system/1", "system", "looked", tshm_json_wall(s->now_wall),
		"older", tshm_json_made(json_real(s->asked.older)), "mounts", mount, "limits", limits(s),
		"names", items(&s->items, named), "unnamed", items(&s->unnamed, common), "whose", whose(s),
		"hidden_processes", tshm_json_number(s->hidden), "problems", problems(s), "totals", totals, "reap", reap(s)));

	if (json_dumpf(all, o->to, JSON_INDENT(1) | JSON_PRESERVE_ORDER))
		tshm_out_failed("JSON");
	fputc('\n', o->to);
	json_decref(all);
}
