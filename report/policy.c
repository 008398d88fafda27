/* SPDX-License-Identifier: MIT */
/* What --gate=POLICY says. */
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "xalloc.h"

#define UNTIL_CLEAN "*=off," \
	"shm-leaked=error,sem-leaked=error,mq-leaked=error,sysv-leaked=error," \
	"fd-growth=error,map-growth=error,ipc-growth=error," \
	"ipc-mem-unclosed=error,ipc-event-leaked=error"

static const struct tshm_preset presets[] = {
	{ "default", "fails on errors", "errors=0" },
	{ "strict", "fails on errors and warnings", "errors=0,warnings=0" },
	{ "leak-checker", "fails on names and CUDA handles that are left, and on growth between marks", "errors=0," UNTIL_CLEAN },
};

static const char *const counts[TSHM_COUNTS] = {
	[TSHM_COUNT_ERRORS] = "errors", [TSHM_COUNT_WARNINGS] = "warnings", [TSHM_COUNT_NOTES] = "notes",
	[TSHM_COUNT_SEGMENTS] = "leaked_segments", [TSHM_COUNT_BYTES] = "leaked_bytes",
};

const struct tshm_preset *tshm_presets(size_t *count)
{
	*count = sizeof(presets) / sizeof(presets[0]);
	return presets;
}

const char *tshm_count_name(enum tshm_count count)
{
	return counts[count];
}

static const struct tshm_preset *preset_of(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	return NULL;
}

/* "512", "1M": false if it is no such number. */
static bool read_number(const char *text, uint64_t *number)
{
	static const char units[] = "KMG";
	const char *unit;
	unsigned shift = 0;

	for (*number = 0; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*text - '0'), number))
			return false;
	if (*text && (unit = strchr(units, *text))) {
		shift = 10 * (unsigned)(unit - units + 1);
		text++;
	}
	if (*text || *number > UINT64_MAX >> shift)
		return false;
	*number <<= shift;
	return true;
}

static int weight_of(const char *word)
{
	enum tshm_severity severity;

	if (tshm_severity_of(word, &severity))
		return (int)severity;
	return strcmp(word, "off") ? TSHM_WEIGHT_OWN : TSHM_WEIGHT_OFF;
}

/* Of a rule that is not there it sets nothing. */
static void set_weight(struct tshm_policy *p, const char *rule, int weight)
{
	size_t n;
	const struct tshm_check *check = tshm_checks(&n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(rule, "*") || !strcmp(check[i].id, rule)) {
			p->weights[i] = (signed char)weight;
			p->weighs = true;
		}
}

static struct tshm_limit *limit_of(struct tshm_policy *p, const char *name)
{
	for (unsigned i = 0; i < TSHM_COUNTS; i++)
		if (!strcmp(counts[i], name))
			return &p->limits[i];
	return NULL;
}

/* "errors<=3", "fd-leaked=off": what is wrong with it, to be freed, or NULL. */
static char *read_item(struct tshm_policy *p, char *item, bool lenient)
{
	char *equal = strchr(item, '=');
	bool most = equal && equal > item && equal[-1] == '<';
	struct tshm_limit *limit;
	int weight;

	if (!equal && preset_of(item))
		return tshm_xasprintf("\"%s\" is a policy, and comes first", item);
	if (!equal)
		return tshm_xasprintf("\"%s\" is neither a policy nor COUNT=N, COUNT<=N or RULE=WEIGHT", item);
	equal[most ? -1 : 0] = 0;
	limit = limit_of(p, item);
	if (limit) {
		if (!equal[1] || !read_number(equal + 1, &limit->most))
			return tshm_xasprintf("%s takes a number, which may end in K, M or G, not \"%s\"", item, equal + 1);
		limit->set = true;
		limit->exact = !most;
		return NULL;
	}
	if (!lenient && !tshm_checks_have(item, strlen(item)))
		return tshm_xasprintf("\"%s\" is neither a count nor a rule", item);
	weight = weight_of(equal + 1);
	if (most || weight == TSHM_WEIGHT_OWN)
		return tshm_xasprintf("%s takes =off, =note, =warning or =error, not \"%s%s\"", item, most ? "<=" : "=", equal + 1);
	set_weight(p, item, weight);
	return NULL;
}

static char *read_items(struct tshm_policy *p, const char *text, bool lenient)
{
	TSHM_AUTO_FREE char *copy = tshm_xstrdup(text);
	char *rest = copy, *item, *wrong = NULL;
	bool first = true;

	while (!wrong && (item = strsep(&rest, ","))) {
		const struct tshm_preset *preset = first && !lenient ? preset_of(item) : NULL;

		wrong = preset ? read_items(p, preset->items, true) : read_item(p, item, lenient);
		first = false;
	}
	return wrong;
}

static bool limits_anything(const struct tshm_policy *p)
{
	for (unsigned i = 0; i < TSHM_COUNTS; i++)
		if (p->limits[i].set)
			return true;
	return false;
}

struct tshm_policy *tshm_policy_read(const char *text, char **error)
{
	struct tshm_policy *p = tshm_xcalloc(1, sizeof(*p));
	size_t count;

	tshm_checks(&count);
	p->text = tshm_xstrdup(text && text[0] ? text : presets[0].name);
	p->weights = tshm_xmalloc(count + 1);
	memset(p->weights, TSHM_WEIGHT_OWN, count + 1);
	*error = read_items(p, p->text, false);
	/* Weights alone say what counts, not how much may. */
	if (!*error && !limits_anything(p))
		*error = read_items(p, presets[0].items, true);
	if (!*error)
		return p;
	tshm_policy_free(p);
	return NULL;
}

void tshm_policy_free(struct tshm_policy *p)
{
	if (!p)
		return;
	free(p->text);
	free(p->weights);
	free(p);
}

int tshm_policy_weight(const struct tshm_policy *p, const struct tshm_finding *f)
{
	size_t count;
	const struct tshm_check *check = tshm_checks(&count);
	int weight = p->weights[f->check - check];

	if (f->suppressed_by || f->known)
		return TSHM_WEIGHT_OFF;
	return weight == TSHM_WEIGHT_OWN ? (int)f->severity : weight;
}
