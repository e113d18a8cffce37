// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cgroups: the choice among a process' cgroups, paths and ids in a tree of plain directories
 * (which has inode numbers, as cgroups do), and, as root, in this host's own hierarchies.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "identity/cgroup.h"

static void choices(void **state)
{
	static const struct {
		const char *text;
		const char *path; /* NULL: -ENOENT */
	} cases[] = {
		{ "0::/system.slice/ssh.service\n", "/system.slice/ssh.service" },
		{ "0::/\n", "/" },
		{ "0::/", "/" },
		/* v1 alone: the deepest of those that say where a process is. */
		{ "4:memory:/a\n1:name=systemd:/a/b\n2:cpu,cpuacct:/x/y/z\n", "/a/b" },
		{ "8:pids:/p\n4:memory:/m\n", "/p" },
		{ "5:cpu,pids:/p/q\n4:memory:/m\n", "/p/q" },
		/* Both: v2, unless it says nothing. */
		{ "1:name=systemd:/a/b\n0::/c\n", "/c" },
		{ "0::/\n1:name=systemd:/a/b\n", "/a/b" },
		{ "4:memory:/process_api/7\n2:cpu:/x\n0::/\n", "/process_api/7" },
		{ "4:memory:/\n1:name=systemd:/\n0::/\n", "/" },
		{ "2:cpu:/x/y\n0::/\n", "/" },
		/* Hostile names: colons, a mark like the kernel's, blanks. */
		{ "0::/a:b::/c\n", "/a:b::/c" },
		{ "0::/a b (deleted)\n", "/a b" },
		{ "0::/a (deleted) b\n", "/a (deleted) b" },
		{ "1:name=systemdx:/a\n2:xmemory:/b\n", NULL },
		/* Outside of the reader's cgroup namespace. */
		{ "0::/../x\n", "/../x" },
		{ "", NULL },
		{ "\n\n", NULL },
		{ "garbage", NULL },
		{ "0:\n", NULL },
		{ "0::\n", NULL },
		{ "0::relative\n", NULL },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = rf_cgroup_choose(cases[i].text, buf, sizeof(buf));

		assert_int_equal(rc, cases[i].path ? 0 : -ENOENT);
		if (cases[i].path)
			assert_string_equal(buf, cases[i].path);
	}
	assert_int_equal(rf_cgroup_choose("0::/abc\n", buf, 4), -ENAMETOOLONG);
	assert_int_equal(rf_cgroup_choose("0::/abc\n", buf, 5), 0);
}

/* A tree of directories that mountinfo takes for hierarchies. */

struct tree {
	char dir[64];
	char mountinfo[96];
};

