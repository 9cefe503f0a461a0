/*
 * What a firmware developer reads on a terminal: the verdict, what is wrong and how to mend it,
 * then what was checked, and what was not.
 */
#include "imgval/base/text.h"
#include "imgval/report/phrases.h"
#include "imgval/report/sink.h"
#include "imgval/report/text_out.h"

#include <string.h>

enum {
    SHOWN_FINDINGS = 10, /* of one rule, without -v */
    SHOWN_NOTES = 3,
};

/* How one verdict looks. */
struct verdict_look {
    const char *symbol;
    enum iv_ink ink;
};

static const struct verdict_look verdict_looks[] = {
    [IV_VERDICT_PASS] = {.symbol = "✓ ", .ink = IV_INK_GREEN},
    [IV_VERDICT_INCOMPLETE] = {.symbol = "? ", .ink = IV_INK_YELLOW},
    [IV_VERDICT_FAIL] = {.symbol = "✗ ", .ink = IV_INK_RED},
};

static const enum iv_ink severity_inks[] = {
    [IV_NOTE] = IV_INK_CYAN,
    [IV_WARNING] = IV_INK_YELLOW,
    [IV_ERROR] = IV_INK_RED,
};

#define PIECE(the_ink, the_text) ((struct iv_piece){.ink = (the_ink), .text = (the_text)})
#define NO_LABEL PIECE(IV_INK_PLAIN, NULL)
#define LINE(out, ...) iv_out_line((out), (const struct iv_piece[]){__VA_ARGS__, NO_LABEL})

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static const char *counted(const struct iv_out *out, size_t count, const char *noun)
{
    return iv_arena_printf(out->scratch, "%zu %s%s", count, noun, plural(count));
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_rule(const struct iv_finding *finding, const char *id)
{
    return strcmp(finding->rule->id, id) == 0;
}

static void heading(const struct iv_out *out, const char *text)
{
    iv_out_blank(out);
    LINE(out, PIECE(IV_INK_BOLD, text));
}

/* ---- the verdict ------------------------------------------------------------------------- */

static void print_verdict(const struct iv_out *out, enum iv_final_verdict verdict, const char *what)
{
    const struct verdict_look *look = &verdict_looks[verdict];
    LINE(out, PIECE(look->ink, out->style->ascii ? "" : look->symbol),
         PIECE(look->ink, iv_phrase_verdicts[verdict]), PIECE(IV_INK_PLAIN, "  "),
         PIECE(IV_INK_BOLD, what));
}

static void print_judged_as(const struct iv_out *out, const struct iv_submission *s)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "Judged as %s", iv_phrase_type(s));
    if (s->type_by_default && s->type == IV_PARTIAL) {
        iv_buf_printf(&text,
                      " because %s is a single package; use --type=image to judge it as an image",
                      iv_out_escape(out, s->path));
    } else {
        iv_buf_printf(&text, " (%s)", iv_phrase_kinds[s->kind]);
    }
    if (s->baseline) {
        iv_buf_puts(&text, ", to become a baseline");
    }
    if (s->firmware_version != NULL) {
        iv_buf_printf(&text, ", firmware version %s", iv_out_value(out, s->firmware_version));
    }
    iv_buf_putc(&text, '.');
    iv_out_paragraph(out, 2, NO_LABEL, PIECE(IV_INK_PLAIN, iv_buf_text(&text)));
}

static void add_count(struct iv_buf *text, const struct iv_out *out, size_t count, const char *noun)
{
    if (count > 0) {
        iv_buf_printf(text, "%s%s", text->size > 0 ? ", " : "", counted(out, count, noun));
    }
}

