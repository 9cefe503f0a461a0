/*
 * An audit as one file, which is whole without its script (html/script.js): for each variant a
 * timeline, the growth of the set and the matrix of pairs, drawn; then what is to be done, and the
 * versions.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/history/audit_html.h"
#include "imgval/report/write/html_page.h"
#include "imgval/report/write/phrases.h"

#include <string.h>

enum {
    LISTED = 2000,    /* rows of a table, at most: the JSON has all */
    FEW = 3,          /* versions that nobody needs a filter for */
    GROUP_SHOWN = 12, /* packages of a group that are not folded, at most */
};

static const char *const verdict_classes[] = {[IV_VERDICT_PASS] = "passed",
                                              [IV_VERDICT_INCOMPLETE] = "unchecked",
                                              [IV_VERDICT_FAIL] = "failed"};
static const char *const verdict_leads[] = {
    [IV_VERDICT_PASS] = "Everything that was found was judged.",
    [IV_VERDICT_INCOMPLETE] = "Something was not judged. This is not a pass.",
    [IV_VERDICT_FAIL] = "What makes it fail stands below, with its remedy.",
};

/* ---- head ------------------------------------------------------------------------------------ */

/* The top of the page: the verdict, what it means, and the counts. */
static void write_hero(struct iv_markup *m, const struct iv_audit *audit)
{
    size_t sets = 0;
    const size_t broken = audit->broken;
    /* A pass over broken steps is not shown in the colour of one without. */
    const char *worst = audit->verdict == IV_VERDICT_PASS && broken > 0
                            ? "warning"
                            : verdict_classes[audit->verdict];
    for (size_t i = 0; i < audit->source_count; i++) {
        sets += audit->sources[i].is_copy ? 0 : 1;
    }
    iv_html_hero(m, worst, iv_phrase_verdicts[audit->verdict]);
    if (broken > 0) {
        iv_markup_printf(m, " with %zu broken step%s", broken, broken == 1 ? "" : "s");
    }
    iv_markup_classed(m, "span", "what", " firmware history");
    iv_markup_close(m);
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "class", "lead");
    iv_markup_text(m, verdict_leads[audit->verdict]);
    if (audit->verdict == IV_VERDICT_PASS && broken > 0) {
        iv_markup_text(m, " Broken steps are warnings here; --fail-on=warning lets them fail.");
    }
    iv_markup_close(m);
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "tiles");
    iv_html_tile(m, "plain", sets, "submission", "submissions");
    iv_html_tile(m, "plain", audit->variant_count, "variant", "variants");
    iv_html_tile(m, "error", broken, "broken step", "broken steps");
    iv_html_tile(m, "unchecked", audit->not_judged, "not judged in full", "not judged in full");
    iv_markup_close(m);
    iv_markup_close(m);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Aligned to the right, so that sizes can be compared by eye. */
static void write_number(struct iv_markup *m, uint64_t number)
{
    iv_markup_open(m, "td");
    iv_markup_attribute(m, "class", "number");
    iv_markup_printf(m, "%llu", (unsigned long long)number);
    iv_markup_close(m);
}

/* The worst first where versions are sorted by their step. */
static unsigned rank_of(const char *class, const char *word)
{
    return strcmp(word, "broken") == 0       ? 4
           : strcmp(class, "failed") == 0    ? 3
           : strcmp(class, "unchecked") == 0 ? 2
           : strcmp(class, "passed") == 0    ? 0
                                             : 1;
}

/* The step that leads to a version, in a word, with a mark. */
static void write_state(struct iv_audit_page *page, const struct iv_audit_version *version)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
    const char *class = "passed";
    const char *word = "ok";
    if (version->state != IV_AUDIT_JUDGED) {
        class = "unchecked";
        word = "not judged";
    } else if (step != NULL && step->missing > 0) {
        class = "failed";
        word = "broken";
    } else if (iv_audit_fails(version->source)) {
        class = "failed";
        word = "fails";
    } else if (!version->in_full) {
        class = "unchecked";
        word = "not in full";
    } else if (step == NULL) {
        class = "none";
        word = version->chain == 1 ? "start" : "same";
    }

    iv_markup_open(m, "td");
    iv_markup_attribute_printf(m, "class", "state %s", class);
    iv_markup_attribute_uint(m, "data-rank", rank_of(class, word));
    iv_html_mark(m, class);
    iv_markup_printf(m, " %s", word);
    iv_markup_close(m);
}

