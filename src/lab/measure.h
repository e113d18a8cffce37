/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a lab's program under the probe and cuts what it does into its parts: at the end of each the
 * program waits while one sweep is made, so each part's counts are exact.
 */
#ifndef RF_LAB_MEASURE_H
#define RF_LAB_MEASURE_H

#include "lab/launch.h"
#include "lab/result.h"

struct rf_host;

struct rf_lab_setting {
	struct rf_lab_program program; /* .socket_fd is filled in here */
	unsigned int seconds;          /* of wall time; then it is ended */
	const struct rf_host *host;
	bool violations; /* their causes are wanted; it makes page faults dearer */
};

/* RF_EXIT_DONE and *r, or another exit status after a message. */
int rf_lab_measure(struct rf_lab_setting *setting, struct rf_lab_result *r);

#endif
