#include "imgval/report/read/json_read.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/package.h"
#include "imgval/model/version.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *native(const struct iv_json_value *value)
{
    return (const json_t *)(const void *)value;
}

static const struct iv_json_value *ours(const json_t *value)
{
    return (const struct iv_json_value *)(const void *)value;
}

/* ---- records --------------------------------------------------------------------------------- */

/*
 * Streams are millions of lines, nearly all of them one flat object of plain strings, whole numbers
 * and literals. Those are taken apart here, in less than half the time; whatever else a line may
 * be, right or wrong, is left to jansson.
 */
struct flat {
    const char *at;
    const char *end;
};

static bool take(struct flat *flat, char wanted)
{
    if (flat->at == flat->end || *flat->at != wanted) {
        return false;
    }
    flat->at++;
    return true;
}

/* A string of printable ASCII without an escape. */
static bool take_string(struct flat *flat, const char **ret_text, size_t *ret_size)
{
    if (!take(flat, '"')) {
        return false;
    }
    const char *at = flat->at;
    while (at < flat->end && *at >= ' ' && *at <= '~' && *at != '"' && *at != '\\') {
        at++;
    }
    *ret_text = flat->at;
    *ret_size = (size_t)(at - flat->at);
    flat->at = at;
    return take(flat, '"');
}

/* No sign, no leading zero, and nothing that int64_t may not hold. */
static bool take_number(struct flat *flat, json_int_t *ret_number)
{
    const char *first = flat->at;
    json_int_t number = 0;
    while (flat->at < flat->end && *flat->at >= '0' && *flat->at <= '9' && flat->at - first < 18) {
        number = number * 10 + (*flat->at - '0');
        flat->at++;
    }
    *ret_number = number;
    return flat->at > first && (*first != '0' || flat->at == first + 1);
}

static bool take_word(struct flat *flat, const char *word)
{
    const size_t size = strlen(word);
    if ((size_t)(flat->end - flat->at) < size || memcmp(flat->at, word, size) != 0) {
        return false;
    }
    flat->at += size;
    return true;
}

/* NULL: it is no plain value. What follows it is the caller's to check. */
static json_t *take_value(struct flat *flat)
{
    const char *text;
    size_t size;
    json_int_t number;
    if (flat->at < flat->end && *flat->at == '"') {
        return take_string(flat, &text, &size) ? json_stringn_nocheck(text, size) : NULL;
    }
    if (take_word(flat, "false")) {
        return json_false();
    }
    if (take_word(flat, "true")) {
        return json_true();
    }
    if (take_word(flat, "null")) {
        return json_null();
    }
    return take_number(flat, &number) ? json_integer(number) : NULL;
}

static bool take_members(struct flat *flat, json_t *object)
{
    size_t count = 0;
    do {
        const char *name;
        size_t size;
        char key[64];
        if (!take_string(flat, &name, &size) || size >= sizeof(key) || !take(flat, ':')) {
            return false;
        }
        memcpy(key, name, size);
        key[size] = '\0';
        if (json_object_set_new_nocheck(object, key, take_value(flat)) != 0) {
            return false;
        }
        count++;
    } while (take(flat, ','));
    /* As many members as names: none of them stands twice. */
    return take(flat, '}') && flat->at == flat->end && json_object_size(object) == count;
}

/* NULL: not one of those, or no memory; jansson says which. */
static json_t *parse_flat(const char *text, size_t size)
{
    struct flat flat = {.at = text, .end = text + size};
    json_t *object = take(&flat, '{') ? json_object() : NULL;
    if (object != NULL && !take_members(&flat, object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

/* Depth of a document; bytes that a tree of it may take, of which jansson needs so many for each
 * array or object, and for each other value. */
enum { DEPTH_MAX = 64, TREE_MAX = 512 * 1024 * 1024, CONTAINER_SIZE = 240, VALUE_SIZE = 64 };

/* Whether a tree of the text would be bounded: a few bytes of JSON can make hundreds. It is not
 * parsed for that: outside of strings, each bracket and each comma stands for a value. */
static bool is_bounded(const char *text, size_t size)
{
    uint64_t needed = 0;
    size_t depth = 0;
    size_t deepest = 0;
    bool is_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (is_string) {
            i += c == '\\';
            is_string = c != '"';
        } else if (c == '"') {
            is_string = true;
        } else if (c == '[' || c == '{') {
            needed += CONTAINER_SIZE;
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',' || c == ':') {
            needed += VALUE_SIZE;
        }
    }
    return needed + size <= TREE_MAX && deepest <= DEPTH_MAX;
}

bool iv_json_parse(const char *text, size_t size, size_t first_line,
                   struct iv_json_value **ret_value, struct iv_error *err)
{
    json_error_t why;
    json_set_alloc_funcs(iv_malloc, free);
    json_t *value = parse_flat(text, size);
    if (value == NULL && !is_bounded(text, size)) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "line %zu: the JSON text has too many values, or nests deeper than %d",
                            first_line, DEPTH_MAX);
    }
    if (value == NULL) {
        value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    }
    if (value == NULL) {
        if (json_error_code(&why) == json_error_out_of_memory) {
            return iv_error_set(err, IV_ERROR_SYSTEM, "out of memory for a JSON text");
        }
        size_t line = first_line + (why.line > 0 ? (size_t)why.line - 1 : 0);
        struct iv_buf escaped IV_CLEANUP(iv_buf_fini) = {0};
        iv_text_escape(&escaped, why.text, 0, false); /* quotes what stands there */
        return iv_error_set(err, IV_ERROR_INVALID, "line %zu, column %d: %s", line,
                            why.column > 0 ? why.column : 1, iv_buf_text(&escaped));
    }
    *ret_value = (struct iv_json_value *)(void *)value;
    return true;
}

