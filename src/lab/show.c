// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/show.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/str.h"
#include "identity/errno.h"
#include "identity/signal.h"
#include "lab/text.h"
#include "views/grid.h"

#define SPLIT_COLUMNS 34
#define BAR_COLUMNS 24
#define COLUMNS_MAX 20

/* Numbers: "65,536" as people write it, blanks and _ too. */
static int parse_number(const char *text, uint64_t *n)
{
	*n = 0;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (strchr(", _", *text))
			continue;
		if (!isdigit((unsigned char)*text) || *n > UINT64_MAX / 100)
			return -EINVAL;
		*n = *n * 10 + (uint64_t)(*text - '0');
	}
	return 0;
}

static int parse_letters(const char *text, char last, char *letters)
{
	bool named['z' + 1] = { false };
	size_t n = 0;

	for (; *text; text++) {
		char c = (char)tolower((unsigned char)*text);

		if (strchr(", ", c))
			continue;
		if (c < 'a' || c > last)
			return -EINVAL;
		named[(int)c] = true;
	}
	for (char c = 'a'; c <= last; c++)
		if (named[(int)c])
			letters[n++] = c;
	letters[n] = '\0';
	return 0;
}

int rf_lab_predict(const struct rf_lab *lab, const char *text, struct rf_lab_prediction *p,
                   char *err, size_t errlen)
{
	*p = (struct rf_lab_prediction){ .given = true };
	switch (lab->kind) {
	case RF_LAB_NUMBER:
		if (!parse_number(text, &p->number))
			return 0;
		snprintf(err, errlen, "\"%s\" is no number", text);
		break;
	case RF_LAB_CHOICE:
		if (!parse_letters(text, lab->last, p->letters) && strlen(p->letters) == 1)
			return 0;
		snprintf(err, errlen, "\"%s\" is none of the choices: one letter, a to %c", text,
		         lab->last);
		break;
	case RF_LAB_SET:
		if (!parse_letters(text, lab->last, p->letters))
			return 0;
		snprintf(err, errlen, "\"%s\" is no list of letters from a to %c, as in adf", text,
		         lab->last);
		break;
	}
	p->given = false;
	return -EINVAL;
}

bool rf_lab_is_right(const struct rf_lab *lab, const struct rf_lab_prediction *p,
                     const struct rf_lab_judgement *j)
{
	uint64_t apart;

	if (lab->kind != RF_LAB_NUMBER)
		return !strcmp(p->letters, j->letters);
	apart = p->number > j->number ? p->number - j->number : j->number - p->number;
	return apart <= j->number / 20;
}

static void number_cell(struct rf_grid *g, uint64_t n)
{
	char text[RF_TEXT_LEN];

	rf_grid_add(g, rf_text_number(text, n), RF_COLOR_NONE);
}

static void repeat(struct rf_str *s, const char *glyph, uint64_t times)
{
	while (times--)
		rf_str_append(s, glyph);
}

/* The part's life as a bar: user, kernel, waiting. */
static void split_cells(struct rf_grid *g, const struct rf_style *style,
                        const struct rf_lab_part *p)
{
	const char *user = style->utf8 ? "█" : "#", *kernel = style->utf8 ? "▒" : "=";
	const char *waiting = style->utf8 ? "·" : ".";
	uint64_t whole = p->time.user + p->time.kernel + p->time.waiting;
	const uint64_t parts[] = { p->time.user, p->time.kernel, p->time.waiting };
	__rf_str struct rf_str bar = RF_STR_INIT;
	char text[RF_TEXT_LEN];
	uint64_t u, k;

	for (size_t i = 0; i < 3; i++)
		rf_grid_add(g, rf_text_percent(text, parts[i], whole), RF_COLOR_NONE);
	whole = whole ? whole : 1;
	u = (p->time.user * SPLIT_COLUMNS + whole / 2) / whole;
	k = ((p->time.user + p->time.kernel) * SPLIT_COLUMNS + whole / 2) / whole - u;
	repeat(&bar, user, u);
	repeat(&bar, kernel, k);
	repeat(&bar, waiting, SPLIT_COLUMNS - u - k);
	rf_grid_add(g, rf_str_get(&bar), RF_COLOR_NONE);
}

