// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/symbol.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <grp.h>
#include <libelf.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rf_time.h"

#define FILE_MAX ((off_t)2 << 30)
#define MEMORY_MAX ((rlim_t)3 << 30) /* the file mapped, and what libelf makes of it */
#define CPU_SECONDS 2
#define NOBODY 65534
#define PRIME 1099511628211ULL

/* One answer. */
struct answer {
	uint64_t key; /* 0: free */
	char *name;   /* NULL: there is none */
};

struct rf_symbols {
	struct answer *answers; /* direct-mapped */
	size_t size;
};

struct rf_symbols *rf_symbols_new(size_t max)
{
	struct rf_symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->size = max ? max : 1;
	s->answers = calloc(s->size, sizeof(*s->answers));
	if (!s->answers) {
		free(s);
		return NULL;
	}
	return s;
}

void rf_symbols_free(struct rf_symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->size; i++)
		free(s->answers[i].name);
	free(s->answers);
	free(s);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	for (const uint8_t *p = bytes; n; p++, n--)
		hash = (hash ^ *p) * PRIME;
	return hash;
}

/* What an answer is kept under: what tells the file, and the place in it. */
static uint64_t key_of(const struct rf_symbol_query *q)
{
	uint64_t hash = 14695981039346656037ULL;

	if (q->build_id)
		hash = mix(hash, q->build_id, RF_BUILD_ID_LEN);
	else
		hash = mix(hash, q->path, strlen(q->path));
	hash = mix(hash, &q->inode, sizeof(q->inode));
	hash = mix(hash, &q->dev, sizeof(q->dev));
	hash = mix(hash, &q->offset, sizeof(q->offset));
	return hash ? hash : 1;
}

/* ---- in the helper process ---- */

static void give_up_privileges(void)
{
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	__attribute__((unused)) const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	const struct rlimit none = { 0, 0 };
	gid_t no_group = NOBODY;

	setrlimit(RLIMIT_CPU, &cpu);
#ifndef __SANITIZE_ADDRESS__ /* its shadow is larger than any bound */
	setrlimit(RLIMIT_AS, &memory);
#endif
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_NPROC, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* not root: there is nothing to give up then */
	if (geteuid())
		return;
	if (setgroups(1, &no_group) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		_exit(1);
}

static bool has_build_id(Elf *elf, const uint8_t *want)
{
	size_t nr = 0;

	elf_getphdrnum(elf, &nr);
	for (size_t i = 0; i < nr && i < 256; i++) {
		GElf_Phdr ph;
		GElf_Nhdr note;
		size_t at = 0, name, desc;
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
		                            ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		while (data && (at = gelf_getnote(data, at, &note, &name, &desc))) {
			uint8_t id[RF_BUILD_ID_LEN] = { 0 };

			if (note.n_type != NT_GNU_BUILD_ID || !note.n_descsz ||
			    note.n_descsz > sizeof(id))
				continue;
			memcpy(id, (const char *)data->d_buf + desc, note.n_descsz);
			if (!memcmp(id, want, sizeof(id)))
				return true;
		}
	}
	return false;
}

/* The address that the file's offset has in it; false: it is in no segment. */
static bool address_of(Elf *elf, uint64_t offset, uint64_t *address)
{
	size_t nr = 0;

	elf_getphdrnum(elf, &nr);
	for (size_t i = 0; i < nr && i < 256; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (offset >= ph.p_offset && offset - ph.p_offset < ph.p_filesz) {
			*address = offset - ph.p_offset + ph.p_vaddr;
			return true;
		}
	}
	return false;
}

struct best {
	char name[RF_SYMBOL_LEN];
	uint64_t start;
	bool sized;
};

/* The last function that begins at or before address, among those of one table. */
static void search(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, uint64_t address,
                   struct best *best)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t nr = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 0; i < nr && i <= INT_MAX; i++) {
		const char *name;
		GElf_Sym sym;
		bool sized;

		if (!gelf_getsym(data, (int)i, &sym))
			return;
		if (GELF_ST_TYPE(sym.st_info) != STT_FUNC &&
		    GELF_ST_TYPE(sym.st_info) != STT_GNU_IFUNC &&
		    GELF_ST_TYPE(sym.st_info) != STT_NOTYPE)
			continue;
		if (sym.st_shndx == SHN_UNDEF || sym.st_value > address)
			continue;
		sized = sym.st_size;
		if (sized && address - sym.st_value >= sym.st_size)
			continue;
		if (!sized && (best->sized || GELF_ST_TYPE(sym.st_info) == STT_NOTYPE) &&
		    best->name[0])
			continue;
		if (best->name[0] && best->sized == sized && sym.st_value < best->start)
			continue;
		name = elf_strptr(elf, header->sh_link, sym.st_name);
		if (!name || !name[0])
			continue;
		snprintf(best->name, sizeof(best->name), "%s", name);
		best->start = sym.st_value;
		best->sized = sized;
	}
}

static void search_file(Elf *elf, uint64_t address, struct best *best)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			return;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			search(elf, section, &header, address, best);
	}
}

