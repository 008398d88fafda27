/* SPDX-License-Identifier: MIT */
/* File systems as descriptors (fsopen(2), open_tree(2)), and those that tell what happens in them. */
#include "hook.h"

/* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC, FSPICK_CLOEXEC (linux/mount.h), FAN_CLOEXEC (linux/fanotify.h). */
#define TSHM_FLAG_CLOEXEC 1u

TSHM_HOOK(int, open_tree, (int directory, const char *path, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(open_tree);

	return tshm_note_looked_at(here, TSHM_REAL(open_tree)(directory, path, flags), TSHM_KIND_FILE);
}

TSHM_HOOK(int, fsmount, (int fs, unsigned flags, unsigned attributes))
{
	struct tshm_here here = TSHM_HERE(fsmount);

	return tshm_note_open(here, TSHM_REAL(fsmount)(fs, flags, attributes), TSHM_KIND_DIRECTORY,
			      flags & TSHM_FLAG_CLOEXEC);
}

TSHM_HOOK(int, fsopen, (const char *type, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(fsopen);

	return tshm_note_open(here, TSHM_REAL(fsopen)(type, flags), TSHM_KIND_DESCRIPTOR, flags & TSHM_FLAG_CLOEXEC);
}

TSHM_HOOK(int, fspick, (int directory, const char *path, unsigned flags))
{
	struct tshm_here here = TSHM_HERE(fspick);

	return tshm_note_open(here, TSHM_REAL(fspick)(directory, path, flags), TSHM_KIND_DESCRIPTOR,
			      flags & TSHM_FLAG_CLOEXEC);
}

TSHM_HOOK(int, fanotify_init, (unsigned flags, unsigned event_flags))
{
	struct tshm_here here = TSHM_HERE(fanotify_init);

	return tshm_note_open(here, TSHM_REAL(fanotify_init)(flags, event_flags), TSHM_KIND_DESCRIPTOR,
			      flags & TSHM_FLAG_CLOEXEC);
}
