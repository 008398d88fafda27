/* SPDX-License-Identifier: MIT */
/* Descriptors in ancillary data (unix(7), cmsg(3)), and those fetched by pidfd_getfd(2). */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "note.h"
#include "readable.h"
#include "site.h"
#include "sys.h"

#define TSHM_CONTROL_MOST (1u << 20)	/* more is refused: net.core.optmem_max */
#define TSHM_SCM_PIDFD 4	/* linux/socket.h; 6.5 */

struct tshm_ucred { int32_t pid; uint32_t uid, gid; };	/* struct ucred, without its feature macro */

/* The descriptors of one SCM_RIGHTS header, or NULL; walks headers within msg_controllen only. */
static const int *tshm_rights(const struct msghdr *m, const struct cmsghdr *c, unsigned *count)
{
	size_t at = (size_t)((const char *)c - (const char *)m->msg_control);

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0) ||
	    c->cmsg_len > m->msg_controllen - at)	/* the kernel will refuse it */
		return NULL;
	*count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	return (const int *)CMSG_DATA(c);
}

void tshm_sending_look(struct tshm_sending *s, const struct msghdr *m)
{
	s->count = 0;
	if (m->msg_controllen > TSHM_CONTROL_MOST || !tshm_readable(m->msg_control, m->msg_controllen))
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		unsigned n;
		const int *fds = tshm_rights(m, c, &n);

		for (unsigned i = 0; fds && i < n; i++, s->count++) {
			struct tshm_passed *p = &s->passed[s->count];

			if (s->count >= TSHM_PASSED_KNOWN)
				continue;
			*p = (struct tshm_passed){ 0 };
			tshm_fd_identity(fds[i], &p->dev, &p->ino, &p->kind);
		}
	}
}

