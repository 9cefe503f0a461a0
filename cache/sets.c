#include "cache/sets.h"

#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Statements that are prepared once, when they are first needed. */
enum query {
    QUERY_FIND_IDENTITY,
    QUERY_ADD_IDENTITY,
    QUERY_FIND_PACKAGE,
    QUERY_ADD_PACKAGE,
    QUERY_LOAD_PACKAGES,
    QUERY_FIND_SET,
    QUERY_ADD_SET,
    QUERY_LOAD_SET,
    QUERIES,
};

/* A column of `identity` or `package`: one STORED field. */
struct column {
    const struct iv_field *field;
    bool is_changing; /* in `package` */
};

struct iv_sets {
    struct iv_db *db;
    struct iv_query *queries[QUERIES];
    struct column *columns; /* sorted by name: the digest must not hang on the order in fields.c */
    size_t column_count;
    struct iv_arena arena;   /* the columns; above them scratch of the call in hand */
    struct iv_buf encodings; /* of the packages of the call in hand */
};

/* A package and its facts as bytes. */
struct line {
    const struct iv_package *package;
    const char *bytes;
    size_t at; /* of the bytes in the buffer */
    size_t size;
};

/* Gaps in the row numbers of a set up to this are read over: cheaper than a new search. */
#define GAP_MAX 8

void iv_problems_add(struct iv_problems *problems, const char *fmt, ...)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&line, fmt, args);
    va_end(args);
    problems->lines = iv_arena_grow(problems->arena, problems->lines, problems->count,
                                    &problems->capacity, sizeof(*problems->lines));
    problems->lines[problems->count++] = iv_arena_strdup(problems->arena, iv_buf_text(&line));
}

/* --- columns -------------------------------------------------------------------------------- */

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

static int compare_column(const void *a, const void *b)
{
    const struct column *x = a;
    const struct column *y = b;
    return strcmp(x->field->name, y->field->name);
}

struct iv_sets *iv_sets_open(struct iv_db *db)
{
    struct iv_sets *sets = calloc(1, sizeof(*sets));
    if (sets == NULL) {
        iv_out_of_memory();
    }
    sets->db = db;
    iv_arena_init(&sets->arena);
    sets->columns = IV_NEW_ARRAY(&sets->arena, struct column, iv_package_struct.field_count);
    for (size_t i = 0; i < iv_package_struct.field_count; i++) {
        const struct iv_field *field = &iv_package_struct.fields[i];
        if ((field->uses & IV_FIELD_STORED) != 0) {
            sets->columns[sets->column_count++] =
                (struct column){.field = field, .is_changing = is_changing(field->name)};
        }
    }
    qsort(sets->columns, sets->column_count, sizeof(*sets->columns), compare_column);
    return sets;
}

void iv_sets_close(struct iv_sets **sets)
{
    if (*sets != NULL) {
        for (size_t i = 0; i < QUERIES; i++) {
            iv_query_close(&(*sets)->queries[i]);
        }
        iv_buf_fini(&(*sets)->encodings);
        iv_arena_fini(&(*sets)->arena);
        free(*sets);
        *sets = NULL;
    }
}

static const void *place(const struct column *column, const struct iv_package *package)
{
    return (const char *)package + column->field->offset;
}

static unsigned enumerator(const struct column *column, const struct iv_package *package)
{
    unsigned value;
    memcpy(&value, place(column, package), sizeof(value));
    return value;
}

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

static void bind_value(struct iv_query *query, int at, const struct column *column,
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
        break;
    }
    assert(false); /* a stored field of a type that has no column */
}

/* False: the word is none of the enumeration's. */
static bool read_word(struct iv_query *query, int at, const struct column *column,
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

static bool read_value(struct iv_query *query, int at, const struct column *column,
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
        break;
    }
    return false;
}

/* --- statements ----------------------------------------------------------------------------- */

/* "PREFIXcolumnSUFFIX" for the columns of one table, with `between` between them. */
static void add_columns(const struct iv_sets *sets, struct iv_buf *sql, bool changing,
                        const char *prefix, const char *suffix, const char *between)
{
    bool is_first = true;
    for (size_t i = 0; i < sets->column_count; i++) {
        if (sets->columns[i].is_changing == changing) {
            iv_buf_printf(sql, "%s%s%s%s", is_first ? "" : between, prefix,
                          sets->columns[i].field->name, suffix);
            is_first = false;
        }
    }
}

