/*
 * One variant of an audit at a terminal: its broken steps with the packages that went, then its
 * versions, then what is to be done. Versions that hold nothing to look at are folded to one row.
 */
#include "imgval/report/history/audit_text.h"

/* Without -v, at most. A screen holds little: where several variants share it, less of each. */
enum {
    LISTED = 20, /* names of a list of advice */
    NAMES = 5,   /* packages of a broken step */
    ROWS = 20,   /* of the table of versions */
    BREAKS = 8,
    ROWS_OF_MANY = 8,
    BREAKS_OF_MANY = 3,
    FOLDED = 3, /* versions that make a fold worth it */
};

/* How many of `count` are shown: all with -v. iv_audit_text_more() says how many are not. */
size_t iv_audit_text_bound(const struct iv_audit_text *w, size_t count, size_t most)
{
    return w->out.style->verbose > 0 || count <= most ? count : most;
}

/* Says so where a list was cut; nothing where it was not. */
void iv_audit_text_more(const struct iv_audit_text *w, unsigned indent, size_t count, size_t shown)
{
    if (shown < count) {
        iv_out_paragraph(&w->out, indent, IV_NO_LABEL,
                         IV_PIECE(IV_INK_DIM, iv_arena_printf(w->out.scratch, "and %zu more (-v)",
                                                              count - shown)));
    }
}

/* For nouns that form it with an s. */
static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* As the set says it, safe for a terminal. */
static const char *version_of(const struct iv_audit_text *w, uint32_t version)
{
    return iv_out_escape(&w->out, w->variant->versions[version].source->firmware_version);
}

