/*
 * audit_text.h: the parts of an audit's text: the whole (audit_text.c) and one variant of it
 * (audit_text_variant.c). Without -v every list is cut, so that a history of hundreds of sets fits
 * a screen; what is wrong comes before what is right.
 */
#ifndef IMGVAL_REPORT_HISTORY_AUDIT_TEXT_H
#define IMGVAL_REPORT_HISTORY_AUDIT_TEXT_H

#include "imgval/model/audit.h"
#include "imgval/report/write/text_out.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_audit_text {
    struct iv_out out;
    const struct iv_audit *audit;
    const struct iv_audit_variant *variant;
};

/* How many of `count` are shown: with -v all, else at most `most`. */
size_t iv_audit_text_bound(const struct iv_audit_text *w, size_t count, size_t most);
/* "and N more (-v)", when `shown` are fewer than all. */
void iv_audit_text_more(const struct iv_audit_text *w, unsigned indent, size_t count, size_t shown);
/* "3 versions, 1 of 2 steps broken, the first in 1.0.0.3; 1 not judged in full" of w->variant. */
const char *iv_audit_text_summary(const struct iv_audit_text *w);

/* w->variant in full. */
void iv_audit_text_variant(const struct iv_audit_text *w);
/* -q: a line for each broken step of w->variant. */
void iv_audit_text_breaks(const struct iv_audit_text *w);

#endif
