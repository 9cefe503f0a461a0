/*
 * One file for people who were not there: it opens from a mail, needs no network and no script, and
 * says the verdict first. The script that it carries sorts, filters and folds what stands there.
 *
 * The page is put together from top to bottom: head and bar, the verdict, for each submission its
 * sections (sink_html_findings.c, sink_html_wspc.c, sink_html_parts.c), and the texts of the rules
 * that were named. What every page of ours has is in write/html_page.c. The elements are written in
 * order, each closed where it was opened, so that the calls have the shape of the page.
 */
#include "imgval/report/sink_html.h"
#include "imgval/model/kinds.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/phrases.h"

#include <string.h>

/* Classes of the style sheet by verdict, and the marks. */
static const char *const verdict_classes[] = {
    [IV_VERDICT_PASS] = "passed",
    [IV_VERDICT_INCOMPLETE] = "unchecked",
    [IV_VERDICT_FAIL] = "failed",
};

static const char *const verdict_leads[] = {
    [IV_VERDICT_PASS] = "Every applicable rule ran to its end, and nothing was found that counts.",
    [IV_VERDICT_INCOMPLETE] = "Something was not checked. This is not a pass.",
    [IV_VERDICT_FAIL] = "What makes it fail stands below, with its remedy.",
};

/* A pass that has a rest to say, say warnings, is not in the colour of one that has none. */
static const char *look_of(enum iv_final_verdict verdict, const char *rest)
{
    return verdict == IV_VERDICT_PASS && rest[0] != '\0' ? "warning" : verdict_classes[verdict];
}

/* ---- the head ------------------------------------------------------------------------------ */

/* The verdict first: it is what a tab of a browser has room for. */
static void add_title(struct iv_buf *title, const struct iv_report *report)
{
    iv_buf_printf(title, "%s – ", iv_phrase_verdicts[report->verdict]);
    if (report->entry_count == 1) {
        iv_buf_puts(title, report->entries[0].submission->path);
    } else {
        iv_buf_printf(title, "%zu submissions", report->entry_count);
    }
    iv_buf_printf(title, " – %s", report->tool);
}

/* Links to the sections of a single submission; of several, to their list. */
static void write_bar(struct iv_markup *m, const struct iv_report *report)
{
    iv_html_bar(m, report->tool);
    if (report->entry_count == 1) {
        iv_html_bar_link(m, "#s1-findings", "Findings");
        iv_html_bar_link(m, "#s1-wspc", "WSPC");
        iv_html_bar_link(m, "#s1-outcomes", "Outcomes");
        iv_html_bar_link(m, "#s1-device", "Device");
        iv_html_bar_link(m, "#s1-packages", "Packages");
    } else {
        iv_html_bar_link(m, "#submissions", "Submissions");
    }
    iv_html_bar_link(m, "#rules", "Rules");
    iv_html_bar_end(m);
}

/* ---- verdicts ------------------------------------------------------------------------------ */

/* `rest`: what the word does not say. */
static void write_verdict(struct iv_markup *m, const char *heading, const char *id,
                          enum iv_final_verdict verdict, const char *rest, const char *what)
{
    iv_markup_open(m, heading);
    iv_markup_attribute(m, "id", id);
    iv_html_mark(m, look_of(verdict, rest));
    iv_markup_text(m, " ");
    iv_markup_classed(m, "span", "word", iv_phrase_verdicts[verdict]);
    if (rest[0] != '\0') {
        iv_markup_classed(m, "span", "rest", rest);
    }
    iv_markup_text(m, " ");
    iv_markup_classed(m, "bdi", "what", what);
    iv_markup_close(m);
    iv_markup_classed(m, "p", "lead",
                      verdict == IV_VERDICT_PASS && rest[0] != '\0'
                          ? "Every applicable rule ran to its end, and nothing makes it fail."
                          : verdict_leads[verdict]);
}

/* The circumstances that decide which rules apply. */
static void write_judged_as(struct iv_markup *m, const struct iv_report_entry *entry)
{
    const struct iv_submission *s = entry->submission;
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "class", "judged");
    iv_markup_printf(m, "Judged as %s (%s)", iv_phrase_type(s), iv_kinds[s->kind].phrase);
    if (s->type_by_default && s->type == IV_PARTIAL) {
        iv_markup_text(m, " because it is a single package");
    }
    if (entry->run->baseline) {
        iv_markup_text(m, ", to become a baseline");
    }
    if (entry->run->all_owners) {
        iv_markup_text(m, ", packages of all owners compared");
    }
    if (s->firmware_version != NULL) {
        iv_markup_text(m, ", firmware version ");
        iv_markup_element(m, "bdi", s->firmware_version);
    }
    iv_markup_text(m, ".");
    iv_markup_close(m);
}

/* Rules that were not evaluated. */
static size_t unchecked_count(const struct iv_judgement *judgement)
{
    size_t count = 0;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        count += judgement->outcomes[i].outcome == IV_NOT_EVALUATED;
    }
    return count;
}

