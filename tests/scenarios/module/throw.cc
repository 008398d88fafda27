/* SPDX-License-Identifier: MIT */
/*
 * A module in C++ for a program in C, which itself needs no libgcc_s: whatever of the
 * unwinder lies in the global scope comes before this module's own.
 */
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>
#include <unwind.h>

#define KEEP __attribute__((noinline))

namespace {

/* A descriptor that lives as long as its frame; the exception closes it on its way. */
struct holder {
	int fd;
	explicit holder(int source) : fd(source < 0 ? -1 : dup(source)) { }
	~holder() { if (fd >= 0) close(fd); }
};

/* Acquires while an exception passes by, and keeps it. */
struct leaker {
	int source;
	~leaker() { if (source >= 0 && dup(source) < 0) _exit(98); }
};

KEEP int deeper(int depth, int source)
{
	holder held(source);

	if (depth == 0)
		throw std::runtime_error("thrown");
	return deeper(depth - 1, source) + held.fd;
}

}

extern "C" {

/* 1 if what was thrown DEPTH frames down was caught; each frame holds a duplicate of source (-1: of nothing). */
KEEP int throw_through(int depth, int source)
{
	try {
		return deeper(depth, source);
	} catch (const std::exception &) {
		return 1;
	}
}

/* Through a frame of the program's, which is C: the caller catches what CALL throws. */
KEEP int throw_back(int (*call)(void (*)(int), int), int source)
{
	try {
		return call([](int from) {
			leaker keeps = { from };
			deeper(3, from);
		}, source);
	} catch (...) {
		return 1;
	}
}

/* Who serves this module: what the loader bound its references to. */
extern const struct bound { const char *name; void *at; } throw_bound[];
const struct bound throw_bound[] = {
	{ "_Unwind_RaiseException", reinterpret_cast<void *>(_Unwind_RaiseException) },
	{ "_Unwind_Resume", reinterpret_cast<void *>(_Unwind_Resume) },
	{ "_Unwind_Resume_or_Rethrow", reinterpret_cast<void *>(_Unwind_Resume_or_Rethrow) },
	{ "_Unwind_ForcedUnwind", reinterpret_cast<void *>(_Unwind_ForcedUnwind) },
	{ "_Unwind_DeleteException", reinterpret_cast<void *>(_Unwind_DeleteException) },
	{ "_Unwind_Backtrace", reinterpret_cast<void *>(_Unwind_Backtrace) },
	{ "_Unwind_GetIP", reinterpret_cast<void *>(_Unwind_GetIP) },
	{ "_Unwind_GetIPInfo", reinterpret_cast<void *>(_Unwind_GetIPInfo) },
	{ "_Unwind_SetIP", reinterpret_cast<void *>(_Unwind_SetIP) },
	{ "_Unwind_SetGR", reinterpret_cast<void *>(_Unwind_SetGR) },
	{ "_Unwind_GetCFA", reinterpret_cast<void *>(_Unwind_GetCFA) },
	{ "_Unwind_GetLanguageSpecificData", reinterpret_cast<void *>(_Unwind_GetLanguageSpecificData) },
	{ "_Unwind_FindEnclosingFunction", reinterpret_cast<void *>(_Unwind_FindEnclosingFunction) },
	{ nullptr, nullptr },
};

}
