/*
 * POPs, their lists of baselines, and the seals over those lists.
 *
 * A row that damage took from a list, or a list that somebody edited, would turn a comparison into
 * "first baseline", which passes. So each POP has a digest over its name and its baselines, and a
 * list is used only when the digest agrees. SQLite's own checks do not see a row that is missing.
 *
 * A seal's life: before the first change in a transaction the old seal is checked and set to NULL
 * (iv_store_unseal_pops()); while it is NULL the list may change; the commit computes it again
 * (iv_store_seal_pops()). Checking first matters: else a broken list would get a fresh seal. NULL
 * outside a transaction is damage. A POP that is not found is looked into as well: then its table
 * must be whole.
 */
#include "cache/store_private.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Three parameters in a row, from `at` on. */
void iv_store_bind_pop(struct iv_query *query, int at, const struct iv_pop *pop)
{
    iv_query_bind_text(query, at, pop->oem);
    iv_query_bind_text(query, at + 1, pop->mobile_operator);
    iv_query_bind_text(query, at + 2, pop->model);
}

/* Three columns in a row; a NULL among them makes the row malformed. */
struct iv_pop iv_store_read_pop(struct iv_query *query, int column, struct iv_arena *arena)
{
    return (struct iv_pop){
        .oem = iv_query_text(query, column, arena),
        .mobile_operator = iv_query_text(query, column + 1, arena),
        .model = iv_query_text(query, column + 2, arena),
    };
}

/* False: a seal of the wrong size. NULL is none yet, which is fine only while a transaction is
 * open. */
bool iv_store_read_seal(struct iv_query *query, int column, bool *ret_has_seal,
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

/* ret_pop->n is 0 where it is not there. Folded by the column's NOCASE, so any spelling finds
 * it. */
bool iv_store_find_pop(struct iv_store *store, const struct iv_pop *pop,
                       struct iv_store_pop *ret_pop, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_store_pop found = {0};
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_POP, &query, err)) {
        return false;
    }
    iv_store_bind_pop(query, 1, pop);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (row) {
        found.n = iv_query_int(query, 0);
        found.touched = iv_query_int(query, 1);
        bool has_size = iv_store_read_seal(query, 2, &found.has_seal, found.seal);
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
    if (!iv_store_prepare(store, IV_SQL_CHECK_POP_TABLE, &query, err) ||
        !iv_query_next(query, &row, err)) {
        return false;
    }
    const char *text = row ? iv_query_text(query, 0, &arena) : NULL;
    iv_query_reset(query);
    if (text == NULL || strcmp(text, "ok") != 0) {
        return iv_db_damaged(store->db, err, "table pop: %s", text != NULL ? text : "no answer");
    }
    return true;
}

