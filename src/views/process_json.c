// SPDX-License-Identifier: GPL-2.0-or-later
#include "views/process_json.h"

void rf_json_page_faults(struct rf_json *j, const struct rf_faults *faults)
{
	rf_json_object(j, "page_faults");
	rf_json_u64(j, "user", faults->user);
	rf_json_u64(j, "kernel", faults->kernel);
	rf_json_u64(j, "minor", faults->minor);
	rf_json_u64(j, "major", faults->major);
	rf_json_end(j);
}

void rf_json_times(struct rf_json *j, const struct rf_process *p)
{
	rf_json_object(j, "time_ns");
	rf_json_u64(j, "user", p->time.user);
	rf_json_u64(j, "kernel", p->time.kernel);
	rf_json_u64(j, "waiting", p->time.waiting);
	rf_json_u64(j, "faults", p->fault_ns);
	rf_json_end(j);
}
