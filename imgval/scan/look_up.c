/*
 * The comparison of a submission that was read: its neighbours among the recorded baselines of each
 * of its variants, or the one submission that --against names. What goes wrong with the store is a
 * fact of the submission, which the rules judge; nothing here prints or decides a verdict.
 *
 * For each variant the baselines of its POP are listed without their packages, and only the sets of
 * the neighbours by version are loaded. A set that may lack packages which were not seen is not
 * compared at all: every one of them would look removed.
 */
#include "imgval/scan/look_up.h"

#include "cache/store.h"
#include "imgval/base/attr.h"
#include "imgval/base/look.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"

#include <string.h>

static const char set_incomplete_reason[] =
    "part of the input, or the update history, could not be read";

/* Every variant gets a status without a comparison. */
static void set_all(struct iv_submission *s, enum iv_wspc_status status, const char *reason)
{
    s->wspc_reason = reason;
    for (size_t i = 0; i < s->variant_count; i++) {
        s->variants[i].wspc = (struct iv_wspc){.status = status};
    }
}

/* Whether there is anything to compare; if not, why. */
static bool wants_comparison(const struct iv_circumstances *run, struct iv_submission *s)
{
    if (s->context_free) {
        set_all(s, IV_WSPC_NOT_APPLICABLE, "a context-free partial has no device");
        return false;
    }
    if (run->no_wspc) {
        set_all(s, IV_WSPC_SKIPPED, "skipped by --no-wspc");
        return false;
    }
    if (iv_device_has_too_many_pops(&s->device)) {
        set_all(s, IV_WSPC_NOT_EVALUATED, "there are too many variants");
        return false;
    }
    bool known = s->firmware_version != NULL && s->variant_count > 0;
    if (s->type == IV_PARTIAL && !known && run->against == NULL) {
        set_all(s, IV_WSPC_NOT_APPLICABLE,
                "a partial without firmware version and variant; name them with --manufacturer, "
                "--model, --operator and --firmware-version");
        return false;
    }
    return true;
}

/* For a variant without a baseline: a POP of the store that differs only a little, as a mistyped
 * name makes the first baseline of a variant out of a later one. */
static bool find_similar(struct iv_store *store, struct iv_variant *variant, struct iv_arena *arena,
                         struct iv_error *err)
{
    struct iv_pop *pops;
    size_t count;
    if (!iv_store_baseline_pops(store, arena, &pops, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count && variant->similar == NULL; i++) {
        if (iv_pop_is_similar(&pops[i], &variant->pop)) {
            variant->similar = &pops[i];
        }
    }
    return true;
}

/* The sets of some of the baselines: most of a list is never loaded. */
static bool load_sets(struct iv_store *store, struct iv_baseline *baselines, const size_t *places,
                      size_t count, struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!iv_store_load_set(store, &baselines[places[i]], arena, err)) {
            return false;
        }
    }
    return true;
}

/* One POP: its neighbours are found, loaded and compared with. */
static bool look_up_variant(struct iv_store *store, const struct iv_scan_options *options,
                            const struct iv_submission *s, struct iv_variant *variant,
                            struct iv_arena *arena, struct iv_error *err)
{
    struct iv_baselines list;
    if (!iv_store_baselines(store, &variant->pop, arena, &list, err)) {
        return false;
    }
    if (options->run.has_max_list_age && list.touched > 0) {
        const int64_t now = options->comparing.now;
        variant->list_age_days = now > list.touched ? (now - list.touched) / 86400 : 0;
    }

    struct iv_baseline *baselines = list.items;
    struct iv_neighbours neighbours;
    iv_wspc_neighbours(baselines, list.count, s->number, arena, &neighbours);
    if (options->comparing.replaces_same) {
        neighbours.same_count = 0; /* it is to be demoted */
    }
    if (!load_sets(store, baselines, neighbours.older, neighbours.older_count, arena, err) ||
        !load_sets(store, baselines, neighbours.newer, neighbours.newer_count, arena, err) ||
        !load_sets(store, baselines, neighbours.same, neighbours.same_count, arena, err)) {
        return false;
    }
    iv_wspc_judge(&s->set, baselines, &neighbours, options->run.all_owners, arena, &variant->wspc);
    return variant->wspc.status != IV_WSPC_FIRST || find_similar(store, variant, arena, err);
}

/* A submission of the POP that is no baseline: the one with the highest version is kept. */
static void note_record(const struct iv_record *record, struct iv_variant *variant)
{
    struct iv_version number;
    struct iv_version best;
    for (size_t i = 0; i < record->pop_count; i++) {
        if (iv_pop_compare(&record->pops[i].pop, &variant->pop) != 0) {
            continue;
        }
        variant->recorded++;
        if (variant->recorded_id == NULL || (iv_version_parse(record->firmware_version, &number) &&
                                             iv_version_parse(variant->recorded_version, &best) &&
                                             iv_version_compare(number, best) > 0)) {
            variant->recorded_id = record->id;
            variant->recorded_version = record->firmware_version;
        }
    }
}

