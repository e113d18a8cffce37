// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lab/files.h"
#include "lab/text.h"

#if defined(__x86_64__)
#define QEMU "qemu-system-x86_64"
#define QEMU_PACKAGE "qemu-system-x86"
#define MACHINE "pc"
#define CONSOLE "ttyS0"
#define DEBIAN_ARCH "amd64"
#else
#define QEMU "qemu-system-aarch64"
#define QEMU_PACKAGE "qemu-system-arm"
#define MACHINE "virt"
#define CONSOLE "ttyAMA0"
#define DEBIAN_ARCH "arm64"
#endif

/* Lines of the console that are shown. */
#define LINES 12
#define LINE_MAX_BYTES 256

static int find_qemu(char *path, size_t len)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, len, "%s/" QEMU, dirs[i]);
		if (!access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

/* The last file that matches, which of kernels is the newest as a rule. */
static int last_match(const char *pattern, char *path, size_t len)
{
	glob_t found = { 0 };
	int ret = -ENOENT;

	if (!glob(pattern, 0, NULL, &found) && found.gl_pathc) {
		snprintf(path, len, "%s", found.gl_pathv[found.gl_pathc - 1]);
		ret = 0;
	}
	globfree(&found);
	return ret;
}

static int find_kernel(char *path, size_t len)
{
	char exe[PATH_MAX / 2], pattern[PATH_MAX];
	struct utsname uts;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	uname(&uts);
	snprintf(path, len, "/boot/vmlinuz-%s", uts.release);
	if (!access(path, R_OK))
		return 0;
	if (!last_match("/boot/vmlinuz-*", path, len))
		return 0;
	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	snprintf(pattern, sizeof(pattern), "%s/../kernels/*-" DEBIAN_ARCH "/vmlinuz", exe);
	return last_match(pattern, path, len);
}

int rf_lab_guest_find(struct rf_lab_guest *g, const char *kernel)
{
	if (find_qemu(g->qemu, sizeof(g->qemu))) {
		rf_err("skipped: " QEMU " is not installed; apt install " QEMU_PACKAGE
		       " brings it");
		return -ENOENT;
	}
	if (kernel) {
		snprintf(g->kernel, sizeof(g->kernel), "%s", kernel);
		if (!access(kernel, R_OK))
			return 0;
		rf_err("skipped: the kernel %s cannot be read: %s", kernel, strerror(errno));
		return -ENOENT;
	}
	if (!find_kernel(g->kernel, sizeof(g->kernel)))
		return 0;
	rf_err("skipped: no kernel in /boot; --kernel FILE names one (scripts/fetch-kernel "
	       "build/kernels " DEBIAN_ARCH " 6.1 fetches Debian's)");
	return -ENOENT;
}

/* One file of a cpio archive in the form that the kernel unpacks ("newc"). */
static void cpio(FILE *f, const char *name, unsigned int mode, dev_t dev, const char *data,
                 size_t size)
{
	static unsigned int inode;
	static const char zeros[4];
	size_t name_size = strlen(name) + 1;

	fprintf(f, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ++inode, mode, 0,
	        0, 1, 0, size, 0, 0, major(dev), minor(dev), name_size, 0);
	fwrite(name, 1, name_size, f);
	/* the header has 110 bytes; name and data each end on a multiple of four */
	fwrite(zeros, 1, -(110 + name_size) & 3, f);
	fwrite(data, 1, size, f);
	fwrite(zeros, 1, -size & 3, f);
}

static int write_initramfs(const char *path)
{
	const struct rf_lab_file *init = rf_lab_file("lab_guest");
	__fclose FILE *f = fopen(path, "wxe");

	if (!f)
		return -errno;
	cpio(f, "dev", S_IFDIR | 0755, 0, "", 0);
	cpio(f, "dev/console", S_IFCHR | 0600, makedev(5, 1), "", 0);
	cpio(f, "proc", S_IFDIR | 0755, 0, "", 0);
	cpio(f, "init", S_IFREG | 0755, 0, init->data, rf_lab_file_size(init));
	cpio(f, "TRAILER!!!", 0, 0, "", 0);
	if (fflush(f) || fchmod(fileno(f), 0644))
		return -errno;
	return 0;
}

static int copy(const char *from, const char *to)
{
	__close int in = open(from, O_RDONLY | O_CLOEXEC);
	__close int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st))
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0 || fchmod(out, 0644))
		return -errno;
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		left -= n;
	}
	return 0;
}

