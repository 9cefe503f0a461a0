/*
 * Finished text laid out anew for a narrow terminal: what inspect, explain and the lists of the
 * store print was made without a width. A table is recognised by its gaps: after the last run of
 * two blanks or more a text may be broken and goes on under its own column; a line without such a
 * gap is prose and goes on under its indent.
 *
 * Each line is laid in turn; what did not fit into it is carried to the next one where that is the
 * same paragraph, or stands alone.
 */
#include "imgval/report/write/fit.h"

#include "imgval/base/text.h"

#include <stdbool.h>
#include <string.h>

/* Columns; a column narrower than that is no place for a text to go on in. */
enum { LEAST_STRIP = 24 };

/* Words that were broken off, and where they go on. */
struct fitting {
    struct iv_buf *out;
    size_t width;
    struct iv_buf rest;
    size_t hang;
    size_t low; /* where a word goes that is too long at `hang` */
};

/* After the last gap of two blanks or more: there the last column of a table begins. 0: no gap. */
static size_t last_column(const char *line, size_t indent, size_t size)
{
    size_t found = 0;
    for (size_t i = indent; i + 2 < size; i++) {
        if (line[i] == ' ' && line[i + 1] == ' ' && line[i + 2] != ' ') {
            found = i + 2;
        }
    }
    return found;
}

/* Columns of the first bytes of a text. */
static size_t width_of(const char *text, size_t size)
{
    struct iv_buf part IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&part, text, size);
    return iv_text_width(iv_buf_text(&part));
}

static void put_blanks(struct iv_buf *out, size_t count)
{
    while (count-- > 0) {
        iv_buf_putc(out, ' ');
    }
}

/* Puts as many words as fit after `column`, one at least; returns where the others begin. */
static size_t put_words(struct fitting *fit, const char *text, size_t column)
{
    size_t at = 0;
    for (;;) {
        size_t blanks = strspn(text + at, " ");
        size_t size = strcspn(text + at + blanks, " ");
        size_t width = width_of(text + at + blanks, size);
        if (size == 0 || (at > 0 && column + blanks + width > fit->width)) {
            iv_buf_putc(fit->out, '\n');
            return at + blanks;
        }
        iv_buf_add(fit->out, text + at, blanks + size);
        column += blanks + width;
        at += blanks + size;
    }
}

/* Puts what was broken off, but for the last line of it where that may go on. */
static void put_rest(struct fitting *fit, bool all)
{
    while (fit->rest.size > 0 &&
           (all || fit->hang + iv_text_width(iv_buf_text(&fit->rest)) > fit->width)) {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = fit->rest;
        fit->rest = (struct iv_buf){0};
        size_t word = width_of(text.data, strcspn(text.data, " "));
        size_t column = fit->hang + word > fit->width ? fit->low : fit->hang;
        put_blanks(fit->out, column);
        iv_buf_puts(&fit->rest, text.data + put_words(fit, text.data, column));
    }
}

/* Three cases: the line goes on with a paragraph of which words are left; it fits; or it is broken,
 * under its last column if that leaves room for words there, else four columns in. */
static void fit_line(struct fitting *fit, const char *line, size_t size)
{
    size_t indent = strspn(line, " ");
    size_t column = last_column(line, indent, size);
    bool is_prose = size > indent && column == 0;
    if (fit->rest.size > 0 && is_prose && indent == fit->hang) {
        iv_buf_putc(&fit->rest, ' ');
        iv_buf_puts(&fit->rest, line + indent);
        put_rest(fit, false);
        return;
    }
    put_rest(fit, true);
    if (width_of(line, size) <= fit->width) {
        iv_buf_puts(fit->out, line);
        iv_buf_putc(fit->out, '\n');
        return;
    }
    column = width_of(line, column);
    fit->hang = is_prose ? indent : column + LEAST_STRIP <= fit->width ? column : indent + 4;
    fit->low = indent + 4 < fit->hang ? indent + 4 : fit->hang;
    put_blanks(fit->out, indent);
    iv_buf_puts(&fit->rest, line + indent + put_words(fit, line + indent, indent));
    put_rest(fit, false);
}

/* Width 0 is no terminal: the text stays as it is. */
void iv_fit(const char *text, unsigned width, struct iv_buf *out)
{
    struct fitting fit = {.out = out, .width = width};
    if (width == 0) {
        iv_buf_puts(out, text);
        return;
    }
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
        iv_buf_add(&line, text, size);
        fit_line(&fit, iv_buf_text(&line), size);
        text += size + (text[size] == '\n');
    }
    put_rest(&fit, true);
    iv_buf_fini(&fit.rest);
}
