/* SPDX-License-Identifier: MIT */
/* Mappings, SysV shared memory. */
#include <errno.h>
#include <stdarg.h>

#include "hook.h"
#include "site.h"
#include "sys.h"

/* Only shared mappings are kept; MAP_FIXED may lie over one.  All others pass with one test. */
#define TSHM_MMAP(name, offset_type) \
	TSHM_HOOK(void *, name, (void *at, size_t length, int prot, int flags, int fd, offset_type offset)) \
	{ \
		struct tshm_here here; \
		uint64_t before; \
		void *result; \
\
		if (TSHM_LIKELY(!(flags & (MAP_SHARED | MAP_FIXED)))) \
			return TSHM_REAL(name)(at, length, prot, flags, fd, offset); \
		here = TSHM_HERE(name); \
		before = here.on ? tshm_range_sequence() : 0; \
		result = TSHM_REAL(name)(at, length, prot, flags, fd, offset); \
		tshm_note_map(here, result, length, prot, flags, fd, (uint64_t)offset, before); \
		return result; \
	}
TSHM_MMAP(mmap, off_t)
TSHM_MMAP(mmap64, off64_t)

TSHM_HOOK(int, munmap, (void *at, size_t length))
{
	uint64_t before = tshm_range_any() && tshm_on() ? tshm_range_sequence() : 0;
	int result = TSHM_REAL(munmap)(at, length);

	if (result == 0 && before)
		tshm_range_drop((uintptr_t)at, length, before);
	return result;
}

/* `to` is a place with MREMAP_FIXED, and a hint with MREMAP_DONTUNMAP; else whatever lies there. */
TSHM_HOOK_FIXED(void *, mremap, (void *old, size_t old_length, size_t length, int flags, void *to))
{
	struct tshm_here here = TSHM_HERE(mremap);
	uint64_t before = here.on ? tshm_range_sequence() : 0;
	void *result = TSHM_REAL(mremap)(old, old_length, length, flags, to);

	tshm_note_remap(here, old, old_length, result, length, flags, flags & MREMAP_FIXED ? to : NULL, before);
	return result;
}

/* ---- SysV: the segment is a name (its id outlives us), the attachment a mapping ---- */

TSHM_HOOK(int, shmget, (key_t key, size_t size, int flags))
{
	struct tshm_here here = TSHM_HERE(shmget);
	bool create = key == IPC_PRIVATE || (flags & IPC_CREAT);
	bool sure = key == IPC_PRIVATE || (flags & IPC_EXCL);
	uint64_t before = here.on && !create ? tshm_now_precise() : 0;
	uint32_t intent = 0;
	struct shmid_ds ds;
	int id;

	if (here.on && create)
		intent = tshm_name_intent(TSHM_SPACE_SYSV, here.call, NULL, key,
					  sure ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE,
					  tshm_site_here(here));
	id = TSHM_REAL(shmget)(key, size, flags);
	if (!here.on)
		return id;
	if (id < 0) {
		tshm_name_withdraw(intent);
		tshm_note_failed(here, errno);
		if (before && errno == ENOENT)
			tshm_attach_failed(here, TSHM_SPACE_SYSV, NULL, -1, key, ENOENT, before);
		return id;
	}
	tshm_count(here.call);
	if (before)
		tshm_attach_worked(TSHM_SPACE_SYSV, NULL, -1, key);
	if (!intent)
		return id;
	/* Without IPC_EXCL the kernel tells who made it (shmctl(2), shm_cpid). */
	if (!sure && TSHM_SYS3(SYS_shmctl, id, IPC_STAT, &ds) == 0 && ds.shm_cpid != tshm_pid) {
		tshm_name_withdraw(intent);
		return id;
	}
	tshm_history(intent)->h.size = size;
	tshm_history(intent)->h.mode = (uint32_t)flags & 0777;	/* no umask here */
	tshm_name_confirm(intent, sure ? TSHM_HIF_EXCLUSIVE : TSHM_HIF_MAYBE, NULL, id);
	return id;
}

TSHM_HOOK(int, shmctl, (int id, int command, struct shmid_ds *ds))
{
	struct tshm_here here;
	struct tshm_removal r;
	int result;

	if (command != IPC_RMID)
		return TSHM_REAL(shmctl)(id, command, ds);
	here = TSHM_HERE(shmctl);
	if (here.on)
		tshm_removal_look(&r, TSHM_SPACE_SYSV, NULL, id);
	result = TSHM_REAL(shmctl)(id, command, ds);
	if (here.on && result == 0)
		tshm_removal_done(&r, here, 0);
	else if (here.on && (errno == EINVAL || errno == EIDRM))
		tshm_removal_vain(&r, here);
	return result;
}

TSHM_HOOK(void *, shmat, (int id, const void *at, int flags))
{
	struct tshm_here here = TSHM_HERE(shmat);
	uint64_t before = here.on ? tshm_range_sequence() : 0, when = here.on ? tshm_now_precise() : 0;
	void *result = TSHM_REAL(shmat)(id, at, flags);

	if (result == (void *)-1 && (errno == EINVAL || errno == EIDRM))
		tshm_note_unattached(here, id, errno, when);
	tshm_note_attach(here, result, id, flags, before);
	return result;
}

TSHM_HOOK(int, shmdt, (const void *at))
{
	struct tshm_here here = TSHM_HERE(shmdt);
	uint64_t before = here.on ? tshm_range_sequence() : 0;
	int result = TSHM_REAL(shmdt)(at);

	if (result == 0 && here.on)
		tshm_range_detach((uintptr_t)at, before);
	return result;
}
