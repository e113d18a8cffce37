// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "verbs/verbs.h"

static int resolve(struct rf_session *s)
{
	int ret = rf_command_resolve(&s->command, s->live->command);

	if (!ret)
		return RF_EXIT_DONE;
	return ret == -ENOENT ? RF_EXIT_NOT_FOUND :
	       ret == -EACCES ? RF_EXIT_NOT_EXECUTABLE :
	                        RF_EXIT_FAILED;
}

int rf_session_prepare(struct rf_session *s, const struct rf_live *live)
{
	int ret;

	*s = (struct rf_session){ .live = live, .window = { .end_fd = -1, .child_fd = -1 } };
	s->command = RF_COMMAND_INIT;
	rf_live_describe(live, s->target, sizeof(s->target));
	if (live->command) {
		ret = resolve(s);
		if (ret)
			return ret;
		/* before anything about this process changes that the command would inherit */
		if (rf_command_fork(&s->command))
			return RF_EXIT_FAILED;
	}
	ret = rf_window_open(&s->window, live->command ? &s->command : NULL);
	if (ret) {
		rf_err("cannot take over signals: %s", strerror(-ret));
		return RF_EXIT_FAILED;
	}
	s->window.progress = isatty(STDERR_FILENO);
	return RF_EXIT_DONE;
}

int rf_session_open(struct rf_session *s, struct rf_probe_options *o, rf_sink sink, void *ctx)
{
	struct rf_probe_options wanted = *o;
	const struct rf_feature_state *blocker;
	char err[512] = "";
	int ret;

	rf_detect(&s->host);
	blocker = rf_verb_blocker(&s->host, s->verb);
	if (blocker) {
		rf_err("cannot run here: %s: %s; %s", blocker->what, blocker->detail,
		       blocker->remedy);
		return RF_EXIT_CANNOT;
	}
	rf_live_probe_options(s->live, s->command.pid, o);
	o->stream = wanted.stream;
	o->trace = wanted.trace;
	o->isolation = wanted.isolation;
	o->timed = wanted.timed;
	o->by_thread = wanted.by_thread;
	o->host = &s->host;
	ret = rf_probe_open(&s->probe, o, sink, ctx, err, sizeof(err));
	if (!ret)
		return RF_EXIT_DONE;
	rf_err("%s", *err ? err : strerror(-ret));
	return ret == -EPERM || ret == -ENOSYS || ret == -EOPNOTSUPP ? RF_EXIT_CANNOT :
	                                                               RF_EXIT_FAILED;
}

int rf_session_begin(struct rf_session *s, uint64_t tick_ns)
{
	int ret = rf_probe_start(s->probe, &s->start_ns);

	if (ret) {
		rf_err("the window cannot be opened: %s", strerror(-ret));
		return ret;
	}
	rf_window_start(&s->window, s->start_ns, s->live->duration_ns, tick_ns);
	return 0;
}

int rf_session_go(struct rf_session *s)
{
	int ret = s->live->command ? rf_command_go(&s->command) : 0;

	if (ret)
		rf_err("cannot start %s: %s", s->live->command[0], strerror(-ret));
	return ret;
}

int rf_session_start(struct rf_session *s, uint64_t tick_ns)
{
	int ret = rf_session_begin(s, tick_ns);

	return ret ? ret : rf_session_go(s);
}

int rf_session_finish(struct rf_session *s, int ret)
{
	/* the command may go on for long, and shall not pay for programs that nobody reads */
	rf_probe_close(s->probe);
	s->probe = NULL;
	if (ret == -ENOEXEC && s->command.exec_errno)
		return rf_command_exit_status(&s->command);
	if (ret)
		return RF_EXIT_FAILED;
	if (!s->live->command)
		return RF_EXIT_DONE;
	rf_window_wait_command(&s->window);
	return rf_command_exit_status(&s->command);
}

void rf_session_close(struct rf_session *s)
{
	if (!s->live) /* never prepared */
		return;
	rf_probe_close(s->probe);
	s->probe = NULL;
	rf_window_close(&s->window);
	rf_command_clear(&s->command);
}
