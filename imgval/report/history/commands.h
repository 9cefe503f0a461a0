/*
 * commands.h: reports whose lines are commands of a build agent. A format gives the line of one
 * finding; which findings, in which order, and what ends the report is the same for all of them.
 */
#ifndef IMGVAL_REPORT_HISTORY_COMMANDS_H
#define IMGVAL_REPORT_HISTORY_COMMANDS_H

#include "imgval/base/buf.h"
#include "imgval/model/audit.h"
#include "imgval/model/report.h"
#include "imgval/model/request.h"

#include <stdbool.h>
#include <stdio.h>

/* Appends the line of a finding, with its end; the remedy is said once for each rule. */
typedef void iv_sink_line_fn(struct iv_buf *line, const struct iv_finding *finding,
                             bool with_remedy);

/* The same of a submission of a history that was not judged, or not in full. */
typedef void iv_sink_gap_fn(struct iv_buf *line, const char *path, const char *reason);

enum { IV_COMMANDS_SHOWN = 10 }; /* of one rule: services show no more of a kind in one step */

/*
 * Writes a report whose every line is a command of a build agent: one for each finding that is not
 * waived, ranked, and at most IV_COMMANDS_SHOWN of one rule. Then lines that no agent obeys: how
 * many more there are of a rule; verdict, submissions, findings by severity.
 */
void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out);
/* The same of what is no scan, and has another last line. */
void iv_request_commands(const struct iv_request *request, iv_sink_line_fn *add, FILE *out);
void iv_audit_commands(const struct iv_audit *audit, iv_sink_line_fn *add, iv_sink_gap_fn *add_gap,
                       FILE *out);

#endif
