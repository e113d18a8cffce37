/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number by which perf_event_open(2) knows a tracepoint, which only tracefs tells.
 */
#ifndef RF_PROBE_TRACEFS_H
#define RF_PROBE_TRACEFS_H

/*
 * The id of "category/name", or a negative errno. tracefs is read where it is mounted by custom;
 * where it is not, a mount of our own is made that nobody else sees and that is gone at return.
 */
int rf_tracefs_id(const char *event);

#endif
