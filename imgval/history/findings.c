#include "imgval/history/findings.h"

#include "rules/rules.h"
#include "rules/wording.h"

#include <stdlib.h>
#include <string.h>

/* ---- the report ------------------------------------------------------------------------------ */

static struct iv_counts counts_of(const struct iv_submission *s, const struct iv_finding *findings,
                                  size_t count)
{
    struct iv_counts counts = {0};
    for (size_t i = 0; i < s->package_count; i++) {
        counts.packages += s->packages[i].origin == IV_ORIGIN_SUBMISSION ? 1 : 0;
        counts.unreadable += s->packages[i].unreadable ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        counts.error += findings[i].severity == IV_ERROR ? 1 : 0;
        counts.warning += findings[i].severity == IV_WARNING ? 1 : 0;
        counts.note += findings[i].severity == IV_NOTE ? 1 : 0;
    }
    return counts;
}

static struct iv_report report_of(const struct iv_submission *s,
                                  const struct iv_judgement *judgement, const char *tool_version,
                                  struct iv_arena *arena)
{
    struct iv_report_entry *entry = IV_NEW(arena, struct iv_report_entry);
    struct iv_submission *told = IV_NEW(arena, struct iv_submission);
    *told = *s;
    /* Nothing was compared with baselines here: a report must not say how that ended. */
    told->variants = IV_NEW_ARRAY(arena, struct iv_variant, s->variant_count + 1);
    for (size_t i = 0; i < s->variant_count; i++) {
        told->variants[i] = (struct iv_variant){
            .pop = s->variants[i].pop,
            .wspc = {.status = IV_WSPC_NOT_APPLICABLE},
        };
    }
    *entry = (struct iv_report_entry){.submission = told, .judgement = *judgement};
    entry->judgement.counts = counts_of(s, judgement->findings, judgement->finding_count);
    return (struct iv_report){
        .tool = "imgval",
        .tool_version = tool_version,
        .verdict = judgement->verdict,
        .fail_on = IV_ERROR,
        .entries = entry,
        .entry_count = 1,
    };
}

static bool has_finding(const struct iv_judgement *judgement, const struct iv_rule *rule)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        if (judgement->findings[i].rule == rule) {
            return true;
        }
    }
    return false;
}

static void add_outcome(struct iv_judgement *judgement, const struct iv_rule *rule,
                        enum iv_outcome without_finding)
{
    judgement->outcomes[judgement->outcome_count++] = (struct iv_rule_outcome){
        .rule = rule,
        .outcome = has_finding(judgement, rule) ? IV_FAILED : without_finding,
        .subjects = 1,
    };
}

/* ---- a difference ---------------------------------------------------------------------------- */

/* The findings of one difference in the making. */
struct finding_list {
    const struct iv_delta_report *delta;
    struct iv_arena *arena;
    const struct iv_baseline *before; /* the earlier side */
    struct iv_finding *items;
    size_t count;
};

static struct iv_finding *add_finding(struct finding_list *list, const struct iv_rule *rule)
{
    struct iv_finding *finding = &list->items[list->count++];
    *finding = (struct iv_finding){
        .rule = rule,
        .severity = rule->severity,
        .remedy = rule->remedy,
        .path = list->delta->after->path,
        .baseline = list->before,
    };
    return finding;
}

static void add_removed(struct finding_list *list)
{
    const struct iv_rule *rule = iv_rules_find("WSPC004");
    const struct iv_delta *delta = &list->delta->delta;
    const struct iv_package **removed =
        IV_NEW_ARRAY(list->arena, const struct iv_package *, delta->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < delta->count; i++) {
        if (delta->changes[i].after == NULL) {
            removed[count++] = delta->changes[i].before;
        }
    }
    if (count == 0) {
        return;
    }
    const char *names = iv_rules_names(list->arena, removed, count);
    struct iv_finding *finding = add_finding(list, rule);
    finding->message = iv_rules_fill(list->arena, rule->message, &names, 1);
    finding->remedy = iv_rules_removed_remedy(rule, delta, list->arena);
    /* What was not read is missing too, and what was missing before may be more. */
    finding->incomplete = list->delta->before_incomplete || list->delta->after_incomplete;
    finding->field = IV_PHONE_FIRMWARE_REVISION;
    finding->actual = list->delta->after->firmware_version;
    finding->packages = removed;
    finding->package_count = count;
    finding->has_packages = true;
    finding->fingerprint = iv_finding_fingerprint(finding, list->arena);
}

static const char *known(const char *version)
{
    return version == NULL ? "(not known)" : version;
}

static void add_package(struct finding_list *list, const struct iv_rule *rule,
                        const struct iv_change *change, const char *message, const char *expected)
{
    struct iv_finding *finding = add_finding(list, rule);
    finding->message = message;
    finding->package = change->after->name;
    finding->key = change->after->key;
    finding->path = change->after->path;
    finding->field = "version";
    finding->actual = change->after->version;
    finding->expected =
        iv_arena_printf(list->arena, "%s %s", expected, known(change->before->version));
    finding->fingerprint = iv_finding_fingerprint(finding, list->arena);
}

