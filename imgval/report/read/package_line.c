/*
 * package_line.c: one pass over a line, led by the table of a package's fields: its members stand
 * in the order of the table, so each field is either next in the line or not in it, and is encoded
 * as it is found. Because the order rises, no member can stand twice.
 *
 * The form is narrow on purpose: no blanks, texts of printable ASCII without escapes, whole numbers
 * of up to 18 digits, no lists. What is beyond it costs a second look and nothing else.
 */
#include "imgval/report/read/package_line.h"

#include "imgval/model/facts.h"
#include "imgval/model/fields.h"
#include "imgval/model/version.h"
#include "imgval/report/read/json_tape.h"

#include <assert.h>
#include <string.h>

/* A field of the table that is a member of reports. */
struct row {
    const struct iv_field *field;
    const char *text; /* ,"name": */
    size_t size;
    bool is_needed;
    bool is_filled; /* nor may it be null */
    bool is_version;
};

struct iv_package_lines {
    struct row *rows;
    size_t count;
};

/* A line in hand. */
struct line {
    const char *at;
    const char *end;
    struct iv_buf *buf;
};

static bool is_among(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

const struct iv_package_lines *iv_package_lines_new(const char *const *needed,
                                                    struct iv_arena *arena)
{
    static const char *const filled[] = {"name", "key", NULL};
    struct iv_package_lines *lines = IV_NEW(arena, struct iv_package_lines);
    lines->rows = IV_NEW_ARRAY(arena, struct row, iv_package_struct.field_count);
    for (size_t i = 0; i < iv_package_struct.field_count; i++) {
        const struct iv_field *field = &iv_package_struct.fields[i];
        if ((field->uses & IV_FIELD_REPORT) == 0) {
            continue;
        }
        const char *text = iv_arena_printf(arena, ",\"%s\":", field->name);
        lines->rows[lines->count++] = (struct row){
            .field = field,
            .text = text,
            .size = strlen(text),
            .is_needed = is_among(needed, field->name),
            .is_filled = is_among(filled, field->name),
            .is_version = strcmp(field->name, "version") == 0,
        };
    }
    return lines;
}

/* Steps over this text when it is next. */
static bool take(struct line *line, const char *text, size_t size)
{
    if ((size_t)(line->end - line->at) < size || memcmp(line->at, text, size) != 0) {
        return false;
    }
    line->at += size;
    return true;
}

#define TAKE(line, text) take((line), (text), sizeof(text) - 1)

/* Up to 18 digits cannot overflow, so nothing is checked for it. A zero in front is another form,
 * which the parser of JSON is to refuse. */
static bool take_number(struct line *line, uint64_t *ret_number)
{
    enum { DIGITS_MAX = 18 };
    const char *first = line->at;
    uint64_t number = 0;
    while (line->at < line->end && *line->at >= '0' && *line->at <= '9' &&
           line->at - first < DIGITS_MAX) {
        number = number * 10 + (uint64_t)(*line->at++ - '0');
    }
    *ret_number = number;
    return line->at > first && (*first != '0' || line->at == first + 1);
}

/* A text that stands in the line as it is. */
static bool take_text(struct line *line, const char **ret_text, size_t *ret_size)
{
    if (!TAKE(line, "\"")) {
        return false;
    }
    *ret_text = line->at;
    line->at = iv_json_plain_end(line->at, line->end);
    *ret_size = (size_t)(line->at - *ret_text);
    return TAKE(line, "\"");
}

/* From the line into the piece without a copy of its own: most of a stream is texts. */
static bool encode_text(struct line *line, const struct row *row)
{
    const char *text = NULL;
    size_t size = 0;
    struct iv_version version;
    if (TAKE(line, "null")) {
        iv_facts_encode_text(line->buf, NULL, 0);
        return !row->is_filled;
    }
    if (!take_text(line, &text, &size)) {
        return false;
    }
    iv_facts_encode_text(line->buf, text, size);
    /* It ends in a NUL there. */
    return !row->is_version ||
           iv_version_parse(line->buf->data + line->buf->size - size - 1, &version);
}

static bool encode_flag(struct line *line)
{
    const bool is_true = TAKE(line, "true");
    iv_buf_putc(line->buf, is_true ? 1 : 0);
    return is_true || TAKE(line, "false");
}

/* A word that is not known is left to the slow way, which says so. */
static bool encode_word(struct line *line, const char *const *words)
{
    const char *text;
    size_t size;
    if (!take_text(line, &text, &size)) {
        return false;
    }
    uint64_t word = 0;
    while (words[word] != NULL &&
           (strlen(words[word]) != size || memcmp(words[word], text, size) != 0)) {
        word++;
    }
    iv_facts_encode_number(line->buf, word);
    return words[word] != NULL;
}

static bool encode_number(struct line *line)
{
    uint64_t number;
    if (!take_number(line, &number)) {
        return false;
    }
    iv_facts_encode_number(line->buf, number);
    return true;
}

/* A member that is there. Of what is not there each type that a package has is one zero, which the
 * caller writes; a list that is there is not for us. */
static bool encode_member(struct line *line, const struct row *row)
{
    switch (row->field->type) {
    case IV_TYPE_STRING:
        return encode_text(line, row);
    case IV_TYPE_BOOL:
        return encode_flag(line);
    case IV_TYPE_ENUM:
        return encode_word(line, row->field->names);
    case IV_TYPE_U64:
        return encode_number(line);
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
    case IV_TYPE_VERSION:
    case IV_TYPE_STRUCT:
    case IV_TYPE_SIZE:
    case IV_TYPE_POINTER:
    case IV_TYPE_NAMES:
        break;
    }
    return false;
}

/* The whole line or false; the piece may then be half written, and the caller cuts it off. */
static bool encode(const struct iv_package_lines *lines, struct line *line, uint64_t submission)
{
    uint64_t owner;
    if (!TAKE(line, "{\"record\":\"package\",\"submission\":") || !take_number(line, &owner) ||
        owner != submission) {
        return false;
    }
    for (size_t i = 0; i < lines->count; i++) {
        const struct row *row = &lines->rows[i];
        assert(row->field->type != IV_TYPE_VERSION && row->field->type != IV_TYPE_NAMES);
        if (take(line, row->text, row->size)) {
            if (!encode_member(line, row)) {
                return false;
            }
        } else if (row->is_needed) {
            return false;
        } else {
            iv_buf_putc(line->buf, 0);
        }
    }
    return TAKE(line, "}") && line->at == line->end;
}

bool iv_package_lines_encode(const struct iv_package_lines *lines, const char *text, size_t size,
                             uint64_t submission, struct iv_buf *buf)
{
    const size_t start = buf->size;
    struct line line = {.at = text, .end = text + size, .buf = buf};
    if (encode(lines, &line, submission)) {
        return true;
    }
    buf->size = start;
    return false;
}
