/*
 * The comparison in three steps: iv_wspc_neighbours() picks the baselines next to the submission's
 * version, the caller loads their sets, and iv_wspc_judge() makes up to three superset tests
 * (imgval(1), The comparison): the submission must hold the older and the equal baseline's firmware
 * set, and the newer baseline must hold the submission's.
 *
 * The reason for the direction: devices are served updates in the order of versions, and an update
 * cannot take a package away. A package that an older image has and a newer one lacks would stay on
 * the devices, in no tested state.
 *
 * Several baselines may stand at one place. With equal firmware sets they count as one; with
 * different ones there is no right answer, and the variant is not evaluated rather than passed.
 */
#include "imgval/model/wspc.h"

#include "imgval/base/sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const iv_wspc_status_names[] = {
    [IV_WSPC_COMPLIANT] = "compliant",
    [IV_WSPC_NOT_COMPLIANT] = "not-compliant",
    [IV_WSPC_FIRST] = "first",
    [IV_WSPC_NOT_EVALUATED] = "not-evaluated",
    [IV_WSPC_NOT_APPLICABLE] = "not-applicable",
    [IV_WSPC_SKIPPED] = "skipped",
    [IV_WSPC_SKIPPED + 1] = NULL,
};

const char *const iv_direction_names[] = {
    [IV_OLDER] = "older",
    [IV_NEWER] = "newer",
    [IV_SAME] = "same",
    [IV_SAME + 1] = NULL,
};

/* Indexes of the baselines with the wanted version; none where `wanted` is NULL. */
static size_t indexes_of(const struct iv_baseline *baselines, size_t count,
                         const struct iv_version *wanted, struct iv_arena *arena,
                         size_t **ret_indexes)
{
    size_t *indexes = NULL;
    size_t capacity = 0;
    size_t found = 0;
    for (size_t i = 0; wanted != NULL && i < count; i++) {
        if (iv_version_compare(baselines[i].number, *wanted) == 0) {
            indexes = iv_arena_grow(arena, indexes, found, &capacity, sizeof(*indexes));
            indexes[found++] = i;
        }
    }
    *ret_indexes = indexes;
    return found;
}

/* One pass finds the two versions, three more collect all baselines that have them. Versions
 * further away need no test: the chain of neighbours holds when each link does. */
void iv_wspc_neighbours(const struct iv_baseline *baselines, size_t count,
                        struct iv_version version, struct iv_arena *arena,
                        struct iv_neighbours *ret_neighbours)
{
    const struct iv_version *older = NULL;
    const struct iv_version *newer = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct iv_version *number = &baselines[i].number;
        int order = iv_version_compare(*number, version);
        if (order < 0 && (older == NULL || iv_version_compare(*number, *older) > 0)) {
            older = number;
        } else if (order > 0 && (newer == NULL || iv_version_compare(*number, *newer) < 0)) {
            newer = number;
        }
    }

    struct iv_neighbours n = {0};
    n.older_count = indexes_of(baselines, count, older, arena, &n.older);
    n.newer_count = indexes_of(baselines, count, newer, arena, &n.newer);
    n.same_count = indexes_of(baselines, count, &version, arena, &n.same);
    *ret_neighbours = n;
}

/* The next member of a set that counts, from `at` on; NULL: there is none. */
static const struct iv_package *next_counted(const struct iv_set *set, size_t *at, bool all_owners)
{
    while (*at < set->count) {
        const struct iv_package *package = set->items[(*at)++];
        if (all_owners || !iv_package_is_microsoft(package)) {
            return package;
        }
    }
    return NULL;
}

/* By key alone: versions and contents may differ, as they may in the superset test. */
bool iv_wspc_is_same_set(const struct iv_set *a, const struct iv_set *b, bool all_owners)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const struct iv_package *x = next_counted(a, &i, all_owners);
        const struct iv_package *y = next_counted(b, &k, all_owners);
        if (x == NULL || y == NULL || strcmp(x->key, y->key) != 0) {
            return x == NULL && y == NULL;
        }
    }
}

/* Baselines at one place are ordered by id, so that the one that is named does not depend on the
 * store's order of rows. */
static bool is_before(const struct iv_baseline *a, const struct iv_baseline *b)
{
    return strcmp(a->id != NULL ? a->id : "", b->id != NULL ? b->id : "") < 0;
}

