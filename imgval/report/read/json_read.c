/*
 * json_read.c: members of values by name and type, over the tape of json_tape.h.
 *
 * Every getter goes through member(), which gives NULL once the reader has failed, so that a
 * failure needs no check after each call. iv_json_read_fields() is the counterpart of
 * iv_json_fields() (write/json.c): the same table of a struct drives both, so that what one writes
 * the other reads. A stream may have millions of records, so the fields of a table are not looked
 * up one by one: match_fields() walks the members once.
 *
 * JSON cannot hold text that is not UTF-8. The writer puts U+FFFD for each bad byte and the exact
 * bytes in NAME_bytes; here both are read, and they must agree: otherwise a report could show one
 * name to people and hold another one.
 */
#include "imgval/report/read/json_read.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/model/package.h"
#include "imgval/model/version.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What kind of file it is, from its first 4 KiB. Not a parser: the name may stand at any depth, or
 * within a string. The reader that is chosen by this answer checks the document. */
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

/* The next line that is not blank. Whether it is whole: a last one without a line break may have
 * been cut off. */
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

/* The message may quote the input, so it is escaped before it can reach a terminal. */
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

/* Where the failure is, from the inside out: each level adds its own name on the way back. */
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
    return value != NULL && value->type == IV_JSON_OBJECT;
}

bool iv_json_has(const struct iv_json_value *object, const char *name)
{
    return iv_json_member_named(object, name, strlen(name)) != NULL;
}

/* For members whose absence a getter could not tell from null or from zero. */
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
static const struct iv_json_value *member(const struct iv_json_reader *reader,
                                          const struct iv_json_value *object, const char *name)
{
    if (reader->failed || object == NULL) {
        return NULL;
    }
    const struct iv_json_value *value = iv_json_member_named(object, name, strlen(name));
    return value == NULL || value->type == IV_JSON_NULL ? NULL : value;
}

/* As the writer writes it: lower case alone, so that one text has one form. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes without a NUL from lower-case hexadecimal, in the arena, with a NUL after them; NULL when
 * the text is something else. */
static char *decode_hex(struct iv_arena *arena, const char *hex, size_t size)
{
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

/* Whether `shown` is `exact` with U+FFFD in place of each bad byte, of which there is at least one:
 * the writer adds no bytes to a text that needs none. */
static bool is_repaired(const struct iv_json_value *shown, const char *exact)
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
    return !valid && shown->size == buf.size &&
           memcmp(shown->text, iv_buf_text(&buf), buf.size) == 0;
}

static bool is_string(const struct iv_json_value *value)
{
    return value != NULL && value->type == IV_JSON_STRING;
}

/* A copy of the string `value`, or of the bytes in `hex` where there are such. */
static const char *exact_text(struct iv_json_reader *reader, const char *name,
                              const struct iv_json_value *value, const struct iv_json_value *hex)
{
    if (!is_string(value) || (hex != NULL && !is_string(hex))) {
        iv_json_fail(reader, "member \"%s\" is not a string", name);
        return NULL;
    }
    if (hex == NULL) {
        return iv_arena_strndup(reader->arena, value->text, value->size);
    }
    const char *exact = decode_hex(reader->arena, hex->text, hex->size);
    if (exact == NULL || !is_repaired(value, exact)) {
        iv_json_fail(reader, "member \"%s_bytes\" is not the exact text of \"%s\"", name, name);
        return NULL;
    }
    return exact;
}

/* The member NAME_bytes, or NULL. Most objects have no such member at all, which the tape knows. */
static const struct iv_json_value *bytes_member(const struct iv_json_reader *reader,
                                                const struct iv_json_value *object,
                                                const char *name)
{
    static const char ending[] = "_bytes";
    char bytes_name[128];
    const size_t size = strlen(name);
    if (object == NULL || !object->has_bytes || size + sizeof(ending) > sizeof(bytes_name)) {
        return NULL;
    }
    (void)snprintf(bytes_name, sizeof(bytes_name), "%s%s", name, ending);
    return member(reader, object, bytes_name);
}

/* In the arena; NULL for null and for no such member. */
const char *iv_json_get_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                               const char *name)
{
    const struct iv_json_value *value = member(reader, object, name);
    if (value == NULL) {
        return NULL;
    }
    return exact_text(reader, name, value, bytes_member(reader, object, name));
}

/* The next functions take a member that was looked up; NULL: there is none, or it is null. */

static bool bool_of(struct iv_json_reader *reader, const char *name,
                    const struct iv_json_value *value)
{
    if (value != NULL && value->type != IV_JSON_TRUE && value->type != IV_JSON_FALSE) {
        iv_json_fail(reader, "member \"%s\" is not true or false", name);
    }
    return value != NULL && value->type == IV_JSON_TRUE;
}

