/*
 * audit.h: what `imgval audit` found out about a history of firmware sets: everything that its
 * writers print. Built by imgval/history/audit.c, const for the writers. Versions are distinguished
 * by number and listed in version order; a step is a pair of versions next to each other in the
 * chain.
 */
#ifndef IMGVAL_MODEL_AUDIT_H
#define IMGVAL_MODEL_AUDIT_H

#include "imgval/model/delta.h"
#include "imgval/model/device.h"
#include "imgval/model/finding.h"
#include "imgval/model/submission.h"
#include "imgval/model/timeline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One submission that was found, wherever it came from. */
struct iv_audit_source {
    const char *path; /* of a recorded one: its id */
    enum iv_kind kind;
    const char *id;
    const char *firmware_version; /* NULL: not known */
    struct iv_version number;
    int64_t recorded; /* seconds since 1970, of a recorded one; 0: not recorded */
    bool baseline;    /* declared or recorded as a baseline */
    uint32_t set;
    size_t unreadable;   /* packages that count by their names alone */
    const char *doubt;   /* something beside its packages could not be read; NULL */
    const char *reason;  /* why it is not judged; NULL: it is */
    const char **copies; /* further paths of the same submission, sorted */
    size_t copy_count;
    bool is_copy;                     /* of an earlier one, which stands for it */
    const struct iv_judgement *nine;  /* the standard validations of it; NULL: it was not read */
    const char *unevaluated;          /* ids of those that were not evaluated; NULL: all were */
    const struct iv_judgement *seals; /* --verify: whether it is what was signed; NULL: not known */
    const char *unverified; /* --verify: why that is not known, of it and its copies; NULL: it is */
    const char *gap;        /* why it is not judged, or not in full: one sentence; NULL: it is */
};

enum iv_audit_state {
    IV_AUDIT_JUDGED,
    IV_AUDIT_NOT_JUDGED, /* the source says why */
    IV_AUDIT_TWIN,       /* this version stands twice, with different sets: which one counts? */
};

struct iv_audit_version {
    const struct iv_audit_source *source;
    enum iv_audit_state state;
    bool in_full;         /* it is judged, and everything of it was read and evaluated */
    const char *reason;   /* why it is not judged; NULL */
    uint32_t chain;       /* place in the chain + 1; 0: not in it */
    uint32_t point;       /* place in the matrix + 1; 0: not in it */
    uint32_t came_after;  /* out of order: the greater version + 1 that was there before it */
    uint32_t came_before; /* else out of order: the lesser version + 1 that comes after it */
    bool in_longest;
};

struct iv_audit_step {
    uint32_t from; /* versions */
    uint32_t to;
    size_t missing;                 /* packages that break it; 0: compliant */
    size_t counts[IV_CHANGE_KINDS]; /* as in a delta */
    size_t renamed;                 /* removed packages for which a new name is suggested */
    size_t owner_changed;           /* packages that leave the firmware set (ADV010) */
    size_t same;
};

struct iv_audit_variant {
    struct iv_pop pop;
    struct iv_audit_version *versions; /* by number, then source */
    size_t version_count;
    uint32_t *chain; /* versions that are compared step by step; each number once */
    size_t chain_count;
    struct iv_audit_step *steps; /* chain_count - 1 */
    size_t step_count;
    size_t broken;    /* steps that are not compliant */
    uint32_t *points; /* versions of the matrix */
    size_t point_count;
    bool has_matrix; /* false: it would need too much memory */
    struct iv_matrix matrix;
    struct iv_fixes fixes; /* points are places in the chain */
    struct iv_merge_groups groups;
    struct iv_changed_contents changed; /* points are those of the matrix */
    size_t not_judged;                  /* versions that were not judged, or not in full */
    size_t out_of_order;
};

struct iv_audit {
    const char *tool_version;
    enum iv_severity fail_on;
    enum iv_final_verdict verdict;
    struct iv_pool pool;
    bool all_owners;
    struct iv_audit_variant *variants; /* by POP */
    size_t variant_count;
    struct iv_audit_source *sources; /* by path, numbers in it counted as such */
    size_t source_count;
    const struct iv_audit_source **unjudged; /* sources of no variant */
    size_t unjudged_count;
    const struct iv_finding *findings; /* in the order of every report */
    size_t finding_count;
    struct iv_counts counts;
    bool what_if;      /* --what-if: no real verdict */
    size_t packages;   /* of all sources */
    size_t broken;     /* steps of all variants that are not compliant */
    size_t not_judged; /* sources that were not judged, or not in full */
    bool trouble;      /* something of imgval's own went wrong: exit status 4 */
};

/* What became of the packages in one step, in the arena. */
void iv_audit_step_delta(const struct iv_audit *audit, const struct iv_audit_variant *variant,
                         const struct iv_audit_step *step, struct iv_arena *arena,
                         struct iv_delta *ret_delta);
/* The packages that break it (states in the pool), sorted by key. */
size_t iv_audit_step_missing(const struct iv_audit *audit, const struct iv_audit_variant *variant,
                             const struct iv_audit_step *step, struct iv_arena *arena,
                             uint32_t **ret_missing);
/* The first step that is broken; NULL: none. */
const struct iv_audit_step *iv_audit_first_break(const struct iv_audit_variant *variant);
/* The step that leads to a version; NULL: none. */
const struct iv_audit_step *iv_audit_step_to(const struct iv_audit_variant *variant,
                                             const struct iv_audit_version *version);
/* A finding in the set itself makes the verdict fail. */
bool iv_audit_fails(const struct iv_audit_source *source);
/* What people call a state, and its key. */
const char *iv_audit_package_name(const struct iv_audit *audit, uint32_t package);

/* Order of paths for people: runs of digits are numbers. Equal paths alone give 0. */
int iv_natural_compare(const char *a, const char *b);

#endif
