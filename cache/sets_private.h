/*
 * sets_private.h: what the parts of the package sets share. sets.c: adding and loading; column.c:
 * facts as values and as bytes; sets_verify.c: verification, and rows that nothing needs. For these
 * files alone.
 */
#ifndef IMGVAL_CACHE_SETS_PRIVATE_H
#define IMGVAL_CACHE_SETS_PRIVATE_H

#include "cache/column.h"
#include "cache/db.h"
#include "cache/sets.h"
#include "imgval/base/buf.h"

/* Statements that are prepared once, when they are first needed. */
enum iv_sets_sql {
    IV_SETS_FIND_IDENTITY,
    IV_SETS_ADD_IDENTITY,
    IV_SETS_FIND_PACKAGE,
    IV_SETS_ADD_PACKAGE,
    IV_SETS_LOAD_PACKAGES,
    IV_SETS_FIND_SET,
    IV_SETS_ADD_SET,
    IV_SETS_LOAD_SET,
    IV_SETS_SQL_COUNT,
};

struct iv_sets {
    struct iv_db *db;
    struct iv_query *queries[IV_SETS_SQL_COUNT];
    struct iv_column *columns;
    size_t column_count;
    struct iv_arena arena;   /* the columns; above them scratch of the call in hand */
    struct iv_buf encodings; /* of the packages of the call in hand */
};

/* A row of `package_set`: n are row numbers of `package`, ascending. */
struct iv_members {
    unsigned char digest[IV_SHA256_SIZE];
    int64_t *n;
    size_t count;
};

/* Reads a row of `package_set`: (n, digest, count, members). */
IV_MUST_USE bool iv_sets_read_members(const struct iv_sets *sets, struct iv_query *query,
                                      struct iv_arena *arena, struct iv_members *ret_members,
                                      struct iv_error *err);

/* "PREFIXcolumnSUFFIX" for the columns of one table, with `between` between them. */
void iv_sets_add_columns(const struct iv_sets *sets, struct iv_buf *sql, bool changing,
                         const char *prefix, const char *suffix, const char *between);

#endif