static int64_t int_of(struct iv_json_reader *reader, const char *name,
                      const struct iv_json_value *value)
{
    if (value != NULL && value->type != IV_JSON_INTEGER) {
        iv_json_fail(reader, "member \"%s\" is not a whole number", name);
    }
    return value != NULL && value->type == IV_JSON_INTEGER ? value->integer : 0;
}

static uint64_t uint_of(struct iv_json_reader *reader, const char *name,
                        const struct iv_json_value *value)
{
    int64_t number = int_of(reader, name, value);
    if (number < 0) {
        iv_json_fail(reader, "member \"%s\" is less than zero", name);
        return 0;
    }
    return (uint64_t)number;
}

/* Whether a string value, or a member's name, is this text. */
static bool is_text(const struct iv_json_value *value, const char *text)
{
    return *text == *value->text && strncmp(text, value->text, value->size) == 0 &&
           text[value->size] == '\0';
}

static int word_of(struct iv_json_reader *reader, const char *name,
                   const struct iv_json_value *value, const char *const *words)
{
    for (int i = 0; is_string(value) && words[i] != NULL; i++) {
        if (is_text(value, words[i])) {
            return i;
        }
    }
    const char *text =
        is_string(value) ? iv_arena_strndup(reader->arena, value->text, value->size) : NULL;
    iv_json_fail(
        reader, "member \"%s\" is %s%s", name,
        text == NULL ? "not a word" : "none of the words for it: ", text == NULL ? "" : text);
    return 0;
}

const char *iv_json_need_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                                const char *name)
{
    const char *text = iv_json_get_string(reader, object, name);
    if (text == NULL) {
        iv_json_fail(reader, "member \"%s\" is missing", name);
    }
    return text;
}

/* Absent is false, here and for numbers 0: the writer leaves members out that say nothing. */
bool iv_json_get_bool(struct iv_json_reader *reader, const struct iv_json_value *object,
                      const char *name)
{
    return bool_of(reader, name, member(reader, object, name));
}

int64_t iv_json_get_int(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const char *name)
{
    return int_of(reader, name, member(reader, object, name));
}

uint64_t iv_json_get_uint(struct iv_json_reader *reader, const struct iv_json_value *object,
                          const char *name)
{
    return uint_of(reader, name, member(reader, object, name));
}

/* The place of a word in its list. A word that this version does not know is a failure: it may mean
 * anything. */
int iv_json_get_word(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const char *name, const char *const *words)
{
    return word_of(reader, name, member(reader, object, name), words);
}

const struct iv_json_value *iv_json_get_object(struct iv_json_reader *reader,
                                               const struct iv_json_value *object, const char *name)
{
    const struct iv_json_value *value = member(reader, object, name);
    if (value != NULL && value->type != IV_JSON_OBJECT) {
        iv_json_fail(reader, "member \"%s\" is not an object", name);
        return NULL;
    }
    return value;
}

const struct iv_json_value *iv_json_as_array(struct iv_json_reader *reader,
                                             const struct iv_json_value *value, size_t *ret_count)
{
    *ret_count = 0;
    if (value == NULL || reader->failed) {
        return NULL;
    }
    if (value->type != IV_JSON_ARRAY && value->type != IV_JSON_LARGE_ARRAY) {
        iv_json_fail(reader, "not an array");
        return NULL;
    }
    *ret_count = value->size;
    return value;
}

/* Absent is an empty one. */
const struct iv_json_value *iv_json_get_array(struct iv_json_reader *reader,
                                              const struct iv_json_value *object, const char *name,
                                              size_t *ret_count)
{
    bool failed_before = reader->failed;
    const struct iv_json_value *array =
        iv_json_as_array(reader, member(reader, object, name), ret_count);
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
    const struct iv_json_value *value = iv_json_element(array, i);
    if (value == NULL || value->type != IV_JSON_OBJECT) {
        iv_json_fail(reader, "element %zu is not an object", i);
        return NULL;
    }
    return value;
}

/* A null among them stays NULL. NAME_bytes must have as many elements, or places would not
 * agree. */
const char **iv_json_get_strings(struct iv_json_reader *reader, const struct iv_json_value *object,
                                 const char *name, size_t *ret_count)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, name, &count);
    const struct iv_json_value *hex = bytes_member(reader, object, name);
    if (hex != NULL && (hex->type != IV_JSON_ARRAY || hex->size != count)) {
        iv_json_fail(reader, "member \"%s_bytes\" has not as many elements as \"%s\"", name, name);
    }
    *ret_count = 0;
    const char **texts = IV_NEW_ARRAY(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *value = iv_json_element(array, i);
        const struct iv_json_value *bytes = hex == NULL ? NULL : iv_json_element(hex, i);
        bytes = bytes == NULL || bytes->type == IV_JSON_NULL ? NULL : bytes;
        if (value != NULL && value->type != IV_JSON_NULL) {
            texts[i] = exact_text(reader, name, value, bytes);
        }
    }
    *ret_count = reader->failed ? 0 : count;
    return texts;
}