static void print_counts(const struct iv_out *out, const struct iv_report *report,
                         const struct iv_report_entry *entry)
{
    const struct iv_counts *counts = &entry->judgement.counts;
    const size_t all = entry->submission->package_count;
    struct iv_buf packages IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&packages, counted(out, counts->packages, "package"));
    if (counts->unreadable > 0) {
        iv_buf_printf(&packages, " (%zu unreadable)", counts->unreadable);
    }
    if (all > counts->packages) {
        iv_buf_printf(&packages, " and %zu known from the update history alone",
                      all - counts->packages);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_count(&text, out, counts->error, "error");
    add_count(&text, out, counts->warning, "warning");
    add_count(&text, out, counts->note, "note");
    if (counts->waived > 0) {
        iv_buf_printf(&text, "%s%zu waived", text.size > 0 ? ", " : "", counts->waived);
    }
    const char *gate = report->fail_on == IV_ERROR ? "" : " (--fail-on=";
    iv_out_paragraph(
        out, 2, NO_LABEL,
        PIECE(IV_INK_PLAIN,
              iv_arena_printf(out->scratch, "%s: %s%s%s%s.", iv_buf_text(&packages),
                              text.size > 0 ? iv_buf_text(&text) : "no findings", gate,
                              gate[0] == '\0' ? "" : iv_severity_names[report->fail_on],
                              gate[0] == '\0' ? "" : ")")));
}

/* ---- findings ---------------------------------------------------------------------------- */

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
        if (is_rule(finding, "IMG302") || is_rule(finding, "IMG303")) {
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
    LINE(out, PIECE(severity_inks[worst], iv_severity_names[worst]), PIECE(IV_INK_PLAIN, " "),
         PIECE(IV_INK_BOLD, iv_buf_text(&ids)), PIECE(IV_INK_PLAIN, "no device metadata"));
    iv_out_paragraph(out, 2, NO_LABEL,
                     PIECE(IV_INK_PLAIN,
                           "No file of this image says what device and firmware it is for: no "
                           "targeting package, no answer file, no SYSTEM hive and no registry "
                           "file holds a value."));
    const struct iv_piece help = PIECE(IV_INK_CYAN, "help:");
    iv_out_paragraph(out, 2, help, PIECE(IV_INK_PLAIN, "name the values:"));
    LINE(out,
         PIECE(IV_INK_PLAIN, "          --manufacturer= --model= --operator= --firmware-version="));
    iv_out_paragraph(out, 2, help, PIECE(IV_INK_PLAIN, "or, when it is no whole image:"));
    LINE(out, PIECE(IV_INK_PLAIN, "          --type=partial"));
}

static const char *variant_text(const struct iv_out *out, const struct iv_pop *pop)
{
    const char *oem = iv_out_value(out, pop->oem);
    const char *mobile_operator = iv_out_value(out, pop->mobile_operator);
    return iv_arena_printf(out->scratch, "%s/%s/%s", oem, mobile_operator,
                           iv_out_value(out, pop->model));
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
        LINE(out, PIECE(IV_INK_PLAIN, "      - "),
             PIECE(IV_INK_PLAIN, iv_out_value(out, finding->packages[i]->name)));
        iv_arena_reset(out->scratch, mark);
    }
}