static void add_places(const struct iv_sets *sets, struct iv_buf *sql, bool changing)
{
    bool is_first = true;
    for (size_t i = 0; i < sets->column_count; i++) {
        if (sets->columns[i].is_changing == changing) {
            iv_buf_puts(sql, is_first ? "?" : ", ?");
            is_first = false;
        }
    }
}

static void write_sql(const struct iv_sets *sets, enum query which, struct iv_buf *sql)
{
    switch (which) {
    case QUERY_FIND_IDENTITY:
        iv_buf_puts(sql, "SELECT n FROM identity WHERE ");
        add_columns(sets, sql, false, "", " IS ?", " AND ");
        return;
    case QUERY_ADD_IDENTITY:
        iv_buf_puts(sql, "INSERT INTO identity(");
        add_columns(sets, sql, false, "", "", ", ");
        iv_buf_puts(sql, ") VALUES(");
        add_places(sets, sql, false);
        iv_buf_puts(sql, ")");
        return;
    case QUERY_FIND_PACKAGE:
        iv_buf_puts(sql, "SELECT n FROM package WHERE ");
        add_columns(sets, sql, true, "", " IS ?", " AND ");
        iv_buf_puts(sql, " AND identity = ?");
        return;
    case QUERY_ADD_PACKAGE:
        iv_buf_puts(sql, "INSERT INTO package(");
        add_columns(sets, sql, true, "", "", ", ");
        iv_buf_puts(sql, ", identity) VALUES(");
        add_places(sets, sql, true);
        iv_buf_puts(sql, ", ?)");
        return;
    case QUERY_LOAD_PACKAGES:
        iv_buf_puts(sql, "SELECT p.n, ");
        add_columns(sets, sql, true, "p.", "", ", ");
        iv_buf_puts(sql, ", ");
        add_columns(sets, sql, false, "i.", "", ", ");
        iv_buf_puts(sql, " FROM package AS p CROSS JOIN identity AS i ON i.n = p.identity"
                         " WHERE p.n BETWEEN ? AND ? ORDER BY p.n");
        return;
    case QUERY_FIND_SET:
        iv_buf_puts(sql, "SELECT n FROM package_set WHERE digest = ?");
        return;
    case QUERY_ADD_SET:
        iv_buf_puts(sql, "INSERT INTO package_set(digest, count, members) VALUES(?, ?, ?)");
        return;
    case QUERY_LOAD_SET:
        iv_buf_puts(sql, "SELECT digest, count, members FROM package_set WHERE n = ?");
        return;
    case QUERIES:
        break;
    }
}

static bool prepare(struct iv_sets *sets, enum query which, struct iv_query **ret_query,
                    struct iv_error *err)
{
    if (sets->queries[which] == NULL) {
        struct iv_buf sql IV_CLEANUP(iv_buf_fini) = {0};
        write_sql(sets, which, &sql);
        if (!iv_query_open(sets->db, iv_buf_text(&sql), &sets->queries[which], err)) {
            return false;
        }
    }
    *ret_query = sets->queries[which];
    return true;
}

/* Runs a query that gives a row number, or none (0). */
static bool find_number(struct iv_query *query, int64_t *ret_n, struct iv_error *err)
{
    bool row = false;
    int64_t n = 0;
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (row) {
        n = iv_query_int(query, 0);
        if (!iv_query_is_sound(query, err)) {
            return false;
        }
        iv_query_reset(query);
    }
    *ret_n = n;
    return true;
}

/* --- facts as bytes ------------------------------------------------------------------------- */

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

/*
 * name NUL value NUL for every fact that is said, and a NUL. What is not said (NULL, 0, false, the
 * first enumerator) is left out, so that a new column does not change the digests of old sets.
 */
static void encode_value(struct iv_buf *buf, const struct column *column,
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
        break;
    }
    if (is_said) {
        iv_buf_add(buf, column->field->name, strlen(column->field->name) + 1);
        iv_buf_add(buf, word, strlen(word) + 1);
    }
}

