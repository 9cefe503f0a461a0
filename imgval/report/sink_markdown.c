/*
 * A comment on a pull request, in GitHub Flavored Markdown: the verdict, what was applied, the
 * findings by rule. Its size is bounded, because services refuse longer comments: what does not fit
 * is counted.
 *
 * Text from the input stands in code spans, where neither markup nor mentions nor links are looked
 * for; sentences of plain words stand as they are.
 */
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/comment.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/seal_phrase.h"

#include <string.h>

enum {
    SHOWN_SUBMISSIONS = 50,
    SHOWN_FINDINGS = 10, /* of one rule */
};

/* ---- texts --------------------------------------------------------------------------------- */

/* The counts of a submission. */
static void add_counts(struct iv_buf *buf, const struct iv_counts *counts)
{
    iv_phrase_count(buf, counts->packages, "package");
    if (counts->unreadable > 0) {
        iv_buf_printf(buf, " (%zu unreadable)", counts->unreadable);
    }
    iv_buf_puts(buf, "; ");
    iv_phrase_count(buf, counts->error, "error");
    iv_buf_puts(buf, ", ");
    iv_phrase_count(buf, counts->warning, "warning");
    iv_buf_puts(buf, ", ");
    iv_phrase_count(buf, counts->note, "note");
    if (counts->waived > 0) {
        iv_buf_printf(buf, ", %zu waived", counts->waived);
    }
}

/* What --verify found out. */
static void add_seals(struct iv_buf *buf, const struct iv_submission *s)
{
    struct iv_buf seals IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_seals(&seals, s);
    if (seals.size > 0) {
        iv_buf_puts(buf, ". Verified: ");
        iv_markdown_sentence(buf, iv_buf_text(&seals));
    }
}

/* ---- the head ------------------------------------------------------------------------------ */

/* The verdict and what it depends on, then a line for each submission. */
static void add_head(struct iv_comment *comment, const struct iv_report *report)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval: %s", iv_comment_symbols[report->verdict],
                  iv_final_verdict_names[report->verdict]);
    iv_phrase_qualify_all(block, report);
    iv_buf_puts(block, "\n\n");
    if (report->what_if) {
        iv_buf_puts(block, "**What if:** no real verdict. Waivers reach findings that cannot be "
                           "waived; judge again without `--what-if`.\n\n");
    }
    if (report->is_part) {
        iv_buf_printf(block, "**%s**\n\n", iv_phrase_part);
    }
    if (report->fail_on != IV_ERROR) {
        iv_buf_printf(block, "The verdict is `fail` from `%s` on.\n\n",
                      iv_severity_names[report->fail_on]);
    }
    (void)iv_comment_take(comment);
    for (size_t i = 0; i < report->entry_count && i < SHOWN_SUBMISSIONS; i++) {
        const struct iv_report_entry *entry = &report->entries[i];
        iv_buf_printf(block, "- %s **%s** ", iv_comment_symbols[entry->judgement.verdict],
                      iv_final_verdict_names[entry->judgement.verdict]);
        iv_markdown_code(block, entry->submission->path);
        iv_buf_puts(block, ": ");
        add_counts(block, &entry->judgement.counts);
        add_seals(block, entry->submission);
        iv_buf_putc(block, '\n');
        (void)iv_comment_take(comment);
    }
    if (report->entry_count > SHOWN_SUBMISSIONS) {
        iv_buf_printf(block, "- and %zu more submissions\n",
                      report->entry_count - SHOWN_SUBMISSIONS);
        (void)iv_comment_take(comment);
    }
}

/* ---- what was applied ---------------------------------------------------------------------- */

/* A row of the table: how many rules have this outcome and, where that asks for action, which. */
static void add_outcome(struct iv_buf *block, const struct iv_judgement *judgement,
                        const bool *failing, const char *words, bool with_ids)
{
    size_t count = 0;
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        if (strcmp(iv_phrase_outcome(&judgement->outcomes[i], failing[i]), words) == 0) {
            if (with_ids) {
                iv_buf_puts(&ids, count == 0 ? "" : ", ");
                iv_markdown_name(&ids, judgement->outcomes[i].rule->id);
            }
            count++;
        }
    }
    if (count > 0) {
        iv_buf_printf(block, "| %s | %zu | %s |\n", words, count, iv_buf_text(&ids));
    }
}

/* What was applied, in five rows; ids only where somebody has to do something. */
static void add_outcomes(struct iv_buf *block, const struct iv_judgement *judgement,
                         enum iv_severity fail_on)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const bool *failing = iv_phrase_failing(judgement, fail_on, &arena);
    iv_buf_puts(block, "\n| Outcome | Rules | |\n|---|---:|---|\n");
    add_outcome(block, judgement, failing, "failed", true);
    add_outcome(block, judgement, failing, "reported", true);
    add_outcome(block, judgement, failing, "not evaluated", true);
    add_outcome(block, judgement, failing, "passed", false);
    add_outcome(block, judgement, failing, "not applicable", false);
}

/* ---- findings ------------------------------------------------------------------------------ */

/* Neighbours in the report's order that one heading covers. */
struct group {
    const struct iv_finding *findings;
    size_t count;  /* all of them */
    size_t active; /* those that are not waived */
    bool same_remedy;
};

/* Two texts, either of which may be NULL. */
static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Findings of one rule follow each other in a report. */
static struct group next_group(const struct iv_judgement *judgement, size_t first)
{
    struct group group = {.findings = &judgement->findings[first], .same_remedy = true};
    while (first + group.count < judgement->finding_count) {
        const struct iv_finding *finding = &group.findings[group.count];
        if (finding->rule != group.findings->rule ||
            finding->severity != group.findings->severity) {
            break;
        }
        group.count++;
        group.active += !finding->waived;
        group.same_remedy = group.same_remedy && same_text(finding->remedy, group.findings->remedy);
    }
    return group;
}

