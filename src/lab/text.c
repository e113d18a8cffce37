// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "lab/files.h"
#include "views/grid.h"

#define TAB 8

/* Of a block that only programs of this architecture have. */
#if defined(__x86_64__)
#define SHOW_HERE "/* show x86_64 */"
#else
#define SHOW_HERE "/* show aarch64 */"
#endif

const struct rf_lab_file *rf_lab_file(const char *name)
{
	for (const struct rf_lab_file *f = rf_lab_files; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line ? line + 1 : line;
}

const char *rf_lab_title(const char *text, char *buf, size_t len)
{
	const char *colon = memchr(text, ':', line_length(text));

	if (!colon)
		colon = text;
	else
		colon += 2;
	snprintf(buf, len, "%.*s", (int)line_length(colon), colon);
	return buf;
}

static const char *find_section(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; *line; line = next_line(line))
		if (!strncmp(line, "## ", 3) && line_length(line) == 3 + len &&
		    !strncmp(line + 3, name, len))
			return next_line(line);
	return NULL;
}

/* Words with Markdown's marks taken off; a link keeps its text alone. */
static void append_plain(struct rf_str *s, const char *text, size_t len, bool utf8)
{
	for (size_t i = 0; i < len; i++) {
		const char *close;

		if (text[i] == '`' || (text[i] == '*' && i + 1 < len && text[i + 1] == '*') ||
		    (text[i] == '*' && i && text[i - 1] == '*') || text[i] == '[')
			continue;
		if (text[i] == ']' && i + 1 < len && text[i + 1] == '(' &&
		    (close = memchr(text + i, ')', len - i))) {
			i = (size_t)(close - text);
			continue;
		}
		if (!utf8 && (unsigned char)text[i] >= 0x80)
			continue;
		rf_str_append_char(s, text[i]);
	}
}

void rf_lab_fill(FILE *out, const struct rf_style *style, const char *text, unsigned int indent)
{
	unsigned int width = style->width < RF_LAB_COLUMNS ? style->width : RF_LAB_COLUMNS;
	unsigned int column = indent;
	bool first = true;

	while (*text) {
		__rf_str struct rf_str word = RF_STR_INIT;
		size_t len;
		unsigned int columns;

		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		if (!len)
			break;
		rf_str_append_n(&word, text, len);
		columns = rf_text_width(rf_str_get(&word), style->utf8);
		if (!first && column + 1 + columns > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		fprintf(out, "%s%s", first ? "" : " ", rf_str_get(&word));
		column += columns + !first;
		first = false;
		text += len;
	}
	fputc('\n', out);
}

/* Columns of "- " or "1. " at the beginning of a line; 0: it is no item. */
static unsigned int item_mark(const char *line)
{
	if (!strncmp(line, "- ", 2))
		return 2;
	if (isalnum((unsigned char)line[0]) && (line[1] == '.' || line[1] == ')') && line[2] == ' ')
		return 3;
	return 0;
}

static bool is_indented(const char *line)
{
	return !strncmp(line, "    ", 4);
}

/* A paragraph or an item, from line on; returns the line after it. */
static const char *paragraph(FILE *out, const struct rf_style *style, const char *line)
{
	__rf_str struct rf_str s = RF_STR_INIT;
	unsigned int mark = item_mark(line);

	fprintf(out, "%.*s", (int)mark, line);
	line += mark;
	do {
		append_plain(&s, line, line_length(line), style->utf8);
		rf_str_append_char(&s, ' ');
		line = next_line(line);
	} while (*line && *line != '\n' && *line != '#' && !item_mark(line));
	rf_lab_fill(out, style, rf_str_get(&s), mark);
	return line;
}

int rf_lab_section(FILE *out, const struct rf_style *style, const char *text, const char *name)
{
	const char *line = find_section(text, name);
	bool blank = false, begun = false;

	if (!line)
		return -ENOENT;
	while (*line && strncmp(line, "## ", 3)) {
		if (*line == '\n') {
			blank = begun;
			line++;
			continue;
		}
		if (blank)
			fputc('\n', out);
		blank = false;
		begun = true;
		if (is_indented(line)) {
			fprintf(out, "%.*s\n", (int)line_length(line), line);
			line = next_line(line);
		} else {
			line = paragraph(out, style, line);
		}
	}
	return 0;
}

static bool is_mark(const char *line, const char *mark)
{
	size_t len = line_length(line), mark_len = strlen(mark);

	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	return len == mark_len && !strncmp(line, mark, mark_len);
}

/* Tabs at the beginning of a line that is not blank; else as many as there can be. */
static size_t depth_of(const char *line)
{
	size_t tabs = strspn(line, "\t");

	return line[tabs] == '\n' || !line[tabs] ? SIZE_MAX : tabs;
}

/* The lines up to the mark that hides again, without the indentation that all of them have. */
static const char *code_block(FILE *out, const struct rf_style *style, const char *block)
{
	size_t common = SIZE_MAX;
	const char *line;

	for (line = block; *line && !is_mark(line, "/* hide */"); line = next_line(line))
		if (depth_of(line) < common)
			common = depth_of(line);
	for (line = block; *line && !is_mark(line, "/* hide */"); line = next_line(line)) {
		__rf_str struct rf_str s = RF_STR_INIT;
		size_t len = line_length(line), tabs = strspn(line, "\t");
		size_t blanks = tabs > common ? (tabs - common) * TAB : 0;

		if (len > tabs)
			rf_str_appendf(&s, "  %*s%.*s", (int)blanks, "", (int)(len - tabs),
			               line + tabs);
		rf_color_print(out, style, RF_COLOR_NAME, rf_str_get(&s));
		fputc('\n', out);
	}
	return line;
}

void rf_lab_code(FILE *out, const struct rf_style *style, const char *source)
{
	for (const char *line = source; *line; line = next_line(line))
		if (is_mark(line, "/* show */") || is_mark(line, SHOW_HERE))
			line = code_block(out, style, next_line(line));
}
