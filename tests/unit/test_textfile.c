// SPDX-License-Identifier: GPL-2.0-or-later
/* A file replaced whole, in directories of our making, hostile ones too; and sd_notify's datagram. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "verbs/notify.h"
#include "verbs/textfile.h"

#define NOBODY 65534

static char dir[] = "/tmp/rf-textfile-XXXXXX";
static char file[PATH_MAX];

static const char *at(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

static int make_dir(void **state)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return -1;
	snprintf(file, sizeof(file), "%s/ringfence.prom", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t nr = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		nr += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return nr;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *path, const char *text)
{
	char buf[256] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(buf, text);
}

static void expect_open(const char *path, int expected, const char *word)
{
	char err[RF_TEXTFILE_ERR] = "";
	struct rf_textfile t;
	int ret = rf_textfile_open(&t, path, err, sizeof(err));

	rf_textfile_clear(&t);
	if (ret != expected)
		fail_msg("%s: %d, not %d: %s", path, ret, expected, err);
	if (expected && !strstr(err, word))
		fail_msg("%s: no \"%s\" in: %s", path, word, err);
}

static void open_file(struct rf_textfile *t, const char *path)
{
	char err[RF_TEXTFILE_ERR];

	if (rf_textfile_open(t, path, err, sizeof(err)))
		fail_msg("%s", err);
}

static void versions(void **state)
{
	struct rf_textfile t;
	struct stat st, next;
	mode_t mask = umask(077);

	open_file(&t, file);
	assert_int_equal(entries(), 0);
	assert_int_equal(rf_textfile_write(&t, "one\n", 4), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_holds(file, "one\n");
	assert_int_equal(rf_textfile_write(&t, "2\n", 2), 0);
	assert_holds(file, "2\n");
	/* another file: who reads the former one reads it to its end */
	assert_int_equal(stat(file, &next), 0);
	assert_true(st.st_ino != next.st_ino || entries() == 1);
	assert_int_equal(entries(), 1);
	rf_textfile_clear(&t);
	umask(mask);
}

/* A reader that has the file open keeps the version that it opened. */
static void reader_keeps_its_version(void **state)
{
	struct rf_textfile t;
	char buf[16] = "";
	int fd;

	open_file(&t, file);
	assert_int_equal(rf_textfile_write(&t, "first", 5), 0);
	fd = open(file, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(rf_textfile_write(&t, "other", 5), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 5);
	assert_string_equal(buf, "first");
	close(fd);
	rf_textfile_clear(&t);
}

static void relative(void **state)
{
	char before[PATH_MAX], path[PATH_MAX];
	struct rf_textfile t;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(dir), 0);
	open_file(&t, "x.prom");
	assert_int_equal(rf_textfile_write(&t, "x", 1), 0);
	rf_textfile_clear(&t);
	snprintf(path, sizeof(path), "..//./%s/x.prom", strrchr(dir, '/') + 1);
	open_file(&t, path);
	assert_int_equal(rf_textfile_write(&t, "y", 1), 0);
	rf_textfile_clear(&t);
	assert_int_equal(chdir(before), 0);
	assert_holds(at("x.prom"), "y");
}

static void bad_places(void **state)
{
	put(at("plain"), "");
	assert_int_equal(mkdir(at("sub"), 0755), 0);
	assert_int_equal(mkfifo(at("fifo"), 0644), 0);
	assert_int_equal(symlink("plain", at("link")), 0);
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	expect_open(at("missing/x.prom"), -ENOENT, "no directory");
	expect_open(at("plain/x.prom"), -ENOTDIR, "no directory");
	expect_open(at("sub"), -EISDIR, "directory");
	expect_open(at("sub/"), -EISDIR, "directory");
	expect_open(at("sub/.."), -EISDIR, "directory");
	expect_open(at("fifo"), -EINVAL, "plain file");
	expect_open(at("link"), -ELOOP, "symbolic link");
	expect_open(at("dangling"), -ELOOP, "symbolic link");
	assert_holds(at("plain"), "");
}

/* Links that root or the caller has made are as good as a path. */
static void links_of_our_own(void **state)
{
	struct rf_textfile t;

	assert_int_equal(mkdir(at("real"), 0755), 0);
	assert_int_equal(mkdir(at("real/deep"), 0755), 0);
	assert_int_equal(symlink(dir, at("absolute")), 0);
	assert_int_equal(symlink("absolute/real", at("relative")), 0);
	assert_int_equal(symlink("loop", at("loop")), 0);
	open_file(&t, at("relative/deep/../x.prom"));
	assert_int_equal(rf_textfile_write(&t, "x", 1), 0);
	assert_holds(at("real/x.prom"), "x");
	rf_textfile_clear(&t);
	expect_open(at("loop/x.prom"), -ELOOP, "");
}

