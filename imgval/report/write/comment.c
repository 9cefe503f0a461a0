/*
 * A comment on a pull request, in Markdown (sink_markdown.c, and what diff, rfu and audit print as
 * one). Services refuse a comment beyond a size, and one that is refused is worse than a short one.
 *
 * A comment grows block by block. The next block is written to the side first, so that its size is
 * known before it is taken; room for the last line, which counts what was left out, is kept. Once a
 * block did not fit, nothing more is taken: a comment with holes would read as if it were whole.
 */
#include "imgval/report/write/comment.h"

#include "imgval/report/write/markdown.h"
#include "imgval/report/write/phrases.h"

enum { TAIL = 200 }; /* room for the last line */

const char *const iv_comment_symbols[] = {
    [IV_VERDICT_PASS] = "✅",
    [IV_VERDICT_INCOMPLETE] = "❔",
    [IV_VERDICT_FAIL] = "❌",
};

/* The block in hand becomes part of the comment, or is dropped; either way the next one may
 * begin. */
bool iv_comment_take(struct iv_comment *comment)
{
    comment->is_full =
        comment->is_full || comment->text.size + comment->block.size + TAIL > IV_MARKDOWN_MAX;
    if (!comment->is_full && comment->block.size > 0) {
        iv_buf_add(&comment->text, comment->block.data, comment->block.size);
    }
    iv_buf_clear(&comment->block);
    return !comment->is_full;
}

/* For what the last line counts. */
void iv_comment_take_line(struct iv_comment *comment)
{
    comment->left_out += iv_comment_take(comment) ? 0 : 1;
}

void iv_comment_variant(struct iv_buf *block, const struct iv_pop *pop)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_phrase_variant(&text, pop);
    iv_markdown_code(block, iv_buf_text(&text));
}

/* The indented paragraphs belong to the item of the list, which a blank line alone would end. */
void iv_comment_finding(struct iv_comment *comment, const struct iv_finding *finding, bool is_first,
                        bool with_path)
{
    struct iv_buf *block = &comment->block;
    iv_buf_printf(block, "%s- **%s ", is_first ? "\n### Findings\n\n" : "",
                  iv_severity_names[finding->severity]);
    iv_markdown_name(block, finding->rule->id);
    iv_buf_putc(block, ' ');
    iv_markdown_name(block, finding->rule->name);
    iv_buf_printf(block, "**%s", finding->waived ? " (waived)" : "");
    if (with_path && finding->path != NULL) {
        iv_buf_puts(block, " in ");
        iv_markdown_code(block, finding->path);
    }
    if (finding->variant != NULL) {
        iv_buf_puts(block, " for ");
        iv_comment_variant(block, finding->variant);
    }
    iv_buf_puts(block, "\n\n  ");
    iv_markdown_sentence(block, finding->message);
    if (finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_puts(block, "\n\n  **Remedy:** ");
        iv_markdown_sentence(block, finding->remedy);
    }
    iv_buf_putc(block, '\n');
    iv_comment_take_line(comment);
}

void iv_comment_end(struct iv_comment *comment, const char *noun, FILE *out)
{
    if (comment->is_full) {
        iv_buf_puts(&comment->text, "\nThis comment is cut to its greatest length: ");
        iv_phrase_count(&comment->text, comment->left_out, noun);
        iv_buf_puts(&comment->text, " in the full report.\n");
    }
    (void)fwrite(comment->text.data, 1, comment->text.size, out);
    iv_buf_fini(&comment->text);
    iv_buf_fini(&comment->block);
}
