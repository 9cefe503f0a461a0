/*
 * delta_report.h: the difference of two submissions, in the formats of `imgval diff`. As with the
 * sinks, everything that came from the input is escaped here.
 */
#ifndef IMGVAL_REPORT_DELTA_REPORT_H
#define IMGVAL_REPORT_DELTA_REPORT_H

#include "imgval/model/delta.h"
#include "imgval/model/report.h"

#include <stdbool.h>
#include <stdio.h>

#define IV_JSON_DIFF_SCHEMA "imgval-diff/1" /* schema/imgval-diff-1.schema.json */

struct iv_delta_report {
    const char *tool_version;
    const struct iv_submission *before;
    const struct iv_submission *after;
    bool before_incomplete; /* part of it could not be read */
    bool after_incomplete;
    struct iv_delta delta;
};

/* Equal: nothing was added, removed or changed, in packages or metadata. */
bool iv_delta_report_is_equal(const struct iv_delta_report *report);

/* Write errors are found by the caller through ferror(). */
typedef void iv_delta_write_fn(const struct iv_delta_report *report,
                               const struct iv_style_options *style, FILE *out);

/* Words of --format, and what writes each; both end in NULL. */
extern const char *const iv_delta_formats[];
extern iv_delta_write_fn *const iv_delta_writers[];

#endif
