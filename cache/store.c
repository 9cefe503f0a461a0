#include "cache/store.h"

#include "cache/db.h"
#include "cache/sets.h"
#include "imgval/base/buf.h"
#include "imgval/base/sha256.h"
#include "imgval/base/text.h"
#include "imgval/model/submission.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

#define ID_LENGTH (IV_SHA256_HEX_SIZE - 1)
#define PREFIX_MIN 4
/* So many ids are listed for an ambiguous name. */
#define LISTED_MAX 8

enum query {
    QUERY_POP,
    QUERY_ADD_POP,
    QUERY_TOUCH_POP,
    QUERY_UNSEAL_POP,
    QUERY_SEAL_POP,
    QUERY_UNSEALED_POPS,
    QUERY_POP_NAMES,
    QUERY_BASELINES,
    QUERY_BASELINE_POPS,
    QUERY_ALL_POPS,
    QUERY_BY_ID,
    QUERY_BY_PREFIX,
    QUERY_BY_POP,
    QUERY_ALL,
    QUERY_POPS_OF,
    QUERY_ADD,
    QUERY_CHANGE,
    QUERY_MEMBERSHIP,
    QUERY_ADD_MEMBERSHIP,
    QUERY_CHANGE_MEMBERSHIP,
    QUERY_DEMOTE,
    QUERY_REMOVE_MEMBERSHIPS,
    QUERY_REMOVE,
    QUERY_REMOVE_POPS,
    QUERY_CHECK_POP_TABLE,
    QUERIES,
};

#define SELECT_SUBMISSION                                                                          \
    "SELECT s.n, s.id, s.firmware_version, s.imported, s.recorded, s.package_set,"                 \
    " (SELECT count FROM package_set WHERE n = s.package_set) FROM submission AS s "

static const char *const sql[] = {
    [QUERY_POP] = "SELECT n, touched, seal FROM pop WHERE oem = ? AND operator = ? AND model = ?",
    [QUERY_ADD_POP] = "INSERT INTO pop(oem, operator, model, touched) VALUES(?, ?, ?, ?)",
    [QUERY_TOUCH_POP] = "UPDATE pop SET touched = ?2 WHERE n = ?1 AND touched < ?2",
    [QUERY_UNSEAL_POP] = "UPDATE pop SET seal = NULL WHERE n = ?",
    [QUERY_SEAL_POP] = "UPDATE pop SET seal = ?2 WHERE n = ?1",
    [QUERY_UNSEALED_POPS] = "SELECT n FROM pop WHERE seal IS NULL",
    [QUERY_POP_NAMES] = "SELECT oem, operator, model FROM pop WHERE n = ?",
    [QUERY_BASELINES] = "SELECT s.id, s.firmware_version, s.imported, s.package_set"
                        " FROM submission_pop AS m CROSS JOIN submission AS s ON s.n = m.submission"
                        " WHERE m.pop = ? AND m.baseline = 1",
    [QUERY_BASELINE_POPS] = "SELECT oem, operator, model FROM pop WHERE EXISTS"
                            " (SELECT 1 FROM submission_pop AS m WHERE m.pop = pop.n"
                            " AND m.baseline = 1)",
    [QUERY_ALL_POPS] = "SELECT n, seal FROM pop ORDER BY n",
    [QUERY_BY_ID] = SELECT_SUBMISSION "WHERE s.id = ?",
    [QUERY_BY_PREFIX] = SELECT_SUBMISSION "WHERE s.id >= ?1 AND s.id < ?1 || 'g' ORDER BY s.id",
    [QUERY_BY_POP] = "SELECT s.id, s.firmware_version, m.baseline"
                     " FROM submission_pop AS m CROSS JOIN submission AS s ON s.n = m.submission"
                     " WHERE m.pop = ? ORDER BY s.id",
    [QUERY_ALL] = SELECT_SUBMISSION "ORDER BY s.n",
    [QUERY_POPS_OF] = "SELECT oem, operator, model, baseline, compliant FROM submission_pop"
                      " WHERE submission = ?",
    [QUERY_ADD] = "INSERT INTO submission(id, firmware_version, imported, recorded, package_set)"
                  " VALUES(?, ?, ?, ?, ?)",
    [QUERY_CHANGE] = "UPDATE submission SET firmware_version = ?2, imported = ?3, recorded = ?4,"
                     " package_set = ?5 WHERE n = ?1",
    [QUERY_MEMBERSHIP] = "SELECT oem, operator, model, baseline, compliant FROM submission_pop"
                         " WHERE pop = ? AND submission = ?",
    [QUERY_ADD_MEMBERSHIP] = "INSERT INTO submission_pop(pop, submission, baseline, compliant, oem,"
                             " operator, model) VALUES(?, ?, ?, ?, ?, ?, ?)",
    [QUERY_CHANGE_MEMBERSHIP] = "UPDATE submission_pop SET baseline = ?3, compliant = ?4, oem = ?5,"
                                " operator = ?6, model = ?7 WHERE pop = ?1 AND submission = ?2",
    [QUERY_DEMOTE] = "UPDATE submission_pop SET baseline = 0 WHERE pop = ?1 AND submission ="
                     " (SELECT n FROM submission WHERE id = ?2)",
    [QUERY_REMOVE_MEMBERSHIPS] = "DELETE FROM submission_pop WHERE submission = ?",
    [QUERY_REMOVE] = "DELETE FROM submission WHERE n = ?",
    [QUERY_REMOVE_POPS] = "DELETE FROM pop WHERE NOT EXISTS"
                          " (SELECT 1 FROM submission_pop AS m WHERE m.pop = pop.n)",
    [QUERY_CHECK_POP_TABLE] = "PRAGMA integrity_check(pop)",
};

