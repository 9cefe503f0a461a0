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
};

static const struct iv_db_schema schema = {
    .what = "baseline store",
    .application_id = 0x49564253, /* "IVBS" */
    .steps = steps,
    .version = (int)IV_COUNT(steps),
};

/* How long to wait for another process that writes. */
#define WAIT_MILLISECONDS 10000

#define SELECT_SUBMISSION                                                                          \
    "SELECT s.n, s.id, s.firmware_version, s.imported, s.recorded, s.package_set,"                 \
    " (SELECT count FROM package_set WHERE n = s.package_set) FROM submission AS s "

static const char *const sql[] = {
    [IV_SQL_POP] = "SELECT n, touched, seal FROM pop WHERE oem = ? AND operator = ? AND model = ?",
    [IV_SQL_ADD_POP] = "INSERT INTO pop(oem, operator, model, touched) VALUES(?, ?, ?, ?)",
    [IV_SQL_TOUCH_POP] = "UPDATE pop SET touched = ?2 WHERE n = ?1 AND touched < ?2",
    [IV_SQL_UNSEAL_POP] = "UPDATE pop SET seal = NULL WHERE n = ?",
    [IV_SQL_SEAL_POP] = "UPDATE pop SET seal = ?2 WHERE n = ?1",
    [IV_SQL_UNSEALED_POPS] = "SELECT n FROM pop WHERE seal IS NULL",
    [IV_SQL_POP_NAMES] = "SELECT oem, operator, model FROM pop WHERE n = ?",
    [IV_SQL_BASELINES] =
        "SELECT s.id, s.firmware_version, s.imported, s.package_set"
        " FROM submission_pop AS m CROSS JOIN submission AS s ON s.n = m.submission"
        " WHERE m.pop = ? AND m.baseline = 1",
    [IV_SQL_BASELINE_POPS] = "SELECT oem, operator, model FROM pop WHERE EXISTS"
                             " (SELECT 1 FROM submission_pop AS m WHERE m.pop = pop.n"
                             " AND m.baseline = 1)",
    [IV_SQL_ALL_POPS] = "SELECT n, seal FROM pop ORDER BY n",
    [IV_SQL_BY_ID] = SELECT_SUBMISSION "WHERE s.id = ?",
    [IV_SQL_BY_PREFIX] = SELECT_SUBMISSION "WHERE s.id >= ?1 AND s.id < ?1 || 'g' ORDER BY s.id",
    [IV_SQL_BY_POP] = "SELECT s.id, s.firmware_version, m.baseline"
                      " FROM submission_pop AS m CROSS JOIN submission AS s ON s.n = m.submission"
                      " WHERE m.pop = ? ORDER BY s.id",
    [IV_SQL_ALL] = SELECT_SUBMISSION "ORDER BY s.n",
    [IV_SQL_POPS_OF] = "SELECT oem, operator, model, baseline, compliant FROM submission_pop"
                       " WHERE submission = ?",
    [IV_SQL_ADD] = "INSERT INTO submission(id, firmware_version, imported, recorded, package_set)"
                   " VALUES(?, ?, ?, ?, ?)",
    [IV_SQL_CHANGE] = "UPDATE submission SET firmware_version = ?2, imported = ?3, recorded = ?4,"
                      " package_set = ?5 WHERE n = ?1",
    [IV_SQL_MEMBERSHIP] = "SELECT oem, operator, model, baseline, compliant FROM submission_pop"
                          " WHERE pop = ? AND submission = ?",
    [IV_SQL_ADD_MEMBERSHIP] =
        "INSERT INTO submission_pop(pop, submission, baseline, compliant, oem,"
        " operator, model) VALUES(?, ?, ?, ?, ?, ?, ?)",
    [IV_SQL_CHANGE_MEMBERSHIP] =
        "UPDATE submission_pop SET baseline = ?3, compliant = ?4, oem = ?5,"
        " operator = ?6, model = ?7 WHERE pop = ?1 AND submission = ?2",
    [IV_SQL_DEMOTE] = "UPDATE submission_pop SET baseline = 0 WHERE pop = ?1 AND submission ="
                      " (SELECT n FROM submission WHERE id = ?2)",
    [IV_SQL_REMOVE_MEMBERSHIPS] = "DELETE FROM submission_pop WHERE submission = ?",
    [IV_SQL_REMOVE] = "DELETE FROM submission WHERE n = ?",
    [IV_SQL_REMOVE_POPS] = "DELETE FROM pop WHERE NOT EXISTS"
                           " (SELECT 1 FROM submission_pop AS m WHERE m.pop = pop.n)",
    [IV_SQL_CHECK_POP_TABLE] = "PRAGMA integrity_check(pop)",
};

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

static void close_queries(struct iv_store *store)
{
    for (size_t i = 0; i < IV_SQL_COUNT; i++) {
        iv_query_close(&store->queries[i]);
    }
    iv_sets_close(&store->sets);
}

void iv_store_close(struct iv_store **store)
{
    if (*store != NULL) {
        close_queries(*store);
        iv_db_close(&(*store)->db);
        free(*store);
        *store = NULL;
    }
}

bool iv_store_prepare(struct iv_store *store, enum iv_store_sql which, struct iv_query **ret_query,
                      struct iv_error *err)
{
    if (store->queries[which] == NULL &&
        !iv_query_open(store->db, sql[which], &store->queries[which], err)) {
        return false;
    }
    *ret_query = store->queries[which];
    return true;
}

bool iv_store_run_with(struct iv_store *store, enum iv_store_sql which, int64_t n,
                       struct iv_error *err)
{
    struct iv_query *query;
    if (!iv_store_prepare(store, which, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, n);
    return iv_query_run(query, err);
}

bool iv_store_begin(struct iv_store *store, struct iv_error *err)
{
    if (!iv_db_begin(store->db, err)) {
        return false;
    }
    store->has_garbage = false;
    store->is_writing = true;
    return true;
}

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
