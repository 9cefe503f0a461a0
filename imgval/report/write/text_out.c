/*
 * text_out.c: callers escape what came from the input (iv_out_escape(), iv_out_value()) and hand
 * over pieces of safe text with a colour each. Colour codes are written around a piece and never
 * into it, so that widths can be measured on the text alone. Widths are columns of a terminal, not
 * bytes or characters. Without a width in the style nothing is wrapped.
 */
#include "imgval/report/write/text_out.h"

#include "imgval/base/text.h"
#include "imgval/report/write/escape.h"

#include <string.h>

enum { LEAST_STRIP = 24 }; /* columns; text is not wrapped to fewer */

static const char *const ink_codes[] = {
    [IV_INK_PLAIN] = "",         [IV_INK_BOLD] = "\033[1m",      [IV_INK_DIM] = "\033[2m",
    [IV_INK_RED] = "\033[1;31m", [IV_INK_YELLOW] = "\033[1;33m", [IV_INK_GREEN] = "\033[1;32m",
    [IV_INK_CYAN] = "\033[36m",
};

const char *iv_out_escape(const struct iv_out *out, const char *text)
{
    struct iv_buf escaped IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&escaped, text, out->style->ascii);
    return escaped.size == 0 ? "" : iv_arena_strdup(out->scratch, iv_buf_text(&escaped));
}

/* An empty text, or one with a blank at its end, is put in quotes: it could not be seen
 * otherwise. */
const char *iv_out_value(const struct iv_out *out, const char *text)
{
    const char *escaped = iv_out_escape(out, text);
    size_t size = strlen(escaped);
    if (size > 0 && escaped[0] != ' ' && escaped[size - 1] != ' ') {
        return escaped;
    }
    return iv_arena_printf(out->scratch, "\"%s\"", escaped);
}

/* Write errors are found by the caller through ferror(). */
static void put(const struct iv_out *out, const char *text, size_t size)
{
    (void)fwrite(text, 1, size, out->file);
}

static void put_blanks(const struct iv_out *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)putc(' ', out->file);
    }
}

/* An ink ends where its piece ends, so a line that is cut leaves no colour on the terminal. */
static void put_ink(const struct iv_out *out, enum iv_ink ink, bool on)
{
    if (out->style->color && ink != IV_INK_PLAIN) {
        (void)fputs(on ? ink_codes[ink] : "\033[0m", out->file);
    }
}

static void put_piece(const struct iv_out *out, struct iv_piece piece)
{
    put_ink(out, piece.ink, true);
    put(out, piece.text, strlen(piece.text));
    put_ink(out, piece.ink, false);
}

/* Every line goes through here: who must keep within a number of lines counts them. */
void iv_out_blank(const struct iv_out *out)
{
    (void)putc('\n', out->file);
    if (out->lines != NULL) {
        ++*out->lines;
    }
}

/* Columns of the part of a text. It is copied to get a NUL at its end; parts are single words, so
 * that this is cheap. */
static size_t part_width(const struct iv_out *out, const char *text, size_t size)
{
    struct iv_arena_mark mark = iv_arena_mark(out->scratch);
    size_t width = iv_text_width(iv_arena_strndup(out->scratch, text, size));
    iv_arena_reset(out->scratch, mark);
    return width;
}

/* Words from column `hang` on; a word that is too long for any line stands whole on its own. Runs
 * of blanks are kept but where a line breaks. */
static void put_wrapped(const struct iv_out *out, size_t hang, struct iv_piece body)
{
    /* In a strip of a few columns one long line reads better than a word a line. */
    const size_t limit = out->style->width >= hang + LEAST_STRIP ? out->style->width : 0;
    size_t column = hang;
    const char *at = body.text;
    put_ink(out, body.ink, true);
    for (;;) {
        size_t blanks = strspn(at, " ");
        size_t size = strcspn(at + blanks, " ");
        if (size == 0) {
            break;
        }
        size_t width = part_width(out, at + blanks, size);
        if (limit != 0 && column > hang && column + blanks + width > limit) {
            iv_out_blank(out);
            put_blanks(out, hang);
            column = hang;
        } else {
            put_blanks(out, blanks);
            column += blanks;
        }
        put(out, at + blanks, size);
        column += width;
        at += blanks + size;
    }
    put_ink(out, body.ink, false);
    iv_out_blank(out);
}

