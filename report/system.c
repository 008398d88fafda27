/* SPDX-License-Identifier: MIT */
/* --system and --reap: look, judge, sort, remove. */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "names.h"
#include "text.h"
#include "xalloc.h"

bool tshm_system_is_near(uint64_t used, uint64_t most)
{
	return most && used >= most - most / 5;
}

static void free_item(struct tshm_item *i)
{
	for (size_t k = 0; k < i->keeper_count; k++)
		free(i->keepers[k].exe);
	free(i->keepers);
	free(i->label);
	free(i->maker_text);
	free(i->why);
}

static void free_items(struct tshm_items *items)
{
	for (size_t i = 0; i < items->count; i++)
		free_item(&items->list[i]);
	free(items->list);
}

const char *tshm_system_user(uid_t uid)
{
	static const struct passwd *last;
	static uid_t last_uid;
	static bool asked;

	if (!asked || uid != last_uid)	/* the directory of users may be far away */
		last = getpwuid(uid);
	asked = true;
	last_uid = uid;
	return last ? last->pw_name : NULL;
}

/* A name is what is shown, or the last part of it; both may be patterns. */
static bool means(const char *name, const struct tshm_item *i)
{
	TSHM_AUTO_FREE char *label = tshm_text_escape(i->label), *base = tshm_text_escape(i->base);

	return !strcmp(name, i->label) || !strcmp(name, i->base) || !strcmp(name, label) || !strcmp(name, base) ||
	       !fnmatch(name, i->label, 0) || !fnmatch(name, i->base, 0);
}

static bool is_asked_for(const struct tshm_asked *a, const struct tshm_item *i)
{
	for (int n = 0; n < a->name_count; n++)
		if (means(a->names[n], i))
			return true;
	return false;
}

bool tshm_system_has(const struct tshm_system *s, const char *name)
{
	for (size_t i = 0; i < s->items.count; i++)
		if (means(name, &s->items.list[i]))
			return true;
	return false;
}

static bool is_plain(const char *pattern)
{
	return !strpbrk(pattern, "*?[\\");
}

/* Named without any wildcard: it was meant, and is told of also when it stays. */
static bool is_named(const struct tshm_asked *a, const struct tshm_item *i)
{
	for (int n = 0; n < a->name_count; n++)
		if (!strcmp(a->names[n], i->label) || (is_plain(a->names[n]) && !strcmp(a->names[n], i->base)))
			return true;
	return false;
}

static void keep_asked(struct tshm_system *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->items.count; i++) {
		if (s->asked.name_count && !is_asked_for(&s->asked, &s->items.list[i])) {
			free_item(&s->items.list[i]);
			continue;
		}
		s->items.list[kept] = s->items.list[i];
		s->items.list[kept].matched = is_named(&s->asked, &s->items.list[kept]);
		kept++;
	}
	s->items.count = kept;
}

/* What can go first, then by what it takes. */
static int table_order(const void *a, const void *b)
{
	const struct tshm_item *x = a, *y = b;
	unsigned u = x->verdict > TSHM_MAY_IF_OLD ? 2 : x->verdict, v = y->verdict > TSHM_MAY_IF_OLD ? 2 : y->verdict;

	if (u != v)
		return u < v ? -1 : 1;
	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	return strcmp(x->label, y->label);
}

static void judge(struct tshm_system *s)
{
	for (size_t n = 0; n < s->items.count; n++) {
		struct tshm_item *i = &s->items.list[n];

		tshm_verdict_give(s, i);
		s->bytes += i->used;
		s->may_go += i->verdict == TSHM_MAY_GO;
		s->may_go_bytes += i->verdict == TSHM_MAY_GO ? i->used : 0;
	}
	if (s->items.count)
		qsort(s->items.list, s->items.count, sizeof(*s->items.list), table_order);
}

struct tshm_system *tshm_system_look(const struct tshm_asked *asked, const char **error)
{
	struct tshm_system *s;
	struct tshm_items inside = { 0 };
	struct timespec now;