int rf_lab_guest_prepare(struct rf_lab_guest *g, const char *dir, struct rf_lab_program *p)
{
	static char *const arguments[] = {
		"-machine", MACHINE,      "-cpu",        "max",
		"-accel",   "tcg",        "-smp",        "1",
		"-m",       "256",        "-nodefaults", "-display",
		"none",     "-no-reboot", "-kernel",     "kernel",
		"-initrd",  "initramfs",  "-append",     "console=" CONSOLE " panic=-1 quiet",
		"-serial",
	};
	char path[PATH_MAX + 16];
	size_t n = 0;
	int ret;

	snprintf(g->dir, sizeof(g->dir), "%s", dir);
	snprintf(path, sizeof(path), "%s/initramfs", dir);
	ret = write_initramfs(path);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/kernel", dir);
	ret = copy(g->kernel, path);
	if (ret)
		return ret;
	snprintf(g->serial, sizeof(g->serial), "file:%s/console", dir);
	g->argv[n++] = g->qemu;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		g->argv[n++] = arguments[i];
	g->argv[n++] = g->serial;
	g->argv[n] = NULL;
	p->argv = g->argv;
	p->image_fd = -1;
	return 0;
}

static FILE *open_console(const struct rf_lab_guest *g)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/console", g->dir);
	return fopen(path, "re");
}

void rf_lab_guest_read(const struct rf_lab_guest *g, struct rf_lab_result *r)
{
	__fclose FILE *f = open_console(g);
	char line[LINE_MAX_BYTES];

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "Kernel panic"))
			r->guest_panic = true;
		if (strstr(line, "guest: survived"))
			r->guest_survived = true;
		if (strstr(line, "guest: 10 processes run"))
			r->guest_ran = true;
		if (strstr(line, "worker: alive"))
			r->guest_beats[r->guest_panic]++;
	}
}

static bool is_telling(const char *line)
{
	return strstr(line, "worker:") || strstr(line, "guest:") || strstr(line, "sysrq:") ||
	       strstr(line, "Kernel panic");
}

/* The last lines that tell the story, without what the kernel says for its developers. */
void rf_lab_guest_show(const struct rf_lab_guest *g, FILE *out)
{
	__fclose FILE *f = open_console(g);
	static char lines[LINES][LINE_MAX_BYTES];
	char line[LINE_MAX_BYTES];
	size_t n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!is_telling(line))
			continue;
		line[strcspn(line, "\r\n")] = '\0';
		rf_text_name(lines[n++ % LINES], LINE_MAX_BYTES, line, false);
	}
	fputs("  The guest's console, at its end:\n\n", out);
	for (size_t i = n > LINES ? n - LINES : 0; i < n; i++)
		fprintf(out, "    %.72s\n", lines[i % LINES]);
	fputc('\n', out);
}

void rf_lab_guest_judge(const struct rf_lab_result *r, struct rf_lab_judgement *j)
{
	const struct rf_lab_part *run = rf_lab_part(r, 'w');
	char calls[RF_TEXT_LEN];

	j->number = r->guest_panic ? r->guest_beats[1] : 10;
	rf_lab_claim(j, r->guest_ran && r->guest_beats[0] >= 10,
	             "In the guest 10 processes ran, and said so %zu times.", r->guest_beats[0]);
	rf_lab_claim(j, r->guest_panic && !r->guest_survived && !r->guest_beats[1],
	             "Its kernel crashed, and from then on none of them said a word.");
	rf_lab_claim(
		j, run->nr_ends == 1 && r->status == 0,
		"On this machine one process ended, in good order: qemu. It had made %s calls.",
		rf_text_number(calls, run->calls));
}
