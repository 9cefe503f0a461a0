/* What a firmware developer reads on a terminal: the verdict, what is wrong and how to fix it, then
 * what was checked, and what was not. One submission after the other, each from the verdict down;
 * the verdict is repeated at the end when the first line is out of sight. -q keeps the verdict and
 * what needs fixing, -v shows every finding and package. */
#include "imgval/report/sink_text.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/history/request_report.h"

#include "imgval/model/kinds.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/seal_phrase.h"

#include <string.h>

enum { SCREEN_LINES = 24 };

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

/* ---- the verdict ------------------------------------------------------------------------- */

/* `rest`: what the word does not say; then `what` it is about has a line of its own. */
static void print_verdict(const struct iv_out *out, enum iv_final_verdict verdict, const char *rest,
                          const char *what)
{
    const struct verdict_look *look = &verdict_looks[verdict];
    const char *symbol = out->style->ascii ? "" : look->symbol;
    if (rest[0] == '\0') {
        IV_LINE(out, IV_PIECE(look->ink, symbol), IV_PIECE(look->ink, iv_phrase_verdicts[verdict]),
                IV_PIECE(IV_INK_PLAIN, "  "), IV_PIECE(IV_INK_BOLD, what));
        return;
    }
    symbol = out->style->ascii ? "!" : verdict == IV_VERDICT_PASS ? "!" : "?";
    iv_out_paragraph(out, 0, IV_PIECE(IV_INK_YELLOW, symbol),
                     IV_PIECE(IV_INK_YELLOW, iv_arena_printf(out->scratch, "%s%s",
                                                             iv_phrase_verdicts[verdict], rest)));
    if (what != NULL) {
        IV_LINE(out, IV_PIECE(IV_INK_PLAIN, "  "), IV_PIECE(IV_INK_BOLD, what));
    }
}

/* `again`: as the last line of a long report. */
static void print_entry_verdict(const struct iv_out *out, const struct iv_report_entry *entry,
                                bool again)
{
    struct iv_buf rest IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_qualify(&rest, entry);
    print_verdict(out, entry->judgement.verdict, iv_buf_text(&rest),
                  again && rest.size > 0 ? NULL : iv_out_value(out, entry->submission->path));
}

/* What it was judged as, and why where nobody said: the type decides which rules apply. */
static void print_judged_as(const struct iv_out *out, const struct iv_report_entry *entry)
{
    const struct iv_submission *s = entry->submission;
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "Judged as %s", iv_phrase_type(s));
    if (s->type_by_default && s->type == IV_PARTIAL) {
        iv_buf_printf(&text,
                      " because %s is a single package; use --type=image to judge it as an image",
                      iv_out_escape(out, s->path));
    } else {
        iv_buf_printf(&text, " (%s)", iv_kinds[s->kind].phrase);
    }
    if (entry->run->baseline) {
        iv_buf_puts(&text, ", to become a baseline");
    }
    if (s->firmware_version != NULL) {
        iv_buf_printf(&text, ", firmware version %s", iv_out_value(out, s->firmware_version));
    }
    iv_buf_putc(&text, '.');
    iv_out_paragraph(out, 2, IV_NO_LABEL, IV_PIECE(IV_INK_PLAIN, iv_buf_text(&text)));
}

/* Nothing for what there is none of. */
static void add_count(struct iv_buf *text, const struct iv_out *out, size_t count, const char *noun)
{
    if (count > 0) {
        iv_buf_printf(text, "%s%s", text->size > 0 ? ", " : "", iv_out_counted(out, count, noun));
    }
}

