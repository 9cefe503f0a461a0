/*
 * What is done with the findings of all rows: waivers are laid over them, the waivers themselves
 * are judged, and the findings are brought into the order of every report and counted.
 *
 * The verdict follows from three things only: whether an unwaived finding is at or above --fail-on,
 * whether something was not evaluated, and whether an unwaived finding means "not checked". So it
 * can be checked again from any report (report/read/report_check.c).
 */
#include "imgval/engine/verdict.h"

#include "imgval/base/glob.h"
#include "imgval/base/sort.h"
#include "imgval/engine/waive.h"

#include <stdlib.h>
#include <string.h>

/* ---- waivers ------------------------------------------------------------------------------- */

/* Two passes: a finding that follows from others is waived when all of those are, which is known
 * only after each of them had its turn. Findings that were settled elsewhere are left alone. */
void iv_settle_waive(struct iv_verdict *verdict)
{
    const struct iv_engine_options *options = verdict->options;
    if (options->judging.policy == NULL || options->judging.policy->waiver_count == 0) {
        return;
    }
    const struct iv_submission *submission = verdict->judged->submission;
    struct iv_waive_causes *causes = iv_waive_causes(submission, verdict->arena);
    for (size_t i = 0; i < verdict->count; i++) {
        struct iv_found_row *found = &verdict->found[i];
        if (!found->is_settled) {
            const struct iv_waive_case c = {
                .submission = submission, .step = found->step, .package = found->package};
            iv_waive_finding(options, &c, &found->finding);
            iv_waive_note_cause(causes, &found->finding);
        }
    }
    for (size_t i = 0; i < verdict->count; i++) {
        iv_waive_by_cause(causes, &verdict->found[i].finding);
    }
}

/* One finding for each waiver in the row's state. */
static void run_waivers(const struct iv_rule *rule, struct iv_verdict *verdict,
                        struct iv_tally *tally)
{
    const struct iv_engine_options *options = verdict->options;
    for (size_t i = 0; i < options->judging.policy->waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &options->judging.policy->waivers[i];
        if (iv_waive_state(options, i) != rule->waiver) {
            iv_tally_add(tally, IV_PASSED);
            continue;
        }
        /* An expired waiver may name what cannot be waived: that is not what is wrong with it. */
        const struct iv_rule *refused = options->uses[i].refused;
        const bool is_refused = rule->waiver == IV_WAIVER_NO_EFFECT && refused != NULL;
        const char *second = is_refused ? refused->id : waiver->waiver.expires;
        struct iv_finding *finding = iv_verdict_add(verdict);
        const char *text = iv_waive_text(waiver, verdict->arena);
        finding->path = options->judging.policy->path;
        finding->line = waiver->line;
        finding->field = text;
        finding->actual = waiver->waiver.expires;
        finding->message = iv_verdict_fill(verdict, rule->message, text, second);
        iv_tally_add(tally, IV_FAILED);
    }
}

/* Whether the waiver's pattern for rules matches the id or the name; without one it names all. */
static bool names(const struct iv_policy_waiver *waiver, const struct iv_rule *rule)
{
    return waiver->rule == NULL || iv_glob_match(waiver->rule, rule->id) ||
           iv_glob_match(waiver->rule, rule->name);
}

/* By address: families are tables, and a row is in one of them. */
static bool is_of_family(const struct iv_rules *family, const struct iv_rule *rule)
{
    for (size_t i = 0; i < family->count; i++) {
        if (rule == &family->rows[i]) {
            return true;
        }
    }
    return false;
}

/*
 * What is known of a waiver before its state is judged: whether it names any rule that is judged
 * here at all, and whether all rules that it names cannot be waived, which is reported even when
 * none of them has a finding.
 */
static void note_names(const struct iv_verdict *verdict, size_t place)
{
    const struct iv_engine *engine = verdict->engine;
    const struct iv_engine_options *options = verdict->options;
    const struct iv_policy_waiver *waiver = &options->judging.policy->waivers[place];
    struct iv_waiver_use *use = &options->uses[place];
    const struct iv_rule *refused = NULL;
    bool any_can_be_waived = false;
    size_t met = 0;
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        if (names(waiver, rule)) {
            bool is_judged =
                rule->waiver != IV_WAIVER_FINE || iv_engine_runs(rule, verdict->judged);
            for (size_t k = 0; !is_judged && k < options->also_count; k++) {
                is_judged = is_of_family(&options->also[k], rule);
            }
            met += is_judged ? 1 : 0;
            any_can_be_waived = any_can_be_waived || iv_rule_can_be_waived(rule);
            refused = refused == NULL && is_judged ? rule : refused;
        }
    }
    /* One that names a package or a variant alone may be meant for any rule. */
    const bool is_submission = iv_engine_runs_all(verdict->judged);
    use->is_elsewhere = !is_submission && (met == 0 || waiver->rule == NULL);
    if (!use->is_used && use->refused == NULL && waiver->rule != NULL &&
        !options->judging.what_if && !any_can_be_waived) {
        use->refused = refused;
    }
}

