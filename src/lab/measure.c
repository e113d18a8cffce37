// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/measure.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/log.h"
#include "base/rf_time.h"
#include "bpf/records.h"
#include "ledger/isolation.h"
#include "probe/probe.h"
#include "verbs/verbs.h"

#define MESSAGE_MAX 64

struct measurement {
	struct rf_lab_result *result;
	struct rf_lab_child child;
	struct rf_probe *probe;
	struct rf_ledger *ledger;
	struct rf_isolation *isolation;
	int socket_fd;
	int pid_fd;
	uint64_t end_ns;
	struct rf_lab_part part; /* that runs now; without a name: none that is kept */
	uint64_t part_ns;        /* when it began */
	uint64_t sweep_ns;       /* end of the last sweep */
};

static volatile sig_atomic_t interrupted;

static void on_end(int number)
{
	(void)number;
	interrupted = 1;
}

/* poll() is to return: no SA_RESTART. */
static void catch_end(bool catching)
{
	struct sigaction action = { .sa_handler = catching ? on_end : SIG_DFL };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int feed(void *ctx, const void *rec, size_t size)
{
	struct measurement *m = ctx;

	int ret = rf_isolation_feed(m->isolation, rec, size);

	return ret ? ret : rf_ledger_feed(m->ledger, rec, size);
}

static void take_violation(void *ctx, const struct rf_violation *v)
{
	struct measurement *m = ctx;

	rf_lab_violation_add(m->result, v);
}

static int sweep(struct measurement *m, bool final)
{
	struct rf_accounting acc;
	int ret = rf_ledger_sweep_begin(m->ledger);

	if (!ret)
		ret = final ? rf_probe_stop(m->probe, &m->sweep_ns) :
		              rf_probe_sweep(m->probe, &m->sweep_ns);
	rf_ledger_set_skipped(m->ledger, rf_probe_skipped(m->probe));
	if (!ret)
		ret = rf_ledger_sweep_end(m->ledger, m->sweep_ns, final);
	if (ret)
		return ret;
	rf_isolation_sweep_end(m->isolation);
	rf_ledger_accounting(m->ledger, &acc);
	m->result->seen += acc.seen;
	m->result->attributed += acc.attributed;
	m->result->lost += acc.lost;
	return 0;
}

/* Keeps the part that has ended, and gives the next interval to the one that begins. */
static void keep_part(struct measurement *m, uint64_t interval_ns, uint64_t begun_ns,
                      uint64_t ended_ns)
{
	struct rf_lab_result *r = m->result;
	struct rf_lab_part *p = &m->part;
	uint64_t idle = begun_ns - interval_ns + (m->sweep_ns - ended_ns);

	if (!*p->name)
		return;
	if (r->nr_parts == RF_LAB_PARTS_MAX) {
		r->left_out++;
		return;
	}
	rf_lab_part_fill(p, m->ledger);
	p->begun_ns = begun_ns;
	p->ended_ns = ended_ns;
	p->wall_ns = ended_ns - begun_ns;
	/* the program waited while the sweeps were made; that is not the part's */
	p->time.waiting -= idle < p->time.waiting ? idle : p->time.waiting;
	r->parts[r->nr_parts++] = *p;
}

/* "ITEMS NAME" */
static void take_message(struct rf_lab_part *p, const char *message)
{
	char *name;

	*p = (struct rf_lab_part){ 0 };
	p->items = strtoull(message, &name, 10);
	snprintf(p->name, sizeof(p->name), "%s", name + strspn(name, " "));
}

/* The program stands at the end of a part. */
static int next_part(struct measurement *m)
{
	char message[MESSAGE_MAX];
	ssize_t n = recv(m->socket_fd, message, sizeof(message) - 1, MSG_DONTWAIT);
	uint64_t ended_ns = rf_now_ns(), interval_ns = m->sweep_ns;
	int ret;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close(m->socket_fd);
		m->socket_fd = -1;
		return 0;
	}
	message[n] = '\0';
	ret = sweep(m, false);
	if (ret)
		return ret;
	keep_part(m, interval_ns, m->part_ns, ended_ns);
	rf_ledger_next_interval(m->ledger, m->sweep_ns);
	take_message(&m->part, message);
	m->part_ns = rf_now_ns();
	return send(m->socket_fd, "", 1, MSG_NOSIGNAL) == 1 || errno == EPIPE ? 0 : -errno;
}

/* Whether the program itself has ended; its status is in the result then. */
static bool has_ended(struct measurement *m)
{
	return waitpid(m->child.pid, &m->result->status, WNOHANG) == m->child.pid;
}

