/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a file of /proc whole: for the other files of this room. */
#ifndef RF_IDENTITY_PROC_FILE_H
#define RF_IDENTITY_PROC_FILE_H

#include "base/str.h"

/*
 * Append all of the file name in the directory dir to text. 0; -ESRCH: the process is gone; -E2BIG
 * past text's bound; -EACCES and the like. What process a file belongs to is settled by the
 * directory: a descriptor of /proc/PID never shows a later process of the same pid.
 */
int rf_proc_file(int dir, const char *name, struct rf_str *text);

#endif
