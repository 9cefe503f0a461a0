/*
 * An audit as a comment on a pull request, in GitHub Flavored Markdown: the verdict, the variants
 * one by one, the findings, what was not judged. Bounded, because services refuse longer comments;
 * what does not fit is counted.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/write/comment.h"
#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"

/* The verdict and the two numbers that one asks for first. */
static void add_head(struct iv_comment *comment, const struct iv_audit *audit)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval audit: %s", iv_comment_symbols[audit->verdict],
                  iv_phrase_verdicts[audit->verdict]);
    if (audit->broken > 0) {
        iv_buf_puts(block, " with ");
        iv_phrase_count(block, audit->broken, "broken step");
    }
    iv_buf_puts(block, "\n\n");
    if (audit->what_if) {
        iv_buf_printf(block, "**What if:** %s\n\n", iv_phrase_what_if);
    }
    iv_phrase_count(block, audit->variant_count, "variant");
    if (audit->not_judged > 0) {
        iv_buf_puts(block, "; ");
        iv_phrase_count(block, audit->not_judged, "submission");
        iv_buf_puts(block, " not judged in full");
    }
    iv_buf_puts(block, ".\n");
    iv_comment_take_line(comment);
}

/* One line each, with the version in which it broke first. */
static void add_variants(struct iv_comment *comment, const struct iv_audit *audit)
{
    for (size_t i = 0; i < audit->variant_count; i++) {
        const struct iv_audit_variant *variant = &audit->variants[i];
        const struct iv_audit_step *first = iv_audit_first_break(variant);
        struct iv_buf *block = &comment->block;
        iv_buf_puts(block, i == 0 ? "\n### Variants\n\n" : "");
        iv_buf_printf(block, "- %s ", first != NULL ? "❌" : variant->not_judged > 0 ? "❔" : "✅");
        iv_comment_variant(block, &variant->pop);
        iv_buf_puts(block, ": ");
        iv_phrase_count(block, variant->version_count, "version");
        iv_buf_printf(block, ", %zu of %zu steps broken", variant->broken, variant->step_count);
        if (first != NULL) {
            const char *version = variant->versions[first->to].source->firmware_version;
            iv_buf_puts(block, ", the first in ");
            iv_markdown_code(block, version == NULL ? "?" : version);
        }
        if (variant->not_judged > 0) {
            iv_buf_printf(block, ", %zu not judged in full", variant->not_judged);
        }
        iv_buf_putc(block, '\n');
        iv_comment_take_line(comment);
    }
}

/* A submission that was not judged, or not in full, with the reason. */
static void add_gaps(struct iv_comment *comment, const struct iv_audit *audit)
{
    bool any = false;
    for (size_t i = 0; i < audit->source_count; i++) {
        const struct iv_audit_source *source = &audit->sources[i];
        const char *reason = source->reason != NULL ? source->reason : source->gap;
        if (reason == NULL || source->is_copy) {
            continue;
        }
        iv_buf_puts(&comment->block, any ? "- " : "\n### Not judged in full\n\n- ");
        iv_markdown_code(&comment->block, source->path);
        iv_buf_puts(&comment->block, ": ");
        iv_markdown_sentence(&comment->block, reason);
        iv_buf_putc(&comment->block, '\n');
        iv_comment_take_line(comment);
        any = true;
    }
}

void iv_audit_write_markdown(const struct iv_audit *audit, const struct iv_style_options *style,
                             FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct iv_comment comment = {0};
    add_head(&comment, audit);
    add_variants(&comment, audit);
    add_gaps(&comment, audit);
    for (size_t i = 0; i < audit->finding_count; i++) {
        iv_comment_finding(&comment, &audit->findings[i], i == 0, true);
    }
    iv_comment_end(&comment, "more line", out);
}
