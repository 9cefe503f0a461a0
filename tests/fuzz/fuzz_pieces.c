/*
 * Fuzz entry of the parent's role for saved documents: any bytes as the part of a report, a bundle
 * or a list that a reader process sends. The first byte chooses which; the others are cut into
 * parts at each 0xFF that two more follow. A report that is taken must be fit for every sink.
 */
#include "imgval/report/read/bundle.h"
#include "imgval/report/read/package_list.h"
#include "imgval/report/read/report_read.h"
#include "imgval/report/report.h"
#include "imgval/report/sink.h"
#include "rules/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The end of the part that begins here. */
static size_t end_of_part(const uint8_t *bytes, size_t size, size_t start)
{
    for (size_t at = start; at + 2 < size; at++) {
        if (bytes[at] == 0xff && bytes[at + 1] == 0xff && bytes[at + 2] == 0xff) {
            return at;
        }
    }
    return size;
}

static void print(const struct iv_report *report)
{
    static const struct iv_sink *const sinks[] = {&iv_sink_json, &iv_sink_html, &iv_sink_text};
    const struct iv_style_options style = {.width = 80};
    FILE *out = fopen("/dev/null", "w");
    for (size_t i = 0; out != NULL && i < IV_COUNT(sinks); i++) {
        sinks[i]->write(report, &style, out);
    }
    if (out != NULL) {
        (void)fclose(out);
    }
}

static void one_entry(void *context, const struct iv_report_entry *entry, bool whole)
{
    size_t *packages = context;
    (void)whole;
    *packages += entry->submission->package_count;
}

static void try_report(const uint8_t *bytes, size_t size, bool one_by_one)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    size_t packages = 0;
    struct iv_loader *loader IV_CLEANUP(iv_loader_free) =
        iv_loader_new(iv_rules_find, &arena, one_by_one ? one_entry : NULL, &packages);
    struct iv_report report;
    struct iv_error err = {0};
    bool complete;
    bool is_taken = true;
    for (size_t at = 0; at < size && is_taken;) {
        size_t end = end_of_part(bytes, size, at);
        is_taken = iv_loader_take(loader, bytes + at, end - at);
        at = end + 3;
    }
    if (!iv_loader_end(loader, one_by_one ? NULL : &report, &complete, &err)) {
        if (err.text[0] == '\0') {
            abort();
        }
        return;
    }
    if (!is_taken) {
        abort();
    }
    if (!one_by_one) {
        print(&report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_error err = {0};
    size_t count;
    if (size == 0) {
        return 0;
    }
    if (bytes[0] % 4 < 2) {
        try_report(bytes + 1, size - 1, bytes[0] % 4 == 1);
    } else if (bytes[0] % 4 == 2) {
        struct iv_bundle_taker taker = {.arena = &arena};
        struct iv_record *records;
        bool is_taken = iv_bundle_take(&taker, bytes + 1, size - 1);
        if (iv_bundle_end(&taker, &records, &count, &err) && !is_taken) {
            abort();
        }
    } else {
        struct iv_package_list_taker taker = {.arena = &arena, .path = "list"};
        struct iv_package *packages;
        bool is_taken = iv_package_list_take(&taker, bytes + 1, size - 1);
        if (iv_package_list_end(&taker, &packages, &count, &err) && !is_taken) {
            abort();
        }
    }
    return 0;
}