/* In the unit that leaves a short number. */
static const char *size_text(const struct iv_audit_text *w, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < IV_COUNT(units)) {
        size /= 1024;
        unit++;
    }
    return iv_arena_printf(w->out.scratch, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

/* A bound that is lower where several variants share the screen. */
static size_t most(const struct iv_audit_text *w, size_t alone, size_t of_many)
{
    return w->audit->variant_count == 1 ? alone : of_many;
}

/* ---- broken steps ---------------------------------------------------------------------------- */

/* A package that went or came, and the one that it may have been renamed to or from: that is a
 * guess, so it has a question mark. */
static const char *change_text(const struct iv_audit_text *w, const struct iv_change *change)
{
    const bool gone = change->after == NULL;
    const char *name =
        iv_out_escape(&w->out, iv_package_shown_name(gone ? change->before : change->after));
    return change->other == NULL
               ? name
               : iv_arena_printf(w->out.scratch, "%s (renamed %s %s?)", name, gone ? "to" : "from",
                                 iv_out_escape(&w->out, iv_package_shown_name(change->other)));
}

/* Packages that went, or came, in a step: with -v one a line, else in one paragraph. */
static void write_changes(const struct iv_audit_text *w, const struct iv_delta *delta, bool gone)
{
    const unsigned mask = gone ? IV_CHANGE_REMOVED : IV_CHANGE_ADDED;
    const size_t count = delta->counts[gone ? IV_CHANGES_REMOVED : IV_CHANGES_ADDED];
    const size_t shown = iv_audit_text_bound(w, count, NAMES);
    const enum iv_ink ink = gone ? IV_INK_RED : IV_INK_GREEN;
    const char *mark = gone ? "-" : "+";
    const char *list = "";
    size_t done = 0;
    for (size_t i = 0; i < delta->count && done < shown; i++) {
        if ((delta->changes[i].what & mask) == 0) {
            continue;
        }
        const char *text = change_text(w, &delta->changes[i]);
        if (w->out.style->verbose > 0) {
            IV_LINE(&w->out,
                    IV_PIECE(ink, iv_arena_printf(w->out.scratch, "    %s %s", mark, text)));
        } else {
            list = iv_arena_printf(w->out.scratch, "%s%s%s", list, done == 0 ? "" : ", ", text);
        }
        done++;
    }
    if (shown < count) {
        list = iv_arena_printf(w->out.scratch, "%s and %zu more (-v)", list, count - shown);
    }
    if (list[0] != '\0') {
        iv_out_paragraph(&w->out, 4, IV_PIECE(ink, mark), IV_PIECE(ink, list));
    }
}

/* From which version to which, and how many packages went. */
static const char *break_text(const struct iv_audit_text *w, const struct iv_audit_step *step)
{
    return iv_arena_printf(w->out.scratch, "%s -> %s: %s missing", version_of(w, step->from),
                           version_of(w, step->to),
                           iv_out_counted(&w->out, step->missing, "package"));
}

/* What broke a step: the packages that went, and those that came in their place. */
static void write_break(const struct iv_audit_text *w, const struct iv_audit_step *step)
{
    struct iv_delta delta;
    iv_audit_step_delta(w->audit, w->variant, step, w->out.scratch, &delta);
    IV_LINE(&w->out, IV_PIECE(IV_INK_YELLOW, "  broken "),
            IV_PIECE(IV_INK_PLAIN, break_text(w, step)));
    write_changes(w, &delta, true);
    write_changes(w, &delta, false);
}

/* -q: who asks for nothing else still wants to know what went. */
static void write_short_break(const struct iv_audit_text *w, const struct iv_audit_step *step)
{
    uint32_t *missing;
    const size_t count =
        iv_audit_step_missing(w->audit, w->variant, step, w->out.scratch, &missing);
    const size_t shown = iv_audit_text_bound(w, count, NAMES);
    const char *list = "";
    for (size_t i = 0; i < shown; i++) {
        list = iv_arena_printf(w->out.scratch, "%s%s%s", list, i == 0 ? "" : ", ",
                               iv_out_escape(&w->out, iv_audit_package_name(w->audit, missing[i])));
    }
    if (shown < count) {
        list = iv_arena_printf(w->out.scratch, "%s and %zu more (-v)", list, count - shown);
    }
    IV_LINE(&w->out, IV_PIECE(IV_INK_YELLOW, "broken "),
            IV_PIECE(IV_INK_PLAIN, iv_arena_printf(w->out.scratch, "%s %s: %s",
                                                   iv_text_variant(&w->out, &w->variant->pop),
                                                   break_text(w, step), list)));
}

/* Every broken step within the bound, by `write`; its texts are freed after each. */
static void write_breaks(const struct iv_audit_text *w, unsigned indent, size_t at_most,
                         void (*write)(const struct iv_audit_text *, const struct iv_audit_step *))
{
    const size_t bound = iv_audit_text_bound(w, w->variant->broken, at_most);
    size_t shown = 0;
    for (size_t i = 0; i < w->variant->step_count && shown < bound; i++) {
        if (w->variant->steps[i].missing > 0) {
            struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
            write(w, &w->variant->steps[i]);
            iv_arena_reset(w->out.scratch, mark);
            shown++;
        }
    }
    iv_audit_text_more(w, indent, w->variant->broken, shown);
}

/* For -q: all variants one after the other, without headings. */
void iv_audit_text_breaks(const struct iv_audit_text *w)
{
    write_breaks(w, 0, LISTED, write_short_break);
}

/* ---- versions -------------------------------------------------------------------------------- */

/* "+1 -2 ~6, 1 other content" */
static const char *step_text(const struct iv_audit_text *w, const struct iv_audit_step *step)
{
    const size_t changed =
        step->counts[IV_CHANGES_VERSION_UP] + step->counts[IV_CHANGES_VERSION_DOWN];
    const char *text = iv_arena_printf(w->out.scratch, "+%zu -%zu, %zu new version%s",
                                       step->counts[IV_CHANGES_ADDED],
                                       step->counts[IV_CHANGES_REMOVED], changed, plural(changed));
    if (step->counts[IV_CHANGES_VERSION_DOWN] > 0) {
        text = iv_arena_printf(w->out.scratch, "%s (%zu went back)", text,
                               step->counts[IV_CHANGES_VERSION_DOWN]);
    }
    if (step->counts[IV_CHANGES_CONTENT] > 0) {
        text = iv_arena_printf(w->out.scratch, "%s, %zu with other content under the same version",
                               text, step->counts[IV_CHANGES_CONTENT]);
    }
    if (step->counts[IV_CHANGES_PARTITION] > 0) {
        text = iv_arena_printf(w->out.scratch, "%s, %zu in another partition", text,
                               step->counts[IV_CHANGES_PARTITION]);
    }
    return text;
}

/* Not the next version after the one that it is compared with: others between were not judged. */
static bool skips_versions(const struct iv_audit_text *w, const struct iv_audit_version *version,
                           const struct iv_audit_step *step)
{
    return step != NULL && version != &w->variant->versions[step->from + 1];
}

/* There is nothing to look at. */
static bool is_plain(const struct iv_audit_text *w, const struct iv_audit_version *version)
{
    const struct iv_audit_step *step = iv_audit_step_to(w->variant, version);
    return version->in_full && !iv_audit_fails(version->source) && version->came_after == 0 &&
           version->came_before == 0 && (step == NULL || step->missing == 0) &&
           !skips_versions(w, version, step);
}

/* Notes of one version stand beside each other. */
static const char *add_note(const struct iv_audit_text *w, const char *note, const char *text)
{
    return iv_arena_printf(w->out.scratch, "%s%s%s", note, note[0] == '\0' ? "" : "; ", text);
}

/* The last column of a version: what changed, and everything that keeps it from being plain. */
static const char *note_of(const struct iv_audit_text *w, const struct iv_audit_version *version)
{
    const struct iv_audit_step *step = iv_audit_step_to(w->variant, version);
    const char *why = version->reason != NULL ? version->reason : version->source->gap;
    const char *note = step != NULL ? step_text(w, step) : "";
    if (skips_versions(w, version, step)) {
        note = add_note(
            w, note,
            iv_arena_printf(w->out.scratch, "compared with %s", version_of(w, step->from)));
    }
    if (version->came_after != 0 || version->came_before != 0) {
        const bool after = version->came_after != 0;
        const uint32_t other = after ? version->came_after : version->came_before;
        note = add_note(w, note,
                        iv_arena_printf(w->out.scratch, "came %s %s", after ? "after" : "before",
                                        version_of(w, other - 1)));
    }
    if (iv_audit_fails(version->source)) {
        note = add_note(w, note, "see the findings of this set");
    }
    if (!version->in_full && why != NULL) {
        note = add_note(
            w, note,
            iv_arena_printf(w->out.scratch, "%s: %s",
                            version->state != IV_AUDIT_JUDGED ? "not judged" : "not judged in full",
                            iv_out_escape(&w->out, why)));
    }
    return note;
}

/* The worst that is known of a version decides its mark: broken, fails, not in full. "same": it has
 * no step of its own. */
static void add_row(const struct iv_audit_text *w, struct iv_table *table,
                    const struct iv_audit_version *version)
{
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &w->audit->pool.sets[source->set];
    const struct iv_audit_step *step = iv_audit_step_to(w->variant, version);
    const bool broken = step != NULL && step->missing > 0;
    const char *mark = broken                                ? "BROKEN"
                       : iv_audit_fails(source)              ? "FAILS"
                       : !version->in_full                   ? "?"
                       : step != NULL || version->chain == 1 ? "ok"
                                                             : "same";
    const enum iv_ink ink = broken                   ? IV_INK_YELLOW
                            : iv_audit_fails(source) ? IV_INK_RED
                            : !version->in_full      ? IV_INK_CYAN
                                                     : IV_INK_GREEN;
    const char *note = note_of(w, version);
    iv_table_cell(&w->out, table, ink, mark);
    iv_table_cell(&w->out, table, IV_INK_PLAIN, iv_out_escape(&w->out, source->firmware_version));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%s%s",
                                  iv_out_counted(&w->out, set->count, "package"),
                                  source->baseline ? ", baseline" : ""));
    iv_table_cell(&w->out, table, IV_INK_PLAIN, size_text(w, set->total_size));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%s%s%s", note, note[0] == '\0' ? "" : "  ",
                                  iv_out_escape(&w->out, source->path)));
}

