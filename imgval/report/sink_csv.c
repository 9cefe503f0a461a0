/* One row for each finding. */
#include "imgval/base/limits.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/csv.h"

static const char header[] =
    "submission,id,name,severity,incomplete,waived,message,remedy,package,key,path,member,line,"
    "field,actual,expected,oem,operator,model,baseline_id,baseline_version,direction,"
    "package_count,packages,fingerprint,waiver_reason,waiver_owner,waiver_expires\r\n";

/* The names of the packages that are missing, as far as one value in a report may be long. */
static void add_packages(struct iv_buf *row, const struct iv_finding *finding)
{
    const size_t enough = (size_t)iv_limits_default().report_text + 1;
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < finding->package_count && names.size < enough; i++) {
        iv_buf_printf(&names, "%s%s", i > 0 ? "; " : "", finding->packages[i]->name);
    }
    iv_csv_number(row, finding->package_count, finding->has_packages);
    iv_csv_text(row, finding->has_packages ? iv_buf_text(&names) : NULL);
}

static void add_row(struct iv_buf *row, const char *submission, const struct iv_finding *finding)
{
    const struct iv_pop *variant = finding->variant;
    const struct iv_baseline *baseline = finding->baseline;
    const struct iv_waiver *waiver = finding->waiver;
    iv_csv_text(row, submission);
    iv_csv_text(row, finding->rule->id);
    iv_csv_text(row, finding->rule->name);
    iv_csv_text(row, iv_severity_names[finding->severity]);
    iv_csv_bool(row, finding->incomplete);
    iv_csv_bool(row, finding->waived);
    iv_csv_text(row, finding->message);
    iv_csv_text(row, finding->remedy);
    iv_csv_text(row, finding->package);
    iv_csv_text(row, finding->key);
    iv_csv_text(row, finding->path);
    iv_csv_text(row, finding->member);
    iv_csv_number(row, finding->line, finding->line != 0);
    iv_csv_text(row, finding->field);
    iv_csv_text(row, finding->actual);
    iv_csv_text(row, finding->expected);
    iv_csv_text(row, variant == NULL ? NULL : variant->oem);
    iv_csv_text(row, variant == NULL ? NULL : variant->mobile_operator);
    iv_csv_text(row, variant == NULL ? NULL : variant->model);
    iv_csv_text(row, baseline == NULL ? NULL : baseline->id);
    iv_csv_text(row, baseline == NULL ? NULL : baseline->firmware_version);
    iv_csv_text(row, finding->direction == NULL ? NULL : iv_direction_names[*finding->direction]);
    add_packages(row, finding);
    iv_csv_text(row, finding->fingerprint);
    iv_csv_text(row, waiver == NULL ? NULL : waiver->reason);
    iv_csv_text(row, waiver == NULL ? NULL : waiver->owner);
    iv_csv_text(row, waiver == NULL ? NULL : waiver->expires);
    iv_csv_end_row(row);
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
