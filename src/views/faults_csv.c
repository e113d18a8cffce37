// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "identity/escape.h"
#include "identity/signal.h"
#include "identity/syscall.h"
#include "views/faults.h"

static void put_text(FILE *out, const char *raw)
{
	size_t size = RF_ESCAPE_MAX(strlen(raw));
	__free char *field = malloc(size);

	fputc(',', out);
	if (!field)
		return;
	rf_escape_str(field, size, raw, RF_ESCAPE_CSV);
	fputs(field, out);
}

static void put_comm(FILE *out, const char *comm)
{
	char text[RF_COMM_LEN + 1] = "";

	memcpy(text, comm, RF_COMM_LEN);
	put_text(out, text);
}

int rf_faults_csv_event(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v)
{
	char signal[RF_SIGNAL_NAME_LEN], code[RF_SIGNAL_NAME_LEN], call[RF_SYSCALL_NAME_LEN];
	__rf_str struct rf_str where = RF_STR_INIT, sentence = RF_STR_INIT;
	const struct rf_violation_rec *rec;
	int sig;

	if (!v) {
		fputs("time_ns,pid,tid,comm,exe,uid,signal,code,call,cause,address,outcome,status,"
		      "threads,where,sentence\n",
		      out);
		return ferror(out) ? -EIO : 0;
	}
	rec = &v->rec;
	sig = (int)rec->rec.count;
	rf_violation_where(view, v, &where);
	rf_violation_explain(view, v, &sentence);
	fprintf(out, "%" PRIu64 ",%u,%u", (uint64_t)rec->time_ns, rec->tgid, rec->tid);
	put_comm(out, rec->comm);
	put_text(out, v->exe ? v->exe : "");
	fprintf(out, ",%u", rec->uid);
	put_text(out, sig ? rf_signal_label(sig, signal, sizeof(signal)) : "");
	put_text(out, sig ? rf_si_code_label(sig, rec->code, code, sizeof(code)) : "");
	put_text(out, rec->flags & RF_V_CALL ?
	                      rf_syscall_label((enum rf_abi)RF_CALL_ABI(rec->call),
	                                       RF_CALL_NR(rec->call), call, sizeof(call)) :
	                      "");
	put_text(out, rf_cause_name(v->judgement.cause));
	fputc(',', out);
	if (v->judgement.has_address)
		fprintf(out, "0x%" PRIx64, v->judgement.address);
	put_text(out, rf_outcome_name(v->outcome));
	fprintf(out, ",%u,%u", v->status, v->threads);
	put_text(out, rf_str_get(&where));
	put_text(out, rf_str_get(&sentence));
	fputc('\n', out);
	return where.err || sentence.err ? -ENOMEM : ferror(out) ? -EIO : 0;
}
