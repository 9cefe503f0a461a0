/*
 * rule.h: a rule is a row of a table under rules/: id, name, severity and texts beside exactly one
 * of a pattern, a check or a fault. Rows are const; the engine runs every row on every subject that
 * it applies to, and each pairing ends in an outcome.
 */
#ifndef IMGVAL_MODEL_RULE_H
#define IMGVAL_MODEL_RULE_H

#include "imgval/base/attr.h"
#include "imgval/model/fault.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>

enum iv_severity { IV_NOTE, IV_WARNING, IV_ERROR };
extern const char *const iv_severity_names[]; /* "note", "warning", "error" */

enum iv_outcome {
    IV_NOT_APPLICABLE,
    IV_PASSED,
    IV_NOT_EVALUATED, /* the subject could not be read, or a limit was hit: never a pass */
    IV_FAILED,
};
extern const char *const iv_outcome_names[]; /* "not-applicable", "passed", ... */

/* What a rule looks at. */
enum iv_subject {
    IV_SUBJECT_SUBMISSION, /* once */
    IV_SUBJECT_PACKAGE,    /* each package that lies in the submission (origin submission) */
    IV_SUBJECT_ENTRY,      /* each package, those known from the history too */
    IV_SUBJECT_DEVICE,     /* each value in force of the device value `field` */
    IV_SUBJECT_VARIANT,    /* each POP; once without a variant when the submission has none */
    IV_SUBJECT_REQUEST,    /* each POP of a request for update; once when none is shared */
    IV_SUBJECT_STEP,       /* each two versions next to each other in a diff or an audit */
    IV_SUBJECT_IMAGE,      /* an FFU, VHD or WIM */
    IV_SUBJECT_POLICY, /* each waiver of the policy: judged by the engine, the row has no check */
};

extern const char *const iv_subject_names[]; /* "submission", "package", ... */

/* What rules look at, by what may keep it from being read. */
enum {
    IV_PART_PACKAGES = 1,
    IV_PART_DEVICE = 2,
    IV_PART_COMPARISON = 4, /* with baselines */
    IV_PART_ALL = 7,
};

struct iv_rule;

struct iv_change;
struct iv_circumstances;
struct iv_request;
struct iv_request_variant;
struct iv_step;

/* What a check is given: the submission, and of the others those that its subject names. */
struct iv_case {
    const struct iv_rule *rule;         /* its own row: the texts and `argument` */
    const struct iv_circumstances *run; /* never NULL */
    const struct iv_submission *submission;
    const struct iv_package *package;
    const struct iv_variant *variant;
    const struct iv_step *step;
    const struct iv_change *change; /* of one package in the step */
    const struct iv_request *request;
    const struct iv_request_variant *asked; /* the POP of the request; NULL: none is shared */
};

/* What a check says about one failure. Nothing is copied: strings and lists live in the submission,
 * in the row or in the verdict's arena. NULL where there is nothing to say. */
struct iv_evidence {
    const char *message;      /* required: the sentence */
    const char *remedy;       /* instead of the row's */
    const char *path;         /* instead of the package's or the submission's */
    const char *package_name; /* instead of the package's */
    const char *key;          /* instead of the package's: part of the fingerprint */
    const char *field;        /* the fact that is wrong: "version" */
    const char *actual;       /* its text */
    const char *expected;
    const struct iv_package **packages; /* WSPC002..WSPC004: all missing packages */
    size_t package_count;
    bool incomplete; /* this finding means "not checked", though the row's others do not */
    const struct iv_baseline *baseline; /* ... of this baseline */
    const enum iv_direction *direction; /* ... in this direction */
    const char *severity_of;            /* WSPC012: the id of the rule whose severity counts */
    const char *member;                 /* of the package, or NULL */
    bool raised;                        /* an error, as an option of the user asks for */
};

struct iv_verdict; /* collects evidence; opaque to checks */

/* Reports one failure of the case in hand. */
void iv_verdict_fail(struct iv_verdict *verdict, const struct iv_evidence *evidence);
/* Text that lives as long as the finding, for evidence. */
const char *iv_verdict_printf(struct iv_verdict *verdict, const char *fmt, ...) IV_PRINTF(2, 3);
struct iv_arena *iv_verdict_arena(struct iv_verdict *verdict);

/*
 * A check is a pure function of its case. It returns IV_FAILED exactly when it reported at least
 * one failure. It cannot print, change its subject, choose a severity or see another outcome.
 */
