/* SPDX-License-Identifier: MIT */
/* Findings to text, tables and JSON: from a run made by hand, without the loader and the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../report/out.h"
#include "../../report/xalloc.h"

/* What terminals obey, what hides or reorders text, and what is no UTF-8. */
#define HOSTILE "\033[31mred\nSUMMARY: tshm: 0 leaked segments\r\t\x7f\xc2\x9b \xe2\x80\xae \xff\xfe\xed\xa0\x80"

/* ---- a run ---- */

static const char *string_of(const struct tshm_image *im, uint32_t number, uint32_t *length)
{
	static const char *const strings[] = { NULL, "/srv/loader.py", "make_batch", HOSTILE };
	const char *s = number < 4 ? strings[number] : NULL;

	(void)im;
	if (length)
		*length = s ? (uint32_t)strlen(s) : 0;
	return s;
}

struct fixture {
	struct tshm_run run;
	struct tshm_image root, child, replaced;
	struct tshm_image *images[3];
	struct tshm_object object;
	struct tshm_site sites[2];
	struct tshm_past made;
	struct tshm_held fds[3];
	struct tshm_held *holders[3];
	struct tshm_findings findings;
};

static void image_init(struct tshm_image *im, struct fixture *f, pid_t pid, const char *exe)
{
	im->header.pid = pid;
	im->header.ppid = 1;
	snprintf(im->id, sizeof(im->id), "%032x", (unsigned)pid);
	im->observed = true;
	im->exe = exe;
	im->string = string_of;
	im->sites = f->sites;
	im->site_count = 2;
	im->state = TSHM_IMAGE_EXITED;
}

/* Three programs in two processes, one segment, nothing found. */
static struct fixture *fixture_new(const char *exe, const char *name)
{
	struct fixture *f = tshm_xcalloc(1, sizeof(*f));

	image_init(&f->root, f, 100, exe);
	image_init(&f->child, f, 101, exe);
	image_init(&f->replaced, f, 101, exe);
	f->child.state = TSHM_IMAGE_EXEC;
	f->child.parent = &f->root;
	f->replaced.previous = &f->child;
	memcpy(f->replaced.id, "ff", 2);
	f->child.next = &f->replaced;
	for (size_t i = 0; i < 3; i++) {
		f->images[i] = i == 0 ? &f->root : i == 1 ? &f->child : &f->replaced;
		f->images[i]->order = i;
	}
	f->sites[1] = (struct tshm_site){ .stamp = TSHM_STAMP(1, TSHM_STATE_LIVE), .call = TSHM_CALL_shm_open,
					  .depth = 2, .acquired = UINT64_MAX, .live = -1 };
	for (unsigned i = 0; i < 2; i++) {
		f->sites[1].frames[i] = (struct tshm_frame){ .kind = TSHM_FRAME_PYTHON, .where = i ? 3 : 1 };
		f->sites[1].frames[i].u.py.function = i ? 3 : 2;
		f->sites[1].frames[i].u.py.line = 42;
	}
	f->made = (struct tshm_past){ .h.site = 1, .image = &f->root, .object = &f->object, .name = name };
	f->object = (struct tshm_object){ .id = "shm:1:2", .kind = TSHM_KIND_SEGMENT, .space = TSHM_SPACE_SHM,
					  .name = name, .has_ident = true, .dev = 1, .ino = 2, .size = 134217728,
					  .presence = TSHM_NAME_THERE, .creator = &f->made };
	f->run = (struct tshm_run){ .path = exe, .host = exe, .complete = true, .images = f->images, .image_count = 3,
				    .objects = &f->object, .object_count = 1, .root_observed = true };
	return f;
}

static void hold(struct fixture *f)
{
	static const uint64_t keys[] = { 5, 7, 0x7f0000000000 };

	for (size_t i = 0; i < 3; i++) {
		f->fds[i] = (struct tshm_held){ .r.key = keys[i], .image = &f->root, .object = &f->object,
						.r.kind = i < 2 ? TSHM_KIND_SEGMENT : TSHM_KIND_MAPPING };
		f->holders[i] = &f->fds[i];
	}
	f->root.state = TSHM_IMAGE_RUNNING;
	f->object.holders = f->holders;
	f->object.holder_count = 3;
}

