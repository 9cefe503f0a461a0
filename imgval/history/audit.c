/*
 * An audit from the list of what was found to the verdict, in this order:
 *
 * 1. Everything is read (audit_read.c); each submission becomes a source, and its packages go into
 * one pool, in which equal packages stand once.
 *
 * 2. Sources are sorted, and a submission that lies in several places keeps the first of them; the
 * others are its copies.
 *
 * 3. Each source has a place in every variant (POP) that it is for. The places of one variant, in
 * version order, are its versions. Of several with one number that have equal sets one stands for
 * all; with different sets none of them goes into the chain. The chain is what devices were updated
 * along.
 *
 * 4. Per variant: which versions came out of order, what each step of the chain changed or lost,
 * what would fix lost packages, packages that change together or change content under one version,
 * and a matrix of all pairs.
 *
 * 5. The rules judge the steps; the findings on each set by itself are added, and one verdict is
 * given over all.
 *
 * The result does not depend on the order in which things were read, nor on the seed of the pool's
 * tables. Whatever could not be read is counted as not judged and keeps the verdict from being
 * `pass`.
 */
#include "imgval/history/audit.h"

#include "cache/store.h"
#include "imgval/base/entropy.h"
#include "imgval/base/look.h"
#include "imgval/base/sort.h"
#include "imgval/history/audit_read.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"
#include "rules/rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- sources: sorted, each once -------------------------------------------------------------- */

