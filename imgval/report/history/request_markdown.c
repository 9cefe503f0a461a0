/*
 * A request for update as a comment on a pull request, in GitHub Flavored Markdown: bounded,
 * because services refuse longer comments; what does not fit is counted.
 */
#include "imgval/report/history/request_report.h"

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

static void add_side(struct iv_buf *block, const char *name, const struct iv_request_side *side)
{
    iv_buf_printf(block, "- %s ", name);
    iv_markdown_code(block, side->submission->path);
    iv_buf_puts(block, ": version ");
    iv_markdown_code(block, side->submission->firmware_version);
    iv_buf_printf(block, ", %.12s, **%s**\n", side->submission->id,
                  iv_request_status_names[side->status]);
}

static void add_head(struct comment *comment, const struct iv_request *request)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval rfu: %s (%s update)\n\n", symbols[request->verdict],
                  iv_request_answers[request->verdict], iv_request_type_names[request->type]);
    if (request->what_if) {
        iv_buf_printf(block, "**What if:** %s\n\n", iv_phrase_what_if);
    }
    add_side(block, "source", &request->source);
    add_side(block, "target", &request->target);
    take_block(comment);
}

static void add_pop(struct iv_buf *block, const struct iv_pop *pop)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_variant(&text, pop);
    iv_markdown_code(block, iv_buf_text(&text));
}

static void add_variants(struct comment *comment, const struct iv_request *request)
{
    for (size_t i = 0; i < request->variant_count; i++) {
        const struct iv_request_variant *variant = &request->variants[i];
        iv_buf_printf(&comment->block, "%s- %s ", i == 0 ? "\n### Variants\n\n" : "",
                      symbols[variant->verdict]);
        add_pop(&comment->block, &variant->pop);
        iv_buf_printf(&comment->block, ": source %s, target %s\n",
                      iv_request_status_names[variant->source],
                      iv_request_status_names[variant->target]);
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

void iv_request_write_markdown(const struct iv_request *request,
                               const struct iv_style_options *style, FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct comment comment = {0};
    add_head(&comment, request);
    add_variants(&comment, request);
    for (size_t i = 0; i < request->finding_count; i++) {
        add_finding(&comment, &request->findings[i], i == 0);
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