/* How many packages, how many findings, and from which severity on it fails. */
static void print_counts(const struct iv_out *out, const struct iv_report *report,
                         const struct iv_report_entry *entry)
{
    const struct iv_counts *counts = &entry->judgement.counts;
    const size_t all = entry->submission->package_count;
    struct iv_buf packages IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&packages, iv_out_counted(out, counts->packages, "package"));
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
        out, 2, IV_NO_LABEL,
        IV_PIECE(IV_INK_PLAIN,
                 iv_arena_printf(out->scratch, "%s: %s%s%s%s.", iv_buf_text(&packages),
                                 text.size > 0 ? iv_buf_text(&text) : "no findings", gate,
                                 gate[0] == '\0' ? "" : iv_severity_names[report->fail_on],
                                 gate[0] == '\0' ? "" : ")")));
}

/* What became of the hash table of an image; NULL: it has none. */
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

/* What kind of image, and what became of its hashes. */
static void print_image(const struct iv_out *out, const struct iv_image *image)
{
    const char *hash = hash_text(out, &image->hash);
    size_t with_packages = 0;
    for (size_t i = 0; i < image->partition_count; i++) {
        with_packages += image->partitions[i].package_count > 0 ? 1u : 0u;
    }
    iv_out_paragraph(
        out, 2, IV_PIECE(IV_INK_DIM, "image:"),
        IV_PIECE(IV_INK_PLAIN,
                 iv_arena_printf(out->scratch, "%s; %zu partition%s, %zu with packages%s%s",
                                 iv_out_escape(out, image->format), image->partition_count,
                                 image->partition_count == 1 ? "" : "s", with_packages,
                                 hash == NULL ? "" : "; ", hash == NULL ? "" : hash)));
}

/* What --verify found out. */
static void print_seals(const struct iv_out *out, const struct iv_submission *s)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_seals(&text, s);
    if (text.size > 0) {
        iv_out_paragraph(out, 2, IV_PIECE(IV_INK_DIM, "verified:"),
                         IV_PIECE(IV_INK_PLAIN, iv_out_escape(out, iv_buf_text(&text))));
    }
}

/* Which side files were used: with another one the verdict may be another. */
static void print_side_files(const struct iv_out *out, const struct iv_submission *s)
{
    if (s->image.present) {
        print_image(out, &s->image);
    }
    if (s->history.present) {
        iv_out_paragraph(out, 2, IV_PIECE(IV_INK_DIM, "update history:"),
                         IV_PIECE(IV_INK_PLAIN, iv_out_value(out, s->history.path)));
    }
    if (s->oem_input.present) {
        iv_out_paragraph(out, 2, IV_PIECE(IV_INK_DIM, "OEM input:"),
                         IV_PIECE(IV_INK_PLAIN, iv_out_value(out, s->oem_input.path)));
    }
}

/* With -v: what became of every entry, so that it can be seen that none was passed over. */
static void print_entries(const struct iv_out *out, const struct iv_entries *entries)
{
    uint64_t total = iv_entries_total(entries);
    if (total == 0 || out->style->verbose == 0) {
        return;
    }
    const char *sum =
        iv_arena_printf(out->scratch, "%s%llu in all: %llu read, %llu reported, %llu not relevant",
                        entries->is_cut ? "at least " : "", (unsigned long long)total,
                        (unsigned long long)entries->of[IV_FATE_READ],
                        (unsigned long long)entries->of[IV_FATE_REPORTED],
                        (unsigned long long)iv_entries_irrelevant(entries));
    iv_out_paragraph(out, 2, IV_PIECE(IV_INK_DIM, "entries:"), IV_PIECE(IV_INK_PLAIN, sum));
    struct iv_table table = {.columns = 3};
    for (size_t fate = IV_FATE_FOLDER; fate < IV_FATES; fate++) {
        if (entries->of[fate] > 0) {
            iv_table_cell(
                out, &table, IV_INK_PLAIN,
                iv_arena_printf(out->scratch, "%llu", (unsigned long long)entries->of[fate]));
            iv_table_cell(out, &table, IV_INK_PLAIN, iv_fate_names[fate]);
            iv_table_cell(out, &table, IV_INK_DIM, iv_fate_phrases[fate]);
        }
    }
    iv_table_print(out, &table, 4);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* A tree without a package: one sentence says it all, whatever the options. */
static bool holds_no_package(const struct iv_submission *s)
{
    return s->package_count == 0 && iv_kinds[s->kind].is_loose;
}

/* In place of tables in which nothing applies. What could not be read may hold packages. */
static void print_no_package(const struct iv_out *out, const struct iv_judgement *judgement)
{
    bool is_whole = true;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        is_whole = is_whole && !judgement->findings[i].incomplete;
    }
    iv_out_paragraph(
        out, 2, IV_NO_LABEL,
        IV_PIECE(IV_INK_PLAIN,
                 is_whole ? "Nothing was judged: there is no package here (.spkg .spkr .spku .cab "
                            ".cbsr, or a folder with man.dsm.xml or update.mum)."
                          : "Nothing was judged: no package was found in what could be read. The "
                            "rest is named here:"));
}

