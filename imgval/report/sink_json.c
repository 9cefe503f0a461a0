/*
 * A report as one JSON document (schema/imgval-report-1.schema.json). Text is collected and written
 * out between elements, so that memory does not grow with the number of packages and findings.
 */
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/json_report.h"

/* A submission: head, packages, findings, outcomes. report_read.c reads it back. */
static void write_entry(struct iv_json *json, const struct iv_report_entry *entry, FILE *out)
{
    iv_json_open_object(json, NULL);
    iv_json_report_head(json, entry);
    iv_json_open_array(json, "packages");
    for (size_t i = 0; i < entry->submission->package_count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_fields(json, &iv_package_struct, &entry->submission->packages[i], IV_FIELD_REPORT);
        iv_json_close_object(json);
        iv_json_flush(json, IV_JSON_FLUSH_SIZE, out);
    }
    iv_json_close_array(json);
    iv_json_open_array(json, "findings");
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_report_finding(json, &entry->judgement.findings[i]);
        iv_json_close_object(json);
        iv_json_flush(json, IV_JSON_FLUSH_SIZE, out);
    }
    iv_json_close_array(json);
    iv_json_report_tail(json, entry);
    iv_json_close_object(json);
}

/* The verdict stands before the submissions, so that a program that only wants it need not read on.
 * Each submission is flushed: memory does not grow with their number. */
static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "schema", IV_JSON_REPORT_SCHEMA);
    iv_json_report_tool(&json, report);
    iv_json_string(&json, "verdict", iv_final_verdict_names[report->verdict]);
    iv_json_string(&json, "fail_on", iv_severity_names[report->fail_on]);
    iv_json_report_policy(&json, report);

    iv_json_open_array(&json, "submissions");
    for (size_t i = 0; i < report->entry_count; i++) {
        write_entry(&json, &report->entries[i], out);
    }
    iv_json_close_array(&json);
    iv_json_report_timings(&json, report);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, out);
}

const struct iv_sink iv_sink_json = {
    .name = "json",
    .summary = "one JSON document with everything",
    .write = write_report,
    .diff = iv_delta_write_json,
    .rfu = iv_request_write_json,
    .audit = iv_audit_write_json,
};
