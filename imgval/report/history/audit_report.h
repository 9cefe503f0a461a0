/*
 * audit_report.h: an audit in the formats of `imgval audit`. As with the sinks, everything that
 * came from the input is escaped here. Sizes are bounded by the number of versions, never by that
 * of their pairs.
 */
#ifndef IMGVAL_REPORT_HISTORY_AUDIT_REPORT_H
#define IMGVAL_REPORT_HISTORY_AUDIT_REPORT_H

#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/audit.h"
#include "imgval/model/report.h"

#include <stdio.h>

#define IV_JSON_AUDIT_SCHEMA "imgval-audit/1" /* schema/imgval-audit-1.schema.json */

/* The slots of imgval/report/sink.h. Write errors are found by the caller through ferror(). */
void iv_audit_write_text(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *file);
void iv_audit_write_json(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *out);
void iv_audit_write_csv(const struct iv_audit *audit, const struct iv_style_options *style,
                        FILE *out);
void iv_audit_write_html(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *out);

void iv_audit_write_markdown(const struct iv_audit *audit, const struct iv_style_options *style,
                             FILE *out);
void iv_audit_write_junit(const struct iv_audit *audit, const struct iv_style_options *style,
                          FILE *out);

/* For formats that list findings: a report with one entry, of them all, in the arena; and a line
 * with the verdict, for people. */
struct iv_report iv_audit_as_report(const struct iv_audit *audit, struct iv_arena *arena);
void iv_audit_write_line(const struct iv_audit *audit, FILE *out);

/* The all-pairs matrix as CSV, one row for each pair in version order: half the square of the
 * number of versions. */
void iv_audit_write_matrix(const struct iv_audit *audit, FILE *out);

#endif