/* NULL before every text. */
static int text_order(const char *a, const char *b)
{
    return a == NULL || b == NULL ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int number_order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* A complete order: nothing here depends on the order in which the sources were read. */
static int source_order(const void *a, const void *b, const void *context)
{
    const struct iv_audit *audit = context;
    const struct iv_audit_source *x = *(const struct iv_audit_source *const *)a;
    const struct iv_audit_source *y = *(const struct iv_audit_source *const *)b;
    const struct iv_pool_set *x_set = x->id == NULL ? NULL : &audit->pool.sets[x->set];
    const struct iv_pool_set *y_set = y->id == NULL ? NULL : &audit->pool.sets[y->set];
    int order = iv_natural_compare(x->path, y->path);
    order = order != 0 ? order : text_order(x->id, y->id);
    order = order != 0 ? order : text_order(x->reason, y->reason);
    order = order != 0 ? order : text_order(x->doubt, y->doubt);
    order = order != 0 ? order : number_order((uint64_t)x->kind, (uint64_t)y->kind);
    order = order != 0 ? order : number_order((uint64_t)x->recorded, (uint64_t)y->recorded);
    if (order == 0 && x_set != NULL && y_set != NULL) {
        order = number_order(x_set->total_size, y_set->total_size);
    }
    return order;
}

/* Equal submissions next to each other, in the order of their sources. */
static int equality_order(const void *a, const void *b)
{
    const struct iv_audit_source *x = *(const struct iv_audit_source *const *)a;
    const struct iv_audit_source *y = *(const struct iv_audit_source *const *)b;
    int order = text_order(x->id, y->id);
    order = order != 0 ? order : text_order(x->reason, y->reason);
    order = order != 0 ? order : text_order(x->doubt, y->doubt);
    return order != 0 ? order : (x > y) - (x < y);
}

/* By id, which does not cover lists of files: an image and the packages that it was made of are one
 * submission. */
static bool is_same_submission(const struct iv_audit_source *a, const struct iv_audit_source *b)
{
    return a->id != NULL && b->id != NULL && strcmp(a->id, b->id) == 0 &&
           text_order(a->reason, b->reason) == 0 && text_order(a->doubt, b->doubt) == 0;
}

static int path_order(const void *a, const void *b)
{
    return iv_natural_compare(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the sources; ret_new[old] is the new number of each, since places refer to sources by
 * number. Pointers are sorted and the sources moved once: they are large. */
static void sort_sources(struct iv_auditing *a, size_t *ret_new)
{
    struct iv_audit *audit = a->audit;
    const size_t count = audit->source_count;
    struct iv_audit_source **order = IV_NEW_ARRAY(a->arena, struct iv_audit_source *, count + 1);
    struct iv_audit_source *sorted = IV_NEW_ARRAY(a->arena, struct iv_audit_source, count + 1);
    for (size_t i = 0; i < count; i++) {
        order[i] = &audit->sources[i];
    }
    iv_sort_with(order, count, sizeof(struct iv_audit_source *), source_order, audit);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = *order[i];
        ret_new[order[i] - audit->sources] = i;
    }
    audit->sources = sorted;
}

/*
 * What `--verify` made of one submission in all its places. They are equal by what their packages
 * say, which is no proof that the files are: each place was verified by itself. A report or a
 * record says nothing of its own, and needs a place that was.
 */
static const char *why_unverified(struct iv_audit_source *const *group, size_t count,
                                  struct iv_arena *arena)
{
    bool any = false;
    const char *unevaluated = NULL;
    for (size_t i = 0; i < count; i++) {
        any = any || group[i]->seals != NULL;
        unevaluated = unevaluated == NULL ? group[i]->unverified : unevaluated;
    }
    if (!any) {
        return "not verified: its packages are not there, only what a report or a record says of "
               "them; name the folder or the image itself";
    }
    return unevaluated == NULL ? NULL : iv_arena_printf(arena, "%s not evaluated", unevaluated);
}

/* Of one submission in several places the first stays; ret_main says which. */
static void merge_copies(struct iv_auditing *a, size_t *ret_main)
{
    struct iv_audit *audit = a->audit;
    const size_t count = audit->source_count;
    struct iv_audit_source **order = IV_NEW_ARRAY(a->arena, struct iv_audit_source *, count + 1);
    for (size_t i = 0; i < count; i++) {
        order[i] = &audit->sources[i];
    }
    iv_sort(order, count, sizeof(struct iv_audit_source *), equality_order);
    for (size_t i = 0, end; i < count; i = end) {
        struct iv_audit_source *main = order[i];
        ret_main[main - audit->sources] = (size_t)(main - audit->sources);
        for (end = i + 1; end < count && is_same_submission(main, order[end]); end++) {
            ret_main[order[end] - audit->sources] = (size_t)(main - audit->sources);
        }
        main->unverified =
            a->options->scan->reading.verify ? why_unverified(&order[i], end - i, a->arena) : NULL;
        main->copies = IV_NEW_ARRAY(a->arena, const char *, end - i);
        for (size_t k = i + 1; k < end; k++) {
            order[k]->is_copy = true;
            main->baseline = main->baseline || order[k]->baseline;
            main->recorded = main->recorded != 0 ? main->recorded : order[k]->recorded;
            if (strcmp(order[k]->path, main->path) != 0) {
                main->copies[main->copy_count++] = order[k]->path;
            }
        }
        iv_sort(main->copies, main->copy_count, sizeof(*main->copies), path_order);
    }
}

/* ---- variants -------------------------------------------------------------------------------- */

/* By variant, then number, then source: the places of one variant become a run, and in it the
 * versions stand in order. */
static int place_order(const void *a, const void *b, const void *context)
{
    const struct iv_audit *audit = context;
    const struct iv_audit_place *x = a;
    const struct iv_audit_place *y = b;
    int order = iv_pop_compare(&x->pop, &y->pop);
    if (order == 0) {
        order =
            iv_version_compare(audit->sources[x->source].number, audit->sources[y->source].number);
    }
    return order != 0 ? order : (x->source > y->source) - (x->source < y->source);
}

/* The next state of a set that counts, from `at` on; NULL: there is none. */
static const struct iv_pool_package *next_counted(const struct iv_audit *audit,
                                                  const struct iv_pool_set *set, uint32_t *at)
{
    while (*at < set->count) {
        const struct iv_pool_package *state = &audit->pool.packages[set->items[(*at)++]];
        if (audit->all_owners || state->firmware) {
            return state;
        }
    }
    return NULL;
}

/* Sets are equal when their firmware members are, by key: as iv_wspc_is_same_set() has it, but on
 * numbers. */
static bool has_same_shape(const struct iv_audit *audit, uint32_t a, uint32_t b)
{
    uint32_t i = 0;
    uint32_t k = 0;
    for (;;) {
        const struct iv_pool_package *x = next_counted(audit, &audit->pool.sets[a], &i);
        const struct iv_pool_package *y = next_counted(audit, &audit->pool.sets[b], &k);
        if (x == NULL || y == NULL || x->key != y->key) {
            return x == NULL && y == NULL;
        }
    }
}

/* Of versions with equal sets: the one in which a package of another version is found last, as what
 * Microsoft owns in them may differ. */
static bool is_smaller(const struct iv_audit *audit, const struct iv_audit_version *a,
                       const struct iv_audit_version *b)
{
    return audit->pool.sets[a->source->set].count < audit->pool.sets[b->source->set].count;
}

/* Versions of one number: [first, end). Which of them goes into the chain? With different sets
 * none: whichever was taken, steps to and from it would be judged that perhaps no device ever
 * made. */
static void settle_number(struct iv_auditing *a, struct iv_audit_variant *variant, size_t first,
                          size_t end)
{
    const struct iv_audit_version *one = NULL;
    const struct iv_audit_version *other = NULL;
    for (size_t i = first; i < end; i++) {
        const struct iv_audit_version *version = &variant->versions[i];
        if (version->state != IV_AUDIT_JUDGED) {
            continue;
        }
        if (one != NULL && !has_same_shape(a->audit, one->source->set, version->source->set)) {
            other = version;
        } else if (one == NULL || is_smaller(a->audit, version, one)) {
            one = version;
        }
    }
    for (size_t i = first; i < end && other != NULL; i++) {
        struct iv_audit_version *version = &variant->versions[i];
        if (version->state == IV_AUDIT_JUDGED) {
            version->state = IV_AUDIT_TWIN;
            version->reason = iv_arena_printf(
                a->arena, "this version stands twice with different package sets: %s and %s",
                one->source->path, other->source->path);
        }
    }
    if (one != NULL && other == NULL) {
        size_t at = (size_t)(one - variant->versions);
        variant->chain[variant->chain_count++] = (uint32_t)at;
        variant->versions[at].chain = (uint32_t)variant->chain_count;
    }
}

/* The versions of one variant from its places (sorted by number), the chain of those that can be
 * judged, and the points: all versions whose set is known, twins too. */
static void build_versions(struct iv_auditing *a, const struct iv_audit_place *places, size_t count,
                           struct iv_audit_variant *variant)
{
    variant->pop = places[0].pop;
    variant->versions = IV_NEW_ARRAY(a->arena, struct iv_audit_version, count);
    variant->chain = IV_NEW_ARRAY(a->arena, uint32_t, count);
    variant->points = IV_NEW_ARRAY(a->arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && places[i].source == places[i - 1].source) {
            continue;
        }
        const struct iv_audit_source *source = &a->audit->sources[places[i].source];
        variant->versions[variant->version_count++] = (struct iv_audit_version){
            .source = source,
            .state = source->reason == NULL ? IV_AUDIT_JUDGED : IV_AUDIT_NOT_JUDGED,
            .reason = source->reason,
        };
    }

    for (size_t i = 0, end; i < variant->version_count; i = end) {
        const struct iv_version number = variant->versions[i].source->number;
        for (end = i + 1; end < variant->version_count &&
                          iv_version_compare(variant->versions[end].source->number, number) == 0;
             end++) {
        }
        settle_number(a, variant, i, end);
    }

    for (size_t i = 0; i < variant->version_count; i++) {
        struct iv_audit_version *version = &variant->versions[i];
        if (version->state != IV_AUDIT_NOT_JUDGED) {
            variant->points[variant->point_count++] = (uint32_t)i;
            version->point = (uint32_t)variant->point_count;
        }
    }
}

/* Recorded ones by time, the others by path: two orders that have nothing to do with each other. */
static int arrival_order(const void *a, const void *b, const void *context)
{
    const struct iv_audit_variant *variant = context;
    const struct iv_audit_source *x = variant->versions[*(const uint32_t *)a].source;
    const struct iv_audit_source *y = variant->versions[*(const uint32_t *)b].source;
    int order = (x->recorded > y->recorded) - (x->recorded < y->recorded);
    if (order == 0 && x->recorded != 0) {
        order = iv_version_compare(x->number, y->number);
    }
    return order != 0 ? order : (x > y) - (x < y);
}

/* Recorded sets came when they were recorded: each that came after a greater one is out of order,
 * however many they are. */
static void find_late_records(struct iv_audit_variant *variant, const uint32_t *order, size_t count)
{
    uint32_t greatest = count > 0 ? order[0] : 0;
    for (size_t i = 0; i < count; i++) {
        struct iv_audit_version *version = &variant->versions[order[i]];
        const struct iv_audit_source *before = variant->versions[greatest].source;
        if (iv_version_compare(version->source->number, before->number) < 0) {
            version->came_after = greatest + 1;
        } else {
            greatest = order[i];
        }
    }
}

/* Paths only suggest when a set came: as few as possible are out of order, so that one folder which
 * sorts first by its name does not put all others out of order. */
static void find_late_paths(struct iv_audit_variant *variant, const uint32_t *order, size_t count,
                            struct iv_arena *scratch)
{
    struct iv_version *numbers = IV_NEW_ARRAY(scratch, struct iv_version, count + 1);
    bool *is_late = IV_NEW_ARRAY(scratch, bool, count + 1);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = variant->versions[order[i]].source->number;
    }
    iv_version_find_late(numbers, count, scratch, is_late);
    size_t before = count; /* the last one in order: none yet */
    for (size_t i = 0; i < count; i++) {
        struct iv_audit_version *version = &variant->versions[order[i]];
        if (!is_late[i]) {
            before = i;
        } else if (before < count && iv_version_compare(numbers[i], numbers[before]) < 0) {
            version->came_after = order[before] + 1;
        } else {
            size_t next = i + 1; /* there is one: else this version were in order */
            while (is_late[next]) {
                next++;
            }
            version->came_before = order[next] + 1;
        }
    }
}

