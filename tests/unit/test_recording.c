// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings: one from x86-64 that stays readable for ever, cut off at every byte, with any bit
 * turned over, and written anew. A reader says what is missing; it never takes damage for data.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/stream.h"
#include "recording/format.h"
#include "recording/names.h"
#include "recording/reader.h"
#include "recording/replay.h"
#include "recording/writer.h"

#define NR_GETPPID 110
#define NR_OPENAT 257
#define NR_KILL 62
#define NR_CLOSE 3

static unsigned char *file;
static size_t file_size;

static int load_file(void **state)
{
	FILE *f = fopen(RF_TEST_DIR "/data/x86_64.rec", "re");

	if (!f)
		return -1;
	file = malloc(1 << 20);
	file_size = file ? fread(file, 1, 1 << 20, f) : 0;
	fclose(f);
	return file_size ? 0 : -1;
}

static int free_file(void **state)
{
	free(file);
	return 0;
}

static void free_bytes(unsigned char **bytes)
{
	free(*bytes);
}

struct reading {
	struct rf_ledger *ledger;
	struct rf_names *names;
	struct rf_replay replay;
	struct rf_totals totals;
	struct rf_accounting acc;
	int opened;
	int replayed;
};

static const struct rf_replay_options everything;

static struct reading read_with(const void *bytes, size_t n, const struct rf_replay_options *o)
{
	struct reading r = { .ledger = rf_ledger_new(), .names = rf_names_new(), .replayed = -1 };
	struct rf_reader *reader;

	r.opened = rf_reader_open_memory(&reader, bytes, n);
	if (r.opened)
		return r;
	r.replayed = rf_replay(reader, o, r.ledger, r.names, &r.replay);
	rf_reader_close(reader);
	rf_ledger_totals(r.ledger, &r.totals);
	rf_ledger_accounting(r.ledger, &r.acc);
	return r;
}

static struct reading read_memory(const void *bytes, size_t n)
{
	return read_with(bytes, n, &everything);
}

static void end_reading(struct reading *r)
{
	rf_ledger_free(r->ledger);
	rf_names_free(r->names);
}

static void assert_lawful(const struct reading *r)
{
	assert_int_equal(r->acc.seen, r->acc.attributed + (uint64_t)r->acc.lost);
	assert_int_equal(r->acc.lost_unexplained, 0);
	assert_int_equal(r->acc.attributed, r->totals.calls + r->totals.page_faults);
}

static const struct rf_cell *cell_of(const struct rf_process *p, unsigned int nr)
{
	for (size_t i = 0; i < p->nr_cells; i++)
		if (p->cells[i]->call == RF_CALL(0, nr))
			return p->cells[i];
	fail_msg("no call %u", nr);
	return NULL;
}

/* The program was: single 20 3 2 1. */
static void an_old_recording_is_read(void **state)
{
	struct reading r = read_memory(file, file_size);
	const struct rf_process *p = NULL;

	assert_int_equal(r.replayed, 0);
	assert_true(r.replay.state.ended);
	assert_false(r.replay.partial);
	assert_int_equal(r.replay.state.bad_blocks + r.replay.state.bad_records, 0);
	assert_int_equal(rf_ledger_nr_processes(r.ledger), 1);
	p = rf_ledger_process(r.ledger, 0);
	assert_string_equal(p->comm, "single");
	assert_string_equal(p->exe, "/tmp/single");
	assert_true(p->exited);
	assert_int_equal(cell_of(p, NR_GETPPID)->calls, 20);
	assert_int_equal(cell_of(p, NR_OPENAT)->failed, 3);
	assert_int_equal(cell_of(p, NR_KILL)->failed, 2);
	assert_int_equal(cell_of(p, NR_CLOSE)->failed, 1);
	assert_string_equal(rf_names_fact(r.names, "host"), "example");
	assert_string_equal(rf_names_fact(r.names, "machine"), "x86_64");
	assert_string_equal(rf_names_user(r.names, 0), "root");
	assert_lawful(&r);
	assert_int_equal(r.acc.lost, 0);
	assert_int_equal(r.replay.state.end.crossings, r.acc.attributed);
	end_reading(&r);
}

