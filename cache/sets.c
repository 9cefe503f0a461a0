/*
 * Adding a set: each package's facts are encoded as bytes (column.c), the encodings are sorted by
 * key, and the digest over them finds an equal set that is there already. Only a new one is taken
 * apart: identity and package rows are found or made for each member, and the sorted row numbers
 * become one blob, as LEB128 differences: neighbours are mostly close, so a member takes about a
 * byte.
 *
 * Loading goes back and ends with the same encoding: the digest must be that of the row, so damage
 * to any fact, member or row number is seen before the set is used.
 *
 * All SQL is made from the table of fields, so that a fact added there is stored without a change
 * here.
 */
#include "cache/sets_private.h"

#include "imgval/base/sort.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A package and its facts as bytes. */
struct line {
    const struct iv_package *package;
    const char *bytes;
    size_t at; /* of the bytes in the buffer */
    size_t size;
};

/* Gaps in the row numbers of a set up to this are read over: cheaper than a new search. */
#define GAP_MAX 8

/* The statements are made when first needed, as most uses need few of them. */
struct iv_sets *iv_sets_open(struct iv_db *db)
{
    struct iv_sets *sets = calloc(1, sizeof(*sets));
    if (sets == NULL) {
        iv_out_of_memory();
    }
    sets->db = db;
    iv_arena_init(&sets->arena);
    sets->columns = iv_columns_build(&sets->arena, &sets->column_count);
    return sets;
}

void iv_sets_close(struct iv_sets **sets)
{
    if (*sets != NULL) {
        for (size_t i = 0; i < IV_SETS_SQL_COUNT; i++) {
            iv_query_close(&(*sets)->queries[i]);
        }
        iv_buf_fini(&(*sets)->encodings);
        iv_arena_fini(&(*sets)->arena);
        free(*sets);
        *sets = NULL;
    }
}

/* --- statements ----------------------------------------------------------------------------- */

/* The columns of one of the two tables, each between prefix and suffix: the one place where SQL
 * gets the names of facts. */
void iv_sets_add_columns(const struct iv_sets *sets, struct iv_buf *sql, bool changing,
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

/* "?, ?, ..." for the columns of one table. */
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

/* Each statement from the table of fields. "IS" and not "=": a fact that is not known is NULL, and
 * two NULLs are the same fact. */
static void write_sql(const struct iv_sets *sets, enum iv_sets_sql which, struct iv_buf *sql)
{
    switch (which) {
    case IV_SETS_FIND_IDENTITY:
        iv_buf_puts(sql, "SELECT n FROM identity WHERE ");
        iv_sets_add_columns(sets, sql, false, "", " IS ?", " AND ");
        return;
    case IV_SETS_ADD_IDENTITY:
        iv_buf_puts(sql, "INSERT INTO identity(");
        iv_sets_add_columns(sets, sql, false, "", "", ", ");
        iv_buf_puts(sql, ") VALUES(");
        add_places(sets, sql, false);
        iv_buf_puts(sql, ")");
        return;
    case IV_SETS_FIND_PACKAGE:
        iv_buf_puts(sql, "SELECT n FROM package WHERE ");
        iv_sets_add_columns(sets, sql, true, "", " IS ?", " AND ");
        iv_buf_puts(sql, " AND identity = ?");
        return;
    case IV_SETS_ADD_PACKAGE:
        iv_buf_puts(sql, "INSERT INTO package(");
        iv_sets_add_columns(sets, sql, true, "", "", ", ");
        iv_buf_puts(sql, ", identity) VALUES(");
        add_places(sets, sql, true);
        iv_buf_puts(sql, ", ?)");
        return;
    case IV_SETS_LOAD_PACKAGES:
        iv_buf_puts(sql, "SELECT p.n, ");
        iv_sets_add_columns(sets, sql, true, "p.", "", ", ");
        iv_buf_puts(sql, ", ");
        iv_sets_add_columns(sets, sql, false, "i.", "", ", ");
        iv_buf_puts(sql, " FROM package AS p CROSS JOIN identity AS i ON i.n = p.identity"
                         " WHERE p.n BETWEEN ? AND ? ORDER BY p.n");
        return;
    case IV_SETS_FIND_SET:
        iv_buf_puts(sql, "SELECT n FROM package_set WHERE digest = ?");
        return;
    case IV_SETS_ADD_SET:
        iv_buf_puts(sql, "INSERT INTO package_set(digest, count, members) VALUES(?, ?, ?)");
        return;
    case IV_SETS_LOAD_SET:
        iv_buf_puts(sql, "SELECT n, digest, count, members FROM package_set WHERE n = ?");
        return;
    case IV_SETS_SQL_COUNT:
        break;
    }
}

/* Once for each connection. */
static bool prepare(struct iv_sets *sets, enum iv_sets_sql which, struct iv_query **ret_query,
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

/* By key, then by the bytes, so that two packages of one key have an order too. */
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
            iv_column_encode(&sets->encodings, &sets->columns[j], &packages[i]);
        }
        iv_buf_putc(&sets->encodings, '\0');
        lines[i] =
            (struct line){.package = &packages[i], .at = at, .size = sets->encodings.size - at};
    }
    for (size_t i = 0; i < count; i++) {
        /* Only now: the buffer has moved while it grew. */
        lines[i].bytes = sets->encodings.data + lines[i].at;
    }
    if (count > 1) {
        iv_sort(lines, count, sizeof(*lines), compare_line);
    }
    return lines;
}

