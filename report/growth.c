/* SPDX-License-Identifier: MIT */
/*
 * Marks of one name in one image are one piece of work that was done again and again: what one leaves
 * behind, the next may take away, so growth is added up; and what went between two of them is taken off
 * at the place where it grew.  Of those that overlap (threads) each sees the growth of all; the one that
 * grew most stands for them.
 */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LEAVES 64	/* places of one class that are told apart */

struct leaf {
	uint32_t site;
	int64_t grown;
	int64_t live;		/* of that site, when the last mark ended in which it grew; */
	int64_t shrunk;		/* the fact's, then */
	char *key;
};

/* One class of one name in one image. */
struct fact {
	const char *name;
	size_t marks;
	int64_t total;
	int64_t shrunk;			/* what went of other places in marks, and was told by their own counts */
	struct leaf leaves[LEAVES];	/* those that grew, by place */
	size_t leaf_count;
	const struct leaf *worst, *second;
	struct fact *next;
};

static int by_begin(const void *a, const void *b)
{
	const struct tshm_mark *x = *(const struct tshm_mark *const *)a, *y = *(const struct tshm_mark *const *)b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return (x->begin_mono > y->begin_mono) - (x->begin_mono < y->begin_mono);
}

static int64_t grown(const struct tshm_mark *m, enum tshm_mark_class class)
{
	return m->live_end[class] - m->live_begin[class];
}

static struct leaf *leaf_of(struct fact *f, const struct tshm_image *im, uint32_t site)
{
	TSHM_AUTO_FREE char *key = tshm_site_key(im, site, false);

	for (size_t i = 0; i < f->leaf_count; i++)
		if (!strcmp(f->leaves[i].key, key))
			return &f->leaves[i];
	if (f->leaf_count == LEAVES)
		return NULL;
	f->leaves[f->leaf_count] = (struct leaf){ .site = site, .key = tshm_xstrdup(key) };
	return &f->leaves[f->leaf_count++];
}

/*
 * What a mark left there may have been let go of before the next began; of what grew in them no more can be.  It may
 * as well have gone in a mark in between, whose own count is less by that already.
 */
static void add_leaf(struct fact *f, struct leaf *l, const struct tshm_mark_leaf *more)
{
	int64_t live = more->live_end, gone = l->live - (live - more->grown) - (f->shrunk - l->shrunk);

	if (l->site == more->site) {	/* two of one key, made by two threads at once, are not followed */
		gone = gone < 0 ? 0 : gone > l->grown ? l->grown : gone;
		l->grown -= gone;
		f->total -= gone;
		l->live = live;
	}
	l->grown += more->grown;
}

static void add_mark(struct fact *f, const struct tshm_image *im, const struct tshm_mark *m, enum tshm_mark_class class)
{
	struct leaf *grew[TSHM_MARK_LEAVES] = { NULL };
	int64_t shrunk = -grown(m, class);

	f->total += grown(m, class);
	for (size_t i = 0; i < TSHM_MARK_LEAVES; i++) {
		if (!m->leaves[i].grown || m->leaves[i].class != class)
			continue;
		shrunk += m->leaves[i].grown;
		grew[i] = leaf_of(f, im, m->leaves[i].site);
		if (grew[i])
			add_leaf(f, grew[i], &m->leaves[i]);
	}
	/* Negative: there was no room for all places that grew. */
	f->shrunk += shrunk > 0 ? shrunk : 0;
	for (size_t i = 0; i < TSHM_MARK_LEAVES; i++)
		if (grew[i])
			grew[i]->shrunk = f->shrunk;
}

static void free_fact(struct fact *f)
{
	for (size_t i = 0; i < f->leaf_count; i++)
		free(f->leaves[i].key);
	free(f);
}

/* The marks list[0…count-1], all of one name, by their begins. */
static struct fact *fact_of(const struct tshm_image *im, struct tshm_mark **list, size_t count, enum tshm_mark_class class)
{
	struct fact *f = tshm_xcalloc(1, sizeof(*f));
	const char *name = im->string(im, list[0]->name, NULL);

