/*
 * request.h (model): a request for update after it was judged, as it is printed. Plain data,
 * borrowed from the arena of the command.
 */
#ifndef IMGVAL_MODEL_REQUEST_H
#define IMGVAL_MODEL_REQUEST_H

#include "imgval/model/finding.h"

#include <stdbool.h>
#include <stddef.h>

enum iv_request_type { IV_REQUEST_RETAIL, IV_REQUEST_TRIAL };

/* What a submission is to the baselines of a POP, from the best to the worst. */
enum iv_request_status {
    IV_REQUEST_BASELINE,
    IV_REQUEST_COMPLIANT,
    IV_REQUEST_NOT_COMPLIANT,
    IV_REQUEST_NOT_KNOWN, /* the comparison could not be made */
};

extern const char *const iv_request_type_names[];   /* "retail", "trial", NULL */
extern const char *const iv_request_status_names[]; /* "baseline", "compliant", ... */

struct iv_request_side {
    const struct iv_submission *submission;
    enum iv_request_status status; /* the worst over all shared POPs */
};

struct iv_request_variant {
    struct iv_pop pop;
    enum iv_request_status source;
    enum iv_request_status target;
    unsigned broken;                   /* IV_RFU_..., as far as it could be decided */
    bool below_all;                    /* the source's version is below every baseline of the POP */
    const struct iv_baseline *between; /* the newest baseline between source and target; NULL */
    bool is_undecided;                 /* something of either side, or its status, is not known */
    enum iv_final_verdict verdict;
};

struct iv_report;

struct iv_request {
    const char *tool_version;
    bool what_if; /* --what-if: no real verdict */
    enum iv_request_type type;
    struct iv_request_side source;
    struct iv_request_side target;
    struct iv_request_variant *variants; /* the shared POPs, sorted */
    size_t variant_count;
    bool has_store;                 /* false: no status is known (WSPC006) */
    const struct iv_package **lost; /* firmware packages of the source that the target lacks */
    size_t lost_count;
    const struct iv_finding *findings; /* in the order of every report */
    size_t finding_count;
    enum iv_final_verdict verdict;
    const struct iv_report *report; /* the same, in the form that every sink prints */
};

/* By verdict: "ALLOWED", "NOT DECIDED", "REJECTED". */
extern const char *const iv_request_answers[];

#endif
