/* SPDX-License-Identifier: MIT */
/* Passing descriptors over sockets.  A message without control data costs two tests. */
#include "hook.h"

TSHM_HOOK(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags))
{
	struct tshm_sending sending;
	struct tshm_here here;
	ssize_t result;

	if (TSHM_LIKELY(!tshm_readable(message, sizeof(*message)) || !message->msg_controllen || !message->msg_control))
		return TSHM_REAL(sendmsg)(socket, message, flags);
	here = TSHM_HERE(sendmsg);
	if (here.on)
		tshm_sending_look(&sending, message);
	result = TSHM_REAL(sendmsg)(socket, message, flags);
	if (here.on && result >= 0)
		tshm_note_sent(here, socket, &sending);
	return result;
}

TSHM_HOOK(int, sendmmsg, (int socket, struct mmsghdr *messages, unsigned count, int flags))
{
	struct tshm_here here = TSHM_HERE(sendmmsg);
	int result = TSHM_REAL(sendmmsg)(socket, messages, count, flags);

	tshm_note_sent_all(here, socket, messages, result);
	return result;
}

TSHM_HOOK(ssize_t, recvmsg, (int socket, struct msghdr *message, int flags))
{
	struct tshm_here here = TSHM_HERE(recvmsg);
	size_t room = here.on && tshm_readable(message, sizeof(*message)) ? message->msg_controllen : 0;
	ssize_t result = TSHM_REAL(recvmsg)(socket, message, flags);

	if (result >= 0 && here.on && (message->msg_controllen || (message->msg_flags & MSG_CTRUNC)))
		tshm_note_received(here, socket, message, room, flags);
	return result;
}

TSHM_HOOK(int, recvmmsg, (int socket, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit))
{
	struct tshm_here here = TSHM_HERE(recvmmsg);
	int result = TSHM_REAL(recvmmsg)(socket, messages, count, flags, limit);

	tshm_note_received_all(here, socket, messages, result, flags);
	return result;
}
