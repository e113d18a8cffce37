// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "bpf/records.h"
#include "identity/escape.h"
#include "identity/syscall.h"
#include "ledger/rows.h"
#include "views/grid.h"
#include "views/json.h"

/* Beside calls; no call has these numbers. */
#define OF_USER UINT32_MAX
#define OF_FAULTS (UINT32_MAX - 1)

struct side {
	uint64_t count;
	uint64_t failed;
	uint64_t ns;
};

struct change {
	char comm[RF_LEDGER_COMM_LEN + 1];
	uint32_t call;
	struct side before, after;
	double weight; /* ns of each second that are different */
};

struct changes {
	struct change *list;
	size_t nr;
	size_t room;
};

static int add(struct changes *c, const char *comm, uint32_t call, bool after, struct side side)
{
	struct change *change;

	if (!side.count && !side.ns)
		return 0;
	if (c->nr == c->room) {
		size_t room = c->room ? c->room * 2 : 256;
		struct change *list = reallocarray(c->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		c->list = list;
		c->room = room;
	}
	change = &c->list[c->nr++];
	*change = (struct change){ .call = call };
	memcpy(change->comm, comm, sizeof(change->comm));
	if (after)
		change->after = side;
	else
		change->before = side;
	return 0;
}

static int add_row(struct changes *c, const struct rf_process *p, bool after)
{
	int err = add(c, p->comm, OF_USER, after, (struct side){ .ns = p->time.user });

	if (!err)
		err = add(c, p->comm, OF_FAULTS, after,
		          (struct side){ .count = p->faults.user + p->faults.kernel,
		                         .ns = p->fault_ns });
	for (size_t i = 0; i < p->nr_cells && !err; i++)
		err = add(c, p->comm, p->cells[i]->call, after,
		          (struct side){ .count = p->cells[i]->calls,
		                         .failed = p->cells[i]->failed,
		                         .ns = p->cells[i]->total_ns });
	return err;
}

static int add_ledger(struct changes *c, const struct rf_ledger *l, bool after)
{
	struct rf_rows rows;
	int err = rf_rows_build(&rows, l, RF_BY_COMM, RF_SORT_NAME, 0, true);

	for (size_t i = 0; !err && i < rows.nr; i++)
		err = add_row(c, &rows.rows[i].sum, after);
	rf_rows_clear(&rows);
	return err;
}

static int by_key(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	int order = strcmp(a->comm, b->comm);

	if (order)
		return order;
	return a->call != b->call ? (a->call < b->call ? -1 : 1) : 0;
}

static int by_weight(const void *left, const void *right)
{
	const struct change *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return by_key(left, right);
}

static double rate(uint64_t n, uint64_t window_ns)
{
	return window_ns ? (double)n * 1e9 / (double)window_ns : 0;
}

static void join(struct changes *c)
{
	size_t kept = 0;

	if (!c->nr)
		return;
	qsort(c->list, c->nr, sizeof(*c->list), by_key);
	for (size_t i = 0; i < c->nr; i++) {
		if (kept && !by_key(&c->list[kept - 1], &c->list[i])) {
			c->list[kept - 1].after = c->list[i].after;
			continue;
		}
		c->list[kept++] = c->list[i];
	}
	c->nr = kept;
}

static int find(struct changes *c, const struct rf_diff_view *v)
{
	uint64_t before = rf_ledger_window_ns(v->before), after = rf_ledger_window_ns(v->after);
	int err = add_ledger(c, v->before, false);

	if (!err)
		err = add_ledger(c, v->after, true);
	if (err)
		return err;
	join(c);
	for (size_t i = 0; i < c->nr; i++) {
		double more = rate(c->list[i].after.ns, after) - rate(c->list[i].before.ns, before);

		c->list[i].weight = more < 0 ? -more : more;
	}
	if (c->nr)
		qsort(c->list, c->nr, sizeof(*c->list), by_weight);
	if (v->top && c->nr > v->top)
		c->nr = v->top;
	return 0;
}

static const char *what(uint32_t call, char *buf, size_t len)
{
	if (call == OF_USER)
		return "user time";
	if (call == OF_FAULTS)
		return "page faults";
	return rf_syscall_label((enum rf_abi)RF_CALL_ABI(call), RF_CALL_NR(call), buf, len);
}

static const struct rf_column columns[] = {
	{ .title = "COMMAND", .left = true, .min = 6 },
	{ .title = "CALL", .left = true },
	{ .title = "MS/s" },
	{ .title = "" },
	{ .title = "" },
	{ .title = "CALLS/s" },
	{ .title = "" },
	{ .title = "MEAN" },
	{ .title = "" },
	{ .title = "FAILED/s", .drop = 2 },
	{ .title = "", .drop = 2 },
};

static void add_double(struct rf_grid *g, double value, bool sign)
{
	char text[32];

	snprintf(text, sizeof(text), sign ? "%+.2f" : "%.2f", value);
	rf_grid_add(g, text, RF_COLOR_NONE);
}

static void add_mean(struct rf_grid *g, const struct side *s, bool utf8)
{
	char text[RF_TEXT_LEN];

	rf_grid_add(g, s->count && s->ns ? rf_text_duration(text, s->ns / s->count, utf8) : "-",
	            RF_COLOR_NONE);
}

static void add_cells(struct rf_grid *g, const struct change *c, const struct rf_diff_view *v,
                      const struct rf_style *style)
{
	uint64_t before = rf_ledger_window_ns(v->before), after = rf_ledger_window_ns(v->after);
	char comm[RF_ESCAPE_MAX(RF_LEDGER_COMM_LEN)], label[RF_SYSCALL_NAME_LEN];
	double ms_before = rate(c->before.ns, before) / 1e6;
	double ms_after = rate(c->after.ns, after) / 1e6;

	rf_grid_add(g, rf_text_name(comm, sizeof(comm), c->comm, style->utf8), RF_COLOR_NAME);
	rf_grid_add(g, what(c->call, label, sizeof(label)), RF_COLOR_NONE);
	add_double(g, ms_before, false);
	add_double(g, ms_after, false);
	add_double(g, ms_after - ms_before, true);
	add_double(g, rate(c->before.count, before), false);
	add_double(g, rate(c->after.count, after), false);
	add_mean(g, &c->before, style->utf8);
	add_mean(g, &c->after, style->utf8);
	add_double(g, rate(c->before.failed, before), false);
	add_double(g, rate(c->after.failed, after), false);
}

int rf_diff_table(FILE *out, const struct rf_diff_view *v, const struct rf_style *style)
{
	char before[RF_TEXT_LEN], after[RF_TEXT_LEN];
	struct changes c = { 0 };
	struct rf_grid *g = rf_grid_new(columns, sizeof(columns) / sizeof(columns[0]), 0);
	int err = g ? find(&c, v) : -ENOMEM;

	if (!err) {
		fprintf(out, "ringfence diff: %s of %s, then %s of %s, both per second\n\n",
		        rf_text_duration(before, rf_ledger_window_ns(v->before), style->utf8),
		        v->before_name,
		        rf_text_duration(after, rf_ledger_window_ns(v->after), style->utf8),
		        v->after_name);
		for (size_t i = 0; i < c.nr; i++)
			add_cells(g, &c.list[i], v, style);
		err = rf_grid_fit(g, style);
	}
	if (!err) {
		rf_grid_print_titles(g, out, style);
		for (size_t i = 0; i < c.nr; i++)
			rf_grid_print_row(g, i, out, style);
	}
	rf_grid_free(g);
	free(c.list);
	return err ? err : ferror(out) ? -EIO : 0;
}

static void put_side(struct rf_json *j, const char *key, const struct side *s)
{
	rf_json_object(j, key);
	rf_json_u64(j, "count", s->count);
	rf_json_u64(j, "failed", s->failed);
	rf_json_u64(j, "total_ns", s->ns);
	rf_json_end(j);
}

static void put_change(struct rf_json *j, const struct change *c)
{
	char label[RF_SYSCALL_NAME_LEN];

	rf_json_object(j, NULL);
	rf_json_string(j, "comm", c->comm);
	rf_json_string(j, "name", what(c->call, label, sizeof(label)));
	put_side(j, "before", &c->before);
	put_side(j, "after", &c->after);
	rf_json_end(j);
}

static void put_windows(struct rf_json *j, const struct rf_diff_view *v)
{
	rf_json_string(j, "schema", "ringfence.diff/1");
	rf_json_u64(j, "before_window_ns", rf_ledger_window_ns(v->before));
	rf_json_u64(j, "after_window_ns", rf_ledger_window_ns(v->after));
}

int rf_diff_json(FILE *out, const struct rf_diff_view *v)
{
	struct changes c = { 0 };
	struct rf_json j;
	int err = find(&c, v);

	if (!err) {
		rf_json_init(&j, out);
		rf_json_object(&j, NULL);
		put_windows(&j, v);
		rf_json_array(&j, "changes");
		for (size_t i = 0; i < c.nr; i++)
			put_change(&j, &c.list[i]);
		rf_json_end(&j);
		rf_json_end(&j);
	}
	free(c.list);
	return err ? err : ferror(out) ? -EIO : 0;
}

int rf_diff_ndjson(FILE *out, const struct rf_diff_view *v)
{
	struct changes c = { 0 };
	struct rf_json j;
	int err = find(&c, v);

	for (size_t i = 0; !err && i < c.nr; i++) {
		rf_json_init(&j, out);
		put_change(&j, &c.list[i]);
	}
	if (!err) {
		rf_json_init(&j, out);
		rf_json_object(&j, NULL);
		put_windows(&j, v);
		rf_json_end(&j);
	}
	free(c.list);
	return err ? err : ferror(out) ? -EIO : 0;
}

int rf_diff_csv(FILE *out, const struct rf_diff_view *v)
{
	struct changes c = { 0 };
	int err = find(&c, v);

	if (!err)
		fputs("comm,call,before_count,before_failed,before_ns,after_count,after_failed,"
		      "after_ns\n",
		      out);
	for (size_t i = 0; !err && i < c.nr; i++) {
		char comm[RF_ESCAPE_MAX(RF_LEDGER_COMM_LEN)], label[RF_SYSCALL_NAME_LEN];
		const struct change *d = &c.list[i];

		rf_escape_str(comm, sizeof(comm), d->comm, RF_ESCAPE_CSV);
		fprintf(out,
		        "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		        "\n",
		        comm, what(d->call, label, sizeof(label)), d->before.count,
		        d->before.failed, d->before.ns, d->after.count, d->after.failed,
		        d->after.ns);
	}
	free(c.list);
	return err ? err : ferror(out) ? -EIO : 0;
}
