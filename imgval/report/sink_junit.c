/*
 * What dashboards of build servers read: a suite for each submission, a test case for each rule, of
 * rules about variants for each variant. The dialect is that of tests/report/junit.xsd.
 *
 * failure: a finding that makes the verdict `fail`. error: something was not checked. skipped: the
 * user asked for it not to be looked at. A rule that does not apply has no case: it would only be
 * counted. Everything else passed, also with findings below --fail-on or waived ones: they stand in
 * system-out. A suite whose verdict no test case shows gets one that does, so that a green suite
 * always means `pass`.
 *
 * Build servers take what stands before the last dot of a class name for a package, and show it as
 * a folder; paths are full of dots. So a class name has U+2024 for each of them: it reads as the
 * path, and two paths are two names. `file` and the suite's name are the path as it is. `time` is
 * wanted by some servers and is always 0: equal inputs give equal reports.
 */
#include "imgval/base/sort.h"
#include "imgval/model/kinds.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/junit.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/seal_phrase.h"

#include <stdlib.h>
#include <string.h>

/* A test case. Its findings are neighbours in `order`. */
struct test_case {
    const struct iv_rule *rule;
    const struct iv_variant *variant;      /* or NULL */
    const struct iv_rule_outcome *outcome; /* or NULL: the rule has none in this report */
    size_t first;
    size_t count;
    enum iv_junit_state state;
};

/* A submission. */
struct suite {
    const struct iv_report *report;
    const struct iv_report_entry *entry;
    const struct iv_finding **order; /* by test case, then as in the report */
    struct test_case *cases;
    size_t case_count;
    size_t totals[IV_JUNIT_STATES];
    bool has_uncompared; /* a variant whose comparison could not be made */
    enum iv_junit_state
        closing; /* of the case that stands for the verdict; IV_JUNIT_PASSED: there is none */
};

/* ---- which finding belongs to which test case ---------------------------------------------- */

/* Where a finding goes: rules in the order of the outcomes, others after them. */
struct place {
    const struct iv_finding *finding;
    const struct iv_variant *variant;
    size_t rule;
    size_t position;
};

/* Rules of the report with their places, sorted by id. */
struct rule_place {
    const struct iv_rule *rule;
    const struct iv_rule_outcome *outcome;
    size_t place;
};

/* By id, the first place before others: sorted_rules() keeps that one. */
static int compare_rules(const void *a, const void *b)
{
    const struct rule_place *x = a;
    const struct rule_place *y = b;
    int order = strcmp(x->rule->id, y->rule->id);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* By test case, and within one in the order of the report. */
static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->rule != y->rule) {
        return x->rule < y->rule ? -1 : 1;
    }
    if (x->variant != y->variant) {
        /* Both point into one array, or one is NULL: no variant comes first. */
        return x->variant == NULL || (y->variant != NULL && x->variant < y->variant) ? -1 : 1;
    }
    return (x->position > y->position) - (x->position < y->position);
}

/* The rule's row, which is looked for by id: a report that was read back may have made its own. */
static const struct rule_place *find_rule(const struct rule_place *rules, size_t count,
                                          const char *id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rules[middle].rule->id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && strcmp(rules[low].rule->id, id) == 0 ? &rules[low] : NULL;
}

/* Every rule of a submission once, in the arena. Many findings share few rules, so a binary search
 * finds the rule of each. */
static struct rule_place *sorted_rules(const struct iv_judgement *judgement, struct iv_arena *arena,
                                       size_t *ret_count)
{
    const size_t outcomes = judgement->outcome_count;
    struct rule_place *rules =
        IV_NEW_ARRAY(arena, struct rule_place, outcomes + judgement->finding_count);
    for (size_t i = 0; i < outcomes; i++) {
        rules[i] = (struct rule_place){
            .rule = judgement->outcomes[i].rule, .outcome = &judgement->outcomes[i], .place = i};
    }
    iv_sort(rules, outcomes, sizeof(*rules), compare_rules);

    /* Findings of rules without an outcome: of other commands than scan. */
    size_t count = outcomes;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_rule *rule = judgement->findings[i].rule;
        const bool is_new = find_rule(rules, outcomes, rule->id) == NULL &&
                            (count == outcomes || strcmp(rules[count - 1].rule->id, rule->id) != 0);
        if (is_new) {
            rules[count] = (struct rule_place){.rule = rule, .place = count};
            count++;
        }
    }

    iv_sort(rules, count, sizeof(*rules), compare_rules);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(rules[kept - 1].rule->id, rules[i].rule->id) != 0) {
            rules[kept++] = rules[i];
        }
    }
    *ret_count = kept;
    return rules;
}