static void cut_off_at_every_byte(void **state)
{
	struct reading whole = read_memory(file, file_size);
	uint64_t before = 0;

	for (size_t n = 0; n < file_size; n++) {
		unsigned char *exact = malloc(n ? n : 1);
		struct reading r;

		assert_non_null(exact);
		memcpy(exact, file, n);
		r = read_memory(exact, n);
		free(exact);
		if (n < RF_FILE_HEADER) {
			assert_int_equal(r.opened, -EINVAL);
			end_reading(&r);
			continue;
		}
		assert_int_equal(r.opened, 0);
		assert_int_equal(r.replayed, 0);
		assert_false(r.replay.state.ended);
		assert_true(r.replay.partial);
		assert_lawful(&r);
		assert_true(r.acc.attributed >= before);
		assert_true(r.acc.attributed <= whole.acc.attributed);
		before = r.acc.attributed;
		end_reading(&r);
	}
	/* all that is missing now is the END block */
	assert_int_equal(before, whole.acc.attributed);
	end_reading(&whole);
}

static void any_bit_turned_over_is_noticed(void **state)
{
	unsigned char *copy = malloc(file_size);

	assert_non_null(copy);
	for (size_t bit = 0; bit < file_size * 8; bit += bit < 1024 ? 1 : 7) {
		struct reading r;

		memcpy(copy, file, file_size);
		copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
		r = read_memory(copy, file_size);
		if (!r.opened) {
			const struct rf_reader_state *s = &r.replay.state;

			assert_int_equal(r.replayed, 0);
			assert_true(r.replay.partial);
			assert_true(!s->ended || s->bad_blocks);
			assert_lawful(&r);
		}
		end_reading(&r);
	}
	free(copy);
}

/* Checksums keep accidents out, not attacks: what is in the blocks is hostile all the same. */
static void records_of_rubbish(void **state)
{
	struct {
		uint64_t align;
		unsigned char bytes[RF_RECORD_ROOM];
	} rec;
	unsigned char in[600];

	srand(7);
	for (unsigned int type = 0; type < 64; type++) {
		for (int round = 0; round < 300; round++) {
			size_t n = (size_t)rand() % sizeof(in);
			long got;

			for (size_t i = 0; i < n; i++)
				in[i] = round & 1 ? (unsigned char)rand() : 0xff;
			got = rf_record_get(rec.bytes, sizeof(rec.bytes), (uint16_t)type, 0, in, n);
			assert_true(got <= (long)sizeof(rec.bytes));
			if (got > 0) {
				struct rf_ledger *l = rf_ledger_new();

				(void)rf_ledger_feed(l, rec.bytes, (size_t)got);
				rf_ledger_free(l);
			}
		}
	}
}

static void part_of_the_time(void **state)
{
	struct reading whole = read_memory(file, file_size);
	uint64_t begin = whole.replay.begin_ns, end = whole.replay.end_ns;
	uint64_t calls = 0, faults = 0, user = 0, kernel = 0, waiting = 0;

	for (int part = 0; part < 10; part++) {
		struct rf_replay_options o = {
			.from_ns = begin + (end - begin) * (uint64_t)part / 10,
			.to_ns = part == 9 ? 0 : begin + (end - begin) * (uint64_t)(part + 1) / 10,
		};
		struct reading r = read_with(file, file_size, &o);

		assert_lawful(&r);
		calls += r.totals.calls;
		faults += r.totals.page_faults;
		user += r.totals.time.user;
		kernel += r.totals.time.kernel;
		waiting += r.totals.time.waiting;
		end_reading(&r);
	}
	assert_int_equal(calls, whole.totals.calls);
	assert_int_equal(faults, whole.totals.page_faults);
	assert_int_equal(user, whole.totals.time.user);
	assert_int_equal(kernel, whole.totals.time.kernel);
	assert_int_equal(waiting, whole.totals.time.waiting);
	end_reading(&whole);
}

static bool only_kill(void *ctx, uint32_t call)
{
	return call == RF_CALL(0, NR_KILL);
}

static bool nobody(void *ctx, uint64_t process)
{
	return false;
}

