/*
 * Every row on every subject that it applies to. The rows of a pattern, a check and a fault differ
 * only in how one subject is judged; which subjects a row has, its table says.
 *
 * iv_engine_judge() in order: severities as the policy sets them, all rows over their subjects (or
 * the findings of an earlier report, weighed again), findings that were made elsewhere, waivers,
 * the waivers themselves, then order, counts and the verdict.
 *
 * A row has one outcome, the worst of its subjects; "not evaluated" is worse than "passed". So
 * nothing passes of which a part could not be looked at, and one such row makes the verdict
 * `incomplete` at best.
 */
#include "imgval/engine/engine.h"

#include "imgval/base/pattern.h"
#include "imgval/engine/reason.h"
#include "imgval/engine/verdict.h"
#include "imgval/model/fields.h"
#include "imgval/model/kinds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ------------------------------------------------------------------------------- */

/* Rows may come from a policy file, so a wrong field or pattern is the user's error, not an
 * assertion. */
static bool row_open(struct iv_row *row, const struct iv_rule *rule, struct iv_error *err)
{
    *row = (struct iv_row){.rule = rule};
    if (rule->pattern == NULL) {
        return true;
    }
    bool on_package = rule->subject == IV_SUBJECT_PACKAGE || rule->subject == IV_SUBJECT_ENTRY;
    if (rule->field == NULL || (!on_package && rule->subject != IV_SUBJECT_DEVICE)) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "rule %s: a pattern needs a field of a package or of the device",
                            rule->id);
    }
    if (on_package) {
        const struct iv_field *field = iv_field_find(&iv_package_struct, rule->field);
        if (field == NULL || field->type != IV_TYPE_STRING || (field->uses & IV_FIELD_TEXT) == 0) {
            return iv_error_set(err, IV_ERROR_USAGE, "rule %s: packages have no text field \"%s\"",
                                rule->id, rule->field);
        }
        row->field = field;
    }
    if (!iv_pattern_open(rule->pattern, &row->pattern, err)) {
        return iv_error_add(err, "rule %s", rule->id);
    }
    return true;
}

/* Rows in the order of the tables: their places are the ranks that order findings. */
bool iv_engine_open(const struct iv_rules *families, size_t family_count,
                    struct iv_engine **ret_engine, struct iv_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < family_count; i++) {
        count += families[i].count;
    }
    struct iv_engine *engine = calloc(1, sizeof(*engine));
    struct iv_row *rows = calloc(count + 1, sizeof(*rows));
    if (engine == NULL || rows == NULL) {
        iv_out_of_memory();
    }
    engine->rows = rows;
    for (size_t i = 0; i < family_count; i++) {
        for (size_t k = 0; k < families[i].count; k++) {
            if (!row_open(&rows[engine->count], &families[i].rows[k], err)) {
                iv_engine_close(&engine);
                return false;
            }
            engine->count++;
        }
    }
    *ret_engine = engine;
    return true;
}

/* For IV_CLEANUP; the rows themselves are the tables' and stay. */
void iv_engine_close(struct iv_engine **engine)
{
    if (*engine == NULL) {
        return;
    }
    for (size_t i = 0; i < (*engine)->count; i++) {
        iv_pattern_close(&(*engine)->rows[i].pattern);
    }
    free((*engine)->rows);
    free(*engine);
    *engine = NULL;
}

/* ---- pattern rows -------------------------------------------------------------------------- */

/* "NAME is "TEXT": it must ..."; `source`: where the value stands, or NULL. */
static void pattern_fail(struct iv_verdict *verdict, const char *text, const char *source)
{
    const struct iv_rule *rule = verdict->hand.rule;
    struct iv_evidence evidence = {
        .field = rule->field,
        .actual = text,
        .expected = rule->argument != NULL ? rule->argument : rule->pattern,
    };
    const char *link = rule->argument != NULL ? ": it " : ": ";
    const char *clause = rule->argument != NULL ? rule->argument : rule->summary;
    evidence.message =
        text == NULL
            ? iv_verdict_printf(verdict, "%s is missing%s%s", rule->field, link, clause)
            : iv_verdict_printf(verdict, "%s is \"%s\"%s%s", rule->field, text, link, clause);
    if (source != NULL && rule->remedy != NULL) {
        evidence.remedy =
            iv_verdict_printf(verdict, "%s The value was read from %s.", rule->remedy, source);
    }
    iv_verdict_fail(verdict, &evidence);
}