/* The words of one piece, from column `column` of a line whose next ones start at `hang`; returns
 * the column after it. */
static size_t put_words(const struct iv_out *out, struct iv_piece piece, size_t hang, size_t column)
{
    const char *at = piece.text;
    put_ink(out, piece.ink, true);
    for (;;) {
        size_t blanks = strspn(at, " ");
        size_t size = strcspn(at + blanks, " ");
        size_t width = part_width(out, at + blanks, size);
        if (size > 0 && blanks > 0 && column > hang &&
            column + blanks + width > out->style->width) {
            iv_out_blank(out);
            put_blanks(out, hang);
            column = hang;
        } else {
            put_blanks(out, blanks);
            column += blanks;
        }
        if (size == 0) {
            break;
        }
        put(out, at + blanks, size);
        column += width;
        at += blanks + size;
    }
    put_ink(out, piece.ink, false);
    return column;
}

/* Pieces of one line; where the terminal is too narrow it goes on four columns further in. */
void iv_out_line(const struct iv_out *out, const struct iv_piece *pieces)
{
    size_t width = 0;
    for (size_t i = 0; pieces[i].text != NULL; i++) {
        width += iv_text_width(pieces[i].text);
    }
    const bool fits = out->style->width == 0 || width <= out->style->width;
    const size_t hang = pieces[0].text == NULL ? 0 : strspn(pieces[0].text, " ") + 4;
    size_t column = 0;
    for (size_t i = 0; pieces[i].text != NULL; i++) {
        if (fits) {
            put_piece(out, pieces[i]);
        } else {
            column = put_words(out, pieces[i], hang, column);
        }
    }
    iv_out_blank(out);
}

/* A label and a text that wraps under itself. */
void iv_out_paragraph(const struct iv_out *out, unsigned indent, struct iv_piece label,
                      struct iv_piece body)
{
    put_blanks(out, indent);
    size_t hang = indent;
    if (label.text != NULL) {
        put_piece(out, label);
        hang += iv_text_width(label.text);
        if (body.text[strspn(body.text, " ")] != '\0') {
            put_blanks(out, 1);
            hang++;
        }
    }
    put_wrapped(out, hang, body);
}

/* Cells are kept until the table is printed: the widths of columns need all of them. */
void iv_table_cell(const struct iv_out *out, struct iv_table *table, enum iv_ink ink,
                   const char *text)
{
    table->cells = iv_arena_grow(out->scratch, table->cells, table->count, &table->capacity,
                                 sizeof(*table->cells));
    table->cells[table->count++] = (struct iv_piece){.ink = ink, .text = text};
}

/* The widest cell of a column, apart from very wide ones, which push only their own row. */
static size_t column_width(const struct iv_table *table, size_t column)
{
    size_t widest = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t width = iv_text_width(table->cells[i].text);
        /* 48: one endless name must not push a whole column out of sight. */
        widest = width > widest && width <= 48 ? width : widest;
    }
    return widest;
}

/* The least columns that the last column needs: its longest word, which no line can break, and a
 * strip that is worth wrapping to. */
static size_t least_width(const struct iv_out *out, const struct iv_table *table)
{
    const size_t column = table->columns - 1;
    size_t longest = 0;
    size_t widest = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        const char *at = table->cells[i].text;
        size_t all = iv_text_width(at);
        widest = all > widest ? all : widest;
        while (*at != '\0') {
            size_t size = strcspn(at, " ");
            size_t width = part_width(out, at, size);
            longest = width > longest ? width : longest;
            at += size + strspn(at + size, " ");
        }
    }
    widest = widest < LEAST_STRIP ? widest : LEAST_STRIP;
    return longest > widest ? longest : widest;
}

/* How many columns stand in the first line of a row; the others follow below it. */
static size_t first_columns(const struct iv_out *out, const struct iv_table *table,
                            const size_t *widths, size_t indent)
{
    const size_t last = table->columns - 1;
    size_t limit = out->style->width == 0 ? SIZE_MAX : out->style->width;
    size_t used = indent;
    size_t fitting = 0;
    for (size_t c = 0; c < table->columns; c++) {
        size_t wanted = c == last ? least_width(out, table) : widths[c];
        if (used + wanted > limit && c > 0) {
            break;
        }
        used += wanted + 2;
        fitting++;
    }
    return fitting;
}