/* The findings in the order of the test cases, so that each case is a run of neighbours. */
static struct place *sorted_places(const struct iv_report_entry *entry,
                                   const struct rule_place *rules, size_t rule_count,
                                   struct iv_arena *arena)
{
    const struct iv_judgement *judgement = &entry->judgement;
    struct place *places = IV_NEW_ARRAY(arena, struct place, judgement->finding_count + 1);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        places[i] = (struct place){
            .finding = finding,
            .rule = find_rule(rules, rule_count, finding->rule->id)->place,
            .position = i,
        };
        if (finding->rule->subject == IV_SUBJECT_VARIANT) {
            places[i].variant = iv_phrase_find_variant(entry->submission, finding->variant);
        }
    }
    iv_sort(places, judgement->finding_count, sizeof(*places), compare_places);
    return places;
}

/* ---- states -------------------------------------------------------------------------------- */

/* Whether its comparison came to an end. */
static bool is_compared(const struct iv_variant *variant)
{
    return variant->wspc.status == IV_WSPC_COMPLIANT ||
           variant->wspc.status == IV_WSPC_NOT_COMPLIANT || variant->wspc.status == IV_WSPC_FIRST;
}

/* Whether there is a variant to blame for an outcome "not evaluated". */
static bool has_uncompared(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->variant_count; i++) {
        if (s->variants[i].wspc.status == IV_WSPC_NOT_EVALUATED) {
            return true;
        }
    }
    return false;
}

/*
 * The state of a case without a finding that decides it. Outcomes are over all variants; of one
 * variant the comparison's status says whether it is the one that was not evaluated. In doubt it
 * is an error: never a pass that was none.
 */
static enum iv_junit_state state_of_outcome(const struct suite *suite, const struct test_case *test)
{
    if (test->outcome == NULL) {
        return IV_JUNIT_PASSED;
    }
    const struct iv_variant *variant = test->variant;
    switch (test->outcome->outcome) {
    case IV_NOT_APPLICABLE:
        return variant != NULL && variant->wspc.status == IV_WSPC_SKIPPED ? IV_JUNIT_SKIPPED
                                                                          : IV_JUNIT_LEFT_OUT;
    case IV_PASSED:
        return IV_JUNIT_PASSED;
    case IV_NOT_EVALUATED:
        return variant != NULL && is_compared(variant) && suite->has_uncompared ? IV_JUNIT_PASSED
                                                                                : IV_JUNIT_ERROR;
    case IV_FAILED:
        break;
    }
    if (test->count > 0) {
        return IV_JUNIT_PASSED; /* failed by findings that do not count */
    }
    return variant == NULL || variant->wspc.status == IV_WSPC_NOT_EVALUATED ? IV_JUNIT_ERROR
                                                                            : IV_JUNIT_PASSED;
}

/* A finding that counts decides, else one that could not be checked, else the rule's outcome. */
static enum iv_junit_state state_of(const struct suite *suite, const struct test_case *test)
{
    bool unchecked = false;
    for (size_t i = 0; i < test->count; i++) {
        const struct iv_finding *finding = suite->order[test->first + i];
        if (iv_phrase_is_failing(finding, suite->report->fail_on)) {
            return IV_JUNIT_FAILURE;
        }
        unchecked = unchecked || finding->incomplete;
    }
    return unchecked ? IV_JUNIT_ERROR : state_of_outcome(suite, test);
}

/* ---- the suite ----------------------------------------------------------------------------- */

