// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringfence lab: lists the labs, or holds the dialogue of one: idea, code, prediction, measurement,
 * what it means.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/files.h"
#include "lab/guest.h"
#include "lab/lessons.h"
#include "lab/measure.h"
#include "lab/show.h"
#include "lab/text.h"
#include "probe/detect.h"
#include "verbs/option_check.h"
#include "verbs/output.h"
#include "verbs/verbs.h"
#include "views/grid.h"

#define PROGRAM_MAX ((off_t)64 << 20)

struct lab_run {
	unsigned int number; /* 0: the list */
	const struct rf_lab *lab;
	const char *mine; /* another's program; NULL: the built-in one */
	const char *answer;
	const char *kernel;
	const char *output_path;
	bool yes;
	bool edit;
	bool json;
	struct rf_output output;
	FILE *out; /* of the dialogue and its result */
	struct rf_style style;
	const char *text;
	struct rf_host host;
	struct rf_lab_guest guest;
	struct rf_lab_prediction prediction;
	struct rf_lab_judgement judgement;
	struct rf_lab_result result;
};

enum { KEY_ANSWER = 0x200, KEY_YES, KEY_EDIT, KEY_KERNEL, KEY_FORMAT };

static const struct argp_option options[] = {
	{ "answer", KEY_ANSWER, "X", 0, "The prediction, instead of being asked for it", 0 },
	{ "yes", KEY_YES, NULL, 0, "Ask nothing and wait for nothing", 0 },
	{ "edit", KEY_EDIT, NULL, 0,
	  "Copy the lab's program into this directory, to alter it and run it with "
	  "ringfence lab N ./mine",
	  0 },
	{ "kernel", KEY_KERNEL, "FILE", 0, "Lab 11: the guest's kernel (default: one of /boot)",
	  0 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table (default), or json: the measurement alone", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE (no symbolic link) instead of standard output",
	  0 },
	{ 0 },
};

static void take_word(struct lab_run *run, const char *word)
{
	char *end;
	unsigned long n;

	if (run->number) {
		if (run->mine)
			rf_usage_error("one program at most; \"%s\" is one too many", word);
		run->mine = word;
		return;
	}
	n = strtoul(word, &end, 10);
	if (*end || end == word || n < 1 || n > RF_LABS)
		rf_usage_error("there is no lab \"%s\"; ringfence lab lists those from 1 to %d",
		               word, RF_LABS);
	run->number = (unsigned int)n;
	run->lab = &rf_labs[n - 1];
}

static void check_whole(struct lab_run *run)
{
	char err[200];

	if (!run->number && (run->answer || run->edit || run->json))
		rf_usage_error("which lab? ringfence lab N; ringfence lab alone lists them");
	if (run->number && !run->lab->program && (run->edit || run->mine))
		rf_usage_error("lab %u has no program that runs on this machine", run->number);
	if (run->kernel && run->number != RF_LAB_GUEST)
		rf_usage_error("--kernel is for lab %d", RF_LAB_GUEST);
	if (run->answer &&
	    rf_lab_predict(run->lab, run->answer, &run->prediction, err, sizeof(err)))
		rf_usage_error("--answer: %s", err);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lab_run *run = state->input;

	switch (key) {
	case KEY_ANSWER:
		run->answer = arg;
		return 0;
	case KEY_YES:
		run->yes = true;
		return 0;
	case KEY_EDIT:
		run->edit = true;
		return 0;
	case KEY_KERNEL:
		run->kernel = arg;
		return 0;
	case KEY_FORMAT:
		run->json = !strcmp(arg, "json");
		if (!run->json && strcmp(arg, "table"))
			rf_usage_error("--format: lab has no format \"%s\"; use table or json",
			               arg);
		return 0;
	case 'o':
		run->output_path = arg;
		return 0;
	case ARGP_KEY_ARG:
		take_word(run, arg);
		return 0;
	case ARGP_KEY_END:
		check_whole(run);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[N [PROGRAM]]",
	.doc = "Experiments on the boundary between user space and kernel space. Without N: a list "
	       "of them. Each states an idea, shows the code, asks for a prediction, runs the code "
	       "under measurement and explains the difference. The code runs as nobody, with limits "
	       "on time, memory and processes.\v"
	       "Examples:\n"
	       "  ringfence lab                     the list\n"
	       "  ringfence lab 2                   one of them\n"
	       "  ringfence lab 2 --edit            its program, to change it\n"
	       "  ringfence lab 2 ./mine            the changed one, measured the same way\n"
	       "  ringfence lab 4 --yes --answer 65536\n"
	       "\n"
	       "Exit status: 0 done; 1 failed, or this machine does not do what the lab expects; "
	       "2 usage; 3 cannot run here.",
};

static const char *text_of(const struct rf_lab *lab)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.md", lab->name);
	return rf_lab_file(name)->data;
}

static const struct rf_lab_file *source_of(const struct rf_lab *lab)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.c", lab->name);
	return rf_lab_file(name);
}

