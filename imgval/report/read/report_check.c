/*
 * report_check.c: counts again what a submission says about itself, and compares. Each check gives
 * a clause for the error, or NULL. It is not a second judgement: no rule is applied, only what
 * follows from the findings, outcomes and packages in the report is checked.
 */
#include "imgval/report/read/report_check.h"

#include "imgval/base/text.h"

#include <stddef.h>
#include <string.h>

/* Whether this is the name as iv_ascii_fold() would make it. */
static bool is_folded(const char *key, const char *name)
{
    while (*name != '\0' && iv_ascii_lower(*name) == *key) {
        name++;
        key++;
    }
    return *name == '\0' && *key == '\0';
}

/* The key of a package in a report is its name, folded: whatever pairs packages goes by it. */
static const char *check_names(const struct iv_submission *s, struct iv_arena *arena)
{
    for (size_t i = 0; i < s->package_count; i++) {
        if (!is_folded(s->packages[i].key, s->packages[i].name)) {
            return iv_arena_printf(arena, "packages[%zu] has a key that is not its name", i);
        }
    }
    return NULL;
}

/* The counts as the judgement makes them: a waived finding counts as waived and nothing else. */
static struct iv_counts count(const struct iv_report_entry *entry)
{
    struct iv_counts counts = {0};
    const struct iv_submission *s = entry->submission;
    for (size_t i = 0; i < s->package_count; i++) {
        counts.packages += s->packages[i].origin == IV_ORIGIN_SUBMISSION;
        counts.unreadable += s->packages[i].unreadable;
    }
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        counts.waived += finding->waived;
        counts.error += !finding->waived && finding->severity == IV_ERROR;
        counts.warning += !finding->waived && finding->severity == IV_WARNING;
        counts.note += !finding->waived && finding->severity == IV_NOTE;
    }
    return counts;
}

/* Not of a report that is handed over piece by piece: there packages may be lost, which is said. */
static const char *check_counts(const struct iv_report_entry *entry, bool with_packages)
{
    const struct iv_counts *said = &entry->judgement.counts;
    const struct iv_counts seen = count(entry);
    if (with_packages && (said->packages != seen.packages || said->unreadable != seen.unreadable)) {
        return "its counts are not those of its packages";
    }
    if (said->error != seen.error || said->warning != seen.warning || said->note != seen.note ||
        said->waived != seen.waived) {
        return "its counts are not those of its findings";
    }
    return NULL;
}

/* A rule that has a finding neither passed nor was it without a subject. */
static const char *check_outcomes(const struct iv_judgement *judgement, struct iv_arena *arena)
{
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *outcome = &judgement->outcomes[i];
        if (outcome->outcome != IV_PASSED && outcome->outcome != IV_NOT_APPLICABLE) {
            continue;
        }
        for (size_t k = 0; k < judgement->finding_count; k++) {
            if (judgement->findings[k].rule == outcome->rule) {
                return iv_arena_printf(arena, "it has a finding of %s, which it says to be %s",
                                       outcome->rule->id, iv_outcome_names[outcome->outcome]);
            }
        }
    }
    return NULL;
}

/* The verdict as imgval(1), "Verdict", defines it. A report may be incomplete for a reason that it
 * does not repeat (one subject of a rule that failed on another); a tree without a package is
 * incomplete, whatever was found. */
static const char *check_verdict(const struct iv_report_entry *entry, enum iv_severity fail_on)
{
    const struct iv_judgement *judgement = &entry->judgement;
    bool fails = false;
    bool unfinished = entry->submission->package_count == 0;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (!finding->waived) {
            fails = fails || (!finding->rule->uncounted && finding->severity >= fail_on);
            unfinished = unfinished || finding->incomplete;
        }
    }
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        unfinished = unfinished || judgement->outcomes[i].outcome == IV_NOT_EVALUATED;
    }
    bool agrees = false;
    switch (judgement->verdict) {
    case IV_VERDICT_PASS:
        agrees = !fails && !unfinished;
        break;
    case IV_VERDICT_INCOMPLETE:
        agrees = !fails || entry->submission->package_count == 0;
        break;
    case IV_VERDICT_FAIL:
        agrees = fails;
        break;
    }
    return agrees ? NULL : "its verdict is not that of its findings and outcomes";
}

const char *iv_report_contradiction(const struct iv_report_entry *entry, enum iv_severity fail_on,
                                    bool with_packages, struct iv_arena *arena)
{
    const char *why = check_names(entry->submission, arena);
    why = why != NULL ? why : check_counts(entry, with_packages);
    why = why != NULL ? why : check_outcomes(&entry->judgement, arena);
    return why != NULL ? why : check_verdict(entry, fail_on);
}
