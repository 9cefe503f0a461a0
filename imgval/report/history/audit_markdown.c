/*
 * An audit as a comment on a pull request, in GitHub Flavored Markdown: the verdict, the variants
 * one by one, the findings, what was not judged. Bounded, because services refuse longer comments;
 * what does not fit is counted.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"

enum { TAIL = 200 }; /* room for the last line */

static const char *const symbols[] = {
    [IV_VERDICT_PASS] = "✅",
    [IV_VERDICT_INCOMPLETE] = "❔",
    [IV_VERDICT_FAIL] = "❌",
};

struct comment {
    struct iv_buf text;
    struct iv_buf block; /* the next piece: it is added whole or not at all */
    size_t left_out;
};

/* Once something does not fit, nothing after it is added. */
static void take_block(struct comment *comment)
{
    if (comment->left_out > 0 ||
        comment->text.size + comment->block.size + TAIL > IV_MARKDOWN_MAX) {
        comment->left_out++;
    } else {
        iv_buf_add(&comment->text, comment->block.data, comment->block.size);
    }
    iv_buf_clear(&comment->block);
}

static void add_head(struct comment *comment, const struct iv_audit *audit)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval audit: %s", symbols[audit->verdict],
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
    take_block(comment);
}

static void add_pop(struct iv_buf *block, const struct iv_pop *pop)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_variant(&text, pop);
    iv_markdown_code(block, iv_buf_text(&text));
}

static void add_variants(struct comment *comment, const struct iv_audit *audit)
{
    for (size_t i = 0; i < audit->variant_count; i++) {
        const struct iv_audit_variant *variant = &audit->variants[i];
        const struct iv_audit_step *first = iv_audit_first_break(variant);
        struct iv_buf *block = &comment->block;
        iv_buf_puts(block, i == 0 ? "\n### Variants\n\n" : "");
        iv_buf_printf(block, "- %s ", first != NULL ? "❌" : variant->not_judged > 0 ? "❔" : "✅");
        add_pop(block, &variant->pop);
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
        take_block(comment);
    }
}

static void add_finding(struct comment *comment, const struct iv_finding *finding, bool first)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "%s- **%s ", first ? "\n### Findings\n\n" : "",
                  iv_severity_names[finding->severity]);
    iv_markdown_name(block, finding->rule->id);
    iv_buf_putc(block, ' ');
    iv_markdown_name(block, finding->rule->name);
    iv_buf_printf(block, "**%s", finding->waived ? " (waived)" : "");
    if (finding->path != NULL) {
        iv_buf_puts(block, " in ");
        iv_markdown_code(block, finding->path);
    }
    if (finding->variant != NULL) {
        iv_buf_puts(block, " for ");
        add_pop(block, finding->variant);
    }
    iv_buf_puts(block, "\n\n  ");
    iv_markdown_sentence(block, finding->message);
    if (finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_puts(block, "\n\n  **Remedy:** ");
        iv_markdown_sentence(block, finding->remedy);
    }
    iv_buf_putc(block, '\n');
    take_block(comment);
}

/* A submission that was not judged, or not in full, with the reason. */
static void add_gaps(struct comment *comment, const struct iv_audit *audit)
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
        take_block(comment);
        any = true;
    }
}

void iv_audit_write_markdown(const struct iv_audit *audit, const struct iv_style_options *style,
                             FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct comment comment = {0};
    add_head(&comment, audit);
    add_variants(&comment, audit);
    add_gaps(&comment, audit);
    for (size_t i = 0; i < audit->finding_count; i++) {
        add_finding(&comment, &audit->findings[i], i == 0);
    }
    if (comment.left_out > 0) {
        iv_buf_puts(&comment.text, "\nThis comment is cut to its greatest length: ");
        iv_phrase_count(&comment.text, comment.left_out, "more line");
        iv_buf_puts(&comment.text, " in the full report.\n");
    }
    (void)fwrite(comment.text.data, 1, comment.text.size, out);
    iv_buf_fini(&comment.text);
    iv_buf_fini(&comment.block);
}