/* One row for versions in which there is nothing to look at. */
static void add_fold(const struct iv_audit_text *w, struct iv_table *table, size_t first,
                     size_t count)
{
    uint32_t least = UINT32_MAX;
    uint32_t greatest = 0;
    size_t baselines = 0;
    for (size_t i = first; i < first + count; i++) {
        const struct iv_audit_source *source = w->variant->versions[i].source;
        const uint32_t packages = w->audit->pool.sets[source->set].count;
        least = packages < least ? packages : least;
        greatest = packages > greatest ? packages : greatest;
        baselines += source->baseline ? 1 : 0;
    }
    const char *range =
        least == greatest ? "" : iv_arena_printf(w->out.scratch, "%u to ", (unsigned)least);
    iv_table_cell(
        &w->out, table, IV_INK_GREEN,
        iv_arena_printf(w->out.scratch, "ok %s %zu", w->out.style->ascii ? "x" : "×", count));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%s to %s", version_of(w, (uint32_t)first),
                                  version_of(w, (uint32_t)(first + count - 1))));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(
                      w->out.scratch, "%s%s%s", range, iv_out_counted(&w->out, greatest, "package"),
                      baselines == 0
                          ? ""
                          : iv_arena_printf(w->out.scratch, ", %s",
                                            iv_out_counted(&w->out, baselines, "baseline"))));
    iv_table_cell(&w->out, table, IV_INK_PLAIN, "");
    iv_table_cell(&w->out, table, IV_INK_DIM, "");
}