/* Finds or makes the row, and notes when it was last touched (WSPC015). */
bool iv_store_ensure_pop(struct iv_store *store, const struct iv_pop *pop, int64_t touched,
                         struct iv_store_pop *ret_pop, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_store_pop found;
    if (!iv_store_find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0) {
        if (!iv_store_prepare(store, IV_SQL_ADD_POP, &query, err)) {
            return false;
        }
        iv_store_bind_pop(query, 1, pop);
        iv_query_bind_int(query, 4, touched);
        if (!iv_query_run(query, err)) {
            return false;
        }
        found = (struct iv_store_pop){.n = iv_db_last_row(store->db), .touched = touched};
    } else {
        if (!iv_store_prepare(store, IV_SQL_TOUCH_POP, &query, err)) {
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

/* By version, then id. The seal is over this order, so it must not change. */
static int compare_baseline(const void *a, const void *b)
{
    const struct iv_baseline *x = a;
    const struct iv_baseline *y = b;
    int order = iv_version_compare(x->number, y->number);
    return order != 0 ? order : strcmp(x->id, y->id);
}

/* A version that cannot be parsed does not get in; one that damage made is 0.0.0.0 and fails the
 * id. */
struct iv_version iv_store_number(const char *firmware_version)
{
    struct iv_version number = {0};
    if (!iv_version_parse(firmware_version, &number)) {
        number = (struct iv_version){0};
    }
    return number;
}

/* Without their packages, which only the neighbours of a comparison need. */
bool iv_store_load_baselines(struct iv_store *store, int64_t pop, struct iv_arena *arena,
                             struct iv_baseline **ret_baselines, size_t *ret_count,
                             struct iv_error *err)
{
    struct iv_query *query;
    struct iv_baseline *baselines = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!iv_store_prepare(store, IV_SQL_BASELINES, &query, err)) {
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
        baseline.number = iv_store_number(baseline.firmware_version);
        baselines = iv_arena_grow(arena, baselines, count, &capacity, sizeof(*baselines));
        baselines[count++] = baseline;
    }
    if (count > 1) {
        iv_sort(baselines, count, sizeof(*baselines), compare_baseline);
    }
    *ret_baselines = baselines;
    *ret_count = count;
    return true;
}

/*
 * The seal of a POP: over its folded name and its sorted baselines. The bytes are frozen, for seals
 * stand in users' stores; for each baseline 1 byte `imported`, the row number of its set (8 bytes,
 * little-endian), then id and version as fields.
 */
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

/* Whether the computed seal is the stored one; an error when not. A POP that is being changed
 * has none. */
static bool is_sealed(const struct iv_store *store, const struct iv_pop *pop,
                      const struct iv_store_pop *found, const unsigned char seal[IV_SHA256_SIZE],
                      struct iv_error *err)
{
    if (found->has_seal && memcmp(seal, found->seal, IV_SHA256_SIZE) != 0) {
        return iv_db_damaged(store->db, err,
                             "the list of baselines of %s/%s/%s is not what was written", pop->oem,
                             pop->mobile_operator, pop->model);
    }
    return true;
}

/* No row for the POP means a first baseline, so that answer is given only by a whole table. */
bool iv_store_baselines(struct iv_store *store, const struct iv_pop *pop, struct iv_arena *arena,
                        struct iv_baselines *ret_baselines, struct iv_error *err)
{
    struct iv_store_pop found;
    struct iv_baselines baselines = {0};
    if (!iv_store_find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0) {
        if (!check_pop_table(store, err)) {
            return false;
        }
    } else {
        unsigned char seal[IV_SHA256_SIZE];
        if (!iv_store_load_baselines(store, found.n, arena, &baselines.items, &baselines.count,
                                     err)) {
            return false;
        }
        compute_seal(pop, baselines.items, baselines.count, arena, seal);
        if (!is_sealed(store, pop, &found, seal, err)) {
            return false;
        }
    }
    baselines.touched = found.touched;
    *ret_baselines = baselines;
    return true;
}

/* set.has_old_keys: recorded before keys followed the identity, so that they are compared with
 * care. */
bool iv_store_load_set(struct iv_store *store, struct iv_baseline *baseline, struct iv_arena *arena,
                       struct iv_error *err)
{
    struct iv_package *packages;
    size_t count;
    if (!iv_sets_load(store->sets, baseline->set_token, arena, &packages, &count, err) ||
        !iv_store_load_traits(store, baseline->id, arena, &baseline->traits, err)) {
        return false;
    }
    iv_set_build(packages, count, arena, &baseline->set);
    baseline->set.has_old_keys = !baseline->traits.has_identity_keys;
    baseline->set_loaded = true;
    return true;
}

/* For iv_sort(), which hands over addresses. */
int iv_store_compare_pop(const void *a, const void *b)
{
    return iv_pop_compare(a, b);
}

/* For the question whether a similar name has a baseline (ADV006). */
bool iv_store_baseline_pops(struct iv_store *store, struct iv_arena *arena,
                            struct iv_pop **ret_pops, size_t *ret_count, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_pop *pops = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!iv_store_prepare(store, IV_SQL_BASELINE_POPS, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            pops = iv_arena_grow(arena, pops, count, &capacity, sizeof(*pops));
            pops[count++] = iv_store_read_pop(query, 0, arena);
            if (!iv_query_is_sound(query, err)) {
                return false;
            }
        }
    }
    if (count > 1) {
        iv_sort(pops, count, sizeof(*pops), iv_store_compare_pop);
    }
    *ret_pops = pops;
    *ret_count = count;
    return true;
}

/* --- seals --------------------------------------------------------------------------------- */

/* The POP's spelling in its row. A row number that has no row is damage: it was just read. */
static bool pop_names(struct iv_store *store, int64_t n, struct iv_arena *arena,
                      struct iv_pop *ret_pop, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_POP_NAMES, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, n);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (!row) {
        return iv_db_damaged(store->db, err, "POP %" PRId64 " is missing", n);
    }
    struct iv_pop pop = iv_store_read_pop(query, 0, arena);
    bool is_sound = iv_query_is_sound(query, err);
    iv_query_reset(query);
    if (is_sound) {
        *ret_pop = pop;
    }
    return is_sound;
}

