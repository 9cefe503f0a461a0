/*
 * A request for update as a comment on a pull request, in GitHub Flavored Markdown: bounded,
 * because services refuse longer comments; what does not fit is counted.
 */
#include "imgval/report/history/request_report.h"

#include "imgval/report/write/comment.h"
#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"

/* A side, as an item of a list. */
static void add_side(struct iv_buf *block, const char *name, const struct iv_request_side *side)
{
    iv_buf_printf(block, "- %s ", name);
    iv_markdown_code(block, side->submission->path);
    iv_buf_puts(block, ": version ");
    iv_markdown_code(block, side->submission->firmware_version);
    iv_buf_printf(block, ", %.12s, **%s**\n", side->submission->id,
                  iv_request_status_names[side->status]);
}

static void add_head(struct iv_comment *comment, const struct iv_request *request)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "## %s imgval rfu: %s (%s update)\n\n",
                  iv_comment_symbols[request->verdict], iv_request_answers[request->verdict],
                  iv_request_type_names[request->type]);
    if (request->what_if) {
        iv_buf_printf(block, "**What if:** %s\n\n", iv_phrase_what_if);
    }
    add_side(block, "source", &request->source);
    add_side(block, "target", &request->target);
    iv_comment_take_line(comment);
}

/* The answer for each variant with the status of both sides. */
static void add_variants(struct iv_comment *comment, const struct iv_request *request)
{
    for (size_t i = 0; i < request->variant_count; i++) {
        const struct iv_request_variant *variant = &request->variants[i];
        iv_buf_printf(&comment->block, "%s- %s ", i == 0 ? "\n### Variants\n\n" : "",
                      iv_comment_symbols[variant->verdict]);
        iv_comment_variant(&comment->block, &variant->pop);
        iv_buf_printf(&comment->block, ": source %s, target %s\n",
                      iv_request_status_names[variant->source],
                      iv_request_status_names[variant->target]);
        iv_comment_take_line(comment);
    }
}

void iv_request_write_markdown(const struct iv_request *request,
                               const struct iv_style_options *style, FILE *out)
{
    (void)style; /* a comment is UTF-8 wherever it is written */
    struct iv_comment comment = {0};
    add_head(&comment, request);
    add_variants(&comment, request);
    for (size_t i = 0; i < request->finding_count; i++) {
        iv_comment_finding(&comment, &request->findings[i], i == 0, false);
    }
    iv_comment_end(&comment, "more line", out);
}
