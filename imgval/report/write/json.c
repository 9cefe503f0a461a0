/*
 * json.c: every string goes through add_text(), which copies runs of plain bytes and looks at the
 * rest one character at a time. It escapes more than RFC 8259 asks for: characters that a terminal
 * obeys, that hide text or reorder it, and "##", because reports are shown in terminals and in the
 * logs of build agents. To a JSON reader the escaped text is the same.
 *
 * begin() writes what stands in front of a value, so that no caller knows about commas. The second
 * half writes structs of the model by their field tables (model/fields.h).
 */
#include "imgval/report/write/json.h"

#include "imgval/base/arena.h"
#include "imgval/base/text.h"
#include "imgval/model/package.h"
#include "imgval/model/version.h"
#include "imgval/report/write/escape.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct iv_json iv_json(struct iv_buf *buf, bool pretty)
{
    return (struct iv_json){.buf = buf, .pretty = pretty};
}

/* Code points that a terminal obeys, that hide, or that reorder what is around them. */
static bool is_escaped(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || code >= 0xE0000;
}

/* Beyond U+FFFF as a pair of surrogates (RFC 8259, section 7). */
static void add_escaped(struct iv_buf *buf, uint32_t code)
{
    if (code >= 0x10000) {
        iv_buf_printf(buf, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((code - 0x10000) >> 10)),
                      (unsigned)(0xDC00 + ((code - 0x10000) & 0x3FF)));
    } else {
        iv_buf_printf(buf, "\\u%04x", (unsigned)code);
    }
}

/* A byte that may be copied as it is. Not "#": whether it may depends on the byte before it. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '#';
}

/* Whether eight bytes are all plain, in a few operations: most of a report is plain text. A byte
 * that is not sets its high bit; it may borrow from or carry to bytes above it, but then the answer
 * is known. */
static bool are_plain(const char *text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    uint64_t quotes = word ^ ones * '"';
    uint64_t backslashes = word ^ ones * '\\';
    uint64_t hashes = word ^ ones * '#';
    /* Below 0x20; a zero after the comparison; 0x7F and above. */
    uint64_t bad = (word - ones * 0x20) | (quotes - ones) | (backslashes - ones) | (hashes - ones) |
                   word | (word + ones);
    return (bad & ones * 0x80) == 0;
}

/* How many bytes at the beginning of a text are plain. */
static size_t plain_size(const char *text, size_t size)
{
    size_t run = 0;
    while (size - run >= 8 && are_plain(text + run)) {
        run += 8;
    }
    while (run < size && is_plain((unsigned char)text[run])) {
        run++;
    }
    return run;
}

/* Adds text between the quotes. False: it is not UTF-8, and U+FFFD stands for each bad byte. */
static bool add_text(struct iv_buf *buf, const char *text, size_t size)
{
    bool valid = true;
    for (size_t at = 0; at < size;) {
        size_t run = plain_size(text + at, size - at);
        if (run > 0) {
            iv_buf_add(buf, text + at, run);
            at += run;
            continue;
        }
        uint32_t code = 0;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        if (taken == 0) {
            valid = false;
            iv_utf8_add(buf, 0xFFFD);
            taken = 1;
        } else if (code == '"' || code == '\\') {
            iv_buf_putc(buf, '\\');
            iv_buf_putc(buf, (char)code);
        } else if (is_escaped(code) || (code == '#' && at > 0 && text[at - 1] == '#')) {
            /* "##vso[" anywhere in a line is a command to a build agent that shows the report */
            add_escaped(buf, code);
        } else {
            iv_buf_add(buf, text + at, taken);
        }
        at += taken;
    }
    return valid;
}

/* Two blanks for each level. Most of the time of writing goes into small steps like this one. */
static void line_break(struct iv_json *json)
{
    if (json->pretty) {
        static const char blanks[] = "\n                "; /* for the depth of nearly all */
        size_t deep = 2 * (size_t)json->depth;
        iv_buf_add(json->buf, blanks, deep < sizeof(blanks) - 1 ? 1 + deep : sizeof(blanks) - 1);
        for (size_t i = sizeof(blanks) - 2; i < deep; i++) {
            iv_buf_putc(json->buf, ' ');
        }
    }
}

/* Everything in front of a value: comma, line, name. */
static void begin(struct iv_json *json, const char *name, const char *suffix)
{
    if (json->depth > 0) {
        if (json->has_members[json->depth]) {
            iv_buf_putc(json->buf, ',');
        }
        json->has_members[json->depth] = true;
        line_break(json);
    }
    if (name != NULL) {
        iv_buf_putc(json->buf, '"');
        (void)add_text(json->buf, name, strlen(name));
        if (*suffix != '\0') {
            iv_buf_puts(json->buf, suffix);
        }
        iv_buf_add(json->buf, "\": ", json->pretty ? 3 : 2);
    }
}

/* The depth is that of our own tables, never of the input. */
static void open_nested(struct iv_json *json, const char *name, char bracket)
{
    begin(json, name, "");
    iv_buf_putc(json->buf, bracket);
    json->depth++;
    assert(json->depth < IV_COUNT(json->has_members));
    json->has_members[json->depth] = false;
}

