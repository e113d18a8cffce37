// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence record: the stream into a file.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"
#include "bpf/isolation.h"
#include "bpf/stream.h"
#include "identity/cgroup.h"
#include "identity/proc.h"
#include "identity/syscall.h"
#include "identity/user.h"
#include "ledger/table.h"
#include "ledger/walk.h"
#include "probe/health.h"
#include "recording/writer.h"
#include "rf_version.h"
#include "verbs/missing.h"
#include "verbs/option_check.h"
#include "verbs/session.h"
#include "verbs/verbs.h"
#include "views/text.h"

/* At most so much is lost when ringfence itself is killed. */
#define FLUSH_NS RF_NSEC_PER_SEC
/* Who is there is looked at anew this often: whoever began to be a target without any event. */
#define SWEEP_NS (30 * RF_NSEC_PER_SEC)
#define USERS_MAX 1024
#define KEEP_MIN ((size_t)1 << 20)
#define KEEP_MAX ((size_t)1 << 40)
#define CGROUPS_MAX 16384

enum { KEY_KEEP = 0x300, KEY_ON };

struct record_options {
	struct rf_live live;
	uint64_t keep_ns;
	size_t keep_bytes;
	bool on_violation;
	bool on_oops;
	uint64_t on_call_ns; /* a call that took longer; 0: none */
};

struct record_run {
	struct record_options options;
	struct rf_session session;
	struct rf_writer *writer;
	struct rf_users *users;
	struct rf_cgroups *cgroups;
	struct rf_table exes; /* entities whose exe was said */
	struct rf_table uids; /* uid plus 1 */
	struct rf_table ids;  /* cgroups */
	struct rf_health health;
	uint64_t sweep_ns; /* when the next full sweep is due */
	bool triggered;
	unsigned int dumps;
	bool progress;
};

static volatile sig_atomic_t asked_to_dump;

static void on_ask(int number)
{
	(void)number;
	asked_to_dump = 1;
}

static const struct argp_option options[] = {
	{ .doc = "Flight recorder:", .group = 5 },
	{ "keep", KEY_KEEP, "TIME|SIZE", 0,
	  "Hold only the latest past, of that length or in that much memory (30s, 64M), and write "
	  "it to FILE on SIGUSR2, on what --on names, and at the end",
	  5 },
	{ "on", KEY_ON, "WHAT", 0,
	  "With --keep: write it out on a violation (violation), on a kernel oops (oops), or when "
	  "a call takes longer than a time ('call>1s'); may be given more than once",
	  5 },
	{ 0 },
};

static void parse_keep(struct record_options *o, const char *text)
{
	char err[RF_PARSE_ERR], other[RF_PARSE_ERR];

	if (!rf_parse_duration(text, &o->keep_ns, err, sizeof(err)))
		return;
	o->keep_ns = 0;
	if (rf_parse_size(text, KEEP_MIN, KEEP_MAX, &o->keep_bytes, other, sizeof(other)))
		rf_usage_error("--keep takes a time or a size, such as 30s or 64M: \"%s\" is "
		               "neither",
		               text);
}

static void parse_on(struct record_options *o, const char *text)
{
	char err[RF_PARSE_ERR];

	if (!strcmp(text, "violation"))
		o->on_violation = true;
	else if (!strcmp(text, "oops"))
		o->on_oops = true;
	else if (strncmp(text, "call>", 5))
		rf_usage_error("--on: there is no \"%s\"; use violation, oops or 'call>1s'", text);
	else if (rf_parse_duration(text + 5, &o->on_call_ns, err, sizeof(err)))
		rf_usage_error("--on call>TIME: %s", err);
}

static void check_whole(const struct record_options *o)
{
	const struct rf_live *live = &o->live;

	if (!live->output)
		rf_usage_error("where to? -o FILE names the recording");
	if (live->interval_ns)
		rf_usage_error("a recording has no intervals; leave -i out (report has --from and "
		               "--to)");
	if (live->format != RF_FORMAT_TABLE)
		rf_usage_error("a recording has its own format; leave --format out, and give it to "
		               "report");
	if (live->latency == RF_LATENCY_NONE)
		rf_usage_error("a recording has all times; leave --no-latency out");
	if ((o->on_violation || o->on_oops || o->on_call_ns) && !o->keep_ns && !o->keep_bytes)
		rf_usage_error("--on goes with --keep, which says how much past to write out");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct record_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
		return 0;
	case KEY_KEEP:
		parse_keep(o, arg);
		return 0;
	case KEY_ON:
		parse_on(o, arg);
		return 0;
	case ARGP_KEY_END:
		check_whole(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse(struct record_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Writes every kernel crossing, in order, to a file that ringfence report "
		       "reads: here or elsewhere, now or later.\v"
		       "Examples:\n"
		       "  ringfence record -o all.rec -d 10s             the whole host\n"
		       "  ringfence record -o make.rec -- make all       a command and what it starts\n"
		       "  ringfence record -o last.rec --keep 30s        the latest past, until Ctrl-C\n"
		       "  ringfence record -o slow.rec --keep 64M --on 'call>1s' --comm nginx\n"
		       "\n"
		       "The file is made with mode 0600. It can be read whatever ends the recording: "
		       "a signal, a full disk, a crash; at most the last second is missing then. "
		       "Exit status: as stat.",
	};

	*o = (struct record_options){ .live = RF_LIVE_INIT };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}

/* Whether key was not in the table yet; it is then. */
static bool is_new(struct rf_table *t, uint64_t key)
{
	if (rf_table_get(t, key))
		return false;
	(void)rf_table_put(t, key, t);
	return true;
}

static int name_exe(struct record_run *run, uint64_t entity, uint32_t tgid, const char *otherwise)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%u/exe", tgid);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return rf_writer_exe(run->writer, entity, n > 0 ? path : otherwise);
}