void iv_json_value_close(struct iv_json_value **value)
{
    if (*value != NULL) {
        json_decref((json_t *)(void *)*value);
    }
    *value = NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool iv_json_mentions(const char *text, size_t size, const char *name, const char *beginning)
{
    char head[4096 + 1]; /* a string, so that the search may use strstr() */
    size_t used = size < sizeof(head) ? size : sizeof(head) - 1;
    memcpy(head, text, used);
    head[used] = '\0';
    char wanted[64];
    (void)snprintf(wanted, sizeof(wanted), "\"%s\"", name);
    const char *at = head;
    while (is_blank(*at)) {
        at++;
    }
    if (*at != '{') {
        return false;
    }
    while ((at = strstr(at, wanted)) != NULL) {
        at += strlen(wanted);
        const char *value = at;
        while (is_blank(*value) || *value == ':') {
            value++;
        }
        if (*value == '"' && strncmp(value + 1, beginning, strlen(beginning)) == 0) {
            return true;
        }
    }
    return false;
}

bool iv_json_next_line(struct iv_json_lines *lines, const char **ret_line, size_t *ret_size,
                       bool *ret_whole)
{
    while (lines->at < lines->size) {
        const char *line = lines->text + lines->at;
        size_t left = lines->size - lines->at;
        const char *end = memchr(line, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - line);
        lines->at += end == NULL ? left : size + 1;
        lines->number++;
        bool blank = true;
        for (size_t i = 0; i < size && blank; i++) {
            blank = is_blank(line[i]);
        }
        if (!blank) {
            *ret_line = line;
            *ret_size = size;
            *ret_whole = end != NULL;
            return true;
        }
    }
    return false;
}

void iv_json_fail(struct iv_json_reader *reader, const char *fmt, ...)
{
    if (reader->failed) {
        return;
    }
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct iv_buf escaped IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&escaped, text, 0, false);
    reader->failed = true;
    (void)iv_error_set(reader->err, IV_ERROR_INVALID, "%s", iv_buf_text(&escaped));
}

void iv_json_context(struct iv_json_reader *reader, const char *fmt, ...)
{
    if (!reader->failed) {
        return;
    }
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)iv_error_add(reader->err, "%s", text);
}

bool iv_json_is_object(const struct iv_json_value *value)
{
    return value != NULL && json_is_object(native(value));
}

bool iv_json_has(const struct iv_json_value *object, const char *name)
{
    return json_object_get(native(object), name) != NULL;
}

void iv_json_require(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const char *const *names)
{
    for (size_t i = 0; names[i] != NULL && !reader->failed; i++) {
        if (!iv_json_has(object, names[i])) {
            iv_json_fail(reader, "member \"%s\" is missing", names[i]);
        }
    }
}

/* The member, or NULL when there is none, it is null, or the reader has failed. */
static const json_t *member(const struct iv_json_reader *reader, const struct iv_json_value *object,
                            const char *name)
{
    if (reader->failed || object == NULL) {
        return NULL;
    }
    const json_t *value = json_object_get(native(object), name);
    return json_is_null(value) ? NULL : value;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes without a NUL from lower-case hexadecimal; NULL when it is none. */
static char *decode_hex(struct iv_arena *arena, const char *hex)
{
    size_t size = strlen(hex);
    if (size % 2 != 0) {
        return NULL;
    }
    char *bytes = iv_arena_alloc(arena, size / 2 + 1);
    for (size_t i = 0; i < size / 2; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            return NULL;
        }
        bytes[i] = (char)(unsigned char)(high << 4 | low);
    }
    return bytes;
}

