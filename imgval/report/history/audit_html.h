/*
 * audit_html.h: the page of an audit and its drawings. Drawings are inline SVG in units of pixels;
 * their size does not depend on the number of versions: a mark then stands for several, and shows
 * the worst of them.
 */
#ifndef IMGVAL_REPORT_HISTORY_AUDIT_HTML_H
#define IMGVAL_REPORT_HISTORY_AUDIT_HTML_H

#include "imgval/model/audit.h"
#include "imgval/report/write/markup.h"

#include <stddef.h>

struct iv_audit_page {
    struct iv_markup m;
    const struct iv_audit *audit;
    const struct iv_audit_variant *variant;
    size_t number; /* of the variant, from 1 */
    size_t cells;  /* of matrices that were drawn one by one, on the whole page */
};

/* What people call a version of the page's variant; "?" where it does not say. */
const char *iv_audit_page_version(const struct iv_audit_page *page, uint32_t version);

/* Fills that the drawings share; once a page, before them. */
void iv_audit_draw_patterns(struct iv_markup *markup);
/* Versions in order, and the number of packages below them, over the same places. */
void iv_audit_draw_timeline(struct iv_audit_page *page);
void iv_audit_draw_growth(struct iv_audit_page *page);
/* All pairs of source and target; the variant has a matrix. */
void iv_audit_draw_matrix(struct iv_audit_page *page);

#endif
