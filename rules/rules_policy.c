/*
 * The policy's waivers (POL...): what a site asked for must have been needed, and still be. A
 * waiver is an exception with an owner and a last day; one that is left over hides the next finding
 * that it happens to match, so each is judged like a package is. The engine does it after the last
 * submission of a report (engine/settle.c), since a waiver may be for any of them; the rows have no
 * check, only the state of a waiver that they report.
 */
#include "rules/rules.h"

#include "imgval/base/attr.h"

#define WHY_WAIVERS "A waiver that is left over hides the next finding that it happens to match."

static const struct iv_rule rows[] = {
    {
        .id = "POL001",
        .name = "unused-waiver",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_POLICY,
        .applies = IV_APPLIES_ALL,
        .waiver = IV_WAIVER_UNUSED,
        .summary = "Each waiver of the policy file matches a finding.",
        .why = WHY_WAIVERS,
        .remedy = "Take the waiver out of the policy file, or fix the names and versions in it.",
        .message = "The waiver of {0} matches no finding.",
        .passes = "<waiver rule=\"IMG002\" package=\"Contoso.Odd\" .../> and an IMG002 about it",
        .fails = "the same waiver when Contoso.Odd was fixed",
    },
    {
        .id = "POL002",
        .name = "expired-waiver",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_POLICY,
        .applies = IV_APPLIES_ALL,
        .waiver = IV_WAIVER_EXPIRED,
        .summary = "No waiver of the policy file is past its date; from then on it has no effect.",
        .why = "What a waiver puts off is to be fixed by its date.",
        .remedy = "Fix what the waiver puts off and take it out, or agree on a new date with its "
                  "owner.",
        .message = "The waiver of {0} expired: its last day was {1}.",
        .passes = "expires=\"2031-01-31\" on that day and before",
        .fails = "expires=\"2031-01-31\" from 2031-02-01 on",
    },
    {
        .id = "POL003",
        .name = "waiver-without-effect",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_POLICY,
        .applies = IV_APPLIES_ALL,
        .waiver = IV_WAIVER_NO_EFFECT,
        .summary = "No waiver names a finding that cannot be waived: the nine standard "
                   "validations, WSPC003, what means \"not checked\", and these rules themselves.",
        .why = "A submission with such a finding is refused, or was not judged, whatever a site "
               "agrees on.",
        .remedy = "Fix the finding and take the waiver out, or name the rules and packages that it "
                  "is about more closely; --what-if shows a report as if it had effect.",
        .message = "The waiver of {0} has no effect on {1}, which cannot be waived.",
        .passes = "<waiver rule=\"WSPC002\" .../>",
        .fails = "<waiver rule=\"STD002\" .../> and a package of version 0.0.0.0",
    },
};

const struct iv_rules iv_rules_policy = {.rows = rows, .count = IV_COUNT(rows)};
