/*
 * One stored fact of a package in its three forms: a value in the struct, a value in a column, and
 * bytes under the digest. Columns are those fields of the package's table that have
 * IV_FIELD_STORED, sorted by name, so that the digest does not depend on the order of the table.
 *
 * Under the digest a fact that is not said (NULL, false, 0) takes no bytes; others are the field's
 * name and the value as text. A field that is added later so leaves the digests of older sets as
 * they are.
 */
#include "cache/column.h"

#include "imgval/base/sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What differs from version to version of a package: columns of `package`, the others are
 * `identity`. */
static bool is_changing(const char *name)
{
    static const char *const names[] = {"version", "number",     "empty",
                                        "content", "file_count", "total_size"};
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* By name: the order in which facts stand under the digest, whatever order the table has. */
static int compare_column(const void *a, const void *b)
{
    const struct iv_column *x = a;
    const struct iv_column *y = b;
    return strcmp(x->field->name, y->field->name);
}

/* Which facts are stored is decided by the field table of packages alone. */
struct iv_column *iv_columns_build(struct iv_arena *arena, size_t *ret_count)
{
    struct iv_column *columns =
        IV_NEW_ARRAY(arena, struct iv_column, iv_package_struct.field_count);
    size_t count = 0;
    for (size_t i = 0; i < iv_package_struct.field_count; i++) {
        const struct iv_field *field = &iv_package_struct.fields[i];
        if ((field->uses & IV_FIELD_STORED) != 0) {
            columns[count++] =
                (struct iv_column){.field = field, .is_changing = is_changing(field->name)};
        }
    }
    iv_sort(columns, count, sizeof(*columns), compare_column);
    *ret_count = count;
    return columns;
}

/* --- values --------------------------------------------------------------------------------- */

static const void *place(const struct iv_column *column, const struct iv_package *package)
{
    return (const char *)package + column->field->offset;
}

/* Enums are read as what they are in memory; a column has their word, which no new enumerator
 * changes. */
static unsigned enumerator(const struct iv_column *column, const struct iv_package *package)
{
    unsigned value;
    memcpy(&value, place(column, package), sizeof(value));
    return value;
}

/* Four parts of 16 bits, the first one highest: integers compare as versions do, if unsigned. */
static uint64_t version_to_integer(const struct iv_version *version)
{
    return (uint64_t)version->part[0] << 48 | (uint64_t)version->part[1] << 32 |
           (uint64_t)version->part[2] << 16 | version->part[3];
}

static struct iv_version version_from_integer(uint64_t value)
{
    return (struct iv_version){.part = {(uint16_t)(value >> 48), (uint16_t)(value >> 32),
                                        (uint16_t)(value >> 16), (uint16_t)value}};
}

/* The value as SQLite has it: text, integer, or the word of an enum. */
void iv_column_bind(struct iv_query *query, int at, const struct iv_column *column,
                    const struct iv_package *package)
{
    const void *value = place(column, package);
    switch (column->field->type) {
    case IV_TYPE_STRING:
        iv_query_bind_text(query, at, *(const char *const *)value);
        return;
    case IV_TYPE_BOOL:
        iv_query_bind_int(query, at, *(const bool *)value);
        return;
    case IV_TYPE_U64:
        iv_query_bind_int(query, at, (int64_t) * (const uint64_t *)value);
        return;
    case IV_TYPE_ENUM:
        iv_query_bind_text(query, at, column->field->names[enumerator(column, package)]);
        return;
    case IV_TYPE_VERSION:
        iv_query_bind_int(query, at, (int64_t)version_to_integer(value));
        return;
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
    case IV_TYPE_STRUCT:
    case IV_TYPE_SIZE:
    case IV_TYPE_POINTER:
    case IV_TYPE_NAMES:
        break;
    }
    assert(false); /* a stored field of a type that has no column */
}

/* False: the word is none of the enumeration's. */
static bool read_word(struct iv_query *query, int at, const struct iv_column *column,
                      struct iv_arena *arena, void *ret_value)
{
    const char *word = iv_query_text(query, at, arena);
    for (unsigned i = 0; word != NULL && column->field->names[i] != NULL; i++) {
        if (strcmp(column->field->names[i], word) == 0) {
            memcpy(ret_value, &i, sizeof(i));
            return true;
        }
    }
    return false;
}

/* False: the word of an enum that this version does not know. Wrong types are remembered by the
 * query and are seen with the row. */
bool iv_column_read(struct iv_query *query, int at, const struct iv_column *column,
                    struct iv_arena *arena, struct iv_package *package)
{
    void *value = (char *)package + column->field->offset;
    switch (column->field->type) {
    case IV_TYPE_STRING:
        *(const char **)value = iv_query_text_or_null(query, at, arena);
        return true;
    case IV_TYPE_BOOL:
        *(bool *)value = iv_query_bool(query, at);
        return true;
    case IV_TYPE_U64:
        *(uint64_t *)value = (uint64_t)iv_query_int(query, at);
        return true;
    case IV_TYPE_ENUM:
        return read_word(query, at, column, arena, value);
    case IV_TYPE_VERSION:
        *(struct iv_version *)value = version_from_integer((uint64_t)iv_query_int(query, at));
        return true;
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
    case IV_TYPE_STRUCT:
    case IV_TYPE_SIZE:
    case IV_TYPE_POINTER:
    case IV_TYPE_NAMES:
        break;
    }
    return false;
}

/* --- bytes ---------------------------------------------------------------------------------- */

#define DECIMAL_SIZE 21 /* 2^64 - 1 and the NUL */

/* As "%" PRIu64, which would take a third of the time of loading a set. */
static const char *decimal(uint64_t value, char text[DECIMAL_SIZE])
{
    char *at = text + DECIMAL_SIZE - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

/* The bytes under the digest. They are frozen: digests stand in users' stores. */
void iv_column_encode(struct iv_buf *buf, const struct iv_column *column,
                      const struct iv_package *package)
{
    char text[DECIMAL_SIZE] = "1";
    const char *word = text;
    bool is_said = false;
    const void *value = place(column, package);
    switch (column->field->type) {
    case IV_TYPE_STRING:
        word = *(const char *const *)value;
        is_said = word != NULL;
        break;
    case IV_TYPE_BOOL:
        is_said = *(const bool *)value;
        break;
    case IV_TYPE_U64:
        is_said = *(const uint64_t *)value != 0;
        word = decimal(*(const uint64_t *)value, text);
        break;
    case IV_TYPE_ENUM:
        is_said = enumerator(column, package) != 0;
        word = column->field->names[enumerator(column, package)];
        break;
    case IV_TYPE_VERSION:
        is_said = version_to_integer(value) != 0;
        word = decimal(version_to_integer(value), text);
        break;
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
    case IV_TYPE_STRUCT:
    case IV_TYPE_SIZE:
    case IV_TYPE_POINTER:
    case IV_TYPE_NAMES:
        break;
    }
    if (is_said) {
        iv_buf_add(buf, column->field->name, strlen(column->field->name) + 1);
        iv_buf_add(buf, word, strlen(word) + 1);
    }
}
