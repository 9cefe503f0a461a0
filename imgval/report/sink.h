/*
 * sink.h: the interface of an output format. A sink is given the whole finished report and an open
 * stream; it judges nothing, sorts nothing and escapes everything.
 *
 * A format is ONE row, in its sink_NAME.c, with a slot for each kind of thing that is printed. The
 * words of --format and --report, their help, the manual pages, the completion of the shells and
 * the messages about a wrong word all come from the rows.
 */
#ifndef IMGVAL_REPORT_SINK_H
#define IMGVAL_REPORT_SINK_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/report.h"

#include <stdio.h>

struct iv_audit;
struct iv_delta_report;
struct iv_request;

/* What writes a report, ... Write errors are found by the caller through ferror(). */
typedef void iv_sink_fn(const struct iv_report *report, const struct iv_style_options *style,
                        FILE *out);
/* ... the difference of two submissions, */
typedef void iv_delta_write_fn(const struct iv_delta_report *report,
                               const struct iv_style_options *style, FILE *out);
/* ... a request for update, */
typedef void iv_request_write_fn(const struct iv_request *request,
                                 const struct iv_style_options *style, FILE *out);
/* ... and a history. */
typedef void iv_audit_write_fn(const struct iv_audit *audit, const struct iv_style_options *style,
                               FILE *out);

struct iv_sink {
    const char *name;    /* as in --format */
    const char *summary; /* one line for --help */
    iv_sink_fn *write;
    iv_delta_write_fn *diff;  /* NULL: the findings of the difference, through `write` */
    iv_request_write_fn *rfu; /* NULL: the findings of the request, through `write` */
    iv_audit_write_fn *audit; /* NULL: `audit` does not have this format */
};

/* All formats, in the order of --help. A new one adds its name here; nothing else lists them. */
#define IV_SINKS(ROW)                                                                              \
    ROW(text)                                                                                      \
    ROW(json)                                                                                      \
    ROW(jsonl)                                                                                     \
    ROW(sarif)                                                                                     \
    ROW(junit)                                                                                     \
    ROW(html)                                                                                      \
    ROW(markdown)                                                                                  \
    ROW(github)                                                                                    \
    ROW(azure)                                                                                     \
    ROW(csv)

#define IV_SINK_DECLARE(name) extern const struct iv_sink iv_sink_##name;
IV_SINKS(IV_SINK_DECLARE)
#undef IV_SINK_DECLARE

#endif
