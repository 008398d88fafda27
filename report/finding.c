/* SPDX-License-Identifier: MIT */
/* The list of checks, and the list of findings. */
#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "progress.h"

static const struct tshm_check checks[] = {
#define TSHM_CHECK(id_, name_, severity_, evidence_, text_) \
	{ .id = id_, .severity = severity_, .text = text_, .run = tshm_check_##name_ },
#include "checks.def"
#undef TSHM_CHECK
};

const struct tshm_check *tshm_checks(size_t *count)
{
	*count = sizeof(checks) / sizeof(checks[0]);
	return checks;
}

bool tshm_checks_have(const char *id, size_t length)
{
	if (length == 1 && *id == '*')
		return true;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strlen(checks[i].id) == length && !memcmp(checks[i].id, id, length))
			return true;
	return false;
}

struct tshm_finding *tshm_finding_add(struct tshm_findings *to, const struct tshm_check *check,
				      enum tshm_severity severity, const char *message, ...)
{
	struct tshm_finding *f = tshm_xcalloc(1, sizeof(*f));
	va_list arguments;

	f->check = check;
	f->severity = severity < check->severity ? severity : check->severity;
	f->count = 1;
	va_start(arguments, message);
	f->message = tshm_xvasprintf(message, arguments);
	va_end(arguments);
	/* Powers of two, so that no capacity need be kept. */
	if (!(to->count & (to->count - 1)))
		to->list = tshm_xreallocarray(to->list, to->count ? 2 * to->count : 1, sizeof(*to->list));
	to->list[to->count++] = f;
	return f;
}

/* Worst first, then the largest, then in the order of checks.def and of the alphabet. */
static int worst_first(const void *a, const void *b)
{
	const struct tshm_finding *x = *(struct tshm_finding *const *)a, *y = *(struct tshm_finding *const *)b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	return strcmp(x->message, y->message);
}

struct tshm_findings *tshm_judge(const struct tshm_run *run)
{
	struct tshm_findings *found = tshm_xcalloc(1, sizeof(*found));

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		tshm_progress("judging", 0, 0);
		checks[i].run(&checks[i], run, found);
	}
	tshm_torch_counters(found);
	if (found->count)
		qsort(found->list, found->count, sizeof(*found->list), worst_first);
	return found;
}

void tshm_findings_free(struct tshm_findings *found)
{
	if (!found)
		return;
	for (size_t i = 0; i < found->count; i++) {
		free(found->list[i]->message);
		free(found->list[i]->advice);
		free(found->list[i]->subject);
		free(found->list[i]->suppressed_by);
		free(found->list[i]);
	}
	free(found->list);
	free(found);
}

const char *tshm_severity_name(enum tshm_severity severity)
{
	switch (severity) {
	case TSHM_NOTE: return "note";
	case TSHM_WARNING: return "warning";
	case TSHM_ERROR: return "error";
	}
	return "?";
}

bool tshm_severity_of(const char *name, enum tshm_severity *severity)
{
	for (int i = TSHM_NOTE; name && i <= TSHM_ERROR; i++)
		if (!strcmp(tshm_severity_name((enum tshm_severity)i), name)) {
			*severity = (enum tshm_severity)i;
			return true;
		}
	return false;
}

const char *tshm_finding_name(const struct tshm_finding *f)
{
	return f->subject ? f->subject : f->object ? f->object->name : NULL;
}

bool tshm_finding_is_segment(const struct tshm_finding *f)
{
	unsigned space = f->object ? f->object->space : 0;

	return (f->check->run == tshm_check_shm_leaked || f->check->run == tshm_check_sysv_leaked) &&
	       (space == TSHM_SPACE_SHM || space == TSHM_SPACE_SYSV);
}

struct tshm_totals tshm_totals(const struct tshm_findings *found)
{
	struct tshm_totals t = { 0 };

	for (size_t i = 0; i < found->count; i++) {
		const struct tshm_finding *f = found->list[i];

		if (f->suppressed_by || f->known) {
			t.suppressed += f->suppressed_by != NULL;
			t.known += !f->suppressed_by;
			continue;
		}
		t.errors += f->severity == TSHM_ERROR;
		t.warnings += f->severity == TSHM_WARNING;
		t.notes += f->severity == TSHM_NOTE;
		/* A finding stands for all leaked objects from its site. */
		if (f->severity != TSHM_NOTE && tshm_finding_is_segment(f)) {
			t.leaked_segments += f->count;
			t.leaked_bytes += f->bytes;
		}
	}
	return t;
}
