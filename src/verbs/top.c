// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence top: options in; the collector's snapshots and the terminal's keys to the model, and
 * the model to the screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "identity/proc.h"
#include "probe/detect.h"
#include "probe/probe.h"
#include "verbs/command.h"
#include "verbs/output.h"
#include "verbs/top_collect.h"
#include "verbs/top_options.h"
#include "verbs/top_tail.h"
#include "verbs/top_terminal.h"
#include "verbs/verbs.h"
#include "verbs/window.h"
#include "views/canvas.h"
#include "views/top_model.h"
#include "views/top_screen.h"

#define USERS_MAX 1024
#define CGROUPS_MAX 16384
/* Names tried for a file that is saved, within one second. */
#define NAMES_MAX 100

struct top_run {
	struct rf_top_options options;
	struct rf_output output; /* of -o */
	struct rf_command command;
	struct rf_tail tail;
	struct rf_window window;
	struct rf_host host;
	struct rf_probe *probe;
	struct rf_users *users;
	struct rf_cgroups *cgroups;
	struct rf_top_taker *taker;
	struct rf_collector collector;
	struct rf_top model;
	struct rf_canvas canvas;
	int epoll_fd;
	bool quit;
	bool dirty; /* something is to be drawn */
};

/* A new file of that ending; nothing that is there is touched, links are not followed. */
static FILE *new_file(const char *ending, char *name, size_t len)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (int i = 1; i < NAMES_MAX; i++) {
		char more[16] = "";
		int fd;

		if (i > 1)
			snprintf(more, sizeof(more), "-%d", i);
		snprintf(name, len, "ringfence-top-%s%s.%s", stamp, more, ending);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd >= 0)
			return fdopen(fd, "w");
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

static int write_view(struct rf_top *model, FILE *out, bool json)
{
	return json ? rf_top_save_json(model, out) : rf_top_save_text(model, out);
}

static int save_to_output(struct top_run *run, bool json)
{
	int ret = rf_output_begin(&run->output);

	if (!ret)
		ret = write_view(&run->model, run->output.file, json);
	return ret ? ret : rf_output_flush(&run->output);
}

static int save_to_new(struct top_run *run, bool json, char *name, size_t len)
{
	FILE *out = new_file(json ? "json" : "txt", name, len);
	int ret;

	if (!out)
		return errno ? -errno : -EIO;
	ret = write_view(&run->model, out, json);
	if (fclose(out) && !ret)
		ret = -errno;
	return ret;
}

static void save(struct top_run *run, bool json)
{
	const char *output = run->options.live.output;
	char name[128] = "";
	int ret;

	if (output)
		ret = save_to_output(run, json);
	else
		ret = save_to_new(run, json, name, sizeof(name));
	if (ret)
		snprintf(run->model.message, sizeof(run->model.message), "not saved to %s: %s",
		         output ? output : name, strerror(-ret));
	else
		snprintf(run->model.message, sizeof(run->model.message), "saved to %s",
		         output ? output : name);
}

/* The file of what was just opened, unless the ledger knows it from an execve. */
static void look_up_exe(struct top_run *run)
{
	const struct rf_top_opened *o = run->model.open;
	struct rf_proc_info info;

	if (!o || *o->exe || (o->by != RF_BY_PROCESS && o->by != RF_BY_THREAD))
		return;
	if (!rf_proc_read((pid_t)o->row.sum.tgid, &info) &&
	    rf_proc_same_start(o->row.sum.start_ns, info.start_time_ns))
		rf_top_set_exe(&run->model, info.exe);
}

static int resize(struct top_run *run)
{
	int width, height, ret;

	rf_screen_size(&width, &height);
	if (run->canvas.glyphs && run->canvas.width == width && run->canvas.height == height)
		return 0;
	rf_canvas_free(&run->canvas);
	ret = rf_canvas_init(&run->canvas, width, height, rf_screen_utf8());
	if (!ret)
		rf_top_resize(&run->model, width, height);
	return ret;
}

static int suspend(struct top_run *run, int group)
{
	rf_terminal_stop(group);
	return resize(run);
}

static int on_key(struct top_run *run, uint32_t key)
{
	switch (rf_top_key(&run->model, key)) {
	case RF_TOP_QUIT:
		run->quit = true;
		return 0;
	case RF_TOP_SAVE_JSON:
		save(run, true);
		return 0;
	case RF_TOP_SAVE_TEXT:
		save(run, false);
		return 0;
	case RF_TOP_INTERVAL:
		rf_collector_set_interval(&run->collector, run->model.interval_ns);
		return 0;
	case RF_TOP_REPAINT:
		rf_screen_repaint();
		return 0;
	case RF_TOP_SUSPEND:
		return suspend(run, true);
	case RF_TOP_OPENED:
		look_up_exe(run);
		return 0;
	default:
		return 0;
	}
}

static int on_keys(struct top_run *run, uint32_t events)
{
	uint32_t key;
	int ret = 0;

	while (!ret && !run->quit && rf_screen_key(&key)) {
		ret = on_key(run, key);
		run->dirty = true;
	}
	/* nobody is there any more */
	if (events & (EPOLLHUP | EPOLLERR))
		run->quit = true;
	return ret;
}

