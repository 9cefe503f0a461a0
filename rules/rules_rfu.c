/*
 * Request for update (RFU001..RFU006). The request command judges: these rows hold names, texts and
 * the severities of a retail request. The document's texts have an alias for a trial request; the
 * sentence of ours that follows a text is the row's argument.
 */
#include "rules/rules.h"

#define RETAIL_ONLY                                                                                \
    "A retail servicing update is only allowed for the following scenarios: between a Baseline "   \
    "source submission and a Baseline target submission, or between a legacy non-WSPC compliant "  \
    "source submission and a Baseline target submission."
#define CURRENT_CLIENT                                                                             \
    "Please also make sure you are using the current version of the Windows Phone Ingestion "      \
    "Client, Version {0}."
#define ALLOWED                                                                                    \
    "Since this is a non-retail RFU, it is being allowed, however the RFU should be made WSPC "    \
    "compliant before submitting the retail RFU."
#define TARGET                                                                                     \
    "The target firmware submission is not a Baseline submission, which is required for a retail " \
    "servicing update. "
#define SOURCE                                                                                     \
    "The source firmware submission is WSPC compliant, however it is not a Baseline submission, "  \
    "which is required for a retail servicing update. "
#define OURS                                                                                       \
    "imgval takes a submission for a baseline only when the local baseline store records it as "   \
    "one; a version named above is imgval's own."

static const struct iv_rule rows[] = {
    {
        .id = "RFU001",
        .name = "target-not-baseline",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .argument = OURS,
        .summary = "The target of a request for update must be a baseline.",
        .why = "Retail servicing goes from baseline to baseline: only their package sets are known "
               "to contain each other.",
        .remedy = "Declare the target as a baseline (imgval cache add --baseline PATH) and ask "
                  "again.",
        .message = TARGET RETAIL_ONLY
        " " CURRENT_CLIENT
        "  Submission status in this request for update: [Target submission: {1}, "
        "{2}], [Source submission: {3}, {4}].",
        .alias = {TARGET RETAIL_ONLY
                  " " ALLOWED
                  " RFU status in this request for update: [Target submission: {0}, {1}], [Source "
                  "submission: {2}, {3}]."},
        .passes = "source: baseline 1.0.0.1; target: baseline 1.0.0.2",
        .fails = "source: baseline 1.0.0.1; target: 1.0.0.2, which was never declared a baseline",
    },
    {
        .id = "RFU002",
        .name = "source-not-baseline",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .argument = OURS,
        .summary = "The source of a request for update must be a baseline or older than every "
                   "baseline of its POP.",
        .why = "Devices may hold packages of the source that no baseline has promised to keep.",
        .remedy = "Declare the source as a baseline too (imgval cache add --baseline PATH), or ask "
                  "for a trial update.",
        .message = SOURCE RETAIL_ONLY "  " CURRENT_CLIENT,
        .alias = {SOURCE RETAIL_ONLY " " ALLOWED},
        .passes = "a source recorded with imgval cache add --baseline",
        .fails = "a compliant source recorded with imgval cache add alone",
    },
    {
        .id = "RFU003",
        .name = "target-not-newer",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .summary = "The version of the target must be greater than the version of the source.",
        .why = "Devices install only what is newer than what they have.",
        .remedy = "Give the target firmware a greater PhoneFirmwareRevision, or swap source and "
                  "target.",
        .message = "The version {0} of the target firmware submission is not greater than the "
                   "version {1} of the source firmware submission.",
        .passes = "source 1.0.0.3, target 1.0.0.12",
        .fails = "source 1.0.0.12, target 1.0.0.3",
    },
    {
        .id = "RFU004",
        .name = "source-not-migratable",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .summary = "A source that is neither a baseline nor compliant must be older than every "
                   "baseline of its POP, and the target must contain its packages.",
        .why = "Only legacy firmware has a way up to WSPC; its package set then becomes part of "
               "the baseline.",
        .remedy = "Add the packages of the source (or empty packages of those names) to the "
                  "target, or start from a baseline.",
        .message = "The source firmware submission {0} is neither a baseline nor WSPC compliant, "
                   "and it cannot be migrated to the target firmware submission {1}: {2}.",
        .passes = "a legacy source below the first baseline, all of its packages in the target",
        .fails = "a source that is not compliant, with a version above the first baseline",
    },
    {
        .id = "RFU005",
        .name = "no-shared-pop",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .summary = "Source and target must share a POP (manufacturer, operator, model).",
        .why = "An update is offered to the devices of one POP: source and target must both be "
               "made for it.",
        .remedy = "Name submissions of the same POP, or check --oem, --operator and --model.",
        .message = "The source firmware submission {0} and the target firmware submission {1} have "
                   "no POP (manufacturer, operator, model) in common.",
        .passes = "source and target for CONTOSO, 000-88, CT-100",
        .fails = "source for CONTOSO, 000-88, CT-100; target for CONTOSO, 000-44, CT-100",
    },
    {
        .id = "RFU006",
        .name = "target-lacks-packages",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .summary = "The target must contain every firmware package of the source.",
        .why = "A package that the target lacks would stay on the device in its old version.",
        .remedy = "Add the missing packages, or empty packages of those names, to the target "
                  "(PkgGen projects with an empty Components element).",
        .message = "The packages {0} of the source firmware submission are missing from the target "
                   "firmware submission {1}.",
        .passes = "source a, b; target a, b, c",
        .fails = "source a, b; target a, c",
    },
};

const struct iv_rules iv_rules_rfu = {.rows = rows, .count = IV_COUNT(rows)};