static int name_user(struct record_run *run, uint32_t uid)
{
	char name[256];

	if (!is_new(&run->uids, (uint64_t)uid + 1) ||
	    rf_user_name(run->users, uid, name, sizeof(name)))
		return 0;
	return rf_writer_user(run->writer, uid, name);
}

static int name_cgroup(struct record_run *run, uint64_t entity, uint32_t tgid, uint64_t id)
{
	const char *hierarchy = run->options.live.hierarchy;
	char path[PATH_MAX] = "";
	int err = 0;

	if (is_new(&run->ids, id) &&
	    !rf_cgroup_path(run->cgroups, hierarchy, id, path, sizeof(path)))
		err = rf_writer_cgroup(run->writer, id, path);
	/* with v1 hierarchies in use everything may sit in the root of v2 */
	if (err || rf_cgroup_path(run->cgroups, hierarchy, id, path, sizeof(path)) ||
	    strcmp(path, "/") || rf_pid_cgroup((pid_t)tgid, path, sizeof(path)) ||
	    !strcmp(path, "/"))
		return err;
	return rf_writer_process_cgroup(run->writer, entity, path);
}

static int name_process(struct record_run *run, const struct rf_process_rec *rec, size_t size)
{
	bool leader = rec->tid == rec->tgid;
	int err = name_user(run, rec->uid);

	if (rec->rec.type == RF_REC_EXIT) {
		rf_table_remove(&run->exes, rec->rec.entity);
		return err;
	}
	if (!err && !rf_table_get(&run->ids, rec->cgroup))
		err = name_cgroup(run, rec->rec.entity, rec->tgid, rec->cgroup);
	if (rec->rec.type == RF_REC_FORK && leader)
		(void)is_new(&run->exes, rec->rec.entity); /* its parent's */
	if (rec->rec.type != RF_REC_EXEC || size <= RF_PROCESS_REC_SIZE)
		return err;
	(void)is_new(&run->exes, rec->rec.entity);
	/* a relative path says little to the reader; once the process is gone it is all there is */
	return err || *rec->path == '/' ? err :
	                                  name_exe(run, rec->rec.entity, rec->tgid, rec->path);
}

static int name_thread(struct record_run *run, const struct rf_thread_rec *rec)
{
	int err = name_user(run, rec->uid);

	if (err || !is_new(&run->exes, rec->rec.entity))
		return err;
	err = name_cgroup(run, rec->rec.entity, rec->tgid, rec->cgroup);
	return err ? err : name_exe(run, rec->rec.entity, rec->tgid, "");
}

static void look_for_slow(struct record_run *run, const void *rec, size_t size)
{
	struct rf_step s = { 0 };
	struct rf_walk w;

	if (rf_walk_begin(&w, rec, size))
		return;
	while (rf_walk_next(&w, &s) > 0)
		if (s.kind == RF_STEP_CALL && !(s.flags & RF_CALL_REFUSED) &&
		    s.time - s.start > run->options.on_call_ns)
			run->triggered = true;
}

static int take(void *ctx, const void *rec, size_t size)
{
	const struct rf_rec *head = rec;
	struct record_run *run = ctx;
	int err = rf_writer_record(run->writer, rec, size);

	if (err == -EINVAL)
		rf_err("a record of type %u, %zu bytes long, could not be taken in", head->type,
		       size);
	if (err)
		return err;
	switch (head->type) {
	case RF_REC_BATCH:
		if (run->options.on_call_ns)
			look_for_slow(run, rec, size);
		return 0;
	case RF_REC_FORK:
	case RF_REC_EXEC:
	case RF_REC_EXIT:
		return name_process(run, rec, size);
	case RF_REC_THREAD:
		return name_thread(run, rec);
	case RF_REC_VIOLATION:
		run->triggered = run->triggered || run->options.on_violation;
		return 0;
	default:
		return 0;
	}
}