struct iv_store {
    struct iv_db *db;
    struct iv_sets *sets;
    struct iv_query *queries[QUERIES];
    bool is_writing;  /* in a transaction */
    bool has_garbage; /* a set may have lost its last submission in this transaction */
};

/* A row of `submission`. */
struct row {
    int64_t n;
    struct iv_record record; /* without POPs and packages */
    int64_t set;
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
    for (size_t i = 0; i < QUERIES; i++) {
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

static bool prepare(struct iv_store *store, enum query which, struct iv_query **ret_query,
                    struct iv_error *err)
{
    if (store->queries[which] == NULL &&
        !iv_query_open(store->db, sql[which], &store->queries[which], err)) {
        return false;
    }
    *ret_query = store->queries[which];
    return true;
}

/* Runs a statement that takes one number and gives nothing. */
static bool run_with(struct iv_store *store, enum query which, int64_t n, struct iv_error *err)
{
    struct iv_query *query;
    if (!prepare(store, which, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, n);
    return iv_query_run(query, err);
}

/* --- POPs ----------------------------------------------------------------------------------- */

static void bind_pop(struct iv_query *query, int at, const struct iv_pop *pop)
{
    iv_query_bind_text(query, at, pop->oem);
    iv_query_bind_text(query, at + 1, pop->mobile_operator);
    iv_query_bind_text(query, at + 2, pop->model);
}

static struct iv_pop read_pop(struct iv_query *query, int column, struct iv_arena *arena)
{
    return (struct iv_pop){
        .oem = iv_query_text(query, column, arena),
        .mobile_operator = iv_query_text(query, column + 1, arena),
        .model = iv_query_text(query, column + 2, arena),
    };
}

struct pop_row {
    int64_t n; /* 0: there is none */
    int64_t touched;
    bool has_seal; /* it has none between a change and the commit */
    unsigned char seal[IV_SHA256_SIZE];
};

/* False: the seal has a wrong size. */
static bool read_seal(struct iv_query *query, int column, bool *ret_has_seal,
                      unsigned char ret_seal[IV_SHA256_SIZE])
{
    size_t size;
    *ret_has_seal = false;
    if (iv_query_is_null(query, column)) {
        return true;
    }
    const void *seal = iv_query_blob(query, column, &size);
    if (size != IV_SHA256_SIZE) {
        return false;
    }
    memcpy(ret_seal, seal, IV_SHA256_SIZE);
    *ret_has_seal = true;
    return true;
}

static bool find_pop(struct iv_store *store, const struct iv_pop *pop, struct pop_row *ret_pop,
                     struct iv_error *err)
{
    struct iv_query *query;
    struct pop_row found = {0};
    bool row = false;
    if (!prepare(store, QUERY_POP, &query, err)) {
        return false;
    }
    bind_pop(query, 1, pop);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (row) {
        found.n = iv_query_int(query, 0);
        found.touched = iv_query_int(query, 1);
        bool has_size = read_seal(query, 2, &found.has_seal, found.seal);
        if (!iv_query_is_sound(query, err)) {
            return false;
        }
        iv_query_reset(query);
        if (!has_size || (!found.has_seal && !store->is_writing)) {
            return iv_db_damaged(store->db, err, "POP %" PRId64 " has no seal", found.n);
        }
    }
    *ret_pop = found;
    return true;
}

/* A POP that is not there: is the table whole? Else a damaged one would mean "first baseline". */
static bool check_pop_table(struct iv_store *store, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_query *query;
    bool row = false;
    iv_arena_init(&arena);
    if (!prepare(store, QUERY_CHECK_POP_TABLE, &query, err) || !iv_query_next(query, &row, err)) {
        return false;
    }
    const char *text = row ? iv_query_text(query, 0, &arena) : NULL;
    iv_query_reset(query);
    if (text == NULL || strcmp(text, "ok") != 0) {
        return iv_db_damaged(store->db, err, "table pop: %s", text != NULL ? text : "no answer");
    }
    return true;
}

static bool ensure_pop(struct iv_store *store, const struct iv_pop *pop, int64_t touched,
                       struct pop_row *ret_pop, struct iv_error *err)
{
    struct iv_query *query;
    struct pop_row found;
    if (!find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0) {
        if (!prepare(store, QUERY_ADD_POP, &query, err)) {
            return false;
        }
        bind_pop(query, 1, pop);
        iv_query_bind_int(query, 4, touched);
        if (!iv_query_run(query, err)) {
            return false;
        }
        found = (struct pop_row){.n = iv_db_last_row(store->db), .touched = touched};
    } else {
        if (!prepare(store, QUERY_TOUCH_POP, &query, err)) {
            return false;
        }
        iv_query_bind_int(query, 1, found.n);
        iv_query_bind_int(query, 2, touched);
        if (!iv_query_run(query, err)) {
            return false;
        }
    }
    *ret_pop = found;
    return true;
}

/* --- baselines ------------------------------------------------------------------------------ */

static int compare_baseline(const void *a, const void *b)
{
    const struct iv_baseline *x = a;
    const struct iv_baseline *y = b;
    int order = iv_version_compare(x->number, y->number);
    return order != 0 ? order : strcmp(x->id, y->id);
}

static struct iv_version number_of(const char *firmware_version)
{
    struct iv_version number = {0};
    if (!iv_version_parse(firmware_version, &number)) {
        number = (struct iv_version){0};
    }
    return number;
}

static bool load_baselines(struct iv_store *store, int64_t pop, struct iv_arena *arena,
                           struct iv_baseline **ret_baselines, size_t *ret_count,
                           struct iv_error *err)
{
    struct iv_query *query;
    struct iv_baseline *baselines = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!prepare(store, QUERY_BASELINES, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, pop);
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        struct iv_baseline baseline = {
            .id = iv_query_text(query, 0, arena),
            .firmware_version = iv_query_text(query, 1, arena),
            .imported = iv_query_bool(query, 2),
            .set_token = iv_query_int(query, 3),
        };
        if (!iv_query_is_sound(query, err)) {
            return false;
        }
        baseline.number = number_of(baseline.firmware_version);
        baselines = iv_arena_grow(arena, baselines, count, &capacity, sizeof(*baselines));
        baselines[count++] = baseline;
    }
    if (count > 1) {
        qsort(baselines, count, sizeof(*baselines), compare_baseline);
    }
    *ret_baselines = baselines;
    *ret_count = count;
    return true;
}

/* The seal of a POP: over its folded name and its sorted baselines. */
static void compute_seal(const struct iv_pop *pop, const struct iv_baseline *baselines,
                         size_t count, struct iv_arena *arena,
                         unsigned char ret_seal[IV_SHA256_SIZE])
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, "imgval-seal/1");
    iv_sha256_add_field(sha, iv_ascii_fold(arena, pop->oem));
    iv_sha256_add_field(sha, iv_ascii_fold(arena, pop->mobile_operator));
    iv_sha256_add_field(sha, iv_ascii_fold(arena, pop->model));
    for (size_t i = 0; i < count; i++) {
        unsigned char numbers[9] = {baselines[i].imported};
        for (size_t j = 0; j < 8; j++) {
            numbers[j + 1] = (unsigned char)((uint64_t)baselines[i].set_token >> (8 * j));
        }
        iv_sha256_add(sha, numbers, sizeof(numbers));
        iv_sha256_add_field(sha, baselines[i].id);
        iv_sha256_add_field(sha, baselines[i].firmware_version);
    }
    iv_sha256_close(sha, ret_seal);
}

