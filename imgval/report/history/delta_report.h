/*
 * delta_report.h: the difference of two submissions, in the formats of `imgval diff`. As with the
 * sinks, everything that came from the input is escaped here.
 */
#ifndef IMGVAL_REPORT_HISTORY_DELTA_REPORT_H
#define IMGVAL_REPORT_HISTORY_DELTA_REPORT_H

#include "imgval/model/difference.h"
#include "imgval/model/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define IV_JSON_DIFF_SCHEMA "imgval-diff/1" /* schema/imgval-diff-1.schema.json */

/* The slots of imgval/report/sink.h. Write errors are found by the caller through ferror(). */
void iv_delta_write_text(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *file);
void iv_delta_write_json(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *out);
void iv_delta_write_jsonl(const struct iv_delta_report *report,
                          const struct iv_style_options *style, FILE *out);
void iv_delta_write_csv(const struct iv_delta_report *report, const struct iv_style_options *style,
                        FILE *out);
void iv_delta_write_html(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *out);
void iv_delta_write_markdown(const struct iv_delta_report *report,
                             const struct iv_style_options *style, FILE *out);

/* --- what the formats share; texts are unescaped ---------------------------------------------- */

/* Of the side that has the package, the later one first. */
const struct iv_package *iv_delta_either(const struct iv_change *change);
/* The words of iv_change_names[] for a change. Returns how many there are. */
size_t iv_delta_words(const struct iv_change *change, const char *ret_words[IV_CHANGE_KINDS]);

/* What else than version and content is not the same: "partition", "owner type", ... */
struct iv_delta_part {
    const char *name;
    const char *before; /* NULL: not known */
    const char *after;
};
enum { IV_DELTA_PARTS = 5 };
size_t iv_delta_parts(const struct iv_change *change,
                      struct iv_delta_part ret_parts[IV_DELTA_PARTS]);

/* Changes in the order in which people read them, removed packages first: WSPC is about them. */
struct iv_delta_pass {
    unsigned mask; /* IV_CHANGE_... */
    const char *title;
    const char *sign;
};
enum { IV_DELTA_PASSES = 3 };
extern const struct iv_delta_pass iv_delta_passes[IV_DELTA_PASSES];
/* How many changes belong to a pass. */
size_t iv_delta_count(const struct iv_delta *delta, const struct iv_delta_pass *pass);

#endif
