/*
 * report_check.h: whether a submission of a report that was read back agrees with itself. A report
 * is a file that anybody may have changed; what it says in one place must be what it says in the
 * other, or none of it is believed.
 */
#ifndef IMGVAL_REPORT_READ_REPORT_CHECK_H
#define IMGVAL_REPORT_READ_REPORT_CHECK_H

#include "imgval/base/arena.h"
#include "imgval/model/report.h"

#include <stdbool.h>

/* What does not agree, one clause; NULL: nothing. `with_packages`: also how many packages there
 * are. */
const char *iv_report_contradiction(const struct iv_report_entry *entry, enum iv_severity fail_on,
                                    bool with_packages, struct iv_arena *arena);

#endif
