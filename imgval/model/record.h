/*
 * record.h: a submission as the baseline store keeps it and as export bundles carry it.
 */
#ifndef IMGVAL_MODEL_RECORD_H
#define IMGVAL_MODEL_RECORD_H

#include "imgval/base/arena.h"
#include "imgval/model/device.h"
#include "imgval/model/package.h"
#include "imgval/model/submission.h"
#include "imgval/model/traits.h"
#include "imgval/model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is recorded about one POP of a submission. */
struct iv_record_pop {
    struct iv_pop pop;
    bool baseline;  /* a baseline of this POP */
    bool compliant; /* was WSPC compliant (or first) when it was recorded */
};

struct iv_record {
    const char *id;               /* iv_submission_id_of() */
    const char *firmware_version; /* as given */
    struct iv_version number;
    bool imported;              /* recorded without judging */
    int64_t recorded;           /* seconds since 1970-01-01 UTC, of the first add or import */
    struct iv_record_pop *pops; /* sorted by iv_pop_compare() */
    size_t pop_count;
    struct iv_package *packages; /* sorted by key; STORED fields; removal packages included */
    size_t package_count;
    struct iv_traits traits; /* no part of the id */
};

/* One package for each key of what iv_package_sort() made: what a submission's id covers and what
 * is recorded. Of twins (x.spkg and x.cab) the one that counts in the set is kept. */
const struct iv_package **iv_record_packages(const struct iv_package *const *sorted, size_t count,
                                             struct iv_arena *arena, size_t *ret_count);

/* A submission that was read (and judged, for `compliant`) as a record. `baseline` goes to every
 * POP. Strings are borrowed. */
void iv_record_build(const struct iv_submission *submission, bool baseline, bool imported,
                     int64_t recorded, struct iv_arena *arena, struct iv_record *ret_record);

#endif
