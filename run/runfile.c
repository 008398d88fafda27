/* SPDX-License-Identifier: MIT */
/* run.json: what only tshm-run knows of a run.  Written before the command starts, and again at the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../ledger/ledger.h"
#include "run.h"

#define NEW_FILE TSHM_LEDGER_RUN_FILE ".new"

/* Bytes of the UTF-8 character at s, or 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		   s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

json_t *tshm_runfile_string(const char *bytes)
{
	const unsigned char *s = (const unsigned char *)bytes;
	char *text = malloc(strlen(bytes) * 3 + 1), *to = text;
	json_t *string;

	if (!text)
		tshm_die("out of memory");
	while (*s) {
		size_t n = utf8_length(s);

		memcpy(to, n ? (const char *)s : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		s += n ? n : 1;
	}
	*to = 0;
	string = json_string(text);
	free(text);
	return string;
}

void tshm_runfile_begin(struct tshm_job *job)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct stat st;

	if (!f || !fgets(job->boot_id, sizeof(job->boot_id), f))
		job->boot_id[0] = 0;
	job->boot_id[strcspn(job->boot_id, "\n")] = 0;
	if (f)
		fclose(f);
	if (stat("/proc/self/ns/pid", &st) == 0)
		job->pidns = st.st_ino;
}

static json_t *describe(const struct tshm_job *job)
{
	json_t *root = json_object(), *command = json_array(), *stayed = json_array();
	struct utsname host;

	for (char **word = job->command; *word; word++)
		json_array_append_new(command, tshm_runfile_string(*word));
	for (size_t i = 0; i < job->stayed_count; i++)
		json_array_append_new(stayed, json_integer(job->stayed[i]));
	json_object_set_new(root, "schema", json_string("tshm-run/1"));
	json_object_set_new(root, "command", command);
	json_object_set_new(root, "root_pid", json_integer(job->root_pid));
	json_object_set_new(root, "boot_id", json_string(job->boot_id));
	json_object_set_new(root, "pidns", json_integer((json_int_t)job->pidns));
	json_object_set_new(root, "host", tshm_runfile_string(uname(&host) == 0 ? host.nodename : ""));
	json_object_set_new(root, "started_wall", json_integer((json_int_t)job->started_wall));
	if (job->ended_wall) {
		json_object_set_new(root, "ended_wall", json_integer((json_int_t)job->ended_wall));
		json_object_set_new(root, "wait_status", json_integer(job->wait_status));
	}
	json_object_set(root, "names_before", job->names_before);
	json_object_set_new(root, "stayed", stayed);
	return root;
}

int tshm_runfile_write(const struct tshm_job *job)
{
	json_t *root = describe(job);
	int fd, failed;

	/* Whole or not at all: a report may read it at any time. */
	unlinkat(job->dir_fd, NEW_FILE, 0);
	fd = openat(job->dir_fd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	failed = fd < 0 || json_dumpfd(root, fd, JSON_INDENT(1)) != 0;
	if (fd >= 0 && close(fd) != 0)
		failed = 1;
	json_decref(root);
	if (!failed && renameat(job->dir_fd, NEW_FILE, job->dir_fd, TSHM_LEDGER_RUN_FILE) == 0)
		return 0;
	tshm_say("%s/%s: %s", job->dir, TSHM_LEDGER_RUN_FILE, errno ? strerror(errno) : "cannot be written");
	unlinkat(job->dir_fd, NEW_FILE, 0);
	return -1;
}
