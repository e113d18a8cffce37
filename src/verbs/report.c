// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence report: a recording into views.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/log.h"
#include "base/rf_time.h"
#include "bpf/stream.h"
#include "identity/glob.h"
#include "ledger/table.h"
#include "recording/names.h"
#include "recording/reader.h"
#include "recording/replay.h"
#include "verbs/output.h"
#include "verbs/report_faults.h"
#include "verbs/report_options.h"
#include "verbs/report_steps.h"
#include "verbs/verbs.h"
#include "views/diff.h"
#include "views/stat.h"

#define ROWS_IN_TABLE 20

struct report_run {
	struct rf_report_options options;
	struct rf_output output;
	struct rf_table wanted; /* processes that the filters let through */
	bool filtered;
	uint64_t from_ns;
	uint64_t to_ns;
	struct rf_report_faults *faults; /* NULL: violations are not asked for */
};

/* One recording, read. */
struct book {
	struct rf_ledger *ledger;
	struct rf_names *names;
	struct rf_replay replay;
};

static void clear_book(struct book *b)
{
	rf_ledger_free(b->ledger);
	rf_names_free(b->names);
	*b = (struct book){ 0 };
}

static bool has_filters(const struct rf_report_options *o)
{
	return o->nr_pids || o->comm || o->user || o->cgroup;
}

static bool pid_matches(const struct rf_report_options *o, uint32_t tgid)
{
	for (size_t i = 0; i < o->nr_pids; i++)
		if (o->pids[i] == tgid)
			return true;
	return !o->nr_pids;
}

static bool user_matches(const struct rf_report_options *o, const struct rf_names *names,
                         uint32_t uid)
{
	int64_t wanted;
	char *end;

	if (!o->user)
		return true;
	wanted = rf_names_uid(names, o->user);
	if (wanted >= 0)
		return (uint32_t)wanted == uid;
	return strtoul(o->user, &end, 10) == uid && end != o->user && !*end;
}

static bool cgroup_matches(const struct rf_report_options *o, const struct rf_names *names,
                           uint64_t process, uint64_t id)
{
	const char *path, *wanted = o->cgroup;
	size_t len;

	if (!wanted)
		return true;
	if (!strncmp(wanted, "/sys/fs/cgroup", 14))
		wanted += 14;
	path = rf_names_cgroup(names, process, id);
	len = strlen(wanted);
	while (len && wanted[len - 1] == '/')
		len--;
	return path && !strncmp(path, wanted, len) && (!path[len] || path[len] == '/');
}

static bool comm_matches(const struct rf_report_options *o, const char *raw)
{
	char comm[RF_COMM_LEN + 1] = "";

	if (!o->comm)
		return true;
	memcpy(comm, raw, RF_COMM_LEN);
	return rf_glob_match(o->comm, comm);
}

static int judge(struct report_run *run, const struct rf_names *names, const void *data,
                 size_t size)
{
	const struct rf_report_options *o = &run->options;
	uint64_t process, cgroup;
	uint32_t tgid, uid;
	char comm[RF_COMM_LEN];
	struct rf_rec head;

	memcpy(&head, data, sizeof(head));
	if (head.type == RF_REC_THREAD) {
		struct rf_thread_rec rec;

		memcpy(&rec, data, sizeof(rec));
		process = RF_ENTITY(rec.tgid, rec.start_ns);
		tgid = rec.tgid, uid = rec.uid, cgroup = rec.cgroup;
		memcpy(comm, rec.comm, sizeof(comm));
	} else if ((head.type >= RF_REC_FORK && head.type <= RF_REC_EXIT) ||
	           head.type == RF_REC_THREAD_BORN || head.type == RF_REC_THREAD_ENDED) {
		struct rf_process_rec rec = { 0 };

		memcpy(&rec, data, size < sizeof(rec) ? size : sizeof(rec));
		process = RF_ENTITY(rec.tgid, rec.start_ns);
		tgid = rec.tgid, uid = rec.uid, cgroup = rec.cgroup;
		memcpy(comm, rec.comm, sizeof(comm));
	} else {
		return 0;
	}
	if (!pid_matches(o, tgid) || !user_matches(o, names, uid) || !comm_matches(o, comm) ||
	    !cgroup_matches(o, names, process, cgroup))
		return 0;
	return rf_table_put(&run->wanted, process, run);
}

/*
 * Who passes the filters, in two readings: names come after the records that need them.
 */
static int find_wanted(struct report_run *run, const char *path)
{
	struct rf_names *names = rf_names_new();
	int ret = names ? 0 : -ENOMEM;

	for (int reading = 0; reading < 2 && !ret; reading++) {
		struct rf_entry_read e;
		struct rf_reader *r;

		ret = rf_reader_open(&r, path);
		if (ret)
			break;
		/* no crossing is looked at */
		ret = rf_reader_part(r, UINT64_MAX, 0);
		while (!ret && (ret = rf_reader_next(r, &e)) > 0) {
			ret = reading && e.kind == RF_ENTRY_RECORD ?
			              judge(run, names, e.rec, e.size) :
			              rf_names_take(names, &e);
			if (ret)
				break;
		}
		rf_reader_close(r);
	}
	rf_names_free(names);
	if (ret == -ENOMEM)
		rf_err("out of memory");
	return ret;
}