/* The counts, and only those that say something. */
static void write_tiles(struct iv_markup *m, const struct iv_report_entry *entry)
{
    const struct iv_counts *counts = &entry->judgement.counts;
    const size_t all = entry->submission->package_count;
    const size_t unchecked = unchecked_count(&entry->judgement);
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "tiles");
    iv_html_tile(m, "plain", counts->packages, "package", "packages");
    if (counts->unreadable > 0) {
        iv_html_tile(m, "error", counts->unreadable, "unreadable", "unreadable");
    }
    if (all > counts->packages) {
        iv_html_tile(m, "plain", all - counts->packages, "known from history",
                     "known from history");
    }
    iv_html_tile(m, "error", counts->error, "error", "errors");
    iv_html_tile(m, "warning", counts->warning, "warning", "warnings");
    iv_html_tile(m, "note", counts->note, "note", "notes");
    if (counts->waived > 0) {
        iv_html_tile(m, "waived", counts->waived, "waived", "waived");
    }
    if (unchecked > 0) {
        iv_html_tile(m, "unchecked", unchecked, "rule not evaluated", "rules not evaluated");
    }
    iv_markup_close(m);
}

/* Which file it was, as there may be several beside each other. */
static void write_side_file(struct iv_markup *m, const char *label, const char *path)
{
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "class", "judged");
    iv_markup_text(m, label);
    iv_markup_element(m, "code", path == NULL ? "" : path);
    iv_markup_close(m);
}

/* What stands below the verdict of a submission. */
static void write_summary(struct iv_markup *m, const struct iv_report *report,
                          const struct iv_report_entry *entry)
{
    const struct iv_submission *s = entry->submission;
    write_tiles(m, entry);
    write_judged_as(m, entry);
    if (report->fail_on != IV_ERROR) {
        iv_markup_open(m, "p");
        iv_markup_attribute(m, "class", "judged");
        iv_markup_printf(m, "It fails on findings of severity %s and above.",
                         iv_severity_names[report->fail_on]);
        iv_markup_close(m);
    }
    if (s->history.present) {
        write_side_file(m, "Update history: ", s->history.path);
    }
    if (s->oem_input.present) {
        write_side_file(m, "OEM input: ", s->oem_input.path);
    }
}

/* The rules that share a reason, in one paragraph. */
static void write_reason(struct iv_markup *m, const struct iv_judgement *judgement, size_t first)
{
    const char *reason = iv_phrase_reason(&judgement->outcomes[first]);
    bool is_open = false;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *row = &judgement->outcomes[i];
        if (row->outcome != IV_NOT_EVALUATED || strcmp(iv_phrase_reason(row), reason) != 0) {
            continue;
        }
        if (i < first) {
            return; /* written with the first of them */
        }
        if (!is_open) {
            iv_markup_open(m, "p");
            is_open = true;
        }
        iv_markup_open(m, "span");
        iv_markup_attribute(m, "class", "pill");
        iv_html_rule_link(m, "rule-", row->rule);
        iv_markup_close(m);
        iv_markup_text(m, " ");
    }
    if (is_open) {
        iv_markup_printf(m, "because ");
        iv_markup_text(m, reason);
        iv_markup_close(m);
    }
}

/* What was not checked, apart from what failed: rules without an outcome, and findings that say
 * so. */