static void list(FILE *out)
{
	char title[128];

	for (unsigned int i = 0; i < RF_LABS; i++)
		fprintf(out, "%2u  %s\n", i + 1,
		        rf_lab_title(text_of(&rf_labs[i]), title, sizeof(title)));
	fputs("\nringfence lab N runs one: 5 to 10 minutes each, as root.\n", out);
}

/* Written for the one who called sudo. */
static int write_file(const char *name, const struct rf_lab_file *f)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	__close int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || write(fd, f->data, rf_lab_file_size(f)) != (ssize_t)rf_lab_file_size(f)) {
		rf_err("cannot write %s: %s%s", name, strerror(errno),
		       errno == EEXIST ? "; it is left as it is" : "");
		return -1;
	}
	if (uid && gid && fchown(fd, (uid_t)atol(uid), (gid_t)atol(gid)))
		rf_warn("%s belongs to root: %s", name, strerror(errno));
	return 0;
}

static int edit(const struct lab_run *run)
{
	const char *name = run->lab->program;

	if (write_file(name, source_of(run->lab)))
		return RF_EXIT_FAILED;
	if (access("lab.h", F_OK) && write_file("lab.h", rf_lab_file("lab.h")))
		return RF_EXIT_FAILED;
	fprintf(run->out,
	        "%s and lab.h are in this directory. Change %s, then:\n\n"
	        "    cc -O1 -pthread -o mine %s\n"
	        "    sudo ringfence lab %u ./mine\n",
	        name, name, name, run->number);
	return RF_EXIT_DONE;
}

static void heading(struct lab_run *run, const char *title)
{
	fputc('\n', run->out);
	rf_color_print(run->out, &run->style, RF_COLOR_NAME, title);
	fputs("\n\n", run->out);
}

static void section(struct lab_run *run, const char *title)
{
	heading(run, title);
	rf_lab_section(run->out, &run->style, run->text, title);
}

