/*
 * A difference is one step of a history: the two sides and what changed between them. The rules
 * that judge the steps of an audit judge it, and their findings become a report about the later
 * side.
 */
#include "imgval/history/difference.h"

#include "imgval/scan/judge.h"

/* Packages that are gone, and those that are in both: what a step is judged by. */
static void build_step(const struct iv_delta_report *difference, struct iv_arena *arena,
                       struct iv_step *ret_step)
{
    const struct iv_submission *before = difference->before;
    const struct iv_submission *after = difference->after;
    const struct iv_delta *delta = &difference->delta;
    struct iv_baseline *earlier = IV_NEW(arena, struct iv_baseline);
    *earlier = (struct iv_baseline){
        .id = before->id,
        .firmware_version = before->firmware_version,
        .number = before->number,
    };
    *ret_step = (struct iv_step){
        .before = earlier,
        .path = after->path,
        .firmware_version = after->firmware_version,
        .firmware_version_valid = after->firmware_version_valid,
        .number = after->number,
        .incomplete = difference->before_incomplete || difference->after_incomplete,
        .removed = IV_NEW_ARRAY(arena, const struct iv_package *, delta->count + 1),
        .delta = delta,
    };
    for (size_t i = 0; i < delta->count; i++) {
        if (delta->changes[i].after == NULL) {
            ret_step->removed[ret_step->removed_count++] = delta->changes[i].before;
        }
    }
}

/* Packages that are in both sides; what is gone is in the list of the step. */
static size_t build_changes(const struct iv_step *step, struct iv_arena *arena,
                            struct iv_step_change **ret_changes)
{
    const struct iv_delta *delta = step->delta;
    struct iv_step_change *changes = IV_NEW_ARRAY(arena, struct iv_step_change, delta->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < delta->count; i++) {
        if (delta->changes[i].before != NULL && delta->changes[i].after != NULL) {
            changes[count++] = (struct iv_step_change){.step = step, .change = &delta->changes[i]};
        }
    }
    *ret_changes = changes;
    return count;
}

bool iv_difference_judge(const struct iv_delta_report *difference,
                         const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_report *ret_report, struct iv_error *err)
{
    struct iv_judge judge IV_CLEANUP(iv_judge_close) = {0};
    struct iv_judgement judgement;
    struct iv_step *step = IV_NEW(arena, struct iv_step);
    struct iv_step_change *changes;
    if (!iv_judge_open(options, arena, &judge, err)) {
        return false;
    }
    build_step(difference, arena, step);
    const size_t count = build_changes(step, arena, &changes);
    const struct iv_judged judged = {
        .submission = difference->after,
        .steps = step,
        .step_count = 1,
        .changes = changes,
        .change_count = count,
    };
    iv_engine_judge(judge.engine, &judged, &judge.options, arena, &judgement);
    *ret_report = iv_judge_report_of(options, difference->after, &judgement, arena);
    return true;
}