/* Runs of at least FOLDED plain versions take one row, unless -v asks for all. Rows are bounded,
 * not versions: a fold counts as one. */
static void write_versions(const struct iv_audit_text *w)
{
    const size_t count = w->variant->version_count;
    const size_t rows = iv_audit_text_bound(w, count, most(w, ROWS, ROWS_OF_MANY));
    struct iv_table table = {.columns = 5};
    size_t at = 0;
    for (size_t row = 0; at < count && row < rows; row++) {
        size_t run = 0;
        while (w->out.style->verbose == 0 && at + run < count &&
               is_plain(w, &w->variant->versions[at + run])) {
            run++;
        }
        if (run >= FOLDED) {
            add_fold(w, &table, at, run);
            at += run;
        } else {
            add_row(w, &table, &w->variant->versions[at++]);
        }
    }
    iv_table_print(&w->out, &table, 2);
    iv_audit_text_more(w, 2, count, at);
}

/* ---- what to do ------------------------------------------------------------------------------ */

/* How many pairs are served in one hop, and the most versions that can all be baselines. */
static void write_reach(const struct iv_audit_text *w)
{
    const struct iv_matrix *matrix = &w->variant->matrix;
    if (!w->variant->has_matrix) {
        IV_LINE(&w->out,
                IV_PIECE(IV_INK_CYAN, "  pairs: not judged, they would need too much memory"));
        return;
    }
    if (matrix->count < 2) {
        return;
    }
    IV_LINE(
        &w->out, IV_PIECE(IV_INK_BOLD, "  one hop "),
        IV_PIECE(IV_INK_PLAIN, iv_arena_printf(w->out.scratch,
                                               "%llu of %llu pairs of a version and a greater one",
                                               (unsigned long long)matrix->reachable,
                                               (unsigned long long)matrix->pairs)));
    const char *list = "";
    const size_t shown = iv_audit_text_bound(w, matrix->longest_count, NAMES);
    for (size_t i = 0; i < shown; i++) {
        list = iv_arena_printf(w->out.scratch, "%s%s%s", list, i == 0 ? "" : ", ",
                               version_of(w, w->variant->points[matrix->longest[i]]));
    }
    if (shown < matrix->longest_count) {
        list = iv_arena_printf(w->out.scratch, "%s and %zu more (-v)", list,
                               matrix->longest_count - shown);
    }
    iv_out_paragraph(
        &w->out, 2, IV_PIECE(IV_INK_BOLD, "baselines "),
        IV_PIECE(IV_INK_PLAIN, iv_arena_printf(w->out.scratch, "at most %zu of %zu versions: %s",
                                               matrix->longest_count, matrix->count, list)));
}

