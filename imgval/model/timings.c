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