/* Adds a case and takes the findings from *at on that belong to it. */
static void add_case(struct suite *suite, const struct rule_place *rule,
                     const struct iv_variant *variant, const struct place *places, size_t *at)
{
    struct test_case *test = &suite->cases[suite->case_count++];
    *test = (struct test_case){
        .rule = rule->rule, .variant = variant, .outcome = rule->outcome, .first = *at};
    while (*at < suite->entry->judgement.finding_count && places[*at].rule == rule->place &&
           places[*at].variant == variant) {
        suite->order[*at] = places[*at].finding;
        (*at)++;
        test->count++;
    }
    test->state = state_of(suite, test);
    if (test->state == IV_JUNIT_LEFT_OUT && test->count > 0) {
        test->state = IV_JUNIT_PASSED; /* its findings must stand somewhere */
    }
    if (test->state == IV_JUNIT_LEFT_OUT) {
        suite->case_count--;
        return;
    }
    suite->totals[test->state]++;
}

/* Back to the order of the report. */
static int compare_by_place(const void *a, const void *b)
{
    const struct rule_place *x = a;
    const struct rule_place *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Goes through rules and variants in the order that `places` is sorted by, so that one index walks
 * over all findings. */
static void add_cases(struct suite *suite, struct rule_place *rules, size_t rule_count,
                      const struct place *places)
{
    const struct iv_submission *s = suite->entry->submission;
    size_t at = 0;
    iv_sort(rules, rule_count, sizeof(*rules), compare_by_place);
    for (size_t i = 0; i < rule_count; i++) {
        const bool by_variant =
            rules[i].rule->subject == IV_SUBJECT_VARIANT && s->variant_count > 0;
        const bool has_general = at < suite->entry->judgement.finding_count &&
                                 places[at].rule == rules[i].place && places[at].variant == NULL;
        if (!by_variant || has_general) {
            add_case(suite, &rules[i], NULL, places, &at);
        }
        for (size_t v = 0; by_variant && v < s->variant_count; v++) {
            add_case(suite, &rules[i], &s->variants[v], places, &at);
        }
    }
}

/* A suite whose verdict is not a pass must have a case that shows it. */
static void add_closing(struct suite *suite)
{
    const enum iv_final_verdict verdict = suite->entry->judgement.verdict;
    if (verdict == IV_VERDICT_FAIL && suite->totals[IV_JUNIT_FAILURE] == 0) {
        suite->closing = IV_JUNIT_FAILURE;
    } else if (verdict == IV_VERDICT_INCOMPLETE && suite->totals[IV_JUNIT_ERROR] == 0) {
        suite->closing = IV_JUNIT_ERROR;
    }
    if (suite->closing != IV_JUNIT_PASSED) {
        suite->totals[suite->closing]++;
    }
}

/* All cases of a submission with their states; nothing is written yet, as totals come first in a
 * suite. */
static void build_suite(struct suite *suite, struct iv_arena *arena)
{
    const struct iv_judgement *judgement = &suite->entry->judgement;
    size_t rule_count = 0;
    struct rule_place *rules = sorted_rules(judgement, arena, &rule_count);
    const struct place *places = sorted_places(suite->entry, rules, rule_count, arena);
    size_t about_variants = 0;
    for (size_t i = 0; i < rule_count; i++) {
        about_variants += rules[i].rule->subject == IV_SUBJECT_VARIANT;
    }
    suite->order = IV_NEW_ARRAY(arena, const struct iv_finding *, judgement->finding_count + 1);
    suite->cases =
        IV_NEW_ARRAY(arena, struct test_case,
                     rule_count + about_variants * suite->entry->submission->variant_count + 1);
    suite->has_uncompared = has_uncompared(suite->entry->submission);
    add_cases(suite, rules, rule_count, places);
    add_closing(suite);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* A number as a property. */
static void write_count(struct iv_markup *m, const char *name, size_t count)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%zu", count);
    iv_junit_property(m, name, text);
}

/* What --verify found out; nothing without it. */
static void write_seals(struct iv_markup *m, const struct iv_submission *s)
{
    struct iv_buf seals IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_seals(&seals, s);
    iv_junit_property(m, "verified", seals.size == 0 ? NULL : iv_buf_text(&seals));
}

/* The comparison of each variant. */
static void write_variant_properties(struct iv_markup *m, const struct iv_submission *s)
{
    for (size_t i = 0; i < s->variant_count; i++) {
        struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
        iv_buf_puts(&name, "wspc ");
        iv_phrase_variant(&name, &s->variants[i].pop);
        iv_junit_property(m, iv_buf_text(&name), iv_wspc_status_names[s->variants[i].wspc.status]);
    }
}

/* What the verdict depends on, for whoever looks at a dashboard months later. */
static void write_properties(struct iv_markup *m, const struct suite *suite)
{
    const struct iv_submission *s = suite->entry->submission;
    const struct iv_counts *counts = &suite->entry->judgement.counts;
    iv_markup_break(m);
    iv_markup_open(m, "properties");
    iv_junit_property(m, "tool", suite->report->tool);
    iv_junit_property(m, "tool_version", suite->report->tool_version);
    iv_junit_property(m, "verdict", iv_final_verdict_names[suite->entry->judgement.verdict]);
    struct iv_buf headline IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&headline, iv_phrase_verdicts[suite->entry->judgement.verdict]);
    iv_phrase_qualify(&headline, suite->entry);
    iv_junit_property(m, "headline", iv_buf_text(&headline));
    iv_junit_property(m, "fail_on", iv_severity_names[suite->report->fail_on]);
    iv_junit_property(m, "what_if", suite->report->what_if ? iv_phrase_what_if : NULL);
    iv_junit_property(m, "path", s->path);
    iv_junit_property(m, "kind", iv_kind_names[s->kind]);
    iv_junit_property(m, "type", iv_submission_type_names[s->type]);
    iv_junit_property(m, "context_free", s->context_free ? "true" : "false");
    iv_junit_property(m, "baseline", suite->entry->run->baseline ? "true" : "false");
    iv_junit_property(m, "id", s->id);
    iv_junit_property(m, "firmware_version", s->firmware_version);
    write_variant_properties(m, s);
    write_count(m, "packages", counts->packages);
    write_count(m, "unreadable", counts->unreadable);
    write_seals(m, s);
    write_count(m, "findings.error", counts->error);
    write_count(m, "findings.warning", counts->warning);
    write_count(m, "findings.note", counts->note);
    write_count(m, "findings.waived", counts->waived);
    iv_markup_break(m);
    iv_markup_close(m);
}

