/*
 * What rows report, as findings. A check knows its case and says what is wrong in a struct
 * iv_evidence; all else of a finding comes from here: the severity in force (the row's own, the
 * policy's, or that of the rule it follows from), the names and the path of the subject in hand,
 * the remedy of the row where the check has none.
 *
 * The case in hand (verdict->hand) is set by engine.c before each call of a check. Findings are
 * kept with the place of their rule in the tables and with what waivers ask about; settle.c lays
 * waivers over them and brings them in order.
 */
#include "imgval/engine/verdict.h"

#include "imgval/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Without a submission only steps can be judged, also when a history has none of them. */
static bool judges_steps(const struct iv_judged *judged)
{
    return judged->steps != NULL || judged->submission == NULL;
}

/* A submission is judged, and not a request or the steps of a history. */
bool iv_engine_runs_all(const struct iv_judged *judged)
{
    return judged->request == NULL && !judges_steps(judged);
}

/* A submission is judged by every row. A request and a history have rows of their own: one that
 * looks at a submission has no subject there, and an outcome of it would be a pass for nothing. */
bool iv_engine_runs(const struct iv_rule *rule, const struct iv_judged *judged)
{
    if (judged->request != NULL) {
        return rule->subject == IV_SUBJECT_REQUEST || (rule->also & IV_ALSO_REQUEST) != 0;
    }
    if (judges_steps(judged)) {
        return rule->subject == IV_SUBJECT_STEP || (rule->also & IV_ALSO_CHANGE) != 0;
    }
    return true;
}

/* A row over many subjects has the worst of their outcomes, but "not evaluated" is kept beside a
 * failure, as it alone keeps the verdict from being final. What a row does not apply to is no
 * subject. */
void iv_tally_add(struct iv_tally *tally, enum iv_outcome outcome)
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

struct iv_arena *iv_verdict_arena(struct iv_verdict *verdict)
{
    return verdict->arena;
}

/* Into the arena of the findings, since what a check says outlives its case. */
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

/* The most particular thing in hand names the place: package before step before submission. */
struct iv_finding *iv_verdict_add(struct iv_verdict *verdict)
{
    verdict->found = iv_arena_grow(verdict->arena, verdict->found, verdict->count,
                                   &verdict->capacity, sizeof(*verdict->found));
    struct iv_found_row *found = &verdict->found[verdict->count++];
    const struct iv_case *c = &verdict->hand;
    *found = (struct iv_found_row){
        .finding =
            {
                .rule = c->rule,
                .severity = verdict->levels[verdict->rank].severity,
                .severity_by_policy = verdict->levels[verdict->rank].by_policy,
                .incomplete = c->rule->incomplete,
                .remedy = c->rule->remedy,
                .path = c->submission == NULL ? NULL : c->submission->path,
                .variant = c->variant == NULL ? NULL : &c->variant->pop,
            },
        .rank = verdict->rank,
        .step = c->step,
        .package = c->package,
    };
    struct iv_finding *finding = &found->finding;
    if (c->step != NULL) {
        finding->path = c->step->path;
        finding->variant = c->step->variant;
        finding->baseline = c->step->before;
    }
    if (c->asked != NULL) {
        finding->variant = &c->asked->pop;
    }
    if (c->package != NULL) {
        finding->path = c->package->path != NULL ? c->package->path : finding->path;
        finding->package = c->package->name;
        finding->key = c->package->key;
    }
    return finding;
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
        const struct iv_level *level = &verdict->levels[i];
        if (!finding->severity_by_policy || level->severity > finding->severity) {
            finding->severity = level->severity;
            finding->severity_by_policy = level->by_policy;
        }
        finding->cause = engine->rows[i].rule->id;
        finding->binding_cause = !iv_rule_can_be_waived(engine->rows[i].rule);
        return;
    }
}

/* What the check says goes over what the case in hand says, member by member: a row speaks of
 * its subject unless it names something else. */
void iv_verdict_fail(struct iv_verdict *verdict, const struct iv_evidence *evidence)
{
    struct iv_finding *finding = iv_verdict_add(verdict);
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
    finding->has_packages = evidence->direction != NULL || evidence->packages != NULL;
    finding->incomplete = finding->incomplete || evidence->incomplete;
    finding->baseline = evidence->baseline != NULL ? evidence->baseline : finding->baseline;
    finding->direction = evidence->direction;
    finding->member = evidence->member;
    if (evidence->raised) {
        finding->severity = IV_ERROR;
    }
    if (evidence->severity_of != NULL) {
        follow_cause(verdict, evidence->severity_of, finding);
    }
}

/* The holes are looked for in the row's text alone, never in what was filled in: text of the
 * input may hold "{0}", too. */
const char *iv_verdict_fill(struct iv_verdict *verdict, const char *text, const char *path,
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
