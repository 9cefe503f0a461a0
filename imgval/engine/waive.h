/*
 * waive.h: the waivers of a policy over findings. Internal to imgval/engine.
 *
 * A waived finding stays where it is, marked; what cannot be waived stays as it was. What became of
 * each waiver is kept in its use, over all submissions of a report.
 */
#ifndef IMGVAL_ENGINE_WAIVE_H
#define IMGVAL_ENGINE_WAIVE_H

#include "imgval/base/arena.h"
#include "imgval/engine/engine.h"
#include "imgval/model/policy.h"

/* What a finding is about, as far as waivers ask. */
struct iv_waive_case {
    const struct iv_submission *submission; /* NULL: none */
    const struct iv_step *step;             /* its later version counts; NULL: the submission's */
    const struct iv_package *package;       /* NULL: as its key names it in the submission */
};

/* Marks the finding when a waiver in force matches it, and notes what the waivers met. */
void iv_waive_finding(const struct iv_engine_options *options, const struct iv_waive_case *c,
                      struct iv_finding *finding);

/*
 * A finding that follows from others (WSPC012) is waived when all of those are: findings
 * of its cause about the same variant.
 */
struct iv_waive_causes;
struct iv_waive_causes *iv_waive_causes(const struct iv_submission *submission,
                                        struct iv_arena *arena);
void iv_waive_note_cause(struct iv_waive_causes *causes, const struct iv_finding *finding);
void iv_waive_by_cause(const struct iv_waive_causes *causes, struct iv_finding *finding);

/* What is wrong with a waiver, when all submissions were judged. */
enum iv_waiver_state iv_waive_state(const struct iv_engine_options *options, size_t waiver);

/* What a waiver names, for messages: `rule "IMG002", package "Contoso.*"`. */
const char *iv_waive_text(const struct iv_policy_waiver *waiver, struct iv_arena *arena);

#endif