/* A member is two values on the tape, the name first; the next name follows the value. */
bool iv_json_next(const struct iv_json_value *object, struct iv_json_member *member)
{
    const struct iv_json_value *name =
        member->value == NULL ? object + 1 : member->value + member->value->span;
    if (name >= object + object->span) {
        return false;
    }
    member->name = name->text;
    member->name_size = name->size;
    member->value = name + 1;
    return true;
}

/* Members of model structs are reached by offset and copied in: their types are known to the table
 * alone. */
static void *place(void *object, size_t offset)
{
    return (char *)object + offset;
}

#define STORE(object, at, value) memcpy(place((object), (at)), &(value), sizeof(value))

/* Elements are read into an array of the arena, as long as the text says: each takes more bytes
 * there than here, but no more than a fixed factor. */
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

/* An absent member leaves what zero means for its type: an enum its first word, which null is not.
 */
static void read_scalar(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const struct iv_field *field, const struct iv_json_value *found,
                        void *ret_object)
{
    const char *name = field->name;
    const struct iv_json_value *value = found == NULL || found->type == IV_JSON_NULL ? NULL : found;
    if (field->type == IV_TYPE_BOOL) {
        bool flag = bool_of(reader, name, value);
        STORE(ret_object, field->offset, flag);
    } else if (field->type == IV_TYPE_U64) {
        uint64_t number = uint_of(reader, name, value);
        STORE(ret_object, field->offset, number);
    } else if (field->type == IV_TYPE_SIZE) {
        size_t number = (size_t)uint_of(reader, name, value);
        STORE(ret_object, field->offset, number);
    } else if (field->type == IV_TYPE_ENUM) {
        int word = found != NULL ? word_of(reader, name, value, field->names) : 0;
        STORE(ret_object, field->offset, word);
    } else {
        const char *text =
            value == NULL ? NULL
                          : exact_text(reader, name, value, bytes_member(reader, object, name));
        struct iv_version version = {0};
        if (field->type == IV_TYPE_STRING) {
            STORE(ret_object, field->offset, text);
            return;
        }
        if (text != NULL && !iv_version_parse(text, &version)) {
            iv_json_fail(reader, "member \"%s\" is not a version: %s", name, text);
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

/* A pointer gets an object of its own; an object that is not there leaves it NULL. */
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

/* Fails when a member that must be there is not; null is enough where the table does not ask for
 * more. */
static void check_need(struct iv_json_reader *reader, const struct iv_field *field,
                       const struct iv_json_value *found)
{
    const bool may_be_null = (field->shape & IV_SHAPE_FILLED) == 0;
    if ((field->shape & IV_SHAPE_NEEDED) != 0 &&
        (found == NULL || (!may_be_null && found->type == IV_JSON_NULL))) {
        iv_json_fail(reader, "member \"%s\" is missing", field->name);
    }
}

/* The most fields that a table has. */
enum { FIELDS_MAX = 48 };

/*
 * The member of each field, by the field's place in the table; NULL: it is not there. Members stand
 * mostly in the order of the table, so the search for the next one goes on from the last one, once
 * around. Members that the table does not know are passed over.
 */
static void match_fields(const struct iv_json_value *object, const struct iv_struct *type,
                         const struct iv_json_value *ret_found[FIELDS_MAX])
{
    assert(type->field_count <= FIELDS_MAX);
    memset(ret_found, 0, type->field_count * sizeof(*ret_found));
    size_t next = 0;
    const struct iv_json_value *end = object + object->span;
    for (const struct iv_json_value *name = object + 1; name < end; name += 1 + name[1].span) {
        for (size_t tried = 0, at = next; tried < type->field_count; tried++) {
            const bool is_it = is_text(name, type->fields[at].name);
            ret_found[at] = is_it ? name + 1 : ret_found[at];
            at = at + 1 < type->field_count ? at + 1 : 0;
            if (is_it) {
                next = at;
                break;
            }
        }
    }
}

/* Nests only as deep as the tables do. */
void iv_json_read_fields(struct iv_json_reader *reader, const struct iv_json_value *object,
                         const struct iv_struct *type, unsigned uses, void *ret_object)
{
    const struct iv_json_value *found[FIELDS_MAX];
    if (reader->failed || object == NULL) {
        return;
    }
    match_fields(object, type, found);
    for (size_t i = 0; i < type->field_count && !reader->failed; i++) {
        const struct iv_field *field = &type->fields[i];
        if ((field->uses & uses) == 0) {
            continue;
        }
        check_need(reader, field, found[i]);
        switch (field->type) {
        case IV_TYPE_STRING:
        case IV_TYPE_BOOL:
        case IV_TYPE_U64:
        case IV_TYPE_ENUM:
        case IV_TYPE_VERSION:
        case IV_TYPE_SIZE:
            read_scalar(reader, object, field, found[i], ret_object);
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