static int on_snapshot(struct top_run *run)
{
	int error;
	struct rf_top_snapshot *s = rf_collector_take(&run->collector, &error);

	if (error) {
		rf_top_snapshot_free(s);
		rf_err("collecting failed: %s", strerror(-error));
		return error;
	}
	run->dirty = true;
	return s ? rf_top_show(&run->model, s) : 0;
}

static int on_signal(struct top_run *run)
{
	int events = rf_terminal_read_signals(), ret = 0;

	if (events & RF_TERMINAL_STOP)
		ret = suspend(run, false);
	else if (events & RF_TERMINAL_CONTINUED)
		rf_screen_return(); /* a shell may have changed the terminal meanwhile */
	run->dirty = true;
	return ret ? ret : resize(run);
}

static int on_event(struct top_run *run, const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (fd == STDIN_FILENO)
		return on_keys(run, event->events);
	if (fd == run->collector.ready_fd)
		return on_snapshot(run);
	if (fd == rf_terminal_signal_fd())
		return on_signal(run);
	rf_tail_read(&run->tail);
	return 0;
}

static int handle_events(struct top_run *run)
{
	struct epoll_event events[8];
	int n = epoll_wait(run->epoll_fd, events, 8, 0), ret = 0;

	for (int i = 0; i < n && !ret && !run->quit; i++)
		ret = on_event(run, &events[i]);
	return ret;
}

static void draw(struct top_run *run)
{
	rf_top_draw(&run->model, &run->canvas);
	rf_screen_show(&run->canvas);
	run->dirty = false;
}

/* Until a key, a signal, -d or the command's end. */
static int show(struct top_run *run)
{
	int ret = resize(run), events = 0;

	run->dirty = true;
	while (!ret && !run->quit && !(events & RF_EVENT_END)) {
		if (run->dirty)
			draw(run);
		events = rf_window_wait(&run->window, run->epoll_fd);
		if (events < 0)
			ret = events;
		else if (events & RF_EVENT_RECORDS)
			ret = handle_events(run);
	}
	return ret;
}

