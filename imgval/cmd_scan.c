/* imgval scan: judge one or more submissions. */
#include "imgval/command.h"

#include <stdio.h>
#include <string.h>

/* One --report=FORMAT:FILE. */
struct further_report {
    const struct iv_sink *sink;
    const char *path;
};

static bool parse_reports(const struct iv_strings *given, struct iv_arena *arena,
                          struct further_report **ret_reports, struct iv_error *err)
{
    struct further_report *reports = IV_NEW_ARRAY(arena, struct further_report, given->count);
    for (size_t i = 0; i < given->count; i++) {
        const char *colon = strchr(given->items[i], ':');
        if (colon == NULL || colon[1] == '\0') {
            return iv_error_set(err, IV_ERROR_USAGE, "--report=%s: expected FORMAT:FILE",
                                given->items[i]);
        }
        const char *name =
            iv_arena_strndup(arena, given->items[i], (size_t)(colon - given->items[i]));
        reports[i] = (struct further_report){.sink = iv_sink_find(name), .path = colon + 1};
        if (reports[i].sink == NULL) {
            return iv_error_set(err, IV_ERROR_USAGE, "--report=%s: unknown format %s",
                                given->items[i], name);
        }
    }
    *ret_reports = reports;
    return true;
}

/* Every report is written even if one fails: 4 wins, and the rest is still there. */
static int write_reports(const struct iv_report *report, const struct iv_scan_arguments *arguments,
                         const struct further_report *further, int status)
{
    struct iv_error err = {0};
    struct iv_style_options style = iv_command_style(&arguments->output);
    if (!iv_report_print(report, iv_sinks[arguments->output.format], &style, &err)) {
        status = iv_command_fail(&err);
    }
    for (size_t i = 0; i < arguments->reports.count; i++) {
        struct iv_style_options plain = {.ascii = style.ascii, .width = 100};
        if (!iv_report_save(report, further[i].sink, &plain, further[i].path, &err)) {
            status = iv_command_fail(&err);
        }
    }
    return status;
}

static void tell_containment(const struct iv_scan_outcome *outcome, unsigned jobs)
{
    const struct iv_containment *c = &outcome->containment;
    fprintf(stderr, "imgval: readers: %u process%s; landlock %s, seccomp %s, limits %s\n", jobs,
            jobs == 1 ? "" : "es", c->landlock ? "on" : "off", c->seccomp ? "on" : "off",
            c->limits ? "on" : "off");
}

static int run_scan(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct further_report *further = NULL;
    struct iv_strings paths = {0};
    if (arguments->count == 0) {
        return iv_command_usage(command, "name at least one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err) ||
        !parse_reports(&given->reports, arena, &further, &err) ||
        !iv_command_paths(arguments, arena, &paths, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_report report;
    struct iv_scan_outcome outcome;
    if (!iv_scan(paths.items, paths.count, &scan_options, arena, &report, &outcome, &err)) {
        return iv_command_fail(&err);
    }
    if (given->output.verbose > 0) {
        tell_containment(&outcome, scan_options.jobs);
    }
    return write_reports(&report, given, further, iv_command_status(&report, &outcome));
}

static const struct iv_option_group *const groups[] = {
    &iv_group_input, &iv_group_device, &iv_group_compare,
    &iv_group_store, &iv_group_output, &iv_group_reading,
};

const struct iv_command iv_cmd_scan = {
    .name = "scan",
    .synopsis = "PATH...",
    .summary = "Judge one or more firmware submissions.",
    .details =
        "PATH is a directory of packages (.spkg .spkr .spku .cab .cbsr, or extracted), an image\n"
        "(.ffu .vhd .wim), a directory that holds images, or a single package. \"-\" reads a list\n"
        "of paths from standard input. Several PATHs are several submissions in one report.\n\n"
        "Exit status: 0 pass, 1 fail, 2 usage error, 3 incomplete (something was not checked),\n"
        "4 imgval could not do its job.",
    .options_size = sizeof(struct iv_scan_arguments),
    .defaults = &iv_scan_arguments_default,
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_scan,
};
