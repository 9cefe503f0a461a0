/*
 * imgval rfu: a request for update: may devices that hold the source be served the target? Both
 * sides are named like submissions anywhere; a path counts as a baseline only where the store has
 * recorded it as one.
 *
 * From the words to the answer: both names become submissions (iv_resolve(), which reads a path and
 * looks up an id or a POP), history/request.c finds the variants that both are made for and judges
 * each, and what it says is printed as a report about the target. Here are the options, and which
 * mistakes in them end the command before anything is read.
 */
#include "imgval/cli/command.h"

#include "imgval/history/request.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/report.h"

#include <stdio.h>

struct rfu_arguments {
    struct iv_scan_arguments scan; /* first: the shared groups have its offsets */
    const char *source;
    const char *target;
    int type; /* enum iv_request_type */
    const char *oem;
    const char *mobile_operator;
    const char *model;
};

#define AT(member) offsetof(struct rfu_arguments, member)

/* Source and target are options and no arguments, since a script that exchanges them would ask the
 * opposite. */
static const struct iv_option rfu_options[] = {
    {.name = "source",
     .argument = "SUBMISSION",
     .type = IV_OPTION_STRING,
     .offset = AT(source),
     .once = true,
     .complete = IV_COMPLETE_SUBMISSION,
     .help = "what the devices hold: a path, an id, or OEM/OPERATOR/MODEL@VERSION"},
    {.name = "target",
     .argument = "SUBMISSION",
     .type = IV_OPTION_STRING,
     .offset = AT(target),
     .once = true,
     .complete = IV_COMPLETE_SUBMISSION,
     .help = "what they are to be updated to, named likewise"},
    {.name = "type",
     .argument = "retail|trial",
     .type = IV_OPTION_WORD,
     .offset = AT(type),
     .words = iv_request_type_names,
     .help = "of the update; default retail"},
    {.name = "oem",
     .argument = "NAME",
     .type = IV_OPTION_STRING,
     .offset = AT(oem),
     .help = "only the variants of this manufacturer"},
    {.name = "operator",
     .argument = "NAME",
     .type = IV_OPTION_STRING,
     .offset = AT(mobile_operator),
     .help = "only the variants of this mobile operator"},
    {.name = "model",
     .argument = "NAME",
     .type = IV_OPTION_STRING,
     .offset = AT(model),
     .help = "only the variants of this model"},
};
static const struct iv_option_group rfu_group = {
    .title = "Request", .options = rfu_options, .count = IV_COUNT(rfu_options)};

/* No --report: one request is one document. */
static const struct iv_option output_options[] = {
    IV_ROW_FORMAT(AT(scan.output.format), iv_words_request),
    IV_ROW_COLOR(AT(scan.output.color)),
};
static const struct iv_option_group output_group = {
    .title = "Output", .options = output_options, .count = IV_COUNT(output_options)};

static const struct iv_option_group *const groups[] = {
    &rfu_group,        &output_group,     &iv_group_store,  &iv_group_policy,
    &iv_group_what_if, &iv_group_verdict, &iv_group_reading};

/* Formats without a slot for requests print the findings instead. */
static int print_request(const struct iv_request *request, const struct iv_report *report,
                         const struct rfu_arguments *given)
{
    struct iv_style_options style = iv_command_style(&given->scan.output);
    const struct iv_sink *sink = iv_sink_at(IV_PRINTED_REQUEST, (size_t)given->scan.output.format);
    if (sink->rfu != NULL) {
        sink->rfu(request, &style, stdout);
    } else {
        sink->write(report, &style, stdout);
    }
    return iv_command_flush(iv_command_verdict(request->verdict));
}

/* The store is asked about both sides before anything is judged: what a side is recorded as
 * decides which steps apply to it. */
static int run_rfu(const struct iv_command *command, void *options,
                   const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct rfu_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_named source;
    struct iv_named target;
    struct iv_request request;
    struct iv_report report;
    struct iv_strings named = {0};
    if (arguments->count != 0) {
        return iv_command_usage(command, "name both submissions: --source=S --target=T");
    }
    if (given->source == NULL || given->target == NULL) {
        return iv_command_usage(
            command, given->target != NULL ? "--source=S is missing: what the devices hold"
                     : given->source != NULL
                         ? "--target=T is missing: what they are to be updated to"
                         : "--source=S and --target=T are missing");
    }
    if (!iv_command_scan_options(&given->scan, arena, &scan_options, &err)) {
        return iv_command_fail(&err);
    }
    scan_options.run.options = given->scan.store == NULL ? NULL : " --cache=FILE";
    iv_strings_add(arena, &named, given->source);
    iv_strings_add(arena, &named, given->target);
    if (!iv_command_refuse_several(&named, &scan_options, arena, &err)) {
        return iv_command_fail(&err);
    }
    int status = iv_command_policy(&given->scan, &named, arena, &scan_options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    scan_options.reading.type_given = true; /* an image, also when a path is a single package */
    const struct iv_request_options request_options = {
        .source = &source,
        .target = &target,
        .type = (enum iv_request_type)given->type,
        .oem = given->oem,
        .mobile_operator = given->mobile_operator,
        .model = given->model,
    };
    if (!iv_resolve(given->source, &scan_options, true, arena, &source, &err) ||
        !iv_resolve(given->target, &scan_options, true, arena, &target, &err) ||
        !iv_request_judge(&request_options, &scan_options, arena, &request, &report, &err)) {
        return iv_command_fail(&err);
    }
    return print_request(&request, &report, given);
}

const struct iv_command iv_cmd_rfu = {
    .name = "rfu",
    .synopsis = "--source=S --target=T",
    .summary = "Request for update: may devices that hold S be served T?",
    .details =
        "S and T are paths, ids of the baseline store (any unique prefix), or\n"
        "OEM/OPERATOR/MODEL@VERSION. A path counts as a baseline only if its id is recorded\n"
        "as one. Judged for each variant that both are made for.\n\n"
        "Exit status: 0 allowed, 1 rejected, 2 usage error, 3 not decided (something could\n"
        "not be checked), 4 the store could not be used.",
    .options_size = sizeof(struct rfu_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .run = run_rfu,
};