	*error = access("/proc/self/fd", R_OK) ? "/proc is not there: who holds what cannot be known" :
		 access(TSHM_SHM_MOUNT, R_OK | X_OK) ? TSHM_SHM_MOUNT " is not there, or cannot be read" : NULL;
	if (*error)
		return NULL;
	s = tshm_xcalloc(1, sizeof(*s));
	s->asked = *asked;
	if (!asked->has_older)
		s->asked.older = TSHM_OLDER_DEFAULT;
	tshm_inventory(s, &inside);
	tshm_keepers_find(s, &inside);
	free_items(&inside);
	tshm_makers_find(s);
	clock_gettime(CLOCK_REALTIME, &now);
	s->now_wall = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	keep_asked(s);
	judge(s);
	return s;
}

void tshm_system_free(struct tshm_system *s)
{
	free_items(&s->items);
	free_items(&s->unnamed);
	free(s);
}

/* ---- --reap ---- */

static void set_outcome(struct tshm_system *s, struct tshm_item *i, enum tshm_outcome outcome, char *why)
{
	i->outcome = outcome;
	if (why) {
		free(i->why);
		i->why = why;
	}
	s->refused += outcome == TSHM_OUTCOME_REFUSED;
	if (outcome == TSHM_OUTCOME_REMOVED || outcome == TSHM_OUTCOME_WOULD) {
		s->removed++;
		s->removed_bytes += i->used;
	}
}

static char *failure_text(const struct tshm_item *i, const struct tshm_reaping *r)
{
	if (!strcmp(r->call, "F_SETLEASE") && (r->error == EACCES || r->error == EPERM))
		return tshm_xstrdup("the kernel grants no lease on another user's file without CAP_LEASE");
	if (!strcmp(r->call, "F_SETLEASE"))
		return tshm_xasprintf("the kernel grants no leases here (%s), so whether somebody holds it cannot be known; "
				      "see fs.leases-enable", strerror(r->error));
	if (!strcmp(r->call, "openat"))
		return tshm_xasprintf("it cannot be opened, which is needed to ask who holds it: %s (mode %04o)",
				      strerror(r->error), i->mode);
	return tshm_xasprintf("%s: %s", r->call, strerror(r->error));
}

static void reap_one(struct tshm_system *s, struct tshm_item *i, int dir)
{
	struct tshm_reaping r;
	enum tshm_reaped how = i->kind == TSHM_ITEM_SYSV ? tshm_reap_sysv(i->id, i->maker, i->size, &r) :
			       i->kind == TSHM_ITEM_QUEUE ? tshm_reap_queue(i->base - 1, i->ino, &r) :
			       tshm_reap_file(dir, i->base, i->dev, i->ino, &r);

	switch (how) {
	case TSHM_REAPED:
		set_outcome(s, i, TSHM_OUTCOME_REMOVED, NULL);
		break;
	case TSHM_REAP_GONE:
		set_outcome(s, i, TSHM_OUTCOME_KEPT, tshm_xstrdup("it was gone already, or is another object now"));
		break;
	case TSHM_REAP_HELD:
		set_outcome(s, i, TSHM_OUTCOME_REFUSED,
			    tshm_xstrdup("somebody holds it who is not seen from here: another user or container, "
					 "a descriptor on its way through a socket, or somebody who just came"));
		break;
	case TSHM_REAP_STRANDED:
		set_outcome(s, i, TSHM_OUTCOME_REFUSED,
			    tshm_xasprintf("somebody opened it at that moment, and its name was taken: it is "
					   TSHM_SHM_MOUNT "/%s now", r.hidden));
		break;
	case TSHM_REAP_FAILED:
		set_outcome(s, i, TSHM_OUTCOME_REFUSED, failure_text(i, &r));
		break;
	}
}

void tshm_system_reap(struct tshm_system *s)
{
	TSHM_AUTO_FD int dir = open(TSHM_SHM_MOUNT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t n = 0; n < s->items.count; n++) {
		struct tshm_item *i = &s->items.list[n];

		if (i->verdict != TSHM_MAY_GO)
			set_outcome(s, i, i->matched ? TSHM_OUTCOME_REFUSED : TSHM_OUTCOME_KEPT, NULL);
		else if (!s->asked.really)
			set_outcome(s, i, TSHM_OUTCOME_WOULD, NULL);
		else
			reap_one(s, i, dir);
	}
}
