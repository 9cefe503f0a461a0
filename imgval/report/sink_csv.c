/*
 * One row for each finding: its submission, and the columns of its field table. A submission
 * without a finding has no row, so the table does not show a verdict.
 */
#include "imgval/model/fields.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/csv.h"

/* A row for each finding, its columns by the table of findings. A submission without findings has
 * no row: its verdict is the exit status. */
static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a table for programs looks the same everywhere */
    struct iv_buf rows IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&rows, "submission");
    iv_csv_columns(&rows, &iv_finding_struct);
    iv_csv_end_row(&rows);
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_report_entry *entry = &report->entries[i];
        for (size_t f = 0; f < entry->judgement.finding_count; f++) {
            iv_csv_text(&rows, entry->submission->path);
            iv_csv_fields(&rows, &iv_finding_struct, &entry->judgement.findings[f]);
            iv_csv_end_row(&rows);
            iv_csv_flush(&rows, out);
        }
    }
    iv_csv_finish(&rows, out);
}

const struct iv_sink iv_sink_csv = {
    .name = "csv",
    .summary = "a table for spreadsheets",
    .write = write_report,
    .diff = iv_delta_write_csv,
    .audit = iv_audit_write_csv,
};
