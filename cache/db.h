/*
 * db.h: one SQLite file: opening, identity, migration, statements, transactions. The only module
 * that knows SQLite; it knows nothing of what the tables mean.
 *
 * The file is the user's data and may have been made by anybody: it is recognised by its header
 * before SQLite touches it, views and triggers in it never run, and every value that is read is
 * checked for its type. Error codes are those of store.h; every text names the file.
 */
#ifndef IMGVAL_CACHE_DB_H
#define IMGVAL_CACHE_DB_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_db;    /* an open file */
struct iv_query; /* a prepared statement */

/* What kind of file it is, and how each version of it is made from the one before. */
struct iv_db_schema {
    const char *what;         /* in messages: "baseline store" */
    uint32_t application_id;  /* in the file's header */
    const char *const *steps; /* steps[n]: the SQL that makes version n + 1 from version n */
    int version;              /* the number of steps: the version that the code works with */
    bool is_unchecked;        /* tables are not compared with those of the steps: for tests that
                                 damage them */
};

enum iv_db_access {
    IV_DB_READ,   /* read-only, one snapshot from open to close; an older version is migrated in a
                     copy in memory */
    IV_DB_WRITE,  /* an existing file; an older version is migrated */
    IV_DB_CREATE, /* as WRITE; a missing file is made by the first commit: until then it has
                     another name (newfile.h), and it goes when it is closed before */
};

/* wait: how long to wait for a lock, in milliseconds. */
IV_MUST_USE bool iv_db_open(const char *path, const struct iv_db_schema *schema,
                            enum iv_db_access access, unsigned wait, struct iv_db **ret_db,
                            struct iv_error *err);
/* An open transaction is undone. Every query has been closed before. */
void iv_db_close(struct iv_db **db);

/* BEGIN IMMEDIATE: nobody else writes from here to the commit. */
IV_MUST_USE bool iv_db_begin(struct iv_db *db, struct iv_error *err);
/*
 * When the file is new (every query has been closed before): what was written is durable, and then
 * the file gets its name. IV_ERROR_AGAIN: another process made the file meanwhile. Nothing of this
 * one is in it, so close it and do all again.
 */
IV_MUST_USE bool iv_db_commit(struct iv_db *db, struct iv_error *err);
IV_MUST_USE bool iv_db_undo(struct iv_db *db, struct iv_error *err);
/* Whether the file has yet to be made by a commit. */
bool iv_db_is_new(const struct iv_db *db);
/* The rowid of the last row inserted. */
int64_t iv_db_last_row(const struct iv_db *db);

/* Sets IV_ERROR_STORE: "PATH: the baseline store is damaged: ...". Returns false. */
bool iv_db_damaged(const struct iv_db *db, struct iv_error *err, const char *fmt, ...)
    IV_PRINTF(3, 4);
const char *iv_db_path(const struct iv_db *db);

IV_MUST_USE bool iv_query_open(struct iv_db *db, const char *sql, struct iv_query **ret_query,
                               struct iv_error *err);
void iv_query_close(struct iv_query **query); /* for IV_CLEANUP; *query may be NULL */

/*
 * Values for the parameters, from 1. Text and bytes are borrowed until the query has ended or was
 * reset. Text that is not valid UTF-8 is kept as a BLOB of the same bytes, so that it comes back
 * exactly; NULL is NULL.
 */
void iv_query_bind_int(struct iv_query *query, int at, int64_t value);
void iv_query_bind_text(struct iv_query *query, int at, const char *text);
void iv_query_bind_blob(struct iv_query *query, int at, const void *bytes, size_t size);

/* The next row, or the end; then the query may be run again with new values. */
IV_MUST_USE bool iv_query_next(struct iv_query *query, bool *ret_row, struct iv_error *err);
/* Runs it to its end; rows are of no interest. */
IV_MUST_USE bool iv_query_run(struct iv_query *query, struct iv_error *err);
/* Ends it early. */
void iv_query_reset(struct iv_query *query);

/*
 * Columns of the row in hand, from 0. A value of another type than asked for gives 0, NULL or false
 * and is remembered: look at iv_query_is_sound() once after the row was read.
 */
bool iv_query_is_null(struct iv_query *query, int column);
int64_t iv_query_int(struct iv_query *query, int column);
bool iv_query_bool(struct iv_query *query, int column);
char *iv_query_text(struct iv_query *query, int column, struct iv_arena *arena);
char *iv_query_text_or_null(struct iv_query *query, int column, struct iv_arena *arena);
/* Borrowed until the next step. NULL: not a BLOB, or empty. */
const void *iv_query_blob(struct iv_query *query, int column, size_t *ret_size);

/* False (IV_ERROR_STORE) when a value since the last call was malformed; the next row may be read.
 */
IV_MUST_USE bool iv_query_is_sound(struct iv_query *query, struct iv_error *err);

/* Appends the name and version of the library that is linked: "SQLite 3.40.1". */
void iv_db_library(struct iv_buf *buf);

#endif