/*
 * The baseline that stands at one place: of several with the same firmware set, the first by id.
 * With different sets there is no answer: NULL, and *ret_sets is the number of different sets.
 */
static const struct iv_baseline *only_one(const struct iv_baseline *baselines,
                                          const size_t *indexes, size_t count, bool all_owners,
                                          size_t *ret_sets)
{
    const struct iv_baseline *first = NULL;
    size_t sets = 0;
    for (size_t i = 0; i < count; i++) {
        const struct iv_baseline *baseline = &baselines[indexes[i]];
        assert(baseline->set_loaded);
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = iv_wspc_is_same_set(&baselines[indexes[k]].set, &baseline->set, all_owners);
        }
        sets += known ? 0 : 1;
        if (first == NULL || is_before(baseline, first)) {
            first = baseline;
        }
    }
    *ret_sets = sets;
    return sets > 1 ? NULL : first;
}

/*
 * Of later baselines with the same firmware set, one that fails the test comes first: what
 * Microsoft owns in them may differ, and a package of the submission counts as contained where it
 * is among that.
 */
static const struct iv_baseline *strictest(const struct iv_set *submission,
                                           const struct iv_baseline *baselines,
                                           const struct iv_neighbours *n, bool all_owners,
                                           const struct iv_baseline *first, struct iv_arena *arena)
{
    const struct iv_baseline *failing = NULL;
    const struct iv_package **missing;
    for (size_t i = 0; first != NULL && n->newer_count > 1 && i < n->newer_count; i++) {
        const struct iv_baseline *baseline = &baselines[n->newer[i]];
        if (iv_set_missing(&baseline->set, submission, all_owners, arena, &missing) > 0 &&
            (failing == NULL || is_before(baseline, failing))) {
            failing = baseline;
        }
    }
    return failing != NULL ? failing : first;
}

/* One superset test; a failure is added to the result. */
static void compare(struct iv_wspc *wspc, enum iv_direction direction,
                    const struct iv_set *submission, const struct iv_baseline *baseline,
                    bool all_owners, struct iv_arena *arena)
{
    if (baseline == NULL) {
        return;
    }
    bool newer = direction == IV_NEWER;
    const struct iv_set *larger = newer ? &baseline->set : submission;
    const struct iv_set *smaller = newer ? submission : &baseline->set;
    struct iv_comparison result = {.direction = direction, .against = baseline};
    result.missing_count = iv_set_missing(larger, smaller, all_owners, arena, &result.missing);
    if (result.missing_count > 0) {
        wspc->failures[wspc->failure_count++] = result;
        wspc->status = IV_WSPC_NOT_COMPLIANT;
    }
}

/* Differences are listed once a key, whichever test found them. */
static int compare_key(const void *a, const void *b)
{
    const struct iv_package *const *x = a;
    const struct iv_package *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* For the table of differences: each package that some test found missing, once, with where it is
 * present among the submission and the baselines that were compared. */
static void list_differences(struct iv_wspc *wspc, const struct iv_set *submission,
                             struct iv_arena *arena)
{
    const struct iv_baseline *const baselines[] = {
        [IV_OLDER] = wspc->older, [IV_NEWER] = wspc->newer, [IV_SAME] = wspc->same};
    size_t total = 0;
    for (size_t i = 0; i < wspc->failure_count; i++) {
        total += wspc->failures[i].missing_count;
    }
    if (total == 0) {
        return;
    }
    const struct iv_package **packages = IV_NEW_ARRAY(arena, const struct iv_package *, total);
    size_t count = 0;
    for (size_t i = 0; i < wspc->failure_count; i++) {
        memcpy(packages + count, wspc->failures[i].missing,
               wspc->failures[i].missing_count * sizeof(*packages));
        count += wspc->failures[i].missing_count;
    }

    iv_sort(packages, count, sizeof(*packages), compare_key);
    wspc->differences = IV_NEW_ARRAY(arena, struct iv_wspc_difference, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(packages[i - 1]->key, packages[i]->key) == 0) {
            continue;
        }
        struct iv_wspc_difference *difference = &wspc->differences[wspc->difference_count++];
        difference->name = iv_package_shown_name(packages[i]);
        difference->in =
            iv_set_find(submission, packages[i]->key) != NULL ? (unsigned)IV_IN_SUBMISSION : 0u;
        for (size_t k = 0; k < IV_COUNT(baselines); k++) {
            if (baselines[k] != NULL && iv_set_find(&baselines[k]->set, packages[i]->key) != NULL) {
                difference->in |= 1u << k;
            }
        }
    }
}

