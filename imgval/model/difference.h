/*
 * difference.h: two submissions and what became of the packages of the one in the other: what
 * `imgval diff` read. Plain data.
 */
#ifndef IMGVAL_MODEL_DIFFERENCE_H
#define IMGVAL_MODEL_DIFFERENCE_H

#include "imgval/model/delta.h"
#include "imgval/model/submission.h"

#include <stdbool.h>

struct iv_delta_report {
    const char *tool_version;
    const struct iv_submission *before;
    const struct iv_submission *after;
    bool before_incomplete; /* part of it could not be read */
    bool after_incomplete;
    struct iv_delta delta;
};

/* No package was added, removed or changed: what the metadata say differently does not count. */
static inline bool iv_delta_report_is_equal(const struct iv_delta_report *report)
{
    return report->delta.count == 0;
}

#endif
