/*
 * step.h: two versions of one firmware next to each other, as the rules about removed and changed
 * packages judge them: both sides of a diff, or two versions of an audit. Plain data, borrowed from
 * what the command read.
 */
#ifndef IMGVAL_MODEL_STEP_H
#define IMGVAL_MODEL_STEP_H

#include "imgval/model/delta.h"
#include "imgval/model/device.h"
#include "imgval/model/version.h"
#include "imgval/model/wspc.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_step {
    const struct iv_baseline *before; /* id and version; its set is not needed */
    const char *path;                 /* of the later version, and its firmware version: */
    const char *firmware_version;     /* NULL: not known */
    bool firmware_version_valid;
    struct iv_version number;
    const struct iv_pop *variant; /* NULL: it is not about one */
    bool incomplete;              /* part of a side could not be read: absence proves nothing */
    const struct iv_package **removed;
    size_t removed_count;
    const struct iv_delta *delta; /* for names under which a package came back; NULL: not needed */
};

/* One package that is in both versions of a step. */
struct iv_step_change {
    const struct iv_step *step;
    const struct iv_change *change;
};

/* Whether both sides say their firmware version. */
static inline bool iv_step_knows_versions(const struct iv_step *step)
{
    return step->before->firmware_version != NULL && step->firmware_version != NULL;
}

#endif