/* A set that is not judged, say a partial one, orders nothing. */
static void find_out_of_order(struct iv_audit_variant *variant, struct iv_arena *arena)
{
    struct iv_arena_mark mark = iv_arena_mark(arena);
    uint32_t *order = IV_NEW_ARRAY(arena, uint32_t, variant->version_count);
    size_t count = 0;
    for (size_t i = 0; i < variant->version_count; i++) {
        if (variant->versions[i].state != IV_AUDIT_NOT_JUDGED) {
            order[count++] = (uint32_t)i;
        }
    }
    if (count > 0) {
        iv_sort_with(order, count, sizeof(*order), arrival_order, variant);
    }
    size_t paths = 0; /* they stand before the recorded ones */
    while (paths < count && variant->versions[order[paths]].source->recorded == 0) {
        paths++;
    }
    find_late_paths(variant, order, paths, arena);
    find_late_records(variant, order + paths, count - paths);
    for (size_t i = 0; i < count; i++) {
        const struct iv_audit_version *version = &variant->versions[order[i]];
        variant->out_of_order += version->came_after != 0 || version->came_before != 0 ? 1 : 0;
    }
    iv_arena_reset(arena, mark);
}

/* A package that becomes Microsoft's drops out of the superset test: nothing is missing, and all
 * the same nobody watches it any more. */
