// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/moment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/rf_time.h"
#include "identity/errno.h"
#include "identity/escape.h"
#include "identity/signal.h"
#include "identity/syscall.h"
#include "views/json.h"
#include "views/text.h"

#define SHOWN_COMM RF_ESCAPE_MAX(RF_COMM_LEN)

static const char *call_name(const struct rf_moment_view *v, uint32_t call, char *buf, size_t len)
{
	const char *name = rf_syscall_name((enum rf_abi)RF_CALL_ABI(call), RF_CALL_NR(call));

	if (!name && v->call_name)
		name = v->call_name(v->ctx, call);
	return name ? name :
	              rf_syscall_label((enum rf_abi)RF_CALL_ABI(call), RF_CALL_NR(call), buf, len);
}

static int done(const struct rf_moment_view *v)
{
	return ferror(v->out) ? -EIO : 0;
}

static void print_start(const struct rf_moment_view *v, const struct rf_moment_who *who,
                        uint64_t time)
{
	uint64_t real = time + v->real_offset;
	time_t seconds = (time_t)(real / RF_NSEC_PER_SEC);
	char comm[SHOWN_COMM];
	struct tm tm;

	localtime_r(&seconds, &tm);
	fprintf(v->out, "%02d:%02d:%02d.%06u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
	        (unsigned int)(real % RF_NSEC_PER_SEC / 1000));
	rf_text_name(comm, sizeof(comm), who->comm, v->utf8);
	if (who->tid == who->pid)
		fprintf(v->out, "%s[%" PRIu32 "] ", comm, who->pid);
	else
		fprintf(v->out, "%s[%" PRIu32 "/%" PRIu32 "] ", comm, who->pid, who->tid);
}

static void start_json(struct rf_json *j, const struct rf_moment_view *v,
                       const struct rf_moment_who *who, const char *type, uint64_t time)
{
	rf_json_init(j, v->out);
	rf_json_object(j, NULL);
	rf_json_string(j, "type", type);
	rf_json_u64(j, "time_ns", time + v->real_offset);
	rf_json_u64(j, "pid", who->pid);
	rf_json_u64(j, "tid", who->tid);
	rf_json_string(j, "comm", who->comm);
}

/* What a line of CSV has beyond who and when; NULL and false: empty. */
struct fields {
	const char *type;
	const char *name;
	bool has_result;
	int64_t result;
	const char *error;
	bool has_duration;
	uint64_t duration;
	uint64_t waiting;
	bool has_address;
	uint64_t address;
	const char *detail;
};

int rf_moment_titles(const struct rf_moment_view *v)
{
	fputs("time_ns,pid,tid,comm,type,name,result,errno,duration_ns,waiting_ns,address,detail\n",
	      v->out);
	return done(v);
}

static int csv_line(const struct rf_moment_view *v, const struct rf_moment_who *who, uint64_t time,
                    const struct fields *f)
{
	char comm[SHOWN_COMM], detail[RF_ESCAPE_MAX(RF_PATH_LEN)];

	rf_escape_str(comm, sizeof(comm), who->comm, RF_ESCAPE_CSV);
	rf_escape_str(detail, sizeof(detail), f->detail ? f->detail : "", RF_ESCAPE_CSV);
	fprintf(v->out, "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%s,%s,%s,", time + v->real_offset,
	        who->pid, who->tid, comm, f->type, f->name ? f->name : "");
	if (f->has_result)
		fprintf(v->out, "%" PRId64, f->result);
	fprintf(v->out, ",%s,", f->error ? f->error : "");
	if (f->has_duration)
		fprintf(v->out, "%" PRIu64, f->duration);
	fputc(',', v->out);
	if (f->waiting)
		fprintf(v->out, "%" PRIu64, f->waiting);
	fputc(',', v->out);
	if (f->has_address)
		fprintf(v->out, "0x%" PRIx64, f->address);
	fprintf(v->out, ",%s\n", detail);
	return done(v);
}

/* The string that argument i points to; NULL: not captured. */
static const char *captured(const struct rf_args_rec *args, unsigned int i, bool *cut)
{
	for (unsigned int s = 0; s < RF_ARG_STRINGS; s++) {
		if (args->which[s] != i + 1 || !args->len[s])
			continue;
		*cut = args->len[s] >= RF_ARG_STRING_LEN;
		return args->text[s];
	}
	return NULL;
}

