/*
 * A request for update for dashboards of build servers: one suite, a test case for each variant
 * that source and target share, and one for the request as a whole. Green means allowed: a verdict
 * that no variant shows is that of the last case. The dialect is that of tests/report/junit.xsd.
 */
#include "imgval/report/history/request_report.h"

#include "imgval/report/write/escape.h"
#include "imgval/report/write/markup.h"
#include "imgval/report/write/phrases.h"

/* What the cases add up to, by verdict. */
struct totals {
    size_t by_verdict[IV_VERDICT_FAIL + 1];
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

static void write_texts(struct iv_markup *m, const struct iv_request *request,
                        const struct iv_pop *pop)
{
    for (size_t i = 0; i < request->finding_count; i++) {
        const struct iv_finding *finding = &request->findings[i];
        if (!is_of_case(finding, pop)) {
            continue;
        }
        iv_markup_break(m);
        iv_markup_printf(m, "%s %s %s%s: ", iv_severity_names[finding->severity], finding->rule->id,
                         finding->rule->name, finding->waived ? " (waived)" : "");
        iv_markup_text(m, finding->message);
        iv_markup_break(m);
        iv_markup_text(m, finding->remedy);
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

static void write_case(struct iv_markup *m, const struct iv_request *request,
                       const struct iv_pop *pop, enum iv_final_verdict verdict)
{
    static const char *const elements[] = {
        [IV_VERDICT_PASS] = "system-out",
        [IV_VERDICT_INCOMPLETE] = "error",
        [IV_VERDICT_FAIL] = "failure",
    };
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
    iv_markup_open(m, elements[verdict]);
    if (verdict != IV_VERDICT_PASS) {
        iv_markup_attribute(m, "message", message_of(request, pop, &scratch));
        iv_markup_attribute(m, "type", iv_request_answers[verdict]);
    }
    write_texts(m, request, pop);
    iv_markup_close(m);
    iv_markup_close(m);
}

static void write_totals(struct iv_markup *m, const struct totals *totals)
{
    const size_t *counts = totals->by_verdict;
    iv_markup_attribute_uint(m, "tests",
                             counts[IV_VERDICT_PASS] + counts[IV_VERDICT_INCOMPLETE] +
                                 counts[IV_VERDICT_FAIL]);
    iv_markup_attribute_uint(m, "failures", counts[IV_VERDICT_FAIL]);
    iv_markup_attribute_uint(m, "errors", counts[IV_VERDICT_INCOMPLETE]);
    iv_markup_attribute_uint(m, "skipped", 0);
    iv_markup_attribute(m, "time", "0"); /* equal inputs give equal reports */
}

static void write_property(struct iv_markup *m, const char *name, const char *value)
{
    iv_markup_break(m);
    iv_markup_open(m, "property");
    iv_markup_attribute(m, "name", name);
    iv_markup_attribute(m, "value", value == NULL ? "" : value);
    iv_markup_close(m);
}

static void write_properties(struct iv_markup *m, const struct iv_request *request)
{
    const struct iv_request_side *sides[] = {&request->source, &request->target};
    static const char *const names[][4] = {
        {"source.path", "source.id", "source.version", "source.status"},
        {"target.path", "target.id", "target.version", "target.status"},
    };
    iv_markup_break(m);
    iv_markup_open(m, "properties");
    write_property(m, "tool", "imgval");
    write_property(m, "tool_version", request->tool_version);
    write_property(m, "answer", iv_request_answers[request->verdict]);
    write_property(m, "type", iv_request_type_names[request->type]);
    if (request->what_if) {
        write_property(m, "what_if", iv_phrase_what_if);
    }
    for (size_t i = 0; i < IV_COUNT(sides); i++) {
        write_property(m, names[i][0], sides[i]->submission->path);
        write_property(m, names[i][1], sides[i]->submission->id);
        write_property(m, names[i][2], sides[i]->submission->firmware_version);
        write_property(m, names[i][3], iv_request_status_names[sides[i]->status]);
    }
    iv_markup_break(m);
    iv_markup_close(m);
}

void iv_request_write_junit(const struct iv_request *request, const struct iv_style_options *style,
                            FILE *out)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_markup m;
    struct totals totals = {{0}};
    totals.by_verdict[rest_of(request)]++;
    for (size_t i = 0; i < request->variant_count; i++) {
        totals.by_verdict[request->variants[i].verdict]++;
    }
    iv_markup_init(&m, IV_MARKUP_XML, out);
    iv_markup_own(&m, declaration, sizeof(declaration) - 1);
    iv_markup_open(&m, "testsuites");
    iv_markup_attribute(&m, "name", "imgval rfu");
    write_totals(&m, &totals);
    iv_markup_break(&m);
    iv_markup_open(&m, "testsuite");
    iv_markup_attribute_printf(&m, "name", "%s → %s", request->source.submission->path,
                               request->target.submission->path);
    write_totals(&m, &totals);
    write_properties(&m, request);
    for (size_t i = 0; i < request->variant_count; i++) {
        write_case(&m, request, &request->variants[i].pop, request->variants[i].verdict);
    }
    write_case(&m, request, NULL, rest_of(request));
    iv_markup_break(&m);
    iv_markup_close(&m);
    iv_markup_break(&m);
    iv_markup_close(&m);
    iv_markup_break(&m);
    iv_markup_fini(&m);
}