static bool leaves_firmware(const struct iv_change *change)
{
    return change->before != NULL && change->after != NULL &&
           iv_package_leaves_firmware(change->before, change->after);
}

static size_t count_owner_changed(const struct iv_delta *delta)
{
    size_t changed = 0;
    for (size_t i = 0; i < delta->count; i++) {
        changed += leaves_firmware(&delta->changes[i]) ? 1 : 0;
    }
    return changed;
}

/* By the removed side, so that each pair counts once. */
static size_t count_renamed(const struct iv_delta *delta)
{
    size_t renamed = 0;
    for (size_t i = 0; i < delta->count; i++) {
        renamed += delta->changes[i].after == NULL && delta->changes[i].other != NULL ? 1 : 0;
    }
    return renamed;
}

/* The steps of the chain, in numbers alone: their lists are built again where they are shown, so
 * that a long history does not keep all of them in memory. */
static void build_steps(struct iv_auditing *a, struct iv_audit_variant *variant)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    variant->step_count = variant->chain_count == 0 ? 0 : variant->chain_count - 1;
    variant->steps = IV_NEW_ARRAY(a->arena, struct iv_audit_step, variant->step_count);
    for (size_t i = 0; i < variant->step_count; i++) {
        struct iv_audit_step *step = &variant->steps[i];
        struct iv_arena_mark mark = iv_arena_mark(&scratch);
        struct iv_delta delta;
        step->from = variant->chain[i];
        step->to = variant->chain[i + 1];
        iv_audit_step_delta(a->audit, variant, step, &scratch, &delta);
        memcpy(step->counts, delta.counts, sizeof(step->counts));
        step->same = delta.same;
        step->renamed = count_renamed(&delta);
        step->owner_changed = count_owner_changed(&delta);
        step->missing = iv_audit_step_missing(a->audit, variant, step, NULL, NULL);
        variant->broken += step->missing > 0 ? 1 : 0;
        iv_arena_reset(&scratch, mark);
    }
}