static void time_cells(struct rf_grid *g, const struct rf_style *style, const struct rf_lab_part *p,
                       uint64_t longest)
{
	__rf_str struct rf_str bar = RF_STR_INIT;
	char text[RF_TEXT_LEN];

	rf_grid_add(g, rf_text_duration(text, p->wall_ns, style->utf8), RF_COLOR_NONE);
	repeat(&bar, style->utf8 ? "█" : "#",
	       longest ? (p->wall_ns * BAR_COLUMNS + longest - 1) / longest : 0);
	rf_grid_add(g, rf_str_get(&bar), RF_COLOR_NONE);
}

static void per_item_cell(struct rf_grid *g, const struct rf_style *style,
                          const struct rf_lab_part *p)
{
	char text[RF_TEXT_LEN];

	if (!p->items)
		rf_grid_add(g, "-", RF_COLOR_NONE);
	else if (p->wall_ns / p->items < 10)
		/* below a few ns the fraction matters */
		rf_grid_add(g,
		            (snprintf(text, sizeof(text), "%.2fns",
		                      (double)p->wall_ns / (double)p->items),
		             text),
		            RF_COLOR_NONE);
	else
		rf_grid_add(g, rf_text_duration(text, p->wall_ns / p->items, style->utf8),
		            RF_COLOR_NONE);
}

static void which_cell(struct rf_grid *g, const struct rf_lab_part *p)
{
	__rf_str struct rf_str s = RF_STR_INIT;
	char text[RF_TEXT_LEN];

	for (size_t i = 0; i < p->nr_calls; i++)
		rf_str_appendf(&s, "%s%s %s", i ? ", " : "", p->by_call[i].name,
		               rf_text_number(text, p->by_call[i].calls));
	rf_grid_add(g, s.len ? rf_str_get(&s) : "none", RF_COLOR_NONE);
}

static void errors_cell(struct rf_grid *g, const struct rf_lab_part *p)
{
	__rf_str struct rf_str s = RF_STR_INIT;
	char name[RF_ERRNO_NAME_LEN];

	for (size_t i = 0; i < p->nr_errnos; i++) {
		const struct rf_lab_errno *e = &p->errnos[i];

		rf_str_appendf(&s, "%s%s: %s %" PRIu64 "%s", i ? ", " : "", e->call,
		               e->err ? rf_errno_label(e->err, name, sizeof(name)) : "SIGSYS",
		               e->count, e->refused ? " by seccomp" : "");
	}
	rf_grid_add(g, s.len ? rf_str_get(&s) : "none", RF_COLOR_NONE);
}

static void append_status(struct rf_str *s, uint32_t status)
{
	char name[RF_SIGNAL_NAME_LEN];

	if (WIFSIGNALED((int)status))
		rf_str_appendf(s, "%s", rf_signal_label(WTERMSIG((int)status), name, sizeof(name)));
	else
		rf_str_appendf(s, "exit %d", WEXITSTATUS((int)status));
}

/* "19 exit 0, 1 SIGSEGV" */
static void ended_cell(struct rf_grid *g, const struct rf_lab_part *p)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	for (size_t i = 0; i < p->nr_ends; i++) {
		uint32_t status = p->ends[i].status;
		bool first = true;

		for (size_t k = 0; k < i; k++)
			first = first && p->ends[k].status != status;
		if (!first)
			continue;
		rf_str_appendf(&s, "%s%zu ", s.len ? ", " : "", rf_lab_ended(p, status));
		append_status(&s, status);
	}
	rf_grid_add(g, s.len ? rf_str_get(&s) : "none", RF_COLOR_NONE);
}

