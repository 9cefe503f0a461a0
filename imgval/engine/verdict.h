/*
 * verdict.h: findings in the making. Internal to imgval/engine: engine.c runs the rows, verdict.c
 * turns what they report into findings, settle.c lays waivers over them and brings them in order.
 */
#ifndef IMGVAL_ENGINE_VERDICT_H
#define IMGVAL_ENGINE_VERDICT_H

#include "imgval/engine/engine.h"
#include "imgval/model/policy.h"

struct iv_field;
struct iv_pattern;

struct iv_row {
    const struct iv_rule *rule;
    struct iv_pattern *pattern;   /* pattern rows */
    const struct iv_field *field; /* pattern rows on packages */
};

struct iv_engine {
    struct iv_row *rows;
    size_t count;
};

/* A finding, the place of its rule in the tables, and what waivers ask of its case. */
struct iv_found_row {
    struct iv_finding finding;
    size_t rank;
    const struct iv_step *step; /* NULL: the submission's version counts */
    const struct iv_package *package;
    bool is_settled; /* it was waived, or not, where it was found */
};

/* A row's severity in force. */
struct iv_level {
    enum iv_severity severity;
    bool by_policy;
};

struct iv_verdict {
    const struct iv_engine *engine;
    const struct iv_engine_options *options;
    const struct iv_judged *judged;
    const struct iv_level *levels; /* by rank */
    struct iv_arena *arena;
    struct iv_case hand; /* the case in hand */
    size_t rank;
    struct iv_found_row *found;
    size_t count;
    size_t capacity;
};

/* What became of one row. */
struct iv_tally {
    enum iv_outcome worst;
    size_t subjects;
    bool unfinished; /* a subject was not evaluated, whatever became of the others */
};
void iv_tally_add(struct iv_tally *tally, enum iv_outcome outcome);

/* A finding about the case in hand, without its message. It stands until the next one is added. */
struct iv_finding *iv_verdict_add(struct iv_verdict *verdict);
/* A text of rules/: {0} is the path, {1} the detail. */
const char *iv_verdict_fill(struct iv_verdict *verdict, const char *text, const char *path,
                            const char *detail);

/* Whether a row is judged by this engine on what is judged: others have no outcome. */
bool iv_engine_runs(const struct iv_rule *rule, const struct iv_judged *judged);

/* Whether all rows are: a submission is judged. */
bool iv_engine_runs_all(const struct iv_judged *judged);

/* Lays the waivers over the findings. */
void iv_settle_waive(struct iv_verdict *verdict);
/* Judges the waivers themselves, when the last submission was judged. */
void iv_settle_waivers(struct iv_verdict *verdict, struct iv_judgement *judgement);
/* Order, fingerprints, counts and the verdict. */
void iv_settle_finish(const struct iv_verdict *verdict, bool unfinished,
                      struct iv_judgement *judgement);

#endif
