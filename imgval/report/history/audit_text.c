/* An audit for people at a terminal: a line for each version, then what is to be done. */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/write/text_out.h"

/* Names of a list that are shown without -v. */
enum { SHOWN = 20 };

struct writer {
    struct iv_out out;
    const struct iv_audit *audit;
    const struct iv_audit_variant *variant;
};

static size_t bound(const struct writer *w, size_t count)
{
    return w->out.style->verbose > 0 || count <= SHOWN ? count : SHOWN;
}

static void say_more(const struct writer *w, size_t count)
{
    if (bound(w, count) < count) {
        IV_LINE(&w->out,
                IV_PIECE(IV_INK_DIM, iv_arena_printf(w->out.scratch, "    and %zu more (-v)",
                                                     count - bound(w, count))));
    }
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static const char *version_of(const struct writer *w, uint32_t version)
{
    return iv_out_escape(&w->out, w->variant->versions[version].source->firmware_version);
}

static const char *size_text(const struct writer *w, uint64_t bytes)
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

/* ---- the chain ------------------------------------------------------------------------------- */

/* "+1 -2 ~6, 1 other content" */
static const char *step_text(const struct writer *w, const struct iv_audit_step *step)
{
    size_t changed = 0;
    for (unsigned i = 2; i < 4; i++) {
        changed += step->counts[i];
    }
    const char *text = iv_arena_printf(w->out.scratch, "+%zu -%zu, %zu new version%s",
                                       step->counts[0], step->counts[1], changed, plural(changed));
    if (step->counts[3] > 0) {
        text = iv_arena_printf(w->out.scratch, "%s (%zu went back)", text, step->counts[3]);
    }
    if (step->counts[4] > 0) {
        text = iv_arena_printf(w->out.scratch, "%s, %zu with other content under the same version",
                               text, step->counts[4]);
    }
    if (step->counts[5] > 0) {
        text =
            iv_arena_printf(w->out.scratch, "%s, %zu in another partition", text, step->counts[5]);
    }
    return text;
}

static const struct iv_audit_step *step_to(const struct iv_audit_variant *variant,
                                           const struct iv_audit_version *version)
{
    return version->chain < 2 ? NULL : &variant->steps[version->chain - 2];
}

static void add_row(const struct writer *w, struct iv_table *table,
                    const struct iv_audit_version *version)
{
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &w->audit->pool.sets[source->set];
    const struct iv_audit_step *step = step_to(w->variant, version);
    const char *mark = version->state != IV_AUDIT_JUDGED     ? "?"
                       : step != NULL && step->missing > 0   ? "BROKEN"
                       : step != NULL || version->chain == 1 ? "ok"
                                                             : "same";
    enum iv_ink ink = version->state != IV_AUDIT_JUDGED   ? IV_INK_CYAN
                      : step != NULL && step->missing > 0 ? IV_INK_YELLOW
                                                          : IV_INK_GREEN;
    const char *note = step != NULL ? step_text(w, step) : "";
    if (step != NULL && version != &w->variant->versions[step->from + 1]) {
        note = iv_arena_printf(w->out.scratch, "%s, compared with %s", note,
                               version_of(w, step->from));
    }
    iv_table_cell(&w->out, table, ink, mark);
    iv_table_cell(&w->out, table, IV_INK_PLAIN, iv_out_escape(&w->out, source->firmware_version));
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%u package%s%s", set->count, plural(set->count),
                                  source->baseline ? ", baseline" : ""));
    iv_table_cell(&w->out, table, IV_INK_PLAIN, size_text(w, set->total_size));
    if (version->came_after != 0 || version->came_before != 0) {
        bool after = version->came_after != 0;
        uint32_t other = after ? version->came_after : version->came_before;
        note = iv_arena_printf(w->out.scratch, "%s%scame %s %s", note, note[0] == '\0' ? "" : "; ",
                               after ? "after" : "before", version_of(w, other - 1));
    }
    if (source->unreadable > 0) {
        note = iv_arena_printf(w->out.scratch, "%s%s%zu package%s could not be read", note,
                               note[0] == '\0' ? "" : "; ", source->unreadable,
                               plural(source->unreadable));
    }
    if (source->doubt != NULL) {
        note = iv_arena_printf(w->out.scratch, "%s%s%s could not be read", note,
                               note[0] == '\0' ? "" : "; ", iv_out_escape(&w->out, source->doubt));
    }
    if (version->reason != NULL) {
        note = iv_arena_printf(w->out.scratch, "not judged: %s",
                               iv_out_escape(&w->out, version->reason));
    }
    iv_table_cell(&w->out, table, IV_INK_PLAIN,
                  iv_arena_printf(w->out.scratch, "%s%s%s", note, note[0] == '\0' ? "" : "  ",
                                  iv_out_escape(&w->out, source->path)));
}

