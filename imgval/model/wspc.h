/*
 * wspc.h: the Windows Standard Packaging Configuration comparison: neighbours and superset tests.
 * Pure set algebra over the model; no store, no files. Words:
 * L (older) is the baseline with the highest version below the submission's, H (newer) the one with
 * the lowest above, `same` one of equal version.
 */
#ifndef IMGVAL_MODEL_WSPC_H
#define IMGVAL_MODEL_WSPC_H

#include "imgval/base/arena.h"
#include "imgval/model/device.h"
#include "imgval/model/package.h"
#include "imgval/model/traits.h"
#include "imgval/model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_wspc_status {
    IV_WSPC_COMPLIANT,
    IV_WSPC_NOT_COMPLIANT,
    IV_WSPC_FIRST,          /* no baseline for this POP */
    IV_WSPC_NOT_EVALUATED,  /* the comparison could not be made: never a pass */
    IV_WSPC_NOT_APPLICABLE, /* a partial without version or POP, or context-free */
    IV_WSPC_SKIPPED,        /* --no-wspc */
};

enum iv_direction { IV_OLDER, IV_NEWER, IV_SAME };

extern const char *const iv_wspc_status_names[]; /* "compliant", "not-compliant", "first", ... */
extern const char *const iv_direction_names[];   /* "older", "newer", "same" */

/* A recorded submission, as the comparison needs it. */
struct iv_baseline {
    const char *id;
    const char *firmware_version; /* as given */
    struct iv_version number;
    bool imported;     /* an imported list, not recorded by judging */
    int64_t set_token; /* the caller's handle for the set */
    struct iv_set set; /* filled for neighbours only */
    bool set_loaded;
    struct iv_traits traits; /* with the set; all false: not known */
};

/* One failed superset test. */
struct iv_comparison {
    enum iv_direction direction;
    const struct iv_baseline *against;
    const struct iv_package *
        *missing; /* sorted by key; of the baseline, or (newer) of the submission */
    size_t missing_count;
};

/* A package that a superset test found missing somewhere, and where it is present. */
struct iv_wspc_difference {
    const char *name;
    unsigned in; /* IV_IN_... */
};

enum {
    IV_IN_OLDER = 1 << IV_OLDER,
    IV_IN_NEWER = 1 << IV_NEWER,
    IV_IN_SAME = 1 << IV_SAME,
    IV_IN_SUBMISSION = 8,
};

struct iv_wspc {
    enum iv_wspc_status status;
    const struct iv_baseline *older;
    const struct iv_baseline *newer;
    const struct iv_baseline *same;
    size_t several; /* WSPC010: how many baselines with different sets stand at one place; else 0 */
    struct iv_comparison failures[3];
    size_t failure_count;
    struct iv_wspc_difference *differences; /* all that the failures list, each key once, by key */
    size_t difference_count;
};

/* Where the neighbours stand in an array of baselines. */
struct iv_neighbours {
    size_t *older; /* indexes of all baselines with L's version; likewise H and same */
    size_t older_count;
    size_t *newer;
    size_t newer_count;
    size_t *same;
    size_t same_count;
};

/* The baselines (any order, one POP) that the comparison needs: the caller then loads their sets.
 */
void iv_wspc_neighbours(const struct iv_baseline *baselines, size_t count,
                        struct iv_version version, struct iv_arena *arena,
                        struct iv_neighbours *ret_neighbours);

/*
 * The comparison of one variant. The sets of all neighbours are loaded. Several baselines at one
 * place with the same firmware set count as one: the first by id, or, of later ones, the first that
 * fails the test.
 */
void iv_wspc_judge(const struct iv_set *submission, const struct iv_baseline *baselines,
                   const struct iv_neighbours *neighbours, bool all_owners, struct iv_arena *arena,
                   struct iv_wspc *ret_wspc);

/* Sets are equal when their firmware members are (with all_owners: all members). */
bool iv_wspc_is_same_set(const struct iv_set *a, const struct iv_set *b, bool all_owners);

/* --against: one submission as the older baseline, whatever its version. */
void iv_wspc_judge_against(const struct iv_set *submission, const struct iv_baseline *older,
                           bool all_owners, struct iv_arena *arena, struct iv_wspc *ret_wspc);

/* Request for update: which of RFU001..RFU006 hold for one POP, as a bit mask. */
enum {
    IV_RFU_TARGET_NOT_BASELINE = 1 << 1,
    IV_RFU_SOURCE_NOT_BASELINE = 1 << 2,
    IV_RFU_TARGET_NOT_NEWER = 1 << 3,
    IV_RFU_SOURCE_NOT_MIGRATABLE = 1 << 4,
    IV_RFU_TARGET_LACKS_PACKAGES = 1 << 6,
};

struct iv_rfu_side {
    struct iv_version version;
    struct iv_set set;
    bool baseline;  /* recorded as a baseline of this POP */
    bool compliant; /* judged against today's baselines of this POP */
};

/* `baselines`: all of the POP; only their versions are used. */
unsigned iv_wspc_request(const struct iv_rfu_side *source, const struct iv_rfu_side *target,
                         const struct iv_baseline *baselines, size_t count, struct iv_arena *arena);

#endif
