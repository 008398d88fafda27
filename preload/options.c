/* SPDX-License-Identifier: MIT */
/* TSHM_OPTIONS, TSHM_DIR, TSHM_BOOT, and where ledgers go without them. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "bytes.h"
#include "cfi.h"
#include "image.h"
#include "sys.h"

#define TSHM_TMPFS 0x01021994	/* TMPFS_MAGIC, linux/magic.h */

struct tshm_options tshm_options = { .enabled = true, .python = true, .depth = 16, .unwinder = TSHM_UNWIND_CFI };

static const char tshm_help[] =
	"TSHM_OPTIONS=key=value:key=value  options of libtshm.so\n"
	"  depth=N       frames kept of a stack, 0 to 32 (16)\n"
	"  enabled=0|1   0: note nothing (1)\n"
	"  help=1        print this list\n"
	"  python=0|1    Python frames in stacks (1)\n"
	"  unwinder=U    auto, cfi, libunwind, none (auto: cfi where it works, else libunwind)\n"
	"  verbose=1     say on standard error where the ledger is (0)\n";

static bool tshm_option_number(const char *value, size_t n, unsigned max, unsigned *out)
{
	unsigned number = 0;

	if (!n || n > 4)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		number = number * 10 + (unsigned)(value[i] - '0');
	}
	*out = number < max ? number : max;
	return true;
}

static void tshm_option(const char *key, size_t key_size, const char *value, size_t size)
{
	unsigned number = 0;

#define IS(text) (key_size == sizeof(text) - 1 && !__builtin_memcmp(key, text, sizeof(text) - 1))
#define VALUE(text) (size == sizeof(text) - 1 && !__builtin_memcmp(value, text, sizeof(text) - 1))
	if (IS("depth") && tshm_option_number(value, size, TSHM_DEPTH_MAX, &number))
		tshm_options.depth = number;
	else if (IS("python") && tshm_option_number(value, size, 1, &number))
		tshm_options.python = number;
	else if (IS("enabled") && tshm_option_number(value, size, 1, &number))
		tshm_options.enabled = number;
	else if (IS("verbose") && tshm_option_number(value, size, 1, &number))
		tshm_options.verbose = number;
	else if (IS("help") && tshm_option_number(value, size, 1, &number) && number)
		TSHM_SYS3(SYS_write, 2, tshm_help, sizeof(tshm_help) - 1);
	else if (IS("unwinder"))
		tshm_options.unwinder = VALUE("none") ? TSHM_UNWIND_NONE :
					VALUE("libunwind") ? TSHM_UNWIND_LIBUNWIND : TSHM_UNWIND_CFI;
	/* An unknown key is no reason to speak: the program's stderr may be somebody's socket. */
#undef IS
#undef VALUE
}

static void tshm_options_parse(const char *text)
{
	while (*text) {
		const char *key = text, *value, *end;
		size_t key_size;

		while (*text && *text != '=' && *text != ':')
			text++;
		key_size = (size_t)(text - key);
		value = *text == '=' ? ++text : text;
		while (*text && *text != ':')
			text++;
		end = text;
		tshm_option(key, key_size, value, (size_t)(end - value));
		if (*text)
			text++;
	}
}

/* "BOOT-ID:PIDNS", from tshm-run: saves every process three reads in /proc. */
static void tshm_options_boot(const char *text)
{
	size_t n = 0;

	while (text[n] && text[n] != ':' && n + 1 < sizeof(tshm_options.boot_id)) {
		tshm_options.boot_id[n] = text[n];
		n++;
	}
	tshm_options.boot_id[n] = 0;
	if (text[n] != ':')
		return;
	for (const char *p = text + n + 1; *p >= '0' && *p <= '9'; p++)
		tshm_options.pidns = tshm_options.pidns * 10 + (uint64_t)(*p - '0');
}

static char tshm_runtime_dir[sizeof(tshm_options.dir) - 64];

void tshm_options_read(char **environment)
{
	for (char **e = environment; e && *e; e++) {
		if (tshm_starts(*e, "TSHM_OPTIONS="))
			tshm_options_parse(*e + 13);
		else if (tshm_starts(*e, "TSHM_DIR=/"))
			tshm_copy(tshm_options.dir, *e + 9, sizeof(tshm_options.dir));
		else if (tshm_starts(*e, "TSHM_BOOT="))
			tshm_options_boot(*e + 10);
		else if (tshm_starts(*e, "XDG_RUNTIME_DIR=/"))
			tshm_copy(tshm_runtime_dir, *e + 16, sizeof(tshm_runtime_dir));
	}
	if (tshm_options.unwinder == TSHM_UNWIND_CFI && !tshm_cfi_works())
		tshm_options.unwinder = TSHM_UNWIND_LIBUNWIND;
}

/* A directory of ours alone, made if need be. */
static bool tshm_own_dir(const char *path)
{
	struct stat st;
	long made = TSHM_SYS3(SYS_mkdirat, AT_FDCWD, path, 0700);

	if (made == 0)
		return true;
	return TSHM_SYS4(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == (uid_t)TSHM_SYS0(SYS_geteuid);
}

static bool tshm_has_room(const char *path, bool *tmpfs)
{
	struct statfs fs;

	if (TSHM_SYS2(SYS_statfs, path, &fs) != 0)
		return false;
	*tmpfs = (uint64_t)fs.f_type == TSHM_TMPFS;
	return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= 1u << 20;
}

bool tshm_options_choose_dir(bool *on_disk)
{
	char number[24] = "/tshm-";
	bool tmpfs;

	*on_disk = false;
	if (tshm_options.dir[0]) {
		*on_disk = tshm_has_room(tshm_options.dir, &tmpfs) && !tmpfs;
		return true;
	}
	tshm_append_number(number, 6, (uint64_t)TSHM_SYS0(SYS_geteuid), sizeof(number));
	for (int disk = 0; disk < 2; disk++) {	/* a disk only as the last resort */
		const char *bases[] = { tshm_runtime_dir, "/dev/shm", "/tmp" };

		for (int i = 0; i < 3; i++) {
			size_t at;

			if (!bases[i][0] || !tshm_has_room(bases[i], &tmpfs) || tmpfs == (disk != 0))
				continue;
			at = tshm_copy(tshm_options.dir, bases[i], sizeof(tshm_options.dir) - 40);
			at = tshm_append(tshm_options.dir, at, i ? number : "/tshm", sizeof(tshm_options.dir));
			if (!tshm_own_dir(tshm_options.dir))
				continue;
			tshm_append(tshm_options.dir, at, "/loose", sizeof(tshm_options.dir));
			if (!tshm_own_dir(tshm_options.dir))
				continue;
			*on_disk = disk;
			return true;
		}
	}
	tshm_options.dir[0] = 0;
	return false;
}
