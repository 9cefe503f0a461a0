/*
 * csv.h: cells and rows of CSV after RFC 4180: CR LF, every text in quotes. The only way by which
 * the formats in CSV print a string. Spreadsheets take a cell that begins with = + - @ for a
 * formula; such a cell gets an apostrophe in front, which they do not show.
 */
#ifndef IMGVAL_REPORT_WRITE_CSV_H
#define IMGVAL_REPORT_WRITE_CSV_H

#include "imgval/base/buf.h"
#include "imgval/model/fields.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Each adds a cell to the row in hand, after a comma where it is not the first. NULL: an empty
 * cell, apart from "" in quotes; the first cell of a row is never empty. */
void iv_csv_text(struct iv_buf *rows, const char *text);
void iv_csv_bool(struct iv_buf *rows, bool value);
void iv_csv_number(struct iv_buf *rows, uint64_t value, bool is_there);
void iv_csv_end_row(struct iv_buf *rows);

/* The cells of an object whose table names columns, in table order, and the names of these. Of
 * packages that are listed by name their number and, in a second cell, the names. */
void iv_csv_columns(struct iv_buf *rows, const struct iv_struct *type);
void iv_csv_fields(struct iv_buf *rows, const struct iv_struct *type, const void *object);

/* Writes whole rows out when they are many; iv_csv_finish() writes what is left. Write errors are
 * found through ferror(). */
void iv_csv_flush(struct iv_buf *rows, FILE *out);
void iv_csv_finish(struct iv_buf *rows, FILE *out);

#endif