/* Whether `shown` is `exact` with U+FFFD in place of each bad byte, of which there is one. */
static bool is_repaired(const char *shown, const char *exact)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    size_t size = strlen(exact);
    bool valid = true;
    for (size_t at = 0; at < size;) {
        uint32_t code = 0xFFFD;
        size_t taken = iv_utf8_decode(exact + at, size - at, &code);
        valid = valid && taken > 0;
        iv_utf8_add(&buf, taken > 0 ? code : 0xFFFD);
        at += taken > 0 ? taken : 1;
    }
    return !valid && strcmp(shown, iv_buf_text(&buf)) == 0;
}

/* A copy of the string `value`, or of the bytes in `hex` where there are such. */
static const char *exact_text(struct iv_json_reader *reader, const char *name, const json_t *value,
                              const json_t *hex)
{
    if (!json_is_string(value) || (hex != NULL && !json_is_string(hex))) {
        iv_json_fail(reader, "member \"%s\" is not a string", name);
        return NULL;
    }
    if (hex == NULL) {
        return iv_arena_strdup(reader->arena, json_string_value(value));
    }
    const char *exact = decode_hex(reader->arena, json_string_value(hex));
    if (exact == NULL || !is_repaired(json_string_value(value), exact)) {
        iv_json_fail(reader, "member \"%s_bytes\" is not the exact text of \"%s\"", name, name);
        return NULL;
    }
    return exact;
}

static const json_t *bytes_member(const struct iv_json_reader *reader,
                                  const struct iv_json_value *object, const char *name)
{
    static const char ending[] = "_bytes";
    char bytes_name[128];
    const size_t size = strlen(name);
    if (size + sizeof(ending) > sizeof(bytes_name)) {
        return NULL;
    }
    (void)snprintf(bytes_name, sizeof(bytes_name), "%s%s", name, ending);
    return member(reader, object, bytes_name);
}

const char *iv_json_get_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                               const char *name)
{
    const json_t *value = member(reader, object, name);
    if (value == NULL) {
        return NULL;
    }
    return exact_text(reader, name, value, bytes_member(reader, object, name));
}

bool iv_json_get_bool(struct iv_json_reader *reader, const struct iv_json_value *object,
                      const char *name)
{
    const json_t *value = member(reader, object, name);
    if (value != NULL && !json_is_boolean(value)) {
        iv_json_fail(reader, "member \"%s\" is not true or false", name);
    }
    return json_is_true(value);
}

int64_t iv_json_get_int(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const char *name)
{
    const json_t *value = member(reader, object, name);
    if (value != NULL && !json_is_integer(value)) {
        iv_json_fail(reader, "member \"%s\" is not a whole number", name);
    }
    return (int64_t)json_integer_value(value);
}

uint64_t iv_json_get_uint(struct iv_json_reader *reader, const struct iv_json_value *object,
                          const char *name)
{
    int64_t value = iv_json_get_int(reader, object, name);
    if (value < 0) {
        iv_json_fail(reader, "member \"%s\" is less than zero", name);
        return 0;
    }
    return (uint64_t)value;
}

int iv_json_get_word(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const char *name, const char *const *words)
{
    const json_t *value = member(reader, object, name);
    const char *text = json_string_value(value);
    for (int i = 0; text != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            return i;
        }
    }
    iv_json_fail(
        reader, "member \"%s\" is %s%s", name,
        text == NULL ? "not a word" : "none of the words for it: ", text == NULL ? "" : text);
    return 0;
}

const struct iv_json_value *iv_json_get_object(struct iv_json_reader *reader,
                                               const struct iv_json_value *object, const char *name)
{
    const json_t *value = member(reader, object, name);
    if (value != NULL && !json_is_object(value)) {
        iv_json_fail(reader, "member \"%s\" is not an object", name);
        return NULL;
    }
    return ours(value);
}

const struct iv_json_value *iv_json_as_array(struct iv_json_reader *reader,
                                             const struct iv_json_value *value, size_t *ret_count)
{
    *ret_count = 0;
    if (value == NULL || reader->failed) {
        return NULL;
    }
    if (!json_is_array(native(value))) {
        iv_json_fail(reader, "not an array");
        return NULL;
    }
    *ret_count = json_array_size(native(value));
    return value;
}

