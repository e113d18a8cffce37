// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/check_view.h"
#include "views/json.h"

static const char *const feature_verdicts[] = {
	[RF_FEATURE_PRESENT] = "present",
	[RF_FEATURE_ABSENT_OPTIONAL] = "absent",
	[RF_FEATURE_ABSENT_REQUIRED] = "missing",
	[RF_FEATURE_UNKNOWN] = "unknown",
};

static const char *const verb_verdicts[] = {
	[RF_VERB_RUNS] = "runs",
	[RF_VERB_COARSER] = "coarser",
	[RF_VERB_CANNOT] = "cannot-run",
	[RF_VERB_NOT_BUILT] = "not-built",
};

static void write_host(struct rf_json *j, const struct rf_host *host)
{
	rf_json_object(j, "host");
	rf_json_string(j, "kernel", host->kernel);
	rf_json_string(j, "machine", host->machine);
	rf_json_u64(j, "cpus", host->cpus);
	rf_json_string(j, "lockdown", host->lockdown);
	rf_json_string(j, "lockdown_note", host->lockdown_note);
	rf_json_u64(j, "map_bytes", host->map_bytes);
	rf_json_end(j);
}

static void write_feature(struct rf_json *j, const struct rf_feature_state *f)
{
	rf_json_object(j, NULL);
	rf_json_string(j, "name", f->name);
	rf_json_string(j, "what", f->what);
	rf_json_string(j, "verdict", feature_verdicts[f->verdict]);
	rf_json_bool(j, "tried", f->tried);
	rf_json_string(j, "detail", f->detail);
	rf_json_string(j, "remedy", f->remedy);
	rf_json_end(j);
}

static void write_verb(struct rf_json *j, const struct rf_host *host,
                       const struct rf_verb_state *verb)
{
	const struct rf_feature_state *blocker = NULL;

	if (verb->verdict == RF_VERB_CANNOT)
		blocker = &host->features[verb->blocker];
	rf_json_object(j, NULL);
	rf_json_string(j, "name", verb->name);
	rf_json_string(j, "verdict", verb_verdicts[verb->verdict]);
	if (blocker)
		rf_json_string(j, "blocker", blocker->name);
	else
		rf_json_null(j, "blocker");
	rf_json_array(j, "without");
	for (int f = 0; f < RF_FEATURE_COUNT; f++) {
		if (verb->without >> f & 1)
			rf_json_string(j, NULL, host->features[f].name);
	}
	rf_json_end(j);
	rf_json_string(j, "reason", blocker ? blocker->detail : "");
	rf_json_string(j, "remedy", blocker ? blocker->remedy : "");
	rf_json_end(j);
}

void rf_view_check_json(FILE *out, const struct rf_host *host)
{
	struct rf_json j;

	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_string(&j, "schema", "ringfence.check/1");
	write_host(&j, host);
	rf_json_array(&j, "features");
	for (int f = 0; f < RF_FEATURE_COUNT; f++)
		write_feature(&j, &host->features[f]);
	rf_json_end(&j);
	rf_json_array(&j, "verbs");
	for (int v = 0; v < RF_VERB_COUNT; v++)
		write_verb(&j, host, &host->verbs[v]);
	rf_json_end(&j);
	rf_json_end(&j);
}
