#include "imgval/engine/engine.h"

#include "imgval/base/buf.h"
#include "imgval/base/glob.h"
#include "imgval/base/pattern.h"
#include "imgval/engine/policy.h"
#include "imgval/engine/waive.h"
#include "imgval/model/fields.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const struct iv_rule *rule;
    struct iv_pattern *pattern;   /* pattern rows */
    const struct iv_field *field; /* pattern rows on packages */
};

struct iv_engine {
    struct row *rows;
    size_t count;
};

/* A finding and the place of its rule in the tables. */
struct found {
    struct iv_finding finding;
    size_t rank;
};

/* A row's severity in force. */
struct level {
    enum iv_severity severity;
    bool by_policy;
};

struct iv_verdict {
    const struct iv_engine *engine;
    const struct iv_engine_options *options;
    const struct level *levels; /* by rank */
    struct iv_arena *arena;
    struct iv_case hand; /* the case in hand */
    size_t rank;
    struct found *found;
    size_t count;
    size_t capacity;
};

/* What became of one row. */
struct tally {
    enum iv_outcome worst;
    size_t subjects;
    bool unfinished; /* a subject was not evaluated, whatever became of the others */
};

/* ---- opening ------------------------------------------------------------------------------- */

static bool row_open(struct row *row, const struct iv_rule *rule, struct iv_error *err)
{
    *row = (struct row){.rule = rule};
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

bool iv_engine_open(const struct iv_rules *families, size_t family_count,
                    struct iv_engine **ret_engine, struct iv_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < family_count; i++) {
        count += families[i].count;
    }
    struct iv_engine *engine = calloc(1, sizeof(*engine));
    struct row *rows = calloc(count + 1, sizeof(*rows));
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

/* ---- evidence into findings ---------------------------------------------------------------- */

struct iv_arena *iv_verdict_arena(struct iv_verdict *verdict)
{
    return verdict->arena;
}

const char *iv_verdict_printf(struct iv_verdict *verdict, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0) {
        iv_out_of_memory();
    }
    char *text = iv_arena_alloc(verdict->arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    return text;
}

static struct iv_finding *finding_add(struct iv_verdict *verdict)
{
    verdict->found = iv_arena_grow(verdict->arena, verdict->found, verdict->count,
                                   &verdict->capacity, sizeof(*verdict->found));
    struct found *found = &verdict->found[verdict->count++];
    const struct iv_case *c = &verdict->hand;
    *found = (struct found){
        .finding =
            {
                .rule = c->rule,
                .severity = verdict->levels[verdict->rank].severity,
                .severity_by_policy = verdict->levels[verdict->rank].by_policy,
                .incomplete = c->rule->incomplete,
                .remedy = c->rule->remedy,
                .path = c->submission->path,
                .variant = c->variant == NULL ? NULL : &c->variant->pop,
            },
        .rank = verdict->rank,
    };
    if (c->package != NULL) {
        found->finding.path = c->package->path;
        found->finding.package = c->package->name;
        found->finding.key = c->package->key;
    }
    return &found->finding;
}

/* The severity of the rule that a finding follows from; a policy may have raised its own. */
static void follow_cause(const struct iv_verdict *verdict, const char *id,
                         struct iv_finding *finding)
{
    const struct iv_engine *engine = verdict->engine;
    for (size_t i = 0; i < engine->count; i++) {
        if (strcmp(engine->rows[i].rule->id, id) != 0) {
            continue;
        }
        const struct level *level = &verdict->levels[i];
        if (!finding->severity_by_policy || level->severity > finding->severity) {
            finding->severity = level->severity;
            finding->severity_by_policy = level->by_policy;
        }
        finding->cause = engine->rows[i].rule->id;
        finding->binding_cause = !iv_rule_can_be_waived(engine->rows[i].rule);
        return;
    }
}

void iv_verdict_fail(struct iv_verdict *verdict, const struct iv_evidence *evidence)
{
    struct iv_finding *finding = finding_add(verdict);
    finding->message = evidence->message;
    if (evidence->remedy != NULL) {
        finding->remedy = evidence->remedy;
    }
    if (evidence->path != NULL) {
        finding->path = evidence->path;
    }
    if (evidence->package_name != NULL) {
        finding->package = evidence->package_name;
    }
    if (evidence->key != NULL) {
        finding->key = evidence->key;
    }
    finding->field = evidence->field;
    finding->actual = evidence->actual;
    finding->expected = evidence->expected;
    finding->packages = evidence->packages;
    finding->package_count = evidence->package_count;
    finding->has_packages = evidence->direction != NULL;
    finding->baseline = evidence->baseline;
    finding->direction = evidence->direction;
    if (evidence->severity_of != NULL) {
        follow_cause(verdict, evidence->severity_of, finding);
    }
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

static enum iv_outcome judge_text(const struct row *row, struct iv_verdict *verdict,
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

static enum iv_outcome judge_package_field(const struct row *row, const struct iv_package *package,
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

static void tally_add(struct tally *tally, enum iv_outcome outcome)
{
    if (outcome == IV_NOT_APPLICABLE) {
        return;
    }
    tally->subjects++;
    tally->unfinished = tally->unfinished || outcome == IV_NOT_EVALUATED;
    if (outcome > tally->worst) {
        tally->worst = outcome; /* the enumerators stand in the order of aggregation */
    }
}

static bool has_conflict(const struct iv_device *device, const char *name)
{
    for (size_t i = 0; i < device->conflict_count; i++) {
        if (strcmp(device->conflicts[i].winner->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void run_device(const struct row *row, const struct iv_submission *submission,
                       struct iv_verdict *verdict, struct tally *tally)
{
    const struct iv_device *device = &submission->device;
    const char *name = row->rule->field;
    if (has_conflict(device, name)) {
        tally_add(tally, IV_NOT_EVALUATED);
        return;
    }
    bool any = false;
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *datum = &device->values[i];
        if (strcmp(datum->name, name) == 0) {
            tally_add(tally, judge_text(row, verdict, datum->value, datum->source));
            any = true;
        }
    }
    bool is_image = iv_submission_is_image(submission);
    if (!any && (is_image ? iv_submission_misses_sources(submission)
                          : iv_submission_is_half_read(submission))) {
        tally_add(tally, IV_NOT_EVALUATED);
    } else if (!any && is_image) {
        pattern_fail(verdict, NULL, NULL);
        tally_add(tally, IV_FAILED);
    }
}

static void run_packages(const struct row *row, const struct iv_submission *submission,
                         bool history_too, struct iv_verdict *verdict, struct tally *tally)
{
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct iv_package *package = &submission->packages[i];
        if (package->origin == IV_ORIGIN_HISTORY && !history_too) {
            continue;
        }
        verdict->hand.package = package;
        tally_add(tally, row->pattern != NULL ? judge_package_field(row, package, verdict)
                                              : row->rule->check(&verdict->hand, verdict));
    }
}

static void run_variants(const struct row *row, const struct iv_submission *submission,
                         struct iv_verdict *verdict, struct tally *tally)
{
    if (submission->variant_count == 0) {
        tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
    for (size_t i = 0; i < submission->variant_count; i++) {
        verdict->hand.variant = &submission->variants[i];
        tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
}

/* A template of rules/: {0} is the path, {1} the detail. */
static const char *fault_message(struct iv_verdict *verdict, const char *text, const char *path,
                                 const char *detail)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (const char *p = text == NULL ? "{0}: {1}" : text; *p != '\0';) {
        if (strncmp(p, "{0}", 3) == 0 || strncmp(p, "{1}", 3) == 0) {
            iv_buf_puts(&buf, p[1] == '0' ? path : detail);
            p += 3;
        } else {
            iv_buf_putc(&buf, *p++);
        }
    }
    return iv_arena_strndup(verdict->arena, iv_buf_text(&buf), buf.size);
}

static enum iv_outcome judge_faults(const struct iv_rule *rule, const struct iv_fault *faults,
                                    size_t count, struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < count; i++) {
        const struct iv_fault *fault = &faults[i];
        if (fault->kind != rule->fault) {
            continue;
        }
        struct iv_finding *finding = finding_add(verdict);
        if (fault->path != NULL) {
            finding->path = fault->path;
        }
        finding->member = fault->member;
        finding->line = fault->line;
        finding->message =
            fault_message(verdict, rule->message, finding->path == NULL ? "" : finding->path,
                          fault->detail == NULL ? "no detail is known" : fault->detail);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* Faults of the tree and of every package, whatever the row's subject says. */
static void run_faults(const struct row *row, const struct iv_submission *submission,
                       struct iv_verdict *verdict, struct tally *tally)
{
    tally_add(tally, judge_faults(row->rule, submission->faults, submission->fault_count, verdict));
    for (size_t i = 0; i < submission->package_count; i++) {
        const struct iv_package *package = &submission->packages[i];
        verdict->hand.package = package;
        tally_add(tally, judge_faults(row->rule, package->faults, package->fault_count, verdict));
    }
}

/* ---- waivers ------------------------------------------------------------------------------- */

static void waive(struct iv_verdict *verdict, const struct iv_submission *submission)
{
    const struct iv_engine_options *options = verdict->options;
    if (options->policy == NULL || options->policy->waiver_count == 0) {
        return;
    }
    struct iv_waive_causes *causes = iv_waive_causes(submission, verdict->arena);
    for (size_t i = 0; i < verdict->count; i++) {
        iv_waive_finding(options, submission, &verdict->found[i].finding);
        iv_waive_note_cause(causes, &verdict->found[i].finding);
    }
    for (size_t i = 0; i < verdict->count; i++) {
        iv_waive_by_cause(causes, &verdict->found[i].finding);
    }
}

/* One finding for each waiver in the row's state. */
static void run_waivers(const struct iv_rule *rule, struct iv_verdict *verdict, struct tally *tally)
{
    const struct iv_engine_options *options = verdict->options;
    for (size_t i = 0; i < options->policy->waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &options->policy->waivers[i];
        if (iv_waive_state(options, i) != rule->waiver) {
            tally_add(tally, IV_PASSED);
            continue;
        }
        const struct iv_rule *refused = options->uses[i].refused;
        struct iv_finding *finding = finding_add(verdict);
        const char *text = iv_waive_text(waiver, verdict->arena);
        finding->path = options->policy->path;
        finding->line = waiver->line;
        finding->field = text;
        finding->actual = waiver->waiver.expires;
        finding->message = fault_message(verdict, rule->message, text,
                                         refused != NULL ? refused->id : waiver->waiver.expires);
        tally_add(tally, IV_FAILED);
    }
}

/* A waiver that names nothing but what cannot be waived is told even when there is no finding. */
static void note_refused(const struct iv_engine *engine, const struct iv_engine_options *options,
                         size_t place)
{
    const struct iv_policy_waiver *waiver = &options->policy->waivers[place];
    struct iv_waiver_use *use = &options->uses[place];
    const struct iv_rule *refused = NULL;
    if (use->is_used || use->refused != NULL || waiver->rule == NULL || options->what_if) {
        return;
    }
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        if (iv_glob_match(waiver->rule, rule->id) || iv_glob_match(waiver->rule, rule->name)) {
            if (iv_rule_can_be_waived(rule)) {
                return;
            }
            refused = refused == NULL ? rule : refused;
        }
    }
    use->refused = refused;
}

static void judge_waivers(const struct iv_engine *engine, const struct iv_submission *submission,
                          struct iv_verdict *verdict, struct iv_judgement *judgement)
{
    const struct iv_engine_options *options = verdict->options;
    if (options->policy == NULL || !options->is_last) {
        return;
    }
    for (size_t i = 0; i < options->policy->waiver_count; i++) {
        note_refused(engine, options, i);
    }
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        struct tally tally = {.worst = IV_NOT_APPLICABLE};
        if (rule->waiver == IV_WAIVER_FINE) {
            continue;
        }
        verdict->rank = i;
        verdict->hand = (struct iv_case){.rule = rule, .submission = submission};
        run_waivers(rule, verdict, &tally);
        judgement->outcomes[i].outcome = tally.worst;
        judgement->outcomes[i].subjects = tally.subjects;
    }
}

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
static void run_image(const struct row *row, const struct iv_submission *submission,
                      struct iv_verdict *verdict, struct tally *tally)
{
    if (row->rule->fault != IV_FAULT_NONE) {
        size_t before = verdict->count;
        struct tally faults = {.worst = IV_NOT_APPLICABLE};
        run_faults(row, submission, verdict, &faults);
        if (submission->image.present || verdict->count > before) {
            if (row->rule->fault == IV_FAULT_HASH_MISMATCH && faults.worst == IV_PASSED) {
                faults.worst = hash_outcome(&submission->image);
            }
            tally_add(tally, faults.worst);
        }
    } else if (submission->image.present) {
        tally_add(tally, row->rule->check(&verdict->hand, verdict));
    }
}

static void run_row(const struct row *row, const struct iv_submission *submission,
                    struct iv_verdict *verdict, struct tally *tally)
{
    const struct iv_rule *rule = row->rule;
    verdict->hand = (struct iv_case){.rule = rule, .submission = submission};
    if (rule->subject == IV_SUBJECT_IMAGE) {
        run_image(row, submission, verdict, tally);
        return;
    }
    if (rule->fault != IV_FAULT_NONE) {
        run_faults(row, submission, verdict, tally);
        return;
    }
    if (rule->check == NULL && row->pattern == NULL) {
        return; /* judged by a command */
    }
    /* row_open() lets a pattern stand on a package or the device alone. */
    assert(rule->check != NULL || rule->subject == IV_SUBJECT_PACKAGE ||
           rule->subject == IV_SUBJECT_ENTRY || rule->subject == IV_SUBJECT_DEVICE);
    switch (rule->subject) {
    case IV_SUBJECT_SUBMISSION:
        tally_add(tally, rule->check(&verdict->hand, verdict));
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
            tally_add(tally, rule->check(&verdict->hand, verdict));
        }
        break;
    case IV_SUBJECT_VARIANT:
        run_variants(row, submission, verdict, tally);
        break;
    case IV_SUBJECT_REQUEST:
    case IV_SUBJECT_HISTORY:
    case IV_SUBJECT_IMAGE:
    case IV_SUBJECT_POLICY:
        break;
    }
}

/* ---- order, counts, verdict ---------------------------------------------------------------- */

static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return strcmp(a, b);
}

static int variant_order(const struct iv_pop *a, const struct iv_pop *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    return iv_pop_compare(a, b);
}

static int found_order(const void *left, const void *right)
{
    const struct found *a = *(const struct found *const *)left;
    const struct found *b = *(const struct found *const *)right;
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

static void findings_finish(const struct iv_verdict *verdict, struct iv_judgement *judgement)
{
    size_t count = verdict->count;
    const struct found **order = IV_NEW_ARRAY(verdict->arena, const struct found *, count + 1);
    for (size_t i = 0; i < count; i++) {
        order[i] = &verdict->found[i];
    }
    qsort(order, count, sizeof(*order), found_order);
    judgement->findings = IV_NEW_ARRAY(verdict->arena, struct iv_finding, count + 1);
    judgement->finding_count = count;
    for (size_t i = 0; i < count; i++) {
        struct iv_finding *finding = &judgement->findings[i];
        *finding = order[i]->finding;
        finding->fingerprint = iv_finding_fingerprint(finding, verdict->arena);
    }
}

static void counts_build(const struct iv_submission *submission,
                         const struct iv_judgement *judgement, struct iv_counts *ret_counts)
{
    struct iv_counts counts = {0};
    for (size_t i = 0; i < submission->package_count; i++) {
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
    return !any_package &&
           (submission->kind == IV_KIND_DIRECTORY || submission->kind == IV_KIND_PACKAGE);
}

static const struct level *levels_build(const struct iv_engine *engine,
                                        const struct iv_policy *policy, struct iv_arena *arena)
{
    struct level *levels = IV_NEW_ARRAY(arena, struct level, engine->count + 1);
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        const struct iv_policy_severity *asked = iv_policy_severity(policy, rule);
        levels[i] = asked == NULL || asked->severity == rule->severity
                        ? (struct level){.severity = rule->severity}
                        : (struct level){.severity = asked->severity, .by_policy = true};
    }
    return levels;
}

void iv_engine_judge(const struct iv_engine *engine, const struct iv_submission *submission,
                     const struct iv_engine_options *options, struct iv_arena *arena,
                     struct iv_judgement *ret_judgement)
{
    struct iv_judgement judgement = {
        .outcomes = IV_NEW_ARRAY(arena, struct iv_rule_outcome, engine->count + 1),
        .outcome_count = engine->count,
    };
    struct iv_verdict verdict = {.engine = engine,
                                 .options = options,
                                 .levels = levels_build(engine, options->policy, arena),
                                 .arena = arena};
    bool any_package = has_package(submission);
    bool bare = is_bare_tree(submission, any_package);
    bool unfinished = !any_package;
    for (size_t i = 0; i < engine->count; i++) {
        const struct iv_rule *rule = engine->rows[i].rule;
        struct tally tally = {.worst = IV_NOT_APPLICABLE};
        struct iv_span start = {0};
        struct iv_span span = {0};
        verdict.rank = i;
        if (options->with_spans) {
            start = iv_span_now();
        }
        if ((rule->applies & applies_to(submission)) != 0) {
            if (!bare || rule->fault != IV_FAULT_NONE) {
                run_row(&engine->rows[i], submission, &verdict, &tally);
            } else if (rule->check != NULL || rule->pattern != NULL) {
                tally.worst = IV_NOT_EVALUATED;
            }
        }
        if (options->with_spans) {
            iv_span_add(&span, &start);
        }
        judgement.outcomes[i] = (struct iv_rule_outcome){
            .rule = rule, .outcome = tally.worst, .subjects = tally.subjects, .span = span};
        unfinished = unfinished || tally.unfinished;
    }
    waive(&verdict, submission);
    if (!bare) {
        judge_waivers(engine, submission, &verdict, &judgement);
    }
    findings_finish(&verdict, &judgement);
    counts_build(submission, &judgement, &judgement.counts);
    judgement.verdict =
        bare ? IV_VERDICT_INCOMPLETE : final_verdict(&judgement, options->fail_on, unfinished);
    *ret_judgement = judgement;
}
