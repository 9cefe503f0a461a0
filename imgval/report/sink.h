/*
 * sink.h: the interface of an output format. A sink is given the whole finished report and an open
 * stream; it judges nothing, sorts nothing and escapes everything.
 */
#ifndef IMGVAL_REPORT_SINK_H
#define IMGVAL_REPORT_SINK_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/report.h"

#include <stdio.h>

/* Write errors are found by the caller through ferror(). */
typedef void iv_sink_fn(const struct iv_report *report, const struct iv_style_options *style,
                        FILE *out);

struct iv_sink {
    const char *name;    /* as in --format */
    const char *summary; /* one line for --help */
    iv_sink_fn *write;
};

/*
 * A text from the input as a report carries it: itself, or, when it is longer than the limit
 * report_text, its beginning and "..." (in `scratch`, valid until that changes). What was cut once
 * is not cut again. For messages, remedies, actual and expected values.
 */
const char *iv_sink_cut(const char *text, struct iv_buf *scratch);

/* A finding with the submission that it belongs to. */
struct iv_ranked {
    const struct iv_report_entry *entry;
    const struct iv_finding *finding;
};

/*
 * The findings of all submissions with the most serious first, for readers that stop early: errors,
 * warnings, notes, then those that are waived; in the report's order within each. In the arena.
 */
struct iv_ranked *iv_sink_rank(const struct iv_report *report, struct iv_arena *arena,
                               size_t *ret_count);

/* The counts of all submissions, added up. */
struct iv_counts iv_sink_totals(const struct iv_report *report);

/* Appends the line of a finding, with its end. */
typedef void iv_sink_line_fn(struct iv_buf *line, const struct iv_finding *finding);

/*
 * Writes a report whose every line is a command of a build agent: one for each finding that is not
 * waived, ranked; then one that no agent obeys: verdict, submissions, findings by severity.
 */
void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out);

extern const struct iv_sink iv_sink_text;
extern const struct iv_sink iv_sink_json;
extern const struct iv_sink iv_sink_jsonl;
extern const struct iv_sink iv_sink_sarif;
extern const struct iv_sink iv_sink_markdown;
extern const struct iv_sink iv_sink_github;
extern const struct iv_sink iv_sink_azure;
extern const struct iv_sink iv_sink_csv;
extern const struct iv_sink iv_sink_junit;
extern const struct iv_sink iv_sink_html;

#endif