/* The bytes are frozen: digests stand in users' stores. Every encoding ends with an empty name,
 * so lines cannot run into each other. */
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

/* Without touching the store: for a decision between two sets of facts. */
void iv_sets_digest(struct iv_sets *sets, const struct iv_package *packages, size_t count,
                    unsigned char ret_digest[IV_SHA256_SIZE])
{
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    digest_lines(encode_packages(sets, packages, count), count, ret_digest);
    iv_arena_reset(&sets->arena, mark);
}

/* --- members -------------------------------------------------------------------------------- */

/* 7 bits a byte, low ones first, 0x80: more follow. */
static void add_leb128(struct iv_buf *buf, uint64_t value)
{
    while (value >= 0x80) {
        iv_buf_putc(buf, (char)(value | 0x80));
        value >>= 7;
    }
    iv_buf_putc(buf, (char)value);
}

/* False at the end of the bytes, or for more than 63 bits: row numbers are positive. */
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

bool iv_sets_read_members(const struct iv_sets *sets, struct iv_query *query,
                          struct iv_arena *arena, struct iv_members *ret_members,
                          struct iv_error *err)
{
    size_t digest_size;
    size_t size;
    struct iv_members members = {0};
    int64_t set = iv_query_int(query, 0);
    const void *digest = iv_query_blob(query, 1, &digest_size);
    int64_t count = iv_query_int(query, 2);
    const unsigned char *bytes = iv_query_blob(query, 3, &size);
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

/* The row of a set. That it is missing is damage: somebody refers to it. */
static bool load_members(struct iv_sets *sets, int64_t set, struct iv_arena *arena,
                         struct iv_members *ret_members, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!prepare(sets, IV_SETS_LOAD_SET, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, set);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (!row) {
        return iv_db_damaged(sets->db, err, "package set %" PRId64 " is missing", set);
    }
    bool is_done = iv_sets_read_members(sets, query, arena, ret_members, err);
    iv_query_reset(query);
    return is_done;
}

/* What a set has under its number, without loading it. */
bool iv_sets_stored_digest(struct iv_sets *sets, int64_t set,
                           unsigned char ret_digest[IV_SHA256_SIZE], struct iv_error *err)
{
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    struct iv_members members = {0};
    bool is_done = load_members(sets, set, &sets->arena, &members, err);
    iv_arena_reset(&sets->arena, mark);
    if (is_done) {
        memcpy(ret_digest, members.digest, IV_SHA256_SIZE);
    }
    return is_done;
}

/* --- adding --------------------------------------------------------------------------------- */

/* Binds the columns of one table from parameter 1 on; returns the next parameter. */
static int bind_columns(const struct iv_sets *sets, struct iv_query *query, bool changing,
                        const struct iv_package *package)
{
    int at = 1;
    for (size_t i = 0; i < sets->column_count; i++) {
        if (sets->columns[i].is_changing == changing) {
            iv_column_bind(query, at++, &sets->columns[i], package);
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
    if (!prepare(sets, changing ? IV_SETS_FIND_PACKAGE : IV_SETS_FIND_IDENTITY, &query, err)) {
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
        if (!prepare(sets, changing ? IV_SETS_ADD_PACKAGE : IV_SETS_ADD_IDENTITY, &query, err)) {
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

/* `n`: row numbers, ascending. */
static bool insert_set(struct iv_sets *sets, const unsigned char digest[IV_SHA256_SIZE],
                       const int64_t *n, size_t count, int64_t *ret_set, struct iv_error *err)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_query *query;
    if (!prepare(sets, IV_SETS_ADD_SET, &query, err)) {
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

/* An equal set is there already in most cases: versions of one firmware share most of it, variants
 * all. */
static bool add_lines(struct iv_sets *sets, const struct line *lines, size_t count,
                      int64_t *ret_set, struct iv_error *err)
{
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_query *query;
    int64_t set = 0;
    digest_lines(lines, count, digest);
    if (!prepare(sets, IV_SETS_FIND_SET, &query, err)) {
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
        iv_sort(n, count, sizeof(*n), compare_number);
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

/* Columns stand as IV_SETS_LOAD_PACKAGES selects them: those of `package`, then of `identity`. */
static bool read_package(struct iv_sets *sets, struct iv_query *query, struct iv_arena *arena,
                         struct iv_package *ret_package, struct iv_error *err)
{
    int at = 1;
    bool is_sound = true;
    *ret_package = (struct iv_package){0};
    for (int changing = 1; changing >= 0; changing--) {
        for (size_t i = 0; i < sets->column_count; i++) {
            if (sets->columns[i].is_changing == (changing == 1) &&
                !iv_column_read(query, at++, &sets->columns[i], arena, ret_package)) {
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

/* The packages with `count` row numbers that are close together, in their order. */
static bool load_run(struct iv_sets *sets, const int64_t *wanted, size_t count,
                     struct iv_arena *arena, struct iv_package *packages, struct iv_error *err)
{
    struct iv_query *query;
    bool row = true;
    size_t i = 0;
    if (!prepare(sets, IV_SETS_LOAD_PACKAGES, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, wanted[0]);
    iv_query_bind_int(query, 2, wanted[count - 1]);
    while (i < count) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        int64_t n = row ? iv_query_int(query, 0) : INT64_MAX;
        if (n < wanted[i]) {
            continue;
        }
        if (n > wanted[i]) {
            iv_query_reset(query);
            return iv_db_damaged(sets->db, err, "package %" PRId64 " is missing", wanted[i]);
        }
        if (!read_package(sets, query, arena, &packages[i], err)) {
            return false;
        }
        for (i++; i < count && wanted[i] == n; i++) {
            packages[i] = packages[i - 1];
        }
    }
    iv_query_reset(query);
    return true;
}

/* Splits the members into runs of row numbers that are close together: one range query for each. */
static bool load_packages(struct iv_sets *sets, const struct iv_members *members,
                          struct iv_arena *arena, struct iv_package *packages, struct iv_error *err)
{
    for (size_t first = 0; first < members->count;) {
        size_t end = first + 1;
        while (end < members->count && members->n[end] - members->n[end - 1] <= GAP_MAX) {
            end++;
        }
        if (!load_run(sets, &members->n[first], end - first, arena, &packages[first], err)) {
            return false;
        }
        first = end;
    }
    return true;
}

bool iv_sets_load(struct iv_sets *sets, int64_t set, struct iv_arena *arena,
                  struct iv_package **ret_packages, size_t *ret_count, struct iv_error *err)
{
    struct iv_members members = {0};
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
