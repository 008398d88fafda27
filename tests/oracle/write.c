/* SPDX-License-Identifier: MIT */
/* What was found, as one line of JSON at the end of the file that ORACLE_OUT names. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

static const char *const others[] = { "libunwind", "libgcc" };
static const char *const classes[] = { "equal", "shorter", "longer", "different", "lost", "astray" };

static struct { char text[1 << 20]; size_t used; } out;

/* What does not fit is left out; oracle.py then finds that the line is damaged. */
static __attribute__((format(printf, 1, 2))) void put(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out.text + out.used, sizeof(out.text) - out.used, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(out.text) - out.used)
		out.used += (size_t)n;
}

static void put_text(const char *s)
{
	for (; *s; s++)
		put(*s < 32 || *s == '"' || *s == '\\' || *s == 127 ? "?" : "%c", *s);
}

static void put_place(const struct oracle_place *p)
{
	Dl_info info;

	put("{\"module\":\"");
	put_text(p->module);
	put("\",\"offset\":\"%#lx\",\"symbol\":\"", (unsigned long)(p->module[0] ? p->offset : p->pc));
	/* dladdr names the symbol that the address lies in, and only such as are exported. */
	if (p->module[0] && dladdr((void *)(p->pc - 1), &info) && info.dli_sname)
		put_text(info.dli_sname);
	put("\"}");
}

/* A list, which ends where the stack ends. */
static void put_next(const char *key, const struct oracle_place *places)
{
	put(",\"%s\":[", key);
	for (unsigned i = 0; i < ORACLE_CONTEXT && places[i].pc; i++) {
		if (i)
			put(",");
		put_place(&places[i]);
	}
	put("]");
}

static void put_differences(void)
{
	put(",\"differences\":[");
	for (unsigned i = 0; i < oracle_used; i++) {
		const struct oracle_difference *d = &oracle_table[i];

		put("%s{\"against\":\"%s\",\"class\":\"%s\",\"count\":%lu,\"frame\":%u,\"third\":\"%s\"", i ? "," : "",
		    others[d->against], classes[d->class], (unsigned long)d->count, d->frame, d->third);
		put(",\"at\":");
		put_place(&d->at);
		put_next("ours", d->ours);
		put_next("theirs", d->theirs);
		put("}");
	}
	put("]");
}

void oracle_write(void)
{
	static atomic_flag written = ATOMIC_FLAG_INIT;
	const char *path = getenv("ORACLE_OUT");
	int saved_errno = errno;
	long fd;

	if (!path || !oracle_counts.captures || atomic_flag_test_and_set(&written))
		return;
	out.used = 0;
	put("{\"program\":\"");
	put_text(program_invocation_short_name);
	put("\",\"pid\":%d,\"captures\":%lu,\"frames\":%lu,\"overflow\":%lu", getpid(), (unsigned long)oracle_counts.captures,
	    (unsigned long)oracle_counts.frames, (unsigned long)oracle_counts.overflow);
	for (unsigned i = 0; i < ORACLE_OTHERS; i++) {
		put(",\"%s\":{", others[i]);
		for (unsigned class = 0; class < ORACLE_CLASSES; class++)
			put("%s\"%s\":%lu", class ? "," : "", classes[class], (unsigned long)oracle_counts.by[i][class]);
		put("}");
	}
	put_differences();
	put("}\n");
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (syscall(SYS_write, fd, out.text, out.used) < 0)
			out.used = 0;
		syscall(SYS_close, fd);
	}
	oracle_forget();
	atomic_flag_clear(&written);
	errno = saved_errno;
}