const struct iv_json_value *iv_json_get_array(struct iv_json_reader *reader,
                                              const struct iv_json_value *object, const char *name,
                                              size_t *ret_count)
{
    bool failed_before = reader->failed;
    const struct iv_json_value *array =
        iv_json_as_array(reader, ours(member(reader, object, name)), ret_count);
    if (!failed_before) {
        iv_json_context(reader, "member \"%s\"", name);
    }
    return array;
}

const struct iv_json_value *iv_json_item(struct iv_json_reader *reader,
                                         const struct iv_json_value *array, size_t i)
{
    if (reader->failed) {
        return NULL;
    }
    const json_t *value = json_array_get(native(array), i);
    if (!json_is_object(value)) {
        iv_json_fail(reader, "element %zu is not an object", i);
        return NULL;
    }
    return ours(value);
}

const char **iv_json_get_strings(struct iv_json_reader *reader, const struct iv_json_value *object,
                                 const char *name, size_t *ret_count)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, name, &count);
    const json_t *hex = bytes_member(reader, object, name);
    if (hex != NULL && json_array_size(hex) != count) {
        iv_json_fail(reader, "member \"%s_bytes\" has not as many elements as \"%s\"", name, name);
    }
    *ret_count = 0;
    const char **texts = IV_NEW_ARRAY(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const json_t *value = json_array_get(native(array), i);
        const json_t *bytes = json_array_get(hex, i);
        if (!json_is_null(value)) {
            texts[i] = exact_text(reader, name, value, json_is_null(bytes) ? NULL : bytes);
        }
    }
    *ret_count = reader->failed ? 0 : count;
    return texts;
}

bool iv_json_next(const struct iv_json_value *object, struct iv_json_member *ret_member)
{
    json_t *mutable = (json_t *)(uintptr_t)native(object); /* jansson's iterators are not const */
    void *at = ret_member->place == NULL ? json_object_iter(mutable)
                                         : json_object_iter_next(mutable, ret_member->place);
    if (at == NULL) {
        return false;
    }
    ret_member->place = at;
    ret_member->name = json_object_iter_key(at);
    ret_member->value = ours(json_object_iter_value(at));
    return true;
}

static void *place(void *object, size_t offset)
{
    return (char *)object + offset;
}

#define STORE(object, at, value) memcpy(place((object), (at)), &(value), sizeof(value))

static void read_list(struct iv_json_reader *reader, const struct iv_json_value *object,
                      const struct iv_field *field, unsigned uses, void *ret_object)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, field->name, &count);
    void *items = iv_arena_array(reader->arena, count, field->of->size);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item != NULL) {
            iv_json_read_fields(reader, item, field->of, uses, place(items, i * field->of->size));
        }
        iv_json_context(reader, "%s[%zu]", field->name, i);
    }
    STORE(ret_object, field->offset, items);
    STORE(ret_object, field->count_offset, count);
}

/* A list of one at most, which is an object or not there. */
static void read_one(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const struct iv_field *field, unsigned uses, void *ret_object)
{
    const struct iv_json_value *inner =
        iv_json_has(object, field->name) ? iv_json_get_object(reader, object, field->name) : NULL;
    size_t count = inner == NULL ? 0 : 1;
    void *item = iv_arena_array(reader->arena, count, field->of->size);
    if (inner != NULL) {
        iv_json_read_fields(reader, inner, field->of, uses, item);
    }
    STORE(ret_object, field->offset, item);
    STORE(ret_object, field->count_offset, count);
}

static void read_scalar(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const struct iv_field *field, void *ret_object)
{
    if (field->type == IV_TYPE_STRING) {
        const char *text = iv_json_get_string(reader, object, field->name);
        STORE(ret_object, field->offset, text);
    } else if (field->type == IV_TYPE_BOOL) {
        bool value = iv_json_get_bool(reader, object, field->name);
        STORE(ret_object, field->offset, value);
    } else if (field->type == IV_TYPE_U64) {
        uint64_t value = iv_json_get_uint(reader, object, field->name);
        STORE(ret_object, field->offset, value);
    } else if (field->type == IV_TYPE_SIZE) {
        size_t value = (size_t)iv_json_get_uint(reader, object, field->name);
        STORE(ret_object, field->offset, value);
    } else if (field->type == IV_TYPE_ENUM) {
        int value = iv_json_has(object, field->name)
                        ? iv_json_get_word(reader, object, field->name, field->names)
                        : 0;
        STORE(ret_object, field->offset, value);
    } else {
        const char *text = iv_json_get_string(reader, object, field->name);
        struct iv_version version = {0};
        if (text != NULL && !iv_version_parse(text, &version)) {
            iv_json_fail(reader, "member \"%s\" is not a version: %s", field->name, text);
        }
        STORE(ret_object, field->offset, version);
    }
}

