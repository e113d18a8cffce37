/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest whose kernel is crashed on purpose: a kernel of this machine's kind under qemu, and an
 * initramfs that holds docs/labs/programs/11-guest.c and nothing else. Emulated (no KVM), without
 * disk or network.
 */
#ifndef RF_LAB_GUEST_H
#define RF_LAB_GUEST_H

#include <limits.h>
#include <stdio.h>

#include "lab/lessons.h"
#include "lab/measure.h"

struct rf_lab_guest {
	char qemu[PATH_MAX];
	char kernel[PATH_MAX];
	char dir[PATH_MAX]; /* where it runs */
	char serial[PATH_MAX + 16];
	char *argv[32];
};

/*
 * Finds qemu and a kernel: the one given, or one of /boot, or one that scripts/fetch-kernel left
 * beside a binary in its build tree. 0; or -ENOENT after a message that says what is missing.
 */
int rf_lab_guest_find(struct rf_lab_guest *g, const char *kernel);

/* Lays kernel and initramfs in dir and fills in what is to be run. 0 or a negative errno. */
int rf_lab_guest_prepare(struct rf_lab_guest *g, const char *dir, struct rf_lab_program *p);

/* What its console says, into the result. */
void rf_lab_guest_read(const struct rf_lab_guest *g, struct rf_lab_result *r);

/* The console's last words. */
void rf_lab_guest_show(const struct rf_lab_guest *g, FILE *out);

void rf_lab_guest_judge(const struct rf_lab_result *r, struct rf_lab_judgement *j);

#endif
