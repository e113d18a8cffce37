#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole way, with the real parts: ringfence, the node exporter's textfile collector, a
# Prometheus that scrapes both, rules and dashboard from contrib/. All on loopback.

load helpers

# Real servers, on time scales of their own.
export BATS_TEST_RETRIES=1

setup() { live_setup; }
teardown() { live_teardown; }

metrics() {
	"$python3" "$live/metrics.py" "$@"
}

# free_ports N: ports that are free now, in $ports.
free_ports() {
	mapfile -t ports < <("$python3" - "$1" <<-'END'
		import socket, sys
		held = [socket.socket() for i in range(int(sys.argv[1]))]
		for s in held:
		    s.bind(("127.0.0.1", 0))
		    print(s.getsockname()[1])
	END
	)
}

# Two ways in, a second apart each: job node (textfile: programs called known and crasher) and job
# direct (HTTP: programs called known). The Prometheus is at $url.
start_all() {
	free_ports 3
	mkdir -p collector tsdb
	cat >prometheus.yml <<-END
		global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
		rule_files: [ "$root/contrib/prometheus/ringfence.rules.yml" ]
		scrape_configs:
		  - { job_name: node, static_configs: [ { targets: [ "127.0.0.1:${ports[0]}" ] } ] }
		  - { job_name: direct, static_configs: [ { targets: [ "127.0.0.1:${ports[1]}" ] } ] }
	END
	promtool check config prometheus.yml
	start "$ringfence" export --textfile collector/ringfence.prom --comm '[kc][nr][oa]*' \
		--group comm -i 500ms
	textfile_exporter=$pid
	start "$ringfence" export --listen "${ports[1]}" --comm known --group comm --latency full \
		-i 500ms
	until_true 20 measures "$textfile_exporter"
	until_true 20 measures "$pid"
	start prometheus-node-exporter --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="$PWD/collector" \
		--web.listen-address="127.0.0.1:${ports[0]}" 2>node.log
	start prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
		--web.listen-address="127.0.0.1:${ports[2]}" 2>prometheus.log
	url=http://127.0.0.1:${ports[2]}
	metrics until "$url" 20 'count(up == 1)' 2
}

# For both jobs.
becomes() {
	local job
	for job in node direct; do
		metrics until "$url" 20 "${1//JOB/job=\"$job\"}" "$2"
	done
}

@test "rules and their tests" {
	cd "$root/contrib/prometheus"
	promtool check rules ringfence.rules.yml
	promtool test rules ringfence.test.yml
}

@test "what was counted is what PromQL answers, alerts fire, the dashboard is full" {
	start_all
	metrics until "$url" 20 'count(ringfence_build_info)' 2
	cp "$programs/single" known
	./known 12345 100 20 3
	becomes 'ringfence_calls_total{JOB,group="known",call="getppid"}' 12345
	becomes 'ringfence_call_failures_total{JOB,group="known",call="openat",errno="ENOENT"}' 100
	becomes 'ringfence_call_failures_total{JOB,group="known",call="kill",errno="ESRCH"}' 20
	becomes 'ringfence_call_failures_total{JOB,group="known",call="close",errno="EBADF"}' 3
	# what came since, by the counters themselves
	./known 5000
	becomes 'max_over_time(ringfence_calls_total{JOB,group="known",call="getppid"}[1m])
		- min_over_time(ringfence_calls_total{JOB,group="known",call="getppid"}[1m])' 5000
	metrics until "$url" 20 \
		'ringfence_call_duration_seconds_count{job="direct",call="getppid"}' 17345
	metrics query "$url" 'ringfence_call_duration_seconds_bucket{job="direct",call="getppid",le="+Inf"}' \
		17345
	metrics query "$url" '0 < histogram_quantile(0.5,
		ringfence_call_duration_seconds_bucket{job="direct",call="getppid"}) < bool 0.001' 1
	# seen = attributed + lost, and the sum over groups is what was attributed
	becomes 'ringfence_crossings_seen_total{JOB} - ringfence_crossings_attributed_total{JOB}
		- on() sum(ringfence_crossings_lost_total{JOB})' 0
	becomes 'sum(ringfence_crossings_total{JOB})
		- on() ringfence_crossings_attributed_total{JOB}' 0
	metrics query "$url" 'count({__name__=~"ringfence_.+",job="node"}) <= bool 2000' 1
	metrics query "$url" 'node_textfile_scrape_error' 0
	# a program that keeps crashing
	cp "$programs/nullwrite" crasher
	local i
	for ((i = 0; i < 6; i++)); do
		./crasher 2
		sleep 0.5
	done
	metrics until "$url" 20 'sum(ringfence_violations_total{job="node",group="crasher",
		cause="null-page",outcome="killed"})' 12
	metrics until "$url" 20 'count(ALERTS{alertname="RingfenceCrashLoop",group="crasher",
		alertstate="firing"})' 1
	metrics query "$url" 'count(ALERTS{alertname="RingfenceCrashLoop",group="known"}) or vector(0)' 0
	metrics dashboard "$root/contrib/grafana/ringfence.json" "$url"
	metrics rules "$url"
	promtool query instant "$url" ringfence_build_info
}

@test "the service: as systemd reads it, and what it may do is enough" {
	local unit=$root/contrib/systemd/ringfence-export.service caps
	if command -v systemd-analyze >/dev/null; then
		sed "s|^ExecStart=/usr/sbin/ringfence|ExecStart=$ringfence|" "$unit" >ringfence-export.service
		systemd-analyze verify ./ringfence-export.service
	fi
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | sed 's/CAP_/+/g; s/ /,/g' | tr 'A-Z' 'a-z')
	[[ $caps == +bpf,* ]]
	mkdir there
	# the mounts that the service would have: all is read-only but for one directory
	run unshare --mount bash -euc '
		mount --bind there there
		mount -o remount,bind,ro /
		mount -o remount,bind,ro /proc/sys 2>/dev/null || mount --bind -o ro /proc/sys /proc/sys
		mount -o remount,bind,ro /sys
		mount --bind /dev/null /proc/kallsyms
		! touch /tmp/writable 2>/dev/null
		exec setpriv --bounding-set "-all,$1" --inh-caps=-all --no-new-privs \
			"$2" export --textfile there/m.prom --once --group comm -- "$3" 33
	' bash "$caps" "$ringfence" "$programs/single"
	echo "$output"
	[ "$status" -eq 0 ]
	metrics that there/m.prom \
		'value("ringfence_calls_total", group="single", call="getppid") == 33'
}