static void print_remedy(const struct iv_out *out, unsigned indent, const char *remedy)
{
    if (remedy != NULL && remedy[0] != '\0') {
        iv_out_paragraph(out, indent, PIECE(IV_INK_CYAN, "help:"),
                         PIECE(IV_INK_PLAIN, iv_out_escape(out, remedy)));
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
    iv_out_paragraph(out, 4, NO_LABEL, PIECE(IV_INK_DIM, text));
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
        out, 4, PIECE(IV_INK_DIM, "waived:"),
        PIECE(IV_INK_DIM, iv_arena_printf(out->scratch, "%s (%s, until %s)", reason, owner,
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
    iv_out_paragraph(out, 2, PIECE(IV_INK_DIM, out->style->ascii ? "*" : "•"),
                     PIECE(IV_INK_PLAIN, message));
    const char *place = place_text(out, finding, submission_path);
    if (place != NULL) {
        iv_out_paragraph(out, 4, PIECE(IV_INK_DIM, "at"), PIECE(IV_INK_DIM, place));
    }
    if (finding->variant != NULL) {
        iv_out_paragraph(out, 4, PIECE(IV_INK_DIM, "for"),
                         PIECE(IV_INK_DIM, variant_text(out, finding->variant)));
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
    LINE(out, PIECE(severity_inks[lead->severity], iv_severity_names[lead->severity]),
         PIECE(IV_INK_PLAIN, " "), PIECE(IV_INK_BOLD, lead->rule->id), PIECE(IV_INK_PLAIN, " "),
         PIECE(IV_INK_BOLD, lead->rule->name),
         PIECE(IV_INK_DIM,
               iv_arena_printf(out->scratch, " (%s%s%s%s)", counted(out, group->shown, "finding"),
                               waived_text(out, group->waived),
                               lead->incomplete ? ", not checked" : "",
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
            out, 2, NO_LABEL,
            PIECE(IV_INK_DIM,
                  iv_arena_printf(out->scratch, "%s and %zu more (-v shows all)",
                                  out->style->ascii ? "..." : "…", group->shown - printed)));
    }
    if (with_remedy && group->same_remedy) {
        print_remedy(out, 2, remedy);
    }
    iv_arena_reset(out->scratch, mark);
}

static void print_findings(const struct iv_out *out, const struct iv_report_entry *entry)
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

/* ---- what was checked -------------------------------------------------------------------- */

struct outcome_look {
    const char *symbol;
    const char *ascii;
    enum iv_ink ink;
};

static const struct outcome_look outcome_looks[] = {
    [IV_NOT_APPLICABLE] = {.symbol = "·", .ascii = "-", .ink = IV_INK_DIM},
    [IV_PASSED] = {.symbol = "✓", .ascii = "+", .ink = IV_INK_GREEN},
    [IV_NOT_EVALUATED] = {.symbol = "?", .ascii = "?", .ink = IV_INK_YELLOW},
    [IV_FAILED] = {.symbol = "✗", .ascii = "x", .ink = IV_INK_RED},
};

/* The rules whose ids begin with a prefix. Notes are told as findings: a cross beside them would
 * look like something to mend. */
static void print_outcomes(const struct iv_out *out, const struct iv_judgement *judgement,
                           const char *title, const char *const *prefixes, size_t count)
{
    struct iv_table table = {.columns = 5};
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *row = &judgement->outcomes[i];
        bool is_wanted = false;
        for (size_t k = 0; k < count; k++) {
            is_wanted = is_wanted || has_prefix(row->rule->id, prefixes[k]);
        }
        if (!is_wanted || row->rule->severity == IV_NOTE) {
            continue;
        }
        const struct outcome_look *look = &outcome_looks[row->outcome];
        bool counts = row->outcome != IV_NOT_APPLICABLE && row->subjects > 0 &&
                      row->rule->subject != IV_SUBJECT_IMAGE;
        iv_table_cell(out, &table, look->ink, out->style->ascii ? look->ascii : look->symbol);
        iv_table_cell(out, &table, IV_INK_PLAIN, row->rule->id);
        iv_table_cell(out, &table, IV_INK_PLAIN, row->rule->name);
        iv_table_cell(out, &table, look->ink, iv_phrase_outcomes[row->outcome]);
        iv_table_cell(out, &table, IV_INK_DIM,
                      counts ? counted(out, row->subjects, iv_phrase_subject(row->rule->subject))
                             : "");
    }
    if (table.count > 0) {
        heading(out, title);
        iv_table_print(out, &table, 2);
    }
}

static void print_standard(const struct iv_out *out, const struct iv_judgement *judgement)
{
    static const char *const prefixes[] = {"STD"};
    print_outcomes(out, judgement, "Standard validations", prefixes, IV_COUNT(prefixes));
}

static void print_image_outcomes(const struct iv_out *out, const struct iv_judgement *judgement)
{
    static const char *const prefixes[] = {"IMG1", "IMG2"};
    print_outcomes(out, judgement, "Image", prefixes, IV_COUNT(prefixes));
}

/* Looks by status. */
static const struct outcome_look wspc_looks[] = {
    [IV_WSPC_COMPLIANT] = {.symbol = "✓", .ascii = "+", .ink = IV_INK_GREEN},
    [IV_WSPC_NOT_COMPLIANT] = {.symbol = "✗", .ascii = "x", .ink = IV_INK_RED},
    [IV_WSPC_FIRST] = {.symbol = "✓", .ascii = "+", .ink = IV_INK_GREEN},
    [IV_WSPC_NOT_EVALUATED] = {.symbol = "?", .ascii = "?", .ink = IV_INK_YELLOW},
    [IV_WSPC_NOT_APPLICABLE] = {.symbol = "·", .ascii = "-", .ink = IV_INK_DIM},
    [IV_WSPC_SKIPPED] = {.symbol = "·", .ascii = "-", .ink = IV_INK_YELLOW},
};

static void add_baseline(struct iv_buf *text, const struct iv_out *out, const char *word,
                         const struct iv_baseline *baseline)
{
    if (baseline == NULL) {
        return;
    }
    iv_buf_printf(text, "%s%s %s", text->size > 0 ? ", " : "", word,
                  iv_out_value(out, baseline->firmware_version));
    if (baseline->id != NULL) {
        /* Eight characters, as people know ids from git; the JSON report has all. */
        const char *id = iv_arena_strndup(out->scratch, baseline->id, strnlen(baseline->id, 8));
        iv_buf_printf(text, " (%s)", iv_out_escape(out, id));
    }
}

static const char *neighbours_text(const struct iv_out *out, const struct iv_wspc *wspc)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_baseline(&text, out, "older", wspc->older);
    add_baseline(&text, out, "newer", wspc->newer);
    add_baseline(&text, out, "same", wspc->same);
    return iv_arena_strdup(out->scratch, iv_buf_text(&text));
}

static void print_store_note(const struct iv_out *out, const struct iv_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (is_rule(finding, "WSPC005")) {
            iv_out_paragraph(out, 2, PIECE(IV_INK_CYAN, "note WSPC005:"),
                             PIECE(IV_INK_PLAIN, iv_out_escape(out, finding->message)));
            return;
        }
    }
}

static void print_wspc(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_submission *s = entry->submission;
    heading(out, "WSPC");
    print_store_note(out, &entry->judgement);
    if (s->variant_count == 0) {
        iv_out_paragraph(out, 2, NO_LABEL, PIECE(IV_INK_PLAIN, iv_phrase_no_variant(s)));
        return;
    }
    struct iv_table table = {.columns = 4};
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_variant *variant = &s->variants[i];
        const struct outcome_look *look = &wspc_looks[variant->wspc.status];
        iv_table_cell(out, &table, look->ink, out->style->ascii ? look->ascii : look->symbol);
        iv_table_cell(out, &table, IV_INK_PLAIN, variant_text(out, &variant->pop));
        iv_table_cell(out, &table, look->ink, iv_phrase_wspc[variant->wspc.status]);
        iv_table_cell(out, &table, IV_INK_DIM, neighbours_text(out, &variant->wspc));
    }
    iv_table_print(out, &table, 2);
}

static bool is_main_value(const char *name)
{
    return strcmp(name, IV_PHONE_MANUFACTURER) == 0 || strcmp(name, IV_PHONE_MODEL_NAME) == 0 ||
           strcmp(name, IV_PHONE_OPERATOR_NAME) == 0 ||
           strcmp(name, IV_PHONE_FIRMWARE_REVISION) == 0;
}

/* A source without the path of the submission in front, which stands in the first line. */
static const char *source_text(const struct iv_out *out, const char *source, const char *path)
{
    size_t size = strlen(path);
    bool is_inside = strncmp(source, path, size) == 0 &&
                     (source[size] == '/' || source[size] == ':') && source[size + 1] != '\0';
    return iv_out_value(out, is_inside ? source + size + 1 : source);
}

static void print_device(const struct iv_out *out, const struct iv_submission *s)
{
    const struct iv_device *device = &s->device;
    struct iv_table table = {.columns = 3};
    size_t hidden = 0;
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *datum = &device->values[i];
        if (!is_main_value(datum->name) && out->style->verbose == 0) {
            hidden++;
            continue;
        }
        iv_table_cell(out, &table, IV_INK_PLAIN, iv_out_escape(out, datum->name));
        iv_table_cell(out, &table, IV_INK_PLAIN, iv_out_value(out, datum->value));
        iv_table_cell(out, &table, IV_INK_DIM, source_text(out, datum->source, s->path));
    }
    if (device->value_count == 0) {
        return;
    }
    heading(out, "Device metadata");
    iv_table_print(out, &table, 2);
    if (hidden > 0) {
        LINE(out, PIECE(IV_INK_DIM, "  and "),
             PIECE(IV_INK_DIM, counted(out, hidden, "further value")),
             PIECE(IV_INK_DIM, " (-v shows all)"));
    }
}

