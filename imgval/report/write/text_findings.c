/*
 * Findings in text: neighbours of one rule under one heading, what counts for the verdict first.
 *
 * The caller takes group after group off the list (iv_text_next_group()) and prints each. A group
 * whose findings all have one remedy shows it once, at its end. Without -v long groups are cut, and
 * the number of the rest is printed.
 */
#include "imgval/report/write/text_findings.h"

#include "imgval/report/write/escape.h"

#include <string.h>

enum {
    SHOWN_FINDINGS = 10, /* of one rule, without -v */
    SHOWN_NOTES = 3,
};

const enum iv_ink iv_text_severity_inks[] = {
    [IV_NOTE] = IV_INK_CYAN,
    [IV_WARNING] = IV_INK_YELLOW,
    [IV_ERROR] = IV_INK_RED,
};

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
                         ((submission_path != NULL && strcmp(path, submission_path) == 0) ||
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

/* The packages of a finding, one a line; the texts of each are freed at once. */
static void print_missing(const struct iv_out *out, const struct iv_finding *finding)
{
    for (size_t i = 0; i < finding->package_count; i++) {
        struct iv_arena_mark mark = iv_arena_mark(out->scratch);
        IV_LINE(out, IV_PIECE(IV_INK_PLAIN, "      - "),
                IV_PIECE(IV_INK_PLAIN, iv_out_value(out, finding->packages[i]->name)));
        iv_arena_reset(out->scratch, mark);
    }
}

/* What to do about it stands out: it is what one reads a report for. */
static void print_remedy(const struct iv_out *out, unsigned indent, const char *remedy)
{
    if (remedy != NULL && remedy[0] != '\0') {
        iv_out_paragraph(out, indent, IV_PIECE(IV_INK_CYAN, "help:"),
                         IV_PIECE(IV_INK_PLAIN, iv_out_escape(out, remedy)));
    }
}

/* What was found and what was wanted, with -v. */
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

/* -q leaves out what is waived. */
static bool may_show(const struct iv_out *out, const struct iv_finding *finding)
{
    return !finding->waived || !out->style->quiet;
}

/* NULL equals NULL alone. */
static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

struct iv_text_group iv_text_next_group(const struct iv_out *out, const struct iv_finding *findings,
                                        size_t count)
{
    struct iv_text_group group = {.findings = findings, .same_remedy = true};
    const struct iv_finding *lead = NULL;
    while (group.count < count) {
        const struct iv_finding *finding = &findings[group.count];
        if (finding->rule != findings->rule || finding->severity != findings->severity) {
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

/* How many findings of a group are shown; notes are cut earlier than the rest. */
static size_t cut_of(const struct iv_out *out, const struct iv_text_group *group)
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

/* Heading, findings up to the bound, the number of the rest, and the remedy that all share. */
static void print_group(const struct iv_out *out, const struct iv_text_group *group,
                        const char *submission_path)
{
    struct iv_arena_mark mark = iv_arena_mark(out->scratch);
    const struct iv_finding *lead = group->findings;
    const size_t most = cut_of(out, group);
    const bool with_remedy =
        lead->severity > IV_NOTE || lead->rule->loud || out->style->verbose > 0;
    iv_out_blank(out);
    IV_LINE(out, IV_PIECE(iv_text_severity_inks[lead->severity], iv_severity_names[lead->severity]),
            IV_PIECE(IV_INK_PLAIN, " "), IV_PIECE(IV_INK_BOLD, lead->rule->id),
            IV_PIECE(IV_INK_PLAIN, " "), IV_PIECE(IV_INK_BOLD, lead->rule->name),
            IV_PIECE(IV_INK_DIM,
                     iv_arena_printf(
                         out->scratch, " (%s%s%s%s)", iv_out_counted(out, group->shown, "finding"),
                         waived_text(out, group->waived), lead->incomplete ? ", not checked" : "",
                         lead->severity_by_policy ? ", severity by the policy" : "")));

    size_t printed = 0;
    const char *remedy = NULL;
    /* What counts for the verdict first, then what is waived. */
    for (int waived = false; waived <= true; waived++) {
        for (size_t i = 0; i < group->count && printed < most; i++) {
            if (lead[i].waived == waived && may_show(out, &lead[i])) {
                print_finding(out, &lead[i], submission_path, with_remedy && !group->same_remedy);
                remedy = lead[i].remedy;
                printed++;
            }
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
static void print_loud(const struct iv_out *out, const struct iv_text_group *group)
{
    for (size_t i = 0; group->findings->rule->loud && i < group->count; i++) {
        const struct iv_finding *finding = &group->findings[i];
        if (!finding->waived) {
            IV_LINE(out, IV_PIECE(iv_text_severity_inks[IV_NOTE], "note "),
                    IV_PIECE(IV_INK_BOLD, finding->rule->id),
                    IV_PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, " %s",
                                                           iv_out_escape(out, finding->remedy))));
        }
    }
}

void iv_text_print_group(const struct iv_out *out, const struct iv_text_group *group,
                         const char *submission_path)
{
    if (group->shown == 0) {
        return;
    }
    if (out->style->quiet && group->findings->severity == IV_NOTE) {
        print_loud(out, group);
        return;
    }
    print_group(out, group, submission_path);
}