/* A pattern that hit its step limit says nothing about the text: neither passed nor failed. */
static enum iv_outcome judge_text(const struct iv_row *row, struct iv_verdict *verdict,
                                  const char *text, const char *source)
{
    switch (iv_pattern_match(row->pattern, text, strlen(text))) {
    case IV_MATCH_YES:
        return IV_PASSED;
    case IV_MATCH_NO:
        pattern_fail(verdict, text, source);
        return IV_FAILED;
    case IV_MATCH_LIMIT:
        break;
    }
    return IV_NOT_EVALUATED;
}

/* A field that an unreadable package lacks is not known to be missing. No partition means
 * MainOS. */
static enum iv_outcome judge_package_field(const struct iv_row *row,
                                           const struct iv_package *package,
                                           struct iv_verdict *verdict)
{
    const char *text = iv_field_string(row->field, package);
    if (text == NULL && package->unreadable) {
        return IV_NOT_EVALUATED;
    }
    if (text == NULL && strcmp(row->field->name, "partition") == 0) {
        text = iv_package_partition(package);
    }
    if (text == NULL) {
        pattern_fail(verdict, NULL, NULL);
        return IV_FAILED;
    }
    return judge_text(row, verdict, text, NULL);
}

/* ---- rows over their subjects -------------------------------------------------------------- */

