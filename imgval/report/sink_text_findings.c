/* The findings of the text report: one heading a rule, and at the end what was not checked. */
#include "imgval/report/sink.h"
#include "imgval/report/sink_text.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/phrases.h"

#include <string.h>

enum {
    SHOWN_FINDINGS = 10, /* of one rule, without -v */
    SHOWN_NOTES = 3,
};

static const enum iv_ink severity_inks[] = {
    [IV_NOTE] = IV_INK_CYAN,
    [IV_WARNING] = IV_INK_YELLOW,
    [IV_ERROR] = IV_INK_RED,
};

/* Contract 3: an image for which no source says anything about the device. */
static bool lacks_metadata(const struct iv_report_entry *entry)
{
    if (entry->submission->type != IV_IMAGE || entry->submission->device.value_count > 0) {
        return false;
    }
    bool concerned = false;
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        if ((finding->rule->spoils & IV_PART_DEVICE) != 0) {
            return false; /* there is a source, but what it says is not known */
        }
        concerned = concerned || finding->rule->needs_metadata;
    }
    return concerned;
}

static void print_metadata_block(const struct iv_out *out, const struct iv_report_entry *entry)
{
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    enum iv_severity worst = IV_NOTE;
    const char *last = "";
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        if (finding->rule->needs_metadata && strcmp(last, finding->rule->id) != 0) {
            last = finding->rule->id;
            iv_buf_printf(&ids, "%s ", last);
            worst = finding->severity > worst ? finding->severity : worst;
        }
    }
    iv_out_blank(out);
    IV_LINE(out, IV_PIECE(severity_inks[worst], iv_severity_names[worst]),
            IV_PIECE(IV_INK_PLAIN, " "), IV_PIECE(IV_INK_BOLD, iv_buf_text(&ids)),
            IV_PIECE(IV_INK_PLAIN, "no device metadata"));
    iv_out_paragraph(out, 2, IV_NO_LABEL,
                     IV_PIECE(IV_INK_PLAIN,
                              "No file of this image says what device and firmware it is for: no "
                              "targeting package, no answer file, no SYSTEM hive and no registry "
                              "file holds a value."));
    const struct iv_piece help = IV_PIECE(IV_INK_CYAN, "help:");
    iv_out_paragraph(out, 2, help, IV_PIECE(IV_INK_PLAIN, "name the values:"));
    IV_LINE(out, IV_PIECE(IV_INK_PLAIN,
                          "          --manufacturer= --model= --operator= --firmware-version="));
    iv_out_paragraph(out, 2, help, IV_PIECE(IV_INK_PLAIN, "or, when it is no whole image:"));
    IV_LINE(out, IV_PIECE(IV_INK_PLAIN, "          --type=partial"));
}

/* Where a finding stands, when neither the message nor the verdict's line says so; else NULL. */
static const char *place_text(const struct iv_out *out, const struct iv_finding *finding,
                              const char *submission_path)
{
    const char *path = finding->path;
    if (path == NULL) {
        path = finding->package;
    }
    struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
    if (path == NULL || (finding->member == NULL && finding->line == 0 &&
                         (strcmp(path, submission_path) == 0 ||
                          strstr(iv_sink_cut(finding->message, &cut), path) != NULL))) {
        return NULL;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&text, iv_out_escape(out, path));
    if (finding->member != NULL) {
        iv_buf_printf(&text, ":%s", iv_out_escape(out, finding->member));
    }
    if (finding->line != 0) {
        iv_buf_printf(&text, ":%llu", (unsigned long long)finding->line);
    }
    return iv_arena_strdup(out->scratch, iv_buf_text(&text));
}

static void print_missing(const struct iv_out *out, const struct iv_finding *finding)
{
    for (size_t i = 0; i < finding->package_count; i++) {
        struct iv_arena_mark mark = iv_arena_mark(out->scratch);
        IV_LINE(out, IV_PIECE(IV_INK_PLAIN, "      - "),
                IV_PIECE(IV_INK_PLAIN, iv_out_value(out, finding->packages[i]->name)));
        iv_arena_reset(out->scratch, mark);
    }
}

static void print_remedy(const struct iv_out *out, unsigned indent, const char *remedy)
{
    if (remedy != NULL && remedy[0] != '\0') {
        iv_out_paragraph(out, indent, IV_PIECE(IV_INK_CYAN, "help:"),
                         IV_PIECE(IV_INK_PLAIN, iv_out_escape(out, remedy)));
    }
}

