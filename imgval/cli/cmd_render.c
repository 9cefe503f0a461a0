/* imgval render: a saved JSON report in any other format, byte for byte as the scan would have
 * written it. */
#include "imgval/cli/command.h"

#include "imgval/base/file.h"
#include "imgval/report/read/report_read.h"
#include "rules/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is no object is not read on: it may have no end, as /dev/zero. */
static bool may_be_json(const char *bytes, size_t size)
{
    size_t at = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && bytes[at] != '\0' && strchr(" \t\r\n", bytes[at]) != NULL) {
        at++;
    }
    return at == size || bytes[at] == '{';
}

static void close_file(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static bool read_bytes(const char *path, struct iv_buf *ret_bytes, struct iv_error *err)
{
    const bool is_input = strcmp(path, "-") == 0;
    FILE *file IV_CLEANUP(close_file) = is_input ? NULL : iv_file_open_stream(path);
    FILE *stream = is_input ? stdin : file;
    if (stream == NULL) {
        return iv_error_open(err, path);
    }
    for (;;) {
        char *place = iv_buf_reserve(ret_bytes, 64 * 1024);
        size_t got = fread(place, 1, 64 * 1024, stream);
        if (got == 0 && !ferror(stream)) {
            return true;
        }
        if (ferror(stream)) {
            return errno == EISDIR ? iv_error_set(err, IV_ERROR_NO_INPUT, "%s: a directory", path)
                                   : iv_error_errno(err, "%s", path);
        }
        bool is_first = ret_bytes->size == 0;
        ret_bytes->size += got;
        if (is_first && !may_be_json(ret_bytes->data, got)) {
            return iv_error_set(err, IV_ERROR_INVALID,
                                "%s: not a report of imgval scan: it is not JSON", path);
        }
        if (ret_bytes->size > IV_REPORT_READ_MAX) {
            return iv_error_set(err, IV_ERROR_INVALID,
                                "%s: larger than the limit for a report, %llu bytes", path,
                                (unsigned long long)IV_REPORT_READ_MAX);
        }
    }
}

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
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_report report;
    bool is_whole = false;
    if (!read_bytes(path, &bytes, &err)) {
        return iv_command_fail(&err);
    }
    if (!iv_report_read(iv_buf_text(&bytes), bytes.size, iv_rules_find, arena, &report, &is_whole,
                        &err)) {
        iv_error_add(&err, "%s: not a report of imgval scan", path);
        return iv_command_fail(&err);
    }
    iv_buf_fini(&bytes);
    bytes = (struct iv_buf){0};
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
        "without its end, written as far as it goes; 4 an output could not be written.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_render,
};
