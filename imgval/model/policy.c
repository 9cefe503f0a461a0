/*
 * The limits as rows, made from the same list as struct iv_limits, and what a policy that was read
 * says about them and about severities.
 */
#include "imgval/model/policy.h"

#include "imgval/base/text.h"

#include <string.h>

/* The sinks cut long values alike, whoever judges; a reader of reports can rely on it. */
#define IS_FIXED(member)                                                                           \
    (offsetof(struct iv_limits, member) == offsetof(struct iv_limits, report_text))

const struct iv_limit_row iv_limit_rows[] = {
#define LIMIT_ROW(member, label, default_value, unit_word, reason)                                 \
    {.name = (label),                                                                              \
     .unit = (unit_word),                                                                          \
     .value = (default_value),                                                                     \
     .offset = offsetof(struct iv_limits, member),                                                 \
     .is_fixed = IS_FIXED(member)},
    IV_LIMIT_ROWS(LIMIT_ROW)
#undef LIMIT_ROW
};
const size_t iv_limit_row_count = IV_COUNT(iv_limit_rows);

/* YYYY-MM-DD of the calendar, as the number YYYYMMDD, which compares as the date does: whether a
 * waiver has expired is one comparison. */
bool iv_policy_date(const char *text, int *ret_date)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t year;
    uint64_t month;
    uint64_t day;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
        !iv_parse_decimal(text, 4, 9999, &year) || !iv_parse_decimal(text + 5, 2, 12, &month) ||
        !iv_parse_decimal(text + 8, 2, 31, &day) || year == 0 || month == 0 || day == 0 ||
        day > (uint64_t)lengths[month - 1]) {
        return false;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2 && day == 29 && !leap) {
        return false;
    }
    *ret_date = (int)(year * 10000 + month * 100 + day);
    return true;
}

/* NULL: the policy is silent, and the rule keeps its own severity. */
const struct iv_policy_severity *iv_policy_severity(const struct iv_policy *policy,
                                                    const struct iv_rule *rule)
{
    for (size_t i = 0; policy != NULL && i < policy->severity_count; i++) {
        if (policy->severities[i].rule == rule) {
            return &policy->severities[i];
        }
    }
    return NULL;
}

/* Only the limits that the policy names are changed. Their range was checked when it was read. */
void iv_policy_limits(const struct iv_policy *policy, struct iv_limits *limits)
{
    for (size_t i = 0; i < policy->limit_count; i++) {
        const struct iv_policy_limit *limit = &policy->limits[i];
        memcpy((char *)limits + limit->row->offset, &limit->value, sizeof(limit->value));
    }
}
