/*
 * markdown.c: a code span is the one place where GitHub looks for no markup, mention or link. It
 * ends at a run of as many backticks as it began with, so a span is given one more than the longest
 * run in the text. Text that is only letters, digits and harmless signs may stand as prose.
 */
#include "imgval/report/write/markdown.h"

#include "imgval/report/write/escape.h"

#include <stdbool.h>
#include <string.h>

/* A code span ends at as many backticks as it began with: more than any run in the text. */
static size_t longest_run(const char *text, char c)
{
    size_t longest = 0;
    size_t run = 0;
    for (; *text != '\0'; text++) {
        run = *text == c ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void add_ticks(struct iv_buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        iv_buf_putc(buf, '`');
    }
}

/* Renderers strip a blank from both ends of a span that has one at each (CommonMark 6.1). So blanks
 * are added to a text that has them, and to one that begins or ends with a backtick. */
void iv_markdown_span(struct iv_buf *buf, const char *shown)
{
    const size_t size = strlen(shown);
    size_t ticks = longest_run(shown, '`') + 1;
    const bool is_blank = strspn(shown, " ") == size;
    const bool pad = !is_blank && (shown[0] == '`' || shown[size - 1] == '`' ||
                                   (shown[0] == ' ' && shown[size - 1] == ' '));
    /* Renderers stop counting at some length; no name needs a longer run. */
    const bool hide = ticks > 4;
    ticks = hide ? 1 : ticks;
    if (size == 0) {
        iv_buf_puts(buf, "(empty)");
        return;
    }
    add_ticks(buf, ticks);
    iv_buf_puts(buf, pad ? " " : "");
    for (const char *at = shown; *at != '\0'; at++) {
        if (hide && *at == '`') {
            iv_buf_puts(buf, "\\x60");
        } else {
            iv_buf_putc(buf, *at);
        }
    }
    iv_buf_puts(buf, pad ? " " : "");
    add_ticks(buf, ticks);
}

void iv_markdown_code(struct iv_buf *buf, const char *text)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown_part(&shown, text, IV_MARKDOWN_TEXT);
    iv_markdown_span(buf, iv_buf_text(&shown));
}

/* ASCII alone: what another alphabet means to a service is not known. */
static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether a sentence holds nothing that Markdown, or a service that shows it, gives a meaning. */
static bool is_prose(const char *text)
{
    if (!is_letter(text[0]) || strstr(text, "www.") != NULL) {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        const bool is_plain =
            is_letter(*at) || (*at >= '0' && *at <= '9') || strchr(" ,.;()'\"/%+=?-", *at) != NULL;
        if (!is_plain && !(*at == ':' && (at[1] == ' ' || at[1] == '\0'))) {
            return false;
        }
    }
    return true;
}

/* Prose where that is safe, else a code span: a sentence with a name from the input in it. */
void iv_markdown_sentence(struct iv_buf *buf, const char *text)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown_part(&shown, text, IV_MARKDOWN_TEXT);
    if (is_prose(iv_buf_text(&shown))) {
        iv_buf_add(buf, shown.data, shown.size);
    } else {
        iv_markdown_span(buf, iv_buf_text(&shown));
    }
}

/* Ids and names of rules, a site's own among them, in bold; all but letters, digits and '-' as
 * references. */
void iv_markdown_name(struct iv_buf *buf, const char *text)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown_part(&shown, text, IV_MARKDOWN_TEXT);
    for (const char *at = iv_buf_text(&shown); *at != '\0'; at++) {
        const bool is_ascii = (unsigned char)*at < 0x80;
        if (is_ascii && !is_letter(*at) && !(*at >= '0' && *at <= '9') && *at != '-') {
            iv_buf_printf(buf, "&#%d;", *at);
        } else {
            iv_buf_putc(buf, *at);
        }
    }
}
