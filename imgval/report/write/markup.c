/*
 * markup.c: a writer with a stack of open elements. A start tag stays open (in_tag) until something
 * else than an attribute follows, so that an element may still become <a/>. Output is collected and
 * written at the start of an element once there are 64 KiB of it.
 *
 * All text goes through add_text(). An attacker chooses the names of packages and files; markup
 * that a name could add would run in the browser of whoever opens the report, or would give a build
 * server test results of its own. So every character with a meaning in either language becomes a
 * reference, also where the standard would not need it, and there is one routine for both.
 */
#include "imgval/report/write/markup.h"

#include "imgval/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

/* How a text is written, by its place. */
struct manner {
    bool xml;
    bool spans; /* an escape may stand in an element of its own */
    bool lines; /* line ends stay */
};

void iv_markup_init(struct iv_markup *markup, enum iv_markup_language language, FILE *file)
{
    *markup = (struct iv_markup){.file = file, .language = language};
}

/* Writes what is collected when it is more than `keep` bytes. */
static void flush(struct iv_markup *markup, size_t keep)
{
    if (markup->buf.size > keep) {
        (void)fwrite(markup->buf.data, 1, markup->buf.size, markup->file);
        iv_buf_clear(&markup->buf);
    }
}

void iv_markup_fini(struct iv_markup *markup)
{
    assert(markup->depth == 0);
    flush(markup, 0);
    iv_buf_fini(&markup->buf);
}

/* Code points that a reader would not see as themselves, or that change what is around them. */
static bool is_invisible(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C ||
           code == 0x115F || code == 0x1160 || (code >= 0x180B && code <= 0x180F) ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0x3164 ||
           (code >= 0xFE00 && code <= 0xFE0F) || code == 0xFEFF || code == 0xFFA0 ||
           (code >= 0xFFF0 && code <= 0xFFFB) || (code & 0xFFFE) == 0xFFFE || code >= 0xE0000;
}

/* XML 1.0, production Char; surrogates are no UTF-8 in the first place. */
static bool is_forbidden(uint32_t code)
{
    return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0xFFFE ||
           code == 0xFFFF;
}

/* An escape that people can read, marked with a class where an element may stand. */
static void add_shown(struct iv_buf *buf, uint32_t code, bool spans)
{
    iv_buf_puts(buf, spans ? "<span class=\"x\">" : "");
    if (code == '\n' || code == '\t' || code == '\r') {
        iv_buf_puts(buf, code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r");
    } else {
        iv_buf_printf(buf, code < 0x80 ? "\\x%02" PRIx32 : "\\u{%" PRIx32 "}", code);
    }
    iv_buf_puts(buf, spans ? "</span>" : "");
}

/* A character that is not written as itself: in XML a reference, which gives a reader the same text
 * back; in HTML an escape that people see. XML cannot hold some of them at all. */
static void add_code(struct iv_buf *buf, uint32_t code, const struct manner *manner)
{
    if (manner->xml && is_forbidden(code)) {
        iv_utf8_add(buf, 0xFFFD);
    } else if (manner->xml) {
        iv_buf_printf(buf, "&#%" PRIu32 ";", code);
    } else {
        add_shown(buf, code, manner->spans);
    }
}

/* "#" is not among them: what it may be depends on the character before it. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '<' && c != '>' && c != '&' && c != '"' && c != '\'' &&
           c != '#';
}

/* Runs of plain bytes are copied at once; most texts are one run. */
static void add_text(struct iv_buf *buf, const char *text, const struct manner *manner)
{
    const size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        size_t run = at;
        while (run < size && is_plain((unsigned char)text[run])) {
            run++;
        }
        if (run > at) {
            iv_buf_add(buf, text + at, run - at);
            at = run;
            continue;
        }

        uint32_t code = 0;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        if (taken == 0) {
            iv_utf8_add(buf, 0xFFFD);
            taken = 1;
        } else if (code == '\n' && manner->lines) {
            iv_buf_putc(buf, '\n');
        } else if (is_invisible(code)) {
            add_code(buf, code, manner);
        } else if (code == '<' || code == '>' || code == '&' || code == '"' || code == '\'' ||
                   (code == '#' && at > 0 && text[at - 1] == '#')) {
            iv_buf_printf(buf, "&#%" PRIu32 ";", code);
        } else {
            iv_buf_add(buf, text + at, taken);
        }
        at += taken;
    }
}

/* Ends the start tag: no attribute can follow any more. */
static void end_tag(struct iv_markup *markup)
{
    if (markup->in_tag) {
        iv_buf_putc(&markup->buf, '>');
        markup->in_tag = false;
    }
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0) {
            return true;
        }
    }
    return false;
}

