#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ringfence export: what it writes is read by promtool and by Prometheus' Python client, and is
# equal to what is known.

load helpers

# Real readers, on time scales of their own.
export BATS_TEST_RETRIES=1

setup() { live_setup; }
teardown() { live_teardown; }

metrics() {
	"$python3" "$live/metrics.py" "$@"
}

# once ARGUMENT... -- COMMAND...: into m.prom, checked by both readers.
once() {
	RF_EXPECT=$PWD/known.tally timeout 60 "$ringfence" export --once --textfile m.prom "$@" &&
		promtool check metrics <m.prom && metrics parse m.prom
}

# export ARGUMENT...: in the background; it measures when this returns. Its pid is in $exporter.
export_on() {
	start "$ringfence" export "$@" 2>export.err
	exporter=$pid
	until_true 20 measures "$exporter" || {
		cat export.err
		return 1
	}
}

# one TEXT OPTION...: refused with status 2, and a line that says TEXT.
refused() {
	local text=$1 lines
	shift
	run --separate-stderr "$ringfence" export "$@"
	echo "$stderr"
	[ "$status" -eq "${expect:-2}" ]
	[[ $stderr == *"$text"* ]]
	lines=$(wc -l <<<"$stderr")
	[ "$lines" -eq 1 ]
	[ -z "$output" ]
}

@test "known counts, to the last one" {
	once --group comm --latency full -- "$programs/single" 12345 100 20 3
	metrics that m.prom \
		'value("ringfence_calls_total", group="single", call="getppid") == 12345' \
		'value("ringfence_call_failures_total", group="single", call="openat", errno="ENOENT") == 100' \
		'value("ringfence_call_failures_total", group="single", call="kill", errno="ESRCH") == 20' \
		'value("ringfence_call_failures_total", group="single", call="close", errno="EBADF") == 3' \
		'total("ringfence_call_failures_total") == 123' \
		'value("ringfence_call_duration_seconds_count", call="getppid") == 12345' \
		'value("ringfence_call_duration_seconds_bucket", call="getppid", le="+Inf") == 12345' \
		'total("ringfence_denied_total") == 0' \
		'total("ringfence_crossings_total") == value("ringfence_crossings_seen_total")' \
		'value("ringfence_crossings_attributed_total") == value("ringfence_crossings_seen_total")' \
		'total("ringfence_crossings_lost_total") == 0' \
		'total("ringfence_calls_total") == total("ringfence_crossings_total", kind="call")' \
		'total("ringfence_page_faults_total") == total("ringfence_crossings_total", kind="page_fault")'
}

@test "the reference lists every metric with its type and labels, and no other" {
	once --group comm -- bash -c "'$programs/single' 5 5; '$programs/nullwrite' 2; true"
	metrics reference m.prom "$root/docs/reference/metrics.md"
}

@test "denied requests by reason" {
	chmod 777 .
	once --group comm -- "$programs/denied" 50 60
	metrics that m.prom 'value("ringfence_denied_total", group="denied", reason="EPERM") == 50' \
		'value("ringfence_denied_total", group="denied", reason="EACCES") == 60' \
		'value("ringfence_denied_total", group="denied", reason="seccomp") == 0'
}

@test "violations by cause and outcome" {
	once --group comm -- "$programs/nullwrite" 5
	metrics that m.prom \
		'value("ringfence_violations_total", group="nullwrite", cause="null-page", outcome="killed") == 5' \
		'total("ringfence_violations_total") == value("ringfence_violations_seen_total")' \
		'total("ringfence_violations_lost_total") == 0'
}

# Two looks at the same processes at the same time.
@test "histogram and times are the ledger's" {
	gated "$programs/threads" 8 2000
	result=ledger.json watch -p "$program" --latency full
	export_on --textfile m.prom -p "$program" --latency full --group comm -i 1m
	pass_gate
	kill -KILL "$program"
	ends "$program" 5
	stop_watching
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
	metrics parse m.prom
	check that ledger.json 'p["calls"] > 16000'
	"$python3" - <<-'END'
		import json, sys
		sys.argv = ["x"]
		from prometheus_client.parser import text_string_to_metric_families as families
		samples = [s for f in families(open("m.prom").read()) for s in f.samples]
		def total(name, **labels):
		    return sum(s.value for s in samples if s.name == name
		               and all(s.labels.get(k) == v for k, v in labels.items()))
		process = json.load(open("ledger.json"))["processes"][0]
		for call in process["by_call"]:
		    name = call["name"]
		    assert total("ringfence_calls_total", call=name) == call["calls"], call
		    # each look times for itself, but no call twice or never
		    count = total("ringfence_call_duration_seconds_count", call=name)
		    ended = call["calls"] - count
		    assert 0 <= ended <= 16, (call, count)
		futex = total("ringfence_call_duration_seconds_sum")
		known = sum(c["total_ns"] for c in process["by_call"]) / 1e9
		assert abs(futex - known) < 0.1 * known + 0.05, (futex, known)
		faults = process["page_faults"]
		for mode in "user", "kernel":
		    assert total("ringfence_page_faults_total", mode=mode) == faults[mode], mode
		for kind in "minor", "major":
		    assert total("ringfence_page_faults_resolved_total", kind=kind) == faults[kind], kind
	END
}