static int watch_fd(struct top_run *run, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return fd >= 0 && epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_all(struct top_run *run)
{
	int ret;

	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ret = run->epoll_fd < 0 ? -errno : watch_fd(run, STDIN_FILENO);
	if (!ret)
		ret = watch_fd(run, run->collector.ready_fd);
	if (!ret)
		ret = watch_fd(run, rf_terminal_signal_fd());
	if (!ret)
		ret = watch_fd(run, run->tail.fd);
	return ret;
}

static int show_on_terminal(struct top_run *run, uint64_t start_ns)
{
	int ret = rf_terminal_take();

	if (ret)
		return ret;
	run->model.utf8 = rf_screen_utf8();
	ret = watch_all(run);
	if (!ret)
		ret = rf_collector_start(&run->collector, run->probe, start_ns,
		                         run->options.live.interval_ns);
	if (!ret)
		ret = show(run);
	/* before anything that may take its time */
	rf_terminal_give_back();
	rf_collector_stop(&run->collector);
	return ret;
}

/* The command runs, or why it does not is known, before the screen hides it. */
static int start_command(struct top_run *run)
{
	int ret = rf_command_go(&run->command);

	if (ret) {
		rf_err("cannot start %s: %s", run->options.live.command[0], strerror(-ret));
		return ret;
	}
	return rf_command_report(&run->command) ? -ENOEXEC : 0;
}

static int measure(struct top_run *run)
{
	const struct rf_live *live = &run->options.live;
	uint64_t now;
	int ret = rf_probe_start(run->probe, &now);

	if (ret) {
		rf_err("the window cannot be opened: %s", strerror(-ret));
		return ret;
	}
	rf_window_start(&run->window, now, live->duration_ns, 0);
	if (live->command)
		ret = start_command(run);
	return ret ? ret : show_on_terminal(run, now);
}

/* After q or -d a command may go on; it has the terminal again. */
static void wait_for_command(struct top_run *run)
{
	struct rf_window *w = &run->window;

	rf_tail_read(&run->tail);
	rf_tail_print(&run->tail);
	rf_command_reap(&run->command);
	if (!run->command.exited && isatty(STDERR_FILENO))
		rf_info("waiting for the command to end, for its status");
	rf_window_start(w, 0, 0, 0);
	while (!run->command.exited && rf_tail_pass(&run->tail)) {
		if (rf_window_wait(w, run->tail.fd) != RF_EVENT_RECORDS)
			break;
	}
	w->progress = false;
	rf_window_wait_command(w);
	while (rf_tail_pass(&run->tail) && !run->command.all_exited)
		;
}

static int finish(struct top_run *run, int ret)
{
	if (ret == -ENOEXEC && run->command.exec_errno)
		return rf_command_exit_status(&run->command);
	if (!ret && run->options.live.command) {
		wait_for_command(run);
		return rf_command_exit_status(&run->command);
	}
	if (ret == -ENOTTY || ret == -EOPNOTSUPP)
		return RF_EXIT_CANNOT;
	return ret ? RF_EXIT_FAILED : RF_EXIT_DONE;
}

static int open_probe(struct top_run *run)
{
	const struct rf_feature_state *blocker;
	struct rf_probe_options options;
	char err[512] = "";
	int ret;

	rf_detect(&run->host);
	blocker = rf_verb_blocker(&run->host, RF_VERB_TOP);
	if (blocker) {
		rf_err("cannot run here: %s: %s; %s", blocker->what, blocker->detail,
		       blocker->remedy);
		return RF_EXIT_CANNOT;
	}
	rf_live_probe_options(&run->options.live, run->command.pid, &options);
	/* what each thread is inside, and rows by thread, without starting anew */
	options.by_thread = true;
	options.host = &run->host;
	options.timed = !run->options.no_bpf_stats;
	if (!rf_verb_blocker(&run->host, RF_VERB_FAULTS) &&
	    !rf_collector_watch_violations(&run->collector))
		options.isolation = RF_ISOLATION_EVENTS;
	ret = rf_probe_open(&run->probe, &options, rf_collector_feed, &run->collector, err,
	                    sizeof(err));
	if (!ret)
		return RF_EXIT_DONE;
	rf_err("%s", *err ? err : strerror(-ret));
	return ret == -EPERM || ret == -ENOSYS || ret == -EOPNOTSUPP ? RF_EXIT_CANNOT :
	                                                               RF_EXIT_FAILED;
}

static int run_probe(struct top_run *run)
{
	int status = open_probe(run), ret;

	if (status)
		return status;
	ret = measure(run);
	rf_probe_close(run->probe);
	return finish(run, ret);
}

static int prepare(struct top_run *run)
{
	const struct rf_live *live = &run->options.live;
	int ret;

	run->users = rf_users_new(USERS_MAX);
	if (!run->users || rf_cgroups_new(&run->cgroups, CGROUPS_MAX) ||
	    !(run->taker = rf_top_taker_new(run->users, run->cgroups, live->hierarchy)) ||
	    rf_collector_open(&run->collector, run->taker)) {
		rf_err("out of memory");
		return RF_EXIT_FAILED;
	}
	/* before anything about this process changes that the command would inherit */
	if (live->command && rf_tail_fork(&run->tail, &run->command))
		return RF_EXIT_FAILED;
	ret = rf_window_open(&run->window, live->command ? &run->command : NULL);
	if (ret) {
		rf_err("cannot take over signals: %s", strerror(-ret));
		return RF_EXIT_FAILED;
	}
	return RF_EXIT_DONE;
}

static int check_terminal(void)
{
	char err[256];

	if (!rf_screen_check(err, sizeof(err)))
		return RF_EXIT_DONE;
	rf_err("%s", err);
	return RF_EXIT_CANNOT;
}

static int run_top(struct top_run *run)
{
	const struct rf_live *live = &run->options.live;
	int status = check_terminal();

	if (status)
		return status;
	if (live->output && rf_output_open(&run->output, live->output))
		return RF_EXIT_FAILED;
	if (live->command) {
		int ret = rf_command_resolve(&run->command, live->command);

		if (ret)
			return ret == -ENOENT ? RF_EXIT_NOT_FOUND :
			       ret == -EACCES ? RF_EXIT_NOT_EXECUTABLE :
			                        RF_EXIT_FAILED;
	}
	status = prepare(run);
	return status ? status : run_probe(run);
}

static void init_model(struct top_run *run)
{
	const struct rf_top_options *o = &run->options;
	struct rf_top *t = &run->model;

	rf_top_init(t, o->live.interval_ns);
	t->by = o->by;
	t->sort = o->sort;
	t->columns |= 1u << o->sort;
	t->reverse = o->reverse;
	t->no_latency = o->live.latency == RF_LATENCY_NONE;
	if (o->filter)
		snprintf(t->filter, sizeof(t->filter), "%s", o->filter);
	rf_live_describe(&o->live, t->target, sizeof(t->target));
}

int rf_verb_top(int argc, char **argv)
{
	static struct top_run run = { .epoll_fd = -1, .window = { .end_fd = -1, .child_fd = -1 } };
	int status;

	run.command = RF_COMMAND_INIT;
	run.tail = RF_TAIL_INIT;
	rf_top_options_parse(&run.options, argc, argv);
	init_model(&run);

	status = run_top(&run);
	if (run.options.live.output && run.output.file && rf_output_close(&run.output) && !status)
		status = RF_EXIT_FAILED;
	rf_window_close(&run.window);
	rf_command_clear(&run.command);
	rf_tail_clear(&run.tail);
	rf_top_clear(&run.model);
	rf_canvas_free(&run.canvas);
	rf_collector_close(&run.collector);
	rf_top_taker_free(run.taker);
	rf_users_free(run.users);
	rf_cgroups_free(run.cgroups);
	if (run.epoll_fd >= 0)
		close(run.epoll_fd);
	rf_live_clear(&run.options.live);
	return status;
}