static bool keeps(const struct record_run *run)
{
	return run->options.keep_ns || run->options.keep_bytes;
}

static int write_count(struct record_run *run, const char *name, const char *after,
                       const struct rf_health_count *count)
{
	char key[32], value[32];

	if (!count->known)
		return 0;
	snprintf(key, sizeof(key), "%s%s", name, after);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)count->count);
	return rf_writer_fact(run->writer, key, value);
}

/* How the kernel itself is: at the begin, and, after "-after", at the end or when written out. */
static int write_health(struct record_run *run, const char *after)
{
	struct rf_health h;
	int err;

	rf_health_read(&h);
	err = write_count(run, "oopses", after, &h.oopses);
	if (!err)
		err = write_count(run, "warnings", after, &h.warnings);
	if (!err)
		err = write_count(run, "oom-kills", after, &h.oom_kills);
	return err ? err : write_count(run, "taint", after, &h.taint);
}

/* All that was counted up to now, with every thread. */
static int sweep(struct record_run *run, bool final)
{
	uint64_t now;
	int ret;

	if (keeps(run)) {
		/* what said it before may be let go */
		rf_table_clear(&run->exes);
		rf_table_clear(&run->uids);
		rf_table_clear(&run->ids);
	}
	ret = final ? write_health(run, "-after") : 0;
	if (!ret)
		ret = rf_writer_sweep(run->writer, final);
	if (!ret)
		ret = final ? rf_probe_stop(run->session.probe, &now) :
		              rf_probe_sweep(run->session.probe, &now);
	if (!ret)
		ret = rf_writer_swept(run->writer, now, rf_probe_skipped(run->session.probe),
		                      final);
	if (!ret)
		ret = rf_writer_cut(run->writer, now);
	if (final && !ret)
		ret = keeps(run) ? rf_writer_dump(run->writer, now) :
		                   rf_writer_finish(run->writer, now);
	return ret;
}

static void tell_bytes(char *buf, size_t len, uint64_t bytes)
{
	static const char units[] = "kMGT";
	double n = (double)bytes / 1000;
	size_t unit = 0;

	while (n >= 1000 && units[unit + 1]) {
		n /= 1000;
		unit++;
	}
	snprintf(buf, len, "%.*f %cB", n < 10 ? 2 : n < 100 ? 1 : 0, n, units[unit]);
}

static void tell(const struct record_run *run, bool done)
{
	char crossings[RF_TEXT_LEN], lost[RF_TEXT_LEN], duration[RF_TEXT_LEN], bytes[RF_TEXT_LEN];
	struct rf_writer_stats stats;

	rf_writer_stats(run->writer, &stats);
	rf_text_number(crossings, stats.crossings);
	rf_text_number(lost, stats.lost);
	rf_text_duration(duration, rf_now_ns() - run->session.start_ns, false);
	tell_bytes(bytes, sizeof(bytes), stats.bytes);
	if (!done) {
		fprintf(stderr, "\r\033[K%s, %s crossings, %s%s, %s lost ", duration, crossings,
		        bytes, keeps(run) ? " held" : "", lost);
		return;
	}
	if (run->progress)
		fputs("\r\033[K", stderr);
	if (stats.lost)
		rf_warn("%s crossings were lost: they came faster than they could be written; a "
		        "larger --memory or fewer targets help",
		        lost);
	rf_info("%s, %s crossings, %s, %s lost: %s", duration, crossings, bytes, lost,
	        run->options.live.output);
}

static int dump(struct record_run *run)
{
	int ret = write_health(run, "-after");

	if (!ret)
		ret = sweep(run, false);
	if (!ret)
		ret = rf_writer_dump(run->writer, rf_now_ns());
	if (ret)
		return ret;
	run->dumps++;
	if (run->progress)
		fputs("\r\033[K", stderr);
	if (run->dumps == 1)
		rf_info("written to %s", run->options.live.output);
	else
		rf_info("written to %s.%u", run->options.live.output, run->dumps);
	return 0;
}

/* The kernel has oopsed since it was looked at last. */
static bool has_oopsed(struct record_run *run)
{
	struct rf_health before = run->health;

	if (!run->options.on_oops)
		return false;
	rf_health_read(&run->health);
	return rf_health_oopsed(&before, &run->health);
}