void iv_wspc_judge(const struct iv_set *submission, const struct iv_baseline *baselines,
                   const struct iv_neighbours *neighbours, bool all_owners, struct iv_arena *arena,
                   struct iv_wspc *ret_wspc)
{
    const struct iv_neighbours *n = neighbours;
    struct iv_wspc wspc = {.status = IV_WSPC_COMPLIANT};
    if (n->older_count + n->newer_count + n->same_count == 0) {
        wspc.status = IV_WSPC_FIRST;
        *ret_wspc = wspc;
        return;
    }

    size_t sets[3];
    wspc.older = only_one(baselines, n->older, n->older_count, all_owners, &sets[IV_OLDER]);
    wspc.newer = only_one(baselines, n->newer, n->newer_count, all_owners, &sets[IV_NEWER]);
    wspc.same = only_one(baselines, n->same, n->same_count, all_owners, &sets[IV_SAME]);
    wspc.newer = strictest(submission, baselines, n, all_owners, wspc.newer, arena);
    for (size_t i = 0; i < IV_COUNT(sets) && wspc.several == 0; i++) {
        wspc.several = sets[i] > 1 ? sets[i] : 0;
    }
    if (wspc.several > 0) {
        wspc.status = IV_WSPC_NOT_EVALUATED;
    } else {
        compare(&wspc, IV_OLDER, submission, wspc.older, all_owners, arena);
        compare(&wspc, IV_NEWER, submission, wspc.newer, all_owners, arena);
        compare(&wspc, IV_SAME, submission, wspc.same, all_owners, arena);
        list_differences(&wspc, submission, arena);
    }
    *ret_wspc = wspc;
}

/* --against: the one test that the option asks for, without neighbours. */
void iv_wspc_judge_against(const struct iv_set *submission, const struct iv_baseline *older,
                           bool all_owners, struct iv_arena *arena, struct iv_wspc *ret_wspc)
{
    struct iv_wspc wspc = {.status = IV_WSPC_COMPLIANT, .older = older};
    compare(&wspc, IV_OLDER, submission, older, all_owners, arena);
    list_differences(&wspc, submission, arena);
    *ret_wspc = wspc;
}

/* True where there are none. */
static bool is_below_all(struct iv_version version, const struct iv_baseline *baselines,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (iv_version_compare(version, baselines[i].number) >= 0) {
            return false;
        }
    }
    return true;
}

/* A request for update (imgval(1), imgval rfu), in the six steps that rules/rules_rfu.c quotes. A
 * source that is no baseline is let through as a legacy device (3), or is refused for one of two
 * reasons (4): it was never recorded, or it is not even compliant. Containment is asked for between
 * two baselines (6), and of a legacy device's target (3). */
unsigned iv_wspc_request(const struct iv_rfu_side *source, const struct iv_rfu_side *target,
                         const struct iv_baseline *baselines, size_t count, struct iv_arena *arena)
{
    struct iv_arena_mark mark = iv_arena_mark(arena);
    const struct iv_package **missing;
    bool contained = iv_set_missing(&target->set, &source->set, false, arena, &missing) == 0;
    iv_arena_reset(arena, mark);

    unsigned broken = 0;
    if (!target->baseline) { /* 1 */
        broken |= IV_RFU_TARGET_NOT_BASELINE;
    }
    if (!source->baseline) {                                   /* 2 */
        if (is_below_all(source->version, baselines, count)) { /* 3: legacy migration */
            broken |= contained ? 0 : (unsigned)IV_RFU_SOURCE_NOT_MIGRATABLE;
        } else { /* 4 */
            broken |= source->compliant ? (unsigned)IV_RFU_SOURCE_NOT_BASELINE
                                        : (unsigned)IV_RFU_SOURCE_NOT_MIGRATABLE;
        }
    }
    if (iv_version_compare(target->version, source->version) <= 0) { /* 5 */
        broken |= IV_RFU_TARGET_NOT_NEWER;
    }
    if (source->baseline && target->baseline && !contained) { /* 6 */
        broken |= IV_RFU_TARGET_LACKS_PACKAGES;
    }
    return broken;
}