static void write_versions(const struct writer *w)
{
    struct iv_table table = {.columns = 5};
    for (size_t i = 0; i < w->variant->version_count; i++) {
        add_row(w, &table, &w->variant->versions[i]);
    }
    iv_table_print(&w->out, &table, 2);
}

static const char *package_name(const struct iv_package *package)
{
    return package->name != NULL ? package->name : package->key;
}

static void write_change(const struct writer *w, const struct iv_change *change)
{
    const bool gone = change->after == NULL;
    const char *other =
        change->other == NULL
            ? ""
            : iv_arena_printf(w->out.scratch, "  renamed %s %s?", gone ? "to" : "from",
                              iv_out_escape(&w->out, package_name(change->other)));
    IV_LINE(&w->out,
            IV_PIECE(gone ? IV_INK_RED : IV_INK_GREEN,
                     iv_arena_printf(w->out.scratch, "    %s %s", gone ? "-" : "+",
                                     iv_out_escape(&w->out, package_name(gone ? change->before
                                                                              : change->after)))),
            IV_PIECE(IV_INK_PLAIN, other));
}

/* What broke a step: the packages that went, and those that came in their place. */
static void write_break(const struct writer *w, const struct iv_audit_step *step)
{
    struct iv_delta delta;
    iv_audit_step_delta(w->audit, w->variant, step, w->out.scratch, &delta);
    IV_LINE(
        &w->out, IV_PIECE(IV_INK_BOLD, "  broken "),
        IV_PIECE(IV_INK_PLAIN, iv_arena_printf(w->out.scratch, "%s -> %s: %zu package%s missing",
                                               version_of(w, step->from), version_of(w, step->to),
                                               step->missing, plural(step->missing))));
    for (unsigned pass = 0; pass < 2; pass++) {
        const unsigned mask = pass == 0 ? IV_CHANGE_REMOVED : IV_CHANGE_ADDED;
        size_t shown = 0;
        for (size_t i = 0; i < delta.count && shown < bound(w, delta.counts[1 - pass]); i++) {
            if ((delta.changes[i].what & mask) != 0) {
                write_change(w, &delta.changes[i]);
                shown++;
            }
        }
        say_more(w, delta.counts[1 - pass]);
    }
}

static void write_breaks(const struct writer *w)
{
    size_t shown = 0;
    for (size_t i = 0; i < w->variant->step_count; i++) {
        if (w->variant->steps[i].missing == 0) {
            continue;
        }
        if (shown == bound(w, w->variant->broken)) {
            break;
        }
        struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
        write_break(w, &w->variant->steps[i]);
        iv_arena_reset(w->out.scratch, mark);
        shown++;
    }
    say_more(w, w->variant->broken);
}

/* ---- what to do ------------------------------------------------------------------------------ */

static void write_reach(const struct writer *w)
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
    size_t shown = bound(w, matrix->longest_count);
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