static bool is_sealed(const struct iv_store *store, const struct iv_pop *pop,
                      const struct pop_row *found, const unsigned char seal[IV_SHA256_SIZE],
                      struct iv_error *err)
{
    if (found->has_seal && memcmp(seal, found->seal, IV_SHA256_SIZE) != 0) {
        return iv_db_damaged(store->db, err,
                             "the list of baselines of %s/%s/%s is not what was written", pop->oem,
                             pop->mobile_operator, pop->model);
    }
    return true;
}

bool iv_store_baselines(struct iv_store *store, const struct iv_pop *pop, struct iv_arena *arena,
                        struct iv_baseline **ret_baselines, size_t *ret_count, int64_t *ret_touched,
                        struct iv_error *err)
{
    struct pop_row found;
    struct iv_baseline *baselines = NULL;
    size_t count = 0;
    if (!find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0) {
        if (!check_pop_table(store, err)) {
            return false;
        }
    } else {
        unsigned char seal[IV_SHA256_SIZE];
        if (!load_baselines(store, found.n, arena, &baselines, &count, err)) {
            return false;
        }
        compute_seal(pop, baselines, count, arena, seal);
        if (!is_sealed(store, pop, &found, seal, err)) {
            return false;
        }
    }
    *ret_baselines = baselines;
    *ret_count = count;
    *ret_touched = found.touched;
    return true;
}

bool iv_store_load_set(struct iv_store *store, struct iv_baseline *baseline, struct iv_arena *arena,
                       struct iv_error *err)
{
    struct iv_package *packages;
    size_t count;
    if (!iv_sets_load(store->sets, baseline->set_token, arena, &packages, &count, err)) {
        return false;
    }
    iv_set_build(packages, count, arena, &baseline->set);
    baseline->set_loaded = true;
    return true;
}

static int compare_pop(const void *a, const void *b)
{
    return iv_pop_compare(a, b);
}

bool iv_store_baseline_pops(struct iv_store *store, struct iv_arena *arena,
                            struct iv_pop **ret_pops, size_t *ret_count, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_pop *pops = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!prepare(store, QUERY_BASELINE_POPS, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            pops = iv_arena_grow(arena, pops, count, &capacity, sizeof(*pops));
            pops[count++] = read_pop(query, 0, arena);
            if (!iv_query_is_sound(query, err)) {
                return false;
            }
        }
    }
    if (count > 1) {
        qsort(pops, count, sizeof(*pops), compare_pop);
    }
    *ret_pops = pops;
    *ret_count = count;
    return true;
}

/* --- records -------------------------------------------------------------------------------- */

static bool read_row(struct iv_query *query, struct iv_arena *arena, struct row *ret_row,
                     struct iv_error *err)
{
    struct row row = {
        .n = iv_query_int(query, 0),
        .record = {.id = iv_query_text(query, 1, arena),
                   .firmware_version = iv_query_text(query, 2, arena),
                   .imported = iv_query_bool(query, 3),
                   .recorded = iv_query_int(query, 4),
                   .package_count = (size_t)iv_query_int(query, 6)},
        .set = iv_query_int(query, 5),
    };
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    row.record.number = number_of(row.record.firmware_version);
    *ret_row = row;
    return true;
}

static int compare_record_pop(const void *a, const void *b)
{
    const struct iv_record_pop *x = a;
    const struct iv_record_pop *y = b;
    return iv_pop_compare(&x->pop, &y->pop);
}

