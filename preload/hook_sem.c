/* SPDX-License-Identifier: MIT */
/* POSIX semaphores and message queues: sem_overview(7), mq_overview(7). */
#include <errno.h>
#include <stdarg.h>

#include "bytes.h"
#include "hook.h"
#include "site.h"
#include "sys.h"

/* glibc puts semaphore "/x" at /dev/shm/sem.x. */
static bool tshm_sem_path(char path[TSHM_NAME_MAX], const char *name)
{
	size_t at;

	while (name && *name == '/')
		name++;
	if (!name || !*name || tshm_length(name) > 251)
		return false;
	at = tshm_append(path, 0, "/dev/shm/sem.", TSHM_NAME_MAX);
	tshm_append(path, at, name, TSHM_NAME_MAX);
	return true;
}

TSHM_HOOK(sem_t *, sem_open, (const char *name, int flags, ...))
{
	struct tshm_here here = TSHM_HERE(sem_open);
	uint32_t intent = 0, site = 0, number = 0;
	char path[TSHM_NAME_MAX];
	unsigned value = 0;
	mode_t mode = 0;
	struct stat st;
	uint64_t before = 0;
	sem_t *sem;

	if (flags & O_CREAT) {
		va_list list;

		va_start(list, flags);
		mode = (mode_t)va_arg(list, int);
		value = va_arg(list, unsigned);
		va_end(list);
	}
	here.on = here.on && tshm_sem_path(path, name);
	if (here.on && (flags & O_CREAT)) {
		site = tshm_site_here(here);
		intent = tshm_name_intent(TSHM_SPACE_SEM, here.call, path, 0,
					  flags & O_EXCL ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE, site);
	} else if (here.on) {
		before = tshm_now_precise();
	}
	sem = TSHM_REAL(sem_open)(name, flags, mode, value);
	if (!here.on)
		return sem;
	if (sem == SEM_FAILED) {
		tshm_name_withdraw(intent);
		tshm_note_failed(here, errno);
		if (before && errno == ENOENT)
			tshm_attach_failed(here, TSHM_SPACE_SEM, path, 0, 0, ENOENT, before);
		return sem;
	}
	if (before)
		tshm_attach_worked(TSHM_SPACE_SEM, path, 0, 0);
	if (TSHM_SYS4(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		number = intent ? tshm_name_confirm(intent, flags & O_EXCL ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE,
						    &st, 0) :
				  tshm_name_find(TSHM_SPACE_SEM, path, 0);
	else if (!tshm_confined)	/* removed in the meantime by somebody else; else the intent stands */
		tshm_name_withdraw(intent);
	tshm_note_semaphore(here, sem, number, site);
	return sem;
}

TSHM_HOOK(int, sem_close, (sem_t *sem))
{
	struct tshm_here here = TSHM_HERE(sem_close);
	uint64_t word = here.on ? tshm_pointer_word((uintptr_t)sem) : 0;
	struct tshm_resource *r = tshm_held_of(word);
	int result = TSHM_REAL(sem_close)(sem);

	if (result != 0 || !r)
		return result;
	tshm_count(here.call);
	/* glibc counts openings of a name and unmaps with the last. */
	if (atomic_fetch_sub((_Atomic uint32_t *)&r->extra, 1) == 1)
		tshm_pointer_release((uintptr_t)sem, word);
	else
		tshm_held_refresh(TSHM_SLOT_NUMBER(word));
	return result;
}

TSHM_HOOK(int, sem_unlink, (const char *name))
{
	struct tshm_here here = TSHM_HERE(sem_unlink);
	char path[TSHM_NAME_MAX];
	struct tshm_removal r;
	int result;

	here.on = here.on && tshm_sem_path(path, name);
	if (here.on)
		tshm_removal_look(&r, TSHM_SPACE_SEM, path, 0);
	result = TSHM_REAL(sem_unlink)(name);
	if (here.on && result == 0)
		tshm_removal_done(&r, here, 0);
	else if (here.on && errno == ENOENT)
		tshm_removal_vain(&r, here);
	return result;
}

/* ---- message queues: an mqd_t is a descriptor on Linux ---- */

static uint32_t tshm_mq_intent(struct tshm_here here, const char *name, int flags, uint32_t *site)
{
	if (!here.on || !(flags & O_CREAT) || !name)
		return 0;
	*site = tshm_site_here(here);
	return tshm_name_intent(TSHM_SPACE_MQ, here.call, name, 0,
				flags & O_EXCL ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE, *site);
}

static mqd_t tshm_mq_done(struct tshm_here here, mqd_t queue, uint32_t intent, const char *name, int flags,
			  uint64_t before)
{
	uint64_t word;
	struct tshm_resource *r;
	struct stat st;

	if (!here.on)
		return queue;
	if (queue < 0)
		tshm_name_withdraw(intent);
	if (queue < 0 && before && name && errno == ENOENT)
		tshm_attach_failed(here, TSHM_SPACE_MQ, name, 0, 0, ENOENT, before);
	else if (queue >= 0 && before && name)
		tshm_attach_worked(TSHM_SPACE_MQ, name, 0, 0);
	tshm_note_open(here, queue, TSHM_KIND_MQUEUE, true);	/* mq_open sets close-on-exec */
	if (queue < 0 || TSHM_SYS2(SYS_fstat, queue, &st) != 0)
		return queue;
	word = tshm_fd_word(queue);
	r = tshm_held_of(word);
	intent = tshm_name_confirm(intent, flags & O_EXCL ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE, &st, 0);
	if (!r)
		return queue;
	tshm_held_identity(r, &st);
	if (intent) {
		tshm_history_ref(intent);
		TSHM_PUT(r->name, intent);
	}
	tshm_held_refresh(TSHM_SLOT_NUMBER(word));
	return queue;
}

TSHM_HOOK(mqd_t, mq_open, (const char *name, int flags, ...))
{
	struct tshm_here here = TSHM_HERE(mq_open);
	struct mq_attr *attributes = NULL;
	uint32_t intent, site = 0;
	uint64_t before = here.on && !(flags & O_CREAT) ? tshm_now_precise() : 0;
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list list;

		va_start(list, flags);
		mode = (mode_t)va_arg(list, int);
		attributes = va_arg(list, struct mq_attr *);
		va_end(list);
	}
	intent = tshm_mq_intent(here, name, flags, &site);
	return tshm_mq_done(here, TSHM_REAL(mq_open)(name, flags, mode, attributes), intent, name, flags, before);
}

TSHM_HOOK(mqd_t, __mq_open_2, (const char *name, int flags))
{
	struct tshm_here here = TSHM_HERE(__mq_open_2);
	uint64_t before = here.on ? tshm_now_precise() : 0;

	return tshm_mq_done(here, TSHM_REAL(__mq_open_2)(name, flags), 0, name, flags, before);
}

TSHM_HOOK(int, mq_close, (mqd_t queue))
{
	struct tshm_here here = TSHM_HERE(mq_close);
	uint64_t word = tshm_fd_word(queue);
	int result = TSHM_REAL(mq_close)(queue);

	tshm_note_close(here, queue, word, result, result < 0 ? errno : 0);
	return result;
}

TSHM_HOOK(int, mq_unlink, (const char *name))
{
	struct tshm_here here = TSHM_HERE(mq_unlink);
	struct tshm_removal r;
	int result;

	if (here.on)
		tshm_removal_look(&r, TSHM_SPACE_MQ, name, 0);
	result = TSHM_REAL(mq_unlink)(name);
	if (here.on && result == 0)
		tshm_removal_done(&r, here, 0);
	else if (here.on && errno == ENOENT)
		tshm_removal_vain(&r, here);
	return result;
}
