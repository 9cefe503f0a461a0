/*
 * difference.h: a difference of two submissions as the rules judge it: WSPC004 for removed
 * packages, ADV001 and ADV002 for each package whose content changed under its version or whose
 * version went back. The form that every sink prints, so that build servers read diff as they read
 * a scan.
 */
#ifndef IMGVAL_HISTORY_DIFFERENCE_H
#define IMGVAL_HISTORY_DIFFERENCE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/difference.h"
#include "imgval/model/report.h"
#include "imgval/scan/scan_options.h"

/* The report is about the later side. A side that could not be read in full leaves no verdict
 * `pass`. err: as iv_judge_open(). */
IV_MUST_USE bool iv_difference_judge(const struct iv_delta_report *delta,
                                     const struct iv_scan_options *options, struct iv_arena *arena,
                                     struct iv_report *ret_report, struct iv_error *err);

#endif
