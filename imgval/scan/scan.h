/*
 * scan.h: the pipeline of the main job, readable from top to bottom: list, read, assemble, look up,
 * judge. The commands call it; it prints nothing.
 */
#ifndef IMGVAL_SCAN_SCAN_H
#define IMGVAL_SCAN_SCAN_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/workers.h"
#include "imgval/model/report.h"
#include "imgval/model/submission.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>
#include <stddef.h>

/* What a scan ends in. */
struct iv_scan_outcome {
    struct iv_report report;
    bool store_failed;                 /* WSPC001 or WSPC013: exit status 4 */
    bool no_package;                   /* at least one tree holds no package: exit status 3 */
    struct iv_containment containment; /* what the reader processes ran under */
};

/* The same for a path or the name of a recorded submission (resolve.h). */
IV_MUST_USE bool iv_scan_read_named(const char *name, const struct iv_scan_options *options,
                                    struct iv_arena *arena, struct iv_submission *ret_submission,
                                    struct iv_containment *ret_containment, struct iv_error *err);

/* Submissions that were read: all are looked up, then judged. */
IV_MUST_USE bool iv_scan_judge(struct iv_submission *submissions, size_t count,
                               const struct iv_scan_options *options, struct iv_arena *arena,
                               struct iv_scan_outcome *ret_outcome, struct iv_error *err);

/* The main job: every path read, then iv_scan_judge(). Each image file in a directory is a
 * submission. */
IV_MUST_USE bool iv_scan(const char *const *paths, size_t count,
                         const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_scan_outcome *ret_outcome, struct iv_error *err);

#endif