static const char *hash_text(const struct iv_out *out, const struct iv_image_hash *hash)
{
    switch (hash->state) {
    case IV_HASH_NONE:
        break;
    case IV_HASH_SKIPPED:
        return "hashes not checked (--no-hash)";
    case IV_HASH_NOT_EVALUATED:
        return "hashes not checked: compressed";
    case IV_HASH_CHECKED:
        return iv_arena_printf(out->scratch, "%llu of %llu chunks match the hash table",
                               (unsigned long long)(hash->checked - hash->mismatched),
                               (unsigned long long)hash->chunks);
    }
    return NULL;
}

static void print_image(const struct iv_out *out, const struct iv_image *image)
{
    const char *hash = hash_text(out, &image->hash);
    size_t with_packages = 0;
    for (size_t i = 0; i < image->partition_count; i++) {
        with_packages += image->partitions[i].package_count > 0 ? 1u : 0u;
    }
    iv_out_paragraph(
        out, 2, PIECE(IV_INK_DIM, "image:"),
        PIECE(IV_INK_PLAIN,
              iv_arena_printf(out->scratch, "%s; %zu partition%s, %zu with packages%s%s",
                              iv_out_escape(out, image->format), image->partition_count,
                              image->partition_count == 1 ? "" : "s", with_packages,
                              hash == NULL ? "" : "; ", hash == NULL ? "" : hash)));
}

