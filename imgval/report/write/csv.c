/*
 * csv.c: cells go into a buffer; whether a comma is needed is seen from its last byte, so that the
 * callers keep no count. The columns of an object come from its field table, for the header and for
 * every row: they cannot disagree. An object that is not there (NULL) has as
 * many cells as one that is.
 */
#include "imgval/report/write/csv.h"

#include "imgval/base/limits.h"
#include "imgval/model/package.h"
#include "imgval/report/write/escape.h"

#include <inttypes.h>
#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

/* A comma, unless this is the first cell of a row. */
static void separate(struct iv_buf *rows)
{
    if (rows->size > 0 && rows->data[rows->size - 1] != '\n') {
        iv_buf_putc(rows, ',');
    }
}

/* A text as a cell: always in quotes, so that no content has to be looked at for commas, and with
 * an apostrophe before what a spreadsheet would take for a formula (= + - @), since opening a
 * report must run nothing. NULL is an empty cell. */
void iv_csv_text(struct iv_buf *rows, const char *text)
{
    separate(rows);
    if (text == NULL) {
        return;
    }
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    const char *at = iv_buf_text(&shown);
    iv_buf_putc(rows, '"');
    /* A tab or a carriage return in front would count too; the original says whether there is one.
     */
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        iv_buf_putc(rows, '\'');
    }
    for (; *at != '\0'; at++) {
        iv_buf_puts(rows, *at == '"' ? "\"" : "");
        iv_buf_putc(rows, *at);
    }
    iv_buf_putc(rows, '"');
}

void iv_csv_bool(struct iv_buf *rows, bool value)
{
    separate(rows);
    iv_buf_puts(rows, value ? "true" : "false");
}

/* What is not known is an empty cell and not 0. */
void iv_csv_number(struct iv_buf *rows, uint64_t value, bool is_there)
{
    separate(rows);
    if (is_there) {
        iv_buf_printf(rows, "%" PRIu64, value);
    }
}

/* The heads, with the prefix of the struct that holds a field: "before_id", "after_id". A list of
 * names is two columns, number and names. Nests only as deep as the tables do. */
static void add_columns(struct iv_buf *rows, const struct iv_struct *type, const char *prefix)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        if (field->column == NULL) {
            continue;
        }
        if (field->type == IV_TYPE_POINTER) {
            add_columns(rows, field->of, field->column);
            continue;
        }
        separate(rows);
        iv_buf_printf(rows, "%s%s", prefix, field->column);
        if (field->type == IV_TYPE_NAMES) {
            separate(rows);
            iv_buf_puts(rows, field->name);
        }
    }
}

void iv_csv_columns(struct iv_buf *rows, const struct iv_struct *type)
{
    add_columns(rows, type, "");
}

/* A member, copied out; nothing where there is no object. */
#define FETCH(type, ret, object, at)                                                               \
    type ret = 0;                                                                                  \
    if ((object) != NULL) {                                                                        \
        memcpy(&ret, (const char *)(object) + (at), sizeof(ret));                                  \
    }

/* The names of packages, as far as one value in a report may be long. */
static void add_names(struct iv_buf *rows, const struct iv_field *field, const void *object)
{
    FETCH(const struct iv_package *const *, packages, object, field->offset)
    FETCH(size_t, count, object, field->count_offset)
    FETCH(bool, is_given, object, field->given_offset)
    const size_t enough = (size_t)iv_limits_default().report_text + 1;
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count && names.size < enough; i++) {
        iv_buf_printf(&names, "%s%s", i > 0 ? "; " : "", packages[i]->name);
    }
    iv_csv_number(rows, count, is_given);
    iv_csv_text(rows, is_given ? iv_buf_text(&names) : NULL);
}

/* A number of 0 stands for "not there" in the structs that have columns. */
static void add_cell(struct iv_buf *rows, const struct iv_field *field, const void *object)
{
    if (field->type == IV_TYPE_STRING) {
        FETCH(const char *, text, object, field->offset)
        iv_csv_text(rows, text);
    } else if (field->type == IV_TYPE_BOOL) {
        FETCH(bool, value, object, field->offset)
        iv_csv_bool(rows, value);
    } else if (field->type == IV_TYPE_ENUM) {
        FETCH(unsigned, value, object, field->offset)
        iv_csv_text(rows, object == NULL ? NULL : field->names[value]);
    } else {
        FETCH(uint64_t, value, object, field->offset)
        iv_csv_number(rows, value, value != 0);
    }
}

/* The cells of an object in the order of its columns; NULL where there is none. Nests only as deep
 * as the tables do. */
void iv_csv_fields(struct iv_buf *rows, const struct iv_struct *type, const void *object)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        if (field->column == NULL) {
            continue;
        }
        if (field->type == IV_TYPE_POINTER) {
            FETCH(const void *, inner, object, field->offset)
            iv_csv_fields(rows, field->of, inner);
        } else if (field->type == IV_TYPE_NAMES) {
            add_names(rows, field, object);
        } else {
            add_cell(rows, field, object);
        }
    }
}

/* RFC 4180 ends lines so. */
void iv_csv_end_row(struct iv_buf *rows)
{
    iv_buf_puts(rows, "\r\n");
}

void iv_csv_finish(struct iv_buf *rows, FILE *out)
{
    if (rows->size > 0) {
        (void)fwrite(rows->data, 1, rows->size, out);
        iv_buf_clear(rows);
    }
}

/* Between rows, so that a report of any size needs little memory. */
void iv_csv_flush(struct iv_buf *rows, FILE *out)
{
    if (rows->size > FLUSH_SIZE) {
        iv_csv_finish(rows, out);
    }
}