static bool wants(void *ctx, uint64_t process)
{
	const struct report_run *run = ctx;

	return rf_table_get(&run->wanted, process);
}

static bool wants_call(void *ctx, uint32_t call)
{
	const struct report_run *run = ctx;

	return rf_call_set_has(&run->options.set, (enum rf_abi)RF_CALL_ABI(call), RF_CALL_NR(call));
}

static int find_moments(struct report_run *run, const struct rf_file_header *h)
{
	const struct rf_report_options *o = &run->options;
	char err[512];

	run->from_ns = run->to_ns = 0;
	if ((o->from && rf_report_moment(o->from, h->start_ns, h->start_real, &run->from_ns, err,
	                                 sizeof(err))) ||
	    (o->to &&
	     rf_report_moment(o->to, h->start_ns, h->start_real, &run->to_ns, err, sizeof(err)))) {
		rf_err("%s", err);
		return -EINVAL;
	}
	if (run->to_ns && run->to_ns <= run->from_ns) {
		rf_err("--to is not after --from; the recording begins with --from +0s");
		return -EINVAL;
	}
	return 0;
}

static void tell_state(const char *path, const struct rf_reader_state *s)
{
	if (!s->ended)
		rf_warn("%s was cut off: this is what its whole blocks hold", path);
	if (s->bad_blocks || s->bad_records)
		rf_warn("%s is damaged: %llu blocks and %llu records of it could not be read", path,
		        (unsigned long long)s->bad_blocks, (unsigned long long)s->bad_records);
	if (s->bad_bytes && s->ended)
		rf_warn("%s holds %llu bytes that belong to no block", path,
		        (unsigned long long)s->bad_bytes);
	if (s->unknown_records || s->unknown_blocks)
		rf_warn("%s was written by a later ringfence: %llu records and %llu blocks that "
		        "this one does not know are left out",
		        path, (unsigned long long)s->unknown_records,
		        (unsigned long long)s->unknown_blocks);
}

static int read_book(struct report_run *run, const char *path, struct book *b)
{
	struct rf_replay_options o = { .by_thread = run->options.by == RF_BY_THREAD,
		                       .wants = run->filtered ? wants : NULL,
		                       .wants_call = run->options.has_calls ? wants_call : NULL,
		                       .ctx = run };
	struct rf_reader *r;
	int ret;

	*b = (struct book){ .ledger = rf_ledger_new(), .names = rf_names_new() };
	if (!b->ledger || !b->names) {
		rf_err("out of memory");
		return -ENOMEM;
	}
	rf_table_clear(&run->wanted);
	run->filtered = has_filters(&run->options);
	o.wants = run->filtered ? wants : NULL;
	if (run->filtered && (ret = find_wanted(run, path)))
		return ret;
	ret = rf_reader_open(&r, path);
	if (ret)
		return ret;
	ret = find_moments(run, rf_reader_header(r));
	o.from_ns = run->from_ns;
	o.to_ns = run->to_ns;
	if (!ret && (o.from_ns || o.to_ns))
		ret = rf_reader_part(r, o.from_ns, o.to_ns);
	if (run->faults) {
		rf_report_faults_of(run->faults, rf_reader_header(r), b->names);
		o.isolation = run->faults->isolation;
	}
	if (!ret)
		ret = rf_replay(r, &o, b->ledger, b->names, &b->replay);
	rf_reader_close(r);
	if (!ret)
		tell_state(path, &b->replay.state);
	return ret;
}

static const char *name_user(void *ctx, uint32_t uid)
{
	return rf_names_user(ctx, uid);
}

static const char *name_cgroup(void *ctx, uint64_t entity, uint64_t id)
{
	return rf_names_cgroup(ctx, entity, id);
}

static int show_ledger(struct report_run *run)
{
	const struct rf_report_options *o = &run->options;
	struct rf_stat_names names = { .user = name_user, .cgroup = name_cgroup };
	struct rf_stat_view view = {
		.by = o->by,
		.sort = o->sort,
		.top = o->top,
		.calls = o->calls,
		.target = o->file,
		.names = &names,
	};
	FILE *out = run->output.file;
	struct rf_style style;
	struct book book;
	int ret = read_book(run, o->file, &book);

	view.ledger = book.ledger;
	names.ctx = book.names;
	if (!o->has_top)
		view.top = o->format == RF_REPORT_TABLE ? ROWS_IN_TABLE : 0;
	if (!ret)
		ret = rf_output_begin(&run->output);
	if (ret) {
		clear_book(&book);
		return ret;
	}
	switch (o->format) {
	case RF_REPORT_JSON:
		ret = rf_stat_json(out, &view);
		break;
	case RF_REPORT_NDJSON:
		ret = rf_stat_ndjson(out, &view);
		break;
	case RF_REPORT_CSV:
		ret = rf_stat_csv(out, &view);
		break;
	default:
		rf_style_detect(&style, fileno(out));
		ret = rf_stat_table(out, &view, &style);
		break;
	}
	clear_book(&book);
	if (ret == -ENOMEM)
		rf_err("the result does not fit in memory; --by comm takes less");
	return rf_output_flush(&run->output) ? -EIO : ret;
}