static void read_strings(struct iv_json_reader *reader, const struct iv_json_value *object,
                         const struct iv_field *field, void *ret_object)
{
    size_t count = 0;
    const char **texts = iv_json_get_strings(reader, object, field->name, &count);
    STORE(ret_object, field->offset, texts);
    STORE(ret_object, field->count_offset, count);
}

/* Packages of which a report has the names alone: they stand for the keys too. */
static void read_names(struct iv_json_reader *reader, const struct iv_json_value *object,
                       const struct iv_field *field, void *ret_object)
{
    const bool is_given = iv_json_has(object, field->name);
    size_t count = 0;
    const char **names = iv_json_get_strings(reader, object, field->name, &count);
    struct iv_package *packages = IV_NEW_ARRAY(reader->arena, struct iv_package, count + 1);
    const struct iv_package **listed =
        IV_NEW_ARRAY(reader->arena, const struct iv_package *, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL) {
            iv_json_fail(reader, "a package without a name");
            return;
        }
        packages[i].name = names[i];
        packages[i].key = names[i];
        listed[i] = &packages[i];
    }
    STORE(ret_object, field->offset, listed);
    STORE(ret_object, field->count_offset, count);
    STORE(ret_object, field->given_offset, is_given);
}

/* The object that holds the members of a struct: the one that is named, or this one where it says
 * the first of them. NULL: nothing is said. */
static const struct iv_json_value *inner_object(struct iv_json_reader *reader,
                                                const struct iv_json_value *object,
                                                const struct iv_field *field)
{
    if ((field->shape & IV_SHAPE_INLINE) != 0) {
        return iv_json_has(object, field->of->fields[0].name) ? object : NULL;
    }
    return iv_json_get_object(reader, object, field->name);
}

static void read_struct(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const struct iv_field *field, unsigned uses, void *ret_object)
{
    const struct iv_json_value *inner = inner_object(reader, object, field);
    if (inner == NULL) {
        return;
    }
    void *target = place(ret_object, field->offset);
    if (field->type == IV_TYPE_POINTER) {
        target = iv_arena_array(reader->arena, 1, field->of->size);
        STORE(ret_object, field->offset, target);
    }
    iv_json_read_fields(reader, inner, field->of, uses, target);
    if (inner != object) {
        iv_json_context(reader, "%s", field->name);
    }
}

/* Whether a member that must be there is. */
static void check_need(struct iv_json_reader *reader, const struct iv_json_value *object,
                       const struct iv_field *field)
{
    const bool may_be_null = (field->shape & IV_SHAPE_FILLED) == 0;
    if ((field->shape & IV_SHAPE_NEEDED) != 0 &&
        (may_be_null ? !iv_json_has(object, field->name)
                     : member(reader, object, field->name) == NULL)) {
        iv_json_fail(reader, "member \"%s\" is missing", field->name);
    }
}

/* Nests only as deep as the tables do. */
void iv_json_read_fields(struct iv_json_reader *reader, const struct iv_json_value *object,
                         const struct iv_struct *type, unsigned uses, void *ret_object)
{
    for (size_t i = 0; i < type->field_count && !reader->failed; i++) {
        const struct iv_field *field = &type->fields[i];
        if ((field->uses & uses) == 0) {
            continue;
        }
        check_need(reader, object, field);
        switch (field->type) {
        case IV_TYPE_STRING:
        case IV_TYPE_BOOL:
        case IV_TYPE_U64:
        case IV_TYPE_ENUM:
        case IV_TYPE_VERSION:
        case IV_TYPE_SIZE:
            read_scalar(reader, object, field, ret_object);
            break;
        case IV_TYPE_LIST:
            if ((field->shape & IV_SHAPE_ONE) != 0) {
                read_one(reader, object, field, uses, ret_object);
            } else {
                read_list(reader, object, field, uses, ret_object);
            }
            break;
        case IV_TYPE_STRINGS:
            read_strings(reader, object, field, ret_object);
            break;
        case IV_TYPE_NAMES:
            read_names(reader, object, field, ret_object);
            break;
        case IV_TYPE_STRUCT:
        case IV_TYPE_POINTER:
            read_struct(reader, object, field, uses, ret_object);
            break;
        }
    }
}

void iv_json_library(struct iv_buf *buf)
{
    iv_buf_printf(buf, "jansson %s", jansson_version_str());
}
