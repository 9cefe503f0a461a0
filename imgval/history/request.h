/*
 * request.h: a request for update (imgval rfu): may devices that hold the source be served the
 * target? Judged for each POP that both are made for, against the baseline store.
 */
#ifndef IMGVAL_HISTORY_REQUEST_H
#define IMGVAL_HISTORY_REQUEST_H

#include "imgval/model/report.h"
#include "imgval/model/request.h"
#include "imgval/scan/resolve.h"

struct iv_request_options {
    const struct iv_named *source;
    const struct iv_named *target;
    enum iv_request_type type;
    const char *oem;             /* only the POPs of this manufacturer (folded); NULL: all */
    const char *mobile_operator; /* likewise */
    const char *model;
};

/*
 * Judges; the report has the same findings in the form that every sink prints. err: IV_ERROR_USAGE
 * for a side without a firmware version or without a POP that the options leave over; what
 * iv_store_open() says of a store that cannot be used. No store at all is a finding (WSPC006): the
 * request is incomplete.
 */
IV_MUST_USE bool iv_request_judge(const struct iv_request_options *options,
                                  const struct iv_scan_options *scan_options,
                                  struct iv_arena *arena, struct iv_request *ret_request,
                                  struct iv_report *ret_report, struct iv_error *err);

#endif
