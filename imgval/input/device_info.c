/* --device-info: registry text, an answer file, or Name=Value lines; the content decides, so
 * that the file may be whatever the user has at hand. Its values outrank all that is found but
 * options. */
#include "imgval/base/text.h"
#include "imgval/input/metadata.h"

#include <string.h>

/* Faults of one file that are reported. */
#define FAULTS_MAX 20

static const struct iv_metadata how = {.rank = IV_RANK_FILE, .any_root = true};

struct lines {
    const struct iv_reader *r;
    const struct iv_document *doc;
    uint64_t line;
    size_t faults;
};

static void malformed(struct lines *lines, const char *detail)
{
    if (lines->faults++ < FAULTS_MAX) {
        struct iv_fault fault = {
            .kind = IV_FAULT_MALFORMED,
            .line = lines->line,
            .detail = detail,
        };
        iv_reader_metadata_fault(lines->r, NULL, lines->doc, &fault);
    }
}

/*
 * Name=Value. The user wrote it, so an unknown name is reported. Blanks around the name do not
 * count; the value is everything after '=': blanks in a value are an error that rules must see. A
 * name may repeat, as the options may: several operators or models are variants, anything else that
 * has two values is a conflict.
 */
static void read_line(struct lines *lines, const char *text, size_t size)
{
    struct iv_arena *scratch = lines->r->scratch;
    const char *line = iv_arena_strndup(scratch, text, size);
    const char *start = line + strspn(line, " \t");
    if (*start == '\0' || *start == '#' || *start == ';') {
        return;
    }
    const char *equals = strchr(start, '=');
    if (equals == NULL) {
        malformed(lines, iv_reader_printf(lines->r, "'%s' is not Name=Value",
                                          iv_reader_shown(lines->r, start)));
        return;
    }
    const char *name =
        iv_reader_trimmed(scratch, iv_arena_strndup(scratch, start, (size_t)(equals - start)));
    if (name == NULL || iv_device_value_name(name) == NULL) {
        malformed(lines, iv_reader_printf(lines->r, "'%s' is no name of a device value",
                                          name == NULL ? "" : iv_reader_shown(lines->r, name)));
        return;
    }
    iv_reader_datum_add(lines->r, name, equals + 1, lines->doc->source, NULL, how.rank);
}

/* A file that says nothing is a mistake: the user named it for what it says. */
static void read_lines(const struct iv_reader *r, const struct iv_document *doc, const char *text)
{
    struct lines lines = {.r = r, .doc = doc};
    while (*text != '\0') {
        size_t size = strcspn(text, "\r\n");
        lines.line++;
        read_line(&lines, text, size);
        text += size;
        if (*text != '\0') {
            text += text[0] == '\r' && text[1] == '\n' ? 2 : 1;
        }
    }
    if (r->facts->datum_count == 0 && lines.faults == 0) {
        malformed(&lines, "the file holds no device value");
    }
}

/* A header, or a first line that is a key: comments may stand before it. */
static bool is_registry(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text != ';') {
            break;
        }
        text += strcspn(text, "\r\n");
    }
    return *text == '[' || iv_ascii_iprefix(text, "Windows Registry Editor") ||
           iv_ascii_iprefix(text, "REGEDIT4");
}

void iv_device_info_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    if (!iv_reader_decode(r, doc, &text, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
        return;
    }
    const char *start = iv_buf_text(&text);
    start += strspn(start, " \t\r\n");
    if (*start == '<') {
        iv_answer_read(r, doc, &how);
    } else if (is_registry(start)) {
        iv_registry_read(r, doc, &how);
    } else {
        read_lines(r, doc, iv_buf_text(&text));
    }
}