static int tick(struct record_run *run)
{
	uint64_t now = rf_now_ns();
	int ret;

	if (now >= run->sweep_ns) {
		uint64_t every = run->options.keep_ns && run->options.keep_ns / 3 < SWEEP_NS ?
		                         run->options.keep_ns / 3 :
		                         SWEEP_NS;

		run->sweep_ns = now + every;
		ret = sweep(run, false);
	} else {
		ret = rf_probe_flush(run->session.probe, &now);
		if (!ret)
			ret = rf_writer_cut(run->writer, now);
	}
	if (!ret && keeps(run) && (asked_to_dump || run->triggered || has_oopsed(run))) {
		asked_to_dump = 0;
		run->triggered = false;
		ret = dump(run);
	}
	if (!ret && run->progress)
		tell(run, false);
	return ret;
}

static int measure(struct record_run *run)
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
			ret = tick(run);
	}
	return ret ? ret : sweep(run, true);
}

static int write_missing(struct record_run *run)
{
	__rf_str struct rf_str missing = RF_STR_INIT;

	rf_find_missing(&run->session.host, &missing);
	return rf_writer_fact(run->writer, "missing", rf_str_get(&missing));
}

static int write_facts(struct record_run *run)
{
	struct utsname name;
	int err = rf_writer_fact(run->writer, "ringfence", RF_VERSION);

	if (!err && !uname(&name)) {
		err = rf_writer_fact(run->writer, "kernel", name.release);
		if (!err)
			err = rf_writer_fact(run->writer, "kernel-version", name.version);
		if (!err)
			err = rf_writer_fact(run->writer, "machine", name.machine);
		if (!err)
			err = rf_writer_fact(run->writer, "host", name.nodename);
	}
	if (!err)
		err = rf_writer_fact(run->writer, "target", run->session.target);
	if (!err)
		err = write_missing(run);
	return err ? err : write_health(run, "");
}

/* The names of this machine's calls, so that a reader need not know them. */
static int write_call_names(struct record_run *run)
{
#if defined(__x86_64__)
	static const enum rf_abi abis[] = { RF_ABI_X86_64, RF_ABI_I386 };
#else
	static const enum rf_abi abis[] = { RF_ABI_ARM64, RF_ABI_ARM };
#endif
	int err = 0;

	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++) {
		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT && !err; nr++) {
			const char *name = rf_syscall_name(abis[i], nr);

			if (name)
				err = rf_writer_call_name(run->writer, abis[i], nr, name);
		}
	}
	return err;
}

static int start(struct record_run *run)
{
	struct sigaction action = { .sa_handler = on_ask };
	int ret = rf_session_start(&run->session, FLUSH_NS);

	if (!ret)
		ret = rf_writer_begin(run->writer, run->session.start_ns);
	if (!ret)
		ret = write_facts(run);
	if (!ret)
		ret = write_call_names(run);
	if (ret)
		return ret;
	if (keeps(run))
		sigaction(SIGUSR2, &action, NULL);
	run->progress = run->session.window.progress && !run->options.live.command;
	if (run->progress)
		rf_info("recording %s, Ctrl-C ends it", run->session.target);
	/* who is there now can be gone at the end; a command begins with nobody */
	return run->options.live.command ? rf_writer_cut(run->writer, run->session.start_ns) :
	                                   tick(run);
}

static int run_record(struct record_run *run)
{
	struct rf_writer_options wanted = { .path = run->options.live.output,
		                            .keep_ns = run->options.keep_ns,
		                            .keep_bytes = run->options.keep_bytes };
	struct rf_probe_options probe = { .stream = true, .isolation = RF_ISOLATION_EVENTS };
	int status = rf_session_prepare(&run->session, &run->options.live), ret;

	run->users = rf_users_new(USERS_MAX);
	if (!status && (!run->users || rf_cgroups_new(&run->cgroups, CGROUPS_MAX))) {
		rf_err("out of memory");
		return RF_EXIT_FAILED;
	}
	if (!status)
		status = rf_session_open(&run->session, &probe, take, run);
	if (status)
		return status;
	rf_health_read(&run->health);
	if (run->options.on_oops && !rf_health_tells_oopses(&run->health)) {
		rf_err("--on oops: this kernel tells of no oops: it has no /sys/kernel/oops_count "
		       "(6.2), and its taint says that it has oopsed already");
		return RF_EXIT_CANNOT;
	}
	/* not before it is known that something will be written */
	if (rf_writer_open(&run->writer, &wanted))
		return RF_EXIT_FAILED;
	ret = start(run);
	if (!ret)
		ret = measure(run);
	if (!ret && run->session.window.progress)
		tell(run, true);
	return rf_session_finish(&run->session, ret);
}

int rf_verb_record(int argc, char **argv)
{
	static struct record_run run;
	int status;

	parse(&run.options, argc, argv);
	status = run_record(&run);
	rf_session_close(&run.session);
	rf_writer_free(run.writer);
	rf_users_free(run.users);
	rf_cgroups_free(run.cgroups);
	rf_table_clear(&run.exes);
	rf_table_clear(&run.uids);
	rf_table_clear(&run.ids);
	rf_live_clear(&run.options.live);
	return status;
}
