/*
 * html_page.c: what every HTML page of ours begins and ends with.
 *
 * The page carries a Content-Security-Policy that forbids everything, then allows one style sheet
 * and one script by their SHA-256. Text is escaped by markup.c; should that ever fail, a script
 * that came with the input has another digest, and the browser does not run it. Nor can the page
 * load anything or send a form: nobody learns that a report was opened.
 */
#include "imgval/report/write/html_page.h"
#include "imgval/base/digest.h"

/* RFC 4648, section 4; the form in which a policy names a digest. */
static void add_base64(struct iv_buf *buf, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < size; at += 3) {
        const size_t left = size - at;
        const unsigned group = (unsigned)bytes[at] << 16 |
                               (left > 1 ? (unsigned)bytes[at + 1] << 8 : 0u) |
                               (left > 2 ? (unsigned)bytes[at + 2] : 0u);
        iv_buf_putc(buf, digits[group >> 18]);
        iv_buf_putc(buf, digits[group >> 12 & 63]);
        iv_buf_putc(buf, left > 1 ? digits[group >> 6 & 63] : '=');
        iv_buf_putc(buf, left > 2 ? digits[group & 63] : '=');
    }
}

/* Adds "; DIRECTIVE 'sha256-...'": the one style sheet, or script, that a browser may use. The
 * bytes must be exactly those of the element. */
static void add_source(struct iv_buf *policy, const char *directive, const void *bytes, size_t size)
{
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, bytes, size);
    iv_sha256_close(sha, digest);
    iv_buf_printf(policy, "; %s 'sha256-", directive);
    add_base64(policy, digest, sizeof(digest));
    iv_buf_putc(policy, '\'');
}

static void write_meta(struct iv_markup *m, const char *name, const char *content)
{
    iv_markup_break(m);
    iv_markup_open(m, "meta");
    iv_markup_attribute(m, "name", name);
    iv_markup_attribute(m, "content", content);
    iv_markup_close(m);
}

/* The policy stands before the style sheet: it holds only for what follows it. */
static void write_head(struct iv_markup *m, const char *title, const unsigned char *more_style,
                       size_t more_size)
{
    struct iv_buf style IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf policy IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&style, iv_html_style, iv_html_style_size);
    iv_buf_add(&style, more_style, more_size);
    iv_buf_puts(&policy, "default-src 'none'; base-uri 'none'; form-action 'none'");
    add_source(&policy, "style-src", style.data, style.size);
    add_source(&policy, "script-src", iv_html_script, iv_html_script_size);
    iv_markup_open(m, "head");
    iv_markup_break(m);
    iv_markup_open(m, "meta");
    iv_markup_attribute(m, "charset", "utf-8");
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_open(m, "meta");
    iv_markup_attribute(m, "http-equiv", "Content-Security-Policy");
    iv_markup_attribute(m, "content", iv_buf_text(&policy));
    iv_markup_close(m);
    write_meta(m, "viewport", "width=device-width, initial-scale=1");
    write_meta(m, "color-scheme", "light dark");
    write_meta(m, "referrer", "no-referrer");
    iv_markup_break(m);
    iv_markup_element(m, "title", title);
    iv_markup_break(m);
    iv_markup_open(m, "style");
    iv_markup_own(m, style.data, style.size);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_close(m);
}

/* Up to the body. Pages that draw more than a report (an audit) bring a style sheet of their own,
 * which is part of the one that the policy allows. */
void iv_html_open(struct iv_markup *m, const char *title, const unsigned char *more_style,
                  size_t more_size, FILE *out)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    iv_markup_init(m, IV_MARKUP_HTML, out);
    iv_markup_own(m, doctype, sizeof(doctype) - 1);
    iv_markup_open(m, "html");
    iv_markup_attribute(m, "lang", "en");
    iv_markup_break(m);
    write_head(m, title, more_style, more_size);
    iv_markup_break(m);
    iv_markup_open(m, "body");
}

/* The first thing that the keyboard reaches is the link past all links. */
void iv_html_bar(struct iv_markup *m, const char *tool)
{
    iv_markup_break(m);
    iv_markup_open(m, "a");
    iv_markup_attribute(m, "class", "skip");
    iv_markup_attribute(m, "href", "#main");
    iv_markup_text(m, "Skip to the report");
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_open(m, "header");
    iv_markup_attribute(m, "class", "bar");
    iv_markup_classed(m, "span", "brand", tool);
    iv_markup_open(m, "nav");
    iv_markup_attribute(m, "aria-label", "Sections");
    iv_markup_open(m, "ul");
}

