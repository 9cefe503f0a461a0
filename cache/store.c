/*
 * The store's schema and its transactions. All changes go through iv_store_begin() and
 * iv_store_commit(); the commit drops sets that nothing names any more and seals the lists of
 * baselines that were changed (store_pop.c), so that no state without seals is ever in the file.
 *
 * Three layers, each of which knows only the one below: the store (store_*.c: submissions, POPs,
 * seals, ids), sets of packages (sets*.c, column.c: facts in tables, equal sets once), and one
 * SQLite file (db.c: durability, migration, hostile files).
 */
#include "cache/store_private.h"

#include <stdlib.h>

/*
 * Schema. Version 1 is the first; a later one appends a step and never changes an old one.
 *
 * POPs are compared ASCII-folded, which is what NOCASE does: `pop` has each once, spelled as it was
 * first given; submission_pop keeps each submission's own spelling. pop.seal is a digest over the
 * POP's list of baselines, so that a list from which damage took a row is not believed.
 */
static const char *const steps[] = {
    IV_SETS_SCHEMA_1 "CREATE TABLE submission("
                     "    n INTEGER PRIMARY KEY,"
                     "    id TEXT NOT NULL UNIQUE,"
                     "    firmware_version TEXT NOT NULL,"
                     "    imported INTEGER NOT NULL,"
                     "    recorded INTEGER NOT NULL,"
                     "    package_set INTEGER NOT NULL REFERENCES package_set(n));"
                     "CREATE INDEX submission_by_set ON submission(package_set);"
                     "CREATE TABLE pop("
                     "    n INTEGER PRIMARY KEY,"
                     "    oem TEXT NOT NULL COLLATE NOCASE,"
                     "    operator TEXT NOT NULL COLLATE NOCASE,"
                     "    model TEXT NOT NULL COLLATE NOCASE,"
                     "    touched INTEGER NOT NULL,"
                     "    seal BLOB,"
                     "    UNIQUE(oem, operator, model));"
                     "CREATE TABLE submission_pop("
                     "    pop INTEGER NOT NULL REFERENCES pop(n),"
                     "    submission INTEGER NOT NULL REFERENCES submission(n),"
                     "    baseline INTEGER NOT NULL,"
                     "    compliant INTEGER NOT NULL,"
                     "    oem TEXT NOT NULL,"
                     "    operator TEXT NOT NULL,"
                     "    model TEXT NOT NULL,"
                     "    PRIMARY KEY(pop, submission)) WITHOUT ROWID;"
                     "CREATE INDEX submission_pop_by_submission ON submission_pop(submission);",
    "ALTER TABLE submission ADD COLUMN traits BLOB;", /* store_traits.c */
};

static const struct iv_db_schema schema = {
    .what = "baseline store",
    .application_id = 0x49564253, /* "IVBS" */
    .steps = steps,
    .version = (int)IV_COUNT(steps),
};

/* How long to wait for another process that writes. */
#define WAIT_MILLISECONDS 10000

/* What the modes mean is in store.h; here they become ways to open a file. */
bool iv_store_open(const char *path, enum iv_store_mode mode, struct iv_store **ret_store,
                   struct iv_error *err)
{
    static const enum iv_db_access access[] = {
        [IV_STORE_READ] = IV_DB_READ,
        [IV_STORE_WRITE] = IV_DB_WRITE,
        [IV_STORE_CREATE] = IV_DB_CREATE,
    };
    struct iv_db *db;
    if (!iv_db_open(path, &schema, access[mode], WAIT_MILLISECONDS, &db, err)) {
        return false;
    }
    struct iv_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        iv_out_of_memory();
    }
    store->db = db;
    store->sets = iv_sets_open(db);
    *ret_store = store;
    return true;
}

/* Queries belong to a connection: they are closed before it is, and before a new file is
 * published. */
static void close_queries(struct iv_store *store)
{
    for (size_t i = 0; i < IV_SQL_COUNT; i++) {
        iv_query_close(&store->queries[i]);
    }
    iv_sets_close(&store->sets);
}

/* An open transaction is undone by db.c: a verb that failed leaves nothing. */
void iv_store_close(struct iv_store **store)
{
    if (*store != NULL) {
        close_queries(*store);
        iv_db_close(&(*store)->db);
        free(*store);
        *store = NULL;
    }
}

/* Nobody else writes from here on, so what is read now is still true at the commit. */
bool iv_store_begin(struct iv_store *store, struct iv_error *err)
{
    if (!iv_db_begin(store->db, err)) {
        return false;
    }
    store->has_garbage = false;
    store->is_writing = true;
    return true;
}

/* The first row is enough of an answer. */
static bool is_without_submission(struct iv_store *store, bool *ret_is_empty, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_ALL, &query, err) || !iv_query_next(query, &row, err)) {
        return false;
    }
    iv_query_reset(query);
    *ret_is_empty = !row;
    return true;
}

/* An empty store would turn "no store" into "first baseline": a new one comes with a submission. */
bool iv_store_commit(struct iv_store *store, struct iv_error *err)
{
    if (store->has_garbage && !iv_sets_collect(store->sets, err)) {
        return false;
    }

    bool is_new = iv_db_is_new(store->db);
    bool is_empty = false;
    if (!iv_store_seal_pops(store, err) ||
        (is_new && !is_without_submission(store, &is_empty, err))) {
        return false;
    }

    if (is_new && !is_empty) {
        close_queries(store); /* they are of the file under its temporary name */
        store->sets = iv_sets_open(store->db);
    }

    if (is_empty ? !iv_db_undo(store->db, err) : !iv_db_commit(store->db, err)) {
        return false;
    }
    store->has_garbage = false;
    store->is_writing = false;
    return true;
}
