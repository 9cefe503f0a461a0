/*
 * request_report.h: a judged request for update, in the formats of `imgval rfu`. As with the sinks,
 * everything that came from the input is escaped here.
 */
#ifndef IMGVAL_REPORT_HISTORY_REQUEST_REPORT_H
#define IMGVAL_REPORT_HISTORY_REQUEST_REPORT_H

#include "imgval/model/report.h"
#include "imgval/model/request.h"

#include <stdio.h>

#define IV_JSON_REQUEST_SCHEMA "imgval-request/1" /* schema/imgval-request-1.schema.json */

/* Write errors are found by the caller through ferror(). */
typedef void iv_request_write_fn(const struct iv_request *request, const char *tool_version,
                                 const struct iv_style_options *style, FILE *out);

/*
 * Words of --format, NULL-terminated, and by their places what writes each. Where that is NULL, the
 * sink of this name does.
 */
extern const char *const iv_request_formats[];
extern iv_request_write_fn *const iv_request_writers[];

#endif
