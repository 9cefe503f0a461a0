/* imgval scan: judge one or more submissions. */
#include "imgval/command.h"

#include "imgval/progress.h"

#include <stdio.h>
#include <string.h>

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
    struct iv_further_report *further = NULL;
    struct iv_strings paths = {0};
    if (arguments->count == 0) {
        return iv_command_usage(command, "name at least one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err) ||
        !iv_command_reports(given, arena, &further, &err) ||
        !iv_command_paths(arguments, arena, &paths, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_shard shard;
    if (!iv_command_shard(given->shard, &shard, &err)) {
        return iv_command_fail(&err);
    }
    iv_command_take_shard(&shard, &paths);
    int status = iv_command_policy(given, &paths, arena, &scan_options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    struct iv_report report;
    struct iv_scan_outcome outcome;
    struct iv_progress progress;
    iv_progress_init(&progress, &given->output);
    scan_options.progress = iv_progress_step;
    scan_options.progress_context = &progress;
    bool is_scanned =
        iv_scan(paths.items, paths.count, &scan_options, arena, &report, &outcome, &err);
    iv_progress_end(&progress);
    if (!is_scanned) {
        return iv_command_fail(&err);
    }
    if (given->output.verbose > 0) {
        tell_containment(&outcome, scan_options.jobs);
    }
    return iv_command_write_reports(&report, given, further, iv_command_status(&report, &outcome));
}

static const struct iv_option what_if_options[] = {
    {.name = "what-if",
     .type = IV_OPTION_FLAG,
     .offset = offsetof(struct iv_scan_arguments, what_if),
     .help = "let waivers reach what cannot be waived; the report is marked as no real verdict"},
};
static const struct iv_option_group what_if_group = {
    .title = "Trying waivers", .options = what_if_options, .count = IV_COUNT(what_if_options)};

static const struct iv_option fleet_options[] = {
    {.name = "shard",
     .argument = "I/N|auto",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct iv_scan_arguments, shard),
     .help = "judge only the paths whose place in the sorted list, modulo N, is I (from 0)"},
};
static const struct iv_option_group fleet_group = {
    .title = "Fleet", .options = fleet_options, .count = IV_COUNT(fleet_options)};
static const struct iv_option_group *const groups[] = {
    &iv_group_input, &iv_group_device,  &iv_group_compare, &iv_group_store,   &iv_group_policy,
    &what_if_group,  &iv_group_verdict, &iv_group_output,  &iv_group_reading, &fleet_group,
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
