// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence trace: a line a crossing, live.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "bpf/stream.h"
#include "identity/call_format.h"
#include "identity/errno.h"
#include "identity/syscall.h"
#include "ledger/order.h"
#include "ledger/who.h"
#include "verbs/option_check.h"
#include "verbs/output.h"
#include "verbs/session.h"
#include "verbs/verbs.h"
#include "views/moment.h"
#include "views/text.h"

/* Lines come in the order of time, so a line waits until every CPU has told up to it. */
#define TELL_NS (100 * RF_NSEC_PER_MSEC)

enum { KEY_SLOWER = 0x500, KEY_FAILED, KEY_NO_FAULTS };

struct trace_options {
	struct rf_live live;
	uint64_t slower_ns;
	bool failed;
	bool no_faults;
};

struct trace_run {
	struct trace_options options;
	struct rf_session session;
	struct rf_output output;
	struct rf_moment_view view;
	struct rf_order *order;
	struct rf_who *who;
	uint16_t (*strings)[RF_SYSCALL_LIMIT];
	uint64_t lost;
	uint64_t now_ns; /* end of what was told */
};

static const struct argp_option options[] = {
	{ .doc = "Lines:", .group = 5 },
	{ "slower", KEY_SLOWER, "TIME", 0, "Only calls that took at least TIME", 5 },
	{ "failed", KEY_FAILED, NULL, 0, "Only calls that failed", 5 },
	{ "no-faults", KEY_NO_FAULTS, NULL, 0, "No page faults", 5 },
	{ 0 },
};