static void fixture_free(struct fixture *f)
{
	for (size_t i = 0; i < f->findings.count; i++) {
		free(f->findings.list[i]->message);
		free(f->findings.list[i]->advice);
		free(f->findings.list[i]);
	}
	free(f->findings.list);
	free(f);
}

static struct tshm_finding *add(struct fixture *f, const char *rule, enum tshm_severity severity, const char *message)
{
	size_t count;
	const struct tshm_check *check = tshm_checks(&count);
	struct tshm_finding *found;

	for (size_t i = 0; i < count; i++, check++)
		if (!strcmp(check->id, rule))
			break;
	found = tshm_finding_add(&f->findings, check, severity, "%s", message);
	return found;
}

static struct tshm_finding *add_leak(struct fixture *f, const char *message)
{
	struct tshm_finding *found = add(f, "shm-leaked", TSHM_ERROR, message);

	found->advice = tshm_xstrdup(message);
	found->object = &f->object;
	found->image = &f->root;
	found->site = 1;
	found->bytes = f->object.size;
	f->object.state = TSHM_OBJECT_LEAKED;
	return found;
}

/* ---- what is written ---- */

static char *written_by(void (*write)(const struct tshm_out *), struct fixture *f, struct tshm_out o)
{
	char *text = NULL;
	size_t size = 0;

	o.to = open_memstream(&text, &size);
	assert_non_null(o.to);
	o.run = &f->run;
	o.findings = &f->findings;
	o.symbols = tshm_symbols_new();
	write(&o);
	assert_int_equal(fclose(o.to), 0);
	tshm_symbols_free(o.symbols);
	assert_int_equal(strlen(text), size);	/* no NUL got through */
	return text;
}

static char *written(struct fixture *f, struct tshm_out o)
{
	return written_by(tshm_out_text, f, o);
}

static json_t *written_json(struct fixture *f)
{
	char *text = written_by(tshm_out_json, f, (struct tshm_out){ .gate = TSHM_GATE_FAIL });
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return root;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		count++;
	return count;
}

static const char *last_line(const char *text)
{
	const char *at = text + strlen(text);

	assert_true(at > text && at[-1] == '\n');
	for (at--; at > text && at[-1] != '\n'; at--)
		;
	return at;
}

static json_int_t integer(const json_t *root, const char *section, const char *key)
{
	const json_t *value = json_object_get(json_object_get(root, section), key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* ---- tests ---- */

static void test_clean_text(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	char *text = written(f, (struct tshm_out){ .by = TSHM_BY_FINDING });

	(void)state;
	assert_string_equal(text, "SUMMARY: tshm: 0 leaked segments (0 bytes), 0 errors, 0 warnings, 0 notes; 2 processes\n");
	free(text);
	fixture_free(f);
}

static void test_clean_json(void **state)
{
	static const char *const lists[] = { "processes", "objects", "findings", "sites" };
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	struct tshm_run nothing = { .path = "/r", .host = "h" };
	json_t *root = written_json(f);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(root, "schema")), "tshm-report/1");
	assert_int_equal(integer(root, "summary", "errors"), 0);
	assert_int_equal(integer(root, "summary", "leaked_segments"), 0);
	assert_int_equal(integer(root, "summary", "processes"), 2);
	assert_int_equal(json_array_size(json_object_get(root, "processes")), 3);
	assert_true(json_is_null(json_object_get(json_object_get(root, "run"), "started")));
	json_decref(root);
	f->run = nothing;
	root = written_json(f);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(json_array_size(json_object_get(root, lists[i])), 0);
	json_decref(root);
	fixture_free(f);
}