/* Whether sources of equal rank disagree about a value (IMG302). */
static bool has_conflict(const struct iv_device *device, const char *name)
{
    for (size_t i = 0; i < device->conflict_count; i++) {
        if (strcmp(device->conflicts[i].winner->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A pattern over all values in force of one name. Sources that disagree give no value to judge.
 * Where there is none, or a variant lacks it, an image fails if everything was read, else it is not
 * evaluated; a partial need not have the value, but one that was half read, or has a gap, is not
 * evaluated.
 */
static void run_device(const struct iv_row *row, const struct iv_submission *submission,
                       struct iv_verdict *verdict, struct iv_tally *tally)
{
    const struct iv_device *device = &submission->device;
    const char *name = row->rule->field;
    if (has_conflict(device, name)) {
        iv_tally_add(tally, IV_NOT_EVALUATED);
        return;
    }
    bool any = false;
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *datum = &device->values[i];
        if (strcmp(datum->name, name) == 0) {
            iv_tally_add(tally, judge_text(row, verdict, datum->value, datum->source));
            any = true;
        }
    }

    bool has_gap = any && iv_device_has_gap(device, name); /* a variant lacks what others have */
    if (any && !has_gap) {
        return;
    }

    bool is_image = iv_submission_is_image(submission);
    if (is_image ? iv_submission_misses_sources(submission)
                 : has_gap || iv_submission_is_half_read(submission)) {
        iv_tally_add(tally, IV_NOT_EVALUATED);
    } else if (is_image) {
        pattern_fail(verdict, NULL, NULL);
        iv_tally_add(tally, IV_FAILED);
    }
}

/* A pattern or a check: rows with a fault do not come here. */
static void judge_package(const struct iv_row *row, const struct iv_package *package,
                          struct iv_verdict *verdict, struct iv_tally *tally)
{
    verdict->hand.package = package;
    iv_tally_add(tally, row->pattern != NULL ? judge_package_field(row, package, verdict)
                                             : row->rule->check(&verdict->hand, verdict));
}

/* Packages of the submission; those of a partial's history only for rows on entries; extracted
 * payload (`beside`) only for rows that ask for it. */
static void run_packages(const struct iv_row *row, const struct iv_submission *submission,
                         bool history_too, struct iv_verdict *verdict, struct iv_tally *tally)
{
    bool beside_too = (row->rule->also & IV_ALSO_BESIDE) != 0;
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct iv_package *package = &submission->packages[i];
        if (package->origin == IV_ORIGIN_HISTORY && !history_too) {
            continue;
        }
        judge_package(row, package, verdict, tally);
    }
    for (size_t i = 0; beside_too && i < submission->beside_count; i++) {
        judge_package(row, &submission->beside[i], verdict, tally);
    }
}

/* Without variants the check is asked once: it decides whether that is a failure. */
static void run_variants(const struct iv_row *row, const struct iv_submission *submission,
                         struct iv_verdict *verdict, struct iv_tally *tally)
{
    if (submission->variant_count == 0) {
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
    for (size_t i = 0; i < submission->variant_count; i++) {
        verdict->hand.variant = &submission->variants[i];
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
}

/* One finding for each fault of the row's kind. */
static enum iv_outcome judge_faults(const struct iv_rule *rule, const struct iv_fault *faults,
                                    size_t count, struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < count; i++) {
        const struct iv_fault *fault = &faults[i];
        if (fault->kind != rule->fault) {
            continue;
        }
        struct iv_finding *finding = iv_verdict_add(verdict);
        if (fault->path != NULL) {
            finding->path = fault->path;
        }
        finding->member = fault->member;
        finding->line = fault->line;
        finding->message =
            iv_verdict_fill(verdict, rule->message, finding->path == NULL ? "" : finding->path,
                            fault->detail == NULL ? "no detail is known" : fault->detail);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* Of each package with its own name and path, so that the finding says which. */
static void judge_package_faults(const struct iv_rule *rule, const struct iv_package *packages,
                                 size_t count, struct iv_verdict *verdict, struct iv_tally *tally)
{
    for (size_t i = 0; i < count; i++) {
        verdict->hand.package = &packages[i];
        iv_tally_add(tally,
                     judge_faults(rule, packages[i].faults, packages[i].fault_count, verdict));
    }
}

/* Faults of the tree and of every package, whatever the row's subject says. */
static void run_faults(const struct iv_row *row, const struct iv_submission *submission,
                       struct iv_verdict *verdict, struct iv_tally *tally)
{
    iv_tally_add(tally,
                 judge_faults(row->rule, submission->faults, submission->fault_count, verdict));
    judge_package_faults(row->rule, submission->packages, submission->package_count, verdict,
                         tally);
    judge_package_faults(row->rule, submission->beside, submission->beside_count, verdict, tally);
}

/* The IV_APPLIES_... bit of this submission. */
static unsigned applies_to(const struct iv_submission *submission)
{
    if (iv_submission_is_image(submission)) {
        return IV_APPLIES_IMAGE;
    }
    return submission->context_free ? IV_APPLIES_CONTEXT_FREE : IV_APPLIES_CONTEXTUAL;
}

/* No fault about the hashes proves nothing where they were not all checked. */
static enum iv_outcome hash_outcome(const struct iv_image *image)
{
    switch (image->hash.state) {
    case IV_HASH_NONE:
        /* Only an FFU has hashes. */
        return image->format != NULL && strcmp(image->format, "FFU") == 0 ? IV_NOT_EVALUATED
                                                                          : IV_NOT_APPLICABLE;
    case IV_HASH_SKIPPED:
        return IV_NOT_APPLICABLE; /* on purpose: IMG109 says so */
    case IV_HASH_NOT_EVALUATED:
        return IV_NOT_EVALUATED;
    case IV_HASH_CHECKED:
        break;
    }
    return image->hash.checked == image->hash.chunks ? IV_PASSED : IV_NOT_EVALUATED;
}

/* Without an image file in the submission there is nothing to judge, and no fault about one. */
static void run_image(const struct iv_row *row, const struct iv_submission *submission,
                      struct iv_verdict *verdict, struct iv_tally *tally)
{
    if (row->rule->fault != IV_FAULT_NONE) {
        size_t before = verdict->count;
        struct iv_tally faults = {.worst = IV_NOT_APPLICABLE};
        run_faults(row, submission, verdict, &faults);
        if (submission->image.present || verdict->count > before) {
            if (row->rule->fault == IV_FAULT_HASH_MISMATCH && faults.worst == IV_PASSED) {
                faults.worst = hash_outcome(&submission->image);
            }
            iv_tally_add(tally, faults.worst);
        }
    } else if (submission->image.present) {
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
}

/* ---- steps and requests -------------------------------------------------------------------- */

/* One outcome a step. What is incomplete is never a pass, and never finished. */
static void run_steps(const struct iv_row *row, struct iv_verdict *verdict, struct iv_tally *tally)
{
    const struct iv_judged *judged = verdict->judged;
    for (size_t i = 0; i < judged->step_count; i++) {
        verdict->hand.step = &judged->steps[i];
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
        tally->unfinished = tally->unfinished || judged->steps[i].incomplete;
    }
}

/* Rows on a package of a change: one outcome for all, since a diff has any number of changes. */
static void run_changes(const struct iv_row *row, struct iv_verdict *verdict,
                        struct iv_tally *tally)
{
    const struct iv_judged *judged = verdict->judged;
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < judged->step_count; i++) {
        tally->unfinished = tally->unfinished || judged->steps[i].incomplete;
        outcome = judged->steps[i].incomplete ? IV_NOT_EVALUATED : outcome;
    }
    for (size_t i = 0; i < judged->change_count; i++) {
        verdict->hand.step = judged->changes[i].step;
        verdict->hand.change = judged->changes[i].change;
        verdict->hand.package = verdict->hand.change->after;
        if (row->rule->check(&verdict->hand, verdict) == IV_FAILED) {
            outcome = IV_FAILED;
        }
    }
    iv_tally_add(tally, outcome);
}

/* A request is judged as a whole, or for each POP that source and target share. */
static void run_request(const struct iv_row *row, struct iv_verdict *verdict,
                        struct iv_tally *tally)
{
    const struct iv_request *request = verdict->judged->request;
    verdict->hand.request = request;
    if ((row->rule->also & IV_ALSO_REQUEST) != 0 || request->variant_count == 0) {
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
        return;
    }
    for (size_t i = 0; i < request->variant_count; i++) {
        verdict->hand.asked = &request->variants[i];
        iv_tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
}

/* Chooses by the row's subject. Fault rows come first: they look at the same places whatever it
 * is. */
static void run_row(const struct iv_row *row, const struct iv_submission *submission,
                    struct iv_verdict *verdict, struct iv_tally *tally)
{
    const struct iv_rule *rule = row->rule;
    static const struct iv_circumstances plain = {0};
    const struct iv_circumstances *run = verdict->options->run;
    verdict->hand =
        (struct iv_case){.rule = rule, .run = run == NULL ? &plain : run, .submission = submission};
    if (rule->subject == IV_SUBJECT_IMAGE) {
        run_image(row, submission, verdict, tally);
        return;
    }
    if (rule->fault != IV_FAULT_NONE) {
        run_faults(row, submission, verdict, tally);
        return;
    }
    if (rule->check == NULL && row->pattern == NULL) {
        return; /* about waivers */
    }
    if (!iv_engine_runs_all(verdict->judged)) {
        assert(rule->check != NULL); /* what has a pattern is about submissions alone */
        (verdict->judged->request != NULL     ? run_request
         : (rule->also & IV_ALSO_CHANGE) != 0 ? run_changes
                                              : run_steps)(row, verdict, tally);
        return;
    }
    /* row_open() lets a pattern stand on a package or the device alone. */
    assert(rule->check != NULL || rule->subject == IV_SUBJECT_PACKAGE ||
           rule->subject == IV_SUBJECT_ENTRY || rule->subject == IV_SUBJECT_DEVICE);
    switch (rule->subject) {
    case IV_SUBJECT_SUBMISSION:
        iv_tally_add(tally, rule->check(&verdict->hand, verdict));
        break;
    case IV_SUBJECT_PACKAGE:
        run_packages(row, submission, false, verdict, tally);
        break;
    case IV_SUBJECT_ENTRY:
        run_packages(row, submission, true, verdict, tally);
        break;
    case IV_SUBJECT_DEVICE:
        if (row->pattern != NULL) {
            run_device(row, submission, verdict, tally);
        } else {
            iv_tally_add(tally, rule->check(&verdict->hand, verdict));
        }
        break;
    case IV_SUBJECT_VARIANT:
        run_variants(row, submission, verdict, tally);
        break;
    case IV_SUBJECT_REQUEST:
    case IV_SUBJECT_STEP:
    case IV_SUBJECT_IMAGE:
    case IV_SUBJECT_POLICY:
        break;
    }
}

/* One of the submission's own; what is only known from the history is not here. */
static bool has_package(const struct iv_submission *submission)
{
    for (size_t i = 0; i < submission->package_count; i++) {
        if (submission->packages[i].origin == IV_ORIGIN_SUBMISSION) {
            return true;
        }
    }
    return false;
}

/* A tree that holds no package is not judged; an image without one has rules of its own. */
static bool is_bare_tree(const struct iv_submission *submission, bool any_package)
{
    return !any_package && iv_kinds[submission->kind].is_loose;
}

/* The row's own severity; some rows are warnings in a trial request. */
static enum iv_severity default_severity(const struct iv_rule *rule, const struct iv_judged *judged)
{
    const struct iv_request *request = judged->request;
    bool eased = rule->eases_in_trial && request != NULL && request->type == IV_REQUEST_TRIAL;
    return eased ? IV_WARNING : rule->severity;
}

/* The severity in force of each row, and whether the policy changed it. */
static const struct iv_level *levels_build(const struct iv_engine *engine,
                                           const struct iv_policy *policy,
                                           const struct iv_judged *judged, struct iv_arena *arena)
{
    struct iv_level *levels = IV_NEW_ARRAY(arena, struct iv_level, engine->count + 1);
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        const struct iv_policy_severity *asked = iv_policy_severity(policy, rule);
        levels[i].severity = default_severity(rule, judged);
        if (asked != NULL && asked->severity != levels[i].severity) {
            levels[i] = (struct iv_level){.severity = asked->severity, .by_policy = true};
        }
    }
    return levels;
}

/* ---- one thing that is judged -------------------------------------------------------------- */

/* The row's place, which orders findings; the number of rows when the engine does not have it. */
static size_t rank_of(const struct iv_engine *engine, const struct iv_rule *rule)
{
    size_t rank = 0;
    while (rank < engine->count && engine->rows[rank].rule != rule) {
        rank++;
    }
    return rank;
}

/* Appends a finding that was made by another run. */
static struct iv_found_row *take_over(struct iv_verdict *verdict, const struct iv_finding *finding,
                                      size_t rank)
{
    verdict->found = iv_arena_grow(verdict->arena, verdict->found, verdict->count,
                                   &verdict->capacity, sizeof(*verdict->found));
    struct iv_found_row *found = &verdict->found[verdict->count++];
    *found = (struct iv_found_row){.finding = *finding, .rank = rank};
    return found;
}

/* The findings of an earlier judgement, as this one weighs them. Those of other rows stay there. */
static bool take_reported(struct iv_verdict *verdict, struct iv_judgement *judgement)
{
    const struct iv_engine *engine = verdict->engine;
    const struct iv_judgement *reported = verdict->judged->reported;
    bool unfinished = false;
    for (size_t i = 0; i < reported->finding_count; i++) {
        const size_t rank = rank_of(engine, reported->findings[i].rule);
        if (rank < engine->count) {
            struct iv_finding *finding = &take_over(verdict, &reported->findings[i], rank)->finding;
            finding->severity = verdict->levels[rank].severity;
            finding->severity_by_policy = verdict->levels[rank].by_policy;
            finding->waived = false;
            finding->waiver = NULL;
        }
    }
    for (size_t i = 0; i < engine->count; i++) {
        judgement->outcomes[i] = (struct iv_rule_outcome){.rule = engine->rows[i].rule};
    }

    for (size_t i = 0; i < reported->outcome_count; i++) {
        const size_t rank = rank_of(engine, reported->outcomes[i].rule);
        if (rank < engine->count) {
            judgement->outcomes[rank] = reported->outcomes[i];
            unfinished = unfinished || reported->outcomes[i].outcome == IV_NOT_EVALUATED;
        }
    }
    return unfinished;
}

/* Judgements that were made elsewhere: nothing about them changes. */
static void take_parts(struct iv_verdict *verdict)
{
    const struct iv_judged *judged = verdict->judged;
    for (size_t p = 0; p < judged->part_count; p++) {
        for (size_t i = 0; i < judged->parts[p].finding_count; i++) {
            const struct iv_finding *finding = &judged->parts[p].findings[i];
            take_over(verdict, finding, rank_of(verdict->engine, finding->rule))->is_settled = true;
        }
    }
}

/* Whether a row has something to look at here. */
static bool applies(const struct iv_rule *rule, const struct iv_judged *judged)
{
    const bool is_of_whole =
        rule->subject != IV_SUBJECT_REQUEST && rule->subject != IV_SUBJECT_STEP;
    return !iv_engine_runs_all(judged) ||
           (is_of_whole && (rule->applies & applies_to(judged->submission)) != 0);
}

/* Returns whether something was not evaluated. */
static bool run_rows(struct iv_verdict *verdict, bool is_bare, struct iv_judgement *judgement)
{
    const struct iv_engine *engine = verdict->engine;
    const struct iv_judged *judged = verdict->judged;
    const struct iv_submission *submission = judged->submission;
    bool unfinished = false;
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        struct iv_tally tally = {.worst = IV_NOT_APPLICABLE};
        struct iv_span start = {0};
        struct iv_span span = {0};
        verdict->rank = i;
        if (verdict->options->with_spans) {
            start = iv_span_now();
        }
        if (iv_engine_runs(rule, judged) && applies(rule, judged)) {
            if (!is_bare || rule->fault != IV_FAULT_NONE) {
                run_row(&engine->rows[i], submission, verdict, &tally);
            } else if (rule->check != NULL || rule->pattern != NULL) {
                tally.worst = IV_NOT_EVALUATED;
            }
        }
        if (verdict->options->with_spans) {
            iv_span_add(&span, &start);
        }
        judgement->outcomes[i] = (struct iv_rule_outcome){
            .rule = rule, .outcome = tally.worst, .subjects = tally.subjects, .span = span};
        unfinished = unfinished || tally.unfinished;
    }
    return unfinished;
}

/* Rows about other things have no outcome: a diff says nothing about a package's name. */
static void keep_outcomes_of(const struct iv_judged *judged, bool with_policy,
                             struct iv_judgement *judgement)
{
    size_t kept = 0;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule *rule = judgement->outcomes[i].rule;
        if (iv_engine_runs(rule, judged) || (with_policy && rule->waiver != IV_WAIVER_FINE)) {
            judgement->outcomes[kept++] = judgement->outcomes[i];
        }
    }
    judgement->outcome_count = kept;
}

void iv_engine_judge(const struct iv_engine *engine, const struct iv_judged *judged,
                     const struct iv_engine_options *options, struct iv_arena *arena,
                     struct iv_judgement *ret_judgement)
{
    struct iv_judgement judgement = {
        .outcomes = IV_NEW_ARRAY(arena, struct iv_rule_outcome, engine->count + 1),
        .outcome_count = engine->count,
    };
    struct iv_verdict verdict = {.engine = engine,
                                 .options = options,
                                 .judged = judged,
                                 .levels =
                                     levels_build(engine, options->judging.policy, judged, arena),
                                 .arena = arena};

    const bool is_whole = iv_engine_runs_all(judged);
    const bool any_package = !is_whole || has_package(judged->submission);
    const bool is_bare = is_whole && is_bare_tree(judged->submission, any_package);

    bool unfinished = judged->unfinished || !any_package;
    if (judged->reported != NULL) {
        unfinished = take_reported(&verdict, &judgement) || unfinished;
    } else {
        unfinished = run_rows(&verdict, is_bare, &judgement) || unfinished;
    }

    take_parts(&verdict);
    iv_settle_waive(&verdict);
    if (!is_bare) {
        iv_settle_waivers(&verdict, &judgement);
    }

    iv_settle_finish(&verdict, unfinished, &judgement);
    iv_reason_add(&judgement, is_bare, arena);
    if (is_bare) {
        judgement.verdict = IV_VERDICT_INCOMPLETE;
    }
    keep_outcomes_of(judged, options->judging.policy != NULL, &judgement);
    *ret_judgement = judgement;
}