static void print_side_files(const struct iv_out *out, const struct iv_submission *s)
{
    if (s->image.present) {
        print_image(out, &s->image);
    }
    if (s->history.present) {
        iv_out_paragraph(out, 2, PIECE(IV_INK_DIM, "update history:"),
                         PIECE(IV_INK_PLAIN, iv_out_value(out, s->history.path)));
    }
    if (s->oem_input.present) {
        iv_out_paragraph(out, 2, PIECE(IV_INK_DIM, "OEM input:"),
                         PIECE(IV_INK_PLAIN, iv_out_value(out, s->oem_input.path)));
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
    if (has_prefix(rule->id, "WSPC") || rule->subject == IV_SUBJECT_VARIANT) {
        return OF_COMPARISON;
    }
    return rule->subject == IV_SUBJECT_DEVICE ? OF_DEVICE : OF_PACKAGES;
}

static bool has_cause(const struct iv_judgement *judgement, const char *id)
{
    const bool needs_value = strcmp(id, "STD006") == 0; /* without one it is WSPC009 */
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (is_rule(finding, id) && (!needs_value || finding->actual != NULL)) {
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
        iv_buf_printf(&text, "%s could not be read", counted(out, unreadable, "package"));
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
        heading(out, "Not evaluated");
        *is_first = false;
    }
    iv_out_paragraph(
        out, 2, PIECE(IV_INK_YELLOW, "?"),
        PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, "%s: not evaluated because %s",
                                            iv_buf_text(&ids), reason_of(out, entry, class))));
}

static void print_not_checked(const struct iv_out *out, const struct iv_report_entry *entry)
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
        heading(out, "Not evaluated");
    }
    iv_out_paragraph(
        out, 2, PIECE(IV_INK_YELLOW, "?"),
        PIECE(IV_INK_PLAIN,
              iv_arena_printf(out->scratch, "Findings that mean \"not checked\" stand above: %s.",
                              iv_buf_text(&ids))));
}

/* ---- -v ---------------------------------------------------------------------------------- */

static const char *flags_text(const struct iv_out *out, const struct iv_package *package)
{
    const struct {
        bool is_set;
        const char *word;
    } flags[] = {
        {package->origin == IV_ORIGIN_HISTORY, "history"},
        {package->removal, "removal"},
        {package->diff, "diff"},
        {package->binary_partition, "binary"},
        {package->empty, "empty"},
        {package->unreadable, "unreadable"},
    };
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(flags); i++) {
        if (flags[i].is_set) {
            iv_buf_printf(&text, "%s%s", text.size > 0 ? " " : "", flags[i].word);
        }
    }
    return iv_arena_strdup(out->scratch, iv_buf_text(&text));
}

