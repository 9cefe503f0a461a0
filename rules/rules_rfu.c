/*
 * Request for update (RFU001..RFU006): may devices that have the source be served the target? From
 * the section "Request for update (RFU)" of the document on WSPC, which asks for two baselines and
 * a higher version, and from its section on migrating from a legacy submission, which lets a source
 * that is no baseline through under two conditions.
 *
 * Each POP that source and target share is one case. Which steps fail (the bits IV_RFU_... in
 * `asked->broken`) and what each side is to today's baselines was found out before, by
 * history/request.c with iv_wspc_request(); these rows say it. The steps:
 *
 * - 1 the target is a baseline; 2 the source is one too: go to 5;
 * - 3 the source's version is below every baseline and the target holds its packages: a legacy
 *   device migrates, go to 5;
 * - 4 the source is compliant with today's baselines: RFU002, otherwise RFU004;
 * - 5 the target's version is greater; 6 the target holds all packages of the source.
 *
 * The document stops at the first error. Here every step is judged, so that all that is wrong is
 * reported at once.
 *
 * For a request of another type than retail servicing the document accepts and warns:
 * `eases_in_trial`. Those texts are the row's first alias; the sentence of ours that follows a text
 * is the row's argument.
 */
#include "imgval/model/circumstances.h"
#include "imgval/model/request.h"
#include "imgval/version.h"
#include "rules/rules.h"
#include "rules/wording.h"

/* ---- how rows answer ----------------------------------------------------------------------- */

/* The document's text for this type of request, its holes filled, and our sentence after it. */
static const char *fill(const struct iv_case *c, struct iv_verdict *verdict,
                        const char *const *arguments, size_t count)
{
    const bool trial = c->request->type == IV_REQUEST_TRIAL && c->rule->alias[0] != NULL;
    const char *text = iv_rules_fill(
        iv_verdict_arena(verdict), trial ? c->rule->alias[0] : c->rule->message, arguments, count);
    return c->rule->argument == NULL ? text
                                     : iv_verdict_printf(verdict, "%s %s", text, c->rule->argument);
}