/* A line of a finding: a label of ours, so that no line begins with a text. */
static void write_line(struct iv_markup *m, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_break(m);
    iv_markup_text(m, label);
    iv_markup_text(m, iv_sink_cut(text, &scratch));
}

/* All that is known of it, in lines of text. */
static void write_finding(struct iv_markup *m, const struct iv_finding *finding)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%s%s%s: ", iv_severity_names[finding->severity],
                  finding->incomplete ? " (not checked)" : "", finding->waived ? " (waived)" : "");
    write_line(m, iv_buf_text(&text), finding->message);
    iv_buf_clear(&text);
    iv_phrase_place(&text, finding);
    write_line(m, "  at: ", iv_buf_text(&text));
    write_line(m, "  package: ", finding->package);
    if (finding->field != NULL) {
        write_line(m, "  field: ", finding->field);
        write_line(m, "  actual: ", finding->actual == NULL ? "no value" : finding->actual);
        write_line(m, "  expected: ", finding->expected);
    }
    for (size_t i = 0; i < finding->package_count; i++) {
        write_line(m, "  missing: ", finding->packages[i]->name);
    }
    if (finding->waiver != NULL) {
        iv_buf_clear(&text);
        iv_phrase_waiver(&text, finding->waiver);
        write_line(m, "  waived: ", iv_buf_text(&text));
    }
    write_line(m, "  help: ", finding->remedy);
    write_line(m, "  fingerprint: ", finding->fingerprint);
}

