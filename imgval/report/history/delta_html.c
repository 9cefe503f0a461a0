/*
 * A difference as one file for people who were not there, in the look of the HTML report: the
 * answer in a word, the two submissions, then the packages. A side that could not be read in full
 * makes the answer INCOMPLETE, also when no difference was found.
 */
#include "imgval/model/kinds.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/write/html_page.h"
#include "imgval/report/write/phrases.h"

/* The page in the making. */
struct page {
    struct iv_html_part part; /* its sections */
    const struct iv_delta_report *report;
};

/* Classes of the style sheet, by pass. */
static const char *const classes[IV_DELTA_PASSES] = {"failed", "passed", "warning"};

/* Of either side: what was not read may be a difference. */
static bool is_incomplete(const struct iv_delta_report *report)
{
    return report->before_incomplete || report->after_incomplete;
}

/* The class of the style sheet for the answer. */
static const char *tone(const struct iv_delta_report *report)
{
    return is_incomplete(report)              ? "unchecked"
           : iv_delta_report_is_equal(report) ? "passed"
                                              : "warning";
}

/* The word that the page is about. */
static const char *answer(const struct iv_delta_report *report)
{
    return is_incomplete(report)              ? "INCOMPLETE"
           : iv_delta_report_is_equal(report) ? "EQUAL"
                                              : "DIFFERENT";
}

/* What the answer means, a sentence. */
static const char *lead(const struct iv_delta_report *report)
{
    if (is_incomplete(report)) {
        return "A side could not be read in full: there may be more differences.";
    }
    if (iv_delta_report_is_equal(report)) {
        return "No package was added, removed or changed.";
    }
    return report->delta.counts[IV_CHANGES_REMOVED] > 0
               ? "Packages were removed: WSPC does not allow that between "
                 "two versions of one firmware."
               : "What became of each package stands below.";
}

/* The top of the page: the answer, the two paths, and the counts. */
static void write_hero(const struct page *page)
{
    static const char *const words[IV_DELTA_PASSES] = {"removed", "added", "changed"};
    struct iv_markup *m = page->part.markup;
    const struct iv_delta *delta = &page->report->delta;
    iv_html_hero(m, tone(page->report), answer(page->report));
    iv_markup_text(m, " ");
    iv_markup_classed(m, "bdi", "what", page->report->before->path);
    iv_markup_text(m, " → ");
    iv_markup_classed(m, "bdi", "what", page->report->after->path);
    iv_markup_close(m);
    iv_markup_classed(m, "p", "lead", lead(page->report));
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "tiles");
    for (size_t i = 0; i < IV_DELTA_PASSES; i++) {
        iv_html_tile(m, classes[i], iv_delta_count(delta, &iv_delta_passes[i]), words[i], words[i]);
    }
    iv_html_tile(m, "plain", delta->same, "the same", "the same");
    iv_html_tile(m, "note", delta->value_count, "in the metadata", "in the metadata");
    iv_markup_close(m);
    iv_markup_close(m);
}

/* One of the two submissions, and whether it was read in full. */
static void write_side(struct iv_markup *m, const char *name, const struct iv_submission *s,
                       bool incomplete)
{
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_html_head_cell(m, name);
    iv_html_cell(m, s->path);
    iv_html_cell(m, iv_kinds[s->kind].phrase);
    iv_html_cell(m, s->firmware_version);
    iv_markup_open(m, "td");
    iv_markup_printf(m, "%zu", s->set.count);
    iv_markup_close(m);
    iv_markup_open(m, "td");
    iv_markup_attribute_printf(m, "class", "state %s", incomplete ? "unchecked" : "passed");
    iv_markup_text(m, incomplete ? "not in full" : "in full");
    iv_markup_close(m);
    iv_markup_open(m, "td");
    iv_markup_printf(m, "%.12s", s->id);
    iv_markup_close(m);
    iv_markup_close(m);
}