static void make_dir(const struct tree *t, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static ino_t inode(const struct tree *t, const char *path)
{
	char full[256];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	assert_int_equal(stat(full, &st), 0);
	return st.st_ino;
}

static int setup(void **state)
{
	static const char *const dirs[] = { "uni fied",
		                            "uni fied/system.slice",
		                            "uni fied/system.slice/ssh.service",
		                            "uni fied/only2",
		                            "memory",
		                            "memory/both",
		                            "memory/m1",
		                            "systemd",
		                            "systemd/both",
		                            "systemd/s1",
		                            "cpu",
		                            "cpu/m1",
		                            "cpu/c1",
		                            "part",
		                            "part/below",
		                            "part2" };
	struct tree *t = calloc(1, sizeof(*t));
	FILE *file;

	assert_non_null(t);
	strcpy(t->dir, "/tmp/rf-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(t, dirs[i]);
	snprintf(t->mountinfo, sizeof(t->mountinfo), "%s/mountinfo", t->dir);
	file = fopen(t->mountinfo, "we");
	assert_non_null(file);
	fprintf(file, "22 1 0:20 / /proc rw,nosuid - proc proc rw\n");
	fprintf(file, "broken line\n\n36 - cgroup2\n");
	fprintf(file,
	        "30 1 0:30 / %s/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n",
	        t->dir);
	fprintf(file, "31 1 0:31 / %s/cpu rw shared:1 master:2 - cgroup cgroup rw,cpu,cpuacct\n",
	        t->dir);
	fprintf(file, "32 1 0:32 / %s/memory rw - cgroup cgroup rw,memory\n", t->dir);
	fprintf(file, "33 1 0:33 /docker/x %s/part rw - cgroup cgroup rw,pids\n", t->dir);
	fprintf(file, "37 1 0:33 /docker/y %s/part2 rw - cgroup cgroup rw,pids\n", t->dir);
	fprintf(file, "34 1 0:34 /part %s/memory/m1 rw - cgroup2 cgroup rw\n", t->dir);
	fprintf(file, "35 1 0:34 / %s/uni\\040fied rw - cgroup2 cgroup rw,nsdelegate\n", t->dir);
	fprintf(file, "36 1 0:36 / %s/nowhere rw - cgroup cgroup rw,devices\n", t->dir);
	assert_int_equal(fclose(file), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", t->dir);
	assert_int_equal(system(command), 0);
	free(t);
	return 0;
}

static void opening(void **state)
{
	const struct tree *t = *state;
	const struct {
		const char *path;
		bool in_tree; /* path is in the file system, below the tree */
		const char *controller;
		const char *wanted;
		const char *directory;
	} cases[] = {
		{ "/system.slice/ssh.service", false, "", "/system.slice/ssh.service",
		  "uni fied/system.slice/ssh.service" },
		{ "system.slice//./ssh.service/", false, "", "/system.slice/ssh.service",
		  "uni fied/system.slice/ssh.service" },
		{ "/", false, "", "/", "uni fied" },
		{ "only2", false, "", "/only2", "uni fied/only2" },
		{ "both", false, "memory", "/both", "memory/both" },
		{ "m1", false, "memory", "/m1", "memory/m1" },
		{ "c1", false, "cpu,cpuacct", "/c1", "cpu/c1" },
		{ "s1", false, "name=systemd", "/s1", "systemd/s1" },
		{ "/docker/x/below", false, "pids", "/docker/x/below", "part/below" },
		{ "/docker/x", false, "pids", "/docker/x", "part" },
		{ "/uni fied/only2", true, "", "/only2", "uni fied/only2" },
		{ "/uni fied", true, "", "/", "uni fied" },
		{ "/systemd/both/", true, "name=systemd", "/both", "systemd/both" },
		{ "/cpu/m1", true, "cpu,cpuacct", "/m1", "cpu/m1" },
		{ "/part/below", true, "pids", "/docker/x/below", "part/below" },
	};
	struct rf_cgroups *cgroups;

	assert_int_equal(rf_cgroups_new_from(&cgroups, 16, t->mountinfo), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rf_cgroup cgroup;
		char path[256];
		char err[256] = "";

		snprintf(path, sizeof(path), "%s%s", cases[i].in_tree ? t->dir : "", cases[i].path);
		if (rf_cgroup_open(cgroups, path, &cgroup, err, sizeof(err)))
			fail_msg("%s: %s", path, err);
		assert_string_equal(cgroup.controller, cases[i].controller);
		assert_string_equal(cgroup.path, cases[i].wanted);
		assert_int_equal(cgroup.v2, !*cases[i].controller);
		assert_int_equal(cgroup.id, inode(t, cases[i].directory));
	}
	rf_cgroups_free(cgroups);
}

static void refusals(void **state)
{
	const struct tree *t = *state;
	static const struct {
		const char *path;
		int rc;
		const char *message;
	} cases[] = {
		{ "", -EINVAL, "bad cgroup path '': it is empty or has a '..'" },
		{ "..", -EINVAL, "bad cgroup path '..': it is empty or has a '..'" },
		{ "/a/../b", -EINVAL, "bad cgroup path '/a/../b': it is empty or has a '..'" },
		{ "/nosuch", -ENOENT, "no cgroup '/nosuch'; give a path below /sys/fs/cgroup" },
		{ "/docker/xy", -ENOENT,
		  "no cgroup '/docker/xy'; give a path below /sys/fs/cgroup" },
		{ "/file", -ENOTDIR, "'/file' is not a cgroup: it is no directory" },
		{ "/link", -ENOTDIR, "'/link' is not a cgroup: it is no directory" },
	};
	struct rf_cgroups *cgroups;
	struct rf_cgroup cgroup;
	char path[PATH_MAX + 16];
	char err[256];

	snprintf(path, sizeof(path), "%s/uni fied/file", t->dir);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
	snprintf(path, sizeof(path), "%s/uni fied/link", t->dir);
	assert_int_equal(symlink("/", path), 0);
	assert_int_equal(rf_cgroups_new_from(&cgroups, 16, t->mountinfo), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rf_cgroup_open(cgroups, cases[i].path, &cgroup, err, sizeof(err)),
		                 cases[i].rc);
		assert_string_equal(err, cases[i].message);
	}
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rf_cgroup_open(cgroups, path, &cgroup, err, sizeof(err)), -ENAMETOOLONG);
	rf_cgroups_free(cgroups);

	assert_int_equal(rf_cgroups_new_from(&cgroups, 16, "/dev/null"), 0);
	assert_int_equal(rf_cgroup_open(cgroups, "/", &cgroup, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "no cgroup hierarchy is mounted");
	rf_cgroups_free(cgroups);
	assert_int_equal(rf_cgroups_new_from(&cgroups, 16, "/nonexistent"), -ENOENT);
	assert_null(cgroups);
	rf_cgroups_free(NULL);
}

static void walking(void **state)
{
	const struct tree *t = *state;
	struct rf_cgroups *cgroups;
	char buf[128];

	assert_int_equal(rf_cgroups_new_from(&cgroups, 64, t->mountinfo), 0);
	assert_int_equal(rf_cgroups_refresh(cgroups, "nosuch", 10), -ENOENT);
	assert_int_equal(rf_cgroups_refresh(cgroups, "", 0), 0);
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied"), buf, sizeof(buf)),
	                 -ENOENT);

	/* The root and its two children, but not the third level. */
	assert_int_equal(rf_cgroups_refresh(cgroups, "", 3), 3);
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied"), buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/");
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied/only2"), buf, sizeof(buf)),
	                 0);
	assert_string_equal(buf, "/only2");
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied/system.slice/ssh.service"),
	                                buf, sizeof(buf)),
	                 -ENOENT);
	assert_int_equal(rf_cgroups_refresh(cgroups, "", 100), 4);
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied/system.slice/ssh.service"),
	                                buf, sizeof(buf)),
	                 0);
	assert_string_equal(buf, "/system.slice/ssh.service");
	assert_int_equal(rf_cgroup_path(cgroups, "", inode(t, "uni fied/only2"), buf, 6),
	                 -ENAMETOOLONG);

	/* An id counts within its hierarchy only. */
	assert_int_equal(
		rf_cgroup_path(cgroups, "memory", inode(t, "uni fied/only2"), buf, sizeof(buf)),
		-ENOENT);
	assert_int_equal(rf_cgroup_path(cgroups, "nosuch", 1, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(rf_cgroups_refresh(cgroups, "pids", 100), 2);
	assert_int_equal(rf_cgroup_path(cgroups, "pids", inode(t, "part/below"), buf, sizeof(buf)),
	                 0);
	assert_string_equal(buf, "/docker/x/below");
	rf_cgroups_free(cgroups);
}

/* Many more cgroups than the cache holds: it never gives a wrong path. */
static void small_cache(void **state)
{
	const struct tree *t = *state;
	struct rf_cgroups *cgroups;
	size_t kept = 0;

	for (int i = 0; i < 200; i++) {
		char path[64];

		snprintf(path, sizeof(path), "cpu/n%d", i);
		make_dir(t, path);
	}
	assert_int_equal(rf_cgroups_new_from(&cgroups, 20, t->mountinfo), 0);
	assert_int_equal(rf_cgroups_refresh(cgroups, "cpu,cpuacct", 1000), 203);
	for (int i = 0; i < 200; i++) {
		char path[64];
		char buf[64];

		snprintf(path, sizeof(path), "cpu/n%d", i);
		if (rf_cgroup_path(cgroups, "cpu,cpuacct", inode(t, path), buf, sizeof(buf)))
			continue;
		assert_string_equal(buf, path + strlen("cpu"));
		kept++;
	}
	assert_in_range(kept, 10, 20);
	rf_cgroups_free(cgroups);
}

/* This host's own hierarchies */

static bool find_mount(const char *type, const char *option, char *mount, size_t len)
{
	FILE *file = fopen("/proc/self/mounts", "re");
	char line[1024];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file)) {
		char where[256], what[64], options[512];

		if (sscanf(line, "%*s %255s %63s %511s", where, what, options) != 3 ||
		    strcmp(what, type) != 0 || (option && !strstr(options, option)))
			continue;
		snprintf(mount, len, "%s", where);
		found = access(mount, W_OK) == 0;
	}
	fclose(file);
	return found;
}