static int compare_line(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    int order = strcmp(x->package->key, y->package->key);
    if (order == 0) {
        order = memcmp(x->bytes, y->bytes, x->size < y->size ? x->size : y->size);
    }
    return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* The packages with their bytes, sorted by key, in sets->arena and sets->encodings. */
static struct line *encode_packages(struct iv_sets *sets, const struct iv_package *packages,
                                    size_t count)
{
    struct line *lines = IV_NEW_ARRAY(&sets->arena, struct line, count);
    iv_buf_clear(&sets->encodings);
    for (size_t i = 0; i < count; i++) {
        size_t at = sets->encodings.size;
        for (size_t j = 0; j < sets->column_count; j++) {
            encode_value(&sets->encodings, &sets->columns[j], &packages[i]);
        }
        iv_buf_putc(&sets->encodings, '\0');
        lines[i] =
            (struct line){.package = &packages[i], .at = at, .size = sets->encodings.size - at};
    }
    for (size_t i = 0; i < count; i++) {
        lines[i].bytes = sets->encodings.data + lines[i].at;
    }
    if (count > 1) {
        qsort(lines, count, sizeof(*lines), compare_line);
    }
    return lines;
}

static void digest_lines(const struct line *lines, size_t count,
                         unsigned char ret_digest[IV_SHA256_SIZE])
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, "imgval-set/1");
    for (size_t i = 0; i < count; i++) {
        iv_sha256_add(sha, lines[i].bytes, lines[i].size);
    }
    iv_sha256_close(sha, ret_digest);
}

void iv_sets_digest(struct iv_sets *sets, const struct iv_package *packages, size_t count,
                    unsigned char ret_digest[IV_SHA256_SIZE])
{
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    digest_lines(encode_packages(sets, packages, count), count, ret_digest);
    iv_arena_reset(&sets->arena, mark);
}

/* --- members -------------------------------------------------------------------------------- */

static void add_leb128(struct iv_buf *buf, uint64_t value)
{
    while (value >= 0x80) {
        iv_buf_putc(buf, (char)(value | 0x80));
        value >>= 7;
    }
    iv_buf_putc(buf, (char)value);
}

