/*
 * engine.h: runs tables of rules over what was read: a submission, the steps of a history, a
 * request for update. Knows no rule and no table; it is given them.
 */
#ifndef IMGVAL_ENGINE_ENGINE_H
#define IMGVAL_ENGINE_ENGINE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/finding.h"
#include "imgval/model/request.h"
#include "imgval/model/rule.h"
#include "imgval/model/step.h"

#include <stdbool.h>
#include <stddef.h>

/* Tables with their patterns compiled, in report order. */
struct iv_engine;
struct iv_policy;

/* Compiles every pattern once. err (IV_ERROR_USAGE) names the row of a pattern that is wrong. The
 * rows stay the caller's. */
IV_MUST_USE bool iv_engine_open(const struct iv_rules *families, size_t family_count,
                                struct iv_engine **ret_engine, struct iv_error *err);
void iv_engine_close(struct iv_engine **engine); /* for IV_CLEANUP */

/* What the findings made of a waiver, over all submissions of a report. */
struct iv_waiver_use {
    bool is_used;                  /* it waived a finding */
    const struct iv_rule *refused; /* a rule that it named, which cannot be waived; NULL: none */
    bool is_elsewhere;             /* it is about rules that are not judged here */
};

/* What makes a verdict of findings. */
struct iv_judging {
    enum iv_severity fail_on; /* the least severity that makes the verdict `fail` */
    const struct iv_policy
        *policy;  /* NULL: none. Its rows are a family given to iv_engine_open() */
    int date;     /* YYYYMMDD: the day by which waivers expire */
    bool what_if; /* waivers reach what cannot be waived */
};

struct iv_engine_options {
    const struct iv_circumstances *run; /* NULL: nothing special was asked for */
    struct iv_judging judging;
    struct iv_waiver_use *uses; /* of the policy's waivers, filled by each judging */
    bool with_spans;            /* say how long each row took */
    bool is_last; /* of the submissions: the waivers themselves are judged with this one */
    const struct iv_rules
        *also; /* families judged by engines of their own: their waivers have a use too */
    size_t also_count;
};

/*
 * What is judged. Steps, a request, or else the submission itself: rows about other things are not
 * run then and have no outcome. The submission is what the findings are about where they name
 * nothing else; NULL only for steps.
 */
struct iv_judged {
    const struct iv_submission *submission;
    const struct iv_step *steps; /* NULL: none are judged */
    size_t step_count;
    const struct iv_step_change *changes; /* of these or other steps */
    size_t change_count;
    const struct iv_request *request;    /* NULL: none is judged */
    const struct iv_judgement *reported; /* an earlier judgement of the submission, read back: its
                                            findings get the severities and waivers of now, and no
                                            row is run */
    const struct iv_judgement *parts;    /* judgements that are joined with this one as they are */
    size_t part_count;
    bool unfinished; /* something else was not judged: never a pass */
};

/*
 * Every row on every subject that it applies to; then waivers, order, fingerprints, counts and
 * verdict: fail: an unwaived finding at or above fail_on (WSPC005 never counts); else incomplete:
 * an outcome not-evaluated or an unwaived finding marked incomplete (only what_if waives one); else
 * pass. A submission without a package is never a pass: incomplete. Findings and their texts live
 * in the arena.
 */
void iv_engine_judge(const struct iv_engine *engine, const struct iv_judged *judged,
                     const struct iv_engine_options *options, struct iv_arena *arena,
                     struct iv_judgement *ret_judgement);

#endif
