// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client of HTTP accepts, and addresses to listen on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "verbs/accept.h"
#include "verbs/http.h"

#define OM "application/openmetrics-text"

static void openmetrics(void **state)
{
	static const char *const yes[] = {
		OM,
		OM ";version=1.0.0",
		OM "; version=0.0.1; charset=utf-8",
		OM ";version=1.0.0," OM
		   ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		"text/plain;q=0.5, APPLICATION/OpenMetrics-Text ; VERSION=1.0.0 ; Q=0.6",
		"text/plain;q=0.5," OM ";q=0.5",
		OM ";version=2.0.0," OM ";q=0.001",
	};
	static const char *const no[] = {
		NULL,
		"",
		"*/*",
		"text/plain",
		"application/*",
		OM ";q=0",
		OM ";q=0.000",
		OM ";q=x",
		OM ";q=7",
		OM ";version=2.0.0",
		OM "x",
		"text/plain, " OM ";q=0.9",
		",;=,;q=1;;,",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=1",
	};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!rf_accepts_openmetrics(yes[i]))
			fail_msg("refused: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (rf_accepts_openmetrics(no[i]))
			fail_msg("taken: %s", no[i]);
}

static void gzip(void **state)
{
	static const char *const yes[] = { "gzip", "deflate, GZIP;q=0.1", "x-gzip", "*",
		                           "br;q=1.0, gzip;q=0.8, *;q=0" };
	static const char *const no[] = {
		NULL,          "",     "identity", "gzip;q=0", "*;q=1,gzip;q=0", "gzipped",
		"deflate, br", "*;q=0"
	};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!rf_accepts_gzip(yes[i]))
			fail_msg("refused: %s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (rf_accepts_gzip(no[i]))
			fail_msg("taken: %s", no[i]);
}

static void addresses(void **state)
{
	static const char *const good[] = { "9950",       ":9950",          "127.0.0.1:9950",
		                            "[::1]:9950", "localhost:9950", "0" };
	static const char *const bad[] = { "",          "x",        "127.0.0.1",
		                           "99500",     "-1",       "127.0.0.1:",
		                           "host:9950", "loc:9950", "1.2.3.4.5:80",
		                           "9950 ",     "+80",      "[::1]" };
	char err[RF_HTTP_ERR];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (rf_http_check(good[i], err, sizeof(err)))
			fail_msg("%s: %s", good[i], err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		*err = '\0';
		if (!rf_http_check(bad[i], err, sizeof(err)))
			fail_msg("taken: %s", bad[i]);
		assert_true(*err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(gzip),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
