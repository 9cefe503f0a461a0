/*
 * sink_text.h: the parts of the text report, one file a topic, that sink_text.c puts together.
 */
#ifndef IMGVAL_REPORT_SINK_TEXT_H
#define IMGVAL_REPORT_SINK_TEXT_H

#include "imgval/model/report.h"
#include "imgval/report/write/text_out.h"

#include <stdbool.h>

/* ---- sink_text_findings.c */

void iv_text_print_findings(const struct iv_out *out, const struct iv_report_entry *entry);
/* Rules that were not evaluated, with the reason; nothing where all were. */
void iv_text_print_not_checked(const struct iv_out *out, const struct iv_report_entry *entry);

/* ---- sink_text_tables.c: each with its heading; nothing where there is nothing to tell */

void iv_text_print_standard(const struct iv_out *out, const struct iv_judgement *judgement);
void iv_text_print_image_outcomes(const struct iv_out *out, const struct iv_judgement *judgement);
void iv_text_print_wspc(const struct iv_out *out, const struct iv_report_entry *entry);
void iv_text_print_device(const struct iv_out *out, const struct iv_submission *s);
void iv_text_print_packages(const struct iv_out *out, const struct iv_submission *s);

#endif
