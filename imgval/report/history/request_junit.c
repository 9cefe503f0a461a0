/*
 * A request for update for dashboards of build servers: one suite, a test case for each variant
 * that source and target share, and one for the request as a whole. Green means allowed: a verdict
 * that no variant shows is that of the last case. The dialect is that of tests/report/junit.xsd.
 */
#include "imgval/report/history/request_report.h"

#include "imgval/report/write/escape.h"
#include "imgval/report/write/junit.h"
#include "imgval/report/write/phrases.h"

static const enum iv_junit_state states[] = {
    [IV_VERDICT_PASS] = IV_JUNIT_PASSED,
    [IV_VERDICT_INCOMPLETE] = IV_JUNIT_ERROR,
    [IV_VERDICT_FAIL] = IV_JUNIT_FAILURE,
};

/* The findings of a case: those of one variant, or those of none. */
static bool is_of_case(const struct iv_finding *finding, const struct iv_pop *pop)
{
    return pop == NULL || finding->variant == NULL ? pop == NULL && finding->variant == NULL
                                                   : iv_pop_compare(finding->variant, pop) == 0;
}

/* Of the request as a whole: what no variant shows. */
static enum iv_final_verdict rest_of(const struct iv_request *request)
{
    for (size_t i = 0; i < request->variant_count; i++) {
        if (request->variants[i].verdict == request->verdict) {
            return IV_VERDICT_PASS;
        }
    }
    return request->verdict;
}

static bool has_texts(const struct iv_request *request, const struct iv_pop *pop)
{
    for (size_t i = 0; i < request->finding_count; i++) {
        if (is_of_case(&request->findings[i], pop)) {
            return true;
        }
    }
    return false;
}

/* All findings of a case, also those that do not decide it. */
static void write_texts(struct iv_markup *m, const struct iv_request *request,
                        const struct iv_pop *pop)
{
    for (size_t i = 0; i < request->finding_count; i++) {
        const struct iv_finding *finding = &request->findings[i];
        if (!is_of_case(finding, pop)) {
            continue;
        }
        iv_junit_finding(m, finding);
    }
    iv_markup_break(m);
}

/* The sentence of a case that is not green: its most serious finding, or one of no variant (that
 * there is no store is said once), else the answer. */
static const char *message_of(const struct iv_request *request, const struct iv_pop *pop,
                              struct iv_buf *scratch)
{
    for (size_t i = 0; i < request->finding_count; i++) {
        if (is_of_case(&request->findings[i], pop) && !request->findings[i].waived) {
            return iv_sink_cut(request->findings[i].message, scratch);
        }
    }
    return pop != NULL ? message_of(request, NULL, scratch) : iv_request_answers[request->verdict];
}

/* `pop` NULL: the request as a whole. */
static void write_case(struct iv_markup *m, const struct iv_request *request,
                       const struct iv_pop *pop, enum iv_final_verdict verdict)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&name, pop == NULL ? "request" : "");
    if (pop != NULL) {
        iv_phrase_variant(&name, pop);
    }
    iv_markup_break(m);
    iv_markup_open(m, "testcase");
    iv_markup_attribute_printf(m, "classname", "imgval rfu %s",
                               iv_request_type_names[request->type]);
    iv_markup_attribute(m, "name", iv_buf_text(&name));
    iv_markup_attribute(m, "file", request->target.submission->path);
    iv_markup_attribute(m, "time", "0");
    if (verdict != IV_VERDICT_PASS || has_texts(request, pop)) {
        iv_markup_open(m, iv_junit_elements[states[verdict]]);
        if (verdict != IV_VERDICT_PASS) {
            iv_markup_attribute(m, "message", message_of(request, pop, &scratch));
            iv_markup_attribute(m, "type", iv_request_answers[verdict]);
        }
        write_texts(m, request, pop);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* What the answer depends on, for whoever looks at the dashboard later. */
static void write_properties(struct iv_markup *m, const struct iv_request *request)
{
    const struct iv_request_side *sides[] = {&request->source, &request->target};
    static const char *const names[][4] = {
        {"source.path", "source.id", "source.version", "source.status"},
        {"target.path", "target.id", "target.version", "target.status"},
    };
    iv_markup_break(m);
    iv_markup_open(m, "properties");
    iv_junit_property(m, "tool", "imgval");
    iv_junit_property(m, "tool_version", request->tool_version);
    iv_junit_property(m, "answer", iv_request_answers[request->verdict]);
    iv_junit_property(m, "type", iv_request_type_names[request->type]);
    iv_junit_property(m, "what_if", request->what_if ? iv_phrase_what_if : NULL);
    for (size_t i = 0; i < IV_COUNT(sides); i++) {
        iv_junit_property(m, names[i][0], sides[i]->submission->path);
        iv_junit_property(m, names[i][1], sides[i]->submission->id);
        iv_junit_property(m, names[i][2], sides[i]->submission->firmware_version);
        iv_junit_property(m, names[i][3], iv_request_status_names[sides[i]->status]);
    }
    iv_markup_break(m);
    iv_markup_close(m);
}

void iv_request_write_junit(const struct iv_request *request, const struct iv_style_options *style,
                            FILE *out)
{
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_markup m;
    size_t totals[IV_JUNIT_STATES] = {0};
    totals[states[rest_of(request)]]++;
    for (size_t i = 0; i < request->variant_count; i++) {
        totals[states[request->variants[i].verdict]]++;
    }
    iv_junit_open(&m, "imgval rfu", totals, out);
    iv_markup_break(&m);
    iv_markup_open(&m, "testsuite");
    iv_markup_attribute_printf(&m, "name", "%s → %s", request->source.submission->path,
                               request->target.submission->path);
    iv_junit_totals(&m, totals);
    write_properties(&m, request);
    for (size_t i = 0; i < request->variant_count; i++) {
        write_case(&m, request, &request->variants[i].pop, request->variants[i].verdict);
    }
    write_case(&m, request, NULL, rest_of(request));
    iv_markup_break(&m);
    iv_markup_close(&m);
    iv_junit_close(&m);
}
