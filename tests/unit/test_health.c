// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's health from files of our making, and from this host's own. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/health.h"

static char root[] = "/tmp/rf-health-XXXXXX";
static const char *const dirs[] = { "/sys", "/sys/kernel", "/proc", "/proc/sys",
	                            "/proc/sys/kernel" };
static const char *const files[] = { "/sys/kernel/oops_count", "/sys/kernel/warn_count",
	                             "/proc/vmstat", "/proc/sys/kernel/tainted" };

static void path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s%s", root, name);
}

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	path_of(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int make_root(void **state)
{
	char path[PATH_MAX];

	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		path_of(path, dirs[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	return 0;
}

static int remove_root(void **state)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		path_of(path, files[i]);
		unlink(path);
	}
	for (size_t i = sizeof(dirs) / sizeof(dirs[0]); i-- > 0;) {
		path_of(path, dirs[i]);
		rmdir(path);
	}
	return rmdir(root);
}

static void all_there(void **state)
{
	struct rf_health h;

	write_file("/sys/kernel/oops_count", "3\n");
	write_file("/sys/kernel/warn_count", "18446744073709551615\n");
	write_file("/proc/vmstat", "nr_free_pages 5\noom_kill_x 8\noom_kill 12\npswpin 9\n");
	write_file("/proc/sys/kernel/tainted", "4609\n");
	rf_health_read_from(&h, root);
	assert_true(h.oopses.known && h.warnings.known && h.oom_kills.known && h.taint.known);
	assert_int_equal(h.oopses.count, 3);
	assert_int_equal(h.warnings.count, UINT64_MAX);
	assert_int_equal(h.oom_kills.count, 12);
	assert_int_equal(h.taint.count, 4609);
}

static void nothing_there(void **state)
{
	struct rf_health h;

	rf_health_read_from(&h, root);
	assert_false(h.oopses.known || h.warnings.known || h.oom_kills.known || h.taint.known);
}

static void nonsense_is_not_known(void **state)
{
	struct rf_health h;

	write_file("/sys/kernel/oops_count", "");
	write_file("/sys/kernel/warn_count", "-1\n");
	write_file("/proc/vmstat", "oom_kill many\n");
	write_file("/proc/sys/kernel/tainted", "99999999999999999999999\n");
	rf_health_read_from(&h, root);
	assert_false(h.oopses.known || h.warnings.known || h.oom_kills.known || h.taint.known);
}

/* Every kernel that runs ringfence counts these two. */
static void this_host(void **state)
{
	struct rf_health h;

	rf_health_read(&h);
	assert_true(h.oom_kills.known);
	assert_true(h.taint.known);
}

static struct rf_health_count counted(uint64_t n)
{
	return (struct rf_health_count){ .known = true, .count = n };
}

static void an_oops_by_its_count(void **state)
{
	struct rf_health before = { .oopses = counted(3), .taint = counted(0) };
	struct rf_health now = before;

	assert_true(rf_health_tells_oopses(&before));
	assert_false(rf_health_oopsed(&before, &now));
	now.taint = counted(128); /* the count knows better */
	assert_false(rf_health_oopsed(&before, &now));
	now.oopses = counted(4);
	assert_true(rf_health_oopsed(&before, &now));
}

/* Kernels before 6.2. */
static void an_oops_by_the_taint(void **state)
{
	struct rf_health before = { .taint = counted(1 << 12) }, now = before, nothing = { 0 };

	assert_true(rf_health_tells_oopses(&before));
	assert_false(rf_health_oopsed(&before, &now));
	now.taint = counted(1 << 12 | 1 << 9); /* a warning */
	assert_false(rf_health_oopsed(&before, &now));
	now.taint = counted(1 << 12 | 1 << 7);
	assert_true(rf_health_oopsed(&before, &now));
	/* it stays: a second one cannot be told */
	assert_false(rf_health_oopsed(&now, &now));
	assert_false(rf_health_tells_oopses(&now));
	assert_false(rf_health_tells_oopses(&nothing));
	assert_false(rf_health_oopsed(&nothing, &now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_there, make_root, remove_root),
		cmocka_unit_test_setup_teardown(nothing_there, make_root, remove_root),
		cmocka_unit_test_setup_teardown(nonsense_is_not_known, make_root, remove_root),
		cmocka_unit_test(this_host),
		cmocka_unit_test(an_oops_by_its_count),
		cmocka_unit_test(an_oops_by_the_taint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