static void print_string(const struct rf_moment_view *v, const char *text, bool cut)
{
	char shown[RF_ESCAPE_MAX(RF_ARG_STRING_LEN)];

	rf_text_name(shown, sizeof(shown), text, v->utf8);
	fputc('"', v->out);
	for (const char *p = shown; *p; p++) {
		if (*p == '"')
			fputc('\\', v->out);
		fputc(*p, v->out);
	}
	fputs(cut ? "\"..." : "\"", v->out);
}

static void print_args(const struct rf_moment_view *v, const struct rf_args_rec *args,
                       const struct rf_call_format *format)
{
	unsigned int nr = format ? format->nr : RF_CALL_ARGS;

	for (unsigned int i = 0; i < nr; i++) {
		bool cut = false;
		const char *text = captured(args, i, &cut);
		char value[64];

		fputs(i ? ", " : "", v->out);
		if (format)
			fprintf(v->out, "%s=", format->args[i].name);
		if (text)
			print_string(v, text, cut);
		else
			fputs(rf_call_arg_text(format ? format->args[i].type : RF_ARG_NUMBER,
			                       args->args[i], value, sizeof(value)),
			      v->out);
	}
}

static bool has_failed(const struct rf_step *s)
{
	return s->result < 0 && s->result >= -RF_ERRNO_MAX &&
	       !(s->flags & (RF_CALL_UNFINISHED | RF_CALL_SIGSYS));
}

static void print_result(const struct rf_moment_view *v, const struct rf_step *s)
{
	char label[RF_ERRNO_NAME_LEN];

	if (s->flags & RF_CALL_SIGSYS)
		fputs(" = ? SIGSYS (refused)", v->out);
	else if (s->flags & RF_CALL_UNFINISHED)
		fputs(" = ? (unfinished)", v->out);
	else if (has_failed(s))
		fprintf(v->out, " = -1 %s%s", rf_errno_label((int)-s->result, label, sizeof(label)),
		        s->flags & RF_CALL_REFUSED ? " (refused)" : "");
	else if (s->result < 0 || s->result > 0xffffffff)
		fprintf(v->out, " = 0x%" PRIx64, (uint64_t)s->result);
	else
		fprintf(v->out, " = %" PRId64, s->result);
}

static void put_args(struct rf_json *j, const struct rf_args_rec *args,
                     const struct rf_call_format *format)
{
	unsigned int nr = format ? format->nr : RF_CALL_ARGS;

	rf_json_array(j, "args");
	for (unsigned int i = 0; i < nr; i++) {
		bool cut = false;
		const char *text = captured(args, i, &cut);
		char value[64], name[16];

		snprintf(name, sizeof(name), "a%u", i);
		rf_json_object(j, NULL);
		rf_json_string(j, "name", format ? format->args[i].name : name);
		rf_json_u64(j, "value", args->args[i]);
		if (text) {
			rf_json_string(j, "string", text);
			if (cut)
				rf_json_bool(j, "cut", true);
		} else {
			rf_json_string(
				j, "text",
				rf_call_arg_text(format ? format->args[i].type : RF_ARG_NUMBER,
			                         args->args[i], value, sizeof(value)));
		}
		rf_json_end(j);
	}
	rf_json_end(j);
}

static int json_call(const struct rf_moment_view *v, const struct rf_moment_who *who,
                     const struct rf_step *s, const struct rf_args_rec *args,
                     const struct rf_call_format *format, const char *name)
{
	bool refused = s->flags & RF_CALL_REFUSED;
	char label[RF_ERRNO_NAME_LEN];
	struct rf_json j;

	start_json(&j, v, who, "call", refused ? s->time : s->start);
	rf_json_string(&j, "name", name);
	rf_json_string(&j, "abi", rf_abi_name((enum rf_abi)RF_CALL_ABI(s->call)));
	rf_json_u64(&j, "nr", RF_CALL_NR(s->call));
	if (args)
		put_args(&j, args, format);
	rf_json_bool(&j, "finished", !(s->flags & RF_CALL_UNFINISHED));
	if (!(s->flags & (RF_CALL_UNFINISHED | RF_CALL_SIGSYS)))
		rf_json_i64(&j, "result", s->result);
	if (has_failed(s))
		rf_json_string(&j, "errno", rf_errno_label((int)-s->result, label, sizeof(label)));
	if (refused)
		rf_json_bool(&j, "refused", true);
	else
		rf_json_u64(&j, "duration_ns", s->time - s->start);
	rf_json_u64(&j, "waiting_ns", s->waiting);
	rf_json_end(&j);
	return done(v);
}

