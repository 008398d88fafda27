/* SPDX-License-Identifier: MIT */
/* May it go?  Only what nobody holds, whose maker is dead, and which is ours.  In doubt it stays. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "system.h"
#include "text.h"
#include "xalloc.h"

const char *tshm_verdict_name(enum tshm_may_go v)
{
	static const char *const names[] = {
		[TSHM_MAY_GO] = "yes", [TSHM_MAY_IF_OLD] = "if-old", [TSHM_STAYS_YOUNG] = "young",
		[TSHM_STAYS_LIVING] = "maker-lives", [TSHM_STAYS_HELD] = "held",
		[TSHM_STAYS_FOREIGN] = "not-yours", [TSHM_STAYS_ALWAYS] = "never",
	};

	return names[v];
}

/* Who made it, for a sentence.  To be freed. */
static char *maker_text(const struct tshm_item *i)
{
	if (i->known_by == TSHM_BY_LEDGER)
		return tshm_xasprintf("%s, which made it,", i->maker_text);
	if (i->known_by == TSHM_BY_KERNEL)
		return tshm_xasprintf("pid %d, which made it,", (int)i->maker);
	return tshm_xasprintf("pid %d of its name", (int)i->maker);
}

static void give(struct tshm_item *i, enum tshm_may_go v, char *why)
{
	i->verdict = v;
	free(i->why);
	i->why = why;
}

static char *holders_text(const struct tshm_item *i)
{
	const struct tshm_keeper *k = i->keepers;

	if (!i->keeper_count)
		return tshm_xasprintf("attached %s by processes that are not seen from here",
				      tshm_text_plural(i->attached, "time").s);
	if (i->keeper_count == 1)
		return tshm_xasprintf("held by %s (pid %d)", tshm_text_base(k->exe), (int)k->pid);
	return tshm_xasprintf("held by %s (pid %d) and %s", tshm_text_base(k->exe), (int)k->pid,
			      i->keeper_count == 2 ? "another" : "others");
}

/* Its maker is dead, or nobody knows him: is it old enough? */
static void give_by_age(const struct tshm_system *s, struct tshm_item *i)
{
	double age = s->now_wall > i->touched_wall ? (double)(s->now_wall - i->touched_wall) / 1e9 : 0;
	bool meant_to_stay = i->kind == TSHM_ITEM_SYSV && i->key && i->known_by == TSHM_BY_KERNEL;
	TSHM_AUTO_FREE char *maker = i->maker ? maker_text(i) : NULL;

	if (!s->asked.has_older && !i->maker)
		give(i, TSHM_MAY_IF_OLD, tshm_xstrdup("nobody seen holds it, but who made it is not known: "
						      "goes with --older=SECONDS"));
	else if (!s->asked.has_older && meant_to_stay)
		give(i, TSHM_MAY_IF_OLD, tshm_xasprintf("%s is gone, but it has a key, by which others may come: "
							"goes with --older=SECONDS", maker));
	else if (age < s->asked.older || !i->touched_wall)
		give(i, TSHM_STAYS_YOUNG, tshm_xasprintf("nobody seen holds it, but it was made or changed less than "
							 "%.0f seconds ago (--older)", s->asked.older));
	else if (maker)
		give(i, TSHM_MAY_GO, tshm_xasprintf("nobody seen holds it, and %s is gone", maker));
	else
		give(i, TSHM_MAY_GO, tshm_xasprintf("nobody seen holds it, and it was not touched for %s",
						    tshm_text_age((uint64_t)(age * 1e9)).s));
}

void tshm_verdict_give(const struct tshm_system *s, struct tshm_item *i)
{
	if (i->kind == TSHM_ITEM_DIRECTORY || i->kind == TSHM_ITEM_OTHER) {
		give(i, TSHM_STAYS_ALWAYS, tshm_xasprintf("%s is never removed by --reap",
							  i->kind == TSHM_ITEM_DIRECTORY ? "a directory" :
							  "what is no segment, or a ledger,"));
	} else if (i->keeper_count || i->attached) {
		give(i, TSHM_STAYS_HELD, holders_text(i));
	} else if (i->uid != geteuid() && !s->asked.all_users) {
		give(i, TSHM_STAYS_FOREIGN, tshm_xasprintf("it is another user's%s", geteuid() ? "" : " (--all-users)"));
	} else if (i->maker && i->maker_lives) {
		TSHM_AUTO_FREE char *maker = maker_text(i);

		give(i, TSHM_STAYS_LIVING, tshm_xasprintf("%s lives", maker));
	} else {
		give_by_age(s, i);
	}
}
