/*
 * phrases.c: tables of words indexed by the enums of the model, and short texts put together from
 * a report. Nothing is escaped here, because each format escapes in its own way.
 */
#include "imgval/report/write/phrases.h"

#include "imgval/base/text.h"
#include "imgval/model/device.h"

#include <inttypes.h>
#include <string.h>

const char *const iv_phrase_verdicts[] = {
    [IV_VERDICT_PASS] = "PASS",
    [IV_VERDICT_INCOMPLETE] = "INCOMPLETE",
    [IV_VERDICT_FAIL] = "FAIL",
};

const char *const iv_phrase_outcomes[] = {
    [IV_NOT_APPLICABLE] = "not applicable",
    [IV_PASSED] = "passed",
    [IV_NOT_EVALUATED] = "not evaluated",
    [IV_FAILED] = "failed",
};

const char *const iv_phrase_wspc[] = {
    [IV_WSPC_COMPLIANT] = "compliant",           [IV_WSPC_NOT_COMPLIANT] = "not compliant",
    [IV_WSPC_FIRST] = "first baseline",          [IV_WSPC_NOT_EVALUATED] = "not evaluated",
    [IV_WSPC_NOT_APPLICABLE] = "not applicable", [IV_WSPC_SKIPPED] = "skipped (--no-wspc)",
};

const char *const iv_phrase_ranks[] = {
    [IV_RANK_ANSWER] = "answer file",          [IV_RANK_REGISTRY] = "registry file",
    [IV_RANK_TARGETING] = "targeting package", [IV_RANK_HIVE] = "SYSTEM hive",
    [IV_RANK_FILE] = "--device-info",          [IV_RANK_OPTION] = "option",
};

/* With its article, for the middle of a sentence. */
const char *iv_phrase_type(const struct iv_submission *submission)
{
    if (submission->type == IV_IMAGE) {
        return "an image";
    }
    return submission->context_free ? "a context-free partial" : "a contextual partial";
}

/* Whether no variant is known to break WSPC; one that was not compared does not count. */
static bool is_compliant(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->variant_count; i++) {
        if (s->variants[i].wspc.status == IV_WSPC_NOT_COMPLIANT) {
            return false;
        }
    }
    return true;
}

/* See iv_phrase_qualify(): for one submission, and for a whole report added up. */
static void qualify(struct iv_buf *buf, enum iv_final_verdict verdict, size_t warnings,
                    bool compliant, bool skipped)
{
    if (verdict == IV_VERDICT_PASS && warnings > 0) {
        iv_buf_puts(buf, " with ");
        iv_phrase_count(buf, warnings, "warning");
    }
    if (verdict != IV_VERDICT_FAIL && !compliant) {
        iv_buf_puts(buf, ": not WSPC compliant; not available for retail servicing");
    }
    if (verdict == IV_VERDICT_PASS && skipped) {
        iv_buf_puts(buf, compliant ? ": " : "; ");
        iv_buf_puts(buf, "WSPC skipped (--no-wspc)");
    }
}

void iv_phrase_qualify(struct iv_buf *buf, const struct iv_report_entry *entry)
{
    qualify(buf, entry->judgement.verdict, entry->judgement.counts.warning,
            is_compliant(entry->submission), iv_phrase_has_skipped(entry->submission));
}

void iv_phrase_qualify_all(struct iv_buf *buf, const struct iv_report *report)
{
    size_t warnings = 0;
    bool compliant = true;
    bool skipped = false;
    for (size_t i = 0; i < report->entry_count; i++) {
        warnings += report->entries[i].judgement.counts.warning;
        compliant = compliant && is_compliant(report->entries[i].submission);
        skipped = skipped || iv_phrase_has_skipped(report->entries[i].submission);
    }
    qualify(buf, report->verdict, warnings, compliant, skipped);
}

/* Which rules failed so that it counts, by place among the outcomes: a rule with nothing but waived
 * findings is shown as reported and not as failed. */
const bool *iv_phrase_failing(const struct iv_judgement *judgement, enum iv_severity fail_on,
                              struct iv_arena *arena)
{
    bool *failing = IV_NEW_ARRAY(arena, bool, judgement->outcome_count + 1);
    size_t at = 0;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (!iv_phrase_is_failing(finding, fail_on)) {
            continue;
        }
        /* Findings of one rule follow each other: mostly it is the place of the last one. */
        for (size_t k = 0; k < judgement->outcome_count; k++) {
            const size_t place = (at + k) % judgement->outcome_count;
            if (judgement->outcomes[place].rule == finding->rule) {
                at = place;
                failing[place] = true;
                break;
            }
        }
    }
    return failing;
}

const char *iv_phrase_outcome(const struct iv_rule_outcome *outcome, bool is_failing)
{
    return outcome->outcome == IV_FAILED && !is_failing ? "reported"
                                                        : iv_phrase_outcomes[outcome->outcome];
}

