/*
 * sink_html.h: the parts of the HTML report, one file a topic, that sink_html.c puts together.
 * Everything comes from the report alone, so that a saved report gives the same document again.
 */
#ifndef IMGVAL_REPORT_SINK_HTML_H
#define IMGVAL_REPORT_SINK_HTML_H

#include "imgval/report/write/html_page.h"

/* What a finding is filed under; the classes and data-k values of the document. */
enum iv_html_kind {
    IV_HTML_ERROR,
    IV_HTML_WARNING,
    IV_HTML_NOTE,
    IV_HTML_UNCHECKED, /* means "not checked" */
    IV_HTML_WAIVED,
    IV_HTML_KINDS,
};
enum iv_html_kind iv_html_kind_of(const struct iv_finding *finding);

/* Sections; each is empty where the submission has nothing for it. */
void iv_html_findings(const struct iv_html_part *part);
void iv_html_wspc(const struct iv_html_part *part);
void iv_html_outcomes(const struct iv_html_part *part);
void iv_html_device(const struct iv_html_part *part);
void iv_html_packages(const struct iv_html_part *part);
/* The texts of all rules that the report names, in the words of `imgval explain`. */
void iv_html_rules(struct iv_markup *markup, const struct iv_report *report);

#endif
