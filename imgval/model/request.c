/* The words of requests, in the order of their enums. The answer goes by the verdict over the rules
 * RFU001..RFU006: a request that could not be decided is never allowed. */
#include "imgval/model/request.h"

const char *const iv_request_type_names[] = {
    [IV_REQUEST_RETAIL] = "retail",
    [IV_REQUEST_TRIAL] = "trial",
    [IV_REQUEST_TRIAL + 1] = NULL,
};

const char *const iv_request_status_names[] = {
    [IV_REQUEST_BASELINE] = "baseline",
    [IV_REQUEST_COMPLIANT] = "compliant",
    [IV_REQUEST_NOT_COMPLIANT] = "not compliant",
    [IV_REQUEST_NOT_KNOWN] = "not known",
    [IV_REQUEST_NOT_KNOWN + 1] = NULL,
};

const char *const iv_request_answers[] = {
    [IV_VERDICT_PASS] = "ALLOWED",
    [IV_VERDICT_INCOMPLETE] = "NOT DECIDED",
    [IV_VERDICT_FAIL] = "REJECTED",
};