/* The empty packages that would fix every broken step. */
static void write_fixes(const struct iv_audit_text *w)
{
    const struct iv_fixes *fixes = &w->variant->fixes;
    if (fixes->count == 0) {
        return;
    }
    IV_LINE(&w->out, IV_PIECE(IV_INK_BOLD, "  fix "),
            IV_PIECE(IV_INK_PLAIN, "with empty packages of these names:"));
    const size_t shown = iv_audit_text_bound(w, fixes->count, LISTED);
    for (size_t i = 0; i < shown; i++) {
        struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
        const struct iv_fix_span *span = &fixes->spans[i];
        const char *first = version_of(w, w->variant->chain[span->first]);
        const char *last = version_of(w, w->variant->chain[span->last]);
        bool one = span->first == span->last;
        IV_LINE(&w->out,
                IV_PIECE(IV_INK_PLAIN,
                         iv_arena_printf(
                             w->out.scratch, "    %s in %s%s%s",
                             iv_out_escape(&w->out, iv_audit_package_name(w->audit, span->package)),
                             first, one ? "" : " to ", one ? "" : last)));
        iv_arena_reset(w->out.scratch, mark);
    }
    iv_audit_text_more(w, 4, fixes->count, shown);
}

/* Empty packages of the last version, and groups for feature merge: in short. */
static void write_advice(const struct iv_audit_text *w)
{
    const struct iv_audit_variant *variant = w->variant;
    if (variant->chain_count > 0) {
        const struct iv_audit_version *last =
            &variant->versions[variant->chain[variant->chain_count - 1]];
        const uint32_t empty = w->audit->pool.sets[last->source->set].empty;
        if (empty > 0) {
            IV_LINE(
                &w->out, IV_PIECE(IV_INK_BOLD, "  empty "),
                IV_PIECE(IV_INK_PLAIN,
                         iv_arena_printf(w->out.scratch, "%u package%s of %s", empty, plural(empty),
                                         version_of(w, variant->chain[variant->chain_count - 1]))));
        }
    }

    size_t merged = 0;
    for (size_t i = 0; i < variant->groups.count; i++) {
        merged += variant->groups.groups[i].count;
    }
    if (merged > 0) {
        IV_LINE(
            &w->out, IV_PIECE(IV_INK_BOLD, "  merge "),
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(w->out.scratch,
                                     "%zu packages that always come together could become %zu%s",
                                     merged, variant->groups.count,
                                     w->out.style->verbose > 0 ? ":" : " (-v names them)")));
    }
    for (size_t g = 0; w->out.style->verbose > 0 && g < variant->groups.count; g++) {
        const struct iv_merge_group *group = &variant->groups.groups[g];
        for (size_t i = 0; i < group->count; i++) {
            IV_LINE(&w->out,
                    IV_PIECE(IV_INK_PLAIN,
                             iv_arena_printf(
                                 w->out.scratch, "    %zu  %s", g + 1,
                                 iv_out_escape(&w->out, iv_audit_package_name(
                                                            w->audit, group->packages[i])))));
        }
    }
}

/* One line, for the overview and as the head of a variant. */
const char *iv_audit_text_summary(const struct iv_audit_text *w)
{
    const struct iv_audit_variant *variant = w->variant;
    const struct iv_audit_step *first = iv_audit_first_break(variant);
    const char *where = first == NULL ? ""
                                      : iv_arena_printf(w->out.scratch, ", the first in %s",
                                                        version_of(w, first->to));
    const char *gaps =
        variant->not_judged == 0
            ? ""
            : iv_arena_printf(w->out.scratch, "; %zu not judged in full", variant->not_judged);
    return iv_arena_printf(w->out.scratch, "%s, %zu of %zu steps broken%s%s",
                           iv_out_counted(&w->out, variant->version_count, "version"),
                           variant->broken, variant->step_count, where, gaps);
}

/* A variant in full: what is broken first, what to do about it last. */
void iv_audit_text_variant(const struct iv_audit_text *w)
{
    IV_LINE(&w->out,
            IV_PIECE(IV_INK_BOLD, iv_arena_printf(w->out.scratch, "%s  ",
                                                  iv_text_variant(&w->out, &w->variant->pop))),
            IV_PIECE(IV_INK_PLAIN, iv_audit_text_summary(w)));
    write_breaks(w, 2, most(w, BREAKS, BREAKS_OF_MANY), write_break);
    write_versions(w);
    write_reach(w);
    write_fixes(w);
    write_advice(w);
}