/* The versions as timeline.c takes them: a set and its number, in version order. */
static struct iv_point *points_of(struct iv_auditing *a, const struct iv_audit_variant *variant,
                                  const uint32_t *versions, size_t count)
{
    struct iv_point *points = IV_NEW_ARRAY(a->arena, struct iv_point, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct iv_audit_source *source = variant->versions[versions[i]].source;
        points[i] = (struct iv_point){.set = source->set, .number = source->number};
    }
    return points;
}

/* All that is known of one variant; see 3 and 4 at the top. */
static void build_variant(struct iv_auditing *a, const struct iv_audit_place *places, size_t count,
                          struct iv_audit_variant *variant)
{
    struct iv_audit *audit = a->audit;
    build_versions(a, places, count, variant);
    find_out_of_order(variant, a->arena);
    build_steps(a, variant);
    const struct iv_point *chain = points_of(a, variant, variant->chain, variant->chain_count);
    const struct iv_point *points = points_of(a, variant, variant->points, variant->point_count);
    iv_fixes_build(&audit->pool, chain, variant->chain_count, audit->all_owners, a->arena,
                   &variant->fixes);
    if (variant->point_count > 1) { /* in one version everything comes together */
        iv_merge_groups_build(&audit->pool, points, variant->point_count, a->arena,
                              &variant->groups);
    }
    iv_changed_contents_build(&audit->pool, points, variant->point_count, a->arena,
                              &variant->changed);
    variant->has_matrix = iv_matrix_build(&audit->pool, points, variant->point_count,
                                          audit->all_owners, a->arena, &variant->matrix);
    for (size_t i = 0; variant->has_matrix && i < variant->matrix.longest_count; i++) {
        variant->versions[variant->points[variant->matrix.longest[i]]].in_longest = true;
    }
}

/* ---- findings -------------------------------------------------------------------------------- */

/* The earlier side of a step, in the form in which findings name a baseline. Its set is not filled
 * in: steps carry their own lists. */
static const struct iv_baseline *as_baseline(const struct iv_audit_source *source,
                                             struct iv_arena *arena)
{
    struct iv_baseline *baseline = IV_NEW(arena, struct iv_baseline);
    *baseline = (struct iv_baseline){
        .id = source->id, .firmware_version = source->firmware_version, .number = source->number};
    return baseline;
}

/* What the rules judge of a history: its steps, and packages whose content changed. */
struct steps {
    struct iv_step *items;
    size_t count;
    struct iv_step_change *changes;
    size_t change_count;
};

/* A step as the rules see it: the later submission, and the earlier one as its baseline. */
static struct iv_step step_of(struct iv_auditing *a, const struct iv_audit_variant *variant,
                              uint32_t from, uint32_t to)
{
    const struct iv_audit_source *later = variant->versions[to].source;
    return (struct iv_step){
        .before = as_baseline(variant->versions[from].source, a->arena),
        .path = later->path,
        .firmware_version = later->firmware_version,
        .firmware_version_valid = true,
        .number = later->number,
        .variant = &variant->pop,
    };
}

/* In the audit's arena: findings keep packages for as long as the audit lives. */
static const struct iv_package *package_of(struct iv_auditing *a, uint32_t state)
{
    struct iv_package *package = IV_NEW(a->arena, struct iv_package);
    iv_pool_package(&a->audit->pool, state, package);
    return package;
}

/* The lists of a step are built where it is broken; the others have none. */
static void add_step(struct iv_auditing *a, const struct iv_audit_variant *variant,
                     const struct iv_audit_step *from, struct steps *steps)
{
    struct iv_step *step = &steps->items[steps->count++];
    *step = step_of(a, variant, from->from, from->to);
    if (from->missing == 0) {
        return;
    }
    uint32_t *missing;
    struct iv_delta *delta = IV_NEW(a->arena, struct iv_delta);
    step->removed_count = iv_audit_step_missing(a->audit, variant, from, a->arena, &missing);
    step->removed = IV_NEW_ARRAY(a->arena, const struct iv_package *, step->removed_count);
    for (size_t i = 0; i < step->removed_count; i++) {
        step->removed[i] = package_of(a, missing[i]);
    }
    iv_audit_step_delta(a->audit, variant, from, a->arena, delta);
    step->delta = delta;
}