static void links_of_others(void **state)
{
	struct rf_textfile t;

	if (geteuid())
		skip();
	assert_int_equal(mkdir(at("real"), 0755), 0);
	assert_int_equal(symlink("real", at("planted")), 0);
	assert_int_equal(lchown(at("planted"), NOBODY, NOBODY), 0);
	expect_open(at("planted/x.prom"), -ENOLINK, "another user");
	expect_open(at("planted/../x.prom"), -ENOLINK, "another user");

	/* planted later, where the directory was */
	open_file(&t, at("real/x.prom"));
	assert_int_equal(rf_textfile_write(&t, "x", 1), 0);
	assert_int_equal(mkdir(at("target"), 0755), 0);
	assert_int_equal(rename(at("real"), at("moved")), 0);
	assert_int_equal(symlink("target", at("real")), 0);
	assert_int_equal(lchown(at("real"), NOBODY, NOBODY), 0);
	assert_int_equal(rf_textfile_write(&t, "y", 1), -ENOLINK);
	assert_int_equal(access(at("target/x.prom"), F_OK), -1);
	rf_textfile_clear(&t);
}

/* What stands where the next version is written, and where it goes. */
static void planted_names(void **state)
{
	struct rf_textfile t;
	char name[64];

	put(at("victim"), "unharmed");
	open_file(&t, file);
	snprintf(name, sizeof(name), ".ringfence.prom.%d.tmp", (int)getpid());
	assert_int_equal(symlink("victim", at(name)), 0);
	assert_int_equal(rf_textfile_write(&t, "good", 4), 0);
	assert_holds(file, "good");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("victim", file), 0);
	assert_int_equal(rf_textfile_write(&t, "bad", 3), -ELOOP);
	assert_holds(at("victim"), "unharmed");
	/* nothing is left of the try */
	assert_int_equal(entries(), 2);
	rf_textfile_clear(&t);
}

static void remains(void **state)
{
	struct rf_textfile t;
	int held;

	put(at(".ringfence.prom.4000000.tmp"), "half");
	put(at(".ringfence.prom.4000001.tmp"), "under way");
	put(at(".ringfence.prom.x.tmp"), "not ours");
	put(at(".other.prom.4000000.tmp"), "not ours");
	put(file, "good");
	held = open(at(".ringfence.prom.4000001.tmp"), O_RDONLY);
	assert_int_equal(flock(held, LOCK_EX), 0);
	open_file(&t, file);
	assert_int_equal(entries(), 4);
	assert_int_equal(access(at(".ringfence.prom.4000000.tmp"), F_OK), -1);
	assert_holds(file, "good");
	close(held);
	rf_textfile_clear(&t);
}

static void directory_comes_and_goes(void **state)
{
	struct rf_textfile t;

	assert_int_equal(mkdir(at("sub"), 0755), 0);
	open_file(&t, at("sub/x.prom"));
	assert_int_equal(rf_textfile_write(&t, "1", 1), 0);
	assert_int_equal(rename(at("sub"), at("elsewhere")), 0);
	assert_int_equal(rf_textfile_write(&t, "2", 1), -ENOENT);
	assert_int_equal(t.failing, ENOENT);
	assert_int_equal(rf_textfile_write(&t, "3", 1), -ENOENT);
	assert_int_equal(mkdir(at("sub"), 0755), 0);
	assert_int_equal(rf_textfile_write(&t, "4", 1), 0);
	assert_int_equal(t.failing, 0);
	assert_holds(at("sub/x.prom"), "4");
	assert_holds(at("elsewhere/x.prom"), "1");
	rf_textfile_clear(&t);
}

static void long_names(void **state)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%0250d.prom", dir, 7);
	expect_open(path, -ENAMETOOLONG, "");
	snprintf(path, sizeof(path), "%s/%05000d/x.prom", dir, 7);
	expect_open(path, -ENAMETOOLONG, "");
}

static void notify_to(const char *shown, const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char buf[32] = "";

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)address, len), 0);
	setenv("NOTIFY_SOCKET", shown, 1);
	assert_int_equal(rf_notify("READY=1"), 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 7);
	assert_string_equal(buf, "READY=1");
	close(fd);
}

static void notify(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = at("socket");
	char name[64];

	strcpy(address.sun_path, path);
	notify_to(path, &address, sizeof(address));
	snprintf(name, sizeof(name), "@rf-test-%d", (int)getpid());
	memset(&address.sun_path, 0, sizeof(address.sun_path));
	strcpy(address.sun_path + 1, name + 1);
	notify_to(name, &address,
	          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(rf_notify("READY=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", at("nobody"), 1);
	assert_int_equal(rf_notify("READY=1"), -ENOENT);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(rf_notify("READY=1"), 0);
}

#define dir_test(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dir_test(versions),
		dir_test(reader_keeps_its_version),
		dir_test(relative),
		dir_test(bad_places),
		dir_test(links_of_our_own),
		dir_test(links_of_others),
		dir_test(planted_names),
		dir_test(remains),
		dir_test(directory_comes_and_goes),
		dir_test(long_names),
		dir_test(notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