/* The seal that the list should have now. */
bool iv_store_seal_pop(struct iv_store *store, int64_t n, struct iv_arena *arena,
                       unsigned char ret_seal[IV_SHA256_SIZE], struct iv_error *err)
{
    struct iv_pop pop = {0};
    struct iv_baseline *baselines;
    size_t count;
    if (!pop_names(store, n, arena, &pop, err) ||
        !iv_store_load_baselines(store, n, arena, &baselines, &count, err)) {
        return false;
    }
    compute_seal(&pop, baselines, count, arena, ret_seal);
    return true;
}

/* Whether a membership names a POP that has no row. */
static bool check_no_pop_lost(struct iv_store *store, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_POP_LOST, &query, err) ||
        !iv_query_next(query, &row, err)) {
        return false;
    }
    iv_query_reset(query);
    return !row || iv_db_damaged(store->db, err, "a POP of a submission is not in the table");
}

/* All lists, for whoever asks about the whole store. Within a transaction, those that are being
 * changed have none to check. */
bool iv_store_check_seals(struct iv_store *store, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!check_no_pop_lost(store, err) || !iv_store_prepare(store, IV_SQL_ALL_POPS, &query, err)) {
        return false;
    }
    while (row) {
        struct iv_arena_mark mark = iv_arena_mark(&arena);
        unsigned char stored[IV_SHA256_SIZE];
        unsigned char seal[IV_SHA256_SIZE];
        bool has_seal = false;
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        int64_t n = iv_query_int(query, 0);
        bool has_size = iv_store_read_seal(query, 1, &has_seal, stored);
        bool is_read = iv_query_is_sound(query, err);
        if (is_read && !has_seal && has_size && store->is_writing) {
            continue; /* between a change and the commit */
        }
        if (!is_read || !iv_store_seal_pop(store, n, &arena, seal, err)) {
            iv_query_reset(query);
            return false;
        }
        if (!has_size || !has_seal || memcmp(seal, stored, sizeof(seal)) != 0) {
            iv_query_reset(query);
            return iv_db_damaged(store->db, err,
                                 "the list of baselines of POP %" PRId64 " is not what was written",
                                 n);
        }
        iv_arena_reset(&arena, mark);
    }
    return true;
}

/* The list of one POP that a submission names, so it must be there. */
bool iv_store_check_seal(struct iv_store *store, const struct iv_pop *pop, struct iv_arena *arena,
                         struct iv_error *err)
{
    struct iv_baselines baselines;
    struct iv_store_pop found = {0};
    if (!iv_store_find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0) {
        return iv_db_damaged(store->db, err, "the POP %s/%s/%s of a submission is not in the table",
                             pop->oem, pop->mobile_operator, pop->model);
    }
    return iv_store_baselines(store, pop, arena, &baselines, err);
}

/* Before the first change to a POP: a broken seal must not be replaced by a fresh one. */
static bool unseal_pop(struct iv_store *store, const struct iv_pop *pop, struct iv_arena *arena,
                       struct iv_error *err)
{
    struct iv_store_pop found = {0};
    unsigned char seal[IV_SHA256_SIZE];
    if (!iv_store_find_pop(store, pop, &found, err)) {
        return false;
    }
    if (found.n == 0 || !found.has_seal) {
        return true;
    }
    return iv_store_seal_pop(store, found.n, arena, seal, err) &&
           is_sealed(store, pop, &found, seal, err) &&
           iv_store_run_with(store, IV_SQL_UNSEAL_POP, found.n, err);
}

/* For all POPs of a record before anything of it is written. */
bool iv_store_unseal_pops(struct iv_store *store, const struct iv_record *record,
                          struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i < record->pop_count; i++) {
        if (!unseal_pop(store, &record->pops[i].pop, arena, err)) {
            return false;
        }
    }
    return true;
}

/* At the commit: every list that was changed gets the seal of its new content. */
bool iv_store_seal_pops(struct iv_store *store, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_query *query;
    iv_arena_init(&arena);
    /* One row at a time, and the query ended before the row is written: a row that is changed
     * under a running query may be met again. */
    for (;;) {
        unsigned char seal[IV_SHA256_SIZE];
        bool row = false;
        if (!iv_store_prepare(store, IV_SQL_UNSEALED_POPS, &query, err) ||
            !iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        int64_t n = iv_query_int(query, 0);
        iv_query_reset(query);
        if (!iv_store_seal_pop(store, n, &arena, seal, err) ||
            !iv_store_prepare(store, IV_SQL_SEAL_POP, &query, err)) {
            return false;
        }
        iv_query_bind_int(query, 1, n);
        iv_query_bind_blob(query, 2, seal, sizeof(seal));
        if (!iv_query_run(query, err)) {
            return false;
        }
    }
}