/* What the switch "Broken only" leaves. */
static bool is_broken(const struct iv_audit_page *page, const struct iv_audit_version *version)
{
    const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
    return version->state == IV_AUDIT_JUDGED && step != NULL && step->missing > 0;
}

/* What the script makes of it: a field to search in, and a switch. Without it nothing is seen. */
static void write_tools(struct iv_markup *m)
{
    iv_markup_break(m);
    iv_html_tools(m, "versions", "Filter: a version, a path, a word");
    iv_html_switch(m, "broken", false);
    iv_markup_text(m, " Broken only");
    iv_markup_close(m);
    iv_html_tools_end(m, "version");
}

static void add_note(struct iv_buf *note, const char *text)
{
    iv_buf_printf(note, "%s%s", note->size == 0 ? "" : "; ", text);
}

/* Below the path of a version: why it was not judged, what it was compared with, its order. */
static void write_note(struct iv_audit_page *page, const struct iv_audit_version *version)
{
    const struct iv_audit_source *source = version->source;
    const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
    struct iv_buf note IV_CLEANUP(iv_buf_fini) = {0};
    if (version->reason != NULL) {
        add_note(&note, version->reason);
    }
    if (step != NULL && version != &page->variant->versions[step->from + 1]) {
        add_note(&note, "compared with ");
        iv_buf_puts(&note, iv_audit_page_version(page, step->from));
    }
    if (version->came_after != 0) {
        add_note(&note, "came after ");
        iv_buf_puts(&note, iv_audit_page_version(page, version->came_after - 1));
    } else if (version->came_before != 0) {
        add_note(&note, "came before ");
        iv_buf_puts(&note, iv_audit_page_version(page, version->came_before - 1));
    }
    if (source->gap != NULL && version->reason == NULL) {
        add_note(&note, source->gap);
    }
    if (source->baseline) {
        add_note(&note, "baseline");
    }
    if (note.size > 0) {
        iv_markup_element(&page->m, "p", iv_buf_text(&note));
    }
}

/* A version: the step that leads to it, then what it holds and how many later versions it can be
 * updated to in one hop. */
static void write_row(struct iv_audit_page *page, const struct iv_audit_version *version)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &page->audit->pool.sets[source->set];
    const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_attribute(m, "data-k", is_broken(page, version) ? "broken" : "other");
    write_state(page, version);
    iv_html_cell(m, source->firmware_version);
    write_number(m, set->count);
    write_number(m, set->empty);
    for (size_t i = 0; i < 4; i++) {
        static const size_t counts[] = {IV_CHANGES_ADDED, IV_CHANGES_VERSION_UP,
                                        IV_CHANGES_CONTENT};
        if (step == NULL) {
            iv_html_cell(m, NULL);
        } else {
            write_number(m, i == 0 ? step->missing : step->counts[counts[i - 1]]);
        }
    }

    if (version->point != 0 && page->variant->has_matrix) {
        write_number(m, page->variant->matrix.targets[version->point - 1]);
    } else {
        iv_html_cell(m, NULL);
    }
    iv_html_cell(m, version->in_longest ? "yes" : "no");
    iv_markup_open(m, "td");
    iv_markup_text(m, source->path);
    write_note(page, version);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Says so where a table ends before its rows do. */
static void write_cut(struct iv_markup *m, size_t count)
{
    if (count > LISTED) {
        iv_markup_open(m, "p");
        iv_markup_printf(m, "The first %d of %zu; --format=json and csv have all.", LISTED, count);
        iv_markup_close(m);
    }
}