/* What is recorded for the variants that have no baseline. */
static bool find_recorded(struct iv_store *store, struct iv_submission *s, struct iv_arena *arena,
                          struct iv_error *err)
{
    struct iv_record *records = NULL;
    size_t count = 0;
    bool is_listed = false;
    for (size_t v = 0; v < s->variant_count; v++) {
        if (s->variants[v].wspc.status != IV_WSPC_FIRST) {
            continue;
        }
        if (!is_listed && !iv_store_list(store, false, arena, &records, &count, err)) {
            return false;
        }
        is_listed = true;
        for (size_t i = 0; i < count; i++) {
            if (s->id == NULL || strcmp(records[i].id, s->id) != 0) {
                note_record(&records[i], &s->variants[v]);
            }
        }
    }
    return true;
}

/* No store, a store of a newer version, or one that cannot be read: nothing was compared. */
static void note_store_error(struct iv_submission *s, const struct iv_error *err,
                             struct iv_arena *arena)
{
    switch (err->code) {
    case IV_ERROR_ABSENT:
        s->store_state = IV_STORE_NONE;
        break;
    case IV_ERROR_NEWER:
        s->store_state = IV_STORE_NEWER;
        break;
    case IV_ERROR_NONE:
    case IV_ERROR_USAGE:
    case IV_ERROR_NO_INPUT:
    case IV_ERROR_SYSTEM:
    case IV_ERROR_STORE:
    case IV_ERROR_AGAIN:
    case IV_ERROR_HALF_READ:
    case IV_ERROR_REFUSED:
    case IV_ERROR_INVALID:
        s->store_state = IV_STORE_UNREADABLE;
        break;
    }
    s->store_detail = iv_arena_strdup(arena, err->text);
    set_all(s, IV_WSPC_NOT_EVALUATED, "the baseline store could not be used");
}

/* Compares each variant with the store. With missing_store_is_empty a store that is not there has
 * no baselines; else it is reported. */
static void look_up_in_store(const struct iv_scan_options *options, struct iv_arena *arena,
                             struct iv_submission *s)
{
    struct iv_error err = {0};
    struct iv_store *opened IV_CLEANUP(iv_store_close) = NULL;
    struct iv_store *store = options->comparing.store;
    if (store == NULL && options->comparing.store_path == NULL) {
        iv_error_set(&err, IV_ERROR_ABSENT, "there is no place for a baseline store");
        note_store_error(s, &err, arena);
        return;
    }
    if (store == NULL) {
        if (!iv_store_open(options->comparing.store_path, IV_STORE_READ, &opened, &err)) {
            if (err.code == IV_ERROR_ABSENT && options->comparing.missing_store_is_empty) {
                s->store_state = IV_STORE_READY;
                set_all(s, IV_WSPC_FIRST, NULL);
                return;
            }
            note_store_error(s, &err, arena);
            return;
        }
        store = opened;
    }
    s->store_state = IV_STORE_READY;
    if (s->set_incomplete) {
        set_all(s, IV_WSPC_NOT_EVALUATED, set_incomplete_reason);
        return;
    }
    for (size_t i = 0; i < s->variant_count; i++) {
        if (!look_up_variant(store, options, s, &s->variants[i], arena, &err)) {
            note_store_error(s, &err, arena);
            return;
        }
    }
    if (!find_recorded(store, s, arena, &err)) {
        note_store_error(s, &err, arena);
    }
}

/* Whether the system refused to show a part of it. */
static bool has_unreadable(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->fault_count; i++) {
        if (s->faults[i].kind == IV_FAULT_UNREADABLE) {
            return true;
        }
    }
    return false;
}

/*
 * What kept a package from being read, or NULL. A malformed one counts by its stem, as it always
 * does. One that the machine, a limit or this build did not let read may have any name.
 */
static const struct iv_fault *kept_from_reading(const struct iv_package *package)
{
    for (size_t i = 0; package->unreadable && i < package->fault_count; i++) {
        if (package->faults[i].kind != IV_FAULT_MALFORMED) {
            return &package->faults[i];
        }
    }
    return NULL;
}

/* Whether what was read can stand as a baseline: a set that is not known would let anything pass.
 */
