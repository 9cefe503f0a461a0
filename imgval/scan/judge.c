/*
 * The engine as every command uses it: built-in rows, rows of the policy, and the severities,
 * waivers and date of this run. What differs between commands is what is judged, never how.
 */
#include "imgval/scan/judge.h"

#include "imgval/model/policy.h"
#include "rules/rules.h"

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

/* The uses of waivers are counted over all submissions of a run, so they stand beside the engine
 * and not in a judgement. */
bool iv_judge_open(const struct iv_scan_options *options, struct iv_arena *arena,
                   struct iv_judge *ret_judge, struct iv_error *err)
{
    const struct iv_policy *policy = options->judging.policy;
    struct iv_judge judge = {
        .options =
            {
                .run = &options->run,
                .judging = options->judging,
                .with_spans = options->reading.timings != NULL,
                .uses = policy == NULL
                            ? NULL
                            : IV_NEW_ARRAY(arena, struct iv_waiver_use, policy->waiver_count),
                .is_last = true,
            },
    };
    if (!open_engine(policy, &judge.engine, err)) {
        return false;
    }
    *ret_judge = judge;
    return true;
}

/* An audit judges the history with all rows, and each set with those of one family. The waivers
 * are the history's: only it says at the end which of them were of no use. */
bool iv_judge_open_family(const struct iv_judge *beside, const struct iv_rules *family,
                          struct iv_judge *ret_judge, struct iv_error *err)
{
    struct iv_judge judge = {.options = beside->options};
    judge.options.is_last = false;
    if (!iv_engine_open(family, 1, &judge.engine, err)) {
        return false;
    }
    *ret_judge = judge;
    return true;
}

void iv_judge_close(struct iv_judge *judge)
{
    iv_engine_close(&judge->engine);
}

/* The frame of a report: what was judged by which settings. The caller puts in the judgements. */
struct iv_report iv_judge_report(const struct iv_scan_options *options, size_t count,
                                 struct iv_arena *arena)
{
    const struct iv_policy *policy = options->judging.policy;
    struct iv_report report = {
        .tool = "imgval",
        .tool_version = options->run.tool_version,
        .verdict = IV_VERDICT_PASS,
        .fail_on = options->judging.fail_on,
        .what_if = options->judging.what_if,
        .site_rules = policy == NULL ? NULL : policy->rules,
        .site_rule_count = policy == NULL ? 0 : policy->rule_count,
        .entries = IV_NEW_ARRAY(arena, struct iv_report_entry, count),
        .entry_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        report.entries[i].run = &options->run;
    }
    return report;
}

/* Of a request or a history, for formats that print findings alone. The submission is shown without
 * its comparison: what was compared here is something else. */
struct iv_report iv_judge_report_of(const struct iv_scan_options *options,
                                    const struct iv_submission *submission,
                                    const struct iv_judgement *judgement, struct iv_arena *arena)
{
    struct iv_report report = iv_judge_report(options, 1, arena);
    struct iv_submission *shown = IV_NEW(arena, struct iv_submission);
    *shown = *submission;
    shown->variants = IV_NEW_ARRAY(arena, struct iv_variant, submission->variant_count + 1);
    for (size_t i = 0; i < submission->variant_count; i++) {
        shown->variants[i] = (struct iv_variant){
            .pop = submission->variants[i].pop,
            .wspc = {.status = IV_WSPC_NOT_APPLICABLE},
        };
    }
    report.entries[0].submission = shown;
    report.entries[0].judgement = *judgement;
    report.verdict = judgement->verdict;
    return report;
}