typedef enum iv_outcome iv_check_fn(const struct iv_case *c, struct iv_verdict *verdict);

/* What may be wrong with a waiver. */
enum iv_waiver_state {
    IV_WAIVER_FINE,
    IV_WAIVER_UNUSED,    /* it matched nothing */
    IV_WAIVER_EXPIRED,   /* past its date */
    IV_WAIVER_NO_EFFECT, /* what it names cannot be waived */
};

enum {
    IV_APPLIES_IMAGE = 1,        /* --type=image */
    IV_APPLIES_CONTEXTUAL = 2,   /* --type=partial */
    IV_APPLIES_CONTEXT_FREE = 4, /* --type=partial --context-free */
    IV_APPLIES_PARTIAL = 6,
    IV_APPLIES_ALL = 7,
};

/* Where a row is judged beside its subject. */
enum {
    IV_ALSO_CHANGE = 1,  /* each package that is in both versions of a step */
    IV_ALSO_REQUEST = 2, /* once for a request for update, on its target */
    IV_ALSO_BESIDE = 4,  /* each package that lies in the input and is no member of the set */
};

struct iv_rule {
    const char *id;            /* "STD002": stable, never reused */
    const char *name;          /* "zero-version": the same in words */
    enum iv_severity severity; /* default; a policy may raise it */
    bool incomplete;           /* a finding of it means "not checked": never a pass, no waiver */
    bool eases_in_trial;       /* RFU: in a request for a trial update it is a warning */
    enum iv_subject subject;
    unsigned also;               /* IV_ALSO_... */
    unsigned applies;            /* IV_APPLIES_...: elsewhere its outcome is not-applicable */
    const char *field;           /* pattern rows: a TEXT field of iv_package_struct, or for DEVICE a
                                    canonical value name; also for check rows on a device value */
    const char *pattern;         /* pattern rows: the field's whole value must match this */
    iv_check_fn *check;          /* check rows */
    enum iv_fault_kind fault;    /* fault rows: one finding for each fault of this kind */
    enum iv_waiver_state waiver; /* waiver rows: one finding for each waiver in this state */
    bool binding;                /* its findings cannot be waived */
    bool uncounted;              /* its findings never make the verdict `fail`: WSPC005 */
    bool loud; /* the remedy of a note of it is shown where only what needs attention is: -q,
                  cache add */
    const char *argument; /* pattern rows: what must hold, as a clause after "it"; check rows:
                             what the check is given; RFU rows: the sentence of ours that
                             follows the document's text; NULL: nothing */
    unsigned part;        /* IV_PART_...: what it looks at; 0: as its subject says */
    unsigned spoils;      /* IV_PART_...: what a finding of it keeps from being evaluated */
    const char *clause;   /* ... because of this, a clause; NULL with `spoils` 0 */
    bool needs_metadata;  /* it fails on an image of which no source says what device it is for */
    const char *summary;  /* what must hold, one sentence */
    const char *why;      /* why it matters, one or two sentences */
    const char *remedy;   /* what the submitter should do, imperative, one sentence */
    const char *message;  /* the document's text where there is one (WSPC, RFU); fault rows:
                             how the finding reads, {0} the path and {1} the detail; or NULL.
                             explain matches pasted messages against it; {0} {1} are holes */
    const char *alias[4]; /* further spellings of the message, as printed elsewhere */
    const char *passes;   /* an example that passes, one or a few lines */
    const char *fails;    /* an example that fails */
};

/* A family of rules in report order. */
struct iv_rules {
    const struct iv_rule *rows;
    size_t count;
    bool advisory; /* a policy may lower its warnings */
};

/* What a rule looks at: IV_PART_... */
static inline unsigned iv_rule_part(const struct iv_rule *rule)
{
    if (rule->part != 0) {
        return rule->part;
    }
    return rule->subject == IV_SUBJECT_VARIANT  ? IV_PART_COMPARISON
           : rule->subject == IV_SUBJECT_DEVICE ? IV_PART_DEVICE
                                                : IV_PART_PACKAGES;
}

/* Whether a policy may keep a finding of this rule from counting. */
static inline bool iv_rule_can_be_waived(const struct iv_rule *rule)
{
    return !rule->binding && !rule->incomplete && rule->waiver == IV_WAIVER_FINE;
}

#endif