/* An empty one stays on its line: [] and {}. */
static void close_nested(struct iv_json *json, char bracket)
{
    assert(json->depth > 0);
    bool filled = json->has_members[json->depth];
    json->depth--;
    if (filled) {
        line_break(json);
    }
    iv_buf_putc(json->buf, bracket);
}

void iv_json_open_object(struct iv_json *json, const char *name)
{
    open_nested(json, name, '{');
}

void iv_json_close_object(struct iv_json *json)
{
    close_nested(json, '}');
}

void iv_json_open_array(struct iv_json *json, const char *name)
{
    open_nested(json, name, '[');
}

void iv_json_close_array(struct iv_json *json)
{
    close_nested(json, ']');
}

static void add_hex(struct iv_json *json, const char *text)
{
    iv_buf_putc(json->buf, '"');
    iv_hex_add(json->buf, text, strlen(text));
    iv_buf_putc(json->buf, '"');
}

/* A text that is not UTF-8 is written twice: as people see it, and as hexadecimal bytes in
 * NAME_bytes, so that a program gets exactly what the input had. An element of a list has no name
 * and so no such member; see iv_json_strings(). */
void iv_json_string(struct iv_json *json, const char *name, const char *text)
{
    if (text == NULL) {
        iv_json_null(json, name);
        return;
    }
    begin(json, name, "");
    iv_buf_putc(json->buf, '"');
    bool valid = add_text(json->buf, text, strlen(text));
    iv_buf_putc(json->buf, '"');
    if (!valid && name != NULL) {
        begin(json, name, "_bytes");
        add_hex(json, text);
    }
}

void iv_json_string_if(struct iv_json *json, const char *name, const char *text)
{
    if (text != NULL) {
        iv_json_string(json, name, text);
    }
}

void iv_json_head(struct iv_json *json, const char *schema, const char *version)
{
    iv_json_string(json, "schema", schema);
    iv_json_open_object(json, "tool");
    iv_json_string(json, "name", "imgval");
    iv_json_string(json, "version", version);
    iv_json_close_object(json);
}

void iv_json_bool(struct iv_json *json, const char *name, bool value)
{
    begin(json, name, "");
    iv_buf_puts(json->buf, value ? "true" : "false");
}