/* All findings that speak for the state, or (for `others`) all that do not. */
static void write_findings(struct iv_markup *m, const struct suite *suite,
                           const struct test_case *test, bool others)
{
    for (size_t i = 0; i < test->count; i++) {
        const struct iv_finding *finding = suite->order[test->first + i];
        const bool speaks = (test->state == IV_JUNIT_FAILURE &&
                             iv_phrase_is_failing(finding, suite->report->fail_on)) ||
                            (test->state == IV_JUNIT_ERROR && finding->incomplete);
        if (speaks != others) {
            write_finding(m, finding);
        }
    }
}

/* The first finding that speaks for the state of the case, and how many do; NULL: none. */
static const struct iv_finding *first_speaking(const struct suite *suite,
                                               const struct test_case *test, size_t *ret_count)
{
    const struct iv_finding *first = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < test->count; i++) {
        const struct iv_finding *finding = suite->order[test->first + i];
        if (test->state == IV_JUNIT_FAILURE ? iv_phrase_is_failing(finding, suite->report->fail_on)
                                            : finding->incomplete) {
            first = first == NULL ? finding : first;
            (*ret_count)++;
        }
    }
    return first;
}

/* <failure> or <error> with the first finding in short and all of them in full. */
static void write_bad(struct iv_markup *m, const struct suite *suite, const struct test_case *test)
{
    size_t count = 0;
    const struct iv_finding *first = first_speaking(suite, test, &count);
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf message IV_CLEANUP(iv_buf_fini) = {0};
    if (first != NULL) {
        iv_buf_puts(&message, iv_sink_cut(first->message, &scratch));
    } else {
        iv_buf_printf(&message, "not evaluated because %s", iv_phrase_reason(test->outcome));
    }
    if (count > 1) {
        iv_buf_printf(&message, " (and %zu more)", count - 1);
    }
    iv_markup_break(m);
    iv_markup_open(m, test->state == IV_JUNIT_FAILURE ? "failure" : "error");
    iv_markup_attribute(m, "message", iv_buf_text(&message));
    iv_markup_attribute(m, "type",
                        first == NULL       ? "not-evaluated"
                        : first->incomplete ? "not-checked"
                                            : iv_severity_names[first->severity]);
    if (first != NULL) {
        write_findings(m, suite, test, false);
        iv_markup_break(m);
    }
    iv_markup_close(m);
}

/* The attributes of a case. */
static void write_place(struct iv_markup *m, const char *classname, const char *name,
                        const char *file)
{
    struct iv_buf whole IV_CLEANUP(iv_buf_fini) = {0};
    for (const char *c = classname; *c != '\0'; c++) {
        if (*c == '.') {
            iv_buf_puts(&whole, "\xe2\x80\xa4"); /* one dot leader */
        } else {
            iv_buf_putc(&whole, *c);
        }
    }
    iv_markup_attribute(m, "classname", whole.size == 0 ? "-" : iv_buf_text(&whole));
    iv_markup_attribute(m, "name", name);
    iv_markup_attribute(m, "file", file);
    iv_markup_attribute(m, "time", "0");
}

