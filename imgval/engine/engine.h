/*
 * engine.h: runs tables of rules over a submission. Knows no rule and no table; it is given them.
 */
#ifndef IMGVAL_ENGINE_ENGINE_H
#define IMGVAL_ENGINE_ENGINE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/finding.h"
#include "imgval/model/rule.h"

#include <stdbool.h>
#include <stddef.h>

/* Tables with their patterns compiled, in report order. */
struct iv_engine;

/* Compiles every pattern once. err (IV_ERROR_USAGE) names the row of a pattern that is wrong. The
 * rows stay the caller's. */
IV_MUST_USE bool iv_engine_open(const struct iv_rules *families, size_t family_count,
                                struct iv_engine **ret_engine, struct iv_error *err);
void iv_engine_close(struct iv_engine **engine); /* for IV_CLEANUP */

struct iv_engine_options {
    enum iv_severity fail_on; /* the least severity that makes the verdict `fail` */
};

/*
 * Every row on every subject that it applies to; then order, fingerprints, counts and verdict:
 * fail: an unwaived finding at or above fail_on (WSPC005 never counts); else incomplete: an outcome
 * not-evaluated or a finding marked incomplete; else pass. A submission without a package is never
 * a pass: incomplete. Findings and their texts live in the arena.
 */
void iv_engine_judge(const struct iv_engine *engine, const struct iv_submission *submission,
                     const struct iv_engine_options *options, struct iv_arena *arena,
                     struct iv_judgement *ret_judgement);

#endif
