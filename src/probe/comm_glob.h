/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comm glob as the automaton that the kernel side runs (bpf/target.bpf.h).
 */
#ifndef RF_PROBE_COMM_GLOB_H
#define RF_PROBE_COMM_GLOB_H

#include <stdint.h>

struct rf_comm_glob {
	uint64_t accept[256]; /* bit i of accept[c]: token i takes the byte c */
	uint64_t stay;        /* bit i: a star stands before token i */
	uint64_t final;       /* the state that means a match */
};

/*
 * Compiles *, ?, [set], [!set], ranges and backslash escapes. 0, or -EINVAL for
 * a pattern of more than 63 tokens or with an open bracket or escape.
 */
int rf_comm_glob_compile(const char *pattern, struct rf_comm_glob *glob);

#endif