static int csv_call(const struct rf_moment_view *v, const struct rf_moment_who *who,
                    const struct rf_step *s, const char *name)
{
	bool refused = s->flags & RF_CALL_REFUSED, sigsys = s->flags & RF_CALL_SIGSYS;
	char label[RF_ERRNO_NAME_LEN];
	struct fields f = {
		.type = "call",
		.name = name,
		.has_result = !(s->flags & (RF_CALL_UNFINISHED | RF_CALL_SIGSYS)),
		.result = s->result,
		.error = sigsys        ? "SIGSYS" :
		         has_failed(s) ? rf_errno_label((int)-s->result, label, sizeof(label)) :
		                         NULL,
		.has_duration = !refused,
		.duration = s->time - s->start,
		.waiting = s->waiting,
		.detail = refused || sigsys             ? "refused" :
		          s->flags & RF_CALL_UNFINISHED ? "unfinished" :
		                                          NULL,
	};

	return csv_line(v, who, refused ? s->time : s->start, &f);
}

int rf_moment_call(const struct rf_moment_view *v, const struct rf_moment_who *who,
                   const struct rf_step *s, const struct rf_args_rec *args)
{
	char buf[RF_SYSCALL_NAME_LEN], duration[RF_TEXT_LEN];
	const char *name = call_name(v, s->call, buf, sizeof(buf));
	const struct rf_call_format *format = v->formats ? rf_call_format(v->formats, name) : NULL;

	if (v->json)
		return json_call(v, who, s, args, format, name);
	if (v->csv)
		return csv_call(v, who, s, name);
	print_start(v, who, s->flags & RF_CALL_REFUSED ? s->time : s->start);
	fprintf(v->out, "%s(", name);
	if (args)
		print_args(v, args, format);
	fputc(')', v->out);
	print_result(v, s);
	if (!(s->flags & RF_CALL_REFUSED))
		fprintf(v->out, " <%s>", rf_text_duration(duration, s->time - s->start, v->utf8));
	if (s->waiting)
		fprintf(v->out, " (waiting %s)", rf_text_duration(duration, s->waiting, v->utf8));
	fputc('\n', v->out);
	return done(v);
}

/* x86's error code. */
static const char *access_of(uint32_t code)
{
	return code & 16 ? "execute" : code & 2 ? "write" : "read";
}

static const char *solved_as(uint32_t solved)
{
	return solved == RF_SOLVED_MAJOR ? "major" : solved == RF_SOLVED_MINOR ? "minor" : "open";
}

int rf_moment_fault(const struct rf_moment_view *v, const struct rf_moment_who *who,
                    const struct rf_step *s)
{
	char duration[RF_TEXT_LEN];
	struct rf_json j;

	if (v->json) {
		char address[32];

		snprintf(address, sizeof(address), "0x%" PRIx64, s->address);
		start_json(&j, v, who, "page-fault", s->time);
		rf_json_string(&j, "address", address);
		rf_json_string(&j, "mode", s->user ? "user" : "kernel");
		rf_json_string(&j, "access", access_of(s->code));
		rf_json_bool(&j, "present", s->code & 1);
		rf_json_string(&j, "resolved", solved_as(s->solved));
		if (s->solved)
			rf_json_u64(&j, "duration_ns", s->handling);
		rf_json_end(&j);
		return done(v);
	}
	if (v->csv) {
		struct fields f = { .type = "page-fault",
			            .name = access_of(s->code),
			            .has_duration = s->solved,
			            .duration = s->handling,
			            .has_address = true,
			            .address = s->address,
			            .detail = solved_as(s->solved) };

		return csv_line(v, who, s->time, &f);
	}
	print_start(v, who, s->time);
	fprintf(v->out, "page fault: %s 0x%" PRIx64 "%s%s", access_of(s->code), s->address,
	        s->user ? "" : " in the kernel", s->code & 1 ? ", protected" : "");
	if (s->solved)
		fprintf(v->out, ", %s <%s>", solved_as(s->solved),
		        rf_text_duration(duration, s->handling, v->utf8));
	fputc('\n', v->out);
	return done(v);
}

