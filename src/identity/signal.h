/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of signals and of the codes that say why a signal was sent (siginfo's si_code), as on
 * x86-64 and arm64.
 */
#ifndef RF_IDENTITY_SIGNAL_H
#define RF_IDENTITY_SIGNAL_H

#include <stddef.h>

/* Room for every name and label, and the NUL. */
#define RF_SIGNAL_NAME_LEN 32

/* "SIGSEGV" for 11; NULL for a real-time signal and for numbers that are none. */
const char *rf_signal_name(int sig);

/*
 * A label for every number: its name; "SIGRTMIN", "SIGRTMIN+1" ... for 34 to 64, as kill -l counts
 * them; "SIG32" and "SIG33" for the two that the C library keeps for itself; "signal_N". Static,
 * or buf, which RF_SIGNAL_NAME_LEN bytes suffice for.
 */
const char *rf_signal_label(int sig, char *buf, size_t len);

/*
 * A signal from what a person wrote: "SIGSEGV", "segv", "11", "SIGRTMIN+3", "rtmax-1". Its number,
 * or -EINVAL.
 */
int rf_signal_parse(const char *text);

/* "SEGV_MAPERR" for (SIGSEGV, 1), "SI_TKILL" for -6 with any signal; NULL if it has no name. */
const char *rf_si_code_name(int sig, int code);

/* The name, or "code_N" in buf, which RF_SIGNAL_NAME_LEN bytes suffice for. */
const char *rf_si_code_label(int sig, int code, char *buf, size_t len);

#endif