static bool load_pops(struct iv_store *store, int64_t submission, struct iv_arena *arena,
                      struct iv_record *record, struct iv_error *err)
{
    struct iv_query *query;
    size_t capacity = 0;
    bool row = true;
    if (!prepare(store, QUERY_POPS_OF, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, submission);
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            record->pops = iv_arena_grow(arena, record->pops, record->pop_count, &capacity,
                                         sizeof(*record->pops));
            record->pops[record->pop_count++] = (struct iv_record_pop){
                .pop = read_pop(query, 0, arena),
                .baseline = iv_query_bool(query, 3),
                .compliant = iv_query_bool(query, 4),
            };
            if (!iv_query_is_sound(query, err)) {
                return false;
            }
        }
    }
    if (record->pop_count > 1) {
        qsort(record->pops, record->pop_count, sizeof(*record->pops), compare_record_pop);
    }
    return true;
}

/* POPs, and packages on demand, of a row. */
static bool complete_record(struct iv_store *store, struct row *row, bool with_packages,
                            struct iv_arena *arena, struct iv_error *err)
{
    return load_pops(store, row->n, arena, &row->record, err) &&
           (!with_packages || iv_sets_load(store->sets, row->set, arena, &row->record.packages,
                                           &row->record.package_count, err));
}

/* n is 0 when there is none. */
static bool find_by_id(struct iv_store *store, const char *id, struct iv_arena *arena,
                       struct row *ret_row, struct iv_error *err)
{
    struct iv_query *query;
    struct row found = {0};
    bool row = false;
    if (!prepare(store, QUERY_BY_ID, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, id);
    if (!iv_query_next(query, &row, err) || (row && !read_row(query, arena, &found, err))) {
        return false;
    }
    iv_query_reset(query);
    *ret_row = found;
    return true;
}

static int compare_record(const void *a, const void *b)
{
    const struct iv_record *x = a;
    const struct iv_record *y = b;
    if (x->pop_count == 0 || y->pop_count == 0) {
        int order = (x->pop_count > 0) - (y->pop_count > 0);
        if (order != 0) {
            return order;
        }
    } else {
        int order = compare_record_pop(&x->pops[0], &y->pops[0]);
        if (order != 0) {
            return order;
        }
    }
    int order = iv_version_compare(x->number, y->number);
    return order != 0 ? order : strcmp(x->id, y->id);
}

bool iv_store_list(struct iv_store *store, bool with_packages, struct iv_arena *arena,
                   struct iv_record **ret_records, size_t *ret_count, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_record *records = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!prepare(store, QUERY_ALL, &query, err)) {
        return false;
    }
    while (row) {
        struct row found;
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        if (!read_row(query, arena, &found, err) ||
            !complete_record(store, &found, with_packages, arena, err)) {
            iv_query_reset(query);
            return false;
        }
        records = iv_arena_grow(arena, records, count, &capacity, sizeof(*records));
        records[count++] = found.record;
    }
    if (count > 1) {
        qsort(records, count, sizeof(*records), compare_record);
    }
    *ret_records = records;
    *ret_count = count;
    return true;
}

/* --- finding -------------------------------------------------------------------------------- */

/* The ids that a name may mean. */
struct matches {
    const char *first;
    size_t count;
    struct iv_buf list;
};

static void add_match(struct matches *matches, const char *id)
{
    if (matches->count == 0) {
        matches->first = id;
    }
    if (matches->count < LISTED_MAX) {
        iv_buf_printf(&matches->list, "%s%s", matches->count > 0 ? ", " : "", id);
    }
    matches->count++;
}

static bool match_prefix(struct iv_store *store, const char *prefix, struct iv_arena *arena,
                         struct matches *matches, struct iv_error *err)
{
    struct iv_query *query;
    bool row = true;
    if (!prepare(store, QUERY_BY_PREFIX, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, prefix);
    while (row) {
        struct row found;
        if (!iv_query_next(query, &row, err) || (row && !read_row(query, arena, &found, err))) {
            return false;
        }
        if (row) {
            add_match(matches, found.record.id);
        }
    }
    return true;
}

/* Splits OEM/OPERATOR/MODEL@VERSION; false when the name has another form. */
static bool split_name(const char *name, struct iv_arena *arena, struct iv_pop *ret_pop,
                       const char **ret_version)
{
    char *copy = iv_arena_strdup(arena, name);
    char *at = strrchr(copy, '@');
    char *first = strchr(copy, '/');
    char *second = first != NULL ? strchr(first + 1, '/') : NULL;
    if (at == NULL || second == NULL || second > at || strchr(second + 1, '/') != NULL) {
        return false;
    }
    *first = '\0';
    *second = '\0';
    *at = '\0';
    *ret_pop = (struct iv_pop){.oem = copy, .mobile_operator = first + 1, .model = second + 1};
    *ret_version = at + 1;
    return true;
}

static bool is_same_version(const char *a, const char *b)
{
    struct iv_version x;
    struct iv_version y;
    if (iv_version_parse(a, &x) && iv_version_parse(b, &y)) {
        return iv_version_compare(x, y) == 0;
    }
    return strcmp(a, b) == 0;
}

static bool match_pop(struct iv_store *store, const struct iv_pop *pop, const char *version,
                      struct iv_arena *arena, struct matches *baselines, struct matches *others,
                      struct iv_error *err)
{
    struct iv_query *query;
    struct pop_row found;
    bool row = true;
    if (!find_pop(store, pop, &found, err) || !prepare(store, QUERY_BY_POP, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, found.n);
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        const char *id = iv_query_text(query, 0, arena);
        const char *firmware_version = iv_query_text(query, 1, arena);
        bool is_baseline = iv_query_bool(query, 2);
        if (!iv_query_is_sound(query, err)) {
            return false;
        }
        if (is_same_version(firmware_version, version)) {
            add_match(is_baseline ? baselines : others, id);
        }
    }
    return true;
}

static void fini_matches(struct matches *matches)
{
    iv_buf_fini(&matches->list);
}

static bool take_match(struct iv_store *store, const char *name, const struct matches *matches,
                       struct iv_arena *arena, struct iv_record *ret_record, struct iv_error *err)
{
    if (matches->count == 0) {
        return iv_error_set(err, IV_ERROR_ABSENT,
                            "%s: no submission '%s' in the store (an id, %d or more digits of one, "
                            "or OEM/OPERATOR/MODEL@VERSION)",
                            iv_db_path(store->db), name, PREFIX_MIN);
    }
    if (matches->count > 1) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: '%s' may mean %zu submissions: %s%s",
                            iv_db_path(store->db), name, matches->count,
                            iv_buf_text(&matches->list),
                            matches->count > LISTED_MAX ? ", ..." : "");
    }
    struct row row;
    if (!find_by_id(store, matches->first, arena, &row, err)) {
        return false;
    }
    if (row.n == 0) {
        return iv_db_damaged(store->db, err, "submission %s is not in the index", matches->first);
    }
    if (!complete_record(store, &row, true, arena, err)) {
        return false;
    }
    *ret_record = row.record;
    return true;
}