static int text_order(const char *a, const char *b)
{
    return a == NULL || b == NULL ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int place_order(const void *left, const void *right)
{
    const struct iv_finding *x = left;
    const struct iv_finding *y = right;
    int order = text_order(x->path, y->path);
    return order != 0 ? order : text_order(x->key, y->key);
}

/* The findings of one rule about the packages with this change, by path. */
static void add_changed(struct finding_list *list, const char *id, unsigned mask)
{
    const struct iv_rule *rule = iv_rules_find(id);
    const struct iv_delta *delta = &list->delta->delta;
    const size_t first = list->count;
    for (size_t i = 0; i < delta->count; i++) {
        const struct iv_change *change = &delta->changes[i];
        if ((change->what & mask) == 0) {
            continue;
        }
        const char *name = iv_delta_name(change->after);
        if (mask == IV_CHANGE_CONTENT) {
            add_package(list, rule, change,
                        iv_arena_printf(list->arena,
                                        "%s has the version %s as before, but other "
                                        "files",
                                        name, known(change->after->version)),
                        "a version above");
        } else {
            add_package(list, rule, change,
                        iv_arena_printf(
                            list->arena, "%s has the version %s, which is lower than %s before",
                            name, known(change->after->version), known(change->before->version)),
                        "at least");
        }
    }
    if (list->count > first + 1) {
        qsort(&list->items[first], list->count - first, sizeof(*list->items), place_order);
    }
}

void iv_findings_of_delta(const struct iv_delta_report *delta, struct iv_arena *arena,
                          struct iv_report *ret_report)
{
    static const char *const ids[] = {"WSPC004", "ADV001", "ADV002"};
    const bool incomplete = delta->before_incomplete || delta->after_incomplete;
    struct iv_baseline *before = IV_NEW(arena, struct iv_baseline);
    *before = (struct iv_baseline){
        .id = delta->before->id,
        .firmware_version = delta->before->firmware_version,
        .number = delta->before->number,
    };
    struct finding_list list = {
        .delta = delta,
        .arena = arena,
        .before = before,
        .items = IV_NEW_ARRAY(arena, struct iv_finding, 2 * delta->delta.count + 1),
    };
    add_removed(&list);
    add_changed(&list, "ADV001", IV_CHANGE_CONTENT);
    add_changed(&list, "ADV002", IV_CHANGE_VERSION_DOWN);
    struct iv_judgement judgement = {
        .findings = list.items,
        .finding_count = list.count,
        .outcomes = IV_NEW_ARRAY(arena, struct iv_rule_outcome, IV_COUNT(ids)),
        .verdict = incomplete ? IV_VERDICT_INCOMPLETE : IV_VERDICT_PASS,
    };
    for (size_t i = 0; i < IV_COUNT(ids); i++) {
        add_outcome(&judgement, iv_rules_find(ids[i]), incomplete ? IV_NOT_EVALUATED : IV_PASSED);
    }
    *ret_report = report_of(delta->after, &judgement, delta->tool_version, arena);
}

/* ---- a request for update -------------------------------------------------------------------- */

/* As in every report: the most serious first, then by rule, then by variant. */
static int report_order(const void *left, const void *right)
{
    const struct iv_finding *x = left;
    const struct iv_finding *y = right;
    int order = (x->severity < y->severity) - (x->severity > y->severity);
    order = order != 0 ? order : strcmp(x->rule->id, y->rule->id);
    if (order == 0 && x->variant != NULL && y->variant != NULL) {
        order = iv_pop_compare(x->variant, y->variant);
    }
    return order;
}

void iv_findings_of_request(const struct iv_request *request, struct iv_arena *arena,
                            struct iv_report *ret_report)
{
    const size_t count = request->finding_count;
    const struct iv_rules *rfu = &iv_rules_rfu;
    struct iv_judgement judgement = {
        .findings = IV_NEW_ARRAY(arena, struct iv_finding, count + 1),
        .finding_count = count,
        .outcomes = IV_NEW_ARRAY(arena, struct iv_rule_outcome, rfu->count + count),
        .verdict = request->verdict,
    };
    if (count > 0) {
        memcpy(judgement.findings, request->findings, count * sizeof(*judgement.findings));
        qsort(judgement.findings, count, sizeof(*judgement.findings), report_order);
    }
    /* Without a shared variant nothing is asked of the versions. */
    const bool shared = request->variant_count > 0;
    bool undecided = false;
    for (size_t i = 0; i < request->variant_count; i++) {
        undecided = undecided || request->variants[i].verdict == IV_VERDICT_INCOMPLETE;
    }
    for (size_t i = 0; i < count; i++) {
        const struct iv_rule *rule = judgement.findings[i].rule;
        const bool is_first = i == 0 || rule != judgement.findings[i - 1].rule;
        if (is_first && (rule < rfu->rows || rule >= rfu->rows + rfu->count)) {
            add_outcome(&judgement, rule, IV_FAILED);
        }
    }
    for (size_t i = 0; i < rfu->count; i++) {
        const bool asks_pop = strcmp(rfu->rows[i].id, "RFU005") == 0;
        add_outcome(&judgement, &rfu->rows[i],
                    asks_pop    ? IV_PASSED
                    : !shared   ? IV_NOT_APPLICABLE
                    : undecided ? IV_NOT_EVALUATED
                                : IV_PASSED);
    }
    *ret_report = report_of(request->target.submission, &judgement, request->tool_version, arena);
}
