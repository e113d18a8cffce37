/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the live verbs have in common: the command, the window, the host and the probe of one
 * live run, and the exit statuses of each step.
 */
#ifndef RF_VERBS_SESSION_H
#define RF_VERBS_SESSION_H

#include <stdint.h>

#include "probe/detect.h"
#include "probe/probe.h"
#include "verbs/command.h"
#include "verbs/live.h"
#include "verbs/window.h"

struct rf_session {
	const struct rf_live *live;
	enum rf_verb_id verb; /* whose needs the host must meet; RF_VERB_STAT unless set */
	struct rf_command command;
	struct rf_window window;
	struct rf_host host;
	struct rf_probe *probe;
	char target[256]; /* in words */
	uint64_t start_ns;
};

/*
 * Looks the command up, forks it, and takes the signals over. RF_EXIT_DONE, or another exit status
 * after a message. Undone by rf_session_close(), also then.
 */
int rf_session_prepare(struct rf_session *s, const struct rf_live *live);

/* Detects the host and opens the probe; o's targets and host are filled in. An exit status. */
int rf_session_open(struct rf_session *s, struct rf_probe_options *o, rf_sink sink, void *ctx);

/* Opens the window; tick_ns: how often to wake. 0 or a negative errno. */
int rf_session_begin(struct rf_session *s, uint64_t tick_ns);
/* Lets the command go, if there is one. 0 or a negative errno. */
int rf_session_go(struct rf_session *s);
/* Both. */
int rf_session_start(struct rf_session *s, uint64_t tick_ns);

/*
 * ret: how the run went, 0 or a negative errno. Closes the probe, waits for the command; the exit
 * status.
 */
int rf_session_finish(struct rf_session *s, int ret);

/* Harmless for one that is all zeros. */
void rf_session_close(struct rf_session *s);

#endif
