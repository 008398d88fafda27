/* SPDX-License-Identifier: MIT */
/* The double of libcudart: how it finds the driver and begins; devices, errors, versions. */
#include <dlfcn.h>
#include <pthread.h>

#include "runtime.h"

struct fake_calls fake_driver;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int found = CUDA_NO_DEVICE;
static __thread int last_error;

static __typeof__(cuGetProcAddress_v2) *look_up;
static __typeof__(cuGetProcAddress) *look_up_old;

static void *ask(const char *name, int version, unsigned flags)
{
	void *function = NULL;
	int status;

	if (look_up)
		(void)look_up(name, &function, version, flags, &status);
	else
		(void)look_up_old(name, &function, version, flags);
	return function;
}

static void find_driver(void)
{
	void *library = dlopen("libcuda.so.1", RTLD_NOW);

	if (!library)
		return;
	look_up = (__typeof__(look_up))dlsym(library, "cuGetProcAddress_v2");
	if (!look_up)
		look_up_old = (__typeof__(look_up_old))dlsym(library, "cuGetProcAddress");
	if (!look_up && !look_up_old)
		return;
	(void)ask("", 0, 0);
#define FAKE_REQUEST(field, name, version, flags, type) \
	fake_driver.field = (__typeof__(fake_driver.field))ask(#name, version, flags);
#include "requests.def"
#undef FAKE_REQUEST
	if (fake_driver.init && fake_driver.retain && fake_driver.get_current && fake_driver.set_current)
		found = fake_driver.init(0);
}

int fake_find_driver(void)
{
	pthread_once(&once, find_driver);
	return found;
}

int fake_ready(void)
{
	void *context;
	int active = 0, error = fake_find_driver();
	unsigned flags;

	if (error)
		return error;
	error = fake_driver.get_current(&context);
	if (error)
		return error;
	if (context && (fake_driver.get_state(0, &flags, &active) || active))
		return 0;
	/* None yet, or the device was reset. */
	error = fake_driver.retain(&context, 0);
	return error ? error : fake_driver.set_current(context);
}

int fake_tell(int error)
{
	if (error)
		last_error = error;
	return error;
}

int cudaGetLastError(void)
{
	int error = last_error;

	last_error = 0;
	return error;
}

const char *cudaGetErrorString(int error)
{
	const char *text = NULL;

	if (fake_find_driver() == 0 && fake_driver.error_string)
		(void)fake_driver.error_string(error, &text);
	return text ? text : "unrecognized error code";
}

int cudaDriverGetVersion(int *version)
{
	(void)fake_find_driver();
	*version = 0;
	return fake_driver.driver_version ? fake_tell(fake_driver.driver_version(version)) : CUDA_OK;
}

int cudaRuntimeGetVersion(int *version)
{
	*version = FAKE_RUNTIME;
	return CUDA_OK;
}

int cudaGetDeviceCount(int *count)
{
	int error = fake_find_driver();

	*count = 0;
	return fake_tell(error ? error : fake_driver.device_count(count));
}

int cudaGetDevice(int *device)
{
	int error = fake_find_driver();

	*device = 0;
	return fake_tell(error);
}

int cudaSetDevice(int device)
{
	return fake_tell(device == 0 ? fake_ready() : CUDA_INVALID_DEVICE);
}

int cudaDeviceReset(void)
{
	int error = fake_find_driver();

	return fake_tell(error ? error : fake_driver.reset(0));
}

int cudaDeviceSynchronize(void)
{
	return FAKE_CALL(synchronize);
}

static int entry_point(const char *name, void **function, unsigned version, unsigned long long flags, int *status)
{
	int ignored, error = fake_find_driver();

	if (!error && !fake_driver.look_up)
		error = CUDA_NOT_SUPPORTED;
	if (error)
		return fake_tell(error);
	error = fake_driver.look_up(name, function, (int)version, flags, status ? status : &ignored);
	/* That there is none is said by the status. */
	return fake_tell(error == CUDA_NOT_FOUND ? CUDA_OK : error);
}

int cudaGetDriverEntryPoint(const char *name, void **function, unsigned long long flags, int *status)
{
	return entry_point(name, function, FAKE_RUNTIME, flags, status);
}

int cudaGetDriverEntryPoint_ptsz(const char *name, void **function, unsigned long long flags, int *status)
{
	return entry_point(name, function, FAKE_RUNTIME, flags ? flags : CUDA_PROC_PER_THREAD_STREAM, status);
}

int cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version, unsigned long long flags,
				     int *status)
{
	return entry_point(name, function, version, flags, status);
}

int cudaGetDriverEntryPointByVersion_ptsz(const char *name, void **function, unsigned version,
					  unsigned long long flags, int *status)
{
	return entry_point(name, function, version, flags ? flags : CUDA_PROC_PER_THREAD_STREAM, status);
}