/* "1 null-page (write)" */
static void cause_cell(struct rf_grid *g, const struct rf_lab_part *p)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	for (size_t i = 0; i < p->nr_violations; i++) {
		const struct rf_lab_violation *v = &p->violations[i];
		const char *access = v->insn ? v->insn : rf_access_name(v->access);

		rf_str_appendf(&s, "%s%" PRIu64 " %s", i ? ", " : "", v->count,
		               rf_cause_name(v->cause));
		if (access)
			rf_str_appendf(&s, " (%s)", access);
		/* the others are told by what became of the call or the process */
		if (v->outcome == RF_OUTCOME_HANDLED)
			rf_str_append(&s, " handled");
	}
	rf_grid_add(g, s.len ? rf_str_get(&s) : "none", RF_COLOR_NONE);
}

static void predicted_cell(struct rf_grid *g, const struct rf_lab_prediction *prediction,
                           const struct rf_lab_part *p)
{
	bool named = p->name[0] && strchr(prediction->letters, p->name[0]);

	rf_grid_add(g, !prediction->given ? "-" : named ? "calls" : "none", RF_COLOR_NONE);
}

static size_t make_columns(unsigned int wanted, struct rf_column *columns)
{
	static const struct {
		unsigned int of;
		struct rf_column column;
	} all[] = {
		{ RF_LAB_PREDICTED, { .title = "PREDICTED", .left = true } },
		{ RF_LAB_SPLIT, { .title = "USER%" } },
		{ RF_LAB_SPLIT, { .title = "KERN%" } },
		{ RF_LAB_SPLIT, { .title = "WAIT%" } },
		{ RF_LAB_SPLIT, { .title = "", .left = true } },
		{ RF_LAB_CALLS, { .title = "CALLS" } },
		{ RF_LAB_FAULTS, { .title = "FAULTS" } },
		{ RF_LAB_MAJOR, { .title = "MAJOR" } },
		{ RF_LAB_KERNEL_FAULTS, { .title = "IN KERNEL" } },
		{ RF_LAB_FAILED, { .title = "FAILED" } },
		{ RF_LAB_DENIED, { .title = "DENIED" } },
		{ RF_LAB_PER_ITEM, { .title = "EACH" } },
		{ RF_LAB_TIME, { .title = "TIME" } },
		{ RF_LAB_TIME, { .title = "", .left = true, .min = 1, .drop = 2 } },
		{ RF_LAB_WHICH, { .title = "MEASURED", .left = true, .min = 12 } },
		{ RF_LAB_ERRORS, { "REFUSED OR FAILED", .left = true, .min = 12 } },
		{ RF_LAB_CAUSE, { .title = "VIOLATIONS", .left = true, .min = 12 } },
		{ RF_LAB_ENDED, { .title = "PROCESSES", .left = true, .min = 12 } },
	};
	size_t n = 0;

	columns[n++] = (struct rf_column){ .title = "PART", .left = true, .min = 12 };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (wanted & all[i].of)
			columns[n++] = all[i].column;
	return n;
}

/* One row, in the order of make_columns(). */
static void add_row(struct rf_grid *g, const struct rf_style *style, unsigned int columns,
                    const struct rf_lab_part *p, const struct rf_lab_prediction *prediction,
                    uint64_t longest)
{
	const struct {
		unsigned int of;
		uint64_t n;
	} numbers[] = {
		{ RF_LAB_CALLS, p->calls },
		{ RF_LAB_FAULTS, p->faults.user + p->faults.kernel },
		{ RF_LAB_MAJOR, p->faults.major },
		{ RF_LAB_KERNEL_FAULTS, p->faults.kernel },
		{ RF_LAB_FAILED, p->failed },
		{ RF_LAB_DENIED, p->denied },
	};
	char name[4 * RF_LAB_NAME];

	rf_grid_add(g, rf_text_name(name, sizeof(name), p->name, style->utf8), RF_COLOR_NAME);
	if (columns & RF_LAB_PREDICTED)
		predicted_cell(g, prediction, p);
	if (columns & RF_LAB_SPLIT)
		split_cells(g, style, p);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (columns & numbers[i].of)
			number_cell(g, numbers[i].n);
	if (columns & RF_LAB_PER_ITEM)
		per_item_cell(g, style, p);
	if (columns & RF_LAB_TIME)
		time_cells(g, style, p, longest);
	if (columns & RF_LAB_WHICH)
		which_cell(g, p);
	if (columns & RF_LAB_ERRORS)
		errors_cell(g, p);
	if (columns & RF_LAB_CAUSE)
		cause_cell(g, p);
	if (columns & RF_LAB_ENDED)
		ended_cell(g, p);
}

