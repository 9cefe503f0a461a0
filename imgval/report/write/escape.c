/*
 * escape.c: iv_text_escape() makes a text safe for a terminal; here it is made safe for what else
 * reads our output line by line. A build agent obeys commands anywhere in a log, so a package named
 * "##vso[task.setvariable ...]" would otherwise run one. Cutting comes first and escaping after it,
 * so that no escape is cut in the middle.
 */
#include "imgval/report/write/escape.h"

#include "imgval/base/limits.h"
#include "imgval/base/text.h"

#include <string.h>

/* "##vso[" and "##[" anywhere, and "::" at the start of a line, are commands to build agents that
 * show our output. Where a line starts depends on the wrapping, so any word counts. */
static void break_commands(struct iv_buf *buf, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        bool starts_word = at == text || at[-1] == ' ';
        if (at[0] == '#' && at > text && at[-1] == '#') {
            iv_buf_puts(buf, "\\x23");
        } else if (starts_word && at[0] == ':' && at[1] == ':') {
            iv_buf_puts(buf, "\\x3a");
        } else {
            iv_buf_putc(buf, *at);
        }
    }
}

/* Most texts hold neither command, and are added as they are. */
static void add_shown(struct iv_buf *buf, const char *text, size_t max, bool ascii)
{
    struct iv_buf escaped IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&escaped, text, max, ascii);
    if (strstr(iv_buf_text(&escaped), "##") == NULL &&
        strstr(iv_buf_text(&escaped), "::") == NULL) {
        iv_buf_add(buf, iv_buf_text(&escaped), escaped.size);
    } else {
        break_commands(buf, iv_buf_text(&escaped));
    }
}

void iv_escape_shown(struct iv_buf *buf, const char *text, bool ascii)
{
    if (text != NULL) {
        struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
        add_shown(buf, iv_sink_cut(text, &cut), 0, ascii);
    }
}

void iv_escape_shown_part(struct iv_buf *buf, const char *text, size_t max)
{
    if (text != NULL) {
        struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
        add_shown(buf, iv_sink_cut(text, &cut), max, false);
    }
}

/* For the arguments of a build agent's own commands (GitHub "::error", Azure "##vso["), which have
 * an escape of their own for what would end an argument. */
void iv_escape_command(struct iv_buf *buf, const char *text, const char *percent, const char *more)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    for (const char *at = iv_buf_text(&shown); *at != '\0'; at++) {
        if (*at == '%') {
            iv_buf_puts(buf, percent);
        } else if (strchr(more, *at) != NULL) {
            iv_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*at);
        } else {
            iv_buf_putc(buf, *at);
        }
    }
}

/* The unreserved characters of RFC 3986, section 2.3, and the slash between segments. */
static bool is_plain_in_uri(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

/* An absolute path becomes a file URI; a relative one stays relative to the root that the report
 * names. */
void iv_escape_uri(struct iv_buf *buf, const char *path)
{
    iv_buf_puts(buf, path[0] == '/' ? "file://" : "");
    for (const char *at = path; *at != '\0'; at++) {
        if (is_plain_in_uri((unsigned char)*at)) {
            iv_buf_putc(buf, *at);
        } else {
            iv_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*at);
        }
    }
}

/* One limit for every text in every format: a name of a megabyte is shown as its beginning. */
const char *iv_sink_cut(const char *text, struct iv_buf *scratch)
{
    const size_t max = (size_t)iv_limits_default().report_text;
    if (strnlen(text, max + 1) <= max) {
        return text;
    }
    size_t size = max - strlen("...");
    /* Not through a character: a sequence of UTF-8 has at most three bytes after its first. */
    for (int i = 0; i < 3 && ((unsigned char)text[size] & 0xC0) == 0x80; i++) {
        size--;
    }
    iv_buf_clear(scratch);
    iv_buf_add(scratch, text, size);
    iv_buf_puts(scratch, "...");
    return iv_buf_text(scratch);
}
