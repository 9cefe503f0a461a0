/* The tables of the text report: what was checked, the comparison, the device, and with -v the
 * packages. A sign stands in front of each row, in ASCII where the terminal has nothing else; the
 * word beside it says the same, so that nothing depends on colour. */
#include "imgval/base/text.h"
#include "imgval/report/sink_text.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/seal_phrase.h"

#include <string.h>

/* How an outcome, or the status of a comparison, looks. */
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

/* The standard validations, by their ids. */
static bool is_standard(const struct iv_rule *rule)
{
    return strncmp(rule->id, "STD", strlen("STD")) == 0;
}

/* Rules that look at the container and its disks. */
static bool is_about_image(const struct iv_rule *rule)
{
    return rule->subject == IV_SUBJECT_IMAGE;
}

/* The rules of one kind. Notes are reported as findings: a cross beside them would
 * look like something to fix. */
static void print_outcomes(const struct iv_out *out, const struct iv_judgement *judgement,
                           const char *title, bool (*is_wanted)(const struct iv_rule *))
{
    struct iv_table table = {.columns = 5};
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *row = &judgement->outcomes[i];
        if (!is_wanted(row->rule) || row->rule->severity == IV_NOTE) {
            continue;
        }
        const struct outcome_look *look = &outcome_looks[row->outcome];
        bool counts = row->outcome != IV_NOT_APPLICABLE && row->subjects > 0 &&
                      row->rule->subject != IV_SUBJECT_IMAGE;
        iv_table_cell(out, &table, look->ink, out->style->ascii ? look->ascii : look->symbol);
        iv_table_cell(out, &table, IV_INK_PLAIN, row->rule->id);
        iv_table_cell(out, &table, IV_INK_PLAIN, row->rule->name);
        iv_table_cell(out, &table, look->ink, iv_phrase_outcomes[row->outcome]);
        iv_table_cell(
            out, &table, IV_INK_DIM,
            counts ? iv_out_counted(out, row->subjects, iv_phrase_subject(row->rule->subject))
                   : "");
    }
    if (table.count > 0) {
        iv_text_heading(out, title);
        iv_table_print(out, &table, 2);
    }
}

void iv_text_print_standard(const struct iv_out *out, const struct iv_judgement *judgement)
{
    print_outcomes(out, judgement, "Standard validations", is_standard);
}

void iv_text_print_image_outcomes(const struct iv_out *out, const struct iv_judgement *judgement)
{
    print_outcomes(out, judgement, "Image", is_about_image);
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

/* "older 3012.0.1610.1 (8a73bd76)"; nothing where there is none. */
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

/* The baselines that a variant was compared with; "" where there were none. */
static const char *neighbours_text(const struct iv_out *out, const struct iv_wspc *wspc)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_baseline(&text, out, "older", wspc->older);
    add_baseline(&text, out, "newer", wspc->newer);
    add_baseline(&text, out, "same", wspc->same);
    return iv_arena_strdup(out->scratch, iv_buf_text(&text));
}

/* The note about the baselines as a whole, once and above the table of variants. */
static void print_store_note(const struct iv_out *out, const struct iv_judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (finding->rule->uncounted) {
            iv_out_paragraph(
                out, 2,
                IV_PIECE(IV_INK_CYAN, iv_arena_printf(out->scratch, "note %s:", finding->rule->id)),
                IV_PIECE(IV_INK_PLAIN, iv_out_escape(out, finding->message)));
            return;
        }
    }
}

/* A line for each variant: whether it holds what its baselines hold, and which those are. */
void iv_text_print_wspc(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_submission *s = entry->submission;
    iv_text_heading(out, "WSPC");
    print_store_note(out, &entry->judgement);
    if (s->variant_count == 0) {
        iv_out_paragraph(out, 2, IV_NO_LABEL, IV_PIECE(IV_INK_PLAIN, iv_phrase_no_variant(entry)));
        return;
    }
    struct iv_table table = {.columns = 4};
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_variant *variant = &s->variants[i];
        const struct outcome_look *look = &wspc_looks[variant->wspc.status];
        iv_table_cell(out, &table, look->ink, out->style->ascii ? look->ascii : look->symbol);
        iv_table_cell(out, &table, IV_INK_PLAIN, iv_text_variant(out, &variant->pop));
        iv_table_cell(out, &table, look->ink, iv_phrase_wspc[variant->wspc.status]);
        iv_table_cell(out, &table, IV_INK_DIM, neighbours_text(out, &variant->wspc));
    }
    iv_table_print(out, &table, 2);
}

/* The values that a variant and its version are made of; the rest need -v. */
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

/* With -v: what was left out of the search for device values, and why that is right. */
static void print_not_looked_into(const struct iv_out *out, const struct iv_submission *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->package_count; i++) {
        const struct iv_package *package = &s->packages[i];
        count += package->origin == IV_ORIGIN_SUBMISSION && !package->removal &&
                         iv_ascii_ieq(package->owner_type, "Microsoft")
                     ? 1
                     : 0;
    }
    if (count == 0 || out->style->verbose == 0) {
        return;
    }
    const char *text = iv_arena_printf(
        out->scratch,
        "%s that Microsoft owns: registry files were not looked into for device values",
        iv_out_counted(out, count, "package"));
    iv_out_paragraph(out, 2, IV_NO_LABEL, IV_PIECE(IV_INK_DIM, text));
}

void iv_text_print_device(const struct iv_out *out, const struct iv_submission *s)
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
        print_not_looked_into(out, s);
        return;
    }
    iv_text_heading(out, "Device metadata");
    iv_table_print(out, &table, 2);
    if (hidden > 0) {
        IV_LINE(out, IV_PIECE(IV_INK_DIM, "  and "),
                IV_PIECE(IV_INK_DIM, iv_out_counted(out, hidden, "further value")),
                IV_PIECE(IV_INK_DIM, " (-v shows all)"));
    }
    print_not_looked_into(out, s);
}

/* What is not ordinary about a package, in words that a search finds. */
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

/* Whether --verify looked at any package: else the column would be empty. */
static bool has_seals(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->package_count; i++) {
        if (s->packages[i].seal_count > 0) {
            return true;
        }
    }
    return false;
}

static const char *seal_text(const struct iv_out *out, const struct iv_package *package)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_seal(&text, package);
    return iv_out_value(out, iv_arena_strdup(out->scratch, iv_buf_text(&text)));
}

void iv_text_print_packages(const struct iv_out *out, const struct iv_submission *s)
{
    if (s->package_count == 0) {
        return;
    }
    static const char *const titles[] = {"package",    "version", "partition",
                                         "owner type", "flags",   "verified"};
    struct iv_table table = {.columns = IV_COUNT(titles) - (has_seals(s) ? 0 : 1)};
    for (size_t i = 0; i < table.columns; i++) {
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
        if (table.columns == IV_COUNT(titles)) {
            iv_table_cell(out, &table, IV_INK_PLAIN, seal_text(out, p));
        }
    }
    iv_text_heading(out, "Packages");
    iv_table_print(out, &table, 2);
}
