/* The words of the stages, in the order in which a scan goes through them. Without --timings the
 * pointer is NULL and no clock is read. */
#include "imgval/model/timings.h"

const char *const iv_stage_names[] = {
    [IV_STAGE_LIST] = "list",
    [IV_STAGE_READ] = "read",
    [IV_STAGE_ASSEMBLE] = "assemble",
    [IV_STAGE_LOOK_UP] = "look-up",
    [IV_STAGE_JUDGE] = "judge",
    [IV_STAGE_WRITE] = "write",
    [IV_STAGES] = NULL,
};

struct iv_span iv_timings_start(const struct iv_timings *timings)
{
    return timings == NULL ? (struct iv_span){0} : iv_span_now();
}

void iv_timings_end(struct iv_timings *timings, enum iv_stage stage, const struct iv_span *start)
{
    if (timings != NULL) {
        iv_span_add(&timings->stages[stage], start);
    }
}