/* Any two versions may have the same package version with other content, however far apart. */
static void add_changed(struct iv_auditing *a, const struct iv_audit_variant *variant,
                        const struct iv_changed_content *changed, struct steps *steps)
{
    struct iv_step *step = IV_NEW(a->arena, struct iv_step);
    struct iv_change *change = IV_NEW(a->arena, struct iv_change);
    *step = step_of(a, variant, variant->points[changed->first], variant->points[changed->second]);
    *change = (struct iv_change){.what = IV_CHANGE_CONTENT,
                                 .before = package_of(a, changed->before),
                                 .after = package_of(a, changed->after)};
    steps->changes[steps->change_count++] = (struct iv_step_change){.step = step, .change = change};
}

/* Packages that leave the firmware set in a step, without other changes: those are
 * reported by content. */
static void add_owner_changed(struct iv_auditing *a, const struct iv_audit_variant *variant,
                              const struct iv_audit_step *from, struct steps *steps)
{
    if (from->owner_changed == 0) {
        return;
    }
    struct iv_step *step = IV_NEW(a->arena, struct iv_step);
    struct iv_delta delta;
    *step = step_of(a, variant, from->from, from->to);
    iv_audit_step_delta(a->audit, variant, from, a->arena, &delta);
    for (size_t i = 0; i < delta.count; i++) {
        if (leaves_firmware(&delta.changes[i])) {
            struct iv_change *change = IV_NEW(a->arena, struct iv_change);
            *change = delta.changes[i];
            change->what = IV_CHANGE_FLAGS;
            steps->changes[steps->change_count++] =
                (struct iv_step_change){.step = step, .change = change};
        }
    }
}

/* The steps and changes of all variants. How many there are is counted first. */
static struct steps list_steps(struct iv_auditing *a)
{
    const struct iv_audit *audit = a->audit;
    size_t step_room = 1;
    size_t change_room = 1;
    for (size_t v = 0; v < audit->variant_count; v++) {
        step_room += audit->variants[v].step_count;
        change_room += audit->variants[v].changed.count;
        for (size_t i = 0; i < audit->variants[v].step_count; i++) {
            change_room += audit->variants[v].steps[i].owner_changed;
        }
    }
    struct steps steps = {
        .items = IV_NEW_ARRAY(a->arena, struct iv_step, step_room),
        .changes = IV_NEW_ARRAY(a->arena, struct iv_step_change, change_room),
    };
    for (size_t v = 0; v < audit->variant_count; v++) {
        const struct iv_audit_variant *variant = &audit->variants[v];
        for (size_t i = 0; i < variant->step_count; i++) {
            add_step(a, variant, &variant->steps[i], &steps);
            add_owner_changed(a, variant, &variant->steps[i], &steps);
        }
        for (size_t i = 0; i < variant->changed.count; i++) {
            add_changed(a, variant, &variant->changed.items[i], &steps);
        }
    }
    return steps;
}