/* HTML: elements in which an element is no element. */
static bool is_plain_place(const char *name)
{
    return is_one_of(name, (const char *const[]){"title", "option", "svg", NULL});
}

/* HTML: elements that have no content and no end tag. */
static bool is_void(const char *name)
{
    return is_one_of(name, (const char *const[]){"meta", "link", "input", "br", "hr", NULL});
}

/* The name must live as long as the element is open: all names are literals. */
void iv_markup_open(struct iv_markup *markup, const char *name)
{
    assert(markup->depth < IV_MARKUP_DEPTH_MAX);
    end_tag(markup);
    flush(markup, FLUSH_SIZE);
    iv_buf_putc(&markup->buf, '<');
    iv_buf_puts(&markup->buf, name);
    markup->open[markup->depth++] = name;
    if (markup->plain == 0 && is_plain_place(name)) {
        markup->plain = markup->depth;
    }
    markup->in_tag = true;
}

/* The element that was opened last. XML has a short form for an empty one; HTML has none, but
 * elements without an end tag. */
void iv_markup_close(struct iv_markup *markup)
{
    assert(markup->depth > 0);
    if (markup->plain == markup->depth) {
        markup->plain = 0;
    }
    const char *name = markup->open[--markup->depth];
    const bool is_empty = markup->in_tag;
    if (is_empty && markup->language == IV_MARKUP_XML) {
        iv_buf_puts(&markup->buf, "/>");
        markup->in_tag = false;
        return;
    }
    end_tag(markup);
    if (markup->language == IV_MARKUP_XML || !is_void(name)) {
        iv_buf_puts(&markup->buf, "</");
        iv_buf_puts(&markup->buf, name);
        iv_buf_putc(&markup->buf, '>');
    }
}

/* NULL leaves the attribute out, which spares callers the question. */
void iv_markup_attribute(struct iv_markup *markup, const char *name, const char *text)
{
    assert(markup->in_tag);
    if (text == NULL) {
        return;
    }
    const struct manner manner = {.xml = markup->language == IV_MARKUP_XML};
    iv_buf_putc(&markup->buf, ' ');
    iv_buf_puts(&markup->buf, name);
    iv_buf_puts(&markup->buf, "=\"");
    add_text(&markup->buf, text, &manner);
    iv_buf_putc(&markup->buf, '"');
}

void iv_markup_attribute_uint(struct iv_markup *markup, const char *name, uint64_t value)
{
    iv_markup_attribute_printf(markup, name, "%" PRIu64, value);
}

void iv_markup_attribute_printf(struct iv_markup *markup, const char *name, const char *fmt, ...)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&text, fmt, args);
    va_end(args);
    iv_markup_attribute(markup, name, iv_buf_text(&text));
}

/* An attribute without a value, which XML does not have. */
void iv_markup_flag(struct iv_markup *markup, const char *name)
{
    assert(markup->in_tag && markup->language == IV_MARKUP_HTML);
    iv_buf_putc(&markup->buf, ' ');
    iv_buf_puts(&markup->buf, name);
}

static void write_text(struct iv_markup *markup, const char *text, bool lines)
{
    end_tag(markup);
    const struct manner manner = {
        .xml = markup->language == IV_MARKUP_XML, .spans = markup->plain == 0, .lines = lines};
    add_text(&markup->buf, text, &manner);
}

void iv_markup_text(struct iv_markup *markup, const char *text)
{
    write_text(markup, text, false);
}

void iv_markup_lines(struct iv_markup *markup, const char *text)
{
    write_text(markup, text, true);
}

void iv_markup_printf(struct iv_markup *markup, const char *fmt, ...)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&text, fmt, args);
    va_end(args);
    iv_markup_text(markup, iv_buf_text(&text));
}

void iv_markup_element(struct iv_markup *markup, const char *name, const char *text)
{
    iv_markup_classed(markup, name, NULL, text);
}

void iv_markup_classed(struct iv_markup *markup, const char *name, const char *class,
                       const char *text)
{
    iv_markup_open(markup, name);
    iv_markup_attribute(markup, "class", class);
    iv_markup_text(markup, text);
    iv_markup_close(markup);
}

void iv_markup_break(struct iv_markup *markup)
{
    end_tag(markup);
    iv_buf_putc(&markup->buf, '\n');
}

/* Bytes of ours as they are: the style sheet, the script, the doctype. Never anything from the
 * input. */
void iv_markup_own(struct iv_markup *markup, const void *bytes, size_t size)
{
    end_tag(markup);
    iv_buf_add(&markup->buf, bytes, size);
}
