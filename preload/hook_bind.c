/* SPDX-License-Identifier: MIT */
/* Sockets that are bound to a path, which stays when they are closed: unix(7). */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bytes.h"
#include "hook.h"
#include "site.h"
#include "sys.h"

bool tshm_any_bound;

/* The path that a socket is to be bound to.  Names that are abstract, or that the kernel chooses, are none. */
static bool tshm_bound_path(char full[TSHM_NAME_MAX], const struct sockaddr *address, socklen_t size)
{
	const char *given = ((const struct sockaddr_un *)address)->sun_path;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	size_t room = size - offsetof(struct sockaddr_un, sun_path);	/* it need not end with a NUL */

	if (room > sizeof(path) - 1)
		room = sizeof(path) - 1;
	__builtin_memcpy(path, given, room);
	path[room] = 0;
	return tshm_path_whole(full, AT_FDCWD, path);
}

/* Which path it is, once it is there; and that the socket goes by it. */
static void tshm_note_bound(int fd, uint32_t intent, const char *path)
{
	struct tshm_resource *r;
	struct stat st;
	uint64_t word;

	if (TSHM_SYS4(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (!tshm_confined)		/* nobody may be asked: it stays what was intended */
			tshm_name_withdraw(intent);	/* removed already */
		return;
	}
	intent = tshm_name_confirm(intent, TSHM_HIF_EXCLUSIVE, &st, 0);
	word = tshm_fd_word(fd);
	r = tshm_held_of(word);
	if (!intent || !r || r->name)
		return;
	tshm_history_ref(intent);
	r->name = intent;
	tshm_held_refresh(TSHM_SLOT_NUMBER(word));
}

TSHM_HOOK(int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size))
{
	struct tshm_here here = TSHM_HERE(bind);
	const struct sockaddr *a = address.__sockaddr__;
	char full[TSHM_NAME_MAX];
	uint32_t intent = 0;
	int result;

	if (here.on && size > offsetof(struct sockaddr_un, sun_path) && size <= sizeof(struct sockaddr_un) &&
	    tshm_readable(a, size) && a->sa_family == AF_UNIX &&
	    tshm_bound_path(full, a, size)) {
		tshm_any_bound = true;
		intent = tshm_name_intent(TSHM_SPACE_SOCKET, here.call, full, 0, TSHM_HIF_EXCLUSIVE, tshm_site_here(here));
	}
	result = TSHM_REAL(bind)(fd, address, size);
	if (intent && result == 0)
		tshm_note_bound(fd, intent, full);
	else
		tshm_name_withdraw(intent);
	return result;
}