static void write_mends(const struct writer *w)
{
    const struct iv_fixes *mends = &w->variant->mends;
    if (mends->count == 0) {
        return;
    }
    IV_LINE(&w->out, IV_PIECE(IV_INK_BOLD, "  mend "),
            IV_PIECE(IV_INK_PLAIN, "with empty packages of these names:"));
    for (size_t i = 0; i < bound(w, mends->count); i++) {
        struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
        const struct iv_mend_span *span = &mends->spans[i];
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
    say_more(w, mends->count);
}

static void write_changed(const struct writer *w)
{
    const struct iv_changed_contents *changed = &w->variant->changed;
    if (changed->count == 0) {
        return;
    }
    IV_LINE(
        &w->out, IV_PIECE(IV_INK_BOLD, "  changed "),
        IV_PIECE(IV_INK_PLAIN, "content under the same version (devices will not install it):"));
    for (size_t i = 0; i < bound(w, changed->count); i++) {
        struct iv_arena_mark mark = iv_arena_mark(w->out.scratch);
        const struct iv_changed_content *item = &changed->items[i];
        const struct iv_pool_package *state = &w->audit->pool.packages[item->after];
        IV_LINE(&w->out,
                IV_PIECE(IV_INK_PLAIN,
                         iv_arena_printf(
                             w->out.scratch, "    %s %s, in %s and %s",
                             iv_out_escape(&w->out, iv_audit_package_name(w->audit, item->after)),
                             iv_out_escape(&w->out, w->audit->pool.texts[state->version - 1]),
                             version_of(w, w->variant->points[item->first]),
                             version_of(w, w->variant->points[item->second]))));
        iv_arena_reset(w->out.scratch, mark);
    }
    say_more(w, changed->count);
}

/* Empty packages of the last version, and groups for feature merge: in short. */
static void write_advice(const struct writer *w)
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

static void write_variant(const struct writer *w)
{
    const struct iv_audit_variant *variant = w->variant;
    const struct iv_audit_step *first = iv_audit_first_break(variant);
    const char *where = first == NULL ? ""
                                      : iv_arena_printf(w->out.scratch, ", the first in %s",
                                                        version_of(w, first->to));
    IV_LINE(
        &w->out,
        IV_PIECE(IV_INK_BOLD, iv_arena_printf(w->out.scratch, "%s/%s/%s  ",
                                              iv_out_escape(&w->out, variant->pop.oem),
                                              iv_out_escape(&w->out, variant->pop.mobile_operator),
                                              iv_out_escape(&w->out, variant->pop.model))),
        IV_PIECE(IV_INK_PLAIN,
                 iv_arena_printf(w->out.scratch, "%zu version%s, %zu of %zu steps broken%s",
                                 variant->version_count, plural(variant->version_count),
                                 variant->broken, variant->step_count, where)));
    write_versions(w);
    write_breaks(w);
    write_reach(w);
    write_mends(w);
    write_changed(w);
    write_advice(w);
    iv_out_blank(&w->out);
}

static void write_unjudged(const struct writer *w)
{
    for (size_t i = 0; i < w->audit->unjudged_count; i++) {
        const struct iv_audit_source *source = w->audit->unjudged[i];
        iv_out_paragraph(
            &w->out, 0, IV_PIECE(IV_INK_CYAN, "not judged "),
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(w->out.scratch, "%s: %s", iv_out_escape(&w->out, source->path),
                                     iv_out_escape(&w->out, source->reason))));
    }
    if (w->audit->unjudged_count > 0) {
        iv_out_blank(&w->out);
    }
}

void iv_audit_write_text(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *file)
{
    static const char *const verdicts[] = {[IV_VERDICT_PASS] = "PASS",
                                           [IV_VERDICT_INCOMPLETE] = "INCOMPLETE",
                                           [IV_VERDICT_FAIL] = "FAIL"};
    static const enum iv_ink inks[] = {[IV_VERDICT_PASS] = IV_INK_GREEN,
                                       [IV_VERDICT_INCOMPLETE] = IV_INK_YELLOW,
                                       [IV_VERDICT_FAIL] = IV_INK_RED};
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct writer w = {.out = {.file = file, .style = style, .scratch = &scratch}, .audit = audit};
    size_t sets = 0;
    size_t broken = 0;
    if (audit->what_if) {
        iv_text_what_if(&w.out);
    }
    for (size_t i = 0; i < audit->variant_count; i++) {
        struct iv_arena_mark mark = iv_arena_mark(&scratch);
        w.variant = &audit->variants[i];
        broken += w.variant->broken;
        if (!style->quiet) {
            write_variant(&w);
        }
        iv_arena_reset(&scratch, mark);
    }
    for (size_t i = 0; i < audit->source_count; i++) {
        sets += audit->sources[i].is_copy ? 0 : 1;
    }
    write_unjudged(&w);
    IV_LINE(&w.out, IV_PIECE(inks[audit->verdict], verdicts[audit->verdict]),
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(
                         &scratch,
                         "  %zu submission%s, %zu variant%s, %zu broken step%s; %zu not "
                         "judged in full",
                         sets, plural(sets), audit->variant_count, plural(audit->variant_count),
                         broken, plural(broken), audit->not_judged)));
}
