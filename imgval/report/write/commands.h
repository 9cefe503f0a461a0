/*
 * commands.h: reports whose lines are commands of a build agent. A format gives the line of one
 * finding; which findings, in which order, and what ends the report is the same for all of them.
 */
#ifndef IMGVAL_REPORT_WRITE_COMMANDS_H
#define IMGVAL_REPORT_WRITE_COMMANDS_H

#include "imgval/base/buf.h"
#include "imgval/model/report.h"

#include <stdio.h>

/* Appends the line of a finding, with its end. */
typedef void iv_sink_line_fn(struct iv_buf *line, const struct iv_finding *finding);

/*
 * Writes a report whose every line is a command of a build agent: one for each finding that is not
 * waived, ranked; then one that no agent obeys: verdict, submissions, findings by severity.
 */
void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out);

#endif
