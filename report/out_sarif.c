/* SPDX-License-Identifier: MIT */
/* --format=sarif: SARIF 2.1.0 (OASIS), as GitHub's code scanning and editors read it. */
#include "out_sarif.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "fingerprint.h"
#include "source.h"
#include "xalloc.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

json_t *tshm_sarif_text(const char *s)
{
	TSHM_AUTO_FREE char *escaped = s ? tshm_text_escape(s) : NULL;

	return tshm_json_text(escaped);
}

json_t *tshm_sarif_message(const char *s)
{
	return tshm_json_made(json_pack("{s:o}", "text", tshm_sarif_text(s)));
}

void tshm_sarif_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, tshm_json_made(value)) != 0)
		tshm_out_failed("SARIF");
}

/* ---- the tool ---- */

static json_t *rules(void)
{
	json_t *list = tshm_json_made(json_array());
	size_t count;
	const struct tshm_check *check = tshm_checks(&count);

	for (size_t i = 0; i < count; i++) {
		TSHM_AUTO_FREE char *help = tshm_xasprintf("%s. The manual page tshm-report(1) has a paragraph about %s.",
							   check[i].text, check[i].id);

		tshm_json_append(list, json_pack("{s:s, s:o, s:o, s:{s:s}}", "id", check[i].id,
						 "shortDescription", tshm_sarif_message(check[i].text),
						 "help", tshm_sarif_message(help),
						 "defaultConfiguration", "level", tshm_severity_name(check[i].severity)));
	}
	return list;
}

/* ---- results ---- */

static json_t *message(const struct tshm_finding *f)
{
	TSHM_AUTO_FREE char *whole = f->advice ? tshm_xasprintf("%s. Fix: %s.", f->message, f->advice) :
						 tshm_xasprintf("%s.", f->message);

	return tshm_sarif_message(whole);
}

static json_t *fingerprints(const struct tshm_out *o, const struct tshm_finding *f)
{
	struct tshm_fingerprint p = tshm_fingerprint_of(o->symbols, f);
	TSHM_AUTO_FREE char *key = tshm_fingerprint_key(&p);
	char hash[33];

	tshm_fingerprint_hash(key, hash);
	tshm_fingerprint_free(&p);
	return tshm_json_made(json_pack("{s:s}", "tshm/v1", hash));
}

static json_t *properties(const struct tshm_finding *f)
{
	json_t *bag = tshm_json_made(json_pack("{s:o}", "bytes", tshm_json_number(f->bytes)));

	if (f->image) {
		tshm_sarif_set(bag, "program", tshm_sarif_text(f->image->exe));
		tshm_sarif_set(bag, "pid", json_integer(f->image->header.pid));
	}
	if (f->object && f->object->name)
		tshm_sarif_set(bag, "object", tshm_sarif_text(f->object->name));
	return bag;
}

static json_t *result(const struct tshm_out *o, const struct tshm_finding *f)
{
	size_t count;
	const struct tshm_check *first = tshm_checks(&count);
	struct tshm_trace t = tshm_trace_of(o->symbols, f->image, f->site);
	json_t *r = tshm_json_made(json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ruleId", f->check->id,
		"ruleIndex", (int)(f->check - first), "level", tshm_severity_name(f->severity), "message", message(f),
		"locations", tshm_sarif_locations(o, f, &t), "stacks", tshm_sarif_stacks(o, f),
		"relatedLocations", tshm_sarif_related(o, f), "partialFingerprints", fingerprints(o, f),
		"occurrenceCount", tshm_json_number(f->count < INT32_MAX ? f->count : INT32_MAX), "properties", properties(f)));

	if (f->suppressed_by)
		tshm_sarif_set(r, "suppressions", json_pack("[{s:s, s:o}]", "kind", "external",
							    "justification", tshm_sarif_text(f->suppressed_by)));
	if (o->baseline)
		tshm_sarif_set(r, "baselineState", json_string(f->known ? "unchanged" : "new"));
	return r;
}

/* ---- the run ---- */

static json_t *invocation(const struct tshm_out *o)
{
	json_t *notes = tshm_json_made(json_array()), *whole;
	struct tshm_text from = tshm_out_time(o->run->started_wall), to = tshm_out_time(o->run->ended_wall);

	for (size_t i = 0; i < o->run->problem_count; i++)
		tshm_json_append(notes, json_pack("{s:s, s:o}", "level", "warning",
						  "message", tshm_sarif_message(o->run->problems[i])));
	if (o->gate == TSHM_GATE_UNJUDGED && o->why) {
		TSHM_AUTO_FREE char *why = tshm_xasprintf("not judged: %s", o->why);

		tshm_json_append(notes, json_pack("{s:s, s:o}", "level", "error", "message", tshm_sarif_message(why)));
	}
	whole = tshm_json_made(json_pack("{s:b, s:o, s:o}", "executionSuccessful", o->gate != TSHM_GATE_UNJUDGED,
					 "machine", tshm_sarif_text(o->run->host), "toolExecutionNotifications", notes));
	if (from.s[0])
		tshm_sarif_set(whole, "startTimeUtc", json_string(from.s));
	if (to.s[0])
		tshm_sarif_set(whole, "endTimeUtc", json_string(to.s));
	return whole;
}

static json_t *roots(const struct tshm_out *o)
{
	TSHM_AUTO_FREE char *uri = tshm_source_uri(o->source_root);
	TSHM_AUTO_FREE char *whole = tshm_xasprintf("file://%s", uri);

	return tshm_json_made(json_pack("{s:{s:s}}", TSHM_SARIF_ROOT, "uri", whole));
}

void tshm_out_sarif(const struct tshm_out *o)
{
	json_t *results = tshm_json_made(json_array()), *driver, *run, *root;

	for (size_t i = 0; i < o->findings->count; i++)
		tshm_json_append(results, result(o, o->findings->list[i]));
	driver = tshm_json_made(json_pack("{s:s, s:s, s:o}", "name", "tshm", "version", PACKAGE_VERSION, "rules", rules()));
	run = tshm_json_made(json_pack("{s:{s:o}, s:[o], s:o, s:o, s:{s:s, s:o, s:o}}", "tool", "driver", driver,
				       "invocations", invocation(o), "originalUriBaseIds", roots(o), "results", results,
				       "properties", "gate", tshm_gate_name(o->gate), "gateWhy", tshm_sarif_text(o->why),
				       "policy", tshm_sarif_text(o->policy ? o->policy->text : NULL)));
	root = tshm_json_made(json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run));
	json_dumpf(root, o->to, JSON_INDENT(1));
	fputc('\n', o->to);
	json_decref(root);
}
