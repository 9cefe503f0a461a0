/*
 * Fuzz entry of saved documents as a whole: any bytes as a report or stream, a bundle or a list,
 * parsed and put together as reader process and parent do. What is taken can be written and read
 * again.
 */
#include "imgval/base/file.h"
#include "imgval/report/read/saved.h"
#include "imgval/report/report.h"
#include "imgval/report/sink.h"
#include "rules/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int file_of(const void *bytes, size_t size)
{
    int fd = memfd_create("saved", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    return fd;
}

/* What was taken, as JSON, is a report again. */
static void write_again(const struct iv_saved_options *options, const struct iv_report *report)
{
    const struct iv_style_options style = {.width = 80};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_report again;
    struct iv_error err = {0};
    bool complete;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    iv_sink_json.write(report, &style, out);
    (void)fclose(out);
    int fd IV_CLEANUP(iv_fd_close) = file_of(text, size);
    if (!report->is_part && !iv_saved_report(options, fd, &arena, &again, &complete, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct iv_limits limits = iv_limits_default();
    const struct iv_saved_options options = {
        .limits = &limits, .in_process = true, .find = iv_rules_find};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_error err = {0};
    int fd IV_CLEANUP(iv_fd_close) = file_of(bytes + 1, size - 1);
    size_t count;
    if (bytes[0] % 3 == 0) {
        struct iv_report report;
        bool complete;
        if (iv_saved_report(&options, fd, &arena, &report, &complete, &err)) {
            write_again(&options, &report);
            return 0;
        }
    } else if (bytes[0] % 3 == 1) {
        struct iv_record *records;
        if (iv_saved_bundle(&options, fd, &arena, &records, &count, &err)) {
            return 0;
        }
    } else {
        struct iv_package *packages;
        const struct iv_saved list = {.fd = fd, .kind = IV_SAVED_LIST, .path = "list"};
        if (iv_saved_list(&options, &list, &arena, &packages, &count, &err)) {
            return 0;
        }
    }
    if (err.text[0] == '\0') {
        abort();
    }
    return 0;
}
