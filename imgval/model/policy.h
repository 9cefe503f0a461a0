/*
 * policy.h: what a site asks for beyond the built-in rules: severities, limits, rows of its own,
 * and waivers. The engine reads it from the policy file (engine/policy_read.h) and applies it.
 * Nothing in a policy can take a built-in row away.
 */
#ifndef IMGVAL_MODEL_POLICY_H
#define IMGVAL_MODEL_POLICY_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/limits.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/finding.h"
#include "imgval/model/rule.h"
#include "imgval/model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_policy_severity {
    const struct iv_rule *rule;
    enum iv_severity severity;
    uint64_t line;
};

struct iv_policy_limit {
    const struct iv_limit_row *row;
    uint64_t value;
    uint64_t line;
};

/* Versions from `low` to `high`, both included; a bound that is not given does not bind. */
struct iv_version_range {
    struct iv_version low;
    struct iv_version high;
    bool has_low;
    bool has_high;
};

struct iv_policy_waiver {
    struct iv_waiver waiver;
    int expires;                      /* as iv_policy_date() has it */
    const char *rule;                 /* globs; NULL: any */
    const char *package;              /* over name or key */
    const char *variant;              /* over "OEM/OPERATOR/MODEL" */
    struct iv_version_range version;  /* of the package */
    struct iv_version_range firmware; /* of the submission */
    uint64_t line;
};

struct iv_policy {
    const char *path; /* as in reports */
    struct iv_policy_severity *severities;
    size_t severity_count;
    struct iv_policy_limit *limits;
    size_t limit_count;
    struct iv_growth growth;
    uint64_t growth_line;           /* 0: not in the file */
    uint64_t require_baseline_line; /* <require-baseline>; 0: not in the file */
    struct iv_rule *rules;          /* the site's own rows */
    uint64_t *rule_lines;
    size_t rule_count;
    struct iv_policy_waiver *waivers;
    size_t waiver_count;
};

/* A date YYYY-MM-DD of the calendar as the number YYYYMMDD, so that dates compare as numbers. */
IV_MUST_USE bool iv_policy_date(const char *text, int *ret_date);

/* What a policy says about a rule's severity, or NULL. */
const struct iv_policy_severity *iv_policy_severity(const struct iv_policy *policy,
                                                    const struct iv_rule *rule);

/* Writes the policy's limits over those given. */
void iv_policy_limits(const struct iv_policy *policy, struct iv_limits *limits);

/* The limits by name, as the manual has them. */
struct iv_limit_row {
    const char *name;
    const char *unit;
    uint64_t value; /* default */
    size_t offset;  /* in struct iv_limits */
    bool is_fixed;  /* a policy cannot set it */
};
extern const struct iv_limit_row iv_limit_rows[];
extern const size_t iv_limit_row_count;

#endif