const char *iv_phrase_reason(const struct iv_rule_outcome *outcome)
{
    /* Reports of earlier versions do not say. */
    return outcome->reason != NULL ? outcome->reason
                                   : "what it looks at could not be read, or a limit was hit";
}

/* What a rule's number of subjects counts. */
const char *iv_phrase_subject(enum iv_subject subject)
{
    switch (subject) {
    case IV_SUBJECT_PACKAGE:
    case IV_SUBJECT_ENTRY:
        return "package";
    case IV_SUBJECT_DEVICE:
        return "value";
    case IV_SUBJECT_VARIANT:
        return "variant";
    case IV_SUBJECT_POLICY:
        return "waiver";
    case IV_SUBJECT_SUBMISSION:
    case IV_SUBJECT_REQUEST:
    case IV_SUBJECT_STEP:
    case IV_SUBJECT_IMAGE:
        break;
    }
    return "subject";
}

/* "1 file", "2 files": for nouns that form their plural so. */
void iv_phrase_count(struct iv_buf *buf, size_t count, const char *noun)
{
    iv_buf_printf(buf, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

/* A part of a POP (OEM, operator, model) for people. */
static const char *part(const char *text)
{
    return text == NULL || text[0] == '\0' ? "-" : text;
}

void iv_phrase_variant(struct iv_buf *buf, const struct iv_pop *pop)
{
    iv_buf_puts(buf, part(pop->oem));
    iv_buf_putc(buf, '/');
    iv_buf_puts(buf, part(pop->mobile_operator));
    iv_buf_putc(buf, '/');
    iv_buf_puts(buf, part(pop->model));
}

/* PATH:MEMBER:LINE, as far as they are known: the form that editors and terminals turn into a
 * link. */
void iv_phrase_place(struct iv_buf *buf, const struct iv_finding *finding)
{
    if (finding->path == NULL) {
        return;
    }
    iv_buf_puts(buf, finding->path);
    if (finding->member != NULL) {
        iv_buf_putc(buf, ':');
        iv_buf_puts(buf, finding->member);
    }
    if (finding->line != 0) {
        iv_buf_printf(buf, ":%" PRIu64, finding->line);
    }
}

void iv_phrase_baseline(struct iv_buf *buf, const struct iv_baseline *baseline)
{
    iv_buf_puts(buf,
                baseline->firmware_version == NULL ? "no version" : baseline->firmware_version);
    if (baseline->id != NULL) {
        /* Eight characters, as people know ids from git; the JSON report has all. */
        iv_buf_puts(buf, " (");
        iv_buf_add(buf, baseline->id, strnlen(baseline->id, 8));
        iv_buf_putc(buf, ')');
    }
}

void iv_phrase_waiver(struct iv_buf *buf, const struct iv_waiver *waiver)
{
    iv_buf_puts(buf, waiver->reason);
    iv_buf_puts(buf, " (");
    iv_buf_puts(buf, waiver->owner);
    iv_buf_puts(buf, ", until ");
    iv_buf_puts(buf, waiver->expires);
    iv_buf_putc(buf, ')');
}

const char iv_phrase_what_if[] =
    "No real verdict: waivers reach findings that cannot be waived. Judge again without --what-if.";

const char iv_phrase_part[] =
    "Part of a report: the saved stream has no end, so packages and findings are missing here. "
    "Save it again.";

bool iv_phrase_is_failing(const struct iv_finding *finding, enum iv_severity fail_on)
{
    return !finding->waived && !finding->rule->uncounted && finding->severity >= fail_on;
}

const struct iv_variant *iv_phrase_find_variant(const struct iv_submission *submission,
                                                const struct iv_pop *pop)
{
    size_t low = 0;
    size_t high = pop == NULL ? 0 : submission->variant_count; /* sorted by POP */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = iv_pop_compare(pop, &submission->variants[middle].pop);
        if (order == 0) {
            return &submission->variants[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool iv_phrase_has_skipped(const struct iv_submission *submission)
{
    for (size_t i = 0; i < submission->variant_count; i++) {
        if (submission->variants[i].wspc.status == IV_WSPC_SKIPPED) {
            return true;
        }
    }
    return false;
}

/* Why there is no line about a comparison: skipped, or which values to give. */
const char *iv_phrase_no_variant(const struct iv_report_entry *entry)
{
    const struct iv_submission *submission = entry->submission;
    if (entry->run->no_wspc) {
        return "Skipped on purpose (--no-wspc).";
    }
    if (submission->type == IV_IMAGE) {
        return "Not evaluated: no variant is known, because a value of PhoneManufacturer, "
               "PhoneManufacturerModelName or PhoneMobileOperatorName is missing or in conflict.";
    }
    return submission->context_free
               ? "Not applicable to a context-free partial."
               : "Not applicable: this partial has no variant. --manufacturer, --model, "
                 "--operator and --firmware-version name it.";
}