@test "a last write at SIGTERM, in the middle of an interval" {
	gated "$programs/single" 777
	export_on --textfile m.prom -p "$program" --group comm -i 1m
	# the first version is there before anything has happened
	metrics that m.prom 'total("ringfence_crossings_total") == 0' 'value("ringfence_sweeps_total") == 0'
	pass_gate
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
	metrics that m.prom 'value("ringfence_calls_total", group="single", call="getppid") == 777'
	[ "$(stat -c %a m.prom)" = 644 ]
	[ "$(find . -name '*.tmp' | wc -l)" -eq 0 ]
}

@test "groups by user, exe and cgroup" {
	once --group user -- "$programs/single" 10
	metrics that m.prom 'value("ringfence_calls_total", group="root", call="getppid") == 10'
	once --group exe -- "$programs/single" 10
	metrics that m.prom 'any(g.endswith("/tests/programs/single") for g in groups("ringfence_calls_total"))'
	once --group cgroup -- "$programs/single" 10
	metrics that m.prom 'all(g.startswith("/") or g == "other" for g in groups("ringfence_calls_total"))'
	once --group container -- "$programs/single" 10
	metrics that m.prom 'value("ringfence_build_info", group_by="container") == 1'
}

@test "groups by systemd unit" {
	local hierarchy=/sys/fs/cgroup
	[ -f $hierarchy/cgroup.procs ] || hierarchy=/sys/fs/cgroup/memory
	local unit=$hierarchy/system.slice/rf-test-$$.service
	mkdir -p "$unit" || skip "no cgroup can be made here"
	start bash -c "echo \$\$ >'$unit/cgroup.procs' && exec sleep 60"
	local sleeper=$pid
	until_true 5 grep -qs rf-test "/proc/$sleeper/cgroup"
	export_on --textfile m.prom --cgroup "$unit" -i 1m
	# what runs there now is the unit's, whatever it is called
	bash -c "echo \$\$ >'$unit/cgroup.procs' && exec '$programs/single' 55"
	kill -TERM "$exporter"
	ends "$exporter" 10
	kill -KILL "$sleeper"
	ends "$sleeper" 5
	until_true 5 rmdir "$unit"
	rmdir $hierarchy/system.slice 2>/dev/null || true
	metrics that m.prom "value('ringfence_calls_total', group='rf-test-$$.service', call='getppid') == 55" \
		"groups('ringfence_calls_total') == {'rf-test-$$.service'}"
}

@test "hostile names are valid, and one series each" {
	local kind
	for kind in newline quote escape utf8 comma bidi empty; do
		once --group comm -- "$programs/hostile" "$kind" 100
		metrics that m.prom \
			'len([s for s in samples if s.name == "ringfence_calls_total" and s.labels["call"] == "getppid"]) == 1' \
			'total("ringfence_calls_total", call="getppid") == 100'
	done
}

@test "100,000 processes with a name each: the bound holds, memory too, sums are exact" {
	start "$ringfence" export --textfile m.prom --group comm -i 500ms --max-series 1500 -- \
		"$programs/names" 100000 5
	exporter=$pid
	local first=0 last=0 nr most=0
	until_true 20 test -e m.prom
	while ! not_running "$exporter"; do
		sleep 0.5
		nr=$(grep -vc '^#' m.prom)
		[ "$nr" -le "$most" ] || most=$nr
		last=$(sed -n 's/^ringfence_self_resident_memory_bytes //p' m.prom)
		# when the storm is on, and the ledger as large as it gets
		[ "$(sed -n 's/^ringfence_sweeps_total //p' m.prom)" -ge 6 ] && [ "$first" -eq 0 ] && first=$last
	done
	ends "$exporter" 60
	[ "$status" -eq 0 ]
	echo "series: $most, memory: $first then $last"
	[ "$most" -gt 300 ] && [ "$most" -le 1500 ]
	[ "$first" -gt 0 ] && [ $((last - first)) -lt 4000000 ]
	promtool check metrics <m.prom
	metrics that m.prom 'total("ringfence_calls_total", call="getppid") == 500000' \
		'value("ringfence_call_duration_seconds_count", call="getppid") == 500000' \
		'total("ringfence_crossings_total") == value("ringfence_crossings_attributed_total")' \
		'nr <= 1500' 'value("ringfence_series") <= 1500'
}

