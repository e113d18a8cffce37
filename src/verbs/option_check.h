/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of options, checked before argp(3) parses them, because argp answers a wrong one in
 * two lines that do not say what would be right.
 */
#ifndef RF_VERBS_OPTION_CHECK_H
#define RF_VERBS_OPTION_CHECK_H

#include <argp.h>

/*
 * Looks at argv up to COMMAND or the first other word. An unknown or ambiguous option, a missing
 * argument or one too many ends the process with exit status 2 after one line.
 */
void rf_option_check(const struct argp *argp, int argc, char **argv);

#endif
