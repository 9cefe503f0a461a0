/*
 * A report as a stream of JSON records, one a line (schema/imgval-stream-1.schema.json): a header,
 * each submission followed by its packages and findings, and an end. Records below a submission
 * name it by its index. The end has the verdict and counts: a stream without one was cut off, and
 * whoever reads it can see that.
 */
#include "imgval/report/history/delta_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/json_report.h"

/* Unlike in the document, outcomes and counts stand before the packages: a reader knows then how
 * many to expect. */
static void write_entry(struct iv_json *json, const struct iv_report_entry *entry, size_t index,
                        FILE *out)
{
    iv_json_open_record(json, "submission");
    iv_json_uint(json, "index", index);
    iv_json_report_head(json, entry);
    iv_json_report_tail(json, entry);
    iv_json_close_record(json, out);
    for (size_t i = 0; i < entry->submission->package_count; i++) {
        iv_json_open_record(json, "package");
        iv_json_uint(json, "submission", index);
        iv_json_fields(json, &iv_package_struct, &entry->submission->packages[i], IV_FIELD_REPORT);
        iv_json_close_record(json, out);
    }
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        iv_json_open_record(json, "finding");
        iv_json_uint(json, "submission", index);
        iv_json_report_finding(json, &entry->judgement.findings[i]);
        iv_json_close_record(json, out);
    }
}

/* The verdict is in the last record, together with counts of all others: a stream without it was
 * cut off. */
static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a stream for programs looks the same everywhere */
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_record(&json, "header");
    iv_json_string(&json, "schema", IV_JSON_REPORT_SCHEMA);
    iv_json_report_tool(&json, report);
    iv_json_string(&json, "fail_on", iv_severity_names[report->fail_on]);
    iv_json_report_policy(&json, report);
    iv_json_close_record(&json, out);

    size_t packages = 0;
    size_t findings = 0;
    for (size_t i = 0; i < report->entry_count; i++) {
        write_entry(&json, &report->entries[i], i, out);
        packages += report->entries[i].submission->package_count;
        findings += report->entries[i].judgement.finding_count;
    }
    if (report->is_part) {
        /* A part stays one: whoever reads it back must not take it for the whole. */
        iv_json_flush(&json, 0, out);
        return;
    }
    iv_json_open_record(&json, "end");
    iv_json_string(&json, "verdict", iv_final_verdict_names[report->verdict]);
    iv_json_open_object(&json, "counts");
    iv_json_uint(&json, "submissions", report->entry_count);
    iv_json_uint(&json, "packages", packages);
    iv_json_uint(&json, "findings", findings);
    iv_json_close_object(&json);
    iv_json_report_timings(&json, report);
    iv_json_close_record(&json, out);
    iv_json_flush(&json, 0, out);
}

const struct iv_sink iv_sink_jsonl = {
    .name = "jsonl",
    .summary = "the same as a stream of JSON records, one a line",
    .write = write_report,
    .diff = iv_delta_write_jsonl,
    .rfu = iv_request_write_jsonl,
};
