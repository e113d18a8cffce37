// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_feed.h"
#include "ledger/table.h"

#define KEYS 3000
#define STEPS 300000

static void a_table_follows_a_plain_array(void **state)
{
	static char values[KEYS];
	static void *expected[KEYS];
	struct rf_table t = { 0 };
	size_t used = 0;

	assert_null(rf_table_get(&t, 5));
	assert_null(rf_table_remove(&t, 5));
	srand(1);
	for (int i = 0; i < STEPS; i++) {
		size_t k = (size_t)rand() % KEYS;
		/* entities of one pid, and of neighbouring pids */
		uint64_t key = k % 2 ? (uint64_t)k << 22 : k;

		/* grows for a while, then shrinks for a while */
		if (rand() % 100 < (i / 50000 % 2 ? 35 : 65)) {
			void *value = &values[rand() % KEYS];

			assert_int_equal(rf_table_put(&t, key, value), 0);
			used += !expected[k];
			expected[k] = value;
		} else {
			assert_ptr_equal(rf_table_remove(&t, key), expected[k]);
			used -= !!expected[k];
			expected[k] = NULL;
		}
		assert_int_equal(t.used, used);
		if (i % 1000)
			continue;
		for (size_t j = 0; j < KEYS; j++)
			assert_ptr_equal(rf_table_get(&t, j % 2 ? (uint64_t)j << 22 : j),
			                 expected[j]);
	}
	assert_true(t.size <= 2 * KEYS * 4 / 3);
	rf_table_clear(&t);
	assert_null(rf_table_get(&t, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_follows_a_plain_array),
	};

	return cmocka_run_group_tests_name("ledger_table", tests, NULL, NULL);
}
