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

/* The slots of imgval/report/sink.h. Write errors are found by the caller through ferror(). */
void iv_request_write_text(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *file);
void iv_request_write_json(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *out);
void iv_request_write_jsonl(const struct iv_request *request, const struct iv_style_options *style,
                            FILE *out);
void iv_request_write_html(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *out);
void iv_request_write_markdown(const struct iv_request *request,
                               const struct iv_style_options *style, FILE *out);
void iv_request_write_junit(const struct iv_request *request, const struct iv_style_options *style,
                            FILE *out);

/* Answer, source and target in one line that no build agent obeys. */
void iv_request_write_line(const struct iv_request *request, FILE *out);

#endif
