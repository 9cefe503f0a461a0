/* The findings of the text report: one heading a rule, and at the end what was not checked. */
#include "imgval/report/sink.h"
#include "imgval/report/sink_text.h"
#include "imgval/report/write/escape.h"

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

static bool is_device_rule(const char *id)
{
    return strcmp(id, "STD006") == 0 || strcmp(id, "STD007") == 0 || strcmp(id, "STD008") == 0 ||
           strcmp(id, "STD009") == 0 || strcmp(id, "WSPC009") == 0;
}

/* Contract 3: an image for which no source says anything about the device. */
static bool lacks_metadata(const struct iv_report_entry *entry)
{
    if (entry->submission->type != IV_IMAGE || entry->submission->device.value_count > 0) {
        return false;
    }
    bool concerned = false;
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        if (iv_text_is_rule(finding, "IMG302") || iv_text_is_rule(finding, "IMG303")) {
            return false;
        }
        concerned = concerned || is_device_rule(finding->rule->id);
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
        if (is_device_rule(finding->rule->id) && strcmp(last, finding->rule->id) != 0) {
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
        const char *id = group.findings->rule->id;
        if (group.shown == 0 || (as_block && is_device_rule(id)) ||
            strcmp(id, "WSPC005") == 0 || /* stands above the table of variants */
            (out->style->quiet && group.findings->severity == IV_NOTE)) {
            continue;
        }
        print_group(out, &group, entry->submission->path);
    }
}

/* ---- what was not checked ---------------------------------------------------------------- */

/* Why rules could not be evaluated, as the report's own findings tell it. */
enum {
    OF_PACKAGES = 1,
    OF_DEVICE = 2,
    OF_COMPARISON = 4,
    OF_ALL = 7,
};

struct cause {
    const char *id;
    unsigned of;
    const char *clause;
};

static const struct cause causes[] = {
    {.id = "WSPC001",
     .of = OF_COMPARISON,
     .clause = "the baseline store was written by a newer imgval"},
    {.id = "WSPC013", .of = OF_COMPARISON, .clause = "the baseline store cannot be read"},
    {.id = "WSPC006", .of = OF_COMPARISON, .clause = "there is no baseline store"},
    {.id = "WSPC007", .of = OF_COMPARISON, .clause = "there is no baseline store"},
    {.id = "WSPC009", .of = OF_COMPARISON, .clause = "the image has no firmware version"},
    {.id = "STD006", .of = OF_COMPARISON, .clause = "the firmware version is malformed"},
    {.id = "WSPC010", .of = OF_COMPARISON, .clause = "several baselines stand at one version"},
    {.id = "IMG302",
     .of = OF_COMPARISON | OF_DEVICE,
     .clause = "sources of device metadata disagree"},
    {.id = "IMG303",
     .of = OF_COMPARISON | OF_DEVICE,
     .clause = "a source of device metadata is malformed"},
    {.id = "WSPC008", .of = OF_PACKAGES, .clause = "a package is malformed"},
    {.id = "IMG003",
     .of = OF_PACKAGES,
     .clause = "a diff package does not say what the whole one holds"},
    {.id = "IMG004", .of = OF_ALL, .clause = "a file or directory could not be read"},
    {.id = "IMG005", .of = OF_ALL, .clause = "a limit was exceeded"},
    {.id = "IMG006",
     .of = OF_PACKAGES | OF_COMPARISON,
     .clause = "a package is not a regular file"},
    {.id = "IMG007", .of = OF_ALL, .clause = "a reader process died"},
    {.id = "IMG008", .of = OF_ALL, .clause = "this build cannot read a file"},
    {.id = "IMG010", .of = OF_COMPARISON, .clause = "a package of the history is not here"},
    {.id = "IMG108", .of = OF_ALL, .clause = "the image is cut off"},
    {.id = "IMG202", .of = OF_ALL, .clause = "a partition could not be read"},
    {.id = "IMG205", .of = OF_ALL, .clause = "a manifest in the image could not be read"},
    {.id = "IMG304", .of = OF_COMPARISON, .clause = "the update history is not complete"},
};

static unsigned class_of(const struct iv_rule *rule)
{
    if (iv_text_has_prefix(rule->id, "WSPC") || rule->subject == IV_SUBJECT_VARIANT) {
        return OF_COMPARISON;
    }
    return rule->subject == IV_SUBJECT_DEVICE ? OF_DEVICE : OF_PACKAGES;
}

static bool has_cause(const struct iv_judgement *judgement, const char *id)
{
    const bool needs_value = strcmp(id, "STD006") == 0; /* without one it is WSPC009 */
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (iv_text_is_rule(finding, id) && (!needs_value || finding->actual != NULL)) {
            return true;
        }
    }
    return false;
}

static const char *reason_of(const struct iv_out *out, const struct iv_report_entry *entry,
                             unsigned class)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(causes); i++) {
        if ((causes[i].of & class) != 0 && has_cause(&entry->judgement, causes[i].id)) {
            iv_buf_printf(&text, "%s%s (%s)", text.size > 0 ? "; " : "", causes[i].clause,
                          causes[i].id);
        }
    }
    size_t unreadable = entry->judgement.counts.unreadable;
    if (text.size == 0 && unreadable > 0) {
        iv_buf_printf(&text, "%s could not be read", iv_out_counted(out, unreadable, "package"));
    }
    return text.size == 0 ? "what they judge could not be read, or a limit was hit"
                          : iv_arena_strdup(out->scratch, iv_buf_text(&text));
}

static void print_class(const struct iv_out *out, const struct iv_report_entry *entry,
                        unsigned class, bool *is_first)
{
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < entry->judgement.outcome_count; i++) {
        const struct iv_rule_outcome *row = &entry->judgement.outcomes[i];
        if (row->outcome == IV_NOT_EVALUATED && class_of(row->rule) == class) {
            iv_buf_printf(&ids, "%s%s", ids.size > 0 ? ", " : "", row->rule->id);
        }
    }
    if (ids.size == 0) {
        return;
    }
    if (*is_first) {
        iv_text_heading(out, "Not evaluated");
        *is_first = false;
    }
    iv_out_paragraph(
        out, 2, IV_PIECE(IV_INK_YELLOW, "?"),
        IV_PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, "%s: not evaluated because %s",
                                               iv_buf_text(&ids), reason_of(out, entry, class))));
}

void iv_text_print_not_checked(const struct iv_out *out, const struct iv_report_entry *entry)
{
    bool is_first = true;
    print_class(out, entry, OF_PACKAGES, &is_first);
    print_class(out, entry, OF_DEVICE, &is_first);
    print_class(out, entry, OF_COMPARISON, &is_first);
    const struct iv_judgement *judgement = &entry->judgement;
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