/* A line from the person, without its newline; false at the end of input. */
static bool ask(struct lab_run *run, const char *prompt, char *line, size_t len)
{
	fprintf(run->out, "%s", prompt);
	fflush(run->out);
	if (!fgets(line, (int)len, stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* false: the person has left */
static bool ask_prediction(struct lab_run *run)
{
	char line[64], err[200];

	if (run->answer)
		fprintf(run->out, "\n> %s\n", run->answer);
	if (run->answer || run->yes)
		return true;
	for (;;) {
		if (!ask(run, "\n> ", line, sizeof(line)))
			return false;
		if (!rf_lab_predict(run->lab, line, &run->prediction, err, sizeof(err)))
			return true;
		fprintf(run->out, "%s\n", err);
	}
}

/* What comes before the measurement. false: the person has left. */
static bool introduce(struct lab_run *run)
{
	char title[128], line[8];

	fprintf(run->out, "Lab %u: ", run->number);
	rf_color_print(run->out, &run->style, RF_COLOR_NAME,
	               rf_lab_title(run->text, title, sizeof(title)));
	fputc('\n', run->out);
	section(run, "Idea");
	heading(run, "The code");
	rf_lab_code(run->out, &run->style, source_of(run->lab)->data);
	section(run, "What will happen");
	section(run, "Your prediction");
	if (!ask_prediction(run))
		return false;
	return run->yes || ask(run, "\nEnter runs it. ", line, sizeof(line));
}

static void conclude(struct lab_run *run)
{
	section(run, "What it means");
	section(run, "Change it");
	if (run->lab->program)
		fprintf(run->out, "\nringfence lab %u --edit copies the program here.\n",
		        run->number);
	section(run, "Discuss");
}

/* The learner's program as an image, read as root: it may lie where nobody cannot go. */
static int open_mine(const char *path)
{
	__close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	__free char *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	if (st.st_size > PROGRAM_MAX)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	if (read(fd, data, (size_t)st.st_size) != st.st_size)
		return -EIO;
	return rf_lab_image(data, (size_t)st.st_size);
}

static int open_image(const struct lab_run *run)
{
	const struct rf_lab_file *labs = rf_lab_file("labs");

	return run->mine ? open_mine(run->mine) : rf_lab_image(labs->data, rf_lab_file_size(labs));
}

static int measure_in(struct lab_run *run, const char *dir)
{
	char number[3], name[] = "lab";
	char *argv[] = { name, number, NULL };
	struct rf_lab_setting setting = {
		.program = { .argv = argv, .image_fd = -1, .dir = dir, .limits = run->lab->limits },
		.seconds = run->lab->seconds,
		.host = &run->host,
		.violations = run->lab->columns & RF_LAB_CAUSE,
	};
	__close int image = -1;
	int status;

	memcpy(number, run->lab->name, 2);
	number[2] = '\0';
	if (run->number == RF_LAB_GUEST) {
		int ret = rf_lab_guest_prepare(&run->guest, dir, &setting.program);

		if (ret) {
			rf_err("the guest cannot be prepared: %s", strerror(-ret));
			return RF_EXIT_FAILED;
		}
	} else {
		image = open_image(run);
		if (image < 0) {
			rf_err("cannot run %s: %s", run->mine ? run->mine : "the program",
			       strerror(-image));
			return RF_EXIT_FAILED;
		}
		setting.program.image_fd = image;
	}
	status = rf_lab_measure(&setting, &run->result);
	if (!status && run->number == RF_LAB_GUEST) {
		rf_lab_guest_read(&run->guest, &run->result);
		if (!run->json)
			rf_lab_guest_show(&run->guest, run->out);
	}
	return status;
}

static int measure(struct lab_run *run)
{
	char dir[PATH_MAX / 2];
	int status, ret = rf_lab_dir_make(dir, sizeof(dir));

	if (ret) {
		rf_err("no directory to run in: %s; TMPDIR names another place", strerror(-ret));
		return RF_EXIT_FAILED;
	}
	if (isatty(STDERR_FILENO))
		rf_info("measuring");
	fflush(run->out);
	status = measure_in(run, dir);
	rf_lab_dir_remove(dir);
	return status;
}

/* Whether the built-in program did what its lab claims. */
static bool all_hold(const struct rf_lab_judgement *j)
{
	for (size_t i = 0; i < j->nr_claims; i++)
		if (!j->claims[i].holds)
			return false;
	return true;
}

static void tell_end(const struct lab_run *run)
{
	int status = run->result.status;

	if (run->result.timed_out)
		rf_warn("the program was ended after %u s", run->lab->seconds);
	else if (status)
		rf_warn("the program %s %d",
		        WIFSIGNALED(status) ? "was killed by signal" : "ended with",
		        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (run->result.lost)
		rf_warn("%lld crossings were lost", (long long)run->result.lost);
}

static int show_table(struct lab_run *run)
{
	int ret =
		rf_lab_show_parts(run->out, &run->style, run->lab, &run->result, &run->prediction);

	fputc('\n', run->out);
	return ret ? RF_EXIT_FAILED : RF_EXIT_DONE;
}

/* A lab's own program that came to its end: its result, and what is to be made of it. */
static int show_judged(struct lab_run *run)
{
	int status = RF_EXIT_DONE;

	run->lab->judge(&run->result, &run->judgement);
	if (run->json) {
		rf_lab_json(run->out, run->number, &run->result, &run->prediction, &run->judgement);
	} else {
		status = show_table(run);
		rf_lab_show_judgement(run->out, &run->style, run->lab, &run->prediction,
		                      &run->judgement);
	}
	tell_end(run);
	return status ? status : all_hold(&run->judgement) ? RF_EXIT_DONE : RF_EXIT_FAILED;
}

/* Another's program, or one that failed: its result without a judgement. */
static int show_unjudged(struct lab_run *run)
{
	int status = RF_EXIT_DONE;

	if (run->json)
		rf_lab_json(run->out, run->number, &run->result, &run->prediction, NULL);
	else
		status = show_table(run);
	tell_end(run);
	return status ? status : run->mine ? RF_EXIT_DONE : RF_EXIT_FAILED;
}

static int show(struct lab_run *run)
{
	bool failed = run->result.timed_out || run->result.status;

	return run->mine || failed ? show_unjudged(run) : show_judged(run);
}

/* Before anybody is asked anything. */
static int check_host(struct lab_run *run)
{
	const struct rf_feature_state *blocker;

	if (!run->yes && !run->json && !isatty(STDIN_FILENO))
		rf_usage_error("nobody can be asked here: give --yes, and --answer X for the "
		               "prediction");
	rf_detect(&run->host);
	blocker = rf_host_blocker(&run->host);
	if (blocker) {
		rf_err("cannot run here: %s: %s; %s", blocker->what, blocker->detail,
		       blocker->remedy);
		return RF_EXIT_CANNOT;
	}
	if (run->number == RF_LAB_GUEST && rf_lab_guest_find(&run->guest, run->kernel))
		return RF_EXIT_CANNOT;
	return RF_EXIT_DONE;
}

static int run_lab(struct lab_run *run)
{
	bool dialogue = !run->json && !run->mine;
	int status = check_host(run);

	if (status)
		return status;
	if (dialogue && !introduce(run))
		return RF_EXIT_DONE;
	if (!run->json)
		heading(run, "Measured");
	status = measure(run);
	if (status)
		return status;
	status = show(run);
	if (dialogue)
		conclude(run);
	return status;
}

static int run_verb(struct lab_run *run)
{
	if (!run->number) {
		list(run->out);
		return RF_EXIT_DONE;
	}
	run->text = text_of(run->lab);
	return run->edit ? edit(run) : run_lab(run);
}

int rf_verb_lab(int argc, char **argv)
{
	static struct lab_run run;
	int status;

	rf_option_check(&argp, argc, argv);
	argp_parse(&argp, argc, argv, 0, NULL, &run);
	if (rf_output_open(&run.output, run.output_path) || rf_output_begin(&run.output))
		return RF_EXIT_FAILED;
	run.out = run.output.file;
	rf_style_detect(&run.style, fileno(run.out));
	status = run_verb(&run);
	if (rf_output_flush(&run.output) && !status)
		status = RF_EXIT_FAILED;
	if (rf_output_close(&run.output) && !status)
		status = RF_EXIT_FAILED;
	return status;
}
