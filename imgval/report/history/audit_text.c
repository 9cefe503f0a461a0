/*
 * An audit for people at a terminal. First an overview of the variants, those with broken steps
 * before the rest; then each variant in which something is to be looked at; then what was found in
 * the sets themselves, what was not judged, and as the last line the verdict. With -q only what is
 * wrong or was not judged, and the verdict.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/history/audit_text.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/text_findings.h"

/* Without -v, at most. */
enum {
    LISTED = 20,  /* rows of the overview, and sets that were not judged */
    SECTIONS = 5, /* variants that are shown in full beside others */
};

/* ---- variants -------------------------------------------------------------------------------- */

/* The order in which variants are shown. */
enum rank { RANK_BROKEN, RANK_FAILS, RANK_GAPS, RANK_NOTES, RANK_FINE, RANKS };

/* Whether the nine rules failed for one of its sets. */
static bool has_failing_set(const struct iv_audit_variant *variant)
{
    bool fails = false;
    for (size_t i = 0; i < variant->version_count; i++) {
        fails = fails || iv_audit_fails(variant->versions[i].source);
    }
    return fails;
}

/* By the worst that is known of the variant. */
static enum rank rank_of(const struct iv_audit_variant *variant)
{
    if (variant->broken > 0) {
        return RANK_BROKEN;
    }
    if (has_failing_set(variant)) {
        return RANK_FAILS;
    }
    if (variant->not_judged > 0) {
        return RANK_GAPS;
    }
    return variant->out_of_order > 0 || variant->changed.count > 0 ? RANK_NOTES : RANK_FINE;
}

/* The variants by rank; ret_counts: how many there are of each. */
static const struct iv_audit_variant **
sort_variants(const struct iv_audit *audit, struct iv_arena *arena, size_t ret_counts[RANKS])
{
    const struct iv_audit_variant **sorted =
        IV_NEW_ARRAY(arena, const struct iv_audit_variant *, audit->variant_count + 1);
    size_t count = 0;
    for (size_t rank = 0; rank < RANKS; rank++) {
        const size_t before = count;
        for (size_t i = 0; i < audit->variant_count; i++) {
            if (rank_of(&audit->variants[i]) == rank) {
                sorted[count++] = &audit->variants[i];
            }
        }
        ret_counts[rank] = count - before;
    }
    return sorted;
}

/* A variant in the overview. */
static void add_row(const struct iv_audit_text *w, struct iv_table *table)
{
    static const char *const marks[] = {"BROKEN", "FAILS", "?", "ok", "ok"};
    static const enum iv_ink inks[] = {IV_INK_YELLOW, IV_INK_RED, IV_INK_CYAN, IV_INK_GREEN,
                                       IV_INK_GREEN};
    const enum rank rank = rank_of(w->variant);
    iv_table_cell(&w->out, table, inks[rank], marks[rank]);
    iv_table_cell(&w->out, table, IV_INK_PLAIN, iv_text_variant(&w->out, &w->variant->pop));
    iv_table_cell(&w->out, table, IV_INK_PLAIN, iv_audit_text_summary(w));
}

/* Variants in which all is well, as one row. */
static void add_fold(const struct iv_audit_text *w, struct iv_table *table,
                     const struct iv_audit_variant *const *variants, size_t count)
{
    size_t versions = 0;
    for (size_t i = 0; i < count; i++) {
        versions += variants[i]->version_count;
    }
    iv_table_cell(
        &w->out, table, IV_INK_GREEN,
        iv_arena_printf(w->out.scratch, "ok %s %zu", w->out.style->ascii ? "x" : "×", count));
    iv_table_cell(&w->out, table, IV_INK_PLAIN, iv_out_counted(&w->out, count, "variant"));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%s, no step broken",
                                  iv_out_counted(&w->out, versions, "version")));
}

/* All variants in a table, those without anything to look at folded to one row. */
static void write_overview(struct iv_audit_text *w, const struct iv_audit_variant *const *variants,
                           const size_t counts[RANKS])
{
    const size_t count = w->audit->variant_count;
    const size_t fine = w->out.style->verbose == 0 && counts[RANK_FINE] > 1 ? counts[RANK_FINE] : 0;
    const size_t shown = iv_audit_text_bound(w, count - fine, LISTED);
    struct iv_table table = {.columns = 3};
    for (size_t i = 0; i < shown; i++) {
        w->variant = variants[i];
        add_row(w, &table);
    }
    if (fine > 0) {
        add_fold(w, &table, variants + count - fine, fine);
    }
    iv_table_print(&w->out, &table, 0);
    iv_audit_text_more(w, 0, count - fine, shown);
}

/* The overview, then as many variants in full as a screen can bear; -v shows all. A single variant
 * needs no overview. */
static void write_variants(struct iv_audit_text *w)
{
    size_t counts[RANKS];
    const size_t count = w->audit->variant_count;
    const struct iv_audit_variant **variants = sort_variants(w->audit, w->out.scratch, counts);
    struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
    if (count > 1) {
        write_overview(w, variants, counts);
        iv_arena_reset(w->out.scratch, mark);
    }
    const bool all = count == 1 || w->out.style->verbose > 0;
    const size_t marked = all ? count : count - counts[RANK_FINE];
    const size_t shown = iv_audit_text_bound(w, marked, SECTIONS);
    for (size_t i = 0; i < shown; i++) {
        w->variant = variants[i];
        if (i > 0 || count > 1) {
            iv_out_blank(&w->out);
        }
        iv_audit_text_variant(w);
        iv_arena_reset(w->out.scratch, mark);
    }
    if (shown < marked) {
        iv_out_blank(&w->out);
        iv_out_paragraph(
            &w->out, 0, IV_NO_LABEL,
            IV_PIECE(IV_INK_DIM, iv_arena_printf(w->out.scratch,
                                                 "%zu more variants of the overview are not "
                                                 "shown in full (-v)",
                                                 marked - shown)));
    }
}