static void write_not_checked(const struct iv_html_part *part)
{
    struct iv_markup *m = part->markup;
    const struct iv_judgement *judgement = &part->entry->judgement;
    size_t findings = 0;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        findings += judgement->findings[i].incomplete;
    }
    const size_t rules = unchecked_count(judgement);
    const bool empty = part->entry->submission->package_count == 0;
    if (findings + rules == 0 && !empty) {
        return;
    }
    iv_html_section(part, "unchecked", "Not checked");
    if (empty) {
        iv_markup_element(m, "p",
                          "There is no package here, so no rule about packages says "
                          "anything.");
    }
    if (rules > 0) {
        iv_markup_element(m, "p",
                          "These rules could not be evaluated, so they neither passed nor failed:");
        for (size_t i = 0; i < judgement->outcome_count; i++) {
            if (judgement->outcomes[i].outcome == IV_NOT_EVALUATED) {
                write_reason(m, judgement, i);
            }
        }
    }
    if (findings > 0) {
        iv_markup_open(m, "p");
        iv_markup_printf(m, "%zu finding%s below mean%s that something was not checked.", findings,
                         findings == 1 ? "" : "s", findings == 1 ? "s" : "");
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* From what is wrong to what there is. */
static void write_sections(const struct iv_html_part *part)
{
    write_not_checked(part);
    iv_html_findings(part);
    iv_html_wspc(part);
    iv_html_outcomes(part);
    iv_html_device(part);
    iv_html_packages(part);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Open: the summary follows in it. */
static void write_hero(struct iv_markup *m, enum iv_final_verdict verdict, const char *rest,
                       const char *what)
{
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "class", "hero %s", look_of(verdict, rest));
    iv_markup_attribute(m, "aria-labelledby", "verdict");
    write_verdict(m, "h1", "verdict", verdict, rest, what);
}

/* The table of submissions, each with a link to its article. */
static void write_list(struct iv_markup *m, const struct iv_report *report)
{
    static const char *const columns[] = {"Submission", "Verdict", "Packages", "Errors",
                                          "Warnings",   "Notes",   NULL};
    iv_html_plain_section(m, "submissions", "Submissions");
    iv_html_table(m, "list", "The submissions of this report", columns, true);
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_report_entry *entry = &report->entries[i];
        const struct iv_counts *counts = &entry->judgement.counts;
        const size_t numbers[] = {counts->packages, counts->error, counts->warning, counts->note};
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_markup_open(m, "th");
        iv_markup_attribute(m, "scope", "row");
        iv_markup_open(m, "a");
        iv_markup_attribute_printf(m, "href", "#s%zu", i + 1);
        iv_markup_element(m, "bdi", entry->submission->path);
        iv_markup_close(m);
        iv_markup_close(m);
        struct iv_buf rest IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_qualify(&rest, entry);
        const char *look = look_of(entry->judgement.verdict, iv_buf_text(&rest));
        iv_markup_open(m, "td");
        iv_markup_attribute_printf(m, "class", "state %s", look);
        iv_html_mark(m, look);
        iv_markup_printf(m, " %s", iv_phrase_verdicts[entry->judgement.verdict]);
        iv_markup_close(m);
        for (size_t k = 0; k < IV_COUNT(numbers); k++) {
            iv_markup_open(m, "td");
            iv_markup_attribute(m, "class", "number");
            iv_markup_printf(m, "%zu", numbers[k]);
            iv_markup_close(m);
        }
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* Several submissions: the verdict of all, a list, and an article for each. */
static void write_several(struct iv_markup *m, const struct iv_report *report)
{
    struct iv_buf what IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_count(&what, report->entry_count, "submission");
    struct iv_buf all IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_qualify_all(&all, report);
    write_hero(m, report->verdict, iv_buf_text(&all), iv_buf_text(&what));
    iv_markup_close(m);
    write_list(m, report);
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_report_entry *entry = &report->entries[i];
        const struct iv_html_part part = {
            .markup = m, .report = report, .entry = entry, .number = i + 1, .heading = "h3"};
        struct iv_buf id IV_CLEANUP(iv_buf_fini) = {0};
        iv_buf_printf(&id, "s%zu", i + 1);
        iv_markup_break(m);
        iv_markup_open(m, "article");
        iv_markup_attribute(m, "aria-labelledby", iv_buf_text(&id));
        iv_markup_open(m, "div");
        struct iv_buf rest IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_qualify(&rest, entry);
        iv_markup_attribute_printf(m, "class", "hero small %s",
                                   look_of(entry->judgement.verdict, iv_buf_text(&rest)));
        write_verdict(m, "h2", iv_buf_text(&id), entry->judgement.verdict, iv_buf_text(&rest),
                      entry->submission->path);
        write_summary(m, report, entry);
        iv_markup_close(m);
        write_sections(&part);
        iv_markup_close(m);
    }
}

/* A single submission is the page itself. */
static void write_one(struct iv_markup *m, const struct iv_report *report)
{
    const struct iv_html_part part = {
        .markup = m, .report = report, .entry = report->entries, .number = 1, .heading = "h2"};
    struct iv_buf rest IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_qualify(&rest, report->entries);
    write_hero(m, report->verdict, iv_buf_text(&rest), report->entries[0].submission->path);
    write_summary(m, report, report->entries);
    iv_markup_close(m);
    write_sections(&part);
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a document for browsers looks the same everywhere */
    struct iv_buf title IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_markup m;
    add_title(&title, report);
    iv_html_open(&m, iv_buf_text(&title), NULL, 0, out);
    write_bar(&m, report);
    iv_html_main(&m);
    if (report->what_if) {
        iv_markup_classed(&m, "p", "what-if", iv_phrase_what_if);
    }
    if (report->is_part) {
        iv_markup_classed(&m, "p", "what-if", iv_phrase_part);
    }
    if (report->entry_count == 1) {
        write_one(&m, report);
    } else {
        write_several(&m, report);
    }
    iv_html_rules(&m, report);
    iv_html_close(&m, report->tool, report->tool_version);
}

const struct iv_sink iv_sink_html = {
    .name = "html",
    .summary = "one file for a browser or a mail: no network, no script needed",
    .write = write_report,
    .rfu = iv_request_write_html,
    .diff = iv_delta_write_html,
    .audit = iv_audit_write_html,
};
