/* SPDX-License-Identifier: MIT */
/* Requests of ioctl(2) that concern descriptors.  Their numbers are those of the kernel's headers (linux/...). */
#include <sys/ioctl.h>

#include "note.h"

enum tshm_ioctl tshm_ioctl_what(unsigned long request)
{
	switch (request) {
	case FIOCLEX: return TSHM_IOCTL_CLOEXEC;
	case FIONCLEX: return TSHM_IOCTL_NO_CLOEXEC;
	case 0x5441:		/* TIOCGPTPEER */
	case 0x54e3:		/* TUNGETDEVNETNS */
	case 0x894c:		/* SIOCGSKNS */
	case 0xaa00:		/* USERFAULTFD_IOC_NEW */
	case 0xae01:		/* KVM_CREATE_VM */
	case 0xae41:		/* KVM_CREATE_VCPU */
	case 0xaece:		/* KVM_GET_STATS_FD */
	case 0xb701:		/* NS_GET_USERNS */
	case 0xb702:		/* NS_GET_PARENT */
	case 0x3b6a:		/* VFIO_GROUP_GET_DEVICE_FD */
	case 0xff01 ... 0xff0a:	/* PIDFD_GET_CGROUP_NAMESPACE and its like */
	case 0x40187542:	/* UDMABUF_CREATE */
	case 0x40087543:	/* UDMABUF_CREATE_LIST */
		return TSHM_IOCTL_RESULT;
	case 0xc0184800:	/* DMA_HEAP_IOCTL_ALLOC */
	case 0xc00c642d:	/* DRM_IOCTL_PRIME_HANDLE_TO_FD */
		return TSHM_IOCTL_FIELD;
	}
	return TSHM_IOCTL_OTHER;
}

int tshm_note_ioctl(struct tshm_here here, enum tshm_ioctl what, int fd, const void *argument, int result)
{
	if (!here.on || result < 0)
		return result;
	if (what == TSHM_IOCTL_RESULT)
		return tshm_note_looked_at(here, result, TSHM_KIND_DESCRIPTOR);
	if (what == TSHM_IOCTL_FIELD)
		tshm_note_looked_at(here, ((const int *)argument)[2], TSHM_KIND_DESCRIPTOR);
	else
		tshm_note_cloexec(fd, what == TSHM_IOCTL_CLOEXEC);
	return result;
}