static void test_each_severity(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	struct tshm_finding *leak = add_leak(f, "segment /dev/shm/x was never removed");
	char *text;

	(void)state;
	free(leak->advice);
	leak->advice = tshm_xstrdup("shm_unlink() it");
	add(f, "fd-leaked", TSHM_WARNING, "12 descriptors piled up");
	add(f, "fd-open-at-exit", TSHM_NOTE, "first note");
	add(f, "fd-open-at-exit", TSHM_NOTE, "second note");
	text = written(f, (struct tshm_out){ .gate = TSHM_GATE_FAIL });
	assert_has(text, "error shm-leaked: segment /dev/shm/x was never removed\n"
			 "    at shm_open\n    by make_batch (loader.py:42)\n");
	assert_has(text, "    fix: shm_unlink() it\n");
	assert_has(text, "warning fd-leaked: 12 descriptors piled up\n");
	assert_has(text, "note fd-open-at-exit: first note (and 1 note more: -v)\n");
	assert_has_not(text, "second note");
	assert_has_not(text, "\033");
	assert_string_equal(last_line(text), "SUMMARY: tshm: 1 leaked segment (134217728 bytes), 1 error, 1 warning, "
					     "2 notes; 2 processes\n");
	assert_true(strstr(text, "shm-leaked") < strstr(text, "fd-leaked"));
	free(text);
	text = written(f, (struct tshm_out){ .verbose = true });
	assert_has(text, "note fd-open-at-exit: second note\n");
	free(text);
	text = written(f, (struct tshm_out){ .colour = true, .width = 80 });
	assert_has(text, "\033[1;31merror shm-leaked:\033[0m");
	free(text);
	fixture_free(f);
}

static void test_severities_in_json(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	const json_t *found, *frame;
	json_t *root;

	(void)state;
	add_leak(f, "segment /dev/shm/x was never removed");
	add(f, "fd-leaked", TSHM_WARNING, "12 descriptors piled up");
	add(f, "unobserved", TSHM_NOTE, "a note");
	root = written_json(f);
	assert_int_equal(integer(root, "summary", "errors"), 1);
	assert_int_equal(integer(root, "summary", "warnings"), 1);
	assert_int_equal(integer(root, "summary", "notes"), 1);
	assert_int_equal(integer(root, "summary", "leaked_bytes"), 134217728);
	assert_string_equal(json_string_value(json_object_get(json_object_get(root, "summary"), "gate")), "fail");
	found = json_array_get(json_object_get(root, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(found, "rule")), "shm-leaked");
	assert_string_equal(json_string_value(json_object_get(found, "severity")), "error");
	assert_string_equal(json_string_value(json_object_get(found, "object")), "shm:1:2");
	assert_int_equal(json_integer_value(json_object_get(found, "pid")), 100);
	assert_true(json_is_null(json_object_get(found, "suppressed_by")));
	frame = json_array_get(json_object_get(found, "stack"), 0);
	assert_string_equal(json_string_value(json_object_get(frame, "kind")), "python");
	assert_string_equal(json_string_value(json_object_get(frame, "function")), "make_batch");
	assert_string_equal(json_string_value(json_object_get(frame, "file")), "/srv/loader.py");
	assert_int_equal(json_integer_value(json_object_get(frame, "line")), 42);
	assert_true(json_is_null(json_object_get(frame, "module")));
	/* A count that JSON cannot hold is not shown as a negative one. */
	found = json_array_get(json_object_get(root, "sites"), 0);
	assert_true(json_integer_value(json_object_get(found, "acquired")) == INT64_MAX);
	json_decref(root);
	fixture_free(f);
}

/* Control characters, of terminals too, must not get through, in whatever way it is shown. */
static void assert_harmless(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f || *c == 0xff || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			fail_msg("byte 0x%02x at %td of:\n%s", *c, (const char *)c - text, text);
	assert_has_not(text, "\xe2\x80\xae");
	assert_int_equal(count_of(text, "\nSUMMARY"), 1);
}

static void test_hostile_names(void **state)
{
	static char problem[] = HOSTILE;
	static char *problems[] = { problem }, *argv[] = { problem, NULL };
	static struct tshm_outsider outsider = { 7, problem };
	struct fixture *f = fixture_new(HOSTILE, HOSTILE);
	struct tshm_finding *leak = add_leak(f, HOSTILE);
	json_t *root;

	(void)state;
	leak->image2 = &f->child;
	leak->site2 = 1;
	leak->stack2_title = HOSTILE;
	add(f, "unobserved", TSHM_NOTE, HOSTILE);
	hold(f);
	f->object.outsiders = &outsider;
	f->object.outsider_count = 1;
	f->child.observed = false;
	f->child.why_unobserved = HOSTILE;
	f->replaced.state = TSHM_IMAGE_SIGNALED;
	f->replaced.status = 9;
	f->run.problems = problems;
	f->run.problem_count = 1;
	f->run.command = f->root.argv = argv;
	f->run.command_count = f->root.argc = 1;
	for (int by = TSHM_BY_FINDING; by <= TSHM_BY_SITE; by++) {
		for (int i = 0; i < 4; i++) {
			char *text = written(f, (struct tshm_out){ .by = (enum tshm_by)by, .verbose = i & 1,
								   .tell_run = true, .width = i & 2 ? 80 : 0 });

			assert_harmless(text);
			free(text);
		}
	}
	root = written_json(f);
	assert_non_null(strstr(json_string_value(json_object_get(json_object_get(root, "run"), "path")), "\033[31mred\n"));
	json_decref(root);
	fixture_free(f);
}