static int wait_for_end(struct measurement *m)
{
	int ret = 0;

	while (!ret) {
		struct pollfd fds[] = {
			{ .fd = rf_probe_fd(m->probe), .events = POLLIN },
			{ .fd = m->socket_fd, .events = POLLIN },
			{ .fd = m->pid_fd, .events = POLLIN },
		};
		uint64_t now = rf_now_ns();
		struct timespec left = rf_ns_to_timespec(m->end_ns > now ? m->end_ns - now : 0);

		if (ppoll(fds, 3, &left, NULL) < 0 && errno != EINTR)
			return -errno;
		if (interrupted)
			return -EINTR;
		if (rf_now_ns() >= m->end_ns) {
			m->result->timed_out = true;
			return 0;
		}
		if (fds[0].revents)
			ret = rf_probe_poll(m->probe, 0);
		if (!ret && fds[1].revents)
			ret = next_part(m);
		if (!ret && fds[2].revents && has_ended(m))
			return 0;
	}
	return ret;
}

/* From the execve to the last end. */
static int run(struct measurement *m)
{
	uint64_t now, begun_ns;
	int ret = rf_probe_start(m->probe, &now);

	if (ret)
		return ret;
	rf_ledger_start(m->ledger, now);
	m->sweep_ns = m->part_ns = now;
	ret = rf_lab_go(&m->child);
	if (ret) {
		rf_err("the program cannot be run: %s", strerror(-ret));
		return ret;
	}
	ret = wait_for_end(m);
	rf_lab_child_end(&m->child);
	if (ret)
		return ret;
	begun_ns = m->sweep_ns;
	now = rf_now_ns();
	ret = sweep(m, true);
	if (!ret)
		keep_part(m, begun_ns, m->part_ns, now);
	/* what became of a violation may be known only now, so they find their parts at the end */
	rf_isolation_flush(m->isolation);
	return ret;
}

static int open_probe(struct measurement *m, const struct rf_lab_setting *setting)
{
	struct rf_probe_options options = {
		.targets = { .tree = m->child.pid, .cgroup_v1_subsys = -1 },
		.isolation = setting->violations ? RF_ISOLATION_EVENTS : RF_ISOLATION_OFF,
		.host = setting->host,
	};
	char err[512] = "";
	int ret = rf_probe_open(&m->probe, &options, feed, m, err, sizeof(err));

	/* how processes ended can be told without the causes */
	if (ret && setting->violations) {
		rf_warn("causes of violations cannot be told here: %s",
		        *err ? err : strerror(-ret));
		options.isolation = RF_ISOLATION_OFF;
		ret = rf_probe_open(&m->probe, &options, feed, m, err, sizeof(err));
	}
	m->result->causes_known = options.isolation != RF_ISOLATION_OFF;
	if (!ret)
		return RF_EXIT_DONE;
	rf_err("%s", *err ? err : strerror(-ret));
	return ret == -EPERM || ret == -ENOSYS || ret == -EOPNOTSUPP ? RF_EXIT_CANNOT :
	                                                               RF_EXIT_FAILED;
}

static int start(struct measurement *m, struct rf_lab_setting *setting)
{
	int ends[2] = { -1, -1 }, ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	m->socket_fd = ends[0];
	setting->program.socket_fd = ends[1];
	ret = rf_lab_fork(&m->child, &setting->program);
	close(ends[1]);
	if (ret)
		return ret;
	m->pid_fd = (int)syscall(SYS_pidfd_open, m->child.pid, 0);
	return m->pid_fd < 0 ? -errno : 0;
}

static int measure(struct measurement *m, struct rf_lab_setting *setting)
{
	int status, ret = start(m, setting);

	if (ret) {
		rf_err("the program cannot be started: %s", strerror(-ret));
		return RF_EXIT_FAILED;
	}
	status = open_probe(m, setting);
	if (status)
		return status;
	m->ledger = rf_ledger_new();
	m->isolation = rf_isolation_new(take_violation, m);
	m->end_ns = rf_now_ns() + setting->seconds * RF_NSEC_PER_SEC;
	snprintf(m->part.name, sizeof(m->part.name), "whole run");
	ret = m->ledger && m->isolation ? run(m) : -ENOMEM;
	if (ret == -EINTR)
		rf_err("interrupted");
	else if (ret)
		rf_err("the measurement failed: %s", strerror(-ret));
	return ret ? RF_EXIT_FAILED : RF_EXIT_DONE;
}

/* What ran before the first part says little; only a program without parts is kept whole. */
static void drop_beginning(struct rf_lab_result *r)
{
	if (r->nr_parts < 2)
		return;
	memmove(&r->parts[0], &r->parts[1], (r->nr_parts - 1) * sizeof(r->parts[0]));
	r->nr_parts--;
}

int rf_lab_measure(struct rf_lab_setting *setting, struct rf_lab_result *r)
{
	struct measurement m = {
		.result = r, .child = RF_LAB_CHILD_INIT, .socket_fd = -1, .pid_fd = -1
	};
	int status;

	*r = (struct rf_lab_result){ 0 };
	catch_end(true);
	status = measure(&m, setting);
	rf_lab_child_end(&m.child);
	catch_end(false);
	rf_probe_close(m.probe);
	rf_ledger_free(m.ledger);
	rf_isolation_free(m.isolation);
	if (m.socket_fd >= 0)
		close(m.socket_fd);
	if (m.pid_fd >= 0)
		close(m.pid_fd);
	drop_beginning(r);
	return status;
}