/* A text without what is too much in its middle; whole where it fits. */
static const char *cut_middle(const struct iv_out *out, const char *text, size_t limit)
{
    const char *mark = out->style->ascii ? "..." : "…";
    size_t size = strlen(text);
    size_t room = limit - iv_text_width(mark);
    if (limit < LEAST_STRIP || iv_text_width(text) <= limit) {
        return text;
    }
    size_t head = 0;
    size_t tail = size;
    while (head < size && part_width(out, text, head + 1) <= room / 2) {
        head++;
    }
    while (tail > head && part_width(out, text + tail - 1, size - tail + 1) <= room - room / 2) {
        tail--;
    }
    while (head > 0 && ((unsigned char)text[head] & 0xC0) == 0x80) { /* whole characters alone */
        head--;
    }
    while (tail < size && ((unsigned char)text[tail] & 0xC0) == 0x80) {
        tail++;
    }
    return iv_arena_printf(out->scratch, "%.*s%s%s", (int)head, text, mark, text + tail);
}

/* Columns `from` to `to` of one row, in one line; the last one wraps. */
static void put_row(const struct iv_out *out, const struct iv_table *table, const size_t *widths,
                    const size_t span[2], size_t column)
{
    put_blanks(out, column);
    for (size_t i = span[0]; i < span[1]; i++) {
        struct iv_piece cell = table->cells[i];
        bool is_end = true;
        for (size_t next = i + 1; next < span[1]; next++) {
            is_end = is_end && table->cells[next].text[0] == '\0';
        }
        if (is_end) { /* no padding, so that no line ends in blanks */
            if (out->style->width > column && strchr(cell.text, ' ') == NULL) {
                cell.text = cut_middle(out, cell.text, out->style->width - column);
            }
            put_wrapped(out, column, cell);
            return;
        }
        size_t width = iv_text_width(cell.text);
        size_t padded = width > widths[i % table->columns] ? width : widths[i % table->columns];
        put_piece(out, cell);
        put_blanks(out, padded - width + 2);
        column += padded + 2;
    }
}

/* Every row alike: what does not fit beside the first columns follows in a second line, so that a
 * narrow terminal still shows a table and not a heap of broken lines. */
void iv_table_print(const struct iv_out *out, const struct iv_table *table, unsigned indent)
{
    size_t *widths = IV_NEW_ARRAY(out->scratch, size_t, table->columns);
    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = column_width(table, c);
    }
    size_t first = first_columns(out, table, widths, indent);
    for (size_t row = 0; row + table->columns <= table->count; row += table->columns) {
        const size_t above[] = {row, row + first};
        const size_t below[] = {row + first, row + table->columns};
        bool has_more = false;
        for (size_t i = below[0]; i < below[1]; i++) {
            has_more = has_more || table->cells[i].text[0] != '\0';
        }
        put_row(out, table, widths, above, indent);
        if (has_more) {
            put_row(out, table, widths, below, indent + 4);
        }
    }
}

const char *iv_out_counted(const struct iv_out *out, size_t count, const char *noun)
{
    return iv_arena_printf(out->scratch, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

/* ---- what several parts of a report need */

void iv_text_heading(const struct iv_out *out, const char *text)
{
    iv_out_blank(out);
    IV_LINE(out, IV_PIECE(IV_INK_BOLD, text));
}

const char *iv_text_variant(const struct iv_out *out, const struct iv_pop *pop)
{
    const char *oem = iv_out_value(out, pop->oem);
    const char *mobile_operator = iv_out_value(out, pop->mobile_operator);
    return iv_arena_printf(out->scratch, "%s/%s/%s", oem, mobile_operator,
                           iv_out_value(out, pop->model));
}

/* First of all, as it changes what everything after it means. */
void iv_text_what_if(const struct iv_out *out)
{
    iv_out_paragraph(out, 0, IV_PIECE(IV_INK_YELLOW, "WHAT IF:"),
                     IV_PIECE(IV_INK_BOLD, "no real verdict. Waivers reach findings that cannot be "
                                           "waived; judge again without --what-if."));
    iv_out_blank(out);
}
