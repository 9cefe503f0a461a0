/*
 * The findings of the text report, and at the end what was not checked. Where an image has no
 * device metadata at all, the findings of all rules that need them have the same cause: one block
 * with the cause and its remedy is printed in place of them.
 */
#include "imgval/report/sink_text.h"

#include "imgval/report/write/phrases.h"
#include "imgval/report/write/text_findings.h"

#include <string.h>

/* An image for which no source says anything about the device: four rules fail for one cause. */
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

/* The ids of all rules that it stands for, and the worst of their severities. */
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
    IV_LINE(out, IV_PIECE(iv_text_severity_inks[worst], iv_severity_names[worst]),
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
void iv_text_print_findings(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_judgement *judgement = &entry->judgement;
    const bool as_block = lacks_metadata(entry);
    if (as_block) {
        print_metadata_block(out, entry);
    }
    for (size_t i = 0; i < judgement->finding_count;) {
        const struct iv_text_group group =
            iv_text_next_group(out, judgement->findings + i, judgement->finding_count - i);
        i += group.count;
        const struct iv_rule *rule = group.findings->rule;
        if (group.shown == 0 || (as_block && rule->needs_metadata) ||
            rule->uncounted) { /* stands above the table of variants */
            continue;
        }
        iv_text_print_group(out, &group, entry->submission->path);
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

/* Rules that were not evaluated, by reason; then the rules of findings that mean the same. */
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
