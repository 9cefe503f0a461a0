/*
 * circumstances.h: what a run was asked for, as far as rules, their remedies and reports depend on
 * it. Stands beside the submission, which holds facts alone. All zero: nothing special was asked.
 */
#ifndef IMGVAL_MODEL_CIRCUMSTANCES_H
#define IMGVAL_MODEL_CIRCUMSTANCES_H

#include "imgval/model/seal.h"

#include <stdbool.h>
#include <stdint.h>

/* ADV003: a set grows beyond reason when it has as many packages more, and more than so many
 * percent. */
struct iv_growth {
    uint64_t percent;
    uint64_t packages;
};
#define IV_GROWTH_DEFAULT                                                                          \
    {                                                                                              \
        .percent = 20, .packages = 10                                                              \
    }

struct iv_circumstances {
    /* These three stand in reports. */
    bool baseline;   /* --baseline */
    bool no_wspc;    /* --no-wspc */
    bool all_owners; /* --all-owners */

    const char *against;            /* --against as it was given; NULL: none */
    enum iv_expected expected;      /* --expect-signature */
    bool require_baseline;          /* --require-baseline, or the policy: WSPC016 */
    bool has_max_list_age;          /* --max-cache-age: WSPC015 ... */
    int64_t max_list_age;           /* ... in days */
    const struct iv_growth *growth; /* ADV003: the policy's bound; NULL: the rule's own */
    const char *tool_version;       /* for the text of WSPC001; NULL: this one's */
    bool in_ci;                     /* the CI variable: WSPC007 instead of WSPC006 */
    const char *no_place; /* why there is no place for a baseline store, a clause; NULL: there is */
    const char *options;  /* those that a further command on this input needs again, as a shell
                             takes them, each after a blank; NULL: none */
};

#endif
