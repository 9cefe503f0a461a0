/*
 * The table of findings: what is wrong, where, and what fixes it. Each finding is one row; the
 * details in its last cell can be folded. data-k holds its kind for the checkboxes, and data-rank
 * its place when the script sorts by severity.
 */
#include "imgval/report/sink.h"
#include "imgval/report/sink_html.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/phrases.h"

#include <string.h>

/* The words of one kind: class, badge, checkbox, and the place in a sorted table. */
struct kind_look {
    const char *class;
    const char *label;
    unsigned rank;
};

static const struct kind_look kind_looks[] = {
    [IV_HTML_ERROR] = {.class = "error", .label = "Errors", .rank = 4},
    [IV_HTML_WARNING] = {.class = "warning", .label = "Warnings", .rank = 3},
    [IV_HTML_NOTE] = {.class = "note", .label = "Notes", .rank = 2},
    [IV_HTML_UNCHECKED] = {.class = "unchecked", .label = "Not checked", .rank = 5},
    [IV_HTML_WAIVED] = {.class = "waived", .label = "Waived", .rank = 1},
};

/* What is waived, or means that something was not checked, is that first of all. */
enum iv_html_kind iv_html_kind_of(const struct iv_finding *finding)
{
    if (finding->waived) {
        return IV_HTML_WAIVED;
    }
    if (finding->incomplete) {
        return IV_HTML_UNCHECKED;
    }
    switch (finding->severity) {
    case IV_ERROR:
        return IV_HTML_ERROR;
    case IV_WARNING:
        return IV_HTML_WARNING;
    case IV_NOTE:
        break;
    }
    return IV_HTML_NOTE;
}

/* A checkbox that shows or hides the findings of one kind. */
static void write_choice(struct iv_markup *m, const struct kind_look *look, size_t count)
{
    iv_html_switch(m, look->class, true);
    iv_markup_printf(m, " %s ", look->label);
    iv_markup_open(m, "span");
    iv_markup_attribute(m, "class", "count");
    iv_markup_printf(m, "%zu", count);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Without the script they could do nothing, so they stay hidden. */
static void write_tools(const struct iv_html_part *part)
{
    struct iv_markup *m = part->markup;
    const struct iv_judgement *judgement = &part->entry->judgement;
    size_t counts[IV_HTML_KINDS] = {0};
    for (size_t i = 0; i < judgement->finding_count; i++) {
        counts[iv_html_kind_of(&judgement->findings[i])]++;
    }
    iv_html_tools_of(part, "findings", "Filter: a rule, a package, a word");
    iv_markup_open(m, "fieldset");
    iv_markup_classed(m, "legend", "unseen", "Which findings to show");
    for (size_t kind = 0; kind < IV_HTML_KINDS; kind++) {
        if (counts[kind] > 0) {
            write_choice(m, &kind_looks[kind], counts[kind]);
        }
    }
    iv_markup_close(m);
    iv_html_fold(m);
    iv_html_tools_end(m, "finding");
}

/* The severity, and whether the finding is waived or says that something was not checked. */
static void write_badges(struct iv_markup *m, const struct iv_finding *finding)
{
    iv_markup_open(m, "td");
    iv_markup_attribute_uint(m, "data-rank", kind_looks[iv_html_kind_of(finding)].rank);
    iv_markup_open(m, "span");
    iv_markup_attribute_printf(m, "class", "badge %s", kind_looks[iv_html_kind_of(finding)].class);
    iv_markup_text(m, iv_severity_names[finding->severity]);
    iv_markup_close(m);
    if (finding->incomplete) {
        iv_markup_text(m, " ");
        iv_markup_classed(m, "span", "tag unchecked", "not checked");
    }
    if (finding->waived) {
        iv_markup_text(m, " ");
        iv_markup_classed(m, "span", "tag waived", "waived");
    }
    iv_markup_close(m);
}

/* A term and its value in the details; nothing where there is no value. */
static void write_fact(struct iv_markup *m, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return;
    }
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_element(m, "dt", name);
    iv_markup_element(m, "dd", iv_sink_cut(value, &scratch));
}

/* What was found in a field, and what was wanted. */
static void write_value(struct iv_markup *m, const struct iv_finding *finding)
{
    if (finding->field == NULL) {
        return;
    }
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_element(m, "dt", "Value");
    iv_markup_open(m, "dd");
    iv_markup_element(m, "bdi", finding->field);
    iv_markup_text(m, " is ");
    if (finding->actual == NULL) {
        iv_markup_text(m, "not there");
    } else {
        iv_markup_element(m, "code", iv_sink_cut(finding->actual, &scratch));
    }
    if (finding->expected != NULL) {
        iv_markup_text(m, "; wanted: ");
        iv_markup_element(m, "bdi", iv_sink_cut(finding->expected, &scratch));
    }
    iv_markup_close(m);
}