bool iv_store_find(struct iv_store *store, const char *name, struct iv_arena *arena,
                   struct iv_record *ret_record, struct iv_error *err)
{
    struct matches matches IV_CLEANUP(fini_matches) = {0};
    struct matches others IV_CLEANUP(fini_matches) = {0};
    struct iv_pop pop;
    const char *version;
    size_t length = strlen(name);
    const char *folded = iv_ascii_fold(arena, name);
    if (length >= PREFIX_MIN && length <= ID_LENGTH &&
        strspn(folded, "0123456789abcdef") == length) {
        if (!match_prefix(store, folded, arena, &matches, err)) {
            return false;
        }
    } else if (split_name(name, arena, &pop, &version) &&
               !match_pop(store, &pop, version, arena, &matches, &others, err)) {
        return false;
    }
    return take_match(store, name, matches.count > 0 ? &matches : &others, arena, ret_record, err);
}

/* --- writing -------------------------------------------------------------------------------- */

bool iv_store_begin(struct iv_store *store, struct iv_error *err)
{
    if (!iv_db_begin(store->db, err)) {
        return false;
    }
    store->has_garbage = false;
    store->is_writing = true;
    return true;
}

static bool pop_names(struct iv_store *store, int64_t n, struct iv_arena *arena,
                      struct iv_pop *ret_pop, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!prepare(store, QUERY_POP_NAMES, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, n);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (!row) {
        return iv_db_damaged(store->db, err, "POP %" PRId64 " is missing", n);
    }
    struct iv_pop pop = read_pop(query, 0, arena);
    bool is_sound = iv_query_is_sound(query, err);
    iv_query_reset(query);
    if (is_sound) {
        *ret_pop = pop;
    }
    return is_sound;
}

static bool seal_pop(struct iv_store *store, int64_t n, struct iv_arena *arena,
                     unsigned char ret_seal[IV_SHA256_SIZE], struct iv_error *err)
{
    struct iv_pop pop;
    struct iv_baseline *baselines;
    size_t count;
    if (!pop_names(store, n, arena, &pop, err) ||
        !load_baselines(store, n, arena, &baselines, &count, err)) {
        return false;
    }
    compute_seal(&pop, baselines, count, arena, ret_seal);
    return true;
}

/* Before the first change to a POP: a broken seal must not be replaced by a fresh one. */
static bool unseal_pop(struct iv_store *store, const struct iv_pop *pop, struct iv_arena *arena,
                       struct iv_error *err)
{
    struct pop_row found;
    unsigned char seal[IV_SHA256_SIZE];
    if (!find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0 || !found.has_seal) {
        return true;
    }
    return seal_pop(store, found.n, arena, seal, err) && is_sealed(store, pop, &found, seal, err) &&
           run_with(store, QUERY_UNSEAL_POP, found.n, err);
}

static bool unseal_pops(struct iv_store *store, const struct iv_record *record,
                        struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i < record->pop_count; i++) {
        if (!unseal_pop(store, &record->pops[i].pop, arena, err)) {
            return false;
        }
    }
    return true;
}

