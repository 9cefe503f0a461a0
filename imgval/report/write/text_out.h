/*
 * text_out.h: lines on a terminal: escaping, colour, wrapping, tables. The only way by which the
 * text sink prints; no line ends in a blank.
 */
#ifndef IMGVAL_REPORT_WRITE_TEXT_OUT_H
#define IMGVAL_REPORT_WRITE_TEXT_OUT_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/model/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum iv_ink {
    IV_INK_PLAIN,
    IV_INK_BOLD,
    IV_INK_DIM,
    IV_INK_RED,
    IV_INK_YELLOW,
    IV_INK_GREEN,
    IV_INK_CYAN,
};

struct iv_out {
    FILE *file;
    const struct iv_style_options *style;
    struct iv_arena *scratch; /* texts of the block in hand; the caller resets it */
    size_t *lines;            /* counts them; NULL: nobody asks */
};

/*
 * Text from the input, escaped for a terminal and for the command channels of build agents ("##",
 * and "::" where a line may begin), cut at the limit of a report. In out->scratch. "" for NULL.
 */
const char *iv_out_escape(const struct iv_out *out, const char *text);
/* The same in quotes when blanks at its ends, or nothing at all, would not be seen otherwise. */
const char *iv_out_value(const struct iv_out *out, const char *text);

/* The rest takes text that is safe to print: our own, or escaped. */

void iv_out_blank(const struct iv_out *out);
/* A line of one or more inked pieces, which goes on below where it is too long; NULL ends the list.
 */
struct iv_piece {
    enum iv_ink ink;
    const char *text;
};
void iv_out_line(const struct iv_out *out, const struct iv_piece *pieces);

#define IV_PIECE(the_ink, the_text) ((struct iv_piece){.ink = (the_ink), .text = (the_text)})
#define IV_NO_LABEL IV_PIECE(IV_INK_PLAIN, NULL)
#define IV_LINE(out, ...) iv_out_line((out), (const struct iv_piece[]){__VA_ARGS__, IV_NO_LABEL})

/* "1 package", "2 packages"; in out->scratch. */
const char *iv_out_counted(const struct iv_out *out, size_t count, const char *noun);

/* A paragraph wrapped to the width. `label` (or NULL) stands in front; later lines are
 * indented to where the text after it begins. */
void iv_out_paragraph(const struct iv_out *out, unsigned indent, struct iv_piece label,
                      struct iv_piece body);

/* A table: cells are added row by row, each row has `columns` cells. The last column wraps; columns
 * for which a narrow screen has no room stand below the others of their row. */
struct iv_table {
    struct iv_piece *cells;
    size_t count;
    size_t capacity;
    size_t columns;
};
void iv_table_cell(const struct iv_out *out, struct iv_table *table, enum iv_ink ink,
                   const char *text);
void iv_table_print(const struct iv_out *out, const struct iv_table *table, unsigned indent);

/* ---- what several parts of a report need */

void iv_text_heading(const struct iv_out *out, const char *text); /* after a blank line */
void iv_text_what_if(const struct iv_out *out);                   /* --what-if: no real verdict */
const char *iv_text_variant(const struct iv_out *out, const struct iv_pop *pop); /* in scratch */

#endif
