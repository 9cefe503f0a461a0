/*
 * A difference as a comment on a pull request, in GitHub Flavored Markdown: bounded, because
 * services refuse longer comments; what does not fit is counted.
 */
#include "imgval/report/history/delta_report.h"
#include "imgval/report/write/comment.h"
#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"

/* "none" and not an empty code span, which services show as two backticks. */
static void add_value(struct iv_buf *block, const char *text)
{
    if (text == NULL) {
        iv_buf_puts(block, "none");
    } else {
        iv_markdown_code(block, text);
    }
}

/* From before to after. */
static void add_pair(struct iv_buf *block, const char *before, const char *after)
{
    add_value(block, before);
    iv_buf_puts(block, " → ");
    add_value(block, after);
}

/* One of the two submissions, as an item of a list. */
static void add_side(struct iv_buf *block, const char *name, const struct iv_submission *s,
                     bool incomplete)
{
    iv_buf_printf(block, "- %s ", name);
    iv_markdown_code(block, s->path);
    iv_buf_puts(block, ": ");
    if (s->firmware_version != NULL) {
        iv_buf_puts(block, "version ");
        iv_markdown_code(block, s->firmware_version);
        iv_buf_puts(block, ", ");
    }
    iv_phrase_count(block, s->set.count, "package");
    iv_buf_puts(block, incomplete ? ", **could not be read in full**\n" : "\n");
}

/* The answer, the two sides and the counts; never cut off, as it comes first. */
static void add_head(struct iv_comment *comment, const struct iv_delta_report *report)
{
    const bool incomplete = report->before_incomplete || report->after_incomplete;
    const struct iv_delta *delta = &report->delta;
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval diff: %s%s\n\n", incomplete ? "❔" : "🔀",
                  iv_delta_report_is_equal(report) ? "no difference" : "different",
                  incomplete ? ", not read in full" : "");
    add_side(block, "from", report->before, report->before_incomplete);
    add_side(block, "to", report->after, report->after_incomplete);
    iv_buf_putc(block, '\n');
    for (size_t i = 0; i < IV_DELTA_PASSES; i++) {
        static const char *const words[IV_DELTA_PASSES] = {"removed", "added", "changed"};
        iv_buf_printf(block, "%zu %s, ", iv_delta_count(delta, &iv_delta_passes[i]), words[i]);
    }
    iv_buf_printf(block, "%zu the same\n", delta->same);
    (void)iv_comment_take(comment);
}

/* One line for each package: name, version, what else changed. */
static void add_change(struct iv_comment *comment, const struct iv_change *change)
{
    const struct iv_package *b = change->before;
    const struct iv_package *a = change->after;
    struct iv_buf *block = &comment->block;
    iv_buf_puts(block, "- ");
    iv_markdown_code(block, iv_package_shown_name(iv_delta_either(change)));
    iv_buf_putc(block, ' ');
    if ((change->what & (IV_CHANGE_VERSION_UP | IV_CHANGE_VERSION_DOWN)) != 0) {
        add_pair(block, b->version, a->version);
        iv_buf_puts(block, (change->what & IV_CHANGE_VERSION_DOWN) != 0 ? " (went back)" : "");
    } else {
        add_value(block, iv_delta_either(change)->version);
    }
    if ((change->what & IV_CHANGE_CONTENT) != 0) {
        iv_buf_puts(block, ", other content under the same version");
    }
    struct iv_delta_part parts[IV_DELTA_PARTS];
    const size_t count = iv_delta_parts(change, parts);
    for (size_t i = 0; i < count; i++) {
        iv_buf_printf(block, ", %s ", parts[i].name);
        add_pair(block, parts[i].before, parts[i].after);
    }
    if (change->other != NULL) {
        iv_buf_printf(block, ", renamed %s ", a == NULL ? "to" : "from");
        iv_markdown_code(block, iv_package_shown_name(change->other));
        iv_buf_putc(block, '?');
    }
    iv_buf_putc(block, '\n');
    iv_comment_take_line(comment);
}

/* What was removed first, since WSPC forbids it. */
static void add_changes(struct iv_comment *comment, const struct iv_delta *delta)
{
    for (size_t pass = 0; pass < IV_DELTA_PASSES; pass++) {
        const struct iv_delta_pass *p = &iv_delta_passes[pass];
        const size_t count = iv_delta_count(delta, p);
        if (count > 0) {
            iv_buf_printf(&comment->block, "\n### %s (%zu)\n\n", p->title, count);
            (void)iv_comment_take(comment);
        }
        for (size_t i = 0; i < delta->count; i++) {
            if ((delta->changes[i].what & p->mask) != 0) {
                add_change(comment, &delta->changes[i]);
            }
        }
    }
}

/* The values of the device that differ. */
static void add_values(struct iv_comment *comment, const struct iv_delta *delta)
{
    if (delta->value_count > 0) {
        iv_buf_printf(&comment->block, "\n### Metadata (%zu)\n\n", delta->value_count);
        (void)iv_comment_take(comment);
    }
    for (size_t i = 0; i < delta->value_count; i++) {
        iv_buf_puts(&comment->block, "- ");
        iv_markdown_code(&comment->block, delta->values[i].name);
        iv_buf_putc(&comment->block, ' ');
        add_pair(&comment->block, delta->values[i].before, delta->values[i].after);
        iv_buf_putc(&comment->block, '\n');
        iv_comment_take_line(comment);
    }
}

void iv_delta_write_markdown(const struct iv_delta_report *report,
                             const struct iv_style_options *style, FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct iv_comment comment = {0};
    add_head(&comment, report);
    add_changes(&comment, &report->delta);
    add_values(&comment, &report->delta);
    iv_comment_end(&comment, "more difference", out);
}
