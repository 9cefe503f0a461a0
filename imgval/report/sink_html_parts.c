/*
 * Outcomes, device metadata, packages, and the texts of the rules. A rule is explained once at the
 * end of the page, for all submissions; wherever it is named, the name is a link to that place.
 */
#include "imgval/base/sort.h"
#include "imgval/model/fields.h"
#include "imgval/report/sink_html.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/seal_phrase.h"

#include <stdlib.h>
#include <string.h>

/* ---- outcomes ------------------------------------------------------------------------------ */

static const char *const outcome_classes[] = {
    [IV_NOT_APPLICABLE] = "none",
    [IV_PASSED] = "passed",
    [IV_NOT_EVALUATED] = "unchecked",
    [IV_FAILED] = "failed",
};

/* A rule with its place in a list. */
struct mention {
    const struct iv_rule *rule;
    size_t place;
    bool found; /* by a finding, or it could not be evaluated */
};

/* By id, the first mention before others: mentions_of() keeps that one. */
static int compare_id(const void *a, const void *b)
{
    const struct mention *x = a;
    const struct mention *y = b;
    int order = strcmp(x->rule->id, y->rule->id);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* A rule that failed by findings that do not count must not look as if it failed the verdict. */
static void write_outcome(struct iv_markup *m, const struct iv_rule_outcome *row, bool failing)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const bool is_mild = row->outcome == IV_FAILED && !failing;
    const char *class = !is_mild                        ? outcome_classes[row->outcome]
                        : row->rule->severity > IV_NOTE ? "warning"
                                                        : "note";
    iv_buf_puts(&text, iv_phrase_outcome(row, failing));
    if (row->outcome != IV_NOT_APPLICABLE && row->subjects > 0) {
        iv_buf_puts(&text, " · ");
        iv_phrase_count(&text, row->subjects, iv_phrase_subject(row->rule->subject));
    }
    iv_markup_break(m);
    iv_markup_open(m, "li");
    iv_markup_attribute(m, "class", class);
    iv_html_mark(m, class);
    iv_markup_open(m, "span");
    iv_html_rule_link(m, "rule-", row->rule);
    iv_markup_text(m, " ");
    iv_markup_classed(m, "span", "how", iv_buf_text(&text));
    iv_markup_close(m);
    iv_markup_close(m);
}

/* The outcomes of the rules that apply, or of the others. */
static void write_tiles(struct iv_markup *m, const struct iv_judgement *judgement,
                        const bool *failing, bool applicable)
{
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "outcomes");
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        if ((judgement->outcomes[i].outcome != IV_NOT_APPLICABLE) == applicable) {
            write_outcome(m, &judgement->outcomes[i], failing[i]);
        }
    }
    iv_markup_break(m);
    iv_markup_close(m);
}

/* What few readers ask for: folded, with or without the script, and left out on paper. */
static void open_rest(struct iv_markup *m, size_t count, const char *one, const char *many)
{
    iv_markup_break(m);
    iv_markup_open(m, "details");
    iv_markup_attribute(m, "class", "rest");
    iv_markup_open(m, "summary");
    iv_markup_printf(m, "%zu %s", count, count == 1 ? one : many);
    iv_markup_close(m);
}

/* Every rule, also those that passed or do not apply: a report is believed for what it says it
 * did. */