/* With the last submission, when every finding that a waiver could meet has been made. */
void iv_settle_waivers(struct iv_verdict *verdict, struct iv_judgement *judgement)
{
    const struct iv_engine *engine = verdict->engine;
    const struct iv_engine_options *options = verdict->options;
    if (options->judging.policy == NULL || !options->is_last) {
        return;
    }
    for (size_t i = 0; i < options->judging.policy->waiver_count; i++) {
        note_names(verdict, i);
    }
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        struct iv_tally tally = {.worst = IV_NOT_APPLICABLE};
        if (rule->waiver == IV_WAIVER_FINE) {
            continue;
        }
        verdict->rank = i;
        verdict->hand = (struct iv_case){.rule = rule, .submission = verdict->judged->submission};
        run_waivers(rule, verdict, &tally);
        judgement->outcomes[i].outcome = tally.worst;
        judgement->outcomes[i].subjects = tally.subjects;
    }
}

/* ---- order, counts, verdict ---------------------------------------------------------------- */

/* NULL before every text. */
static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return strcmp(a, b);
}

/* Findings about the whole before those about a variant. */
static int variant_order(const struct iv_pop *a, const struct iv_pop *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return iv_pop_compare(a, b);
}

/* The order of every report: severity, then the row, then path, key, variant and field. It is
 * total, so that two runs give the same bytes. */
static int found_order(const void *left, const void *right)
{
    const struct iv_found_row *a = *(const struct iv_found_row *const *)left;
    const struct iv_found_row *b = *(const struct iv_found_row *const *)right;
    const struct iv_finding *x = &a->finding;
    const struct iv_finding *y = &b->finding;
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    int order = text_order(x->path, y->path);
    if (order == 0) {
        order = text_order(x->key, y->key);
    }
    if (order == 0) {
        order = variant_order(x->variant, y->variant);
    }
    if (order == 0) {
        order = text_order(x->field, y->field);
    }
    if (order == 0) {
        order = (a > b) - (a < b); /* both stand in one array, in the order of the rows' reports */
    }
    return order;
}

/* Fingerprints are computed here, once a finding is complete. */
static void sort_findings(const struct iv_verdict *verdict, struct iv_judgement *judgement)
{
    size_t count = verdict->count;
    const struct iv_found_row **order =
        IV_NEW_ARRAY(verdict->arena, const struct iv_found_row *, count + 1);
    for (size_t i = 0; i < count; i++) {
        order[i] = &verdict->found[i];
    }
    iv_sort(order, count, sizeof(*order), found_order);
    judgement->findings = IV_NEW_ARRAY(verdict->arena, struct iv_finding, count + 1);
    judgement->finding_count = count;
    for (size_t i = 0; i < count; i++) {
        struct iv_finding *finding = &judgement->findings[i];
        *finding = order[i]->finding;
        finding->fingerprint = iv_finding_fingerprint(finding, verdict->arena);
    }
}

/* Waived findings are counted apart, not by severity. */
static void counts_build(const struct iv_submission *submission,
                         const struct iv_judgement *judgement, struct iv_counts *ret_counts)
{
    struct iv_counts counts = {0};
    for (size_t i = 0; submission != NULL && i < submission->package_count; i++) {
        const struct iv_package *package = &submission->packages[i];
        counts.packages += package->origin == IV_ORIGIN_SUBMISSION;
        counts.unreadable += package->unreadable;
    }
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (finding->waived) {
            counts.waived++;
            continue;
        }
        switch (finding->severity) {
        case IV_ERROR:
            counts.error++;
            break;
        case IV_WARNING:
            counts.warning++;
            break;
        case IV_NOTE:
            counts.note++;
            break;
        }
    }
    *ret_counts = counts;
}

/* A failure wins over what is unfinished; a waived finding counts for neither. */
static enum iv_final_verdict final_verdict(const struct iv_judgement *judgement,
                                           enum iv_severity fail_on, bool unfinished)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (!finding->waived && !finding->rule->uncounted && finding->severity >= fail_on) {
            return IV_VERDICT_FAIL;
        }
        unfinished = unfinished || (finding->incomplete && !finding->waived);
    }
    return unfinished ? IV_VERDICT_INCOMPLETE : IV_VERDICT_PASS;
}

/* Last of all: nothing changes a finding after its fingerprint. */
void iv_settle_finish(const struct iv_verdict *verdict, bool unfinished,
                      struct iv_judgement *judgement)
{
    sort_findings(verdict, judgement);
    counts_build(verdict->judged->submission, judgement, &judgement->counts);
    judgement->verdict = final_verdict(judgement, verdict->options->judging.fail_on, unfinished);
}