static void check_whole(const struct trace_options *o)
{
	if (o->live.interval_ns)
		rf_usage_error("trace prints as it goes; leave -i out");
	if (o->live.format == RF_FORMAT_CSV)
		rf_usage_error("--format: trace has table (lines of text) and json");
	if (o->live.latency == RF_LATENCY_NONE)
		rf_usage_error("trace has all times; leave --no-latency out");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trace_options *o = state->input;
	char err[RF_PARSE_ERR];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
		return 0;
	case KEY_SLOWER:
		if (rf_parse_duration(arg, &o->slower_ns, err, sizeof(err)))
			rf_usage_error("--slower: %s", err);
		return 0;
	case KEY_FAILED:
		o->failed = true;
		return 0;
	case KEY_NO_FAULTS:
		o->no_faults = true;
		return 0;
	case ARGP_KEY_END:
		check_whole(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse(struct trace_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Prints every kernel crossing as it happens: calls with their arguments, "
		       "result and duration, page faults, signals.\v"
		       "Examples:\n"
		       "  ringfence trace -- ls /etc               a command, with its children\n"
		       "  ringfence trace -p 1234 -e %file         the files that a process asks for\n"
		       "  ringfence trace --slower 10ms -d 10s     the slow calls of the whole host\n"
		       "  ringfence trace --failed --comm nginx --format json\n"
		       "\n"
		       "With --slower, --failed or -e page faults and signals are left out. Exit "
		       "status: as stat.",
	};

	*o = (struct trace_options){ .live = RF_LIVE_INIT };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}

static bool narrows(const struct trace_run *run)
{
	return run->options.slower_ns || run->options.failed || run->options.live.has_calls;
}

static bool is_shown(const struct trace_run *run, const struct rf_step *s)
{
	bool failed = s->result < 0 && s->result >= -RF_ERRNO_MAX;

	if (s->flags & RF_CALL_SIGSYS)
		failed = true;
	else if (s->flags & RF_CALL_UNFINISHED)
		failed = false;
	if (run->options.failed && !failed)
		return false;
	return !run->options.slower_ns ||
	       (!(s->flags & RF_CALL_REFUSED) && s->time - s->start >= run->options.slower_ns);
}

/* A thread of which nothing was said yet: the command, before its execve. */
static void ask_name(struct rf_who_thread *t)
{
	char path[64];
	__fclose FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%u/comm", t->tid);
	f = fopen(path, "re");
	if (!f || !fgets(t->comm, sizeof(t->comm), f))
		snprintf(t->comm, sizeof(t->comm), "?");
	t->comm[strcspn(t->comm, "\n")] = '\0';
}

static struct rf_moment_who who_of(struct rf_who_thread *t)
{
	if (!*t->comm)
		ask_name(t);
	return (struct rf_moment_who){ .pid = t->pid, .tid = t->tid, .comm = t->comm };
}

static int on_call(struct trace_run *run, struct rf_who_thread *t, const struct rf_step *s)
{
	struct rf_moment_who who = who_of(t);
	const struct rf_args_rec *args = t->args;
	int err = 0;

	/* what was entered before the window, or lost, has no arguments */
	if (args && (args->call != s->call || args->time_ns != s->start))
		args = NULL;
	if (is_shown(run, s))
		err = rf_moment_call(&run->view, &who, s, args);
	free(t->args);
	t->args = NULL;
	return err;
}

static int on_step(struct trace_run *run, const struct rf_step *s)
{
	struct rf_who_thread *t;
	struct rf_moment_who who;

	if (!s->thread ||
	    (s->kind != RF_STEP_CALL && s->kind != RF_STEP_FAULT && s->kind != RF_STEP_SIGNAL))
		return 0;
	t = rf_who_thread(run->who, s->process, s->thread);
	if (!t)
		return -ENOMEM;
	if (s->kind == RF_STEP_CALL)
		return on_call(run, t, s);
	if (narrows(run))
		return 0;
	who = who_of(t);
	if (s->kind == RF_STEP_SIGNAL)
		return rf_moment_signal(&run->view, &who, s);
	return run->options.no_faults ? 0 : rf_moment_fault(&run->view, &who, s);
}

static int on_args(struct trace_run *run, const void *rec, size_t size)
{
	struct rf_args_rec *args = calloc(1, sizeof(*args));
	struct rf_who_thread *t;

	if (!args)
		return -ENOMEM;
	memcpy(args, rec, size < sizeof(*args) ? size : sizeof(*args));
	t = rf_who_thread(run->who, args->rec.entity, args->thread);
	if (!t) {
		free(args);
		return -ENOMEM;
	}
	free(t->args);
	t->args = args;
	return 0;
}

static int on_process(struct trace_run *run, const void *data, size_t size)
{
	struct rf_process_rec rec = { 0 };
	struct rf_who_thread *t;
	struct rf_moment_who who;
	int err = rf_who_learn(run->who, data, size);

	memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
	if (err)
		return err;
	if (rec.rec.type == RF_REC_THREAD_ENDED) {
		if (rec.tid != rec.tgid)
			rf_who_forget(run->who, rec.rec.entity);
		return 0;
	}
	if (rec.rec.type == RF_REC_THREAD_BORN || narrows(run))
		return 0;
	t = rf_who_thread(run->who, RF_ENTITY(rec.tgid, rec.start_ns), rec.rec.entity);
	if (!t)
		return -ENOMEM;
	who = who_of(t);
	err = rf_moment_process(&run->view, &who, &rec);
	if (rec.rec.type == RF_REC_EXIT)
		rf_who_forget(run->who, rec.rec.entity);
	return err;
}

static int on_moment(void *ctx, const struct rf_moment *m)
{
	struct trace_run *run = ctx;
	struct rf_rec head;

	if (m->step)
		return on_step(run, m->step);
	memcpy(&head, m->rec, sizeof(head));
	return head.type == RF_REC_ARGS ? on_args(run, m->rec, m->size) :
	                                  on_process(run, m->rec, m->size);
}

static void count_lost(struct trace_run *run, const void *rec)
{
	struct rf_counts_rec r;

	memcpy(&r, rec, sizeof(r));
	for (unsigned int kind = 0; kind < RF_LOST_KINDS; kind++)
		run->lost += r.counts.lost[kind];
}

static int take(void *ctx, const void *rec, size_t size)
{
	const struct rf_rec *head = rec;
	struct trace_run *run = ctx;
	struct rf_process_rec process;
	struct rf_args_rec args;

	switch (head->type) {
	case RF_REC_BATCH:
		return rf_order_batch(run->order, rec, size);
	case RF_REC_ARGS:
		memcpy(&args, rec, RF_ARGS_REC_SIZE);
		return rf_order_record(run->order, args.time_ns, rec, size);
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
	case RF_REC_THREAD_BORN:
	case RF_REC_THREAD_ENDED:
		memcpy(&process, rec, RF_PROCESS_REC_SIZE);
		return rf_order_record(run->order, process.time_ns, rec, size);
	case RF_REC_THREAD:
		return rf_who_learn(run->who, rec, size);
	case RF_REC_COUNTS:
		count_lost(run, rec);
		return 0;
	default:
		return 0;
	}
}

/* A call that was still under way when the window ended. */
static int on_open(void *ctx, struct rf_who_thread *t)
{
	struct trace_run *run = ctx;
	struct rf_step s = { .kind = RF_STEP_CALL, .flags = RF_CALL_UNFINISHED };

	if (!t->args)
		return 0;
	s.call = t->args->call;
	s.start = t->args->time_ns;
	s.time = run->now_ns > s.start ? run->now_ns : s.start;
	return on_call(run, t, &s);
}

static int tell(struct trace_run *run, bool final)
{
	int err = final ? rf_probe_stop(run->session.probe, &run->now_ns) :
	                  rf_probe_flush(run->session.probe, &run->now_ns);

	if (!err)
		err = rf_order_tell(run->order);
	if (!err && final)
		err = rf_who_each(run->who, on_open, run);
	return rf_output_flush(&run->output) ? -EIO : err;
}

static int measure(struct trace_run *run)
{
	struct rf_session *s = &run->session;
	int events = 0, ret = 0;

	while (!ret && !(events & RF_EVENT_END)) {
		events = rf_window_wait(&s->window, rf_probe_fd(s->probe));
		if (events < 0)
			return events;
		if (events & RF_EVENT_RECORDS)
			ret = rf_probe_poll(s->probe, 0);
		if (ret == -EINTR)
			ret = 0;
		if (!ret && (events & RF_EVENT_TICK))
			ret = tell(run, false);
	}
	if (!ret)
		ret = tell(run, true);
	if (run->lost)
		rf_warn("%llu crossings were lost: they came faster than they could be printed; "
		        "fewer targets or -e help",
		        (unsigned long long)run->lost);
	return ret;
}

/* Which arguments the programs have to read as strings. */
static int find_strings(struct trace_run *run)
{
	bool any = false;

	run->strings = calloc(RF_ABI_COUNT, sizeof(*run->strings));
	run->view.formats = rf_call_formats_new();
	if (!run->strings || !run->view.formats) {
		rf_err("out of memory");
		return -ENOMEM;
	}
	for (unsigned int abi = 0; abi < RF_ABI_COUNT; abi++) {
		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
			const char *name = rf_syscall_name((enum rf_abi)abi, nr);
			const struct rf_call_format *format =
				name ? rf_call_format(run->view.formats, name) : NULL;

			any |= format != NULL;
			if (format)
				run->strings[abi][nr] = rf_call_format_strings(format);
		}
	}
	if (!any)
		rf_warn("tracefs cannot be read, so arguments have no names: mount -t tracefs "
		        "tracefs /sys/kernel/tracing");
	return 0;
}

