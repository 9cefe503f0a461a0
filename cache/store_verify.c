/*
 * `cache verify`: SQLite's own checks, then what only this program knows: each set against its
 * digest, each record against its id, each list of baselines against its seal. Everything wrong is
 * collected as lines, so that one run shows all damage.
 */
#include "cache/store_private.h"

#include "imgval/model/submission.h"

#include <inttypes.h>
#include <string.h>

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

/* One submission: it can be loaded, its POPs are there, and its content gives the id that it
 * has. */
static void verify_record(struct iv_store *store, struct iv_store_row *row, struct iv_arena *arena,
                          struct iv_problems *problems)
{
    struct iv_error why = {0};
    struct iv_version number;
    const struct iv_record *record = &row->record;
    size_t stated = record->package_count;
    if (!iv_store_complete_record(store, row, true, arena, &why)) {
        iv_problems_add(problems, "submission %s: %s", record->id, why.text);
        return;
    }
    struct iv_pop *pops = IV_NEW_ARRAY(arena, struct iv_pop, record->pop_count);
    for (size_t i = 0; i < record->pop_count; i++) {
        struct iv_store_pop pop;
        pops[i] = record->pops[i].pop;
        if (!iv_store_find_pop(store, &pops[i], &pop, &why) || pop.n == 0) {
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

/* Every row, also after one that cannot be read. */
static bool verify_records(struct iv_store *store, struct iv_problems *problems,
                           struct iv_error *err)
{
    struct iv_query *query;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!iv_store_prepare(store, IV_SQL_ALL, &query, err)) {
        return false;
    }
    while (row) {
        struct iv_store_row found;
        struct iv_error why = {0};
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row && iv_store_read_row(query, &arena, &found, &why)) {
            verify_record(store, &found, &arena, problems);
        } else if (row) {
            iv_problems_add(problems, "%s", why.text);
        }
        iv_arena_fini(&arena);
        iv_arena_init(&arena);
    }
    return true;
}

/* As iv_store_check_seals(), but a broken seal is a line and the walk goes on. */
static bool verify_seals(struct iv_store *store, struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!iv_store_prepare(store, IV_SQL_ALL_POPS, &query, err)) {
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
        bool has_size = iv_store_read_seal(query, 1, &has_seal, stored);
        if (!iv_query_is_sound(query, &why) || !has_size || !has_seal ||
            !iv_store_seal_pop(store, n, &arena, seal, &why)) {
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

/* From the file upwards: pages, references, sets, records, seals. */
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
