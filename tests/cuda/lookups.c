/* SPDX-License-Identifier: MIT */
/*
 * lookups [MODULE]: what all kinds of look-ups give, and what dlerror() says then.  The output is the
 * same bare and under libtshm.so; what cannot be is said by KNOWN, not by the text.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {
	"cuInit", "cuMemAlloc_v2", "cuGetProcAddress_v2", "cuIpcGetMemHandle", "cuMemAlloc", "cuNothing", "cudaMalloc",
	"cudaIpcGetMemHandle", "cublasCreate_v2", "curl_easy_init", "cu", "c", "", "malloc", "open", "dlsym", "nothing",
};

#define OURS 4	/* of them libtshm.so defines without a version */

static void say(const char *how, const char *name, void *found)
{
	const char *error = dlerror();

	/*
	 * KNOWN: a name that is ours alone is looked for behind libtshm.so, and its path is in the text
	 * where bare the caller's is.
	 */
	if (error && strstr(error, "libtshm.so: undefined symbol: cu"))
		error = strstr(error, ": undefined");
	else if (error && strncmp(name, "cu", 2) == 0 && strstr(error, ": undefined symbol: cu"))
		error = strstr(error, ": undefined");
	printf("%s \"%s\": %s%s%s\n", how, name, found ? "found" : "NULL", error ? ", " : "", error ? error : "");
}

static void look_everywhere(const char *module)
{
	void *all = dlopen(NULL, RTLD_NOW), *libm = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		say("default", names[i], dlsym(RTLD_DEFAULT, names[i]));
		say("next", names[i], dlsym(RTLD_NEXT, names[i]));
		say("all", names[i], dlsym(all, names[i]));
		say("libm", names[i], dlsym(libm, names[i]));
		say("default, versioned", names[i], dlvsym(RTLD_DEFAULT, names[i], "GLIBC_2.2.5"));
		say("libm, versioned", names[i], dlvsym(libm, names[i], "GLIBC_2.29"));
	}
	printf("libm is %s\n", dlsym(libm, "cos") == dlvsym(libm, "cos", "GLIBC_2.2.5") ? "itself" : "another");
	for (int deep = 0; module && deep < 2; deep++) {
		void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL | (deep ? RTLD_DEEPBIND : 0));
		void *(*ask)(void *, const char *) = library ? (void *(*)(void *, const char *))dlsym(library, "ask") : NULL;

		if (!ask) {
			printf("%s\n", dlerror());
			exit(1);
		}
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			say(deep ? "deep, next" : "local, next", names[i], ask(RTLD_NEXT, names[i]));
			/* KNOWN: its own libc comes first for it, whose dlsym finds our names of the driver. */
			if (deep && i < OURS)
				continue;
			say(deep ? "deep, default" : "local, default", names[i], ask(RTLD_DEFAULT, names[i]));
			say(deep ? "deep, all" : "local, all", names[i], ask(all, names[i]));
		}
		dlclose(library);
	}
	dlclose(libm);
	dlclose(all);
}

/* An error that is pending stays so, whatever we call in between. */
static void keep_error(void)
{
	printf("%s\n", dlopen("/nowhere/lib.so", RTLD_NOW) ? "?" : "no /nowhere/lib.so");
	free(malloc(16));
	close(open("/dev/null", 0));
	printf("pending: %s\n", dlerror());
}

#define ROUNDS 300
static void *load_and_unload(void *name)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);

		if (!library || dlsym(library, "cuInit") || !dlsym(library, "cos"))
			return (void *)"load_and_unload";
		dlclose(library);
	}
	return NULL;
}

static void *look(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		if (!dlsym(RTLD_DEFAULT, "malloc") || dlsym(RTLD_DEFAULT, "cuNothing") || dlsym(RTLD_NEXT, "nothing"))
			return (void *)"look";
	return NULL;
}

static void race(void)
{
	pthread_t threads[4];
	void *bad;

	pthread_create(&threads[0], NULL, load_and_unload, "libm.so.6");
	pthread_create(&threads[1], NULL, load_and_unload, "libm.so.6");
	pthread_create(&threads[2], NULL, look, NULL);
	pthread_create(&threads[3], NULL, look, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		printf("%s\n", bad ? (const char *)bad : "raced");
	}
}

int main(int argc, char **argv)
{
	pid_t child;

	alarm(60);
	look_everywhere(argc > 1 ? argv[1] : NULL);
	keep_error();
	race();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		say("child", "cuInit", dlsym(RTLD_DEFAULT, "cuInit"));
		exit(0);
	}
	return child < 0 || waitpid(child, NULL, 0) != child;
}