static bool can_stand(const char *path, const struct iv_submission *other, struct iv_error *err)
{
    static const char so[] = "so it cannot stand as a baseline; see imgval inspect";
    if (other->set_incomplete || other->package_count == 0) {
        bool is_trouble = other->set_incomplete && has_unreadable(other);
        return iv_error_set(
            err, is_trouble ? IV_ERROR_SYSTEM : IV_ERROR_USAGE, "--against=%s: %s, %s", path,
            other->set_incomplete ? "part of it could not be listed" : "it holds no package", so);
    }
    for (size_t i = 0; i < other->package_count; i++) {
        const struct iv_fault *fault = kept_from_reading(&other->packages[i]);
        if (fault != NULL) {
            bool is_trouble =
                fault->kind == IV_FAULT_UNREADABLE || fault->kind == IV_FAULT_READER_DIED;
            return iv_error_set(err, is_trouble ? IV_ERROR_SYSTEM : IV_ERROR_USAGE,
                                "--against=%s: %s was not read (%s), %s", path,
                                other->packages[i].path, fault->detail, so);
        }
    }
    return true;
}

/* The submission of --against, from a path or the store. */
static bool load_against(const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_baseline *ret_baseline, struct iv_error *err)
{
    if (iv_look_is_there(options->run.against)) {
        /* Its packages alone count: no history, no device values, no time and no progress of its
         * own. */
        struct iv_reading plain = options->reading;
        plain.as_it_lies = true;
        plain.update_history = plain.oem_input = plain.device_info = NULL;
        plain.manufacturer = plain.firmware_version = NULL;
        plain.models = plain.operators = (struct iv_strings){0};
        plain.no_hash = true;
        plain.verify = false;
        plain.progress = NULL;
        plain.timings = NULL;
        struct iv_submission other = {0};
        struct iv_containment containment;
        if (!iv_scan_read(options->run.against, &plain, arena, &other, &containment, err)) {
            return iv_error_add(err, "--against");
        }
        if (!can_stand(options->run.against, &other, err)) {
            return false;
        }
        *ret_baseline = (struct iv_baseline){.id = other.id,
                                             .firmware_version = other.firmware_version,
                                             .number = other.number,
                                             .set = other.set,
                                             .set_loaded = true,
                                             .traits = iv_traits_of(&other, arena)};
        return true;
    }
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    if (options->comparing.store_path == NULL) {
        return iv_resolve_not_found("--against=", options->run.against, options, err);
    }
    if (!iv_store_open(options->comparing.store_path, IV_STORE_READ, &store, err) ||
        !iv_store_find(store, options->run.against, arena, &record, err)) {
        if (err->code == IV_ERROR_ABSENT) {
            return iv_resolve_not_found("--against=", options->run.against, options, err);
        }
        return iv_error_add(err, "--against=%s", options->run.against);
    }
    *ret_baseline = (struct iv_baseline){.id = record.id,
                                         .firmware_version = record.firmware_version,
                                         .number = record.number,
                                         .imported = record.imported,
                                         .set_loaded = true,
                                         .traits = record.traits};
    iv_set_build(record.packages, record.package_count, arena, &ret_baseline->set);
    ret_baseline->set.has_old_keys = !record.traits.has_identity_keys;
    return true;
}

/* Compares with the one set of --against. A submission without a variant gets a nameless one, which
 * holds the outcome. */
static void look_up_against(const struct iv_baseline *older, bool all_owners,
                            struct iv_arena *arena, struct iv_submission *s)
{
    s->store_state = IV_STORE_AGAINST;
    if (s->variant_count == 0) {
        s->variants = IV_NEW(arena, struct iv_variant);
        s->variants[0] = (struct iv_variant){.pop = {.oem = "", .mobile_operator = "", .model = ""},
                                             .list_age_days = -1};
        s->variant_count = 1;
    }
    if (s->set_incomplete) {
        set_all(s, IV_WSPC_NOT_EVALUATED, set_incomplete_reason);
        return;
    }
    for (size_t i = 0; i < s->variant_count; i++) {
        iv_wspc_judge_against(&s->set, older, all_owners, arena, &s->variants[i].wspc);
    }
}

/* Comparison by comparison from what rules it out to what it needs. False only where --against
 * names nothing that can be compared with: trouble with the store is a fact for the rules. */
bool iv_scan_look_up(const struct iv_scan_options *options, struct iv_arena *arena,
                     struct iv_submission *submission, struct iv_error *err)
{
    if (!wants_comparison(&options->run, submission)) {
        return true;
    }
    if (options->run.against != NULL) {
        struct iv_baseline *older = IV_NEW(arena, struct iv_baseline);
        if (!load_against(options, arena, older, err)) {
            return false;
        }
        look_up_against(older, options->run.all_owners, arena, submission);
        return true;
    }
    if (!submission->firmware_version_valid || submission->variant_count == 0) {
        set_all(submission, IV_WSPC_NOT_EVALUATED,
                "firmware version, manufacturer, model and operator are not all known");
        return true;
    }
    look_up_in_store(options, arena, submission);
    return true;
}
