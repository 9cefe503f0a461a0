#include "imgval/report/report.h"

#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct iv_sink *const iv_sinks[] = {
    &iv_sink_text, &iv_sink_json,     &iv_sink_jsonl,  &iv_sink_sarif, &iv_sink_junit,
    &iv_sink_html, &iv_sink_markdown, &iv_sink_github, &iv_sink_azure, &iv_sink_csv,
    NULL,
};

const struct iv_sink *iv_sink_find(const char *name)
{
    for (size_t i = 0; iv_sinks[i] != NULL; i++) {
        if (strcmp(iv_sinks[i]->name, name) == 0) {
            return iv_sinks[i];
        }
    }
    return NULL;
}

const char *iv_sink_cut(const char *text, struct iv_buf *scratch)
{
    const size_t max = (size_t)iv_limits_default().report_text;
    if (strnlen(text, max + 1) <= max) {
        return text;
    }
    size_t size = max - strlen("...");
    /* Not through a character: a sequence of UTF-8 has at most three bytes behind its first. */
    for (int i = 0; i < 3 && ((unsigned char)text[size] & 0xC0) == 0x80; i++) {
        size--;
    }
    iv_buf_clear(scratch);
    iv_buf_add(scratch, text, size);
    iv_buf_puts(scratch, "...");
    return iv_buf_text(scratch);
}

/* 0: errors ... 2: notes, 3: waived. */
static size_t rank_of(const struct iv_finding *finding)
{
    return finding->waived ? 3 : (size_t)(IV_ERROR - finding->severity);
}

struct iv_ranked *iv_sink_rank(const struct iv_report *report, struct iv_arena *arena,
                               size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < report->entry_count; i++) {
        count += report->entries[i].judgement.finding_count;
    }
    struct iv_ranked *ranked = IV_NEW_ARRAY(arena, struct iv_ranked, count);
    size_t at = 0;
    for (size_t rank = 0; rank <= 3; rank++) {
        for (size_t i = 0; i < report->entry_count; i++) {
            const struct iv_report_entry *entry = &report->entries[i];
            for (size_t f = 0; f < entry->judgement.finding_count; f++) {
                const struct iv_finding *finding = &entry->judgement.findings[f];
                if (rank_of(finding) == rank) {
                    ranked[at++] = (struct iv_ranked){.entry = entry, .finding = finding};
                }
            }
        }
    }
    *ret_count = count;
    return ranked;
}

struct iv_counts iv_sink_totals(const struct iv_report *report)
{
    struct iv_counts totals = {0};
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_counts *counts = &report->entries[i].judgement.counts;
        totals.packages += counts->packages;
        totals.error += counts->error;
        totals.warning += counts->warning;
        totals.note += counts->note;
        totals.waived += counts->waived;
        totals.unreadable += counts->unreadable;
    }
    return totals;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void add_summary(const struct iv_report *report, struct iv_buf *buf)
{
    const struct iv_counts totals = iv_sink_totals(report);
    iv_buf_printf(buf,
                  "imgval: %s%s: %zu submission%s, %zu package%s; %zu error%s, %zu warning%s, %zu "
                  "note%s, %zu waived\n",
                  report->what_if ? "what if (no real verdict): " : "",
                  iv_final_verdict_names[report->verdict], report->entry_count,
                  plural(report->entry_count), totals.packages, plural(totals.packages),
                  totals.error, plural(totals.error), totals.warning, plural(totals.warning),
                  totals.note, plural(totals.note), totals.waived);
}

void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    const struct iv_ranked *ranked = iv_sink_rank(report, &arena, &count);
    for (size_t i = 0; i < count && !ranked[i].finding->waived; i++) {
        iv_buf_clear(&line);
        add(&line, ranked[i].finding);
        (void)fwrite(line.data, 1, line.size, out);
    }
    iv_buf_clear(&line);
    add_summary(report, &line);
    (void)fwrite(line.data, 1, line.size, out);
}

bool iv_report_print(const struct iv_report *report, const struct iv_sink *sink,
                     const struct iv_style_options *style, struct iv_error *err)
{
    sink->write(report, style, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return iv_error_errno(err, "writing the report to standard output");
    }
    return true;
}

static void memory_stream_close(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static void bytes_free(char **bytes)
{
    free(*bytes);
}

bool iv_report_save(const struct iv_report *report, const struct iv_sink *sink,
                    const struct iv_style_options *style, const char *path, struct iv_error *err)
{
    char *bytes IV_CLEANUP(bytes_free) = NULL;
    size_t size = 0;
    FILE *stream IV_CLEANUP(memory_stream_close) = open_memstream(&bytes, &size);
    if (stream == NULL) {
        return iv_error_errno(err, "writing %s", path);
    }
    sink->write(report, style, stream);
    bool failed = fflush(stream) != 0 || ferror(stream);
    if (failed) {
        return iv_error_errno(err, "writing %s", path);
    }
    return iv_file_replace(path, bytes, size, err);
}