static void print_facts(const struct iv_out *out, const struct iv_finding *finding)
{
    if (finding->field == NULL) {
        return;
    }
    const char *actual = finding->actual == NULL ? "no value" : iv_out_value(out, finding->actual);
    const char *text =
        iv_arena_printf(out->scratch, "%s is %s", iv_out_escape(out, finding->field), actual);
    if (finding->expected != NULL) {
        text = iv_arena_printf(out->scratch, "%s; wanted: %s", text,
                               iv_out_value(out, finding->expected));
    }
    iv_out_paragraph(out, 4, IV_NO_LABEL, IV_PIECE(IV_INK_DIM, text));
}

/* Who answers for the finding not counting, why, and how long. */
static void print_waiver(const struct iv_out *out, const struct iv_waiver *waiver)
{
    if (waiver == NULL) {
        return;
    }
    const char *reason = iv_out_escape(out, waiver->reason);
    const char *owner = iv_out_escape(out, waiver->owner);
    iv_out_paragraph(
        out, 4, IV_PIECE(IV_INK_DIM, "waived:"),
        IV_PIECE(IV_INK_DIM, iv_arena_printf(out->scratch, "%s (%s, until %s)", reason, owner,
                                             iv_out_escape(out, waiver->expires))));
}

static void print_finding(const struct iv_out *out, const struct iv_finding *finding,
                          const char *submission_path, bool with_remedy)
{
    struct iv_arena_mark mark = iv_arena_mark(out->scratch);
    const char *message = iv_out_escape(out, finding->message);
    if (finding->waived) {
        message = iv_arena_printf(out->scratch, "(waived) %s", message);
    }
    iv_out_paragraph(out, 2, IV_PIECE(IV_INK_DIM, out->style->ascii ? "*" : "•"),
                     IV_PIECE(IV_INK_PLAIN, message));
    const char *place = place_text(out, finding, submission_path);
    if (place != NULL) {
        iv_out_paragraph(out, 4, IV_PIECE(IV_INK_DIM, "at"), IV_PIECE(IV_INK_DIM, place));
    }
    if (finding->variant != NULL) {
        iv_out_paragraph(out, 4, IV_PIECE(IV_INK_DIM, "for"),
                         IV_PIECE(IV_INK_DIM, iv_text_variant(out, finding->variant)));
    }
    print_waiver(out, finding->waiver);
    if (out->style->verbose > 0) {
        print_facts(out, finding);
        print_missing(out, finding);
    }
    if (with_remedy) {
        print_remedy(out, 4, finding->remedy);
    }
    iv_arena_reset(out->scratch, mark);
}

/* Neighbours in the report's order that one heading covers. */
struct group {
    const struct iv_finding *findings;
    size_t count; /* all, waived ones too */
    size_t shown; /* those that may be shown */
    size_t waived;
    bool same_remedy;
};

static bool may_show(const struct iv_out *out, const struct iv_finding *finding)
{
    return !finding->waived || !out->style->quiet;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct group next_group(const struct iv_out *out, const struct iv_judgement *judgement,
                               size_t first)
{
    struct group group = {.findings = &judgement->findings[first], .same_remedy = true};
    const struct iv_finding *lead = NULL;
    while (first + group.count < judgement->finding_count) {
        const struct iv_finding *finding = &group.findings[group.count];
        if (finding->rule != group.findings->rule ||
            finding->severity != group.findings->severity) {
            break;
        }
        group.count++;
        if (may_show(out, finding)) {
            group.shown++;
            group.waived += finding->waived;
            lead = lead == NULL ? finding : lead;
            group.same_remedy = group.same_remedy && same_text(lead->remedy, finding->remedy);
        }
    }
    return group;
}

static size_t cut_of(const struct iv_out *out, const struct group *group)
{
    if (out->style->verbose > 0) {
        return group->shown;
    }
    size_t most = group->findings->severity == IV_NOTE ? SHOWN_NOTES : SHOWN_FINDINGS;
    return group->shown > most ? most : group->shown;
}

static const char *waived_text(const struct iv_out *out, size_t waived)
{
    return waived == 0 ? "" : iv_arena_printf(out->scratch, ", %zu waived", waived);
}

static void print_group(const struct iv_out *out, const struct group *group,
                        const char *submission_path)
{
    struct iv_arena_mark mark = iv_arena_mark(out->scratch);
    const struct iv_finding *lead = group->findings;
    const size_t most = cut_of(out, group);
    const bool with_remedy = lead->severity > IV_NOTE || out->style->verbose > 0;
    iv_out_blank(out);
    IV_LINE(out, IV_PIECE(severity_inks[lead->severity], iv_severity_names[lead->severity]),
            IV_PIECE(IV_INK_PLAIN, " "), IV_PIECE(IV_INK_BOLD, lead->rule->id),
            IV_PIECE(IV_INK_PLAIN, " "), IV_PIECE(IV_INK_BOLD, lead->rule->name),
            IV_PIECE(IV_INK_DIM,
                     iv_arena_printf(
                         out->scratch, " (%s%s%s%s)", iv_out_counted(out, group->shown, "finding"),
                         waived_text(out, group->waived), lead->incomplete ? ", not checked" : "",
                         lead->severity_by_policy ? ", severity by the policy" : "")));
    size_t printed = 0;
    const char *remedy = NULL;
    for (size_t i = 0; i < 2 * group->count && printed < most; i++) {
        const struct iv_finding *finding = &lead[i % group->count];
        /* What counts for the verdict first, then what is waived. */
        if (finding->waived == (i >= group->count) && may_show(out, finding)) {
            print_finding(out, finding, submission_path, with_remedy && !group->same_remedy);
            remedy = finding->remedy;
            printed++;
        }
    }
    if (printed < group->shown) {
        iv_out_paragraph(
            out, 2, IV_NO_LABEL,
            IV_PIECE(IV_INK_DIM,
                     iv_arena_printf(out->scratch, "%s and %zu more (-v shows all)",
                                     out->style->ascii ? "..." : "…", group->shown - printed)));
    }
    if (with_remedy && group->same_remedy) {
        print_remedy(out, 2, remedy);
    }
    iv_arena_reset(out->scratch, mark);
}

/* -q: a note that must be seen, say that there was nothing to compare with, is a line. */
static void print_loud(const struct iv_out *out, const struct group *group)
{
    for (size_t i = 0; group->findings->rule->loud && i < group->count; i++) {
        const struct iv_finding *finding = &group->findings[i];
        if (!finding->waived) {
            IV_LINE(out, IV_PIECE(severity_inks[IV_NOTE], "note "),
                    IV_PIECE(IV_INK_BOLD, finding->rule->id),
                    IV_PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, " %s",
                                                           iv_out_escape(out, finding->remedy))));
        }
    }
}