void iv_html_outcomes(const struct iv_html_part *part)
{
    struct iv_markup *m = part->markup;
    const struct iv_judgement *judgement = &part->entry->judgement;
    size_t counts[IV_COUNT(outcome_classes)] = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const bool *failing = iv_phrase_failing(judgement, part->report->fail_on, &arena);
    size_t reported = 0;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        counts[judgement->outcomes[i].outcome]++;
        reported += judgement->outcomes[i].outcome == IV_FAILED && !failing[i];
    }

    iv_html_section(part, "outcomes", "Outcome of each rule");
    iv_markup_open(m, "p");
    iv_markup_attribute(m, "class", "sum");
    iv_markup_printf(m,
                     "%zu failed, %zu reported without failing, %zu not evaluated, %zu passed, "
                     "%zu not applicable.",
                     counts[IV_FAILED] - reported, reported, counts[IV_NOT_EVALUATED],
                     counts[IV_PASSED], counts[IV_NOT_APPLICABLE]);
    iv_markup_close(m);
    write_tiles(m, judgement, failing, true);
    if (counts[IV_NOT_APPLICABLE] > 0) {
        open_rest(m, counts[IV_NOT_APPLICABLE], "rule that does not apply",
                  "rules that do not apply");
        write_tiles(m, judgement, failing, false);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* ---- device metadata ----------------------------------------------------------------------- */

/* Values with their sources; of one name the value in force comes first. */
void iv_html_device(const struct iv_html_part *part)
{
    static const char *const columns[] = {"Name", "Value", "Source", "Kind of source", NULL};
    struct iv_markup *m = part->markup;
    const struct iv_device *device = &part->entry->submission->device;
    iv_html_section(part, "device", "Device metadata");
    if (device->value_count == 0) {
        iv_markup_classed(m, "p", "none",
                          "No file of this submission says what device and firmware it is for.");
        iv_markup_close(m);
        return;
    }
    iv_html_table(m, "device", "Device metadata in force, with sources", columns, true);
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *datum = &device->values[i];
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_head_cell(m, datum->name);
        iv_markup_open(m, "td");
        iv_markup_element(m, "code", datum->value);
        iv_markup_close(m);
        iv_markup_open(m, "td");
        iv_markup_text(m, datum->source);
        if (datum->group != NULL) {
            iv_markup_text(m, " (variant ");
            iv_markup_element(m, "bdi", datum->group);
            iv_markup_text(m, ")");
        }
        iv_markup_close(m);
        iv_html_cell(m, iv_phrase_ranks[datum->rank]);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* ---- packages ------------------------------------------------------------------------------ */

/* What is not ordinary about a package. */
static void write_flags(struct iv_markup *m, const struct iv_package *package)
{
    const struct {
        bool is_set;
        const char *word;
    } flags[] = {
        {package->unreadable, "unreadable"},
        {package->removal, "removal"},
        {package->diff, "diff"},
        {package->binary_partition, "binary"},
        {package->empty, "empty"},
        {package->origin == IV_ORIGIN_HISTORY, "history"},
    };
    iv_markup_open(m, "td");
    bool is_first = true;
    for (size_t i = 0; i < IV_COUNT(flags); i++) {
        if (flags[i].is_set) {
            iv_markup_text(m, is_first ? "" : " ");
            iv_markup_classed(m, "span", i == 0 ? "tag failed" : "tag", flags[i].word);
            is_first = false;
        }
    }
    iv_markup_close(m);
}

/* A path without that of the submission, which stands in the verdict. */
static const char *inner_path(const char *path, const char *root)
{
    const size_t size = strlen(root);
    return path != NULL && strncmp(path, root, size) == 0 && path[size] == '/' ? path + size + 1
                                                                               : path;
}

/* All of them; the column of seals is there only after --verify. */
void iv_html_packages(const struct iv_html_part *part)
{
    struct iv_markup *m = part->markup;
    const struct iv_submission *s = part->entry->submission;
    struct iv_buf seals IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_seals(&seals, s);
    const char *const columns[] = {
        "Package", "Version", "Partition", "Owner type",
        "Style",   "Flags",   "File",      seals.size > 0 ? "Verified" : NULL,
        NULL,
    };
    iv_html_section(part, "packages", "Packages");
    if (s->package_count == 0) {
        iv_markup_classed(m, "p", "none", "There is no package here.");
        iv_markup_close(m);
        return;
    }
    if (seals.size > 0) {
        iv_markup_element(m, "p", iv_buf_text(&seals));
    }

    iv_html_tools_of(part, "packages", "Filter: a name, a partition, a flag");
    iv_html_tools_end(m, "package");
    iv_html_table(m, s->package_count > IV_HTML_LONG ? "packages long" : "packages",
                  "Packages of this submission", columns, true);
    for (size_t i = 0; i < s->package_count; i++) {
        const struct iv_package *package = &s->packages[i];
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_head_cell(m, package->name);
        iv_html_cell(m, package->version);
        iv_html_cell(m, iv_package_partition(package));
        iv_html_cell(m, package->owner_type);
        iv_html_cell(m, iv_style_names[package->style]);
        write_flags(m, package);
        iv_html_cell(m, inner_path(package->path, s->path));
        if (seals.size > 0) {
            struct iv_buf seal IV_CLEANUP(iv_buf_fini) = {0};
            iv_phrase_seal(&seal, package);
            iv_html_cell(m, iv_buf_text(&seal));
        }
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* ---- what the rules check ------------------------------------------------------------------ */

/* Its words, at the place that every mention links to. */
static void write_rule(struct iv_markup *m, const struct mention *mention)
{
    const struct iv_rule *rule = mention->rule;
    iv_markup_break(m);
    iv_markup_open(m, "details");
    iv_markup_attribute_printf(m, "id", "rule-%s", rule->id);
    /* Paper shows the words of those alone that it speaks of. */
    iv_markup_attribute(m, "class", mention->found ? "rule found" : "rule");
    iv_markup_flag(m, "open");
    iv_markup_open(m, "summary");
    iv_markup_open(m, "h3");
    iv_markup_element(m, "b", rule->id);
    iv_markup_printf(m, " %s ", rule->name);
    iv_markup_open(m, "span");
    iv_markup_attribute(m, "class", "how");
    iv_markup_printf(m, "%s%s", iv_severity_names[rule->severity],
                     rule->incomplete ? "; means that something was not checked" : "");
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_html_rule_texts(m, rule, true);
    iv_markup_close(m);
}

/* Back to the order of the report. */
static int compare_place(const void *a, const void *b)
{
    const struct mention *x = a;
    const struct mention *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Each rule once, in the order in which outcomes, then findings, name it first. All mentions are
 * collected, sorted by id to drop the later ones of each, and sorted back by place. */
static struct mention *mentions_of(const struct iv_report *report, struct iv_arena *arena,
                                   size_t *ret_count)
{
    struct mention *mentions = NULL;
    size_t capacity = 0;
    size_t count = 0;
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_judgement *judgement = &report->entries[i].judgement;
        for (size_t k = 0; k < judgement->outcome_count + judgement->finding_count; k++) {
            const bool by_outcome = k < judgement->outcome_count;
            const struct iv_rule *rule =
                by_outcome ? judgement->outcomes[k].rule
                           : judgement->findings[k - judgement->outcome_count].rule;
            const bool found = !by_outcome || judgement->outcomes[k].outcome == IV_NOT_EVALUATED;
            if (count > 0 && mentions[count - 1].rule == rule) {
                mentions[count - 1].found = mentions[count - 1].found || found;
                continue;
            }
            mentions = iv_arena_grow(arena, mentions, count, &capacity, sizeof(*mentions));
            mentions[count] = (struct mention){.rule = rule, .place = count, .found = found};
            count++;
        }
    }

    if (count > 0) {
        iv_sort(mentions, count, sizeof(*mentions), compare_id);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(mentions[kept - 1].rule->id, mentions[i].rule->id) != 0) {
            mentions[kept++] = mentions[i];
        } else {
            mentions[kept - 1].found = mentions[kept - 1].found || mentions[i].found;
        }
    }
    if (kept > 0) {
        iv_sort(mentions, kept, sizeof(*mentions), compare_place);
    }
    *ret_count = kept;
    return mentions;
}

/* Once for the page, however many submissions name a rule. */
void iv_html_rules(struct iv_markup *m, const struct iv_report *report)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    size_t count = 0;
    const struct mention *mentions = mentions_of(report, &arena, &count);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += mentions[i].found;
    }
    iv_html_plain_section(m, "rules", "What the rules check");
    for (size_t i = 0; i < count; i++) {
        if (mentions[i].found) {
            write_rule(m, &mentions[i]);
        }
    }
    if (found < count) {
        open_rest(m, count - found, "rule of which nothing was found",
                  "rules of which nothing was found");
        for (size_t i = 0; i < count; i++) {
            if (!mentions[i].found) {
                write_rule(m, &mentions[i]);
            }
        }
        iv_markup_break(m);
        iv_markup_close(m);
    }
    iv_markup_break(m);
    iv_markup_close(m);
}