/* All of them: the message names at most twenty. */
static void write_missing(struct iv_markup *m, const struct iv_finding *finding)
{
    if (!finding->has_packages || finding->package_count == 0) {
        return;
    }
    iv_markup_element(m, "dt", "Missing");
    iv_markup_open(m, "dd");
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "names");
    for (size_t i = 0; i < finding->package_count; i++) {
        const char *name = finding->packages[i]->name;
        iv_markup_element(m, "li", name == NULL ? "" : name);
    }
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Open in the file, so that all of it is there without the script and on paper. */
static void write_details(struct iv_markup *m, const struct iv_finding *finding)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_open(m, "details");
    iv_markup_flag(m, "open");
    iv_markup_element(m, "summary", "Remedy and facts");
    iv_markup_open(m, "dl");
    if (finding->waiver != NULL) {
        iv_phrase_waiver(&text, finding->waiver);
        write_fact(m, "Waived", iv_buf_text(&text));
        iv_buf_clear(&text);
    }
    write_fact(m, "Remedy", finding->remedy);
    if (finding->severity_by_policy) {
        write_fact(m, "Severity", "changed by the policy");
    }
    write_value(m, finding);
    if (finding->variant != NULL) {
        iv_phrase_variant(&text, finding->variant);
        write_fact(m, "Variant", iv_buf_text(&text));
    }
    if (finding->baseline != NULL) {
        iv_buf_clear(&text);
        if (finding->direction != NULL) {
            iv_buf_printf(&text, "%s: ", iv_direction_names[*finding->direction]);
        }
        iv_phrase_baseline(&text, finding->baseline);
        write_fact(m, "Baseline", iv_buf_text(&text));
    }
    write_missing(m, finding);
    write_fact(m, "Fingerprint", finding->fingerprint);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* What a finding is about, in one column: the package, else the variant, else the value. */
static void write_subject(struct iv_markup *m, const struct iv_finding *finding)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (finding->package != NULL) {
        iv_buf_puts(&text, finding->package);
    } else if (finding->variant != NULL) {
        iv_phrase_variant(&text, finding->variant);
    } else {
        iv_buf_puts(&text, finding->field == NULL ? "submission" : finding->field);
    }
    iv_html_cell(m, iv_buf_text(&text));
}

/* A place is shown only where it says more than the path of the submission. */
static void write_finding(const struct iv_html_part *part, size_t index)
{
    struct iv_markup *m = part->markup;
    const struct iv_finding *finding = &part->entry->judgement.findings[index];
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf place IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_attribute_printf(m, "id", "s%zu-f%zu", part->number, index + 1);
    iv_markup_attribute(m, "data-k", kind_looks[iv_html_kind_of(finding)].class);
    write_badges(m, finding);
    iv_markup_open(m, "th");
    iv_markup_attribute(m, "scope", "row");
    iv_html_rule_link(m, "rule-", finding->rule);
    iv_markup_close(m);
    write_subject(m, finding);
    iv_markup_open(m, "td");
    iv_markup_element(m, "p", iv_sink_cut(finding->message, &scratch));
    iv_phrase_place(&place, finding);
    if (place.size > 0 && strcmp(iv_buf_text(&place), part->entry->submission->path) != 0) {
        iv_markup_classed(m, "p", "at", iv_buf_text(&place));
    }
    write_details(m, finding);
    iv_markup_close(m);
    iv_markup_close(m);
}

void iv_html_findings(const struct iv_html_part *part)
{
    static const char *const columns[] = {"Severity", "Rule", "About", "Finding", NULL};
    const size_t count = part->entry->judgement.finding_count;
    iv_html_section(part, "findings", "Findings");
    if (count == 0) {
        iv_markup_classed(part->markup, "p", "none", "Nothing was found.");
        iv_markup_close(part->markup);
        return;
    }
    write_tools(part);
    iv_html_table(part->markup, count > IV_HTML_LONG ? "findings long" : "findings",
                  "Findings of this submission", columns, true);
    for (size_t i = 0; i < count; i++) {
        write_finding(part, i);
    }
    iv_html_table_end(part->markup);
    iv_markup_close(part->markup);
}