/* The table of all versions; with few of them a filter would only be in the way. */
static void write_versions(struct iv_audit_page *page)
{
    static const char *const columns[] = {"Step",    "Version",      "Packages", "Empty",
                                          "Missing", "Added",        "Newer",    "Changed",
                                          "Targets", "Baseline set", "Found at", NULL};
    const size_t count = page->variant->version_count;
    iv_markup_open(&page->m, "div"); /* the tools are those of the table beside them */
    iv_markup_attribute(&page->m, "class", "versions");
    if (count > FEW) {
        write_tools(&page->m);
    }
    iv_html_table(&page->m, count > IV_HTML_LONG ? "audit long" : "audit",
                  "Versions of this variant", columns, true);
    for (size_t i = 0; i < count && i < LISTED; i++) {
        write_row(page, &page->variant->versions[i]);
    }
    iv_html_table_end(&page->m);
    iv_markup_close(&page->m);
    write_cut(&page->m, count);
}

/* From which version to which an empty package is needed, one a row. */
static void write_fixes(struct iv_audit_page *page)
{
    static const char *const columns[] = {"Empty package", "From version", "To version", NULL};
    struct iv_markup *m = &page->m;
    const struct iv_fixes *fixes = &page->variant->fixes;
    if (fixes->count == 0) {
        return;
    }
    iv_markup_element(m, "h3", "Empty packages that fix every break");
    iv_html_table(m, "spans", "Empty packages that fix every break", columns, false);
    for (size_t i = 0; i < fixes->count && i < LISTED; i++) {
        const struct iv_fix_span *span = &fixes->spans[i];
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_cell(m, iv_audit_package_name(page->audit, span->package));
        iv_html_cell(m, iv_audit_page_version(page, page->variant->chain[span->first]));
        iv_html_cell(m, iv_audit_page_version(page, page->variant->chain[span->last]));
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    write_cut(m, fixes->count);
}

/* Of a step: from which version to which, and the package; else the place. */
static void write_about(struct iv_markup *m, const struct iv_finding *finding)
{
    if (finding->baseline != NULL && finding->actual != NULL && finding->package_count > 0) {
        iv_markup_text(m, finding->baseline->firmware_version);
        iv_markup_text(m, " → ");
        iv_markup_text(m, finding->actual);
        iv_markup_text(m, ": ");
        iv_markup_text(m, finding->packages[0]->name);
        if (finding->package_count > 1) {
            iv_markup_printf(m, " and %zu more", finding->package_count - 1);
        }
        return;
    }
    iv_markup_text(m, finding->path != NULL ? finding->path : finding->package);
}

/* Folded, as there may be thousands: the line says what it is about. */
static void write_finding(struct iv_markup *m, const struct iv_finding *finding)
{
    struct iv_buf waiver IV_CLEANUP(iv_buf_fini) = {0};
    iv_markup_break(m);
    iv_markup_open(m, "details");
    iv_markup_open(m, "summary");
    iv_markup_printf(m, "%s %s %s%s: ", iv_severity_names[finding->severity], finding->rule->id,
                     finding->rule->name, finding->waived ? " (waived)" : "");
    write_about(m, finding);
    iv_markup_close(m);
    iv_markup_element(m, "p", finding->message);
    iv_markup_element(m, "p", finding->remedy);
    if (finding->waived) {
        iv_buf_puts(&waiver, "Waived: ");
        iv_phrase_waiver(&waiver, finding->waiver);
        iv_markup_element(m, "p", iv_buf_text(&waiver));
    }
    iv_markup_close(m);
}

/* Findings of steps name the variant itself; those of sets have one of their own, or none. */
static bool is_of_variant(const struct iv_audit *audit, const struct iv_finding *finding)
{
    for (size_t i = 0; i < audit->variant_count; i++) {
        if (finding->variant == &audit->variants[i].pop) {
            return true;
        }
    }
    return false;
}

/* Those of steps of this variant. */
static void write_findings(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit *audit = page->audit;
    size_t count = 0;
    for (size_t i = 0; i < audit->finding_count; i++) {
        if (audit->findings[i].variant != &page->variant->pop || count++ >= LISTED) {
            continue;
        }
        if (count == 1) {
            iv_markup_element(m, "h3", "Findings");
        }
        write_finding(m, &audit->findings[i]);
    }
    write_cut(m, count);
}

/* What was found in the sets themselves, whatever their variants. */
static void write_set_findings(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit *audit = page->audit;
    size_t count = 0;
    for (size_t i = 0; i < audit->finding_count; i++) {
        if (is_of_variant(audit, &audit->findings[i]) || count++ >= LISTED) {
            continue;
        }
        if (count == 1) {
            iv_markup_break(m);
            iv_markup_open(m, "section");
            iv_markup_element(m, "h2", "Findings of the sets");
        }
        write_finding(m, &audit->findings[i]);
    }
    if (count > 0) {
        write_cut(m, count);
        iv_markup_close(m);
    }
}

static void write_pop(struct iv_markup *m, const struct iv_pop *pop)
{
    iv_markup_element(m, "bdi", pop->oem);
    iv_markup_text(m, " / ");
    iv_markup_element(m, "bdi", pop->mobile_operator);
    iv_markup_text(m, " / ");
    iv_markup_element(m, "bdi", pop->model);
}

/* Packages that come and go together. */
static void write_groups(struct iv_audit_page *page)
{
    static const char *const columns[] = {"Packages", "Always together", NULL};
    struct iv_markup *m = &page->m;
    const struct iv_merge_groups *groups = &page->variant->groups;
    if (groups->count == 0) {
        return;
    }
    iv_markup_element(m, "h3", "Packages that could be merged");
    iv_html_table(m, "groups", "Packages that could be merged", columns, false);
    for (size_t g = 0, names = 0; g < groups->count && names < LISTED; g++) {
        const struct iv_merge_group *group = &groups->groups[g];
        const bool folded = group->count > GROUP_SHOWN;
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        write_number(m, group->count);
        iv_markup_open(m, "td");
        if (folded) {
            iv_markup_open(m, "details");
            iv_markup_open(m, "summary");
            iv_markup_text(m, iv_audit_package_name(page->audit, group->packages[0]));
            iv_markup_printf(m, " and %zu more", group->count - 1);
            iv_markup_close(m);
        }
        size_t i = 0;
        for (; i < group->count && names < LISTED; i++, names++) {
            iv_markup_text(m, i == 0 ? "" : ", ");
            iv_markup_text(m, iv_audit_package_name(page->audit, group->packages[i]));
        }
        if (i < group->count) {
            iv_markup_text(m, ", …; --format=json has all");
        }
        if (folded) {
            iv_markup_close(m);
        }
        iv_markup_close(m);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
}

/* The history of a variant in a few sentences. */
static void write_summary(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_variant *variant = page->variant;
    const struct iv_audit_step *first = iv_audit_first_break(variant);
    iv_markup_open(m, "p");
    iv_markup_printf(m, "%zu version%s, %zu of %zu steps broken", variant->version_count,
                     variant->version_count == 1 ? "" : "s", variant->broken, variant->step_count);
    if (first != NULL) {
        iv_markup_printf(m, ", the first in %s", iv_audit_page_version(page, first->to));
    }
    iv_markup_text(m, ". ");
    if (variant->out_of_order > 0) {
        iv_markup_printf(m, "%zu out of order. ", variant->out_of_order);
    }
    if (variant->has_matrix && variant->point_count > 1) {
        iv_markup_printf(m,
                         "%llu of %llu pairs can be updated in one hop; at most %zu version%s "
                         "could all be baselines.",
                         (unsigned long long)variant->matrix.reachable,
                         (unsigned long long)variant->matrix.pairs, variant->matrix.longest_count,
                         variant->matrix.longest_count == 1 ? "" : "s");
    } else if (!variant->has_matrix) {
        iv_markup_text(m, "The pairs were not judged: they would need too much memory.");
    }
    iv_markup_close(m);
}

/* From what is wrong to what there is: drawings, findings, what to do about them, then all
 * versions. */
static void write_variant(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_variant *variant = page->variant;
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "id", "v%zu", page->number);
    iv_markup_open(m, "h2");
    write_pop(m, &variant->pop);
    iv_markup_close(m);
    write_summary(page);
    if (variant->version_count > 1) { /* one version is no history */
        iv_markup_open(m, "div");
        iv_markup_attribute(m, "class", "drawings");
        iv_audit_draw_timeline(page);
        iv_audit_draw_growth(page);
        if (variant->has_matrix && variant->point_count > 1) {
            iv_audit_draw_matrix(page);
        }
        iv_markup_close(m);
    }
    write_findings(page);
    write_fixes(page);
    write_groups(page);
    iv_markup_element(m, "h3", "Versions");
    write_versions(page);
    iv_markup_close(m);
}

/* Near the top: it is why the verdict is no pass. */
static void write_unjudged(struct iv_audit_page *page)
{
    static const char *const columns[] = {"Found at", "Why", NULL};
    struct iv_markup *m = &page->m;
    const struct iv_audit *audit = page->audit;
    size_t shown = 0;
    if (audit->not_judged == 0) {
        return;
    }
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_element(m, "h2", "Not judged in full");
    iv_html_table(m, "unjudged", "What was not judged, or not in full", columns, false);
    for (size_t i = 0; i < audit->source_count && shown < LISTED; i++) {
        const struct iv_audit_source *source = &audit->sources[i];
        if (!source->is_copy && source->gap != NULL) {
            iv_markup_open(m, "tr");
            iv_html_cell(m, source->path);
            iv_html_cell(m, source->gap);
            iv_markup_close(m);
            shown++;
        }
    }
    iv_html_table_end(m);
    write_cut(m, audit->not_judged);
    iv_markup_close(m);
}

/* An overview, where there is more than one variant, with a link to each. */
static void write_variants(struct iv_audit_page *page)
{
    static const char *const columns[] = {"Variant",      "Versions",   "Steps", "Broken",
                                          "Out of order", "Not judged", NULL};
    struct iv_markup *m = &page->m;
    const struct iv_audit *audit = page->audit;
    if (audit->variant_count < 2) {
        return;
    }
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_element(m, "h2", "Variants");
    iv_html_table(m, audit->variant_count > IV_HTML_LONG ? "counts long" : "counts",
                  "Variants of this audit", columns, false);
    for (size_t i = 0; i < audit->variant_count; i++) {
        const struct iv_audit_variant *variant = &audit->variants[i];
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_markup_open(m, "th");
        iv_markup_attribute(m, "scope", "row");
        iv_markup_open(m, "a");
        iv_markup_attribute_printf(m, "href", "#v%zu", i + 1);
        write_pop(m, &variant->pop);
        iv_markup_close(m);
        iv_markup_close(m);
        write_number(m, variant->version_count);
        write_number(m, variant->step_count);
        write_number(m, variant->broken);
        write_number(m, variant->out_of_order);
        write_number(m, variant->not_judged);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

void iv_audit_write_html(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style;
    struct iv_audit_page page = {.audit = audit};
    struct iv_markup *m = &page.m;
    struct iv_buf title IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&title, "%s – audit of %zu variant%s – imgval",
                  iv_phrase_verdicts[audit->verdict], audit->variant_count,
                  audit->variant_count == 1 ? "" : "s");
    iv_html_open(m, iv_buf_text(&title), iv_html_audit, iv_html_audit_size, out);
    iv_html_bar(m, "imgval audit");
    iv_html_bar_end(m);
    iv_html_main(m);
    iv_audit_draw_patterns(m);
    write_hero(m, audit);
    write_unjudged(&page);
    write_set_findings(&page);
    write_variants(&page);
    for (size_t i = 0; i < audit->variant_count; i++) {
        page.variant = &audit->variants[i];
        page.number = i + 1;
        write_variant(&page);
    }
    iv_html_close(m, "imgval", audit->tool_version);
}
