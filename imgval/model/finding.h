/*
 * finding.h: a judgement about one subject, in the form that every sink prints. Lists, their order,
 * counts, and the fingerprint that survives a new version or path.
 */
#ifndef IMGVAL_MODEL_FINDING_H
#define IMGVAL_MODEL_FINDING_H

#include "imgval/base/arena.h"
#include "imgval/base/span.h"
#include "imgval/model/rule.h"

#include <stdbool.h>
#include <stddef.h>

/* Why a finding does not count for the verdict: what a policy file says about it. */
struct iv_waiver {
    const char *reason;
    const char *owner;
    const char *expires; /* YYYY-MM-DD: the last day on which it has effect */
};

struct iv_finding {
    const struct iv_rule *rule;
    enum iv_severity severity; /* effective */
    bool incomplete;           /* means "not checked" */
    bool waived;
    const struct iv_waiver *waiver; /* NULL: not waived */
    bool severity_by_policy;        /* the policy changed the rule's severity */
    const char *message;
    const char *remedy;
    const char *package; /* its name, or NULL */
    const char *key;     /* its key, or NULL */
    const char *path;
    const char *member; /* of a cabinet, or NULL */
    uint64_t line;      /* in the member or file; 0: none */
    const char *field;  /* or NULL */
    const char *actual; /* may be NULL even with a field: there is no value */
    const char *expected;
    const struct iv_pop *variant; /* or NULL */
    const struct iv_package **packages;
    size_t package_count;
    bool has_packages; /* WSPC002, WSPC003: the list stands in the report even when empty */
    const struct iv_baseline *baseline;
    const enum iv_direction *direction;
    bool binding_cause;      /* WSPC012: that rule cannot be waived; not in reports */
    const char *cause;       /* WSPC012: the id of the rule that made it so; not in reports */
    const char *fingerprint; /* hex over id, key, field, variant */
};

/* The outcome of one rule over all its subjects: failed before not-evaluated before passed before
 * not-applicable. */
struct iv_rule_outcome {
    const struct iv_rule *rule;
    enum iv_outcome outcome;
    size_t subjects;     /* subjects that it was run on, applicable or not evaluated */
    const char *reason;  /* not evaluated: because of this, a clause; else NULL */
    struct iv_span span; /* spent on it, where that was asked for */
};

struct iv_counts {
    size_t packages; /* lying in the submission */
    size_t error;    /* unwaived findings */
    size_t warning;
    size_t note;
    size_t waived;
    size_t unreadable; /* packages */
};

enum iv_final_verdict { IV_VERDICT_PASS, IV_VERDICT_INCOMPLETE, IV_VERDICT_FAIL };
extern const char *const iv_final_verdict_names[]; /* "pass", "incomplete", "fail" */

/* What the engine made of one submission. */
struct iv_judgement {
    struct iv_finding
        *findings; /* sorted: severity (error first), rule order, path, key, variant */
    size_t finding_count;
    struct iv_rule_outcome *outcomes; /* one for each rule, in table order */
    size_t outcome_count;
    struct iv_counts counts;
    enum iv_final_verdict verdict;
};

/* A copy that borrows nothing but the rule and the waiver, without packages and baseline. */
struct iv_finding iv_finding_copy(const struct iv_finding *finding, struct iv_arena *arena);

/* Hex digest of the rule's id, the key, the field and the variant of a finding. */
const char *iv_finding_fingerprint(const struct iv_finding *finding, struct iv_arena *arena);

#endif
