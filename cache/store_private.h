/*
 * store_private.h: what the parts of the store share. store.c: schema, statements, transactions;
 * store_pop.c: POPs, their baselines and seals; store_find.c: records read and found; store_put.c:
 * adding, merging, removing; store_traits.c: features and layout of a submission; store_verify.c:
 * verification. For these files alone.
 */
#ifndef IMGVAL_CACHE_STORE_PRIVATE_H
#define IMGVAL_CACHE_STORE_PRIVATE_H

#include "cache/db.h"
#include "cache/sets.h"
#include "cache/store.h"
#include "imgval/base/digest.h"

/* Statements, each prepared once when it is first needed. */
enum iv_store_sql {
    IV_SQL_POP,
    IV_SQL_ADD_POP,
    IV_SQL_TOUCH_POP,
    IV_SQL_UNSEAL_POP,
    IV_SQL_SEAL_POP,
    IV_SQL_UNSEALED_POPS,
    IV_SQL_POP_NAMES,
    IV_SQL_BASELINES,
    IV_SQL_BASELINE_POPS,
    IV_SQL_ALL_POPS,
    IV_SQL_POP_LOST,
    IV_SQL_BY_ID,
    IV_SQL_BY_PREFIX,
    IV_SQL_BY_POP,
    IV_SQL_ALL,
    IV_SQL_POPS_OF,
    IV_SQL_ADD,
    IV_SQL_CHANGE,
    IV_SQL_MEMBERSHIP,
    IV_SQL_ADD_MEMBERSHIP,
    IV_SQL_CHANGE_MEMBERSHIP,
    IV_SQL_DEMOTE,
    IV_SQL_REMOVE_MEMBERSHIPS,
    IV_SQL_REMOVE,
    IV_SQL_REMOVE_POPS,
    IV_SQL_CHECK_POP_TABLE,
    IV_SQL_TRAITS,
    IV_SQL_SET_TRAITS,
    IV_SQL_COUNT,
};

struct iv_store {
    struct iv_db *db;
    struct iv_sets *sets;
    struct iv_query *queries[IV_SQL_COUNT];
    bool is_writing;  /* in a transaction */
    bool has_garbage; /* a set may have lost its last submission in this transaction */
};

/* A row of `submission`. */
struct iv_store_row {
    int64_t n;
    struct iv_record record; /* without POPs and packages */
    int64_t set;
};

/* A row of `pop`. */
struct iv_store_pop {
    int64_t n; /* 0: there is none */
    int64_t touched;
    bool has_seal; /* it has none between a change and the commit */
    unsigned char seal[IV_SHA256_SIZE];
};

/* --- store.c -------------------------------------------------------------------------------- */

/* The statement belongs to the store. */
IV_MUST_USE bool iv_store_prepare(struct iv_store *store, enum iv_store_sql which,
                                  struct iv_query **ret_query, struct iv_error *err);
/* Runs a statement that takes one number and gives nothing. */
IV_MUST_USE bool iv_store_run_with(struct iv_store *store, enum iv_store_sql which, int64_t n,
                                   struct iv_error *err);

/* --- store_pop.c ---------------------------------------------------------------------------- */

/* The three parts of a POP, from parameter `at` or column `column` on. */
void iv_store_bind_pop(struct iv_query *query, int at, const struct iv_pop *pop);
struct iv_pop iv_store_read_pop(struct iv_query *query, int column, struct iv_arena *arena);
/* False: the seal has a wrong size. */
bool iv_store_read_seal(struct iv_query *query, int column, bool *ret_has_seal,
                        unsigned char ret_seal[IV_SHA256_SIZE]);

/* n is 0 when there is none. Outside a transaction a row without a seal is damage. */
IV_MUST_USE bool iv_store_find_pop(struct iv_store *store, const struct iv_pop *pop,
                                   struct iv_store_pop *ret_pop, struct iv_error *err);
/* Finds or makes the row; it was touched then. */
IV_MUST_USE bool iv_store_ensure_pop(struct iv_store *store, const struct iv_pop *pop,
                                     int64_t touched, struct iv_store_pop *ret_pop,
                                     struct iv_error *err);

/* The baselines of a row of `pop`, without their sets, sorted by version, then id. */
IV_MUST_USE bool iv_store_load_baselines(struct iv_store *store, int64_t pop,
                                         struct iv_arena *arena, struct iv_baseline **ret_baselines,
                                         size_t *ret_count, struct iv_error *err);

/* The seal that a row of `pop` is to have. */
IV_MUST_USE bool iv_store_seal_pop(struct iv_store *store, int64_t n, struct iv_arena *arena,
                                   unsigned char ret_seal[IV_SHA256_SIZE], struct iv_error *err);
/* Every POP has the list of baselines that was written, and every membership a POP. */
IV_MUST_USE bool iv_store_check_seals(struct iv_store *store, struct iv_error *err);
/* The same for one POP, which must be there. */
IV_MUST_USE bool iv_store_check_seal(struct iv_store *store, const struct iv_pop *pop,
                                     struct iv_arena *arena, struct iv_error *err);
/* Before the first change to the record's POPs: a broken seal is not replaced by a fresh one. */
IV_MUST_USE bool iv_store_unseal_pops(struct iv_store *store, const struct iv_record *record,
                                      struct iv_arena *arena, struct iv_error *err);
/* Seals what this transaction changed. */
IV_MUST_USE bool iv_store_seal_pops(struct iv_store *store, struct iv_error *err);

/* A malformed version counts as 0.0.0.0. */
struct iv_version iv_store_number(const char *firmware_version);
int iv_store_compare_pop(const void *a, const void *b); /* struct iv_pop, for qsort() */

/* --- store_find.c --------------------------------------------------------------------------- */

/* The row in hand of a statement that selects from `submission`. */
IV_MUST_USE bool iv_store_read_row(struct iv_query *query, struct iv_arena *arena,
                                   struct iv_store_row *ret_row, struct iv_error *err);
/* n is 0 when there is none. */
IV_MUST_USE bool iv_store_find_by_id(struct iv_store *store, const char *id, struct iv_arena *arena,
                                     struct iv_store_row *ret_row, struct iv_error *err);
/* Fills record->pops, sorted. */
IV_MUST_USE bool iv_store_load_pops(struct iv_store *store, int64_t submission,
                                    struct iv_arena *arena, struct iv_record *record,
                                    struct iv_error *err);
/* POPs, and packages on demand, of a row. */
IV_MUST_USE bool iv_store_complete_record(struct iv_store *store, struct iv_store_row *row,
                                          bool with_packages, struct iv_arena *arena,
                                          struct iv_error *err);
/* Versions that are equal as numbers, or malformed ones as text. */
bool iv_store_is_same_version(const char *a, const char *b);

/* --- store_traits.c ------------------------------------------------------------------------- */

/* All false where none are recorded; damage is an error. */
IV_MUST_USE bool iv_store_load_traits(struct iv_store *store, const char *id,
                                      struct iv_arena *arena, struct iv_traits *ret_traits,
                                      struct iv_error *err);
/* Nothing is written where nothing is known. */
IV_MUST_USE bool iv_store_put_traits(struct iv_store *store, int64_t submission, const char *id,
                                     const struct iv_traits *traits, struct iv_error *err);

#endif