/* -q: only the broken steps. */
static void write_short_variants(struct iv_audit_text *w)
{
    for (size_t i = 0; i < w->audit->variant_count; i++) {
        w->variant = &w->audit->variants[i];
        iv_audit_text_breaks(w);
    }
}

/* ---- sets ------------------------------------------------------------------------------------ */

/* Findings of steps stand with their variants, as broken steps. */
static bool is_of_step(const struct iv_finding *finding)
{
    return finding->rule->subject == IV_SUBJECT_STEP;
}

/* Findings of one rule follow each other, and are printed as a group. */
static void write_findings(const struct iv_audit_text *w)
{
    const struct iv_audit *audit = w->audit;
    for (size_t i = 0; i < audit->finding_count;) {
        const struct iv_text_group group =
            iv_text_next_group(&w->out, audit->findings + i, audit->finding_count - i);
        if (!is_of_step(group.findings)) {
            iv_text_print_group(&w->out, &group, NULL);
        }
        i += group.count;
    }
}

/* The sets that were not judged, or not in full, and why. */
static void write_gaps(const struct iv_audit_text *w)
{
    const struct iv_audit *audit = w->audit;
    const size_t bound = iv_audit_text_bound(w, audit->not_judged, LISTED);
    size_t shown = 0;
    for (size_t i = 0; i < audit->source_count && shown < bound; i++) {
        const struct iv_audit_source *source = &audit->sources[i];
        if (source->is_copy || source->gap == NULL) {
            continue;
        }
        if (shown++ == 0) {
            iv_out_blank(&w->out);
        }
        iv_out_paragraph(
            &w->out, 0,
            IV_PIECE(IV_INK_CYAN, source->reason != NULL ? "not judged" : "not judged in full"),
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(w->out.scratch, "%s: %s", iv_out_escape(&w->out, source->path),
                                     iv_out_escape(&w->out, source->gap))));
    }
    iv_audit_text_more(w, 0, audit->not_judged, shown);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

/* " with 2 broken steps (WSPC004), 1 error": a pass over broken steps says so. */
static const char *headline(const struct iv_audit_text *w)
{
    static const char *const nouns[] = {
        [IV_NOTE] = NULL, [IV_WARNING] = "warning", [IV_ERROR] = "error"};
    size_t counts[IV_COUNT(nouns)] = {0};
    const struct iv_rule *rule = NULL;
    for (size_t i = 0; i < w->audit->finding_count; i++) {
        const struct iv_finding *finding = &w->audit->findings[i];
        if (is_of_step(finding)) {
            rule = finding->rule;
        } else if (!finding->waived) {
            counts[finding->severity]++;
        }
    }
    const char *text = "";
    if (w->audit->broken > 0) {
        text = iv_arena_printf(
            w->out.scratch, " with %s%s", iv_out_counted(&w->out, w->audit->broken, "broken step"),
            rule == NULL ? "" : iv_arena_printf(w->out.scratch, " (%s)", rule->id));
    }
    for (size_t i = IV_COUNT(nouns); i-- > IV_WARNING;) {
        if (counts[i] > 0) {
            text =
                iv_arena_printf(w->out.scratch, "%s%s%s", text, text[0] == '\0' ? " with " : ", ",
                                iv_out_counted(&w->out, counts[i], nouns[i]));
        }
    }
    return text;
}

/* Last, since a terminal shows the end of a long text. */
static void write_verdict(const struct iv_audit_text *w)
{
    static const enum iv_ink inks[] = {[IV_VERDICT_PASS] = IV_INK_GREEN,
                                       [IV_VERDICT_INCOMPLETE] = IV_INK_YELLOW,
                                       [IV_VERDICT_FAIL] = IV_INK_RED};
    const struct iv_audit *audit = w->audit;
    const char *tail = headline(w);
    const enum iv_final_verdict verdict = audit->verdict;
    const enum iv_ink ink =
        verdict == IV_VERDICT_PASS && tail[0] != '\0' ? IV_INK_YELLOW : inks[verdict];
    size_t sets = 0;
    for (size_t i = 0; i < audit->source_count; i++) {
        sets += audit->sources[i].is_copy ? 0 : 1;
    }
    IV_LINE(&w->out, IV_PIECE(ink, iv_phrase_verdicts[verdict]), IV_PIECE(ink, tail),
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(w->out.scratch, "  %s, %s; %zu not judged in full",
                                     iv_out_counted(&w->out, sets, "submission"),
                                     iv_out_counted(&w->out, audit->variant_count, "variant"),
                                     audit->not_judged)));
}

void iv_audit_write_text(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *file)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_audit_text w = {.out = {.file = file, .style = style, .scratch = &scratch},
                              .audit = audit};
    if (audit->what_if) {
        iv_text_what_if(&w.out);
    }
    if (style->quiet) {
        write_short_variants(&w);
    } else {
        write_variants(&w);
    }
    write_findings(&w);
    write_gaps(&w);
    if (!style->quiet || audit->finding_count > audit->broken || audit->not_judged > 0) {
        iv_out_blank(&w.out);
    }
    write_verdict(&w);
}