static uint64_t handle_id(const char *path)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = { .handle.handle_bytes = MAX_HANDLE_SZ };
	uint64_t id = 0;
	int mount_id;

	assert_int_equal(name_to_handle_at(AT_FDCWD, path, &h.handle, &mount_id, 0), 0);
	assert_int_equal(h.handle.handle_bytes, sizeof(id));
	memcpy(&id, h.handle.f_handle, sizeof(id));
	return id;
}

static void check_live(const char *mount, const char *controller)
{
	struct rf_cgroups *cgroups;
	struct rf_cgroups *fresh;
	struct rf_cgroup cgroup;
	char name[64], child[96], directory[384], parent[384], err[256], buf[256];
	int held;

	snprintf(name, sizeof(name), "/rf-test-%d", getpid());
	snprintf(child, sizeof(child), "%s/a:b \"x.scope", name);
	snprintf(parent, sizeof(parent), "%s%s", mount, name);
	snprintf(directory, sizeof(directory), "%s%s", mount, child);
	assert_int_equal(mkdir(parent, 0755), 0);
	assert_int_equal(mkdir(directory, 0755), 0);

	assert_int_equal(rf_cgroups_new(&cgroups, 64), 0);
	assert_int_equal(rf_cgroup_open(cgroups, directory, &cgroup, err, sizeof(err)), 0);
	assert_string_equal(cgroup.controller, controller);
	assert_string_equal(cgroup.path, child);
	assert_int_equal(cgroup.id, handle_id(directory));

	/* By its id alone, without ever having seen the path. */
	assert_int_equal(rf_cgroups_new(&fresh, 64), 0);
	assert_int_equal(rf_cgroup_path(fresh, controller, cgroup.id, buf, sizeof(buf)), 0);
	assert_string_equal(buf, child);
	rf_cgroups_free(fresh);

	/* A file in it is no cgroup, though it has an id. */
	snprintf(buf, sizeof(buf), "%s/cgroup.procs", mount);
	assert_int_equal(rf_cgroup_path(cgroups, controller, handle_id(buf), buf, sizeof(buf)),
	                 -ENOENT);
	snprintf(buf, sizeof(buf), "%s/cgroup.procs", mount);
	assert_int_equal(rf_cgroup_open(cgroups, buf, &cgroup, err, sizeof(err)), -ENOTDIR);

	/* Gone, although somebody still holds it: known to those who knew it, to nobody else. */
	cgroup.id = handle_id(directory);
	held = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(held >= 0);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(rmdir(parent), 0);
	assert_int_equal(rf_cgroup_path(cgroups, controller, cgroup.id, buf, sizeof(buf)), 0);
	assert_string_equal(buf, child);
	rf_cgroups_free(cgroups);
	assert_int_equal(rf_cgroups_new(&fresh, 64), 0);
	assert_int_equal(rf_cgroup_path(fresh, controller, cgroup.id, buf, sizeof(buf)), -ENOENT);
	close(held);
	assert_int_equal(rf_cgroup_path(fresh, controller, cgroup.id, buf, sizeof(buf)), -ENOENT);
	rf_cgroups_free(fresh);
}

