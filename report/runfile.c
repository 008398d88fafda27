/* SPDX-License-Identifier: MIT */
/* run.json, which tshm-run writes beside the ledgers.  As untrusted as they are. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool.h"

#define RUN_SCHEMA "tshm-run/1"
#define RUN_SIZE_MAX (64u << 20)	/* names_before may be long */

static uint64_t number(const json_t *root, const char *key)
{
	const json_t *j = json_object_get(root, key);
	json_int_t n = json_is_integer(j) ? json_integer_value(j) : 0;

	return n > 0 ? (uint64_t)n : 0;
}

static char **strings(struct tshm_run *run, const json_t *root, const char *key, size_t *count)
{
	const json_t *array = json_object_get(root, key), *item;
	char **list;
	size_t i;

	*count = 0;
	if (!json_is_array(array))
		return NULL;
	list = tshm_arena_alloc(&run->own->arena, (json_array_size(array) + 1) * sizeof(*list));
	json_array_foreach(array, i, item)
		if (json_is_string(item))
			list[(*count)++] = tshm_arena_strdup(&run->own->arena, json_string_value(item));
	return list;
}

static void take(struct tshm_run *run, const json_t *root)
{
	const char *host = json_string_value(json_object_get(root, "host"));
	const char *boot = json_string_value(json_object_get(root, "boot_id"));
	uint64_t pid = number(root, "root_pid");
	size_t count;

	run->made_by_run = true;
	run->root_pid = pid <= INT32_MAX ? (pid_t)pid : 0;
	run->root_status = (int)(number(root, "wait_status") & 0xffff);
	run->pidns = number(root, "pidns");
	run->started_wall = number(root, "started_wall");
	run->ended_wall = number(root, "ended_wall");
	run->host = host ? tshm_arena_strdup(&run->own->arena, host) : NULL;
	run->boot_id = boot ? tshm_arena_strdup(&run->own->arena, boot) : NULL;
	run->command = strings(run, root, "command", &count);
	run->command_count = (int)count;
	run->names_before = strings(run, root, "names_before", &run->names_before_count);
	run->has_names_before = run->names_before != NULL;
}

static char *slurp(const char *path, size_t *size, const char **why)
{
	TSHM_AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char *text;
	ssize_t n;

	if (fd < 0) {
		*why = errno == ENOENT ? NULL : strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > RUN_SIZE_MAX) {
		*why = "not a regular file of a sensible size";
		return NULL;
	}
	text = tshm_xmalloc((size_t)st.st_size + 1);
	for (*size = 0; *size < (size_t)st.st_size; *size += (size_t)n) {
		n = read(fd, text + *size, (size_t)st.st_size - *size);
		if (n <= 0)
			break;
	}
	return text;
}

int tshm_runfile_read(struct tshm_run *run, const char *directory)
{
	TSHM_AUTO_FREE char *path = tshm_xasprintf("%s/" TSHM_LEDGER_RUN_FILE, directory);
	const char *why = NULL, *schema;
	size_t size = 0;
	TSHM_AUTO_FREE char *text = slurp(path, &size, &why);
	json_error_t error;
	json_t *root;

	if (!text) {
		if (!why)
			return -ENOENT;
		tshm_model_problem(run, tshm_xasprintf("%s: %s", path, why));
		return -EINVAL;
	}
	root = json_loadb(text, size, 0, &error);
	schema = json_string_value(json_object_get(root, "schema"));
	if (schema && !strcmp(schema, RUN_SCHEMA)) {
		take(run, root);
		json_decref(root);
		return 0;
	}
	if (!root)
		tshm_model_problem(run, tshm_xasprintf("%s: line %d: %s", path, error.line, error.text));
	else
		tshm_model_problem(run, tshm_xasprintf("%s: not written by tshm-run (no schema \"" RUN_SCHEMA "\")", path));
	json_decref(root);
	return -EINVAL;
}
