/*
 * imgval render: a saved JSON report in any other format, byte for byte as the scan would have
 * written it.
 *
 * The report is input like any other, from whoever sends one: a confined reader process parses it
 * (report/read/saved.c), and what it hands back is checked against itself before a sink sees it.
 * Nothing is judged anew: the verdict is the one that was saved, and the exit status says only
 * whether the report is whole.
 */
#include "imgval/cli/command.h"

#include "imgval/base/file.h"
#include "imgval/report/read/saved.h"
#include "rules/rules.h"

#include <stdio.h>
#include <string.h>

/* A descriptor of what is to be read; standard input under another number, as a reader process has
 * that one for itself. */
static bool open_report(const char *path, int *ret_fd, struct iv_error *err)
{
    const bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? iv_file_duplicate(0) : iv_file_open_whole(path);
    if (fd == -1) {
        return is_input ? iv_error_errno(err, "standard input") : iv_error_open(err, path);
    }
    *ret_fd = fd;
    return true;
}

/* What is wrong with the text is no error of ours, so it is said of which kind of file it is
 * none. */
static bool read_report(const char *path, struct iv_arena *arena, struct iv_report *ret_report,
                        bool *ret_whole, struct iv_error *err)
{
    int fd IV_CLEANUP(iv_fd_close) = -1;
    const struct iv_limits limits = iv_limits_default();
    const struct iv_saved_options saved = {.limits = &limits, .find = iv_rules_find};
    if (!open_report(path, &fd, err)) {
        return false;
    }
    if (!iv_saved_report(&saved, fd, arena, ret_report, ret_whole, err)) {
        return iv_error_add(
            err, err->code == IV_ERROR_INVALID ? "%s: not a report of imgval scan" : "%s", path);
    }
    return true;
}

/* The report is read back and checked against itself first: what does not agree with itself is
 * printed in no format. */
static int run_render(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_further_report *further = NULL;
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one saved report, or - for standard input");
    }
    if (!iv_command_rules_url(given->output.rules_url, &err) ||
        !iv_command_reports(&given->reports, IV_PRINTED_REPORT, arena, &further, &err)) {
        return iv_command_fail(&err);
    }
    const char *path = arguments->items[0];
    struct iv_report report;
    bool is_whole = false;
    if (!read_report(path, arena, &report, &is_whole, &err)) {
        return iv_command_fail(&err);
    }
    if (!is_whole) {
        fprintf(stderr, "imgval: the stream has no end record: what it lacks is not in the "
                        "report\n");
    }
    return iv_command_write_reports(&report, given, further,
                                    is_whole ? IV_EXIT_PASS : IV_EXIT_INCOMPLETE);
}

static const struct iv_option_group *const groups[] = {&iv_group_output};

const struct iv_command iv_cmd_render = {
    .name = "render",
    .synopsis = "REPORT.json",
    .summary = "Turn a saved JSON report into any other format.",
    .details =
        "REPORT.json is what --format=json or --format=jsonl wrote; \"-\" reads standard input.\n"
        "The output has the bytes that the scan itself would have written in that format.\n\n"
        "Exit status: 0 written, whatever the report's verdict is; 2 not a report; 3 a stream\n"
        "without its end, written as far as it goes; 4 an output could not be written, or the\n"
        "report could not be read.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_render,
};