void iv_json_uint(struct iv_json *json, const char *name, uint64_t value)
{
    /* Parsers stop at 2^63-1, our own among them; no real size or count comes near. */
    iv_json_int(json, name, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void iv_json_int(struct iv_json *json, const char *name, int64_t value)
{
    begin(json, name, "");
    char digits[24];
    char *place = digits + sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        *--place = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--place = '-';
    }
    iv_buf_add(json->buf, place, (size_t)(digits + sizeof(digits) - place));
}

void iv_json_null(struct iv_json *json, const char *name)
{
    begin(json, name, "");
    iv_buf_puts(json->buf, "null");
}

/* Where an element is not UTF-8, a second list holds the bytes. */
void iv_json_strings(struct iv_json *json, const char *name, const char *const *texts, size_t count)
{
    bool valid = true;
    iv_json_open_array(json, name);
    for (size_t i = 0; i < count; i++) {
        valid = valid && (texts[i] == NULL || iv_utf8_is_valid(texts[i], strlen(texts[i])));
        iv_json_string(json, NULL, texts[i]);
    }
    iv_json_close_array(json);
    if (valid || name == NULL) {
        return;
    }
    /* All elements, so that places agree: an element that needs no bytes is null there. */
    begin(json, name, "_bytes");
    iv_buf_putc(json->buf, '[');
    for (size_t i = 0; i < count; i++) {
        iv_buf_puts(json->buf, i > 0 ? (json->pretty ? ", " : ",") : "");
        if (texts[i] == NULL || iv_utf8_is_valid(texts[i], strlen(texts[i]))) {
            iv_buf_puts(json->buf, "null");
        } else {
            add_hex(json, texts[i]);
        }
    }
    iv_buf_putc(json->buf, ']');
}

static const void *place(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

/* A member of a model struct, copied out: its type is known to the table alone. */
#define FETCH(type, ret, object, at)                                                               \
    type ret;                                                                                      \
    memcpy(&ret, place((object), (at)), sizeof(ret))

/* An array of objects; a list of one at most is an object, or left out. */
static void write_list(struct iv_json *json, const struct iv_field *field, const void *object,
                       unsigned uses)
{
    FETCH(const void *, items, object, field->offset);
    FETCH(size_t, count, object, field->count_offset);
    if ((field->shape & IV_SHAPE_ONE) != 0) {
        if (count > 0) {
            iv_json_open_object(json, field->name);
            iv_json_fields(json, field->of, items, uses);
            iv_json_close_object(json);
        }
        return;
    }
    iv_json_open_array(json, field->name);
    for (size_t i = 0; i < count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_fields(json, field->of, place(items, i * field->of->size), uses);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

/* A text of a report: cut where the row says so. The same text cut twice stays the same. */
static void write_text(struct iv_json *json, const struct iv_field *field, const char *text)
{
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    const bool is_cut = text != NULL && (field->shape & IV_SHAPE_CUT) != 0;
    iv_json_string(json, field->name, is_cut ? iv_sink_cut(text, &scratch) : text);
}

/* The table says the type; a switch would name all those that are no scalars. */
static void write_scalar(struct iv_json *json, const struct iv_field *field, const void *object)
{
    if (field->type == IV_TYPE_STRING) {
        FETCH(const char *, text, object, field->offset);
        write_text(json, field, text);
    } else if (field->type == IV_TYPE_BOOL) {
        FETCH(bool, value, object, field->offset);
        iv_json_bool(json, field->name, value);
    } else if (field->type == IV_TYPE_U64) {
        FETCH(uint64_t, value, object, field->offset);
        iv_json_uint(json, field->name, value);
    } else if (field->type == IV_TYPE_SIZE) {
        FETCH(size_t, value, object, field->offset);
        iv_json_uint(json, field->name, value);
    } else if (field->type == IV_TYPE_ENUM) {
        FETCH(int, value, object, field->offset);
        iv_json_string(json, field->name, field->names[value]);
    } else {
        FETCH(struct iv_version, version, object, field->offset);
        char text[IV_VERSION_TEXT_SIZE];
        iv_version_format(version, text);
        iv_json_string(json, field->name, text);
    }
}

static void write_strings(struct iv_json *json, const struct iv_field *field, const void *object)
{
    FETCH(const char *const *, texts, object, field->offset);
    FETCH(size_t, count, object, field->count_offset);
    iv_json_strings(json, field->name, texts, count);
}

/* Of the packages that a finding lists, only the names. */
static void write_names(struct iv_json *json, const struct iv_field *field, const void *object)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    FETCH(const struct iv_package *const *, packages, object, field->offset);
    FETCH(size_t, count, object, field->count_offset);
    const char **names = IV_NEW_ARRAY(&arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = packages[i]->name;
    }
    iv_json_strings(json, field->name, names, count);
}

/* The members of an inline struct stand in the object around it. */
static void write_struct(struct iv_json *json, const struct iv_field *field, const void *inner,
                         unsigned uses)
{
    if (inner == NULL) {
        iv_json_null(json, field->name);
    } else if ((field->shape & IV_SHAPE_INLINE) != 0) {
        iv_json_fields(json, field->of, inner, uses);
    } else {
        iv_json_open_object(json, field->name);
        iv_json_fields(json, field->of, inner, uses);
        iv_json_close_object(json);
    }
}

/* Whether an optional member is left out: it is zero, or NULL. One that stands beside the member
 * before it in the table is written whenever that one is. Enums, versions, lists, strings, structs
 * and sizes are never left out. */
static bool is_left_out(const struct iv_field *field, const void *object)
{
    static const char nothing[sizeof(uint64_t)];
    if ((field->shape & IV_SHAPE_OPTIONAL) == 0) {
        return false;
    }
    if ((field->shape & IV_SHAPE_BESIDE) != 0 && !is_left_out(field - 1, object)) {
        return false;
    }
    const void *at = place(object, field->offset);
    switch (field->type) {
    case IV_TYPE_STRING:
    case IV_TYPE_POINTER:
        return memcmp(at, nothing, sizeof(void *)) == 0;
    case IV_TYPE_BOOL:
        return memcmp(at, nothing, sizeof(bool)) == 0;
    case IV_TYPE_U64:
        return memcmp(at, nothing, sizeof(uint64_t)) == 0;
    case IV_TYPE_NAMES:
        return memcmp(place(object, field->given_offset), nothing, sizeof(bool)) == 0;
    case IV_TYPE_ENUM:
    case IV_TYPE_VERSION:
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
    case IV_TYPE_STRUCT:
    case IV_TYPE_SIZE:
        break;
    }
    return false;
}

/* By the shape of the field: itself, a list, or a struct. */
static void write_field(struct iv_json *json, const struct iv_field *field, const void *object,
                        unsigned uses)
{
    switch (field->type) {
    case IV_TYPE_STRING:
    case IV_TYPE_BOOL:
    case IV_TYPE_U64:
    case IV_TYPE_ENUM:
    case IV_TYPE_VERSION:
    case IV_TYPE_SIZE:
        write_scalar(json, field, object);
        break;
    case IV_TYPE_LIST:
        write_list(json, field, object, uses);
        break;
    case IV_TYPE_STRINGS:
        write_strings(json, field, object);
        break;
    case IV_TYPE_NAMES:
        write_names(json, field, object);
        break;
    case IV_TYPE_STRUCT:
        write_struct(json, field, place(object, field->offset), uses);
        break;
    case IV_TYPE_POINTER: {
        FETCH(const void *, inner, object, field->offset);
        write_struct(json, field, inner, uses);
        break;
    }
    }
}

/* Nests only as deep as the tables do. */
void iv_json_fields(struct iv_json *json, const struct iv_struct *type, const void *object,
                    unsigned uses)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        if ((field->uses & uses) != 0 && !is_left_out(field, object)) {
            write_field(json, field, object, uses);
        }
    }
}
