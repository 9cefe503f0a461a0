/*
 * findings.h: what diff and rfu found, as a report of findings: the form that every sink prints, so
 * that build servers and services read these commands as they read a scan.
 */
#ifndef IMGVAL_HISTORY_FINDINGS_H
#define IMGVAL_HISTORY_FINDINGS_H

#include "imgval/base/arena.h"
#include "imgval/model/report.h"
#include "imgval/model/request.h"
#include "imgval/report/history/delta_report.h"

/*
 * Of a difference: WSPC004 for removed packages, ADV001 and ADV002 for each package whose content
 * changed under its version or whose version went back. All are warnings, so the verdict is `pass`,
 * or `incomplete` when a side could not be read in full: then WSPC004 means "not checked", and a
 * rule without a finding is not evaluated. The report is about the later side.
 */
void iv_findings_of_delta(const struct iv_delta_report *delta, struct iv_arena *arena,
                          struct iv_report *ret_report);

/* Of a request for update: its findings and its verdict. The report is about the target. */
void iv_findings_of_request(const struct iv_request *request, struct iv_arena *arena,
                            struct iv_report *ret_report);

#endif