void iv_text_print_findings(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_judgement *judgement = &entry->judgement;
    const bool as_block = lacks_metadata(entry);
    if (as_block) {
        print_metadata_block(out, entry);
    }
    for (size_t i = 0; i < judgement->finding_count;) {
        struct group group = next_group(out, judgement, i);
        i += group.count;
        const struct iv_rule *rule = group.findings->rule;
        if (group.shown == 0 || (as_block && rule->needs_metadata) ||
            rule->uncounted) { /* stands above the table of variants */
            continue;
        }
        if (out->style->quiet && group.findings->severity == IV_NOTE) {
            print_loud(out, &group);
            continue;
        }
        print_group(out, &group, entry->submission->path);
    }
}

/* ---- what was not checked ---------------------------------------------------------------- */

/* The rules that share a reason, in one paragraph. Returns whether there was one. */
static bool print_reason(const struct iv_out *out, const struct iv_judgement *judgement,
                         size_t first, bool with_heading)
{
    const char *reason = iv_phrase_reason(&judgement->outcomes[first]);
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *row = &judgement->outcomes[i];
        if (row->outcome == IV_NOT_EVALUATED && strcmp(iv_phrase_reason(row), reason) == 0) {
            if (i < first) {
                return false; /* printed with the first of them */
            }
            iv_buf_printf(&ids, "%s%s", ids.size > 0 ? ", " : "", row->rule->id);
        }
    }
    if (with_heading) {
        iv_text_heading(out, "Not evaluated");
    }
    iv_out_paragraph(
        out, 2, IV_PIECE(IV_INK_YELLOW, "?"),
        IV_PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, "%s: not evaluated because %s",
                                               iv_buf_text(&ids), iv_out_escape(out, reason))));
    return true;
}

void iv_text_print_not_checked(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_judgement *judgement = &entry->judgement;
    bool is_first = true;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        if (judgement->outcomes[i].outcome == IV_NOT_EVALUATED &&
            print_reason(out, judgement, i, is_first)) {
            is_first = false;
        }
    }
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    const char *last = "";
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (finding->incomplete && strcmp(last, finding->rule->id) != 0) {
            last = finding->rule->id;
            iv_buf_printf(&ids, "%s%s", ids.size > 0 ? ", " : "", last);
        }
    }
    if (ids.size == 0) {
        return;
    }
    if (is_first) {
        iv_text_heading(out, "Not evaluated");
    }
    iv_out_paragraph(out, 2, IV_PIECE(IV_INK_YELLOW, "?"),
                     IV_PIECE(IV_INK_PLAIN,
                              iv_arena_printf(out->scratch,
                                              "Findings that mean \"not checked\" stand above: %s.",
                                              iv_buf_text(&ids))));
}
