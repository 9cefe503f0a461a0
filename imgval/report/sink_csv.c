/*
 * One row for each finding, after RFC 4180: CR LF, every text in quotes. Spreadsheets take a cell
 * that begins with = + - @ for a formula; such a cell gets an apostrophe in front, which they do
 * not show.
 */
#include "imgval/base/limits.h"
#include "imgval/report/escape.h"
#include "imgval/report/sink.h"

#include <inttypes.h>
#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

static const char header[] =
    "submission,id,name,severity,incomplete,waived,message,remedy,package,key,path,member,line,"
    "field,actual,expected,oem,operator,model,baseline_id,baseline_version,direction,"
    "package_count,packages,fingerprint,waiver_reason,waiver_owner,waiver_expires\r\n";

static void separate(struct iv_buf *row)
{
    if (row->size > 0 && row->data[row->size - 1] != '\n') {
        iv_buf_putc(row, ',');
    }
}

static void add_text(struct iv_buf *row, const char *text)
{
    separate(row);
    if (text == NULL) {
        return;
    }
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    const char *at = iv_buf_text(&shown);
    iv_buf_putc(row, '"');
    /* A tab or a carriage return in front would count too; the original says whether there is one.
     */
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        iv_buf_putc(row, '\'');
    }
    for (; *at != '\0'; at++) {
        iv_buf_puts(row, *at == '"' ? "\"" : "");
        iv_buf_putc(row, *at);
    }
    iv_buf_putc(row, '"');
}

static void add_bool(struct iv_buf *row, bool value)
{
    separate(row);
    iv_buf_puts(row, value ? "true" : "false");
}

static void add_number(struct iv_buf *row, uint64_t value, bool is_there)
{
    separate(row);
    if (is_there) {
        iv_buf_printf(row, "%" PRIu64, value);
    }
}

/* The names of the packages that are missing, as far as one value in a report may be long. */
static void add_packages(struct iv_buf *row, const struct iv_finding *finding)
{
    const size_t enough = (size_t)iv_limits_default().report_text + 1;
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < finding->package_count && names.size < enough; i++) {
        iv_buf_printf(&names, "%s%s", i > 0 ? "; " : "", finding->packages[i]->name);
    }
    add_number(row, finding->package_count, finding->has_packages);
    add_text(row, finding->has_packages ? iv_buf_text(&names) : NULL);
}

static void add_row(struct iv_buf *row, const char *submission, const struct iv_finding *finding)
{
    const struct iv_pop *variant = finding->variant;
    const struct iv_baseline *baseline = finding->baseline;
    const struct iv_waiver *waiver = finding->waiver;
    add_text(row, submission);
    add_text(row, finding->rule->id);
    add_text(row, finding->rule->name);
    add_text(row, iv_severity_names[finding->severity]);
    add_bool(row, finding->incomplete);
    add_bool(row, finding->waived);
    add_text(row, finding->message);
    add_text(row, finding->remedy);
    add_text(row, finding->package);
    add_text(row, finding->key);
    add_text(row, finding->path);
    add_text(row, finding->member);
    add_number(row, finding->line, finding->line != 0);
    add_text(row, finding->field);
    add_text(row, finding->actual);
    add_text(row, finding->expected);
    add_text(row, variant == NULL ? NULL : variant->oem);
    add_text(row, variant == NULL ? NULL : variant->mobile_operator);
    add_text(row, variant == NULL ? NULL : variant->model);
    add_text(row, baseline == NULL ? NULL : baseline->id);
    add_text(row, baseline == NULL ? NULL : baseline->firmware_version);
    add_text(row, finding->direction == NULL ? NULL : iv_direction_names[*finding->direction]);
    add_packages(row, finding);
    add_text(row, finding->fingerprint);
    add_text(row, waiver == NULL ? NULL : waiver->reason);
    add_text(row, waiver == NULL ? NULL : waiver->owner);
    add_text(row, waiver == NULL ? NULL : waiver->expires);
    iv_buf_puts(row, "\r\n");
}

static void flush(struct iv_buf *rows, size_t keep, FILE *out)
{
    if (rows->size > keep) {
        (void)fwrite(rows->data, 1, rows->size, out);
        iv_buf_clear(rows);
    }
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a table for programs looks the same everywhere */
    struct iv_buf rows IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&rows, header);
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_report_entry *entry = &report->entries[i];
        for (size_t f = 0; f < entry->judgement.finding_count; f++) {
            add_row(&rows, entry->submission->path, &entry->judgement.findings[f]);
            flush(&rows, FLUSH_SIZE, out);
        }
    }
    flush(&rows, 0, out);
}

const struct iv_sink iv_sink_csv = {
    .name = "csv",
    .summary = "one row a finding, for spreadsheets",
    .write = write_report,
};
