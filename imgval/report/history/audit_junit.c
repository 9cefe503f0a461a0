/*
 * An audit for dashboards of build servers: a suite for each variant with a test case for each
 * version in it, and a suite for what stands in no variant. A broken step is a failure where its
 * finding makes the verdict fail, and else stands in system-out; what was not judged, or not in
 * full, is an error. Where no case shows why the verdict is not a pass, a last one does, so that
 * green always means `pass`. The dialect is that of tests/report/junit.xsd.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/base/sort.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/junit.h"
#include "imgval/report/write/phrases.h"

#include <stdlib.h>
#include <string.h>

/* A case: what is said of one submission. */
struct test_case {
    const struct iv_audit_source *source;
    const char *version;
    const char *reason;              /* why it was not judged, or not in full; NULL: it was */
    const struct iv_finding **found; /* of it */
    size_t found_count;
    size_t found_capacity;
    enum iv_junit_state state;
};

/* A variant, or what stands in none. */
struct suite {
    const char *name;
    struct test_case *cases;
    size_t count;
    size_t totals[IV_JUNIT_STATES];
};

struct writing {
    const struct iv_audit *audit;
    const struct iv_finding **by_path; /* sorted; in the order of the report among equals */
    struct iv_arena *arena;
    struct iv_markup m;
};

/* By path, so that the findings of a set are neighbours. */
static int compare_findings(const void *a, const void *b)
{
    const struct iv_finding *x = *(const struct iv_finding *const *)a;
    const struct iv_finding *y = *(const struct iv_finding *const *)b;
    const int order = strcmp(x->path == NULL ? "" : x->path, y->path == NULL ? "" : y->path);
    return order != 0 ? order : (x > y) - (x < y); /* both point into one array */
}

/* Of the sorted findings. */
static const char *path_at(const struct writing *w, size_t i)
{
    return w->by_path[i]->path == NULL ? "" : w->by_path[i]->path;
}

/* Appends the findings of a variant, or of none, whose path is `path` or, with `below`, begins with
 * it: they are neighbours. */
static void take_findings(const struct writing *w, const struct iv_pop *pop, const char *path,
                          bool below, struct test_case *test)
{
    const size_t size = strlen(path);
    size_t low = 0;
    size_t high = w->audit->finding_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(path_at(w, middle), path) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < w->audit->finding_count && strncmp(path_at(w, low), path, size) == 0; low++) {
        const struct iv_pop *of = w->by_path[low]->variant;
        const bool is_of_path = below || path_at(w, low)[size] == '\0';
        if (is_of_path && (of == NULL || pop == NULL || iv_pop_compare(of, pop) == 0)) {
            test->found = iv_arena_grow(w->arena, test->found, test->found_count,
                                        &test->found_capacity, sizeof(*test->found));
            test->found[test->found_count++] = w->by_path[low];
        }
        if (!is_of_path) {
            break; /* longer paths follow */
        }
    }
}

/* A set that fails makes its case fail, also where none of its findings is here. */
static enum iv_junit_state state_of(const struct writing *w, const struct test_case *test)
{
    for (size_t i = 0; i < test->found_count; i++) {
        if (iv_phrase_is_failing(test->found[i], w->audit->fail_on)) {
            return IV_JUNIT_FAILURE;
        }
    }
    if (iv_audit_fails(test->source)) {
        return IV_JUNIT_FAILURE;
    }
    return test->reason != NULL ? IV_JUNIT_ERROR : IV_JUNIT_PASSED;
}

/* Findings of a set are at its path, or at a file below it. There are two searches, because other
 * paths are sorted between these: "a", "a-b", "a/x". */
static void add_case(const struct writing *w, struct suite *suite, const struct iv_pop *pop,
                     struct test_case test)
{
    const char *path = test.source->path;
    take_findings(w, pop, path, false, &test);
    take_findings(w, pop, iv_arena_printf(w->arena, "%s/", path), true, &test);
    test.state = state_of(w, &test);
    suite->totals[test.state]++;
    suite->cases[suite->count++] = test;
}

/* Why a version is not judged, or not in full; NULL: it is. */
static const char *reason_of(const struct iv_audit_version *version)
{
    if (version->reason != NULL) {
        return version->reason;
    }
    if (version->in_full) {
        return NULL;
    }
    return version->source->gap != NULL ? version->source->gap : "it was not judged in full";
}

/* One case for each version, in their order, so that a dashboard shows the history. */
static struct suite suite_of_variant(const struct writing *w,
                                     const struct iv_audit_variant *variant)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_variant(&name, &variant->pop);
    struct suite suite = {
        .name = iv_arena_strdup(w->arena, iv_buf_text(&name)),
        .cases = IV_NEW_ARRAY(w->arena, struct test_case, variant->version_count + 1),
    };
    for (size_t i = 0; i < variant->version_count; i++) {
        const struct iv_audit_version *version = &variant->versions[i];
        add_case(w, &suite, &variant->pop,
                 (struct test_case){.source = version->source,
                                    .version = version->source->firmware_version,
                                    .reason = reason_of(version)});
    }
    return suite;
}

