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
