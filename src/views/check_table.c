// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/check_view.h"

static const char *verdict_word(enum rf_verdict verdict)
{
	switch (verdict) {
	case RF_FEATURE_PRESENT:
		return "present";
	case RF_FEATURE_ABSENT_OPTIONAL:
		return "absent";
	case RF_FEATURE_ABSENT_REQUIRED:
		return "MISSING";
	case RF_FEATURE_UNKNOWN:
		break;
	}
	return "unknown";
}

static void print_reason(FILE *out, const struct rf_feature_state *f)
{
	fprintf(out, "%s%s%s", f->detail, f->remedy[0] ? ": " : "", f->remedy);
}

static void print_host(FILE *out, const struct rf_host *host)
{
	fprintf(out, "Kernel %s on %s, %u CPU%s. Lockdown: %s", host->kernel, host->machine,
	        host->cpus, host->cpus == 1 ? "" : "s", host->lockdown);
	if (host->lockdown_note[0])
		fprintf(out, " (%s)", host->lockdown_note);
	fputs(".\n", out);
	if (host->map_bytes)
		fprintf(out, "Maps take %.1f MiB of kernel memory by default.\n",
		        (double)host->map_bytes / (1024 * 1024));
}

/* What is there is told by what it is for; what is not, by the reason and the remedy. */
static void print_feature(FILE *out, const struct rf_feature_state *f)
{
	fprintf(out, "%-22s  %-7s  ", f->name, verdict_word(f->verdict));
	if (f->verdict == RF_FEATURE_PRESENT)
		fprintf(out, "%s%s", f->what, f->tried ? "" : " (not tried)");
	else
		print_reason(out, f);
	fputc('\n', out);
}

static void print_verb(FILE *out, const struct rf_host *host, const struct rf_verb_state *verb)
{
	const char *sep = ": ";

	fprintf(out, "%-8s", verb->name);
	switch (verb->verdict) {
	case RF_VERB_RUNS:
		fputs("runs", out);
		break;
	case RF_VERB_COARSER:
		fputs("runs, coarser", out);
		for (int f = 0; f < RF_FEATURE_COUNT; f++) {
			if (!(verb->without >> f & 1))
				continue;
			fprintf(out, "%s%s", sep, host->features[f].remedy);
			sep = "; ";
		}
		break;
	case RF_VERB_CANNOT:
		fputs("cannot run: ", out);
		print_reason(out, &host->features[verb->blocker]);
		break;
	case RF_VERB_NOT_BUILT:
		fputs("not in this build", out);
		break;
	}
	fputc('\n', out);
}

void rf_view_check_table(FILE *out, const struct rf_host *host)
{
	print_host(out, host);
	fprintf(out, "\n%-22s  %-7s  %s\n", "FEATURE", "VERDICT",
	        "WHAT IT IS FOR, OR WHY IT IS NOT THERE");
	for (int f = 0; f < RF_FEATURE_COUNT; f++)
		print_feature(out, &host->features[f]);
	fprintf(out, "\n%-8s%s\n", "VERB", "VERDICT");
	for (int v = 0; v < RF_VERB_COUNT; v++)
		print_verb(out, host, &host->verbs[v]);
}