int rf_lab_show_parts(FILE *out, const struct rf_style *style, const struct rf_lab *lab,
                      const struct rf_lab_result *r, const struct rf_lab_prediction *p)
{
	struct rf_style narrow = *style;
	struct rf_column columns[COLUMNS_MAX];
	size_t nr = make_columns(lab->columns, columns);
	struct rf_grid *g = rf_grid_new(columns, nr, 2);
	uint64_t longest = 0;
	int ret;

	if (!g)
		return -ENOMEM;
	if (narrow.width > RF_LAB_COLUMNS)
		narrow.width = RF_LAB_COLUMNS;
	for (size_t i = 0; i < r->nr_parts; i++)
		if (r->parts[i].wall_ns > longest)
			longest = r->parts[i].wall_ns;
	for (size_t i = 0; i < r->nr_parts; i++)
		add_row(g, style, lab->columns, &r->parts[i], p, longest);
	ret = rf_grid_fit(g, &narrow);
	if (!ret)
		rf_grid_print_titles(g, out, style);
	for (size_t i = 0; !ret && i < r->nr_parts; i++)
		rf_grid_print_row(g, i, out, style);
	rf_grid_free(g);
	if (lab->columns & RF_LAB_SPLIT)
		fputs(style->utf8 ? "\n  █ user space   ▒ kernel   · waiting\n" :
		                    "\n  # user space   = kernel   . waiting\n",
		      out);
	return ret;
}

static void show_prediction(FILE *out, const struct rf_style *style, const struct rf_lab *lab,
                            const struct rf_lab_prediction *p, const struct rf_lab_judgement *j)
{
	char mine[RF_TEXT_LEN], real[RF_TEXT_LEN];
	bool right = rf_lab_is_right(lab, p, j);

	if (lab->kind == RF_LAB_NUMBER) {
		rf_text_number(mine, p->number);
		rf_text_number(real, j->number);
	} else {
		snprintf(mine, sizeof(mine), "%s", *p->letters ? p->letters : "none");
		snprintf(real, sizeof(real), "%s", *j->letters ? j->letters : "none");
	}
	fprintf(out, "You predicted %s; measured: %s. ", mine, real);
	rf_color_print(out, style, right ? RF_COLOR_NAME : RF_COLOR_WARN,
	               right ? "That is right." : "Look again at why.");
	fputs("\n\n", out);
}

void rf_lab_show_judgement(FILE *out, const struct rf_style *style, const struct rf_lab *lab,
                           const struct rf_lab_prediction *p, const struct rf_lab_judgement *j)
{
	if (p->given)
		show_prediction(out, style, lab, p, j);
	for (size_t i = 0; i < j->nr_claims; i++) {
		const struct rf_lab_claim *c = &j->claims[i];

		if (c->holds) {
			fprintf(out, "%s ", style->utf8 ? "✓" : "+");
			rf_lab_fill(out, style, c->text, 2);
		} else {
			rf_color_print(out, style, RF_COLOR_WARN, style->utf8 ? "✗" : "!");
			fputc(' ', out);
			rf_lab_fill(out, style, c->text, 2);
			fputs("  This machine does not do what the lab expects.\n", out);
		}
	}
}