/* Nothing for a finding that has none, as in a report that was cut short. */
static void add_remedy(struct iv_buf *block, const char *indent, const char *remedy)
{
    if (remedy != NULL && remedy[0] != '\0') {
        iv_buf_printf(block, "%s*Remedy:* ", indent);
        iv_markdown_sentence(block, remedy);
        iv_buf_putc(block, '\n');
    }
}

/* The place is added only where neither the message nor the heading names it. */
static void add_finding(struct iv_buf *block, const struct iv_finding *finding,
                        const char *submission_path, bool with_remedy)
{
    struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(block, "- ");
    iv_markdown_sentence(block, finding->message);
    if (finding->path != NULL && strcmp(finding->path, submission_path) != 0 &&
        strstr(iv_sink_cut(finding->message, &cut), finding->path) == NULL) {
        iv_buf_puts(block, " — ");
        iv_markdown_code(block, finding->path);
    }
    if (finding->member != NULL) {
        iv_buf_puts(block, " member ");
        iv_markdown_code(block, finding->member);
    }
    if (finding->line != 0) {
        iv_buf_printf(block, " line %llu", (unsigned long long)finding->line);
    }
    if (finding->variant != NULL) {
        struct iv_buf pop IV_CLEANUP(iv_buf_fini) = {0};
        const struct iv_pop *variant = finding->variant;
        iv_buf_printf(&pop, "%s/%s/%s", variant->oem == NULL ? "" : variant->oem,
                      variant->mobile_operator == NULL ? "" : variant->mobile_operator,
                      variant->model == NULL ? "" : variant->model);
        iv_buf_puts(block, " for ");
        iv_markdown_code(block, iv_buf_text(&pop));
    }
    iv_buf_putc(block, '\n');
    if (with_remedy) {
        iv_buf_puts(block, "\n");
        add_remedy(block, "  ", finding->remedy);
    }
}

/* Folded, apart from errors. Waived findings are not shown. */
static void add_group(struct iv_comment *comment, const struct group *group,
                      const char *submission_path)
{
    const struct iv_finding *lead = group->findings;
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "\n<details%s><summary><b>%s ", lead->severity == IV_ERROR ? " open" : "",
                  iv_severity_names[lead->severity]);
    iv_markdown_name(block, lead->rule->id);
    iv_buf_putc(block, ' ');
    iv_markdown_name(block, lead->rule->name);
    iv_buf_puts(block, "</b> (");
    iv_phrase_count(block, group->active, "finding");
    iv_buf_printf(block, "%s)</summary>\n\n", lead->incomplete ? ", not checked" : "");

    size_t shown = 0;
    for (size_t i = 0; i < group->count && shown < SHOWN_FINDINGS; i++) {
        if (!lead[i].waived) {
            add_finding(block, &lead[i], submission_path, !group->same_remedy);
            shown++;
        }
    }
    if (shown < group->active) {
        iv_buf_printf(block, "- and %zu more\n", group->active - shown);
    }
    if (group->same_remedy) {
        iv_buf_putc(block, '\n');
        add_remedy(block, "", lead->remedy);
    }
    iv_buf_puts(block, "\n</details>\n");
    if (!iv_comment_take(comment)) {
        comment->left_out += group->active;
    }
}

/* A submission: what it was judged as, what was applied, what was found. */
static void add_entry(struct iv_comment *comment, const struct iv_report_entry *entry,
                      enum iv_severity fail_on)
{
    struct iv_buf *block = &comment->block;
    const struct iv_submission *submission = entry->submission;
    iv_buf_puts(block, "\n### ");
    iv_markdown_code(block, submission->path);
    iv_buf_printf(block, "\n\nJudged as %s%s",
                  submission->type == IV_IMAGE ? "an image"
                  : submission->context_free   ? "a context-free partial"
                                               : "a contextual partial",
                  entry->run->baseline ? ", to become a baseline" : "");
    if (submission->firmware_version != NULL) {
        iv_buf_puts(block, ", firmware version ");
        iv_markdown_code(block, submission->firmware_version);
    }
    iv_buf_puts(block,
                iv_phrase_has_skipped(submission) ? ". WSPC was skipped (--no-wspc).\n" : ".\n");
    add_outcomes(block, &entry->judgement, fail_on);
    (void)iv_comment_take(comment);
    for (size_t i = 0; i < entry->judgement.finding_count;) {
        struct group group = next_group(&entry->judgement, i);
        i += group.count;
        if (group.active > 0) {
            add_group(comment, &group, submission->path);
        }
    }
}

/* The worst first: the comment is of bounded length, and what does not fit is counted at its
 * end. */
static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct iv_comment comment = {0};
    add_head(&comment, report);
    for (int verdict = IV_VERDICT_FAIL; verdict >= IV_VERDICT_PASS; verdict--) {
        for (size_t i = 0; i < report->entry_count; i++) {
            if ((int)report->entries[i].judgement.verdict == verdict) {
                add_entry(&comment, &report->entries[i], report->fail_on);
            }
        }
    }

    iv_comment_end(&comment, "more finding", out);
}

const struct iv_sink iv_sink_markdown = {
    .name = "markdown",
    .summary = "a comment for a pull request, of bounded length",
    .write = write_report,
    .rfu = iv_request_write_markdown,
    .diff = iv_delta_write_markdown,
    .audit = iv_audit_write_markdown,
};