	f->name = name ? name : "?";
	for (size_t i = 0; i < count;) {
		const struct tshm_mark *most = list[i];
		uint64_t end = list[i]->end_mono;
		size_t k = i + 1;

		for (; k < count && list[k]->begin_mono < end; k++) {
			end = list[k]->end_mono > end ? list[k]->end_mono : end;
			if (grown(list[k], class) > grown(most, class))
				most = list[k];
		}
		add_mark(f, im, most, class);
		f->marks += k - i;
		i = k;
	}
	for (size_t i = 0; i < f->leaf_count; i++) {
		if (!f->worst || f->leaves[i].grown > f->worst->grown) {
			f->second = f->worst && f->worst->grown ? f->worst : NULL;
			f->worst = &f->leaves[i];
		} else if (f->leaves[i].grown && (!f->second || f->leaves[i].grown > f->second->grown)) {
			f->second = &f->leaves[i];
		}
	}
	return f;
}

static void say(const struct tshm_check *check, struct tshm_findings *to, const struct tshm_growth_class *c,
		const struct tshm_group *g, bool in_total)
{
	const struct fact *first = g->first;
	TSHM_AUTO_FREE char *who = tshm_group_who(g);
	TSHM_AUTO_FREE char *marks = first->marks > 1 ? tshm_xasprintf(" (%zu of them)", first->marks) : tshm_xstrdup("");
	const char *word = g->amount == 1 ? c->one : c->many, *was = g->amount == 1 ? "was" : "were";
	struct tshm_finding *f;

	if (in_total)
		f = tshm_finding_add(to, check, TSHM_ERROR, "%" PRIu64 " more %s %s live at the end of mark \"%s\"%s than at its "
				     "begin in %s", g->amount, word, was, first->name, marks, who);
	else
		f = tshm_finding_add(to, check, TSHM_WARNING, "%" PRIu64 " more %s from one place %s live at the end of mark \"%s\"%s "
				     "than at its begin in %s, though not more of all", g->amount, word, was, first->name, marks,
				     who);
	f->advice = tshm_xstrdup(c->advice);
	f->count = g->amount;
	f->image = g->image;
	f->site = g->site;
	if (first->second && first->worst) {
		f->image2 = g->image;
		f->site2 = first->second->site;
		f->stack2_title = "and others by";
	}
}

/* All names of an image; facts go to the list and into their groups. */
static void look(const struct tshm_image *im, const struct tshm_growth_class *c, struct tshm_group **total,
		 struct tshm_group **leaves, struct fact **facts)
{
	struct tshm_mark **list = tshm_xcalloc(im->mark_count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < im->mark_count; i++)
		if (TSHM_STAMP_STATE(im->marks[i].stamp) == TSHM_STATE_CLOSED)
			list[count++] = &im->marks[i];
	qsort(list, count, sizeof(*list), by_begin);
	for (size_t i = 0, k; i < count; i = k) {
		struct fact *f;
		TSHM_AUTO_FREE char *key = NULL;
		bool more;

		for (k = i + 1; k < count && list[k]->name == list[i]->name; k++)
			;
		f = fact_of(im, list + i, k - i, c->class);
		f->next = *facts;
		*facts = f;
		more = f->total > 0 && (uint64_t)f->total > c->tolerance;
		key = tshm_xasprintf("%s %s %s", im->exe, f->name, f->worst ? f->worst->key : "");
		if (more)
			tshm_group_add(total, key, im, f->worst ? f->worst->site : 0, f, (uint64_t)f->total, 0);
		else if (f->worst && f->worst->grown > TSHM_TOLERANCE)
			tshm_group_add(leaves, key, im, f->worst->site, f, (uint64_t)f->worst->grown, 0);
	}
	free(list);
}

void tshm_check_growth(const struct tshm_check *check, const struct tshm_run *run, struct tshm_findings *to,
		       const struct tshm_growth_class *classes, size_t count)
{
	for (size_t c = 0; c < count; c++) {
		struct tshm_group *total = NULL, *leaves = NULL;
		struct fact *facts = NULL, *next;

		for (size_t i = 0; i < run->image_count; i++)
			if (run->images[i]->mark_count)
				look(run->images[i], &classes[c], &total, &leaves, &facts);
		for (const struct tshm_group *g = total; g; g = g->hh.next)
			say(check, to, &classes[c], g, true);
		for (const struct tshm_group *g = leaves; g; g = g->hh.next)
			say(check, to, &classes[c], g, false);
		tshm_groups_free(&total);
		tshm_groups_free(&leaves);
		for (; facts; facts = next) {
			next = facts->next;
			free_fact(facts);
		}
	}
}