static void live_hierarchies(void **state)
{
	char mount[256];
	size_t checked = 0;

	if (geteuid() == 0 && find_mount("cgroup2", NULL, mount, sizeof(mount))) {
		check_live(mount, "");
		checked++;
	}
	if (geteuid() == 0 && find_mount("cgroup", "pids", mount, sizeof(mount))) {
		check_live(mount, "pids");
		checked++;
	}
	if (!checked) {
		print_message("no cgroup hierarchy that may be written here\n");
		skip();
	}
}

static void move_to(const char *directory, pid_t pid)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fprintf(file, "%d\n", pid) > 0);
	assert_int_equal(fclose(file), 0);
}

static void live_process(void **state)
{
	char mount[256], name[64], directory[384], buf[256];
	pid_t pid;

	if (geteuid() != 0 || !find_mount("cgroup2", NULL, mount, sizeof(mount))) {
		print_message("no v2 hierarchy that may be written here\n");
		skip();
	}
	snprintf(name, sizeof(name), "/rf-move-%d", getpid());
	snprintf(directory, sizeof(directory), "%s%s", mount, name);
	assert_int_equal(mkdir(directory, 0755), 0);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	move_to(directory, pid);
	assert_int_equal(rf_pid_cgroup(pid, buf, sizeof(buf)), 0);
	assert_string_equal(buf, name);
	assert_int_equal(rf_pid_cgroup(pid, buf, 4), -ENAMETOOLONG);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rf_pid_cgroup(pid, buf, sizeof(buf)), -ESRCH);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices),
		cmocka_unit_test_setup_teardown(opening, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(walking, setup, teardown),
		cmocka_unit_test_setup_teardown(small_cache, setup, teardown),
		cmocka_unit_test(live_hierarchies),
		cmocka_unit_test(live_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