/* Who is at the other end of a connected socket: asked once, kept in the socket's record. */
static void tshm_peer_of(int socket, struct tshm_peer *peer)
{
	uint64_t word = tshm_fd_word(socket);
	struct tshm_resource *r;
	struct tshm_ucred cred = { 0, 0, 0 };
	int size = sizeof(cred);
	enum tshm_kind kind;

	*peer = (struct tshm_peer){ 0 };
	tshm_fd_identity(socket, &peer->socket_dev, &peer->socket_ino, &kind);
	r = tshm_held_of(word);
	if (r && r->extra) {
		peer->pid = r->peer;
		return;
	}
	if (TSHM_SYS5(SYS_getsockopt, socket, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0)
		peer->pid = cred.pid;
	if (r) {
		TSHM_PUT(r->peer, peer->pid);
		TSHM_PUT(r->extra, 1);	/* asked */
	}
}

void tshm_note_sent(struct tshm_here here, int socket, const struct tshm_sending *s)
{
	struct tshm_peer peer;
	uint32_t site;

	if (!here.on || !s->count)
		return;
	tshm_count(here.call);
	site = tshm_site_here(here);
	tshm_site_mirror(site);
	tshm_peer_of(socket, &peer);
	for (unsigned i = 0; i < s->count && i < TSHM_PASSED_KNOWN; i++)
		tshm_transfer_note(TSHM_SENT, here.call, &s->passed[i], &peer, site);
}

static void tshm_note_arrived(struct tshm_here here, int fd, const struct tshm_peer *peer, uint32_t site,
			      enum tshm_direction direction, uint32_t flags)
{
	struct tshm_resource *r;
	struct tshm_passed passed;
	struct stat st;
	uint32_t number;

	bool asked = TSHM_SYS2(SYS_fstat, fd, &st) == 0;

	if (!asked && !tshm_confined)
		return;
	r = tshm_held_new(&number, here.call, asked ? tshm_kind_of(fd, &st) : TSHM_KIND_DESCRIPTOR,
			  TSHM_ORIGIN_RECEIVED, site);
	if (!r)
		return;
	if (asked)
		tshm_held_identity(r, &st);
	TSHM_PUT(r->sequence, tshm_close_now());
	TSHM_PUT(r->flags, r->flags | (flags));
	TSHM_PUT(r->peer, peer->pid);
	passed = (struct tshm_passed){ r->dev, r->ino, r->kind };
	tshm_fd_publish(fd, number);
	if (asked)
		tshm_transfer_note(direction, here.call, &passed, peer, site);
}

/* Is it sure that what did not fit were descriptors, and not credentials or a time stamp? */
static bool tshm_lost_descriptors(int socket, const struct msghdr *m)
{
	static const int others[] = { SO_PASSCRED, 34 /* SO_PASSSEC */, SO_TIMESTAMP, 35 /* SO_TIMESTAMPNS */,
				      76 /* SO_PASSPIDFD */ };
	int value = 0, size = sizeof(value);

	if (TSHM_SYS5(SYS_getsockopt, socket, SOL_SOCKET, SO_DOMAIN, &value, &size) != 0 || value != AF_UNIX)
		return false;
	for (const struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, (struct cmsghdr *)c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			return true;	/* some of a message's descriptors came, others did not */
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		value = 0;
		size = sizeof(value);
		if (TSHM_SYS5(SYS_getsockopt, socket, SOL_SOCKET, others[i], &value, &size) == 0 && value)
			return false;
	}
	return true;
}

static void tshm_note_lost(struct tshm_here here, uint32_t site, unsigned installed, size_t room)
{
	struct tshm_own_site *o = tshm_site_own(site);
	struct tshm_history *h;
	uint32_t number;

	if (!o)
		return;
	h = tshm_history_of_site(&o->lost_fds, TSHM_HIST_LOST_FDS, here.call, site, &number);
	if (!h)
		return;
	h->count++;
	h->id = -1;		/* the receiver is not told how many were sent */
	h->extra = installed;
	h->size = room;
	h->end_mono = tshm_now_coarse();
	tshm_history_commit(number, TSHM_STATE_CLOSED);
}

void tshm_note_received(struct tshm_here here, int socket, const struct msghdr *m, size_t room, int flags)
{
	uint32_t rf = (flags & MSG_CMSG_CLOEXEC ? TSHM_RF_CLOEXEC : 0) | (flags & MSG_PEEK ? TSHM_RF_PEEKED : 0);
	struct tshm_peer peer;
	unsigned installed = 0;
	uint32_t site = 0;

	if (!here.on || (!m->msg_controllen && !(m->msg_flags & MSG_CTRUNC)))
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		unsigned n;
		const int *fds = tshm_rights(m, c, &n);

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == TSHM_SCM_PIDFD && c->cmsg_len == CMSG_LEN(sizeof(int)) &&
		    *(const int *)CMSG_DATA(c) >= 0)
			tshm_note_pidfd(here, *(const int *)CMSG_DATA(c), 0);
		if (!fds || !n)
			continue;
		if (!site) {
			tshm_count(here.call);
			site = tshm_site_here(here);
			tshm_site_mirror(site);
			tshm_peer_of(socket, &peer);
		}
		for (unsigned i = 0; i < n; i++, installed++)
			tshm_note_arrived(here, fds[i], &peer, site, TSHM_RECEIVED, rf);
	}
	/* What is only looked at stays in the queue. */
	if ((m->msg_flags & MSG_CTRUNC) && !(flags & MSG_PEEK) && tshm_lost_descriptors(socket, m)) {
		if (!site)
			site = tshm_site_here(here);
		tshm_site_mirror(site);
		tshm_note_lost(here, site, installed, room);
	}
}

void tshm_note_sent_all(struct tshm_here here, int socket, const struct mmsghdr *messages, int count)
{
	struct tshm_sending sending;

	/* Looked at after the call: messages can be many, and a stack is small. */
	for (int i = 0; here.on && i < count; i++) {
		const struct msghdr *m = &messages[i].msg_hdr;

		if (!m->msg_controllen || !m->msg_control)
			continue;
		tshm_sending_look(&sending, m);
		tshm_note_sent(here, socket, &sending);
	}
}

void tshm_note_received_all(struct tshm_here here, int socket, const struct mmsghdr *messages, int count, int flags)
{
	for (int i = 0; here.on && i < count; i++) {
		const struct msghdr *m = &messages[i].msg_hdr;

		if (m->msg_controllen || (m->msg_flags & MSG_CTRUNC))
			tshm_note_received(here, socket, m, m->msg_controllen, flags);
	}
}

void tshm_note_fetched(struct tshm_here here, int pidfd, int fd)
{
	struct tshm_peer peer = { 0 };
	uint32_t site;

	if (!here.on)
		return;
	if (fd < 0) {
		tshm_note_failed(here, errno);
		return;
	}
	tshm_count(here.call);
	site = tshm_site_here(here);
	tshm_site_mirror(site);
	uint64_t word = tshm_fd_word(pidfd);
	struct tshm_resource *r = tshm_held_of(word);

	if (r && r->kind == TSHM_KIND_PIDFD)
		peer.pid = r->peer;
	tshm_note_arrived(here, fd, &peer, site, TSHM_FETCHED, TSHM_RF_CLOEXEC);	/* pidfd_getfd(2) sets it */
}