@test "kill -9 at any moment leaves a whole file to a reader" {
	local i
	start sleep 120
	local clock=$pid
	"$python3" "$live/metrics.py" watch m.prom "$clock" >seen 3>&- &
	local reader=$!
	started+=("$reader")
	for ((i = 0; i < 9; i++)); do
		touch -r m.prom before 2>/dev/null || touch -d @0 before
		start "$ringfence" export --textfile m.prom -i 100ms --no-latency --comm none-such
		exporter=$pid
		# some before the first write, most in the middle of a later one
		((i % 4 == 0)) || until_true 20 test m.prom -nt before
		sleep "$(printf '0.%03d' $((RANDOM % 400)))"
		kill -KILL "$exporter"
		ends "$exporter" 5
	done
	kill "$clock"
	ends "$reader" 10
	cat seen
	[ "$status" -eq 0 ]
	read -r times versions <seen
	[ "$times" -gt 100 ] && [ "$versions" -ge 5 ]
	# what the killed ones have left is gone once one ends well
	once -d 100ms
	[ "$(find . -name '.m.prom.*' | wc -l)" -eq 0 ]
}

@test "a full disk keeps the last good file, is told once, and passes" {
	mkdir small
	mount -t tmpfs -o size=512k none small || skip "no tmpfs can be mounted here"
	trap 'umount "$BATS_TEST_TMPDIR/small"' EXIT
	export_on --textfile small/m.prom -i 200ms --comm none-such
	until_true 10 grep -qs 'sweeps_total [1-9]' small/m.prom
	head -c 600k /dev/zero >small/ballast || true
	until_true 10 grep -qs 'cannot write to small: No space left' export.err
	cp small/m.prom before
	sleep 1
	cmp before small/m.prom
	metrics parse small/m.prom
	[ "$(find small -name '.m.prom.*' | wc -l)" -eq 0 ]
	rm small/ballast
	until_true 10 grep -q 'is written again' export.err
	metrics that small/m.prom 'value("ringfence_write_failures_total") >= 3'
	cat export.err
	[ "$(grep -c warning export.err)" -eq 2 ]
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
	umount small
	trap - EXIT
}

@test "a directory that vanishes and comes back" {
	mkdir there
	export_on --textfile there/m.prom -i 200ms --comm none-such
	mv there gone
	until_true 10 grep -qs 'no directory there' export.err
	sleep 0.5
	mkdir there
	until_true 10 test -s there/m.prom
	[ "$(grep -c warning export.err)" -le 2 ]
	mv there gone-too
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 1 ]
}

@test "bad options" {
	refused "nowhere to export to"
	refused "more than 0" --textfile m.prom -i 0
	refused "100ms or more" --textfile m.prom -i 20ms
	refused "no port" --listen 127.0.0.1:99999
	refused "no address" --listen nowhere:9950
	refused "too small" --textfile m.prom --max-series 100
	refused "auto, comm, exe" --textfile m.prom --group pid
	refused "goes with --textfile" --once --listen 9950
	refused "not for export" --textfile m.prom --format json
	refused "not for export" --textfile m.prom -o x
	[ ! -e m.prom ]
}

@test "bad places" {
	local expect=1
	refused "no directory missing" --textfile missing/m.prom
	mkdir m.dir
	refused "is a directory" --textfile m.dir
	ln -s elsewhere m.prom
	refused "symbolic link" --textfile m.prom
	ln -s m.dir planted && chown -h nobody planted
	refused "belongs to another user" --textfile planted/m.prom
	mkdir mounted && touch mounted/m.prom other
	mount --bind other mounted/m.prom || skip "no bind mount can be made here"
	mount -t tmpfs none m.dir && touch m.dir/m.prom && mount --bind m.dir/m.prom mounted/m.prom
	run refused "another file system" --textfile mounted/m.prom
	umount mounted/m.prom mounted/m.prom m.dir
	echo "$output"
	[ "$status" -eq 0 ]
	# not writable
	mkdir -m 755 roots
	run --separate-stderr setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		"$ringfence" export --textfile roots/m.prom
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *"Permission denied"* ]]
}

@test "a port in use" {
	export_on --listen 0 --comm none-such
	local url expect=1
	url=$(sed -n 's/.*serving //p' export.err)
	refused "Address already in use; choose another port" --listen "$(cut -d/ -f3 <<<"$url")"
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
}