/* The whole message is the document's: no field, no value. */
static enum iv_outcome fail(struct iv_verdict *verdict, const char *message)
{
    const struct iv_evidence evidence = {.message = message};
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* IV_FAILED when this step of the request is broken; else what is known of the POP. A step can be
 * broken for certain although another fact is unknown, so the broken ones are asked for first. */
static enum iv_outcome state_of(const struct iv_case *c, unsigned step)
{
    if (c->asked == NULL) {
        return IV_NOT_APPLICABLE; /* no POP is shared: nothing is asked of the versions */
    }
    if ((c->asked->broken & step) != 0) {
        return IV_FAILED;
    }
    return c->asked->is_undecided ? IV_NOT_EVALUATED : IV_PASSED;
}

/* A submission named as messages name a baseline: id and version, which is what the user can look
 * up. */
static const char *side_name(const struct iv_request_side *side, struct iv_verdict *verdict)
{
    const struct iv_baseline named = {.id = side->submission->id,
                                      .firmware_version = side->submission->firmware_version};
    return iv_rules_baseline_name(iv_verdict_arena(verdict), &named);
}

/* The packages that the source has and the target lacks; the same list for every POP. */
static const char *lost_names(const struct iv_case *c, struct iv_verdict *verdict)
{
    return iv_rules_names(iv_verdict_arena(verdict), c->request->lost, c->request->lost_count);
}

/* ---- checks -------------------------------------------------------------------------------- */

/* What helps depends on why the target is no baseline: one that is not compliant would be refused
 * as a baseline, so it is fixed first; a compliant one only has to be declared. */
static const char *target_remedy(const struct iv_case *c, struct iv_verdict *verdict)
{
    const char *path = c->request->target.submission->path;
    switch (c->asked->target) {
    case IV_REQUEST_NOT_COMPLIANT:
        return iv_verdict_printf(
            verdict,
            "The target lacks packages of a baseline and would be refused as one%s%s. These "
            "commands name them and write empty packages in their place: %s; %s",
            c->request->lost_count > 0 ? ": missing from it are " : "",
            c->request->lost_count > 0 ? lost_names(c, verdict) : "",
            iv_rules_command(verdict, c, "scan", NULL, path),
            iv_rules_command(verdict, c, "fix", "--output=DIR", path));
    case IV_REQUEST_COMPLIANT:
    case IV_REQUEST_BASELINE:
        return iv_verdict_printf(
            verdict, "The target is compliant: declare it as a baseline (%s) and ask again.",
            iv_rules_command(verdict, c, "cache add", "--baseline", path));
    case IV_REQUEST_NOT_KNOWN:
        break;
    }
    return c->rule->remedy;
}

/* Step 1, RFU001. Its text has holes for the version of the client and for id and state of both
 * sides, in the document's order. */
static enum iv_outcome check_target(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = state_of(c, IV_RFU_TARGET_NOT_BASELINE);
    if (state != IV_FAILED) {
        return state;
    }
    const char *const sides[] = {
        IMGVAL_VERSION,
        c->request->target.submission->id,
        iv_request_status_names[c->asked->target],
        c->request->source.submission->id,
        iv_request_status_names[c->asked->source],
    };
    /* the text for a trial has no version in front */
    const size_t skipped = c->request->type == IV_REQUEST_TRIAL ? 1 : 0;
    const struct iv_evidence evidence = {
        .message = fill(c, verdict, sides + skipped, IV_COUNT(sides) - skipped),
        .remedy = target_remedy(c, verdict),
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* Steps 2 and 4, RFU002: a source that is compliant but no baseline, which devices may hold all the
 * same. Retail servicing refuses it; the remedy is to declare it. */
static enum iv_outcome check_source(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = state_of(c, IV_RFU_SOURCE_NOT_BASELINE);
    const char *const arguments[] = {IMGVAL_VERSION};
    return state == IV_FAILED ? fail(verdict, fill(c, verdict, arguments, 1)) : state;
}

/* Step 5, RFU003, for every request: devices never install a lower or an equal version. */
static enum iv_outcome check_newer(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = state_of(c, IV_RFU_TARGET_NOT_NEWER);
    const char *const arguments[] = {c->request->target.submission->firmware_version,
                                     c->request->source.submission->firmware_version};
    return state == IV_FAILED ? fail(verdict, fill(c, verdict, arguments, 2)) : state;
}

/* Steps 3 and 4, RFU004: a source that is no baseline and from which no way leads. The third
 * argument says which of the two conditions for legacy devices fails. */
static enum iv_outcome check_migratable(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = state_of(c, IV_RFU_SOURCE_NOT_MIGRATABLE);
    if (state != IV_FAILED) {
        return state;
    }
    const char *const arguments[] = {
        side_name(&c->request->source, verdict),
        side_name(&c->request->target, verdict),
        c->asked->below_all
            ? iv_verdict_printf(verdict, "the target lacks its packages %s", lost_names(c, verdict))
            : "its version is not below every baseline of the POP",
    };
    return fail(verdict, fill(c, verdict, arguments, IV_COUNT(arguments)));
}

/* RFU005. Without a shared POP there is nothing else to judge: one finding stands for the request,
 * and the other rows do not apply. */
static enum iv_outcome check_shared(const struct iv_case *c, struct iv_verdict *verdict)
{
    if (c->request->variant_count > 0) {
        return IV_PASSED;
    }
    const char *const names[] = {side_name(&c->request->source, verdict),
                                 side_name(&c->request->target, verdict)};
    return fail(verdict, fill(c, verdict, names, IV_COUNT(names)));
}

/* Step 6, RFU006: of two baselines the target must hold all that the source has. Two baselines of
 * one POP can miss this only when they are not neighbours, or were recorded before a rule was
 * enforced. The evidence names the source like a baseline, with direction `older`, so that reports
 * and `fix` treat it as they treat WSPC003. */
static enum iv_outcome check_lost(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome state = state_of(c, IV_RFU_TARGET_LACKS_PACKAGES);
    if (state != IV_FAILED) {
        return state;
    }
    static const enum iv_direction older = IV_OLDER;
    const char *const arguments[] = {lost_names(c, verdict),
                                     side_name(&c->request->target, verdict)};
    struct iv_baseline *source = IV_NEW(iv_verdict_arena(verdict), struct iv_baseline);
    *source =
        (struct iv_baseline){.id = c->request->source.submission->id,
                             .firmware_version = c->request->source.submission->firmware_version};
    const struct iv_evidence evidence = {
        .message = fill(c, verdict, arguments, IV_COUNT(arguments)),
        .remedy = iv_verdict_printf(
            verdict,
            "Add the missing packages, or empty packages of those names, to the target; this "
            "writes them: %s",
            iv_rules_command(verdict, c, "fix",
                             iv_verdict_printf(verdict, "--against=%.16s --output=DIR", source->id),
                             c->request->target.submission->path)),
        .packages = c->request->lost,
        .package_count = c->request->lost_count,
        .baseline = source,
        .direction = &older,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- texts --------------------------------------------------------------------------------- */

/* Texts of the document, word for word; some are parts of both the retail and the trial message. */
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
        .eases_in_trial = true,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_target,
        .argument = OURS,
        .summary = "The target of a request for update must be a baseline.",
        .why = "Retail servicing goes from baseline to baseline: only their package sets are known "
               "to contain each other.",
        .remedy = "Declare the target as a baseline (imgval cache add --baseline PATH) and ask "
                  "again. One that lacks packages of a baseline is refused: imgval scan PATH names "
                  "them, imgval fix --output=DIR PATH writes empty packages in their place.",
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
        .eases_in_trial = true,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_source,
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
        .eases_in_trial = true,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_newer,
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
        .eases_in_trial = true,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_migratable,
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
        .check = check_shared,
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
        .eases_in_trial = true,
        .subject = IV_SUBJECT_REQUEST,
        .applies = IV_APPLIES_ALL,
        .check = check_lost,
        .summary = "The target must contain every firmware package of the source.",
        .why = "A package that the target lacks would stay on the device in its old version.",
        .remedy = "Add the missing packages, or empty packages of those names, to the target; "
                  "imgval fix --against=SOURCE --output=DIR TARGET writes the projects of empty "
                  "packages.",
        .message = "The packages {0} of the source firmware submission are missing from the target "
                   "firmware submission {1}.",
        .passes = "source a, b; target a, b, c",
        .fails = "source a, b; target a, c",
    },
};

const struct iv_rules iv_rules_rfu = {.rows = rows, .count = IV_COUNT(rows)};