/* One submission from top to bottom. */
static void print_entry(const struct iv_out *out, const struct iv_report *report,
                        const struct iv_report_entry *entry)
{
    print_entry_verdict(out, entry, false);
    if (holds_no_package(entry->submission)) {
        print_no_package(out, &entry->judgement);
        iv_text_print_findings(out, entry);
        return;
    }
    if (!out->style->quiet) {
        print_judged_as(out, entry);
        print_counts(out, report, entry);
        print_seals(out, entry->submission);
        print_side_files(out, entry->submission);
        print_entries(out, &entry->submission->entries);
    }

    iv_text_print_findings(out, entry);
    if (out->style->quiet) {
        /* A verdict without a finding needs its reason all the same. */
        if (entry->judgement.verdict == IV_VERDICT_INCOMPLETE) {
            iv_text_print_not_checked(out, entry);
        }
        return;
    }
    iv_text_print_standard(out, &entry->judgement);
    if (entry->submission->image.present) {
        iv_text_print_image_outcomes(out, &entry->judgement);
    }
    iv_text_print_wspc(out, entry);
    iv_text_print_device(out, entry->submission);
    if (out->style->verbose > 0) {
        iv_text_print_packages(out, entry->submission);
    }
    iv_text_print_not_checked(out, entry);
}

/* The last line of a report of several submissions. */
static void print_summary(const struct iv_out *out, const struct iv_report *report)
{
    size_t counts[IV_COUNT(verdict_looks)] = {0};
    for (size_t i = 0; i < report->entry_count; i++) {
        counts[report->entries[i].judgement.verdict]++;
    }
    struct iv_buf rest IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_qualify_all(&rest, report);
    print_verdict(out, report->verdict, iv_buf_text(&rest),
                  iv_arena_printf(out->scratch, "%s: %zu failed, %zu incomplete, %zu passed",
                                  iv_out_counted(out, report->entry_count, "submission"),
                                  counts[IV_VERDICT_FAIL], counts[IV_VERDICT_INCOMPLETE],
                                  counts[IV_VERDICT_PASS]));
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *file)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    size_t lines = 0;
    const struct iv_out out = {.file = file, .style = style, .scratch = &arena, .lines = &lines};
    if (report->what_if) {
        iv_text_what_if(&out);
    }
    if (report->is_part) {
        iv_out_paragraph(&out, 0, IV_NO_LABEL, IV_PIECE(IV_INK_YELLOW, iv_phrase_part));
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

    if (report->entry_count > 1 || (report->entry_count == 1 && lines > SCREEN_LINES)) {
        iv_out_blank(&out);
    }
    if (report->entry_count == 1 && lines > SCREEN_LINES) {
        print_entry_verdict(&out, report->entries, true); /* the first line is out of sight */
    }
    if (report->entry_count != 1) {
        print_summary(&out, report);
    }
}

const struct iv_sink iv_sink_text = {
    .name = "text",
    .summary = "for people, on a terminal",
    .write = write_report,
    .diff = iv_delta_write_text,
    .rfu = iv_request_write_text,
    .audit = iv_audit_write_text,
};