/* A case names the file that its first finding is about, so that a dashboard can link to it. */
static void write_case(struct iv_markup *m, const struct suite *suite, const struct test_case *test)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&name, "%s %s", test->rule->id, test->rule->name);
    if (test->variant != NULL) {
        iv_buf_puts(&name, " [");
        iv_phrase_variant(&name, &test->variant->pop);
        iv_buf_putc(&name, ']');
    }
    iv_markup_break(m);
    iv_markup_open(m, "testcase");
    size_t speaking = 0;
    const struct iv_finding *first = NULL;
    if (test->state == IV_JUNIT_FAILURE || test->state == IV_JUNIT_ERROR) {
        first = first_speaking(suite, test, &speaking);
    }
    write_place(m, suite->entry->submission->path, iv_buf_text(&name),
                first != NULL && first->path != NULL ? first->path
                                                     : suite->entry->submission->path);

    if (test->state == IV_JUNIT_FAILURE || test->state == IV_JUNIT_ERROR) {
        write_bad(m, suite, test);
    } else if (test->state == IV_JUNIT_SKIPPED) {
        iv_markup_open(m, "skipped");
        iv_markup_attribute(m, "message", "not looked at (--no-wspc)");
        iv_markup_close(m);
    }

    if (speaking < test->count) {
        iv_markup_break(m);
        iv_markup_open(m, "system-out");
        write_findings(m, suite, test, true);
        iv_markup_break(m);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* The case that stands for a verdict which nothing else shows. */
static void write_closing(struct iv_markup *m, const char *path, enum iv_junit_state state,
                          const char *message)
{
    iv_markup_break(m);
    iv_markup_open(m, "testcase");
    write_place(m, path, "verdict", path);
    iv_markup_open(m, state == IV_JUNIT_FAILURE ? "failure" : "error");
    iv_markup_attribute(m, "message", message);
    iv_markup_attribute(m, "type", state == IV_JUNIT_FAILURE ? "fail" : "incomplete");
    iv_markup_close(m);
    iv_markup_close(m);
}

/* A verdict that no case shows gets a case of its own: a build server goes by cases alone, and
 * would show a pass. */
static void write_suite(struct iv_markup *m, const struct suite *suite)
{
    iv_markup_break(m);
    iv_markup_open(m, "testsuite");
    iv_markup_attribute(m, "name", suite->entry->submission->path);
    iv_junit_totals(m, suite->totals);
    write_properties(m, suite);
    for (size_t i = 0; i < suite->case_count; i++) {
        write_case(m, suite, &suite->cases[i]);
    }
    if (suite->closing != IV_JUNIT_PASSED) {
        write_closing(m, suite->entry->submission->path, suite->closing,
                      suite->entry->submission->package_count == 0
                          ? "nothing was judged: there is no package here"
                          : "the verdict has a reason that is no finding: see the report's text");
    }
    iv_markup_break(m);
    iv_markup_close(m);
}

/* A report whose own verdict no suite shows: it was cut off, or it holds no submission. */
static enum iv_junit_state report_state(const struct iv_report *report,
                                        const size_t totals[IV_JUNIT_STATES])
{
    if (report->verdict == IV_VERDICT_FAIL && totals[IV_JUNIT_FAILURE] == 0) {
        return IV_JUNIT_FAILURE;
    }
    return report->verdict == IV_VERDICT_INCOMPLETE && totals[IV_JUNIT_ERROR] == 0
               ? IV_JUNIT_ERROR
               : IV_JUNIT_PASSED;
}

/* Built before anything is written, since the first element has the totals. */
static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct suite *suites = IV_NEW_ARRAY(&arena, struct suite, report->entry_count + 1);
    size_t totals[IV_JUNIT_STATES] = {0};
    for (size_t i = 0; i < report->entry_count; i++) {
        suites[i] = (struct suite){.report = report, .entry = &report->entries[i]};
        build_suite(&suites[i], &arena);
        for (size_t k = 0; k < IV_JUNIT_STATES; k++) {
            totals[k] += suites[i].totals[k];
        }
    }

    const enum iv_junit_state extra = report_state(report, totals);
    totals[extra] += extra == IV_JUNIT_PASSED ? 0 : 1;

    struct iv_markup m;
    iv_junit_open(&m, report->tool, totals, out);
    for (size_t i = 0; i < report->entry_count; i++) {
        write_suite(&m, &suites[i]);
    }
    if (extra != IV_JUNIT_PASSED) {
        iv_markup_break(&m);
        iv_markup_open(&m, "testsuite");
        iv_markup_attribute(&m, "name", report->tool);
        iv_junit_totals(
            &m, (const size_t[IV_JUNIT_STATES]){[IV_JUNIT_FAILURE] = extra == IV_JUNIT_FAILURE,
                                                [IV_JUNIT_ERROR] = extra == IV_JUNIT_ERROR});
        write_closing(&m, report->tool, extra, "the report is not whole");
        iv_markup_break(&m);
        iv_markup_close(&m);
    }
    iv_junit_close(&m);
}

const struct iv_sink iv_sink_junit = {
    .name = "junit",
    .summary = "JUnit XML, for build servers",
    .write = write_report,
    .rfu = iv_request_write_junit,
    .audit = iv_audit_write_junit,
};
