/*
 * report.h: the table of formats, and writing a report through one of them with every write error
 * seen.
 */
#ifndef IMGVAL_REPORT_REPORT_H
#define IMGVAL_REPORT_REPORT_H

#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/report/sink.h"

#include <stdbool.h>
#include <stddef.h>

/* What is printed: each has its slot in a row of the table. */
enum iv_printed { IV_PRINTED_REPORT, IV_PRINTED_DIFF, IV_PRINTED_REQUEST, IV_PRINTED_AUDIT };

/* The i-th of the formats that such a thing has, in the order of --help; NULL: it has no more. */
const struct iv_sink *iv_sink_at(enum iv_printed what, size_t i);

/* By name; NULL when there is none. */
const struct iv_sink *iv_sink_find(enum iv_printed what, const char *name);

/* To a file: written beside it and renamed, so nobody sees half a report. */
IV_MUST_USE bool iv_report_save(const struct iv_report *report, const struct iv_sink *sink,
                                const struct iv_style_options *style, const char *path,
                                struct iv_error *err);

#endif