/* Seals what this transaction changed. */
static bool seal_pops(struct iv_store *store, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_query *query;
    iv_arena_init(&arena);
    for (;;) {
        unsigned char seal[IV_SHA256_SIZE];
        bool row = false;
        if (!prepare(store, QUERY_UNSEALED_POPS, &query, err) || !iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        int64_t n = iv_query_int(query, 0);
        iv_query_reset(query);
        if (!seal_pop(store, n, &arena, seal, err) ||
            !prepare(store, QUERY_SEAL_POP, &query, err)) {
            return false;
        }
        iv_query_bind_int(query, 1, n);
        iv_query_bind_blob(query, 2, seal, sizeof(seal));
        if (!iv_query_run(query, err)) {
            return false;
        }
    }
}

static bool is_without_submission(struct iv_store *store, bool *ret_is_empty, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!prepare(store, QUERY_ALL, &query, err) || !iv_query_next(query, &row, err)) {
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
    if (!seal_pops(store, err) || (is_new && !is_without_submission(store, &is_empty, err))) {
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

static bool invalid(const struct iv_store *store, struct iv_error *err, const char *why)
{
    return iv_error_set(err, IV_ERROR_INVALID, "%s: the submission cannot be recorded: %s",
                        iv_db_path(store->db), why);
}

static bool is_recordable(const char *text)
{
    return text != NULL && iv_utf8_is_valid(text, strlen(text));
}

/* What is recorded must be found again: nothing goes in that its own id does not vouch for. */
static bool check_record(const struct iv_store *store, const struct iv_record *record,
                         struct iv_arena *arena, struct iv_error *err)
{
    struct iv_pop *pops = IV_NEW_ARRAY(arena, struct iv_pop, record->pop_count);
    struct iv_version number;
    if (!iv_version_parse(record->firmware_version, &number)) {
        return invalid(store, err, "its firmware version is not four numbers");
    }
    for (size_t i = 0; i < record->pop_count; i++) {
        pops[i] = record->pops[i].pop;
        if (!is_recordable(pops[i].oem) || !is_recordable(pops[i].mobile_operator) ||
            !is_recordable(pops[i].model)) {
            return invalid(store, err, "a POP with a part that is missing or not UTF-8");
        }
    }
    if (record->pop_count > 1) {
        qsort(pops, record->pop_count, sizeof(*pops), compare_pop);
    }
    for (size_t i = 1; i < record->pop_count; i++) {
        if (iv_pop_compare(&pops[i - 1], &pops[i]) == 0) {
            return invalid(store, err, "a POP that stands twice");
        }
    }
    for (size_t i = 0; i < record->package_count; i++) {
        if (record->packages[i].key == NULL) {
            return invalid(store, err, "a package without a key");
        }
    }
    const char *id = iv_submission_id(record->packages, record->package_count, pops,
                                      record->pop_count, record->firmware_version, arena);
    if (record->id == NULL || strcmp(id, record->id) != 0) {
        return invalid(store, err, "its id is not that of its packages, POPs and version");
    }
    return true;
}

/* What a membership in a POP was before; n of the POP, and whether there is one. */
struct membership {
    struct pop_row pop;
    bool is_there;
    struct iv_record_pop old;
};

static bool load_membership(struct iv_store *store, int64_t submission, struct iv_arena *arena,
                            struct membership *membership, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!prepare(store, QUERY_MEMBERSHIP, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, membership->pop.n);
    iv_query_bind_int(query, 2, submission);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (row) {
        membership->old = (struct iv_record_pop){
            .pop = read_pop(query, 0, arena),
            .baseline = iv_query_bool(query, 3),
            .compliant = iv_query_bool(query, 4),
        };
        membership->is_there = true;
        bool is_sound = iv_query_is_sound(query, err);
        iv_query_reset(query);
        return is_sound;
    }
    return true;
}

/*
 * Looks for other baselines of the record's version in a POP. They are demoted, or refused
 * (WSPC010): one version of a POP has one baseline.
 */
static bool make_way(struct iv_store *store, const struct iv_record *record,
                     const struct iv_record_pop *item, bool replace, struct iv_arena *arena,
                     struct iv_error *err)
{
    struct pop_row pop;
    struct iv_baseline *baselines;
    struct iv_query *query;
    size_t count;
    if (!find_pop(store, &item->pop, &pop, err) ||
        !load_baselines(store, pop.n, arena, &baselines, &count, err)) {
        return false;
    }
    bool is_there = false;
    for (size_t i = 0; i < count; i++) {
        is_there = is_there || strcmp(baselines[i].id, record->id) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(baselines[i].id, record->id) == 0 ||
            !is_same_version(baselines[i].firmware_version, record->firmware_version)) {
            continue;
        }
        if (!replace && is_there) {
            continue; /* a merge brought both; nothing new is made here */
        }
        if (!replace) {
            return iv_error_set(
                err, IV_ERROR_REFUSED,
                "%s: There was an incorrect number of baseline submissions returned. Count: 2. "
                "%s is the baseline %s of %s/%s/%s already",
                iv_db_path(store->db), baselines[i].id, baselines[i].firmware_version,
                item->pop.oem, item->pop.mobile_operator, item->pop.model);
        }
        if (!prepare(store, QUERY_DEMOTE, &query, err)) {
            return false;
        }
        iv_query_bind_int(query, 1, pop.n);
        iv_query_bind_text(query, 2, baselines[i].id);
        if (!iv_query_run(query, err)) {
            return false;
        }
    }
    return true;
}

static int compare_spelling(const struct iv_pop *a, const struct iv_pop *b)
{
    int order = strcmp(a->oem, b->oem);
    order = order != 0 ? order : strcmp(a->mobile_operator, b->mobile_operator);
    return order != 0 ? order : strcmp(a->model, b->model);
}

static bool write_membership(struct iv_store *store, const struct membership *membership,
                             int64_t submission, const struct iv_record_pop *item,
                             struct iv_error *err)
{
    struct iv_query *query;
    if (!prepare(store, membership->is_there ? QUERY_CHANGE_MEMBERSHIP : QUERY_ADD_MEMBERSHIP,
                 &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, membership->pop.n);
    iv_query_bind_int(query, 2, submission);
    iv_query_bind_int(query, 3, item->baseline);
    iv_query_bind_int(query, 4, item->compliant);
    bind_pop(query, 5, &item->pop);
    return iv_query_run(query, err);
}

/* Brings one POP of a record in: flags are OR-ed with what is there. */
static bool put_pop(struct iv_store *store, int64_t submission, const struct iv_record *record,
                    const struct iv_record_pop *item, bool is_merge, struct iv_arena *arena,
                    bool *promoted, struct iv_error *err)
{
    struct membership membership = {0};
    struct iv_record_pop put = *item;
    if (!ensure_pop(store, &item->pop, record->recorded, &membership.pop, err) ||
        !load_membership(store, submission, arena, &membership, err)) {
        return false;
    }
    if (membership.is_there) {
        const struct iv_record_pop *old = &membership.old;
        put.baseline = item->baseline || old->baseline;
        put.compliant = item->compliant || old->compliant;
        /* Of two spellings the lower one, so that the order of merges does not matter. */
        if (!is_merge || compare_spelling(&old->pop, &item->pop) < 0) {
            put.pop = old->pop;
        }
        *promoted = *promoted || (put.baseline && !old->baseline);
        if (put.baseline == old->baseline && put.compliant == old->compliant &&
            compare_spelling(&put.pop, &old->pop) == 0) {
            return true;
        }
    }
    return write_membership(store, &membership, submission, &put, err);
}

static bool insert_row(struct iv_store *store, const struct iv_record *record, int64_t *ret_n,
                       struct iv_error *err)
{
    struct iv_query *query;
    int64_t set;
    if (!iv_sets_add(store->sets, record->packages, record->package_count, &set, err) ||
        !prepare(store, QUERY_ADD, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, record->id);
    iv_query_bind_text(query, 2, record->firmware_version);
    iv_query_bind_int(query, 3, record->imported);
    iv_query_bind_int(query, 4, record->recorded);
    iv_query_bind_int(query, 5, set);
    if (!iv_query_run(query, err)) {
        return false;
    }
    *ret_n = iv_db_last_row(store->db);
    return true;
}

/*
 * Whether the record's facts take the place of those recorded under its id (an id does not cover
 * all facts): judged ones that of imported ones; in a merge, else, the greater by a total order
 * that is the same in every store.
 */
static bool is_better(struct iv_store *store, const struct row *old, const struct iv_record *record,
                      bool is_merge, bool *ret_better, struct iv_error *err)
{
    unsigned char old_digest[IV_SHA256_SIZE];
    unsigned char digest[IV_SHA256_SIZE];
    if (old->record.imported != record->imported || !is_merge) {
        *ret_better = old->record.imported && !record->imported;
        return true;
    }
    if (!iv_sets_stored_digest(store->sets, old->set, old_digest, err)) {
        return false;
    }
    iv_sets_digest(store->sets, record->packages, record->package_count, digest);
    int order = memcmp(digest, old_digest, sizeof(digest));
    order = order != 0 ? order : strcmp(record->firmware_version, old->record.firmware_version);
    *ret_better = order > 0;
    return true;
}

static bool change_row(struct iv_store *store, const struct row *old,
                       const struct iv_record *record, bool is_merge, struct iv_error *err)
{
    struct iv_query *query;
    int64_t set = old->set;
    bool better = false;
    int64_t recorded = old->record.recorded;
    if (!is_better(store, old, record, is_merge, &better, err)) {
        return false;
    }
    if (is_merge && record->recorded < recorded) {
        recorded = record->recorded;
    }
    if (!better && recorded == old->record.recorded) {
        return true;
    }
    if (better && !iv_sets_add(store->sets, record->packages, record->package_count, &set, err)) {
        return false;
    }
    const struct iv_record *facts = better ? record : &old->record;
    if (!prepare(store, QUERY_CHANGE, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, old->n);
    iv_query_bind_text(query, 2, facts->firmware_version);
    iv_query_bind_int(query, 3, facts->imported);
    iv_query_bind_int(query, 4, recorded);
    iv_query_bind_int(query, 5, set);
    store->has_garbage = store->has_garbage || set != old->set;
    return iv_query_run(query, err);
}

static bool put_record(struct iv_store *store, const struct iv_record *record, bool is_merge,
                       struct iv_arena *arena, enum iv_store_added *ret_added, struct iv_error *err)
{
    struct row old;
    bool promoted = false;
    if (!find_by_id(store, record->id, arena, &old, err)) {
        return false;
    }
    int64_t n = old.n;
    bool is_done = n == 0 ? insert_row(store, record, &n, err)
                          : change_row(store, &old, record, is_merge, err);
    for (size_t i = 0; is_done && i < record->pop_count; i++) {
        is_done = put_pop(store, n, record, &record->pops[i], is_merge, arena, &promoted, err);
    }
    if (is_done) {
        *ret_added = old.n == 0 ? IV_STORE_ADDED : promoted ? IV_STORE_PROMOTED : IV_STORE_KNOWN;
    }
    return is_done;
}

bool iv_store_add(struct iv_store *store, const struct iv_record *record, bool replace,
                  enum iv_store_added *ret_added, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    if (!check_record(store, record, &arena, err) || !unseal_pops(store, record, &arena, err)) {
        return false;
    }
    for (size_t i = 0; i < record->pop_count; i++) {
        if (record->pops[i].baseline &&
            !make_way(store, record, &record->pops[i], replace, &arena, err)) {
            return false;
        }
    }
    return put_record(store, record, false, &arena, ret_added, err);
}

bool iv_store_merge_record(struct iv_store *store, const struct iv_record *record,
                           enum iv_store_added *ret_added, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    return check_record(store, record, &arena, err) && unseal_pops(store, record, &arena, err) &&
           put_record(store, record, true, &arena, ret_added, err);
}

bool iv_store_remove(struct iv_store *store, const char *id, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_query *query;
    struct row row;
    iv_arena_init(&arena);
    if (!find_by_id(store, id, &arena, &row, err)) {
        return false;
    }
    if (row.n == 0) {
        return iv_error_set(err, IV_ERROR_ABSENT, "%s: no submission %s in the store",
                            iv_db_path(store->db), id);
    }
    store->has_garbage = true;
    return load_pops(store, row.n, &arena, &row.record, err) &&
           unseal_pops(store, &row.record, &arena, err) &&
           run_with(store, QUERY_REMOVE_MEMBERSHIPS, row.n, err) &&
           run_with(store, QUERY_REMOVE, row.n, err) &&
           prepare(store, QUERY_REMOVE_POPS, &query, err) && iv_query_run(query, err);
}

/* --- verification --------------------------------------------------------------------------- */

/* The lines of a PRAGMA that gives text; `fine` is the one that says that all is well. */
static bool verify_pragma(struct iv_store *store, const char *pragma, const char *fine,
                          struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = true;
    if (!iv_query_open(store->db, pragma, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            const char *text = iv_query_text(query, 0, problems->arena);
            if (text == NULL || fine == NULL || strcmp(text, fine) != 0) {
                iv_problems_add(problems, "%s: %s", pragma, text != NULL ? text : "a row");
            }
        }
    }
    return true;
}

static void verify_record(struct iv_store *store, struct row *row, struct iv_arena *arena,
                          struct iv_problems *problems)
{
    struct iv_error why = {0};
    struct iv_version number;
    const struct iv_record *record = &row->record;
    size_t stated = record->package_count;
    if (!complete_record(store, row, true, arena, &why)) {
        iv_problems_add(problems, "submission %s: %s", record->id, why.text);
        return;
    }
    struct iv_pop *pops = IV_NEW_ARRAY(arena, struct iv_pop, record->pop_count);
    for (size_t i = 0; i < record->pop_count; i++) {
        struct pop_row pop;
        pops[i] = record->pops[i].pop;
        if (!find_pop(store, &pops[i], &pop, &why) || pop.n == 0) {
            iv_problems_add(problems, "submission %s: its POP %s/%s/%s is not in the table",
                            record->id, pops[i].oem, pops[i].mobile_operator, pops[i].model);
        }
    }
    const char *id = iv_submission_id(record->packages, record->package_count, pops,
                                      record->pop_count, record->firmware_version, arena);
    if (strcmp(id, record->id) != 0) {
        iv_problems_add(problems, "submission %s: its packages, POPs and version give the id %s",
                        record->id, id);
    }
    if (record->package_count != stated) {
        iv_problems_add(problems, "submission %s: %zu packages instead of %zu", record->id,
                        record->package_count, stated);
    }
    if (!iv_version_parse(record->firmware_version, &number)) {
        iv_problems_add(problems, "submission %s: malformed firmware version %s", record->id,
                        record->firmware_version);
    }
}

static bool verify_records(struct iv_store *store, struct iv_problems *problems,
                           struct iv_error *err)
{
    struct iv_query *query;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!prepare(store, QUERY_ALL, &query, err)) {
        return false;
    }
    while (row) {
        struct row found;
        struct iv_error why = {0};
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row && read_row(query, &arena, &found, &why)) {
            verify_record(store, &found, &arena, problems);
        } else if (row) {
            iv_problems_add(problems, "%s", why.text);
        }
        iv_arena_fini(&arena);
        iv_arena_init(&arena);
    }
    return true;
}

static bool verify_seals(struct iv_store *store, struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!prepare(store, QUERY_ALL_POPS, &query, err)) {
        return false;
    }
    while (row) {
        unsigned char stored[IV_SHA256_SIZE];
        unsigned char seal[IV_SHA256_SIZE];
        struct iv_error why = {0};
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        int64_t n = iv_query_int(query, 0);
        bool has_seal;
        bool has_size = read_seal(query, 1, &has_seal, stored);
        if (!iv_query_is_sound(query, &why) || !has_size || !has_seal ||
            !seal_pop(store, n, &arena, seal, &why)) {
            iv_problems_add(problems, "POP %" PRId64 " has no sound seal", n);
        } else if (memcmp(seal, stored, sizeof(seal)) != 0) {
            iv_problems_add(problems,
                            "POP %" PRId64 ": its list of baselines is not what was "
                            "written",
                            n);
        }
    }
    return true;
}

/* Damage that stops one check is a problem; what stops them all is an error. */
static bool goes_on(bool is_done, struct iv_problems *problems, struct iv_error *why,
                    struct iv_error *err)
{
    if (is_done) {
        return true;
    }
    if (why->code != IV_ERROR_STORE) {
        *err = *why;
        return false;
    }
    iv_problems_add(problems, "%s", why->text);
    return true;
}

bool iv_store_verify(struct iv_store *store, struct iv_arena *arena, const char ***ret_problems,
                     size_t *ret_count, struct iv_error *err)
{
    struct iv_problems problems = {.arena = arena};
    struct iv_error why = {0};
    bool is_done = goes_on(verify_pragma(store, "PRAGMA integrity_check", "ok", &problems, &why),
                           &problems, &why, err) &&
                   goes_on(verify_pragma(store, "PRAGMA foreign_key_check", NULL, &problems, &why),
                           &problems, &why, err) &&
                   goes_on(iv_sets_verify(store->sets, &problems, &why), &problems, &why, err) &&
                   goes_on(verify_records(store, &problems, &why), &problems, &why, err) &&
                   goes_on(verify_seals(store, &problems, &why), &problems, &why, err);
    if (is_done) {
        *ret_problems = problems.lines;
        *ret_count = problems.count;
    }
    return is_done;
}
