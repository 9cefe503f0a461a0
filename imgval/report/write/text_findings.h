/*
 * text_findings.h: the findings of a report, a request or a history in text. A writer goes through
 * them group by group and may leave out groups that it shows in another way.
 */
#ifndef IMGVAL_REPORT_WRITE_TEXT_FINDINGS_H
#define IMGVAL_REPORT_WRITE_TEXT_FINDINGS_H

#include "imgval/model/finding.h"
#include "imgval/report/write/text_out.h"

extern const enum iv_ink iv_text_severity_inks[]; /* by value */

/* Neighbours in the report's order that one heading covers. */
struct iv_text_group {
    const struct iv_finding *findings;
    size_t count; /* all, waived ones too */
    size_t shown; /* those that may be shown */
    size_t waived;
    bool same_remedy;
};

/* The group that `findings` begin with; `count` > 0. */
struct iv_text_group iv_text_next_group(const struct iv_out *out, const struct iv_finding *findings,
                                        size_t count);
/* Nothing where none may be shown. `submission_path`: named already, so no place; NULL: none. */
void iv_text_print_group(const struct iv_out *out, const struct iv_text_group *group,
                         const char *submission_path);

#endif