static int show_diff(struct report_run *run)
{
	const struct rf_report_options *o = &run->options;
	struct rf_diff_view view = {
		.before_name = o->file,
		.after_name = o->diff,
		.top = o->has_top                   ? o->top :
		       o->format == RF_REPORT_TABLE ? ROWS_IN_TABLE :
		                                      0,
	};
	FILE *out = run->output.file;
	struct book before = { 0 }, after = { 0 };
	struct rf_style style;
	int ret = read_book(run, o->file, &before);

	if (!ret)
		ret = read_book(run, o->diff, &after);
	if (!ret)
		ret = rf_output_begin(&run->output);
	view.before = before.ledger;
	view.after = after.ledger;
	if (!ret && o->format == RF_REPORT_TABLE) {
		rf_style_detect(&style, fileno(out));
		ret = rf_diff_table(out, &view, &style);
	} else if (!ret) {
		ret = o->format == RF_REPORT_CSV    ? rf_diff_csv(out, &view) :
		      o->format == RF_REPORT_NDJSON ? rf_diff_ndjson(out, &view) :
		                                      rf_diff_json(out, &view);
	}
	clear_book(&before);
	clear_book(&after);
	return rf_output_flush(&run->output) ? -EIO : ret;
}

static int begin_faults(struct report_run *run, struct rf_report_faults *f)
{
	f->out = run->output.file;
	f->format = run->options.format;
	f->by_time = run->options.from || run->options.to;
	f->target = run->options.file;
	rf_style_detect(&f->style, fileno(f->out));
	return rf_report_faults_begin(f);
}

static int show_faults(struct report_run *run)
{
	struct rf_report_faults f = { 0 };
	struct book book = { 0 };
	int ret = begin_faults(run, &f);

	if (!ret)
		ret = rf_output_begin(&run->output);
	run->faults = &f;
	if (!ret)
		ret = read_book(run, run->options.file, &book);
	if (!ret)
		ret = rf_report_faults_end(&f, book.ledger, book.names);
	run->faults = NULL;
	rf_report_faults_clear(&f);
	clear_book(&book);
	return rf_output_flush(&run->output) ? -EIO : ret;
}

static int show_steps(struct report_run *run)
{
	const struct rf_report_options *o = &run->options;
	struct rf_report_steps steps = {
		.out = run->output.file,
		.json = o->format == RF_REPORT_JSON || o->format == RF_REPORT_NDJSON,
		.csv = o->format == RF_REPORT_CSV,
		.timeline = o->timeline,
		.pid = o->timeline_pid,
		.wants_call = o->has_calls ? wants_call : NULL,
		.ctx = run,
	};
	struct rf_style style;
	struct rf_reader *r;
	int ret = 0;

	run->filtered = has_filters(o);
	if (run->filtered)
		ret = find_wanted(run, o->file);
	if (!ret)
		ret = rf_reader_open(&r, o->file);
	if (ret)
		return ret;
	steps.wants = run->filtered ? wants : NULL;
	rf_style_detect(&style, fileno(run->output.file));
	steps.utf8 = style.utf8;
	ret = find_moments(run, rf_reader_header(r));
	steps.from_ns = run->from_ns;
	steps.to_ns = run->to_ns;
	if (!ret && (run->from_ns || run->to_ns))
		ret = rf_reader_part(r, run->from_ns, run->to_ns);
	if (!ret)
		ret = rf_output_begin(&run->output);
	if (!ret)
		ret = rf_report_steps(r, &steps);
	if (!ret)
		tell_state(o->file, rf_reader_state(r));
	if (!ret && !steps.shown)
		rf_warn("nothing of that in %s; without --timeline and --page-faults report lists its "
		        "processes",
		        o->file);
	rf_reader_close(r);
	return rf_output_flush(&run->output) ? -EIO : ret;
}

static int show(struct report_run *run)
{
	const struct rf_report_options *o = &run->options;

	if (o->diff)
		return show_diff(run);
	if (o->faults)
		return show_faults(run);
	return o->timeline || o->page_faults ? show_steps(run) : show_ledger(run);
}

int rf_verb_report(int argc, char **argv)
{
	static struct report_run run;
	int ret;

	rf_report_options_parse(&run.options, argc, argv);
	ret = rf_output_open(&run.output, run.options.output);
	if (!ret)
		ret = show(&run);
	if (rf_output_close(&run.output) && !ret)
		ret = -EIO;
	rf_table_clear(&run.wanted);
	return ret ? RF_EXIT_FAILED : RF_EXIT_DONE;
}
