/*
 * The main job. Paths become inputs: a directory that holds image files stands for each of them.
 * All inputs are read first (scan_read.c), then all are compared with baselines (look_up.c), then
 * all are judged by one engine (judge.c), so that the uses of waivers are counted over the whole
 * run. A name of the baseline store is judged from its record, without reading anything.
 *
 * From here downwards nothing asks the environment, the clock or a terminal: what decides the
 * outcome is in the options and in the input.
 */
#include "imgval/scan/scan.h"

#include "cache/store.h"
#include "imgval/input/input.h"
#include "imgval/scan/judge.h"
#include "imgval/scan/look_up.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"

/* The verdicts stand in the order of their weight. */
static enum iv_final_verdict worst(enum iv_final_verdict a, enum iv_final_verdict b)
{
    return a > b ? a : b;
}

/* What decides the exit status beside the verdict. */
static void note_outcome(const struct iv_submission *s, struct iv_scan_outcome *outcome)
{
    if (s->store_state == IV_STORE_NEWER || s->store_state == IV_STORE_UNREADABLE) {
        outcome->store_failed = true;
    }
    if (s->package_count == 0) {
        outcome->no_package = true;
    }
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

/* Looking up and judging alone: cache add does it twice, on what was read once. */
bool iv_scan_judge(struct iv_submission *submissions, size_t count,
                   const struct iv_scan_options *options, struct iv_arena *arena,
                   struct iv_scan_outcome *ret_outcome, struct iv_error *err)
{
    struct iv_span start = iv_timings_start(options->reading.timings);
    for (size_t i = 0; i < count; i++) {
        if (!iv_scan_look_up(options, arena, &submissions[i], err)) {
            return false;
        }
    }
    iv_timings_end(options->reading.timings, IV_STAGE_LOOK_UP, &start);

    start = iv_timings_start(options->reading.timings);
    struct iv_judge judge IV_CLEANUP(iv_judge_close) = {0};
    if (!iv_judge_open(options, arena, &judge, err)) {
        return false;
    }
    struct iv_report report = iv_judge_report(options, count, arena);
    /* The first one comes last: what all of them made of the waivers is reported with it. */
    for (size_t i = count; i-- > 0;) {
        const struct iv_judged judged = {.submission = &submissions[i]};
        report.entries[i].submission = &submissions[i];
        judge.options.is_last = i == 0;
        iv_engine_judge(judge.engine, &judged, &judge.options, arena, &report.entries[i].judgement);
        report.verdict = worst(report.verdict, report.entries[i].judgement.verdict);
        note_outcome(&submissions[i], ret_outcome);
    }
    iv_timings_end(options->reading.timings, IV_STAGE_JUDGE, &start);
    if (options->reading.timings != NULL) {
        sum_rules(&report, arena, options->reading.timings);
    }
    ret_outcome->report = report;
    return true;
}

/* The submissions: a directory that holds image files stands for these. */
static struct iv_scan_input *find_inputs(const char *const *paths, size_t count,
                                         const struct iv_scan_options *options,
                                         struct iv_arena *arena, size_t *ret_count)
{
    struct iv_scan_input *found = NULL;
    size_t used = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        struct iv_input_images images;
        iv_input_images(paths[i], &options->reading.limits, arena, &images);
        for (size_t k = 0; k < (images.count == 0 ? 1 : images.count); k++) {
            found = iv_arena_grow(arena, found, used, &capacity, sizeof(*found));
            found[used++] = (struct iv_scan_input){
                .path = images.count == 0 ? paths[i] : images.paths[k],
                .folder = images.count == 0 ? NULL : paths[i],
                .is_one_of_several = images.count > 1,
                .trouble = images.trouble,
            };
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
    if (options->reading.type_given && options->reading.type == IV_PARTIAL) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a recorded submission is an image; --type=partial does not go "
                            "with it",
                            name);
    }
    if (options->reading.verify) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a recorded submission has no files to verify; name the folder or "
                            "the image itself",
                            name);
    }
    if (!iv_resolve(name, options, false, arena, &named, err)) {
        return false;
    }
    *ret_submission = named.submission;
    return true;
}

/* What was taken for a context-free partial because nobody said otherwise is not compared. */
static bool refuse_uncompared(const struct iv_submission *s, const struct iv_scan_options *options,
                              struct iv_error *err)
{
    if (!s->type_by_default || options->run.against == NULL) {
        return true;
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%s: a single package is judged as a context-free partial, which is not "
                        "compared; with --against say --type=image, or --type=partial",
                        s->path);
}

/* For commands that take one submission, by path or by name. */
bool iv_scan_read_named(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_containment *ret_containment, struct iv_error *err)
{
    if (iv_resolve_is_name(name)) {
        return read_record(name, options, arena, ret_submission, err);
    }
    return iv_scan_read(name, &options->reading, arena, ret_submission, ret_containment, err) &&
           refuse_uncompared(ret_submission, options, err);
}

/* The same for one of the inputs that were found. */
static bool read_input(const struct iv_scan_input *input, const struct iv_scan_options *options,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       struct iv_containment *ret_containment, struct iv_error *err)
{
    if (iv_resolve_is_name(input->path)) {
        return read_record(input->path, options, arena, ret_submission, err);
    }
    return iv_scan_read_input(input, &options->reading, arena, ret_submission, ret_containment,
                              err) &&
           refuse_uncompared(ret_submission, options, err);
}

/* The stages one after the other. An input that cannot be read at all ends the scan; what cannot be
 * read of one is a fault of it. */
bool iv_scan(const char *const *paths, size_t count, const struct iv_scan_options *options,
             struct iv_arena *arena, struct iv_scan_outcome *ret_outcome, struct iv_error *err)
{
    size_t total;
    const struct iv_scan_input *found = find_inputs(paths, count, options, arena, &total);
    struct iv_submission *submissions = IV_NEW_ARRAY(arena, struct iv_submission, total);
    struct iv_scan_outcome outcome = {0};
    for (size_t i = 0; i < total; i++) {
        struct iv_containment containment = {0};
        if (!read_input(&found[i], options, arena, &submissions[i], &containment, err)) {
            return false;
        }
        iv_containment_join(&outcome.containment, &containment);
    }
    if (!iv_scan_judge(submissions, total, options, arena, &outcome, err)) {
        return false;
    }
    outcome.report.unconfined =
        outcome.containment.any && !iv_sandbox_is_whole(&outcome.containment);
    *ret_outcome = outcome;
    return true;
}