/* What stands in no variant, so that nothing of a history is without a case. */
static struct suite suite_of_unjudged(const struct writing *w)
{
    const struct iv_audit *audit = w->audit;
    struct suite suite = {
        .name = "not judged",
        .cases = IV_NEW_ARRAY(w->arena, struct test_case, audit->unjudged_count + 1),
    };
    for (size_t i = 0; i < audit->unjudged_count; i++) {
        const struct iv_audit_source *source = audit->unjudged[i];
        add_case(w, &suite, NULL,
                 (struct test_case){.source = source,
                                    .version = source->firmware_version,
                                    .reason = source->reason != NULL ? source->reason
                                                                     : "it was not judged"});
    }
    return suite;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* The findings of a case in full, each with its remedy. */
static void write_texts(struct iv_markup *m, const struct test_case *test)
{
    for (size_t i = 0; i < test->found_count; i++) {
        iv_junit_finding(m, test->found[i]);
    }
    iv_markup_break(m);
}

/* The caller closes it. */
static void open_case(struct iv_markup *m, const char *name, const char *file)
{
    iv_markup_break(m);
    iv_markup_open(m, "testcase");
    iv_markup_attribute(m, "classname", "imgval audit");
    iv_markup_attribute(m, "name", name);
    iv_markup_attribute(m, "file", file);
    iv_markup_attribute(m, "time", "0");
}

/* Why a case is not green, in one line: its first finding that counts, else the reason. */
static const char *message_of(const struct writing *w, const struct test_case *test,
                              struct iv_buf *scratch)
{
    for (size_t i = 0; i < test->found_count && test->state == IV_JUNIT_FAILURE; i++) {
        if (iv_phrase_is_failing(test->found[i], w->audit->fail_on)) {
            return iv_sink_cut(test->found[i]->message, scratch);
        }
    }
    return iv_sink_cut(test->reason != NULL ? test->reason : "a finding of this set makes it fail",
                       scratch);
}

/* A green case has findings too, if they do not count: in system-out. */
static void write_case(struct writing *w, const struct suite *suite, const struct test_case *test)
{
    struct iv_markup *m = &w->m;
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&name, "%s: %s (", suite->name, test->version == NULL ? "?" : test->version);
    iv_buf_printf(&name, "%s)", test->source->path);
    open_case(m, iv_buf_text(&name), test->source->path);
    if (test->state != IV_JUNIT_PASSED || test->found_count > 0) {
        iv_markup_open(m, iv_junit_elements[test->state]);
        if (test->state != IV_JUNIT_PASSED) {
            iv_markup_attribute(m, "message", message_of(w, test, &scratch));
            iv_markup_attribute(m, "type", test->state == IV_JUNIT_FAILURE ? "fail" : "not-judged");
        }
        write_texts(m, test);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

static void write_suite(struct writing *w, const struct suite *suite)
{
    struct iv_markup *m = &w->m;
    iv_markup_break(m);
    iv_markup_open(m, "testsuite");
    iv_markup_attribute(m, "name", suite->name);
    iv_junit_totals(m, suite->totals);
    for (size_t i = 0; i < suite->count; i++) {
        write_case(w, suite, &suite->cases[i]);
    }
    iv_markup_break(m);
    iv_markup_close(m);
}

/* The verdict, where no case shows it. */
static enum iv_junit_state closing_of(const struct iv_audit *audit,
                                      const size_t totals[IV_JUNIT_STATES])
{
    if (audit->verdict == IV_VERDICT_FAIL && totals[IV_JUNIT_FAILURE] == 0) {
        return IV_JUNIT_FAILURE;
    }
    const bool is_shown = totals[IV_JUNIT_FAILURE] + totals[IV_JUNIT_ERROR] > 0;
    return audit->verdict == IV_VERDICT_INCOMPLETE && !is_shown ? IV_JUNIT_ERROR : IV_JUNIT_PASSED;
}

/* A suite of its own with one case. */
static void write_closing(struct iv_markup *m, enum iv_junit_state state)
{
    size_t totals[IV_JUNIT_STATES] = {0};
    totals[state] = 1;
    iv_markup_break(m);
    iv_markup_open(m, "testsuite");
    iv_markup_attribute(m, "name", "verdict");
    iv_junit_totals(m, totals);
    open_case(m, "verdict", "");
    iv_markup_open(m, iv_junit_elements[state]);
    iv_markup_attribute(m, "message",
                        state == IV_JUNIT_FAILURE ? "the history fails: see the text of the audit"
                                                  : "something of the history was not judged");
    iv_markup_attribute(m, "type", state == IV_JUNIT_FAILURE ? "fail" : "not-judged");
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_close(m);
}

void iv_audit_write_junit(const struct iv_audit *audit, const struct iv_style_options *style,
                          FILE *out)
{
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct writing w = {.audit = audit, .arena = &arena};
    w.by_path = IV_NEW_ARRAY(&arena, const struct iv_finding *, audit->finding_count + 1);
    for (size_t i = 0; i < audit->finding_count; i++) {
        w.by_path[i] = &audit->findings[i];
    }
    iv_sort(w.by_path, audit->finding_count, sizeof(const struct iv_finding *), compare_findings);

    const size_t count = audit->variant_count + (audit->unjudged_count > 0);
    struct suite *suites = IV_NEW_ARRAY(&arena, struct suite, count + 1);
    size_t totals[IV_JUNIT_STATES] = {0};
    for (size_t i = 0; i < count; i++) {
        suites[i] = i < audit->variant_count ? suite_of_variant(&w, &audit->variants[i])
                                             : suite_of_unjudged(&w);
        for (size_t k = 0; k < IV_JUNIT_STATES; k++) {
            totals[k] += suites[i].totals[k];
        }
    }

    const enum iv_junit_state closing = closing_of(audit, totals);
    totals[closing] += closing == IV_JUNIT_PASSED ? 0 : 1;

    iv_junit_open(&w.m, "imgval audit", totals, out);
    for (size_t i = 0; i < count; i++) {
        write_suite(&w, &suites[i]);
    }
    if (closing != IV_JUNIT_PASSED) {
        write_closing(&w.m, closing);
    }
    iv_junit_close(&w.m);
}
