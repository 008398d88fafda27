/* SPDX-License-Identifier: MIT */
/* The double of libcuda: the process, errors, devices, and what handles say. */
#include <pthread.h>

#include "driver.h"

#define MAGIC 0x6b61662d6d687374u

struct fake_who fake_self;
const char *fake_dir;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int begun, ended;
static uint64_t numbers;

/* When a process began, in the kernel's ticks: field 22, counted after the name, which may hold anything. */
static uint64_t start_of(int pid)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fake_read(path, text, sizeof(text)) <= 0 || !(at = strrchr(text, ')')))
		return 0;
	if (at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X'))
		return 0;	/* it has let go of everything already */
	for (int field = 2; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

int fake_is_alive(const struct fake_who *who)
{
	return who->start && start_of(who->pid) == who->start;
}

int cuInit(unsigned flags)
{
	const char *dir = getenv("TSHM_FAKE_CUDA_DIR");
	int pid = fake_pid();

	if (flags)
		return CUDA_INVALID_VALUE;
	if (ended)
		return CUDA_DEINITIALIZED;
	if (!dir || strlen(dir) > FAKE_PATH - 80)
		return CUDA_NO_DEVICE;
	if (begun)
		return fake_self.pid == pid ? CUDA_OK : CUDA_NOT_INITIALIZED;
	pthread_mutex_lock(&lock);
	fake_dir = dir;
	fake_self = (struct fake_who){ .pid = pid, .start = start_of(pid) };
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	return CUDA_OK;
}

__attribute__((destructor)) static void end(void)
{
	ended = 1;
}

int fake_enter(void)
{
	if (ended)
		return CUDA_DEINITIALIZED;
	/* A child of an initialised process has nothing, not even the lock: it may be another thread's. */
	if (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE) || fake_self.pid != fake_pid())
		return CUDA_NOT_INITIALIZED;
	pthread_mutex_lock(&lock);
	return CUDA_OK;
}

int fake_enter_context(struct fake_context **context)
{
	int error = fake_enter();

	if (error)
		return error;
	*context = fake_current();
	if (!*context)
		return fake_leave(CUDA_INVALID_CONTEXT);
	if (!(*context)->alive)
		return fake_leave(CUDA_CONTEXT_IS_DESTROYED);
	return CUDA_OK;
}

int fake_leave(int error)
{
	pthread_mutex_unlock(&lock);
	return error;
}

uint64_t fake_number(void)
{
	return ++numbers;
}

/* Opaque to all but us: its bytes look like nothing. */
static void scramble(void *handle)
{
	unsigned char *bytes = handle;

	for (unsigned i = 0; i < sizeof(struct cuda_handle); i++)
		bytes[i] ^= (unsigned char)(i * 73 + 41);
}

static const char *type_of(enum fake_kind kind)
{
	return kind == FAKE_EVENT ? "event" : "memory";
}

int fake_wrap(struct cuda_handle *handle, const struct fake_ticket *ticket)
{
	struct fake_ticket whole = *ticket;
	char path[FAKE_PATH];

	whole.magic = MAGIC;
	whole.owner = fake_self;
	memcpy(handle, &whole, sizeof(*handle));
	scramble(handle);
	fake_path(path, type_of((enum fake_kind)whole.kind), &fake_self, whole.number);
	return fake_touch(path);
}

int fake_unwrap(struct fake_ticket *ticket, const struct cuda_handle *handle, enum fake_kind kind)
{
	char path[FAKE_PATH];

	memcpy(ticket, handle, sizeof(*ticket));
	scramble(ticket);
	if (ticket->magic != MAGIC || ticket->kind != (uint32_t)kind)
		return 0;
	fake_path(path, type_of(kind), &ticket->owner, ticket->number);
	return fake_exists(path) && fake_is_alive(&ticket->owner);
}

int cuDriverGetVersion(int *version)
{
	if (!version)
		return CUDA_INVALID_VALUE;
	*version = FAKE_VERSION;
	return CUDA_OK;
}

static const struct {
	int error;
	const char *name, *text;
} errors[] = {
	{ CUDA_OK, "CUDA_SUCCESS", "no error" },
	{ CUDA_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument" },
	{ CUDA_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory" },
	{ CUDA_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error" },
	{ CUDA_DEINITIALIZED, "CUDA_ERROR_DEINITIALIZED", "driver shutting down" },
	{ CUDA_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected" },
	{ CUDA_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal" },
	{ CUDA_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context" },
	{ CUDA_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle" },
	{ CUDA_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found" },
	{ CUDA_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed" },
	{ CUDA_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported" },
};

static int describe(int error, int wants_name, const char **out)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].error == error) {
			*out = wants_name ? errors[i].name : errors[i].text;
			return CUDA_OK;
		}
	}
	*out = NULL;
	return CUDA_INVALID_VALUE;
}

int cuGetErrorName(int error, const char **name)
{
	return describe(error, 1, name);
}

int cuGetErrorString(int error, const char **text)
{
	return describe(error, 0, text);
}

int cuDeviceGetCount(int *count)
{
	int error = fake_enter();

	if (error)
		return error;
	*count = 1;
	return fake_leave(CUDA_OK);
}

int cuDeviceGet(int *device, int ordinal)
{
	int error = fake_enter();

	if (error)
		return error;
	*device = 0;
	return fake_leave(ordinal == 0 ? CUDA_OK : CUDA_INVALID_DEVICE);
}