/* The file that debuggers keep the symbols of a stripped one in. */
static int open_debug_file(const uint8_t *build_id)
{
	char path[96] = "/usr/lib/debug/.build-id/";
	size_t at = strlen(path), n = RF_BUILD_ID_LEN;

	while (n > 1 && !build_id[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(path + at, sizeof(path) - at, i ? "%02x" : "%02x/",
		                       build_id[i]);
	snprintf(path + at, sizeof(path) - at, ".debug");
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

static bool is_sane(int fd, struct stat *st)
{
	return fd >= 0 && !fstat(fd, st) && S_ISREG(st->st_mode) && st->st_size <= FILE_MAX;
}

/* Never returns. The answer goes to out; nothing: there is none. */
static void help(const struct rf_symbol_query *q, int fd, int debug_fd, int out)
{
	struct best best = { 0 };
	uint64_t address;
	struct stat st;
	Elf *elf;
	bool same;

	give_up_privileges();
	if (elf_version(EV_CURRENT) == EV_NONE || !is_sane(fd, &st))
		_exit(1);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		_exit(1);
	same = st.st_ino == q->inode && st.st_dev == q->dev;
	if (!(q->build_id ? has_build_id(elf, q->build_id) : same) ||
	    !address_of(elf, q->offset, &address))
		_exit(1);
	search_file(elf, address, &best);
	if (!best.sized && is_sane(debug_fd, &st)) {
		Elf *debug = elf_begin(debug_fd, ELF_C_READ, NULL);

		if (debug && elf_kind(debug) == ELF_K_ELF && has_build_id(debug, q->build_id))
			search_file(debug, address, &best);
	}
	if (best.name[0] && write(out, best.name, strlen(best.name)) < 0)
		_exit(1);
	_exit(0);
}

/* ---- outside of it ---- */

/* Everything but these is closed; they become 3 and up. */
static void keep_only(int *fds, int nr)
{
	/* out of the way first, so that none is overwritten before it has moved */
	for (int i = 0; i < nr; i++)
		if (fds[i] >= 0 && fds[i] < 3 + nr)
			fds[i] = fcntl(fds[i], F_DUPFD, 3 + nr);
	for (int i = 0; i < nr; i++)
		if (fds[i] >= 0)
			fds[i] = dup2(fds[i], 3 + i);
		else
			close(3 + i);
	close_range(3 + (unsigned int)nr, ~0U, 0);
}

/* The helper's answer, or what can be had of it until the time is over. */
static size_t read_answer(int fd, char *buf, size_t len)
{
	uint64_t end = rf_now_ns() + RF_SYMBOL_MS * RF_NSEC_PER_MSEC;
	size_t used = 0;

	for (;;) {
		uint64_t now = rf_now_ns();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (now >= end || used >= len)
			return 0;
		if (poll(&p, 1, (int)((end - now) / RF_NSEC_PER_MSEC) + 1) < 0 && errno != EINTR)
			return 0;
		if (!p.revents)
			continue;
		n = read(fd, buf + used, len - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? 0 : used;
		used += (size_t)n;
	}
}

static int ask_helper(const struct rf_symbol_query *q, int fd, char *name, size_t len)
{
	__close int debug = q->build_id ? open_debug_file(q->build_id) : -1;
	int pipe_fds[2];
	size_t n;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		int fds[] = { fd, debug, pipe_fds[1] };

		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		keep_only(fds, 3);
		help(q, fds[0], fds[1], fds[2]);
	}
	close(pipe_fds[1]);
	if (pid < 0) {
		close(pipe_fds[0]);
		return -EAGAIN;
	}
	n = read_answer(pipe_fds[0], name, len - 1);
	close(pipe_fds[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	name[n] = '\0';
	return n ? 0 : -ENOENT;
}

static int open_as(const char *prefix, const char *path)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "%s%s", prefix, path);

	if (n < 0 || (size_t)n >= sizeof(full))
		return -1;
	return open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
}

static int find(const struct rf_symbol_query *q, char *name, size_t len)
{
	char root[32];
	__close int fd = -1;
	struct stat st;

	if (q->path[0] != '/')
		return -ENOENT;
	if (q->pid) {
		snprintf(root, sizeof(root), "/proc/%d/root", (int)q->pid);
		fd = open_as(root, q->path);
	}
	if (fd < 0)
		fd = open_as("", q->path);
	if (!is_sane(fd, &st))
		return -ENOENT;
	return ask_helper(q, fd, name, len);
}

int rf_symbol_find(struct rf_symbols *s, const struct rf_symbol_query *q, char *buf, size_t len)
{
	uint64_t key = key_of(q);
	struct answer *a = &s->answers[key % s->size];
	char name[RF_SYMBOL_LEN];

	if (a->key != key) {
		free(a->name);
		a->name = NULL;
		a->key = key;
		if (!find(q, name, sizeof(name)))
			a->name = strdup(name);
	}
	if (!a->name)
		return -ENOENT;
	snprintf(buf, len, "%s", a->name);
	return 0;
}