static void write_sides(const struct page *page)
{
    static const char *const columns[] = {"Side",     "Submission", "Kind", "Version",
                                          "Packages", "Read",       "Id",   NULL};
    struct iv_markup *m = page->part.markup;
    iv_html_section(&page->part, "sides", "Submissions");
    iv_html_table(m, "sides", "The two submissions", columns, false);
    write_side(m, "from", page->report->before, page->report->before_incomplete);
    write_side(m, "to", page->report->after, page->report->after_incomplete);
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* Joins what changed with semicolons; `count` is how many stand there already. */
static void write_detail(struct iv_markup *m, size_t *count, const char *text)
{
    iv_markup_text(m, (*count)++ > 0 ? "; " : "");
    iv_markup_text(m, text);
}

/* A text of the input in a line of ours. */
static void write_value(struct iv_markup *m, const char *text)
{
    iv_markup_element(m, "bdi", text == NULL ? "–" : text);
}

/* All that is known of a change. A new name is a guess, so it has a question mark. */
static void write_details(struct iv_markup *m, const struct iv_change *change)
{
    struct iv_delta_part parts[IV_DELTA_PARTS];
    const size_t part_count = iv_delta_parts(change, parts);
    size_t count = 0;
    iv_markup_open(m, "td");
    if ((change->what & IV_CHANGE_VERSION_UP) != 0) {
        write_detail(m, &count, "the version went up");
    }
    if ((change->what & IV_CHANGE_VERSION_DOWN) != 0) {
        write_detail(m, &count, "the version went back");
    }
    if ((change->what & IV_CHANGE_CONTENT) != 0) {
        write_detail(m, &count, "other content under the same version");
    }
    for (size_t i = 0; i < part_count; i++) {
        write_detail(m, &count, parts[i].name);
        iv_markup_text(m, " ");
        write_value(m, parts[i].before);
        iv_markup_text(m, " → ");
        write_value(m, parts[i].after);
    }
    if (change->other != NULL) {
        write_detail(m, &count, change->after == NULL ? "renamed to " : "renamed from ");
        write_value(m, iv_package_shown_name(change->other));
        iv_markup_text(m, "?");
    }
    iv_markup_close(m);
}

/* One package: what became of it, and its version on both sides. */
static void write_change(struct iv_markup *m, size_t pass, const struct iv_change *change)
{
    static const char *const words[IV_DELTA_PASSES] = {"removed", "added", "changed"};
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_open(m, "td");
    iv_markup_attribute_printf(m, "class", "state %s", classes[pass]);
    iv_markup_text(m, words[pass]);
    iv_markup_close(m);
    iv_html_head_cell(m, iv_package_shown_name(iv_delta_either(change)));
    iv_html_cell(m, change->before == NULL ? NULL : change->before->version);
    iv_html_cell(m, change->after == NULL ? NULL : change->after->version);
    write_details(m, change);
    iv_markup_close(m);
}

/* In the passes of iv_delta_passes[]: what was removed comes first, because WSPC forbids it. */
static void write_changes(const struct page *page)
{
    static const char *const columns[] = {"Change", "Package", "From", "To", "What", NULL};
    struct iv_markup *m = page->part.markup;
    const struct iv_delta *delta = &page->report->delta;
    iv_html_section(&page->part, "packages", "Packages");
    if (delta->count == 0) {
        iv_markup_classed(m, "p", "none", "No package was added, removed or changed.");
        iv_markup_close(m);
        return;
    }
    iv_html_table(m, "variants", "Packages that are not the same", columns, true);
    for (size_t pass = 0; pass < IV_DELTA_PASSES; pass++) {
        for (size_t i = 0; i < delta->count; i++) {
            if ((delta->changes[i].what & iv_delta_passes[pass].mask) != 0) {
                write_change(m, pass, &delta->changes[i]);
            }
        }
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* The device values of the two, which decide what they are compared with. */
static void write_values(const struct page *page)
{
    static const char *const columns[] = {"Name", "From", "To", NULL};
    struct iv_markup *m = page->part.markup;
    const struct iv_delta *delta = &page->report->delta;
    iv_html_section(&page->part, "metadata", "Metadata");
    if (delta->value_count == 0) {
        iv_markup_classed(m, "p", "none", "The device metadata are the same.");
        iv_markup_close(m);
        return;
    }
    iv_html_table(m, "device", "Values that the sides do not share", columns, true);
    for (size_t i = 0; i < delta->value_count; i++) {
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_head_cell(m, delta->values[i].name);
        iv_html_cell(m, delta->values[i].before);
        iv_html_cell(m, delta->values[i].after);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

void iv_delta_write_html(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* a document for browsers looks the same everywhere */
    struct iv_markup m;
    struct iv_buf title IV_CLEANUP(iv_buf_fini) = {0};
    const struct page page = {
        .part = {.markup = &m, .number = 1, .heading = "h2"},
        .report = report,
    };
    iv_buf_printf(&title, "%s – %s → %s – imgval diff", answer(report), report->before->path,
                  report->after->path);
    iv_html_open(&m, iv_buf_text(&title), NULL, 0, out);
    iv_html_bar(&m, "imgval diff");
    iv_html_bar_link(&m, "#s1-sides", "Submissions");
    iv_html_bar_link(&m, "#s1-packages", "Packages");
    iv_html_bar_link(&m, "#s1-metadata", "Metadata");
    iv_html_bar_end(&m);
    iv_html_main(&m);
    write_hero(&page);
    write_sides(&page);
    write_changes(&page);
    write_values(&page);
    iv_html_close(&m, "imgval", report->tool_version);
}
