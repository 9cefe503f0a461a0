/*
 * Adding, merging and removing a record. All three run inside a transaction and in the same order:
 * check the record, unseal its POPs (which checks the old seals), change rows.
 *
 * Adding (a submission, an imported list) may have to make way: one version of a POP has one
 * baseline. Merging (another store or a bundle) must give the same store whatever the order, so
 * where two records differ the winner is chosen by a total order over their content, flags are
 * OR-ed and the earlier time is kept.
 *
 * An id covers a submission's packages, POPs and version, but not all facts of a package: that is
 * why a known id may still bring better facts.
 */
#include "cache/store_private.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/model/submission.h"

#include <stdlib.h>
#include <string.h>

/* The record is at fault and not the store. */
static bool invalid(const struct iv_store *store, struct iv_error *err, const char *why)
{
    return iv_error_set(err, IV_ERROR_INVALID, "%s: the submission cannot be recorded: %s",
                        iv_db_path(store->db), why);
}

/* Text that is not UTF-8 would be stored as a BLOB, which NOCASE does not fold. */
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
        iv_sort(pops, record->pop_count, sizeof(*pops), iv_store_compare_pop);
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
    struct iv_store_pop pop;
    bool is_there;
    struct iv_record_pop old;
};

/* membership->pop is set by the caller. */
static bool load_membership(struct iv_store *store, int64_t submission, struct iv_arena *arena,
                            struct membership *membership, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_MEMBERSHIP, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, membership->pop.n);
    iv_query_bind_int(query, 2, submission);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (row) {
        membership->old = (struct iv_record_pop){
            .pop = iv_store_read_pop(query, 0, arena),
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
    struct iv_store_pop pop;
    struct iv_baseline *baselines;
    struct iv_query *query;
    size_t count;
    if (!iv_store_find_pop(store, &item->pop, &pop, err) ||
        !iv_store_load_baselines(store, pop.n, arena, &baselines, &count, err)) {
        return false;
    }
    bool is_there = false;
    for (size_t i = 0; i < count; i++) {
        is_there = is_there || strcmp(baselines[i].id, record->id) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(baselines[i].id, record->id) == 0 ||
            !iv_store_is_same_version(baselines[i].firmware_version, record->firmware_version)) {
            continue;
        }
        if (!replace && is_there) {
            continue; /* a merge brought both; nothing new is made here */
        }
        if (!replace) {
            return iv_error_set(
                err, IV_ERROR_REFUSED,
                "%s: There was an incorrect number of baseline submissions returned. Count: 2. "
                "%s is the baseline %s of %s/%s/%s already; with --replace this one takes its "
                "place",
                iv_db_path(store->db), baselines[i].id, baselines[i].firmware_version,
                item->pop.oem, item->pop.mobile_operator, item->pop.model);
        }
        if (!iv_store_prepare(store, IV_SQL_DEMOTE, &query, err)) {
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

/* By bytes: an order that every machine has. */
static int compare_spelling(const struct iv_pop *a, const struct iv_pop *b)
{
    int order = strcmp(a->oem, b->oem);
    order = order != 0 ? order : strcmp(a->mobile_operator, b->mobile_operator);
    return order != 0 ? order : strcmp(a->model, b->model);
}

/* Inserts or updates the row that joins the submission and the POP. */
static bool write_membership(struct iv_store *store, const struct membership *membership,
                             int64_t submission, const struct iv_record_pop *item,
                             struct iv_error *err)
{
    struct iv_query *query;
    if (!iv_store_prepare(store,
                          membership->is_there ? IV_SQL_CHANGE_MEMBERSHIP : IV_SQL_ADD_MEMBERSHIP,
                          &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, membership->pop.n);
    iv_query_bind_int(query, 2, submission);
    iv_query_bind_int(query, 3, item->baseline);
    iv_query_bind_int(query, 4, item->compliant);
    iv_store_bind_pop(query, 5, &item->pop);
    return iv_query_run(query, err);
}

/* A record on its way in. */
struct putting {
    struct iv_store *store;
    const struct iv_record *record;
    bool is_merge;
    struct iv_arena *arena;
    int64_t submission; /* its row */
    bool promoted;      /* a POP became a baseline */
};

/* Brings one POP of a record in: flags are OR-ed with what is there. */
static bool put_pop(struct putting *p, const struct iv_record_pop *item, struct iv_error *err)
{
    struct membership membership = {0};
    struct iv_record_pop put = *item;
    if (!iv_store_ensure_pop(p->store, &item->pop, p->record->recorded, &membership.pop, err) ||
        !load_membership(p->store, p->submission, p->arena, &membership, err)) {
        return false;
    }
    if (membership.is_there) {
        const struct iv_record_pop *old = &membership.old;
        put.baseline = item->baseline || old->baseline;
        put.compliant = item->compliant || old->compliant;
        /* Of two spellings the lower one, so that the order of merges does not matter. */
        if (!p->is_merge || compare_spelling(&old->pop, &item->pop) < 0) {
            put.pop = old->pop;
        }
        p->promoted = p->promoted || (put.baseline && !old->baseline);
        if (put.baseline == old->baseline && put.compliant == old->compliant &&
            compare_spelling(&put.pop, &old->pop) == 0) {
            return true;
        }
    }
    return write_membership(p->store, &membership, p->submission, &put, err);
}

/* A submission that the store does not have yet, with its set. */
static bool insert_row(struct iv_store *store, const struct iv_record *record, int64_t *ret_n,
                       struct iv_error *err)
{
    struct iv_query *query;
    int64_t set;
    if (!iv_sets_add(store->sets, record->packages, record->package_count, &set, err) ||
        !iv_store_prepare(store, IV_SQL_ADD, &query, err)) {
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
static bool is_better(struct iv_store *store, const struct iv_store_row *old,
                      const struct iv_record *record, bool is_merge, bool *ret_better,
                      struct iv_error *err)
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

/* A known submission: better facts replace the set, and a merge keeps the earlier time. Nothing
 * is written when neither applies. The old set may have lost its last user then. */
static bool change_row(struct iv_store *store, const struct iv_store_row *old,
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
    if (!iv_store_prepare(store, IV_SQL_CHANGE, &query, err)) {
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

/* What is known of the submission's traits stays known, whichever record brings it. */
static bool join_traits(struct iv_store *store, const struct iv_store_row *old,
                        const struct iv_record *record, bool is_merge, struct iv_arena *arena,
                        struct iv_error *err)
{
    struct iv_traits before;
    if (!iv_store_load_traits(store, record->id, arena, &before, err)) {
        return false;
    }
    bool new_first = !is_merge && old->record.imported && !record->imported;
    struct iv_traits joined = new_first ? iv_traits_join(&record->traits, &before, false)
                                        : iv_traits_join(&before, &record->traits, is_merge);
    return iv_traits_are_equal(&joined, &before) ||
           iv_store_put_traits(store, old->n, record->id, &joined, err);
}

/* The row, the traits, then each POP. What the caller reports: a new row is "added", else a flag
 * `baseline` that was set is "promoted". */
static bool put_record(struct iv_store *store, const struct iv_record *record, bool is_merge,
                       struct iv_arena *arena, enum iv_store_added *ret_added, struct iv_error *err)
{
    struct iv_store_row old;
    if (!iv_store_find_by_id(store, record->id, arena, &old, err)) {
        return false;
    }

    int64_t n = old.n;
    bool is_done = n == 0 ? insert_row(store, record, &n, err) &&
                                iv_store_put_traits(store, n, record->id, &record->traits, err)
                          : change_row(store, &old, record, is_merge, err) &&
                                join_traits(store, &old, record, is_merge, arena, err);
    struct putting p = {
        .store = store, .record = record, .is_merge = is_merge, .arena = arena, .submission = n};
    for (size_t i = 0; is_done && i < record->pop_count; i++) {
        is_done = put_pop(&p, &record->pops[i], err);
    }
    if (is_done) {
        *ret_added = old.n == 0 ? IV_STORE_ADDED : p.promoted ? IV_STORE_PROMOTED : IV_STORE_KNOWN;
    }
    return is_done;
}

/* Makes way first, so that the new baseline never stands beside the old one. */
bool iv_store_add(struct iv_store *store, const struct iv_record *record, bool replace,
                  enum iv_store_added *ret_added, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    if (!check_record(store, record, &arena, err) ||
        !iv_store_unseal_pops(store, record, &arena, err)) {
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

/* Makes no way: two stores may each have a baseline of one version, and which is right nobody can
 * say here. */
bool iv_store_merge_record(struct iv_store *store, const struct iv_record *record,
                           enum iv_store_added *ret_added, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    return check_record(store, record, &arena, err) &&
           iv_store_unseal_pops(store, record, &arena, err) &&
           put_record(store, record, true, &arena, ret_added, err);
}

/* Memberships, the submission, and POPs that nobody names any more; its set goes at the commit,
 * when nothing else has it. */
bool iv_store_remove(struct iv_store *store, const char *id, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    struct iv_query *query;
    struct iv_store_row row;
    iv_arena_init(&arena);
    if (!iv_store_find_by_id(store, id, &arena, &row, err)) {
        return false;
    }
    if (row.n == 0) {
        return iv_error_set(err, IV_ERROR_ABSENT, "%s: no submission %s in the store",
                            iv_db_path(store->db), id);
    }

    store->has_garbage = true;
    return iv_store_load_pops(store, row.n, &arena, &row.record, err) &&
           iv_store_unseal_pops(store, &row.record, &arena, err) &&
           iv_store_run_with(store, IV_SQL_REMOVE_MEMBERSHIPS, row.n, err) &&
           iv_store_run_with(store, IV_SQL_REMOVE, row.n, err) &&
           iv_store_prepare(store, IV_SQL_REMOVE_POPS, &query, err) && iv_query_run(query, err);
}
