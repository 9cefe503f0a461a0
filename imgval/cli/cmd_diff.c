/*
 * imgval diff: what became of the packages of one submission in another. Both sides are read as
 * they lie, paired by key (model/delta.h), and the difference is judged like a step of a history,
 * so that a policy holds here as well. The exit status is that of a comparison: 1 for any
 * difference of packages, whatever the findings are.
 */
#include "imgval/cli/command.h"

#include "imgval/history/difference.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/report.h"
#include "imgval/scan/resolve.h"
#include "imgval/version.h"

#include <stdio.h>
#include <string.h>

static const struct iv_option diff_options[] = {
    IV_ROW_FORMAT(offsetof(struct iv_scan_arguments, output.format), iv_words_diff),
    IV_ROW_COLOR(offsetof(struct iv_scan_arguments, output.color)),
};
static const struct iv_option_group diff_group = {
    .title = "Output", .options = diff_options, .count = IV_COUNT(diff_options)};
static const struct iv_option_group *const groups[] = {&diff_group,       &iv_group_store,
                                                       &iv_group_policy,  &iv_group_what_if,
                                                       &iv_group_verdict, &iv_group_reading};

/* The values that every record keeps: more is not known of a recorded submission. */
static struct iv_device kept_values(const struct iv_device *device, struct iv_arena *arena)
{
    static const char *const kept[] = {IV_PHONE_FIRMWARE_REVISION, IV_PHONE_MANUFACTURER,
                                       IV_PHONE_MODEL_NAME, IV_PHONE_OPERATOR_NAME};
    struct iv_device filtered = {
        .values = IV_NEW_ARRAY(arena, struct iv_datum, device->value_count + 1),
    };
    for (size_t i = 0; i < device->value_count; i++) {
        for (size_t k = 0; k < IV_COUNT(kept); k++) {
            if (strcmp(device->values[i].name, kept[k]) == 0) {
                filtered.values[filtered.value_count++] = device->values[i];
            }
        }
    }
    return filtered;
}

/* A record keeps fewer values than an image has: those that it lacks would look removed, so both
 * sides are cut down to what records keep. */
static void compare(const struct iv_named *before, const struct iv_named *after,
                    struct iv_arena *arena, struct iv_delta *ret_delta)
{
    const struct iv_submission *b = &before->submission;
    const struct iv_submission *a = &after->submission;
    iv_delta_build(&b->set, &a->set, arena, ret_delta);
    if (b->kind == IV_KIND_RECORD || a->kind == IV_KIND_RECORD) {
        const struct iv_device was = kept_values(&b->device, arena);
        const struct iv_device is = kept_values(&a->device, arena);
        iv_delta_add_values(&was, &is, arena, ret_delta);
        return;
    }
    iv_delta_add_values(&b->device, &a->device, arena, ret_delta);
}

/* Different is 1, whatever is found; a side that could not be read in full leaves it open whether
 * they are equal, but a finding that fails is certain. */
static int status_of(const struct iv_delta_report *difference, const struct iv_report *report)
{
    if (report->verdict == IV_VERDICT_FAIL) {
        return IV_EXIT_FAIL;
    }
    if (difference->before_incomplete || difference->after_incomplete) {
        return IV_EXIT_INCOMPLETE;
    }
    return iv_delta_report_is_equal(difference) ? IV_EXIT_PASS : IV_EXIT_FAIL;
}

/* Formats without a slot for differences print the findings of the judgement instead. */
static int print_delta(const struct iv_delta_report *difference, const struct iv_report *report,
                       const struct iv_output_arguments *output)
{
    const struct iv_style_options style = iv_command_style(output);
    const struct iv_sink *sink = iv_sink_at(IV_PRINTED_DIFF, (size_t)output->format);
    if (sink->diff != NULL) {
        sink->diff(difference, &style, stdout);
    } else {
        sink->write(report, &style, stdout);
    }
    return iv_command_flush(status_of(difference, report));
}

/* Both sides are read before anything is compared: a side that cannot be read is a usage error
 * or trouble, and no difference. */
static int run_diff(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_named before;
    struct iv_named after;
    struct iv_report report;
    if (arguments->count != 2) {
        return iv_command_usage(command, "name two submissions: A and B");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err) ||
        !iv_command_refuse_several(arguments, &scan_options, arena, &err)) {
        return iv_command_fail(&err);
    }
    int status = iv_command_policy(given, arguments, arena, &scan_options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    scan_options.reading.as_it_lies = true;
    if (!iv_resolve(arguments->items[0], &scan_options, false, arena, &before, &err) ||
        !iv_resolve(arguments->items[1], &scan_options, false, arena, &after, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_delta_report difference = {
        .tool_version = IMGVAL_VERSION,
        .before = &before.submission,
        .after = &after.submission,
        .before_incomplete = before.incomplete,
        .after_incomplete = after.incomplete,
    };
    compare(&before, &after, arena, &difference.delta);
    if (!iv_difference_judge(&difference, &scan_options, arena, &report, &err)) {
        return iv_command_fail(&err);
    }
    return print_delta(&difference, &report, &given->output);
}

const struct iv_command iv_cmd_diff = {
    .name = "diff",
    .synopsis = "A B",
    .summary = "Show the package-set difference of two submissions.",
    .details = "A and B are paths, ids of the baseline store (any unique prefix), or\n"
               "OEM/OPERATOR/MODEL@VERSION. All packages count, whoever owns them.\n\n"
               "Exit status: 0 equal, 1 different in packages, or a finding that --fail-on asks\n"
               "for, 3 a side could not be read in full. Metadata alone that differ are shown: 0.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_SUBMISSION,
    .run = run_diff,
};