void iv_html_bar_link(struct iv_markup *m, const char *href, const char *text)
{
    iv_markup_open(m, "li");
    iv_markup_open(m, "a");
    iv_markup_attribute(m, "href", href);
    iv_markup_text(m, text);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* The button for dark and light works by the script alone, which shows it. */
void iv_html_bar_end(struct iv_markup *m)
{
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_open(m, "button");
    iv_markup_attribute(m, "type", "button");
    iv_markup_attribute(m, "id", "theme");
    iv_markup_flag(m, "hidden");
    iv_markup_text(m, "Dark");
    iv_markup_close(m);
    iv_markup_close(m);
}

void iv_html_main(struct iv_markup *m)
{
    iv_markup_break(m);
    iv_markup_open(m, "main");
    iv_markup_attribute(m, "id", "main");
    iv_markup_attribute(m, "tabindex", "-1");
}

/* The script comes last, when all it works on is there; a page without it shows everything too. */
void iv_html_close(struct iv_markup *m, const char *tool, const char *tool_version)
{
    iv_markup_break(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_open(m, "footer");
    iv_markup_open(m, "p");
    iv_markup_printf(m, "Written by %s %s. This file stands alone: it asks for nothing on the net.",
                     tool, tool_version);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_open(m, "script");
    iv_markup_own(m, iv_html_script, iv_html_script_size);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_fini(m);
}

/* ---- pieces of a page */

/* A picture that is hidden from readers of the screen: the word stands beside it. */
void iv_html_mark(struct iv_markup *m, const char *name)
{
    /* One path each, in strokes; "note" an exclamation mark, "none" a dot. */
    const char *path = strcmp(name, "passed") == 0   ? "M3.5 8.5l3 3 6-7"
                       : strcmp(name, "failed") == 0 ? "M4.5 4.5l7 7m0-7l-7 7"
                       : strcmp(name, "note") == 0 || strcmp(name, "warning") == 0
                           ? "M8 4.5v4.5m0 2.6v.1"
                       : strcmp(name, "unchecked") == 0 ? "M5.5 6a2.5 2.5 0 1 1 3.6 2.2"
                                                          "c-.8.4-1.1.9-1.1 1.6m0 2.2v.2"
                                                        : "M8 8v.01";
    iv_markup_open(m, "svg");
    iv_markup_attribute_printf(m, "class", "mark %s", name);
    iv_markup_attribute(m, "viewBox", "0 0 16 16");
    iv_markup_attribute(m, "aria-hidden", "true");
    iv_markup_open(m, "path");
    iv_markup_attribute(m, "d", path);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Sections are numbered by submission, as a page may hold several and ids must be unique. */
void iv_html_section(const struct iv_html_part *part, const char *name, const char *title)
{
    struct iv_markup *m = part->markup;
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "id", "s%zu-%s", part->number, name);
    if (part->report != NULL && part->report->entry_count > 1) {
        /* Each submission has its "Findings": the verdict, which names it, tells them apart. */
        iv_markup_attribute_printf(m, "aria-labelledby", "s%zu-%s-title s%zu", part->number, name,
                                   part->number);
    } else {
        iv_markup_attribute_printf(m, "aria-labelledby", "s%zu-%s-title", part->number, name);
    }
    iv_markup_open(m, part->heading);
    iv_markup_attribute_printf(m, "id", "s%zu-%s-title", part->number, name);
    iv_markup_text(m, title);
    iv_markup_close(m);
}

void iv_html_table(struct iv_markup *m, const char *class, const char *caption,
                   const char *const *columns, bool sortable)
{
    iv_markup_break(m);
    iv_markup_open(m, "div");
    iv_markup_attribute(m, "class", "scroll");
    iv_markup_attribute(m, "tabindex", "0"); /* the keyboard must be able to scroll it */
    iv_markup_attribute(m, "role", "group");
    iv_markup_attribute(m, "aria-label", caption);
    iv_markup_open(m, "table");
    iv_markup_attribute_printf(m, "class", "%s%s", class, sortable ? " sortable" : "");
    iv_markup_classed(m, "caption", "unseen", caption);
    iv_markup_open(m, "thead");
    iv_markup_open(m, "tr");
    for (; *columns != NULL; columns++) {
        iv_markup_open(m, "th");
        iv_markup_attribute(m, "scope", "col");
        iv_markup_text(m, *columns);
        iv_markup_close(m);
    }
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_open(m, "tbody");
}

void iv_html_table_end(struct iv_markup *m)
{
    iv_markup_break(m);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_close(m);
}

/* The verdict: the one heading of first order. */
void iv_html_hero(struct iv_markup *m, const char *look, const char *word)
{
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "class", "hero %s", look);
    iv_markup_attribute(m, "aria-labelledby", "verdict");
    iv_markup_open(m, "h1");
    iv_markup_attribute(m, "id", "verdict");
    iv_html_mark(m, look);
    iv_markup_text(m, " ");
    iv_markup_classed(m, "span", "word", word);
}

void iv_html_head_cell(struct iv_markup *m, const char *text)
{
    iv_markup_open(m, "th");
    iv_markup_attribute(m, "scope", "row");
    /* A name of nothing but blanks would be a head without a text. */
    bool is_blank = text[strspn(text, " ")] == '\0';
    iv_markup_text(m, is_blank ? "\"" : "");
    iv_markup_text(m, text);
    iv_markup_text(m, is_blank ? "\"" : "");
    iv_markup_close(m);
}

/* A dash and not an empty cell: an empty one looks forgotten. */
void iv_html_cell(struct iv_markup *m, const char *text)
{
    iv_markup_open(m, "td");
    iv_markup_text(m, text == NULL ? "–" : text);
    iv_markup_close(m);
}

void iv_html_tile(struct iv_markup *m, const char *class, size_t count, const char *one,
                  const char *many)
{
    iv_markup_open(m, "li");
    iv_markup_attribute(m, "class", count == 0 ? "zero" : class);
    iv_markup_open(m, "b");
    iv_markup_printf(m, "%zu", count);
    iv_markup_close(m);
    iv_markup_printf(m, " %s", count == 1 ? one : many);
    iv_markup_close(m);
}

/* To the row of the rule in this page; `prefix` is that of its section's ids. */
void iv_html_rule_link(struct iv_markup *m, const char *prefix, const struct iv_rule *rule)
{
    iv_markup_open(m, "a");
    iv_markup_attribute_printf(m, "href", "#%s%s", prefix, rule->id);
    iv_markup_text(m, rule->id);
    iv_markup_close(m);
    iv_markup_text(m, " ");
    iv_markup_classed(m, "span", "name", rule->name);
}

void iv_html_plain_section(struct iv_markup *m, const char *id, const char *title)
{
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute(m, "id", id);
    iv_markup_attribute_printf(m, "aria-labelledby", "%s-title", id);
    iv_markup_open(m, "h2");
    iv_markup_attribute_printf(m, "id", "%s-title", id);
    iv_markup_text(m, title);
    iv_markup_close(m);
}

void iv_html_tools_of(const struct iv_html_part *part, const char *things, const char *placeholder)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&text, things);
    if (part->report->entry_count > 1) {
        iv_buf_printf(&text, " of submission %zu", part->number);
    }
    iv_html_tools(part->markup, iv_buf_text(&text), placeholder);
}

