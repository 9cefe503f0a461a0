/*
 * timings.h: where the time of a scan went, by stage and by rule. Filled only when --timings asks
 * for it; a report carries it only when --timings=json does.
 */
#ifndef IMGVAL_MODEL_TIMINGS_H
#define IMGVAL_MODEL_TIMINGS_H

#include "imgval/base/span.h"

#include <stddef.h>

struct iv_rule;

/* In the order of the work; several submissions are added up. */
enum iv_stage {
    IV_STAGE_LIST,
    IV_STAGE_READ,
    IV_STAGE_ASSEMBLE,
    IV_STAGE_LOOK_UP,
    IV_STAGE_JUDGE,
    IV_STAGE_WRITE, /* known when all is written: in no report */
    IV_STAGES,
};
extern const char *const iv_stage_names[]; /* NULL-terminated */

struct iv_rule_time {
    const struct iv_rule *rule;
    struct iv_span span;
};

struct iv_timings {
    struct iv_span stages[IV_STAGES];
    struct iv_rule_time *rules; /* in report order; part of the judging */
    size_t rule_count;
};

/* Around a stage. With NULL nobody asked, and no clock is read. */
struct iv_span iv_timings_start(const struct iv_timings *timings);
void iv_timings_end(struct iv_timings *timings, enum iv_stage stage, const struct iv_span *start);

#endif
