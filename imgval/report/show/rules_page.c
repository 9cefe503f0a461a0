/*
 * The rule reference as one file: a table with a row for each rule, in the groups of the reports,
 * to search, to sort by severity and to fold. Without the script all of it is there.
 */
#include "imgval/report/show/rules_page.h"

#include "imgval/report/write/html_page.h"
#include "imgval/report/write/markup.h"
#include "imgval/version.h"

#include <string.h>

/* The letters of an id: its group. */
static int group_size(const struct iv_rule *rule)
{
    return (int)strcspn(rule->id, "0123456789");
}

/* The id is the anchor that --rules-url links to. */
static void write_row(struct iv_markup *m, const struct iv_rule *rule)
{
    const char *severity = iv_severity_names[rule->severity];
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_attribute(m, "id", rule->id);
    iv_markup_attribute(m, "data-k", severity);
    iv_markup_open(m, "td");
    iv_markup_attribute_uint(m, "data-rank", (unsigned)rule->severity);
    iv_markup_open(m, "span");
    iv_markup_attribute_printf(m, "class", "badge %s", severity);
    iv_markup_text(m, severity);
    iv_markup_close(m);
    if (rule->incomplete) {
        iv_markup_text(m, " ");
        iv_markup_classed(m, "span", "tag unchecked", "not checked");
    }
    iv_markup_close(m);
    iv_markup_open(m, "th");
    iv_markup_attribute(m, "scope", "row");
    iv_html_rule_link(m, "", rule);
    iv_markup_close(m);
    iv_markup_open(m, "td");
    iv_markup_printf(m, "%.*s", group_size(rule), rule->id);
    iv_markup_close(m);
    iv_markup_open(m, "td");
    /* one that is being written: the unit test of the tables refuses it */
    iv_markup_element(m, "p", rule->summary != NULL ? rule->summary : "");
    iv_markup_open(m, "details");
    iv_markup_flag(m, "open");
    iv_markup_element(m, "summary", "Why, what to do, and examples");
    iv_html_rule_texts(m, rule, false);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Boxes that hide the rules of a severity. */
static void write_choices(struct iv_markup *m)
{
    static const enum iv_severity severities[] = {IV_ERROR, IV_WARNING, IV_NOTE};
    static const char *const labels[] = {" Errors", " Warnings", " Notes"};
    iv_markup_open(m, "fieldset");
    iv_markup_classed(m, "legend", "unseen", "Which rules to show");
    for (size_t i = 0; i < IV_COUNT(severities); i++) {
        iv_html_switch(m, iv_severity_names[severities[i]], true);
        iv_markup_text(m, labels[i]);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

static void write_tools(struct iv_markup *m)
{
    iv_markup_break(m);
    iv_html_tools(m, "rules", "Filter: an id, a name, a word");
    write_choices(m);
    iv_html_fold(m);
    iv_html_tools_end(m, "rule");
}

/* The groups, in the bar: each leads to its first rule. */
static void write_groups(struct iv_markup *m, const struct iv_rules *families, size_t count)
{
    const struct iv_rule *last = NULL;
    for (size_t f = 0; f < count; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            const struct iv_rule *rule = &families[f].rows[i];
            const int size = group_size(rule);
            if (last == NULL || size != group_size(last) ||
                strncmp(last->id, rule->id, (size_t)size) != 0) {
                iv_markup_open(m, "li");
                iv_markup_open(m, "a");
                iv_markup_attribute_printf(m, "href", "#%s", rule->id);
                iv_markup_printf(m, "%.*s", size, rule->id);
                iv_markup_close(m);
                iv_markup_close(m);
            }
            last = rule;
        }
    }
}

/* All rules, or one; a page of one needs no filter and no bar of groups. */
void iv_rules_page(const struct iv_rules *families, size_t family_count, const struct iv_rule *rule,
                   FILE *out)
{
    static const char *const columns[] = {"Severity", "Rule", "Group", "What must hold", NULL};
    struct iv_markup markup;
    struct iv_markup *m = &markup;
    iv_html_open(m, rule == NULL ? "Rules of imgval " IMGVAL_VERSION : rule->id, NULL, 0, out);
    iv_html_bar(m, "imgval rules");
    if (rule == NULL) {
        write_groups(m, families, family_count);
    }
    iv_html_bar_end(m);
    iv_html_main(m);
    iv_markup_open(m, "section");
    iv_markup_element(m, "h1", rule == NULL ? "Rules of imgval " IMGVAL_VERSION : rule->name);
    if (rule == NULL) {
        write_tools(m);
    }
    iv_html_table(m, "findings", "Rules", columns, rule == NULL);
    if (rule != NULL) {
        write_row(m, rule);
    }
    for (size_t f = 0; f < family_count && rule == NULL; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            write_row(m, &families[f].rows[i]);
        }
    }
    iv_html_table_end(m);
    iv_markup_close(m);
    iv_html_close(m, "imgval", IMGVAL_VERSION);
}
