/*
 * A request for update as one file for people who were not there, in the look of the HTML report:
 * the answer, source and target, the answer for each variant, and the findings with their remedies.
 */
#include "imgval/report/history/request_report.h"

#include "imgval/report/write/html_page.h"
#include "imgval/report/write/phrases.h"

/* The page in the making. */
struct page {
    struct iv_html_part part; /* its sections */
    const struct iv_request *request;
};

static const char *const tones[] = {
    [IV_VERDICT_PASS] = "passed",
    [IV_VERDICT_INCOMPLETE] = "unchecked",
    [IV_VERDICT_FAIL] = "failed",
};

static const char *const leads[] = {
    [IV_VERDICT_PASS] = "Devices that hold the source may be served the target.",
    [IV_VERDICT_INCOMPLETE] = "Something could not be checked. This is not an approval.",
    [IV_VERDICT_FAIL] = ("Devices that hold the source cannot be served the target. What is wrong "
                         "stands below, with its remedy."),
};

/* An approval that comes with a warning is not shown in the colour of one without. */
static bool has_warning(const struct iv_request *request)
{
    bool any = false;
    for (size_t i = 0; request->verdict == IV_VERDICT_PASS && i < request->finding_count; i++) {
        const struct iv_finding *finding = &request->findings[i];
        any = any || (!finding->waived && finding->severity > IV_NOTE);
    }
    return any;
}

/* The top of the page: the answer, what was asked, and what the answer means. */
static void write_hero(const struct page *page)
{
    struct iv_markup *m = page->part.markup;
    const struct iv_request *request = page->request;
    const bool warned = has_warning(request);
    iv_html_hero(m, warned ? "warning" : tones[request->verdict],
                 iv_request_answers[request->verdict]);
    iv_markup_printf(m, " %s update ", iv_request_type_names[request->type]);
    iv_markup_classed(m, "bdi", "what", request->source.submission->path);
    iv_markup_text(m, " → ");
    iv_markup_classed(m, "bdi", "what", request->target.submission->path);
    iv_markup_close(m);
    if (request->what_if) {
        iv_markup_classed(m, "p", "lead", iv_phrase_what_if);
    }
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "class", "lead");
    iv_markup_text(m, leads[request->verdict]);
    iv_markup_text(m, warned ? " The warnings stand below." : "");
    iv_markup_close(m);
    iv_markup_close(m);
}

/* A side with what it is to today's baselines. */
static void write_side(struct iv_markup *m, const char *name, const struct iv_request_side *side)
{
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_html_head_cell(m, name);
    iv_html_cell(m, side->submission->path);
    iv_html_cell(m, side->submission->firmware_version);
    iv_html_cell(m, iv_request_status_names[side->status]);
    iv_markup_open(m, "td");
    iv_markup_printf(m, "%.12s", side->submission->id);
    iv_markup_close(m);
    iv_markup_close(m);
}

static void write_sides(const struct page *page)
{
    static const char *const columns[] = {"Side", "Submission", "Version", "Status", "Id", NULL};
    struct iv_markup *m = page->part.markup;
    iv_html_section(&page->part, "sides", "Submissions");
    iv_html_table(m, "sides", "Source and target", columns, false);
    write_side(m, "source", &page->request->source);
    write_side(m, "target", &page->request->target);
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* A variant with its answer, and the status of either side for it. */
static void write_variant(struct iv_markup *m, const struct iv_request_variant *variant)
{
    struct iv_buf pop IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_variant(&pop, &variant->pop);
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_open(m, "td");
    iv_markup_attribute_printf(m, "class", "state %s", tones[variant->verdict]);
    iv_markup_text(m, iv_request_answers[variant->verdict]);
    iv_markup_close(m);
    iv_html_head_cell(m, iv_buf_text(&pop));
    iv_html_cell(m, iv_request_status_names[variant->source]);
    iv_html_cell(m, iv_request_status_names[variant->target]);
    iv_markup_close(m);
}

/* A request may be allowed for one variant and not for another; the answer is the worst of them. */
static void write_variants(const struct page *page)
{
    static const char *const columns[] = {"Answer", "Variant", "Source is", "Target is", NULL};
    struct iv_markup *m = page->part.markup;
    const struct iv_request *request = page->request;
    iv_html_section(&page->part, "variants", "Variants");
    if (request->variant_count == 0) {
        iv_markup_classed(m, "p", "none", "Source and target share no variant.");
        iv_markup_close(m);
        return;
    }
    iv_html_table(m, request->variant_count > IV_HTML_LONG ? "variants long" : "variants",
                  "Variants that source and target share", columns, true);
    for (size_t i = 0; i < request->variant_count; i++) {
        write_variant(m, &request->variants[i]);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* In full: a request has few findings. */
static void write_finding(struct iv_markup *m, const struct iv_finding *finding)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_break(m);
    iv_markup_open(m, "h3");
    iv_markup_printf(m, "%s %s %s%s", iv_severity_names[finding->severity], finding->rule->id,
                     finding->rule->name, finding->waived ? " (waived)" : "");
    iv_markup_close(m);
    if (finding->variant != NULL) {
        iv_buf_puts(&text, "For ");
        iv_phrase_variant(&text, finding->variant);
        iv_markup_element(m, "p", iv_buf_text(&text));
    }
    iv_markup_element(m, "p", finding->message);
    iv_markup_element(m, "p", finding->remedy);
    if (finding->waived) {
        iv_buf_clear(&text);
        iv_buf_puts(&text, "Waived: ");
        iv_phrase_waiver(&text, finding->waiver);
        iv_markup_element(m, "p", iv_buf_text(&text));
    }
}

static void write_findings(const struct page *page)
{
    struct iv_markup *m = page->part.markup;
    iv_html_section(&page->part, "findings", "Findings");
    if (page->request->finding_count == 0) {
        iv_markup_classed(m, "p", "none", "Nothing is wrong with this request.");
    }
    for (size_t i = 0; i < page->request->finding_count; i++) {
        write_finding(m, &page->request->findings[i]);
    }
    iv_markup_close(m);
}

void iv_request_write_html(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *out)
{
    (void)style; /* a document for browsers looks the same everywhere */
    struct iv_markup m;
    struct iv_buf title IV_CLEANUP(iv_buf_fini) = {0};
    const struct page page = {
        .part = {.markup = &m, .number = 1, .heading = "h2"},
        .request = request,
    };
    iv_buf_printf(&title, "%s – %s → %s – imgval rfu", iv_request_answers[request->verdict],
                  request->source.submission->path, request->target.submission->path);
    iv_html_open(&m, iv_buf_text(&title), NULL, 0, out);
    iv_html_bar(&m, "imgval rfu");
    iv_html_bar_link(&m, "#s1-sides", "Submissions");
    iv_html_bar_link(&m, "#s1-variants", "Variants");
    iv_html_bar_link(&m, "#s1-findings", "Findings");
    iv_html_bar_end(&m);
    iv_html_main(&m);
    write_hero(&page);
    write_sides(&page);
    write_variants(&page);
    write_findings(&page);
    iv_html_close(&m, "imgval", request->tool_version);
}