static bool take_leb128(const unsigned char *bytes, size_t size, size_t *at, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && *at < size; shift += 7) {
        unsigned char byte = bytes[(*at)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* False: not exactly `count` row numbers, ascending. */
static bool decode_members(const unsigned char *bytes, size_t size, size_t count, int64_t *ret_n)
{
    size_t at = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t difference;
        if (!take_leb128(bytes, size, &at, &difference) || difference > (uint64_t)INT64_MAX - n) {
            return false;
        }
        n += difference;
        ret_n[i] = (int64_t)n;
    }
    return at == size && (count == 0 || ret_n[0] > 0);
}

struct members {
    unsigned char digest[IV_SHA256_SIZE];
    int64_t *n;
    size_t count;
};

/* Reads a row of (digest, count, members) from `column` on. */
static bool read_members(const struct iv_sets *sets, struct iv_query *query, int column,
                         int64_t set, struct iv_arena *arena, struct members *ret_members,
                         struct iv_error *err)
{
    size_t digest_size;
    size_t size;
    struct members members = {0};
    const void *digest = iv_query_blob(query, column, &digest_size);
    int64_t count = iv_query_int(query, column + 1);
    const unsigned char *bytes = iv_query_blob(query, column + 2, &size);
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    /* A member has at least one byte, so the blob bounds the memory. */
    bool is_sound = digest_size == IV_SHA256_SIZE && count >= 0 && (uint64_t)count <= size;
    if (is_sound) {
        memcpy(members.digest, digest, IV_SHA256_SIZE);
        members.count = (size_t)count;
        members.n = IV_NEW_ARRAY(arena, int64_t, members.count);
        is_sound = decode_members(bytes, size, members.count, members.n);
    }
    if (!is_sound) {
        return iv_db_damaged(sets->db, err, "package set %" PRId64 " is malformed", set);
    }
    *ret_members = members;
    return true;
}

static bool load_members(struct iv_sets *sets, int64_t set, struct iv_arena *arena,
                         struct members *ret_members, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!prepare(sets, QUERY_LOAD_SET, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, set);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (!row) {
        return iv_db_damaged(sets->db, err, "package set %" PRId64 " is missing", set);
    }
    bool is_done = read_members(sets, query, 0, set, arena, ret_members, err);
    iv_query_reset(query);
    return is_done;
}

bool iv_sets_stored_digest(struct iv_sets *sets, int64_t set,
                           unsigned char ret_digest[IV_SHA256_SIZE], struct iv_error *err)
{
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    struct members members;
    bool is_done = load_members(sets, set, &sets->arena, &members, err);
    iv_arena_reset(&sets->arena, mark);
    if (is_done) {
        memcpy(ret_digest, members.digest, IV_SHA256_SIZE);
    }
    return is_done;
}

/* --- adding --------------------------------------------------------------------------------- */

static int bind_columns(const struct iv_sets *sets, struct iv_query *query, bool changing,
                        const struct iv_package *package)
{
    int at = 1;
    for (size_t i = 0; i < sets->column_count; i++) {
        if (sets->columns[i].is_changing == changing) {
            bind_value(query, at++, &sets->columns[i], package);
        }
    }
    return at;
}

/* Finds or makes the row of `identity` (identity 0) or `package` (of that identity). */
static bool intern(struct iv_sets *sets, const struct iv_package *package, int64_t identity,
                   int64_t *ret_n, struct iv_error *err)
{
    bool changing = identity != 0;
    struct iv_query *query;
    int64_t n = 0;
    if (!prepare(sets, changing ? QUERY_FIND_PACKAGE : QUERY_FIND_IDENTITY, &query, err)) {
        return false;
    }
    int at = bind_columns(sets, query, changing, package);
    if (changing) {
        iv_query_bind_int(query, at, identity);
    }
    if (!find_number(query, &n, err)) {
        return false;
    }
    if (n == 0) {
        if (!prepare(sets, changing ? QUERY_ADD_PACKAGE : QUERY_ADD_IDENTITY, &query, err)) {
            return false;
        }
        at = bind_columns(sets, query, changing, package);
        if (changing) {
            iv_query_bind_int(query, at, identity);
        }
        if (!iv_query_run(query, err)) {
            return false;
        }
        n = iv_db_last_row(sets->db);
    }
    *ret_n = n;
    return true;
}

static int compare_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool insert_set(struct iv_sets *sets, const unsigned char digest[IV_SHA256_SIZE],
                       const int64_t *n, size_t count, int64_t *ret_set, struct iv_error *err)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_query *query;
    if (!prepare(sets, QUERY_ADD_SET, &query, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_leb128(&bytes, (uint64_t)(n[i] - (i > 0 ? n[i - 1] : 0)));
    }
    iv_query_bind_blob(query, 1, digest, IV_SHA256_SIZE);
    iv_query_bind_int(query, 2, (int64_t)count);
    iv_query_bind_blob(query, 3, bytes.data, bytes.size);
    if (!iv_query_run(query, err)) {
        return false;
    }
    *ret_set = iv_db_last_row(sets->db);
    return true;
}

static bool add_lines(struct iv_sets *sets, const struct line *lines, size_t count,
                      int64_t *ret_set, struct iv_error *err)
{
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_query *query;
    int64_t set = 0;
    digest_lines(lines, count, digest);
    if (!prepare(sets, QUERY_FIND_SET, &query, err)) {
        return false;
    }
    iv_query_bind_blob(query, 1, digest, sizeof(digest));
    if (!find_number(query, &set, err)) {
        return false;
    }
    if (set != 0) {
        *ret_set = set;
        return true;
    }
    int64_t *n = IV_NEW_ARRAY(&sets->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        int64_t identity;
        if (!intern(sets, lines[i].package, 0, &identity, err) ||
            !intern(sets, lines[i].package, identity, &n[i], err)) {
            return false;
        }
    }
    if (count > 1) {
        qsort(n, count, sizeof(*n), compare_number);
    }
    return insert_set(sets, digest, n, count, ret_set, err);
}

bool iv_sets_add(struct iv_sets *sets, const struct iv_package *packages, size_t count,
                 int64_t *ret_set, struct iv_error *err)
{
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    bool is_done = add_lines(sets, encode_packages(sets, packages, count), count, ret_set, err);
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

/* --- loading -------------------------------------------------------------------------------- */

static bool read_package(struct iv_sets *sets, struct iv_query *query, struct iv_arena *arena,
                         struct iv_package *ret_package, struct iv_error *err)
{
    int at = 1;
    bool is_sound = true;
    *ret_package = (struct iv_package){0};
    for (int changing = 1; changing >= 0; changing--) {
        for (size_t i = 0; i < sets->column_count; i++) {
            if (sets->columns[i].is_changing == (changing == 1) &&
                !read_value(query, at++, &sets->columns[i], arena, ret_package)) {
                is_sound = false;
            }
        }
    }
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    if (!is_sound || ret_package->key == NULL) {
        return iv_db_damaged(sets->db, err, "a package has an unknown style or no key");
    }
    return true;
}

/* Packages of the members from `first` up to `end`, whose row numbers are close together. */
static bool load_run(struct iv_sets *sets, const struct members *members, size_t first, size_t end,
                     struct iv_arena *arena, struct iv_package *packages, struct iv_error *err)
{
    struct iv_query *query;
    bool row = true;
    size_t i = first;
    if (!prepare(sets, QUERY_LOAD_PACKAGES, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, members->n[first]);
    iv_query_bind_int(query, 2, members->n[end - 1]);
    while (i < end) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        int64_t n = row ? iv_query_int(query, 0) : INT64_MAX;
        if (n < members->n[i]) {
            continue;
        }
        if (n > members->n[i]) {
            iv_query_reset(query);
            return iv_db_damaged(sets->db, err, "package %" PRId64 " is missing", members->n[i]);
        }
        if (!read_package(sets, query, arena, &packages[i], err)) {
            return false;
        }
        for (i++; i < end && members->n[i] == n; i++) {
            packages[i] = packages[i - 1];
        }
    }
    iv_query_reset(query);
    return true;
}

static bool load_packages(struct iv_sets *sets, const struct members *members,
                          struct iv_arena *arena, struct iv_package *packages, struct iv_error *err)
{
    for (size_t first = 0; first < members->count;) {
        size_t end = first + 1;
        while (end < members->count && members->n[end] - members->n[end - 1] <= GAP_MAX) {
            end++;
        }
        if (!load_run(sets, members, first, end, arena, packages, err)) {
            return false;
        }
        first = end;
    }
    return true;
}

bool iv_sets_load(struct iv_sets *sets, int64_t set, struct iv_arena *arena,
                  struct iv_package **ret_packages, size_t *ret_count, struct iv_error *err)
{
    struct members members;
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    if (!load_members(sets, set, &sets->arena, &members, err)) {
        iv_arena_reset(&sets->arena, mark);
        return false;
    }
    struct iv_package *packages = IV_NEW_ARRAY(&sets->arena, struct iv_package, members.count);
    bool is_done = load_packages(sets, &members, arena, packages, err);
    if (is_done) {
        struct line *lines = encode_packages(sets, packages, members.count);
        digest_lines(lines, members.count, digest);
        is_done =
            memcmp(digest, members.digest, sizeof(digest)) == 0 ||
            iv_db_damaged(sets->db, err, "package set %" PRId64 " differs from its digest", set);
        if (is_done) {
            *ret_packages = IV_NEW_ARRAY(arena, struct iv_package, members.count);
            *ret_count = members.count;
            for (size_t i = 0; i < members.count; i++) {
                (*ret_packages)[i] = *lines[i].package;
            }
        }
    }
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

/* --- rows that nothing needs ---------------------------------------------------------------- */

/* All row numbers of `package`, ascending, and which of them a set names. */
struct usage {
    int64_t *n;
    bool *is_used;
    size_t count;
};

static bool list_packages(struct iv_sets *sets, struct usage *ret_usage, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct usage usage = {0};
    size_t capacity = 0;
    bool row = true;
    if (!iv_query_open(sets->db, "SELECT n FROM package ORDER BY n", &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            usage.n =
                iv_arena_grow(&sets->arena, usage.n, usage.count, &capacity, sizeof(*usage.n));
            usage.n[usage.count++] = iv_query_int(query, 0);
        }
    }
    usage.is_used = IV_NEW_ARRAY(&sets->arena, bool, usage.count);
    *ret_usage = usage;
    return true;
}

/* Marks what a set names; what is not there is seen by whoever loads the set. */
static void mark_members(struct usage *usage, const struct members *members)
{
    size_t at = 0;
    for (size_t i = 0; i < members->count; i++) {
        /* Mostly the next one; else a binary search in what is left. */
        if (at < usage->count && usage->n[at] < members->n[i]) {
            at++;
        }
        size_t high = usage->count;
        while (at < high && usage->n[at] != members->n[i]) {
            size_t middle = at + (high - at) / 2;
            if (usage->n[middle] < members->n[i]) {
                at = middle + 1;
            } else {
                high = middle;
            }
        }
        if (at < usage->count && usage->n[at] == members->n[i]) {
            usage->is_used[at] = true;
        }
    }
}

/* Lenient: a malformed set is passed over; whoever loads it reports it. */
static bool mark_all(struct iv_sets *sets, struct usage *usage, bool is_lenient,
                     struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = true;
    if (!iv_query_open(sets->db, "SELECT n, digest, count, members FROM package_set", &query,
                       err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        struct members members;
        struct iv_error why = {0};
        struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
        if (read_members(sets, query, 1, iv_query_int(query, 0), &sets->arena, &members, &why)) {
            mark_members(usage, &members);
        } else if (!is_lenient) {
            *err = why;
            return false;
        }
        iv_arena_reset(&sets->arena, mark);
    }
    return true;
}

static bool delete_unused(struct iv_sets *sets, const struct usage *usage, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    if (!iv_query_open(sets->db, "DELETE FROM package WHERE n = ?", &query, err)) {
        return false;
    }
    for (size_t i = 0; i < usage->count; i++) {
        iv_query_bind_int(query, 1, usage->n[i]);
        if (!usage->is_used[i] && !iv_query_run(query, err)) {
            return false;
        }
    }
    return true;
}

static bool run_sql(struct iv_sets *sets, const char *sql, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    return iv_query_open(sets->db, sql, &query, err) && iv_query_run(query, err);
}

#define UNUSED_SETS                                                                                \
    "package_set WHERE NOT EXISTS"                                                                 \
    " (SELECT 1 FROM submission WHERE submission.package_set = package_set.n)"
#define UNUSED_IDENTITIES                                                                          \
    "identity WHERE NOT EXISTS (SELECT 1 FROM package WHERE package.identity = identity.n)"

bool iv_sets_collect(struct iv_sets *sets, struct iv_error *err)
{
    struct usage usage;
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    bool is_done = run_sql(sets, "DELETE FROM " UNUSED_SETS, err) &&
                   list_packages(sets, &usage, err) && mark_all(sets, &usage, false, err) &&
                   delete_unused(sets, &usage, err) &&
                   run_sql(sets, "DELETE FROM " UNUSED_IDENTITIES, err);
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

/* --- verification --------------------------------------------------------------------------- */

/* One line for each row number that the query gives. */
static bool report_rows(struct iv_sets *sets, const char *sql, const char *what,
                        struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = true;
    if (!iv_query_open(sets->db, sql, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            iv_problems_add(problems, "%s %" PRId64 " %s", what, iv_query_int(query, 0),
                            "is not needed by anything, or stands twice");
        }
    }
    return true;
}

static bool verify_loads(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!iv_query_open(sets->db, "SELECT n FROM package_set ORDER BY n", &query, err)) {
        return false;
    }
    while (row) {
        struct iv_package *packages;
        size_t count;
        struct iv_error why = {0};
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row && !iv_sets_load(sets, iv_query_int(query, 0), &arena, &packages, &count, &why)) {
            iv_problems_add(problems, "%s", why.text);
        }
        iv_arena_fini(&arena);
        iv_arena_init(&arena);
    }
    return true;
}

static bool verify_twins(struct iv_sets *sets, bool changing, struct iv_problems *problems,
                         struct iv_error *err)
{
    struct iv_buf sql IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&sql, "SELECT max(n) FROM %s GROUP BY ", changing ? "package" : "identity");
    add_columns(sets, &sql, changing, "", "", ", ");
    iv_buf_printf(&sql, "%s HAVING count(*) > 1", changing ? ", identity" : "");
    return report_rows(sets, iv_buf_text(&sql), changing ? "package" : "identity", problems, err);
}

static bool verify_usage(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    struct usage usage;
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    bool is_done = list_packages(sets, &usage, err) && mark_all(sets, &usage, true, err);
    for (size_t i = 0; is_done && i < usage.count; i++) {
        if (!usage.is_used[i]) {
            iv_problems_add(problems, "package %" PRId64 " is in no set", usage.n[i]);
        }
    }
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

bool iv_sets_verify(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    return verify_loads(sets, problems, err) &&
           report_rows(sets, "SELECT n FROM " UNUSED_SETS, "package set", problems, err) &&
           report_rows(sets, "SELECT n FROM " UNUSED_IDENTITIES, "identity", problems, err) &&
           verify_usage(sets, problems, err) && verify_twins(sets, false, problems, err) &&
           verify_twins(sets, true, problems, err);
}