static void filters(void **state)
{
	struct rf_replay_options calls = { .wants_call = only_kill };
	struct rf_replay_options none = { .wants = nobody };
	struct reading r = read_with(file, file_size, &calls);

	assert_int_equal(r.totals.calls, 2);
	assert_lawful(&r);
	end_reading(&r);
	r = read_with(file, file_size, &none);
	assert_int_equal(rf_ledger_nr_processes(r.ledger), 0);
	assert_int_equal(r.acc.seen, 0);
	end_reading(&r);
}

static char *scratch(const char *name)
{
	static char path[256];
	static char dir[64];

	if (!*dir) {
		snprintf(dir, sizeof(dir), "/tmp/ringfence-test-XXXXXX");
		assert_non_null(mkdtemp(dir));
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Every record of the old recording through a writer of its own. */
static void copy_recording(struct rf_writer *w, uint64_t *end_ns)
{
	struct rf_entry_read e;
	struct rf_reader *r;

	assert_int_equal(rf_reader_open_memory(&r, file, file_size), 0);
	assert_int_equal(rf_writer_begin(w, rf_reader_header(r)->start_ns), 0);
	while (rf_reader_next(r, &e) > 0) {
		switch (e.kind) {
		case RF_ENTRY_RECORD:
			assert_int_equal(rf_writer_record(w, e.rec, e.size), 0);
			break;
		case RF_ENTRY_EXE:
			assert_int_equal(rf_writer_exe(w, e.id, e.text), 0);
			break;
		case RF_ENTRY_USER:
			assert_int_equal(rf_writer_user(w, (uint32_t)e.id, e.text), 0);
			break;
		case RF_ENTRY_CGROUP:
			assert_int_equal(rf_writer_cgroup(w, e.id, e.text), 0);
			break;
		case RF_ENTRY_FACT:
			assert_int_equal(rf_writer_fact(w, e.key, e.text), 0);
			break;
		case RF_ENTRY_SWEEP:
			assert_int_equal(rf_writer_sweep(w, e.final), 0);
			break;
		case RF_ENTRY_SWEPT:
			assert_int_equal(rf_writer_swept(w, e.time_ns, e.skipped, e.final), 0);
			*end_ns = e.time_ns;
			assert_int_equal(rf_writer_cut(w, e.time_ns), 0);
			break;
		default:
			break;
		}
	}
	rf_reader_close(r);
}

static struct reading read_path(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned char *bytes = malloc(1 << 20);
	struct reading r;
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	r = read_memory(bytes, n);
	free(bytes);
	return r;
}

static void written_and_read_again(void **state)
{
	struct rf_writer_options o = { .path = scratch("copy.rec") };
	struct reading whole = read_memory(file, file_size), again;
	struct rf_writer *w;
	uint64_t end_ns = 0;
	struct stat st;

	assert_int_equal(rf_writer_open(&w, &o), 0);
	copy_recording(w, &end_ns);
	assert_int_equal(rf_writer_finish(w, end_ns), 0);
	rf_writer_free(w);
	assert_int_equal(stat(o.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	again = read_path(o.path);
	assert_true(again.replay.state.ended);
	assert_false(again.replay.partial);
	assert_int_equal(again.acc.seen, whole.acc.seen);
	assert_int_equal(again.totals.calls, whole.totals.calls);
	assert_int_equal(again.totals.time.user, whole.totals.time.user);
	end_reading(&again);
	end_reading(&whole);
	unlink(o.path);
}

/* A flight recorder that had room for all is the same recording. */
static void kept_and_written_out(void **state)
{
	struct rf_writer_options o = { .path = scratch("kept.rec"), .keep_bytes = 1 << 20 };
	struct reading whole = read_memory(file, file_size), kept;
	struct rf_writer *w;
	uint64_t end_ns = 0;

	assert_int_equal(rf_writer_open(&w, &o), 0);
	copy_recording(w, &end_ns);
	assert_int_equal(rf_writer_dump(w, end_ns), 0);
	rf_writer_free(w);
	kept = read_path(o.path);
	assert_true(kept.replay.state.ended);
	assert_int_equal(kept.totals.calls, whole.totals.calls);
	assert_int_equal(kept.acc.seen, whole.acc.seen);
	assert_lawful(&kept);
	assert_string_equal(rf_names_fact(kept.names, "host"), "example");
	end_reading(&kept);
	end_reading(&whole);
	unlink(o.path);
}

#define SECONDS 10

/* The old recording's crossings, once more in each of the seconds that follow it. */
static void repeat_recording(struct rf_writer *w, uint64_t *begin_ns)
{
	struct {
		uint64_t align;
		unsigned char bytes[RF_RECORD_ROOM];
	} copy;
	struct rf_batch_head head;
	uint64_t end_ns = 0;

	copy_recording(w, &end_ns);
	for (uint64_t second = 1; second <= SECONDS; second++) {
		struct rf_entry_read e;
		struct rf_reader *r;

		assert_int_equal(rf_reader_open_memory(&r, file, file_size), 0);
		*begin_ns = rf_reader_header(r)->start_ns;
		while (rf_reader_next(r, &e) > 0) {
			if (e.kind != RF_ENTRY_RECORD)
				continue;
			memcpy(copy.bytes, e.rec, e.size);
			memcpy(&head, e.rec, sizeof(head.rec));
			if (head.rec.type != RF_REC_BATCH)
				continue;
			memcpy(&head, e.rec, sizeof(head));
			head.base_ns += second * 1000000000;
			head.last_ns += second * 1000000000;
			memcpy(copy.bytes, &head, sizeof(head));
			assert_int_equal(rf_writer_record(w, copy.bytes, e.size), 0);
		}
		rf_reader_close(r);
		assert_int_equal(rf_writer_cut(w, end_ns + second * 1000000000), 0);
	}
	assert_int_equal(rf_writer_finish(w, end_ns + SECONDS * UINT64_C(1000000000)), 0);
}

static struct reading read_part(const char *path, const struct rf_replay_options *o, bool jump)
{
	struct reading r = { .ledger = rf_ledger_new(), .names = rf_names_new(), .replayed = -1 };
	struct rf_reader *reader;

	r.opened = rf_reader_open(&reader, path);
	assert_int_equal(r.opened, 0);
	if (jump)
		assert_int_equal(rf_reader_part(reader, o->from_ns, o->to_ns), 0);
	r.replayed = rf_replay(reader, o, r.ledger, r.names, &r.replay);
	assert_int_equal(r.replayed, 0);
	rf_reader_close(reader);
	rf_ledger_totals(r.ledger, &r.totals);
	rf_ledger_accounting(r.ledger, &r.acc);
	assert_lawful(&r);
	return r;
}

/*
 * By the index, or, without one, from front to back: the same. The last block is read, as its end is
 * not in the index.
 */
static void a_part_is_found_by_the_index(void **state)
{
	struct rf_writer_options o = { .path = scratch("long.rec") };
	struct reading whole = read_memory(file, file_size);
	struct rf_replay_options part = { 0 };
	struct rf_writer *w;
	uint64_t begin_ns = 0;
	struct stat st;

	assert_int_equal(rf_writer_open(&w, &o), 0);
	repeat_recording(w, &begin_ns);
	rf_writer_free(w);
	part.from_ns = begin_ns + UINT64_C(3000000000);
	part.to_ns = begin_ns + UINT64_C(5000000000);
	for (int cut = 0; cut < 2; cut++) {
		struct reading by_index = read_part(o.path, &part, true);
		struct reading scanned = read_part(o.path, &part, false);

		assert_int_equal(by_index.replay.state.ended, !cut);
		assert_int_equal(by_index.replay.state.bad_blocks, 0);
		assert_int_equal(by_index.replay.state.passed_blocks, cut ? 0 : SECONDS - 3);
		assert_int_equal(scanned.replay.state.passed_blocks, 0);
		assert_int_equal(by_index.totals.calls, 2 * whole.totals.calls);
		assert_int_equal(scanned.totals.calls, 2 * whole.totals.calls);
		assert_int_equal(by_index.totals.time.user, scanned.totals.time.user);
		assert_int_equal(by_index.acc.seen, scanned.acc.seen);
		assert_int_equal(by_index.replay.end_ns, scanned.replay.end_ns);
		assert_string_equal(rf_ledger_process(by_index.ledger, 0)->exe, "/tmp/single");
		end_reading(&by_index);
		end_reading(&scanned);
		assert_int_equal(stat(o.path, &st), 0);
		assert_int_equal(truncate(o.path, st.st_size - 1), 0);
	}
	end_reading(&whole);
	unlink(o.path);
}

/* An index is as hostile as the rest. */
static void an_index_that_lies_is_noticed(void **state)
{
	struct rf_writer_options o = { .path = scratch("lies.rec") };
	struct rf_replay_options part = { 0 };
	unsigned char raw[4096], head[RF_BLOCK_HEADER], end[RF_END_SIZE];
	struct rf_file_end tail;
	struct reading r;
	struct rf_writer *w;
	struct rf_block b;
	uint64_t begin_ns = 0;
	struct stat st;
	size_t n;
	int fd;

	assert_int_equal(rf_writer_open(&w, &o), 0);
	repeat_recording(w, &begin_ns);
	rf_writer_free(w);
	part.from_ns = begin_ns + UINT64_C(3000000000);
	assert_int_equal(stat(o.path, &st), 0);
	fd = open(o.path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, end, sizeof(end), st.st_size - RF_END_SIZE), sizeof(end));
	rf_file_end_get(end, &tail);
	/* every block but the first three is said to lie a byte further on */
	assert_int_equal(pread(fd, head, sizeof(head), (off_t)tail.index_at), sizeof(head));
	assert_int_equal(rf_block_get(head, &b), 0);
	n = b.raw;
	assert_true(n <= sizeof(raw) && n > RF_INDEX_SIZE);
	assert_int_equal(pread(fd, head, sizeof(head), (off_t)tail.index_at), sizeof(head));
	{
		__attribute__((cleanup(free_bytes))) unsigned char *stored = malloc(b.stored);

		assert_int_equal(
			pread(fd, stored, b.stored, (off_t)tail.index_at + RF_BLOCK_HEADER),
			b.stored);
		if (b.codec == RF_CODEC_ZSTD)
			assert_int_equal(rf_unpack(raw, n, stored, b.stored), 0);
		else
			memcpy(raw, stored, n);
	}
	for (size_t at = RF_INDEX_SIZE; at < n; at += RF_INDEX_SIZE)
		rf_put64(raw + at, rf_get64(raw + at) + (at >= 3 * RF_INDEX_SIZE));
	b.codec = RF_CODEC_STORED;
	b.stored = (uint32_t)n;
	b.crc = rf_crc32(raw, n);
	rf_block_put(head, &b);
	assert_int_equal(pwrite(fd, head, sizeof(head), (off_t)tail.index_at), sizeof(head));
	assert_int_equal(pwrite(fd, raw, n, (off_t)tail.index_at + RF_BLOCK_HEADER), n);
	b = (struct rf_block){ .kind = RF_BLOCK_END, .stored = RF_END_SIZE, .raw = RF_END_SIZE };
	b.crc = rf_crc32(end, sizeof(end));
	rf_block_put(head, &b);
	n += tail.index_at + RF_BLOCK_HEADER;
	assert_int_equal(pwrite(fd, head, sizeof(head), (off_t)n), sizeof(head));
	assert_int_equal(pwrite(fd, end, sizeof(end), (off_t)n + RF_BLOCK_HEADER), sizeof(end));
	assert_int_equal(ftruncate(fd, (off_t)n + RF_BLOCK_HEADER + RF_END_SIZE), 0);
	close(fd);
	r = read_part(o.path, &part, true);
	assert_true(r.replay.state.passed_blocks > 0);
	assert_true(r.replay.state.bad_blocks > 0);
	assert_true(r.replay.partial);
	end_reading(&r);
	unlink(o.path);
}

static void never_through_a_symbolic_link(void **state)
{
	char *target = strdup(scratch("victim")), *link = strdup(scratch("link.rec"));
	struct rf_writer_options o = { .path = link };
	struct rf_writer *w;
	struct stat st;
	int fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(rf_writer_open(&w, &o), -ELOOP);
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, 8);
	/* what is a file of our own is replaced by a new one: its mode is not inherited */
	unlink(link);
	assert_int_equal(rename(target, link), 0);
	assert_int_equal(rf_writer_open(&w, &o), 0);
	rf_writer_free(w);
	assert_int_equal(stat(link, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
	unlink(link);
	free(target);
	free(link);
}

static void a_later_format_is_turned_down(void **state)
{
	unsigned char head[RF_FILE_HEADER];
	struct rf_file_header h = { .major = RF_FILE_MAJOR + 1 };
	struct reading r;

	rf_file_header_put(head, &h);
	r = read_memory(head, sizeof(head));
	assert_int_equal(r.opened, -EPROTO);
	end_reading(&r);
	/* what a later minor version added is passed over */
	h.major = RF_FILE_MAJOR;
	h.minor = 9;
	rf_file_header_put(head, &h);
	r = read_memory(head, sizeof(head));
	assert_int_equal(r.opened, 0);
	end_reading(&r);
}

static size_t add_block(unsigned char *at, uint16_t kind, uint32_t sequence, const void *raw,
                        size_t n)
{
	struct rf_block b = { .kind = kind, .sequence = sequence };

	b.stored = b.raw = (uint32_t)n;
	b.crc = rf_crc32(raw, n);
	rf_block_put(at, &b);
	memcpy(at + RF_BLOCK_HEADER, raw, n);
	return RF_BLOCK_HEADER + n;
}

static size_t add_record(unsigned char *at, uint16_t type, const char *text)
{
	size_t n = strlen(text) + 1;

	rf_put16(at, type);
	rf_put16(at + 2, 0);
	rf_put32(at + 4, (uint32_t)n);
	memcpy(at + RF_RECORD_HEADER, text, n);
	return RF_RECORD_HEADER + n;
}

/* Kinds of blocks and of records that nobody has thought of yet, between those of today. */
static void what_a_later_version_adds_is_left_out(void **state)
{
	struct rf_file_header h = { .major = RF_FILE_MAJOR, .minor = 99, .start_ns = 1 };
	unsigned char bytes[4096], records[256], end[RF_END_SIZE];
	struct rf_file_end tail = { .blocks = 4 };
	size_t n = RF_FILE_HEADER, size;
	struct reading r;

	size = add_record(records, 0x3ff, "what is this");
	size += add_record(records + size, 0x30, "and this");
	size += add_record(records + size, RF_FILE_FACT, "host");
	/* a fact is key and value */
	rf_put32(records + size - 5 - 4, 5 + 8);
	memcpy(records + size, "example", 8);
	size += 8;
	rf_file_header_put(bytes, &h);
	n += add_block(bytes + n, 77, 0, "novelty", 7);
	n += add_block(bytes + n, RF_BLOCK_RECORDS, 1, records, size);
	n += add_block(bytes + n, 78, 2, "novelty", 7);
	rf_file_end_put(end, &tail);
	n += add_block(bytes + n, RF_BLOCK_END, 3, end, sizeof(end));
	r = read_memory(bytes, n);
	assert_int_equal(r.replayed, 0);
	assert_true(r.replay.state.ended);
	assert_int_equal(r.replay.state.unknown_blocks, 2);
	assert_int_equal(r.replay.state.unknown_records, 2);
	assert_int_equal(r.replay.state.bad_blocks + r.replay.state.bad_records, 0);
	assert_string_equal(rf_names_fact(r.names, "host"), "example");
	end_reading(&r);
}

static void checksum_is_that_of_everybody(void **state)
{
	assert_int_equal(rf_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(rf_crc32("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_recording_is_read),
		cmocka_unit_test(cut_off_at_every_byte),
		cmocka_unit_test(any_bit_turned_over_is_noticed),
		cmocka_unit_test(records_of_rubbish),
		cmocka_unit_test(part_of_the_time),
		cmocka_unit_test(filters),
		cmocka_unit_test(written_and_read_again),
		cmocka_unit_test(kept_and_written_out),
		cmocka_unit_test(a_part_is_found_by_the_index),
		cmocka_unit_test(an_index_that_lies_is_noticed),
		cmocka_unit_test(never_through_a_symbolic_link),
		cmocka_unit_test(a_later_format_is_turned_down),
		cmocka_unit_test(what_a_later_version_adds_is_left_out),
		cmocka_unit_test(checksum_is_that_of_everybody),
	};

	return cmocka_run_group_tests(tests, load_file, free_file);
}