int rf_moment_signal(const struct rf_moment_view *v, const struct rf_moment_who *who,
                     const struct rf_step *s)
{
	char signal[RF_SIGNAL_NAME_LEN], code[RF_SIGNAL_NAME_LEN];
	const char *name = rf_signal_label(s->signal, signal, sizeof(signal));
	const char *why = rf_si_code_label(s->signal, (int)s->code, code, sizeof(code));
	struct rf_json j;

	if (v->json) {
		start_json(&j, v, who, "signal", s->time);
		rf_json_string(&j, "signal", name);
		rf_json_string(&j, "code", why);
		rf_json_end(&j);
		return done(v);
	}
	if (v->csv)
		return csv_line(v, who, s->time,
		                &(struct fields){ .type = "signal", .name = name, .detail = why });
	print_start(v, who, s->time);
	fprintf(v->out, "--- %s (%s) ---\n", name, why);
	return done(v);
}

static const char *process_type(const struct rf_process_rec *rec)
{
	return rec->rec.type == RF_REC_FORK ? "fork" :
	       rec->rec.type == RF_REC_EXEC ? "exec" :
	                                      "exit";
}

static int csv_process(const struct rf_moment_view *v, const struct rf_moment_who *who,
                       const struct rf_process_rec *rec)
{
	bool exits = rec->rec.type == RF_REC_EXIT;

	return csv_line(
		v, who, rec->time_ns,
		&(struct fields){ .type = process_type(rec),
	                          .has_result = exits,
	                          .result = rec->rec.count,
	                          .detail = rec->rec.type == RF_REC_EXEC ? rec->path : NULL });
}

static int json_process(const struct rf_moment_view *v, const struct rf_moment_who *who,
                        const struct rf_process_rec *rec)
{
	struct rf_json j;

	start_json(&j, v, who, process_type(rec), rec->time_ns);
	rf_json_u64(&j, "ppid", rec->ppid);
	if (rec->rec.type == RF_REC_EXEC)
		rf_json_string(&j, "path", rec->path);
	if (rec->rec.type == RF_REC_EXIT)
		rf_json_u64(&j, "status", rec->rec.count);
	rf_json_end(&j);
	return done(v);
}

int rf_moment_process(const struct rf_moment_view *v, const struct rf_moment_who *who,
                      const struct rf_process_rec *rec)
{
	int status = (int)rec->rec.count;
	char label[RF_SIGNAL_NAME_LEN];

	if (v->json)
		return json_process(v, who, rec);
	if (v->csv)
		return csv_process(v, who, rec);
	print_start(v, who, rec->time_ns);
	switch (rec->rec.type) {
	case RF_REC_FORK:
		fprintf(v->out, "+++ born of %" PRIu32 " +++\n", rec->ppid);
		break;
	case RF_REC_EXEC:
		fputs("+++ runs ", v->out);
		print_string(v, rec->path, false);
		fputs(" +++\n", v->out);
		break;
	default:
		if (WIFSIGNALED(status))
			fprintf(v->out, "+++ killed by %s +++\n",
			        rf_signal_label(WTERMSIG(status), label, sizeof(label)));
		else
			fprintf(v->out, "+++ exited with %d +++\n", WEXITSTATUS(status));
		break;
	}
	return done(v);
}

int rf_moment_span(const struct rf_moment_view *v, const struct rf_moment_who *who,
                   const struct rf_step_span *span)
{
	static const char *const sides[] = { "user", "kernel", "kernel", "waiting" };
	char duration[RF_TEXT_LEN];
	struct rf_json j;

	if (v->json) {
		start_json(&j, v, who, sides[span->side], span->begin);
		rf_json_u64(&j, "duration_ns", span->end - span->begin);
		if (span->side == RF_SIDE_OF_FAULT)
			rf_json_bool(&j, "page_fault", true);
		rf_json_end(&j);
		return done(v);
	}
	if (v->csv)
		return csv_line(v, who, span->begin,
		                &(struct fields){ .type = sides[span->side],
		                                  .has_duration = true,
		                                  .duration = span->end - span->begin,
		                                  .detail = span->side == RF_SIDE_OF_FAULT ?
		                                                    "page fault" :
		                                                    NULL });
	print_start(v, who, span->begin);
	fprintf(v->out, "  %s %s%s\n", sides[span->side],
	        rf_text_duration(duration, span->end - span->begin, v->utf8),
	        span->side == RF_SIDE_OF_FAULT ? " (page fault)" : "");
	return done(v);
}
