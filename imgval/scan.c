#include "imgval/scan.h"

#include "cache/store.h"
#include "imgval/engine/engine.h"
#include "imgval/engine/policy.h"
#include "imgval/input/input.h"
#include "imgval/resolve.h"
#include "imgval/scan_read.h"
#include "rules/rules.h"

#include <unistd.h>

/* --- reading --------------------------------------------------------------------------------- */

struct iv_datum *iv_scan_option_data(const struct iv_scan_options *options, struct iv_arena *arena,
                                     size_t *ret_count)
{
    size_t room = 2 + options->model_count + options->operator_count;
    struct iv_datum *data = IV_NEW_ARRAY(arena, struct iv_datum, room);
    size_t used = 0;
    if (options->manufacturer != NULL) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_MANUFACTURER,
                                         .value = options->manufacturer,
                                         .source = "--manufacturer",
                                         .rank = IV_RANK_OPTION};
    }
    if (options->firmware_version != NULL) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_FIRMWARE_REVISION,
                                         .value = options->firmware_version,
                                         .source = "--firmware-version",
                                         .rank = IV_RANK_OPTION};
    }
    for (size_t i = 0; i < options->model_count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_MODEL_NAME,
                                         .value = options->models[i],
                                         .source = "--model",
                                         .rank = IV_RANK_OPTION};
    }
    for (size_t i = 0; i < options->operator_count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_OPERATOR_NAME,
                                         .value = options->operators[i],
                                         .source = "--operator",
                                         .rank = IV_RANK_OPTION};
    }
    *ret_count = used;
    return data;
}

static bool refuse_several_images(const char *path, const char *const *images, size_t count,
                                  struct iv_error *err)
{
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count && i < 5; i++) {
        iv_buf_puts(&names, i == 0 ? "" : ", ");
        iv_buf_puts(&names, images[i]);
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%s: %zu images, each a submission of its own; name one of them: %s", path,
                        count, iv_buf_text(&names));
}

bool iv_scan_read(const char *path, const struct iv_scan_options *options, struct iv_arena *arena,
                  struct iv_submission *ret_submission, struct iv_containment *ret_containment,
                  struct iv_error *err)
{
    const char **images;
    size_t count;
    iv_input_images(path, &options->limits, arena, &images, &count);
    if (count > 1) {
        return refuse_several_images(path, images, count, err);
    }
    return iv_scan_read_path(count == 1 ? images[0] : path, options, arena, ret_submission,
                             ret_containment, err);
}

/* --- the baseline store ---------------------------------------------------------------------- */

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
static bool wants_comparison(struct iv_submission *s, bool against)
{
    if (s->context_free) {
        set_all(s, IV_WSPC_NOT_APPLICABLE, "a context-free partial has no device");
        return false;
    }
    if (s->no_wspc) {
        set_all(s, IV_WSPC_SKIPPED, "skipped by --no-wspc");
        return false;
    }
    if (iv_device_has_too_many_pops(&s->device)) {
        set_all(s, IV_WSPC_NOT_EVALUATED, "there are too many variants");
        return false;
    }
    bool known = s->firmware_version != NULL && s->variant_count > 0;
    if (s->type == IV_PARTIAL && !known && !against) {
        set_all(s, IV_WSPC_NOT_APPLICABLE,
                "a partial without firmware version and variant; name them with --manufacturer, "
                "--model, --operator and --firmware-version");
        return false;
    }
    return true;
}

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
    struct iv_baseline *baselines;
    size_t count;
    int64_t touched;
    if (!iv_store_baselines(store, &variant->pop, arena, &baselines, &count, &touched, err)) {
        return false;
    }
    if (options->max_list_age >= 0 && touched > 0) {
        variant->list_age_days = options->now > touched ? (options->now - touched) / 86400 : 0;
    }
    struct iv_neighbours neighbours;
    iv_wspc_neighbours(baselines, count, s->number, arena, &neighbours);
    if (options->replaces_same) {
        neighbours.same_count = 0; /* it is to be demoted */
    }
    if (!load_sets(store, baselines, neighbours.older, neighbours.older_count, arena, err) ||
        !load_sets(store, baselines, neighbours.newer, neighbours.newer_count, arena, err) ||
        !load_sets(store, baselines, neighbours.same, neighbours.same_count, arena, err)) {
        return false;
    }
    iv_wspc_judge(&s->set, baselines, &neighbours, s->all_owners, arena, &variant->wspc);
    return variant->wspc.status != IV_WSPC_FIRST || find_similar(store, variant, arena, err);
}

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
    case IV_ERROR_REFUSED:
    case IV_ERROR_INVALID:
        s->store_state = IV_STORE_UNREADABLE;
        break;
    }
    s->store_detail = iv_arena_strdup(arena, err->text);
    set_all(s, IV_WSPC_NOT_EVALUATED, "the baseline store could not be used");
}