@test "HTTP: formats, compression, methods" {
	export_on --listen 0 -i 200ms
	local url
	url=$(sed -n 's/.*serving //p' export.err)
	[[ $url == http://127.0.0.1:*/metrics ]]
	curl -sf -D head -o text "$url"
	grep -qi '^content-type: text/plain; version=0.0.4' head
	promtool check metrics <text
	metrics parse text
	curl -sf -D head -o open -H 'Accept: application/openmetrics-text;version=1.0.0' "$url"
	grep -qi '^content-type: application/openmetrics-text; version=1.0.0' head
	metrics parse --openmetrics open
	curl -sf -D head -o packed -H 'Accept-Encoding: gzip' "$url"
	grep -qi '^content-encoding: gzip' head
	gunzip -c <packed >unpacked
	metrics parse unpacked
	curl -sfI "$url" | grep -qi '^content-length: [1-9]'
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d x "$url")" = 405 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url")" = 405 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "${url%metrics}")" = 404 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/../../etc/passwd" --path-as-is)" = 404 ]
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
}

@test "HTTP: bounded in connections, in time and in the size of a request" {
	export_on --listen 0 -i 200ms --comm none-such
	local url port
	url=$(sed -n 's/.*serving //p' export.err)
	port=${url#http://127.0.0.1:} port=${port%/metrics}
	"$python3" - "$port" <<-'END'
		import socket, sys, threading, time
		address = ("127.0.0.1", int(sys.argv[1]))
		def get(s):
		    s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
		    return b"".join(iter(lambda: s.recv(65536), b""))
		# a request that does not end
		s = socket.create_connection(address, 5)
		try:
		    for i in range(100):
		        s.sendall(b"GET /metrics?" + b"x" * 4096)
		    s.settimeout(5)
		    answer = s.recv(64)
		except ConnectionError:
		    answer = b""
		assert not answer or b" 4" in answer, answer
		# one that never stops sending
		began = time.monotonic()
		def trickle():
		    s = socket.create_connection(address, 5)
		    while time.monotonic() - began < 60:
		        try:
		            s.sendall(b"GET /metrics HTTP/1.1\r\nX: " if sent == [] else b"x")
		        except ConnectionError:
		            break
		        sent.append(time.monotonic() - began)
		        time.sleep(0.5)
		sent = []
		slow = threading.Thread(target=trickle)
		slow.start()
		time.sleep(0.1)
		# idle ones take all other places, and lose them
		idle = [socket.create_connection(address, 5) for i in range(15)]
		time.sleep(0.3)
		late = socket.create_connection(address, 5)
		late.settimeout(20)
		answer = get(late)
		assert answer.startswith(b"HTTP/1.1 200"), answer[:100]
		took = time.monotonic() - began
		assert took < 15, took
		for s in idle:
		    s.settimeout(5)
		    assert s.recv(64) == b""
		assert took > 5, "16 connections were in nobody's way"
		slow.join()
		assert 15 < sent[-1] < 30, sent[-1]
	END
	curl -sf -o /dev/null "$url"
	[ "$(find "/proc/$exporter/fd" -lname 'socket:*' | wc -l)" -le 3 ]
	kill -TERM "$exporter"
	ends "$exporter" 10
	[ "$status" -eq 0 ]
}

@test "the service manager hears when it is ready and when it stops" {
	"$python3" "$live/metrics.py" notify "$PWD/socket" 20 STOPPING=1 >said 3>&- &
	local manager=$!
	started+=("$manager")
	until_true 5 test -S socket
	NOTIFY_SOCKET=$PWD/socket start "$ringfence" export --textfile m.prom -i 200ms --comm none-such
	exporter=$pid
	until_true 20 grep -q READY=1 said
	[ -s m.prom ]
	until_true 5 grep -q WATCHDOG=1 said
	kill -TERM "$exporter"
	ends "$exporter" 10
	ends "$manager" 10
	[ "$(head -n 1 said)" = READY=1 ]
	[ "$(tail -n 1 said)" = STOPPING=1 ]
}

@test "what it costs is told" {
	gated "$programs/flood" 1500 2 10
	export_on --textfile m.prom -i 1m
	local before
	printf x >&"$gate_fd"
	until_true 30 test -s known.tally
	kill -TERM "$exporter"
	ends "$exporter" 10
	metrics that m.prom 'value("ringfence_bpf_seconds_total") > 0.05' \
		'value("ringfence_bpf_runs_total") > value("ringfence_crossings_seen_total")' \
		'value("ringfence_bpf_memory_bytes") > 1000000' \
		'value("ringfence_self_resident_memory_bytes") > 1000000' \
		'total("ringfence_self_cpu_seconds_total") > 0' \
		'1 < value("ringfence_observed_seconds_total") < 30'
	export_on --textfile m.prom -i 1m --no-bpf-stats
	kill -TERM "$exporter"
	ends "$exporter" 10
	run ! grep ringfence_bpf_seconds_total m.prom
}
