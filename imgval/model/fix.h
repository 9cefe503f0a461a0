/*
 * fix.h: what would make a submission compliant: the empty packages to add, and what no package
 * can fix. Pure; borrowed from the submission and its baselines.
 */
#ifndef IMGVAL_MODEL_FIX_H
#define IMGVAL_MODEL_FIX_H

#include "imgval/base/arena.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>

/* One empty package to add. */
struct iv_fix_package {
    const struct iv_package *package; /* as the baseline has it */
    const struct iv_baseline *from;   /* a baseline that asks for it */
    const char *name;                 /* of the package file, without extension */
    const char *owner;
    const char *component;
    const char *sub_component; /* NULL: the name has two parts */
    const char *partition;
    const char *owner_type;
    const char *release_type;
    bool derived; /* the name was split at its dots: the baseline's record has the name alone */
};

/* Something that adding packages cannot fix. */
struct iv_fix_obstacle {
    const char *name;   /* the package, or the variant */
    const char *reason; /* one or more sentences */
};

struct iv_fix {
    struct iv_fix_package *packages; /* sorted by key, each once */
    size_t package_count;
    struct iv_fix_obstacle *obstacles;
    size_t obstacle_count;
};

/* The submission has been compared (its variants' `wspc` are set). */
void iv_fix_build(const struct iv_submission *submission, struct iv_arena *arena,
                  struct iv_fix *ret_fix);

#endif
