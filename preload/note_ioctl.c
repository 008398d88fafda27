/* SPDX-License-Identifier: MIT */
/* Requests of ioctl(2) that concern descriptors.  Their numbers are those of the kernel's headers (linux/...). */
#include <sys/ioctl.h>

#include "note.h"

/* Those that return a descriptor. */
#define TSHM_IOCTLS_RESULT(X) \
	X(0x5441)	/* TIOCGPTPEER */ \
	X(0x54e3)	/* TUNGETDEVNETNS */ \
	X(0x894c)	/* SIOCGSKNS */ \
	X(0xaa00)	/* USERFAULTFD_IOC_NEW */ \
	X(0xae01)	/* KVM_CREATE_VM */ \
	X(0xae41)	/* KVM_CREATE_VCPU */ \
	X(0xaece)	/* KVM_GET_STATS_FD */ \
	X(0xb701)	/* NS_GET_USERNS */ \
	X(0xb702)	/* NS_GET_PARENT */ \
	X(0x3b6a)	/* VFIO_GROUP_GET_DEVICE_FD */ \
	X(0xff01) X(0xff02) X(0xff03) X(0xff04) X(0xff05)	/* PIDFD_GET_CGROUP_NAMESPACE and its like */ \
	X(0xff06) X(0xff07) X(0xff08) X(0xff09) X(0xff0a) \
	X(0x40187542)	/* UDMABUF_CREATE */ \
	X(0x40087543)	/* UDMABUF_CREATE_LIST */
/* Those that write one into the third word of their argument. */
#define TSHM_IOCTLS_FIELD(X) \
	X(0xc0184800)	/* DMA_HEAP_IOCTL_ALLOC */ \
	X(0xc00c642d)	/* DRM_IOCTL_PRIME_HANDLE_TO_FD */

/* A few others share a key with these. */
const bool tshm_ioctl_keys[256] = {
	[TSHM_IOCTL_KEY(FIOCLEX)] = true, [TSHM_IOCTL_KEY(FIONCLEX)] = true,
#define TSHM_IOCTL(request) [TSHM_IOCTL_KEY(request)] = true,
	TSHM_IOCTLS_RESULT(TSHM_IOCTL)
	TSHM_IOCTLS_FIELD(TSHM_IOCTL)
#undef TSHM_IOCTL
};

int tshm_note_ioctl(struct tshm_here here, int fd, unsigned long request, const void *argument, int result)
{
	if (!here.on || result < 0)
		return result;
	switch (request) {
	case FIOCLEX:
	case FIONCLEX:
		tshm_note_cloexec(fd, request == FIOCLEX);
		return result;
#define TSHM_IOCTL(request) case request:
	TSHM_IOCTLS_RESULT(TSHM_IOCTL)
		return tshm_note_looked_at(here, result, TSHM_KIND_DESCRIPTOR);
	TSHM_IOCTLS_FIELD(TSHM_IOCTL)
		tshm_note_looked_at(here, ((const int *)argument)[2], TSHM_KIND_DESCRIPTOR);
#undef TSHM_IOCTL
	}
	return result;
}