static void print_packages(const struct iv_out *out, const struct iv_submission *s)
{
    if (s->package_count == 0) {
        return;
    }
    static const char *const titles[] = {"package", "version", "partition", "owner type", "flags"};
    struct iv_table table = {.columns = IV_COUNT(titles)};
    for (size_t i = 0; i < IV_COUNT(titles); i++) {
        iv_table_cell(out, &table, IV_INK_DIM, titles[i]);
    }
    const char *none = out->style->ascii ? "-" : "–";
    for (size_t i = 0; i < s->package_count; i++) {
        const struct iv_package *p = &s->packages[i];
        iv_table_cell(out, &table, IV_INK_PLAIN, iv_out_value(out, p->name));
        iv_table_cell(out, &table, IV_INK_PLAIN,
                      p->version == NULL ? none : iv_out_value(out, p->version));
        iv_table_cell(out, &table, IV_INK_PLAIN,
                      p->partition == NULL ? "MainOS" : iv_out_value(out, p->partition));
        iv_table_cell(out, &table, IV_INK_PLAIN,
                      p->owner_type == NULL ? none : iv_out_value(out, p->owner_type));
        iv_table_cell(out, &table, IV_INK_PLAIN, flags_text(out, p));
    }
    heading(out, "Packages");
    iv_table_print(out, &table, 2);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* A tree without a package: one sentence says it all, whatever the options. */
static bool holds_no_package(const struct iv_submission *s)
{
    return s->package_count == 0 && (s->kind == IV_KIND_DIRECTORY || s->kind == IV_KIND_PACKAGE);
}

static void print_no_package(const struct iv_out *out)
{
    iv_out_paragraph(out, 2, NO_LABEL,
                     PIECE(IV_INK_PLAIN,
                           "Nothing was judged: there is no package here (.spkg .spkr "
                           ".spku .cab .cbsr, or a folder with man.dsm.xml or "
                           "update.mum)."));
}

static void print_entry(const struct iv_out *out, const struct iv_report *report,
                        const struct iv_report_entry *entry)
{
    print_verdict(out, entry->judgement.verdict, iv_out_value(out, entry->submission->path));
    if (holds_no_package(entry->submission)) {
        print_no_package(out);
        print_findings(out, entry);
        return;
    }
    if (!out->style->quiet) {
        print_judged_as(out, entry->submission);
        print_counts(out, report, entry);
        print_side_files(out, entry->submission);
    }
    print_findings(out, entry);
    if (out->style->quiet) {
        /* A verdict without a finding needs its reason all the same. */
        if (entry->judgement.verdict == IV_VERDICT_INCOMPLETE) {
            print_not_checked(out, entry);
        }
        return;
    }
    print_standard(out, &entry->judgement);
    if (entry->submission->image.present) {
        print_image_outcomes(out, &entry->judgement);
    }
    print_wspc(out, entry);
    print_device(out, entry->submission);
    if (out->style->verbose > 0) {
        print_packages(out, entry->submission);
    }
    print_not_checked(out, entry);
}

static void print_summary(const struct iv_out *out, const struct iv_report *report)
{
    size_t counts[IV_COUNT(verdict_looks)] = {0};
    for (size_t i = 0; i < report->entry_count; i++) {
        counts[report->entries[i].judgement.verdict]++;
    }
    print_verdict(out, report->verdict,
                  iv_arena_printf(out->scratch, "%s: %zu failed, %zu incomplete, %zu passed",
                                  counted(out, report->entry_count, "submission"),
                                  counts[IV_VERDICT_FAIL], counts[IV_VERDICT_INCOMPLETE],
                                  counts[IV_VERDICT_PASS]));
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *file)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct iv_out out = {.file = file, .style = style, .scratch = &arena};
    if (report->what_if) {
        iv_out_paragraph(&out, 0, PIECE(IV_INK_YELLOW, "WHAT IF:"),
                         PIECE(IV_INK_BOLD,
                               "no real verdict. Waivers reach findings that cannot be "
                               "waived; judge again without --what-if."));
        iv_out_blank(&out);
    }
    if (report->is_part) {
        iv_out_paragraph(&out, 0, NO_LABEL, PIECE(IV_INK_YELLOW, iv_phrase_part));
        iv_out_blank(&out);
    }
    for (size_t i = 0; i < report->entry_count; i++) {
        struct iv_arena_mark mark = iv_arena_mark(&arena);
        if (i > 0) {
            iv_out_blank(&out);
        }
        print_entry(&out, report, &report->entries[i]);
        iv_arena_reset(&arena, mark);
    }
    if (report->entry_count > 1) {
        iv_out_blank(&out);
    }
    if (report->entry_count != 1) {
        print_summary(&out, report);
    }
}

const struct iv_sink iv_sink_text = {
    .name = "text",
    .summary = "for people, on a terminal",
    .write = write_report,
};
