// SPDX-License-Identifier: GPL-2.0-or-later
/* Users by name and number, against this host's own. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "identity/user.h"

#define NO_SUCH_UID 3999999999u

static void names(void **state)
{
	struct rf_users *users = rf_users_new(64);
	char buf[64];

	assert_non_null(users);
	/* Twice: asked for, and kept. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rf_user_name(users, 0, buf, sizeof(buf)), 0);
		assert_string_equal(buf, "root");
		assert_int_equal(rf_user_name(users, NO_SUCH_UID, buf, sizeof(buf)), -ENOENT);
		assert_string_equal(buf, "3999999999");
	}
	assert_int_equal(rf_user_name(users, 0, buf, 3), 0);
	assert_string_equal(buf, "ro");
	rf_users_free(users);
	rf_users_free(NULL);
}

/* A cache smaller than the host has users: slots are shared, names are never mixed up. */
static void small_cache(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 7 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct rf_users *users = rf_users_new(sizes[i]);
		size_t seen = 0;

		assert_non_null(users);
		for (int round = 0; round < 3; round++) {
			for (uid_t uid = 0; uid < 200; uid++) {
				const struct passwd *entry = getpwuid(uid);
				char wanted[256];
				char buf[256];

				if (entry)
					snprintf(wanted, sizeof(wanted), "%s", entry->pw_name);
				else
					snprintf(wanted, sizeof(wanted), "%u", uid);
				assert_int_equal(rf_user_name(users, uid, buf, sizeof(buf)),
				                 entry ? 0 : -ENOENT);
				assert_string_equal(buf, wanted);
				seen += entry != NULL;
			}
		}
		assert_true(seen >= 3);
		rf_users_free(users);
	}
}

static void parsing(void **state)
{
	uid_t uid = 42;

	assert_int_equal(rf_user_parse("root", &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(rf_user_parse("1234567", &uid), 0);
	assert_int_equal(uid, 1234567);
	assert_int_equal(rf_user_parse("4294967294", &uid), 0);
	assert_int_equal(uid, 4294967294u);
	uid = 42;
	assert_int_equal(rf_user_parse("no-such-user", &uid), -ENOENT);
	assert_int_equal(rf_user_parse("12x", &uid), -ENOENT);
	assert_int_equal(rf_user_parse("-1", &uid), -ENOENT);
	assert_int_equal(rf_user_parse(" 1", &uid), -ENOENT);
	assert_int_equal(rf_user_parse("", &uid), -EINVAL);
	assert_int_equal(rf_user_parse("4294967295", &uid), -EINVAL);
	assert_int_equal(rf_user_parse("99999999999999999999999", &uid), -EINVAL);
	assert_int_equal(uid, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(small_cache),
		cmocka_unit_test(parsing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
