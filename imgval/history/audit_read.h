/*
 * audit_read.h: what an audit has to read: submissions on disk, saved reports and streams, export
 * bundles, the baseline store. Private to the audit.
 */
#ifndef IMGVAL_HISTORY_AUDIT_READ_H
#define IMGVAL_HISTORY_AUDIT_READ_H

#include "imgval/history/audit.h"
#include "imgval/scan/judge.h"

/* A submission's place in one variant. */
struct iv_audit_place {
    struct iv_pop pop;
    size_t source;
};

/* An audit in the making. */
struct iv_auditing {
    const struct iv_audit_options *options;
    struct iv_arena *arena;
    struct iv_audit *audit;
    size_t source_capacity;
    struct iv_audit_place *places;
    size_t place_count;
    size_t place_capacity;
    struct iv_judge judge; /* of the history */
    struct iv_judge nine;  /* of each set: the standard validations */
    struct iv_judge seals; /* of each set with --verify: the signatures */
};

/* Reads what was found, in its order, and adds the submissions. */
void iv_audit_read(struct iv_auditing *a, const struct iv_found_list *list);
/* Adds all submissions of the store. */
void iv_audit_read_store(struct iv_auditing *a);

#endif
