/* The statements of the store, each prepared when it is first needed and kept until the connection
 * ends. All SQL about submissions and POPs is in this table (that about packages is made from their
 * fields, in sets.c), so what the program can do to the store can be read here. Values are always
 * parameters and never part of a text. */
#include "cache/store_private.h"

/* The columns that iv_store_read_row() reads, in its order. */
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
    [IV_SQL_POP_LOST] = "SELECT submission FROM submission_pop AS m WHERE NOT EXISTS"
                        " (SELECT 1 FROM pop WHERE pop.n = m.pop) LIMIT 1",
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
    [IV_SQL_TRAITS] = "SELECT traits FROM submission WHERE id = ?",
    [IV_SQL_SET_TRAITS] = "UPDATE submission SET traits = ?2 WHERE n = ?1",
    [IV_SQL_CHECK_POP_TABLE] = "PRAGMA integrity_check(pop)",
};

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

/* For statements with one parameter, a row number. */
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