/* The field that filters a list. Hidden until the script is there that makes it work. */
void iv_html_tools(struct iv_markup *m, const char *things, const char *placeholder)
{
    iv_markup_open(m, "div");
    iv_markup_attribute(m, "class", "tools");
    iv_markup_attribute(m, "role", "search");
    iv_markup_attribute_printf(m, "aria-label", "Filter the %s", things);
    iv_markup_flag(m, "hidden");
    iv_markup_open(m, "label");
    iv_markup_open(m, "span");
    iv_markup_attribute(m, "class", "unseen");
    iv_markup_printf(m, "Find in the %s", things);
    iv_markup_close(m);
    iv_markup_open(m, "input");
    iv_markup_attribute(m, "type", "search");
    iv_markup_attribute(m, "placeholder", placeholder);
    iv_markup_close(m);
    iv_markup_close(m);
}

void iv_html_tools_end(struct iv_markup *m, const char *noun)
{
    iv_markup_open(m, "output");
    iv_markup_attribute(m, "data-noun", noun);
    iv_markup_close(m);
    iv_markup_close(m);
}

void iv_html_switch(struct iv_markup *m, const char *value, bool is_on)
{
    iv_markup_open(m, "label");
    iv_markup_open(m, "input");
    iv_markup_attribute(m, "type", "checkbox");
    iv_markup_attribute(m, "value", value);
    if (is_on) {
        iv_markup_flag(m, "checked");
    } else {
        iv_markup_attribute(m, "data-only", "");
    }
    iv_markup_close(m);
}

void iv_html_fold(struct iv_markup *m)
{
    iv_markup_open(m, "button");
    iv_markup_attribute(m, "type", "button");
    iv_markup_attribute(m, "class", "fold");
    iv_markup_text(m, "Fold all");
    iv_markup_close(m);
}

/* A rule that has no such text has no such line. */
static void write_text(struct iv_markup *m, const char *label, const char *text)
{
    if (text != NULL) {
        iv_markup_element(m, "dt", label);
        iv_markup_element(m, "dd", text);
    }
}

/* Examples are shown as they are: their blanks and line ends matter. */
static void write_example(struct iv_markup *m, const char *label, const char *text)
{
    if (text != NULL) {
        iv_markup_element(m, "dt", label);
        iv_markup_open(m, "dd");
        iv_markup_open(m, "pre");
        iv_markup_lines(m, text);
        iv_markup_close(m);
        iv_markup_close(m);
    }
}

void iv_html_rule_texts(struct iv_markup *m, const struct iv_rule *rule, bool must_hold)
{
    iv_markup_open(m, "dl");
    write_text(m, "Must hold", must_hold ? rule->summary : NULL);
    write_text(m, "Why", rule->why);
    write_text(m, "Remedy", rule->remedy);
    write_example(m, "Passes", rule->passes);
    write_example(m, "Fails", rule->fails);
    write_text(m, "Message", rule->message);
    iv_markup_close(m);
}