/* Everything that was found in the history and its sets, and the verdict over all of it. */
static void judge_history(struct iv_auditing *a)
{
    struct iv_audit *audit = a->audit;
    const struct steps steps = list_steps(a);
    struct iv_judgement *parts =
        IV_NEW_ARRAY(a->arena, struct iv_judgement, 2 * audit->source_count);
    struct iv_judged judged = {
        .steps = steps.items,
        .step_count = steps.count,
        .changes = steps.changes,
        .change_count = steps.change_count,
        .parts = parts,
        .unfinished = audit->not_judged > 0 || audit->source_count == 0,
    };
    for (size_t i = 0; i < audit->source_count; i++) {
        if (audit->sources[i].nine != NULL && !audit->sources[i].is_copy) {
            parts[judged.part_count++] = *audit->sources[i].nine;
        }
        if (audit->sources[i].seals != NULL) { /* a copy may have been changed */
            parts[judged.part_count++] = *audit->sources[i].seals;
        }
    }
    struct iv_judgement judgement;
    iv_engine_judge(a->judge.engine, &judged, &a->judge.options, a->arena, &judgement);
    audit->findings = judgement.findings;
    audit->finding_count = judgement.finding_count;
    audit->counts = judgement.counts;
    audit->verdict = judgement.verdict;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Sorts and merges the sources, gives each place its new number, and builds a variant of each run
 * of places with one POP. */
static void build_variants(struct iv_auditing *a)
{
    struct iv_audit *audit = a->audit;
    size_t capacity = 0;
    size_t *new_number = IV_NEW_ARRAY(a->arena, size_t, audit->source_count + 1);
    size_t *main = IV_NEW_ARRAY(a->arena, size_t, audit->source_count + 1);
    sort_sources(a, new_number);
    merge_copies(a, main);
    for (size_t i = 0; i < a->place_count; i++) {
        a->places[i].source = main[new_number[a->places[i].source]];
    }
    if (a->place_count > 0) {
        iv_sort_with(a->places, a->place_count, sizeof(*a->places), place_order, audit);
    }
    for (size_t i = 0, end; i < a->place_count; i = end) {
        for (end = i + 1;
             end < a->place_count && iv_pop_compare(&a->places[end].pop, &a->places[i].pop) == 0;
             end++) {
        }
        audit->variants = iv_arena_grow(a->arena, audit->variants, audit->variant_count, &capacity,
                                        sizeof(*audit->variants));
        struct iv_audit_variant *variant = &audit->variants[audit->variant_count++];
        *variant = (struct iv_audit_variant){0};
        build_variant(a, &a->places[i], end - i, variant);
    }
}

/* What of a set was not read, or not evaluated; NULL: nothing. */
static const char *find_gap(const struct iv_audit_source *source, struct iv_arena *arena)
{
    if (source->reason != NULL) {
        return source->reason;
    }
    struct iv_buf gap IV_CLEANUP(iv_buf_fini) = {0};
    if (source->unreadable > 0) {
        iv_buf_printf(&gap, "%zu package%s could not be read", source->unreadable,
                      source->unreadable == 1 ? "" : "s");
    }
    if (source->doubt != NULL) {
        iv_buf_printf(&gap, "%s%s could not be read", gap.size == 0 ? "" : "; ", source->doubt);
    }
    if (source->unevaluated != NULL) {
        iv_buf_printf(&gap, "%s%s not evaluated", gap.size == 0 ? "" : "; ", source->unevaluated);
    }
    if (source->unverified != NULL) {
        iv_buf_printf(&gap, "%s%s", gap.size == 0 ? "" : "; ", source->unverified);
    }
    return gap.size == 0 ? NULL : iv_arena_strdup(arena, iv_buf_text(&gap));
}

/* Which versions are judged in full. A set with a gap has it in each of its variants; one that a
 * variant could not judge has a gap from then on. */
static void mark_variant(struct iv_audit *audit, struct iv_audit_variant *variant, bool *listed)
{
    for (size_t i = 0; i < variant->version_count; i++) {
        struct iv_audit_version *version = &variant->versions[i];
        struct iv_audit_source *source = &audit->sources[version->source - audit->sources];
        const bool unpaired = !variant->has_matrix && version->point != 0;
        version->in_full = version->state == IV_AUDIT_JUDGED && source->gap == NULL && !unpaired;
        variant->not_judged += version->in_full ? 0 : 1;
        listed[version->source - audit->sources] = true;
        if (source->gap == NULL && version->reason != NULL) {
            source->gap = version->reason;
        } else if (source->gap == NULL && unpaired) {
            source->gap = "the pairs of its variant would need too much memory";
        }
    }
}

/* What is in no variant, and how many sources were not judged in full. */
static void count_unjudged(struct iv_auditing *a)
{
    struct iv_audit *audit = a->audit;
    bool *listed = IV_NEW_ARRAY(a->arena, bool, audit->source_count + 1);
    audit->unjudged =
        IV_NEW_ARRAY(a->arena, const struct iv_audit_source *, audit->source_count + 1);
    for (size_t i = 0; i < audit->source_count; i++) {
        audit->sources[i].gap = find_gap(&audit->sources[i], a->arena);
    }
    for (size_t v = 0; v < audit->variant_count; v++) {
        mark_variant(audit, &audit->variants[v], listed);
        audit->broken += audit->variants[v].broken;
    }
    for (size_t i = 0; i < audit->source_count; i++) {
        const struct iv_audit_source *source = &audit->sources[i];
        if (source->is_copy) {
            continue;
        }
        if (!listed[i] && source->reason != NULL) {
            audit->unjudged[audit->unjudged_count++] = source;
        }
        audit->not_judged += source->gap != NULL ? 1 : 0;
    }
}

/* Whether a name is that of a recorded submission; else err says what may be wrong with it. */
static bool is_recorded(const char *name, const struct iv_audit_options *options,
                        struct iv_arena *arena, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    if (options->scan->comparing.store_path == NULL ||
        !iv_store_open(options->scan->comparing.store_path, IV_STORE_READ, &store, err) ||
        !iv_store_find(store, name, arena, &record, err)) {
        if (err->code == IV_ERROR_ABSENT || err->code == IV_ERROR_NONE) {
            *err = (struct iv_error){0};
            return iv_resolve_not_found("", name, options->scan, err);
        }
        return false;
    }
    return true;
}

/* What is there on disk is searched; any other name must be one of the store. A name that is
 * neither ends the command before anything is read, as it is most likely mistyped. */
bool iv_audit_find(const char *const *names, size_t count, const struct iv_audit_options *options,
                   struct iv_arena *arena, struct iv_found_list *ret_list, struct iv_error *err)
{
    struct iv_found_list list = {0};
    const struct iv_archive_options reading = iv_scan_archive_options(&options->scan->reading);
    for (size_t i = 0; i < count; i++) {
        if (iv_look_is_there(names[i])) {
            if (!iv_discover(names[i], &reading, arena, &list, err)) {
                return false;
            }
            continue;
        }
        if (!is_recorded(names[i], options, arena, err)) {
            return false;
        }
        list.items =
            iv_arena_grow(arena, list.items, list.count, &list.capacity, sizeof(*list.items));
        list.items[list.count++] = (struct iv_found){.path = names[i]};
    }
    iv_discover_sort(&list);
    *ret_list = list;
    return true;
}

/* Three engines: one for the history, one for each family of rules on a set by itself. The first
 * one knows the rules of the others (`also`), so that one list of findings can hold all of them.
 * The seed keeps a tree from being made so that all its texts collide in the pool. */
bool iv_audit_run(const struct iv_found_list *list, const struct iv_audit_options *options,
                  struct iv_arena *arena, struct iv_audit *ret_audit, struct iv_error *err)
{
    uint64_t seed;
    if (!iv_entropy(&seed, sizeof(seed))) {
        return iv_error_errno(err, "no random number");
    }
    struct iv_audit audit = {
        .tool_version = options->scan->run.tool_version,
        .fail_on = options->scan->judging.fail_on,
        .all_owners = options->scan->run.all_owners,
        .what_if = options->scan->judging.what_if,
    };
    struct iv_judge judge IV_CLEANUP(iv_judge_close) = {0};
    struct iv_judge nine IV_CLEANUP(iv_judge_close) = {0};
    struct iv_judge seals IV_CLEANUP(iv_judge_close) = {0};
    if (!iv_judge_open(options->scan, arena, &judge, err) ||
        !iv_judge_open_family(&judge, &iv_rules_standard, &nine, err) ||
        !iv_judge_open_family(&judge, &iv_rules_signature, &seals, err)) {
        return false;
    }
    const struct iv_rules also[] = {iv_rules_standard, iv_rules_signature};
    judge.options.also = also;
    judge.options.also_count = options->scan->reading.verify ? IV_COUNT(also) : 1;
    iv_pool_init(&audit.pool, seed);
    struct iv_auditing a = {.options = options,
                            .arena = arena,
                            .audit = &audit,
                            .judge = judge,
                            .nine = nine,
                            .seals = seals};
    iv_audit_read(&a, list);
    if (options->with_store) {
        iv_audit_read_store(&a);
    }
    build_variants(&a);
    count_unjudged(&a);
    judge_history(&a);
    *ret_audit = audit;
    return true;
}

void iv_audit_fini(struct iv_audit *audit)
{
    iv_pool_fini(&audit->pool);
}