static int run_trace(struct trace_run *run)
{
	struct rf_probe_options probe = { .stream = true };
	const struct rf_live *live = &run->options.live;
	struct rf_style style;
	uint64_t now;
	int status, ret;

	if (rf_output_open(&run->output, live->output))
		return RF_EXIT_FAILED;
	rf_style_detect(&style, fileno(run->output.file));
	run->view.out = run->output.file;
	run->view.json = live->format == RF_FORMAT_JSON;
	run->view.utf8 = style.utf8;
	run->view.real_offset = rf_clock_ns(CLOCK_REALTIME) - rf_now_ns();
	run->order = rf_order_new(on_moment, run);
	run->who = rf_who_new();
	if (!run->order || !run->who || find_strings(run))
		return RF_EXIT_FAILED;
	status = rf_session_prepare(&run->session, live);
	probe.trace = run->strings;
	if (!status)
		status = rf_session_open(&run->session, &probe, take, run);
	if (status)
		return status;
	ret = rf_output_begin(&run->output);
	if (!ret)
		ret = rf_session_start(&run->session, TELL_NS);
	/* who is there already; a command begins with nobody */
	if (!ret && !live->command)
		ret = rf_probe_sweep(run->session.probe, &now);
	if (!ret)
		ret = measure(run);
	if (ret == -ENOMEM)
		rf_err("out of memory");
	return rf_session_finish(&run->session, ret);
}

int rf_verb_trace(int argc, char **argv)
{
	static struct trace_run run;
	int status;

	parse(&run.options, argc, argv);
	status = run_trace(&run);
	rf_session_close(&run.session);
	if (rf_output_close(&run.output) && !status)
		status = RF_EXIT_FAILED;
	rf_order_free(run.order);
	rf_who_free(run.who);
	rf_call_formats_free(run.view.formats);
	free(run.strings);
	rf_live_clear(&run.options.live);
	return status;
}