static void look_up_in_store(const struct iv_scan_options *options, struct iv_arena *arena,
                             struct iv_submission *s)
{
    struct iv_error err = {0};
    struct iv_store *opened IV_CLEANUP(iv_store_close) = NULL;
    struct iv_store *store = options->store;
    if (store == NULL && options->store_path == NULL) {
        iv_error_set(&err, IV_ERROR_ABSENT, "there is no place for a baseline store");
        note_store_error(s, &err, arena);
        return;
    }
    if (store == NULL) {
        if (!iv_store_open(options->store_path, IV_STORE_READ, &opened, &err)) {
            if (err.code == IV_ERROR_ABSENT && options->missing_store_is_empty) {
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
}

/* The submission of --against, from a path or the store. */
static bool load_against(const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_baseline *ret_baseline, struct iv_error *err)
{
    if (access(options->against, F_OK) == 0) {
        struct iv_scan_options plain = {
            /* its packages alone count: no history, no device values */
            .type = IV_PARTIAL, .type_given = true,    .context_free = true,
            .no_wspc = true,    .jobs = options->jobs, .limits = options->limits,
            .max_list_age = -1, .no_hash = true,       .facts_cache = options->facts_cache,
        };
        struct iv_submission other = {0};
        struct iv_containment containment;
        if (!iv_scan_read(options->against, &plain, arena, &other, &containment, err)) {
            return iv_error_add(err, "--against");
        }
        if (other.set_incomplete || other.package_count == 0) {
            return iv_error_set(err, IV_ERROR_USAGE,
                                "--against=%s: %s, so it cannot stand as a baseline; see imgval "
                                "inspect",
                                options->against,
                                other.package_count == 0 ? "it holds no package"
                                                         : "part of it could not be listed");
        }
        *ret_baseline = (struct iv_baseline){.id = other.id,
                                             .firmware_version = other.firmware_version,
                                             .number = other.number,
                                             .set = other.set,
                                             .set_loaded = true};
        return true;
    }
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    if (options->store_path == NULL) {
        return iv_error_set(err, IV_ERROR_NO_INPUT, "--against=%s: no such path", options->against);
    }
    if (!iv_store_open(options->store_path, IV_STORE_READ, &store, err) ||
        !iv_store_find(store, options->against, arena, &record, err)) {
        if (err->code == IV_ERROR_ABSENT) {
            return iv_error_set(err, IV_ERROR_NO_INPUT,
                                "--against=%s: no such path, and the baseline store has no such "
                                "submission",
                                options->against);
        }
        return iv_error_add(err, "--against=%s", options->against);
    }
    *ret_baseline = (struct iv_baseline){.id = record.id,
                                         .firmware_version = record.firmware_version,
                                         .number = record.number,
                                         .imported = record.imported,
                                         .set_loaded = true};
    iv_set_build(record.packages, record.package_count, arena, &ret_baseline->set);
    return true;
}

/* --against compares even where no POP is known: then with one nameless variant. */
static void look_up_against(const struct iv_baseline *older, struct iv_arena *arena,
                            struct iv_submission *s)
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
        iv_wspc_judge_against(&s->set, older, s->all_owners, arena, &s->variants[i].wspc);
    }
}

bool iv_scan_look_up(const struct iv_scan_options *options, struct iv_arena *arena,
                     struct iv_submission *submission, struct iv_error *err)
{
    if (!wants_comparison(submission, options->against != NULL)) {
        return true;
    }
    if (options->against != NULL) {
        struct iv_baseline *older = IV_NEW(arena, struct iv_baseline);
        if (!load_against(options, arena, older, err)) {
            return false;
        }
        look_up_against(older, arena, submission);
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

/* --- the whole ------------------------------------------------------------------------------- */

static enum iv_final_verdict worst(enum iv_final_verdict a, enum iv_final_verdict b)
{
    return a > b ? a : b;
}

static void note_outcome(const struct iv_submission *s, struct iv_scan_outcome *outcome)
{
    if (s->store_state == IV_STORE_NEWER || s->store_state == IV_STORE_UNREADABLE) {
        outcome->store_failed = true;
    }
    if (s->package_count == 0) {
        outcome->no_package = true;
    }
}

/* The built-in rows, then the policy's own. */
static bool open_engine(const struct iv_policy *policy, struct iv_engine **ret_engine,
                        struct iv_error *err)
{
    struct iv_rules families[IV_RULE_FAMILIES + 1];
    size_t count = IV_RULE_FAMILIES;
    iv_rules_all(families);
    if (policy != NULL && policy->rule_count > 0) {
        families[count++] = (struct iv_rules){.rows = policy->rules, .count = policy->rule_count};
    }
    return iv_engine_open(families, count, ret_engine, err);
}

/* What each rule took, over all submissions. */
static void sum_rules(const struct iv_report *report, struct iv_arena *arena,
                      struct iv_timings *timings)
{
    size_t count = report->entry_count == 0 ? 0 : report->entries[0].judgement.outcome_count;
    timings->rules = IV_NEW_ARRAY(arena, struct iv_rule_time, count);
    timings->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        struct iv_rule_time *total = &timings->rules[i];
        total->rule = report->entries[0].judgement.outcomes[i].rule;
        for (size_t k = 0; k < report->entry_count; k++) {
            const struct iv_span *span = &report->entries[k].judgement.outcomes[i].span;
            total->span.wall += span->wall;
            total->span.cpu += span->cpu;
        }
    }
}

bool iv_scan_judge(struct iv_submission *submissions, size_t count,
                   const struct iv_scan_options *options, struct iv_arena *arena,
                   struct iv_report *ret_report, struct iv_scan_outcome *ret_outcome,
                   struct iv_error *err)
{
    struct iv_span start = iv_timings_start(options->timings);
    for (size_t i = 0; i < count; i++) {
        if (!iv_scan_look_up(options, arena, &submissions[i], err)) {
            return false;
        }
    }
    iv_timings_end(options->timings, IV_STAGE_LOOK_UP, &start);
    start = iv_timings_start(options->timings);
    const struct iv_policy *policy = options->policy;
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    if (!open_engine(policy, &engine, err)) {
        return false;
    }
    struct iv_engine_options engine_options = {
        .fail_on = options->fail_on,
        .policy = policy,
        .date = options->date,
        .what_if = options->what_if,
        .with_spans = options->timings != NULL,
        .uses =
            policy == NULL ? NULL : IV_NEW_ARRAY(arena, struct iv_waiver_use, policy->waiver_count),
    };
    struct iv_report report = {
        .tool = "imgval",
        .tool_version = options->tool_version,
        .verdict = IV_VERDICT_PASS,
        .fail_on = options->fail_on,
        .what_if = options->what_if,
        .site_rules = policy == NULL ? NULL : policy->rules,
        .site_rule_count = policy == NULL ? 0 : policy->rule_count,
        .entries = IV_NEW_ARRAY(arena, struct iv_report_entry, count),
        .entry_count = count,
    };
    /* The first one comes last: what all of them made of the waivers is told with it. */
    for (size_t i = count; i-- > 0;) {
        report.entries[i].submission = &submissions[i];
        engine_options.is_last = i == 0;
        iv_engine_judge(engine, &submissions[i], &engine_options, arena,
                        &report.entries[i].judgement);
        report.verdict = worst(report.verdict, report.entries[i].judgement.verdict);
        note_outcome(&submissions[i], ret_outcome);
    }
    iv_timings_end(options->timings, IV_STAGE_JUDGE, &start);
    if (options->timings != NULL) {
        sum_rules(&report, arena, options->timings);
    }
    *ret_report = report;
    return true;
}

/* The paths of the submissions: a directory that holds image files stands for these. */
static const char **submission_paths(const char *const *paths, size_t count,
                                     const struct iv_scan_options *options, struct iv_arena *arena,
                                     size_t *ret_count)
{
    const char **found = NULL;
    size_t used = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        const char **images;
        size_t image_count;
        iv_input_images(paths[i], &options->limits, arena, &images, &image_count);
        for (size_t k = 0; k < (image_count == 0 ? 1 : image_count); k++) {
            found = iv_arena_grow(arena, found, used, &capacity, sizeof(*found));
            found[used++] = image_count == 0 ? paths[i] : images[k];
        }
    }
    *ret_count = used;
    return found;
}

/* A submission of the baseline store, judged as it would be today. */
static bool read_record(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_error *err)
{
    struct iv_named named;
    if (options->type_given && options->type == IV_PARTIAL) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a recorded submission is an image; --type=partial does not go "
                            "with it",
                            name);
    }
    if (!iv_resolve(name, options, false, arena, &named, err)) {
        return false;
    }
    named.submission.baseline = options->baseline;
    named.submission.no_wspc = options->no_wspc;
    named.submission.all_owners = options->all_owners;
    named.submission.in_ci = options->in_ci;
    named.submission.max_list_age = options->max_list_age;
    named.submission.tool_version = options->tool_version;
    *ret_submission = named.submission;
    return true;
}

bool iv_scan_read_named(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_containment *ret_containment, struct iv_error *err)
{
    return iv_resolve_is_name(name)
               ? read_record(name, options, arena, ret_submission, err)
               : iv_scan_read(name, options, arena, ret_submission, ret_containment, err);
}

bool iv_scan(const char *const *paths, size_t count, const struct iv_scan_options *options,
             struct iv_arena *arena, struct iv_report *ret_report,
             struct iv_scan_outcome *ret_outcome, struct iv_error *err)
{
    size_t total;
    const char **found = submission_paths(paths, count, options, arena, &total);
    struct iv_submission *submissions = IV_NEW_ARRAY(arena, struct iv_submission, total);
    struct iv_scan_outcome outcome = {0};
    for (size_t i = 0; i < total; i++) {
        bool done = iv_resolve_is_name(found[i])
                        ? read_record(found[i], options, arena, &submissions[i], err)
                        : iv_scan_read_path(found[i], options, arena, &submissions[i],
                                            &outcome.containment, err);
        if (!done) {
            return false;
        }
    }
    if (!iv_scan_judge(submissions, total, options, arena, ret_report, &outcome, err)) {
        return false;
    }
    *ret_outcome = outcome;
    return true;
}
