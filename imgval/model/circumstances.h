/*
 * circumstances.h: what a run was asked for, as far as rules and their remedies depend on it.
 * Stands beside the submission, which holds facts alone.
 */
#ifndef IMGVAL_MODEL_CIRCUMSTANCES_H
#define IMGVAL_MODEL_CIRCUMSTANCES_H

#include <stdbool.h>

struct iv_circumstances {
    bool in_ci;            /* the CI variable: WSPC007 instead of WSPC006 */
    bool require_baseline; /* --require-baseline, or the policy: WSPC016 */
    const char *against;   /* --against as it was given; NULL: none */
    const char *no_place; /* why there is no place for a baseline store, a clause; NULL: there is */
    const char *options;  /* those that a further command on this input needs again, as a shell
                             takes them, each after a blank; NULL: none */
};

#endif