static void test_holders(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	const json_t *object, *holder;
	json_t *root;
	char *text;

	(void)state;
	add_leak(f, "it is live");
	hold(f);
	text = written(f, (struct tshm_out){ 0 });
	assert_has(text, "    held by: app (pid 100, fds 5 7, 1 mapping)\n");
	assert_has(last_line(text), "; 2 processes, 1 still running\n");
	free(text);
	root = written_json(f);
	object = json_array_get(json_object_get(root, "objects"), 0);
	assert_int_equal(json_array_size(json_object_get(object, "holders")), 1);
	holder = json_array_get(json_object_get(object, "holders"), 0);
	assert_int_equal(json_array_size(json_object_get(holder, "fds")), 2);
	assert_int_equal(json_integer_value(json_object_get(holder, "mappings")), 1);
	json_decref(root);
	fixture_free(f);
}

/* A full /dev/shm must not make a report of a thousand screens. */
static void test_many(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	char *text;

	(void)state;
	for (int i = 0; i < 50; i++)
		add(f, "shm-appeared", TSHM_WARNING, "a name appeared")->advice = tshm_xstrdup("look for who made it");
	text = written(f, (struct tshm_out){ 0 });
	assert_int_equal(count_of(text, "a name appeared"), 10);
	assert_int_equal(count_of(text, "fix: look for who made it"), 1);
	assert_has(text, "warning shm-appeared: and 40 more like these (-v shows them)\n");
	assert_has(text, " 50 warnings,");
	free(text);
	text = written(f, (struct tshm_out){ .verbose = true });
	assert_int_equal(count_of(text, "a name appeared"), 50);
	free(text);
	fixture_free(f);
}

static void test_width(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	char *text, *line, *rest = NULL;

	(void)state;
	add(f, "fd-leaked", TSHM_WARNING, "many words of one message that is longer than the terminal is wide, "
	    "and \xc3\xa4\xc3\xb6\xc3\xbc count one column each, which matters at the end of a line");
	text = written(f, (struct tshm_out){ .width = 60 });
	for (line = strtok_r(text, "\n", &rest); line && strncmp(line, "SUMMARY", 7) != 0; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(strlen(line) <= 60 + 3);
		assert_true(line[strlen(line) - 1] != ' ');
	}
	free(text);
	fixture_free(f);
}

static void test_odd_processes(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	char *text;

	(void)state;
	f->root.state = TSHM_IMAGE_SIGNALED;
	f->root.status = 9;
	text = written(f, (struct tshm_out){ 0 });
	assert_has_not(text, "SIGKILL");	/* nothing is wrong: not worth a screen */
	free(text);
	add_leak(f, "leaked");
	text = written(f, (struct tshm_out){ 0 });
	assert_has(text, "killed by SIGKILL");
	free(text);
	fixture_free(f);
}

static void test_not_judged(void **state)
{
	struct fixture *f = fixture_new("/bin/app", "/dev/shm/x");
	char *text = written(f, (struct tshm_out){ .gate = TSHM_GATE_UNJUDGED, .why = "a ledger could not be read" });

	(void)state;
	assert_int_equal(strncmp(text, "tshm: not judged: a ledger could not be read\n", 45), 0);
	free(text);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_text), cmocka_unit_test(test_clean_json),
		cmocka_unit_test(test_each_severity), cmocka_unit_test(test_severities_in_json),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_holders), cmocka_unit_test(test_many),
		cmocka_unit_test(test_width), cmocka_unit_test(test_odd_processes), cmocka_unit_test(test_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
