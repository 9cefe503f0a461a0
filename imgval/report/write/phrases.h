/*
 * phrases.h: what the formats for people call things: verdicts, outcomes, kinds, places. One word
 * for one thing in every document. All texts are ours or borrowed from the report, unescaped.
 */
#ifndef IMGVAL_REPORT_WRITE_PHRASES_H
#define IMGVAL_REPORT_WRITE_PHRASES_H

#include "imgval/base/buf.h"
#include "imgval/model/report.h"

#include <stdbool.h>
#include <stddef.h>

/* By value. */
extern const char *const iv_phrase_verdicts[]; /* "PASS", "INCOMPLETE", "FAIL" */
extern const char *const iv_phrase_outcomes[]; /* "not applicable", "passed", ... */
extern const char *const iv_phrase_wspc[];     /* "compliant", "first baseline", ... */
extern const char *const iv_phrase_ranks[];    /* of sources: "answer file", ... */

/* "an image", "a contextual partial", "a context-free partial". */
const char *iv_phrase_type(const struct iv_submission *submission);

/*
 * What the word of a verdict does not say, to stand right after it: " with 2 warnings: not WSPC
 * compliant; not available for retail servicing", ": WSPC skipped (--no-wspc)". Nothing after a
 * pass that is as good as it sounds, and after a fail, which has its findings. That WSPC was
 * skipped is said of a pass alone: it is not what makes a verdict incomplete.
 */
void iv_phrase_qualify(struct iv_buf *buf, const struct iv_report_entry *entry);
void iv_phrase_qualify_all(struct iv_buf *buf, const struct iv_report *report);

/* Which of a judgement's outcomes make the verdict fail, by place, in the arena; the others that
 * failed have findings that do not count, such as notes. */
const bool *iv_phrase_failing(const struct iv_judgement *judgement, enum iv_severity fail_on,
                              struct iv_arena *arena);
/* The outcome of a rule in a word: "reported" where it failed by what does not count. */
const char *iv_phrase_outcome(const struct iv_rule_outcome *outcome, bool is_failing);

/* Why a rule was not evaluated, a clause after "because". */
const char *iv_phrase_reason(const struct iv_rule_outcome *outcome);

/* "package", "value", "variant", "waiver" or "subject". */
const char *iv_phrase_subject(enum iv_subject subject);

/* "1 package", "2 packages". */
void iv_phrase_count(struct iv_buf *buf, size_t count, const char *noun);

/* OEM/OPERATOR/MODEL; a part that is not known is "-". */
void iv_phrase_variant(struct iv_buf *buf, const struct iv_pop *pop);

/* PATH:MEMBER:LINE as far as the finding knows; empty when it has no path. */
void iv_phrase_place(struct iv_buf *buf, const struct iv_finding *finding);

/* "VERSION (SHORT ID)". */
void iv_phrase_baseline(struct iv_buf *buf, const struct iv_baseline *baseline);

/* "REASON (OWNER, until DATE)". */
void iv_phrase_waiver(struct iv_buf *buf, const struct iv_waiver *waiver);

/* What --what-if means for the verdict, a sentence or two. */
extern const char iv_phrase_what_if[];

/* What it means that a report was read back from a stream without its end. */
extern const char iv_phrase_part[];

/* Whether this finding alone makes the verdict `fail`. */
bool iv_phrase_is_failing(const struct iv_finding *finding, enum iv_severity fail_on);

/* The submission's variant of a finding; NULL when `pop` is NULL or names none of them. */
const struct iv_variant *iv_phrase_find_variant(const struct iv_submission *submission,
                                                const struct iv_pop *pop);

/* Whether --no-wspc kept a submission from being compared with anything. */
bool iv_phrase_has_skipped(const struct iv_submission *submission);

/* Why a submission without a variant has no comparison, a sentence. */
const char *iv_phrase_no_variant(const struct iv_report_entry *entry);

#endif
