/*
 * json_tape.c: a parser by recursive descent, bounded by IV_JSON_DEPTH_MAX. It fails once, with the
 * place and a clause; all its functions return false then.
 *
 * Each value is pushed on the tape when it begins, and its size and span are filled in when it
 * ends. So `{"a":[1,2],"b":3}` is the tape
 *
 *     object(span 7) "a" array(span 3) 1 2 "b" 3
 *
 * and the value after the array is three places on. A value is named by its place while parsing
 * goes on, because push() may move the tape.
 *
 * The text may come from an attacker, so no input may cost more than its size allows: a tape has a
 * limit, duplicate names among many are found by sorting, and an array of objects that grows past
 * LARGE values is taken off the tape. Of such an array only its beginning is kept;
 * large_element() parses its elements again, one at a time, onto the tape of the next level. The
 * tape remembers which element it holds and where the text goes on, so that elements asked for in
 * order cost one pass in all.
 */
#include "imgval/report/read/json_tape.h"

#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Values of an array that stay on the tape; values of a tape (128 MiB); members that are compared
 * each with each. */
enum { LARGE = 4096, TAPE_MAX = 4 * 1024 * 1024, FEW_MEMBERS = 64 };

/* Where the elements of a large array are, as they are not on the tape. */
struct iv_json_large {
    struct iv_json_document *document;
    const char *start; /* after its bracket */
    size_t level;      /* the tape that its elements are put on */
};

/* One parse: of a document, or of one element of a large array again. */
struct parser {
    struct iv_json_document *document;
    struct iv_json_tape *tape;
    size_t level;
    const char *at;
    const char *end;
    const char *why; /* what is wrong there; NULL: nothing */
    size_t depth;
};

/* Keeps the first reason: what follows from it does not matter. Always false. */
static bool fail(struct parser *p, const char *why)
{
    p->why = p->why == NULL ? why : p->why;
    return false;
}

static bool parse_value(struct parser *p);

/* ---- the tape -------------------------------------------------------------------------------- */

/* Adds a value without content. It is valid until the next push, also when the tape is full: that
 * sets p->why, which the callers look at. */
static struct iv_json_value *push(struct parser *p, enum iv_json_type type)
{
    struct iv_json_tape *tape = p->tape;
    if (tape->count == tape->capacity) {
        tape->capacity = tape->capacity == 0 ? 64 : tape->capacity * 2;
        tape->values = iv_realloc(tape->values, tape->capacity * sizeof(*tape->values));
    }
    struct iv_json_value *value = &tape->values[tape->count++];
    *value = (struct iv_json_value){.type = type, .span = 1};
    if (tape->count > TAPE_MAX) {
        (void)fail(p, "too many values, or nested too deep");
    }
    return value;
}

/* Forgets the values, and keeps their memory for the next ones. */
static void empty(struct iv_json_tape *tape)
{
    tape->count = 0;
    tape->owner = NULL;
    iv_arena_reset(&tape->texts, (struct iv_arena_mark){0});
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The four of RFC 8259, section 2, and no others. */
static inline void skip_blanks(struct parser *p)
{
    while (p->at < p->end &&
           (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t')) {
        p->at++;
    }
}

/* Steps over a character when it is the next one; never fails the parser. */
static bool take(struct parser *p, char wanted)
{
    if (p->at == p->end || *p->at != wanted) {
        return false;
    }
    p->at++;
    return true;
}

static bool take_word(struct parser *p, const char *word, enum iv_json_type type)
{
    size_t size = strlen(word);
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0) {
        return fail(p, "no JSON value");
    }
    p->at += size;
    (void)push(p, type);
    return p->why == NULL;
}

static bool is_digit(const struct parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

/* One digit at least. */
static bool take_digits(struct parser *p)
{
    if (!is_digit(p)) {
        return fail(p, "a number without a digit where one must be");
    }
    while (is_digit(p)) {
        p->at++;
    }
    return true;
}

/* The rest of a real number (RFC 8259, section 6). It is checked, and its value is not kept. */
static bool take_fraction(struct parser *p)
{
    if (take(p, '.') && !take_digits(p)) {
        return false;
    }
    if (take(p, 'e') || take(p, 'E')) {
        (void)(take(p, '+') || take(p, '-'));
        return take_digits(p);
    }
    return true;
}

/* A negative number is added up below zero, because INT64_MIN has no positive counterpart. */
static bool parse_number(struct parser *p)
{
    const bool is_negative = take(p, '-');
    const char *first = p->at;
    int64_t number = 0;
    bool fits = true;
    for (; is_digit(p); p->at++) {
        int digit = *p->at - '0';
        fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_add_overflow(number, is_negative ? -digit : digit, &number);
    }
    if (p->at == first || (*first == '0' && p->at > first + 1)) {
        return fail(p, "no JSON value");
    }
    const bool is_real = p->at < p->end && (*p->at == '.' || *p->at == 'e' || *p->at == 'E');
    if (is_real && !take_fraction(p)) {
        return false;
    }
    if (!is_real && !fits) {
        return fail(p, "a whole number beyond 64 bits");
    }
    struct iv_json_value *value = push(p, is_real ? IV_JSON_REAL : IV_JSON_INTEGER);
    value->integer = is_real ? 0 : number;
    return p->why == NULL;
}

/* The four digits after \u, in either case. */
static bool take_hex(struct parser *p, uint32_t *ret_code)
{
    *ret_code = 0;
    for (int i = 0; i < 4; i++) {
        char c = p->at < p->end ? iv_ascii_lower(*p->at) : '\0';
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return fail(p, "\\u without four hexadecimal digits");
        }
        *ret_code = *ret_code * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        p->at++;
    }
    return true;
}

/* After "\u": one character, of two escapes when it is beyond U+FFFF (RFC 8259, section 7). A zero
 * is refused, because the strings of the model end with a NUL: a text would be cut there. */
static bool take_code(struct parser *p, struct iv_buf *buf)
{
    uint32_t code;
    uint32_t low = 0;
    if (!take_hex(p, &code)) {
        return false;
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (!take(p, '\\') || !take(p, 'u') || !take_hex(p, &low) || low < 0xDC00 || low > 0xDFFF) {
            return fail(p, "half of a surrogate pair");
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail(p, "half of a surrogate pair");
    } else if (code == 0) {
        return fail(p, "\\u0000 within a string");
    }
    iv_utf8_add(buf, code);
    return true;
}

/* After the backslash. */
static bool take_escape(struct parser *p, struct iv_buf *buf)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (take(p, 'u')) {
        return take_code(p, buf);
    }
    const char *letter = p->at < p->end && *p->at != '\0' ? strchr(letters, *p->at) : NULL;
    if (letter == NULL) {
        return fail(p, "no such escape");
    }
    iv_buf_add(buf, &meanings[letter - letters], 1);
    p->at++;
    return true;
}

/*
 * How many of eight bytes are before the first quote, backslash, control character or byte that is
 * not ASCII. Such a byte has its highest bit set after one of these steps: it has it already (not
 * ASCII); it is less than a blank, so that the subtraction wraps; or it is zero after the XOR, and
 * wraps when 1 is taken off. A byte that wraps borrows from the next higher one, which may then
 * look special too. So the lowest one that does is special, which is the first one as the bytes are
 * put together here.
 */
static inline size_t plain_of_eight(const char *bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t eight;
    memcpy(&eight, bytes, sizeof(eight));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    const uint64_t quote = eight ^ (each * '"');
    const uint64_t slash = eight ^ (each * '\\');
    const uint64_t special =
        (eight | (eight - each * ' ') | (quote - each) | (slash - each)) & (each << 7);
    return special == 0 ? sizeof(eight) : (size_t)__builtin_ctzll(special) / 8;
}

static bool is_special(unsigned char c)
{
    return c < ' ' || c >= 0x80 || c == '"' || c == '\\';
}

const char *iv_json_plain_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        size_t plain = plain_of_eight(at);
        at += plain;
        if (plain < 8) {
            return at;
        }
    }
    while (at < end && !is_special((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* Up to a quote, an escape, or what may not stand there. */
static bool skip_plain(struct parser *p)
{
    for (;;) {
        p->at = iv_json_plain_end(p->at, p->end);
        if (p->at == p->end) {
            return fail(p, "a string without an end");
        }
        const unsigned char c = (unsigned char)*p->at;
        if (c == '"' || c == '\\') {
            return true;
        }
        if (c < ' ') {
            return fail(p, "a control character within a string");
        }
        uint32_t code;
        size_t taken = iv_utf8_decode(p->at, (size_t)(p->end - p->at), &code);
        if (taken == 0) {
            return fail(p, "a string that is not UTF-8");
        }
        p->at += taken;
    }
}

/* The rest of a string from its first escape on; what stands before it begins at `first`. */
static bool unescape(struct parser *p, const char *first, struct iv_json_value *value)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&buf, first, (size_t)(p->at - first));
    while (!take(p, '"')) {
        const char *plain = p->at;
        if (take(p, '\\')) {
            if (!take_escape(p, &buf)) {
                return false;
            }
            continue;
        }
        if (!skip_plain(p)) {
            return false;
        }
        iv_buf_add(&buf, plain, (size_t)(p->at - plain));
    }
    value->text = iv_arena_strndup(&p->tape->texts, iv_buf_text(&buf), buf.size);
    value->size = (uint32_t)buf.size;
    return true;
}

/* A string without escapes is borrowed from the document; one with escapes is copied. */
static bool parse_string(struct parser *p)
{
    if (!take(p, '"')) {
        return fail(p, "no string where one must be");
    }
    const char *first = p->at;
    struct iv_json_value *value = push(p, IV_JSON_STRING);
    if (p->why != NULL || !skip_plain(p)) {
        return false;
    }
    value->text = first;
    value->size = (uint32_t)(p->at - first);
    return take(p, '"') || unescape(p, first, value);
}

/* Of a map of a file, what was passed need not stay in memory. */
static void release(struct iv_json_document *document, const char *at)
{
    enum { STEP = 2 * 1024 * 1024 };
    if (!document->is_map) {
        return;
    }
    if (at < document->released) { /* it is read once more */
        document->released = document->text;
    }
    if (at - document->released >= STEP) {
        iv_file_forget(document->released, (size_t)(at - document->released));
        document->released = at;
    }
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* Takes the elements of an array off the tape again, with their texts. The array itself stays, and
 * is a large one from now on. */
static void forget_elements(struct parser *p, size_t place, struct iv_arena_mark mark,
                            const char *start)
{
    struct iv_json_value *array = &p->tape->values[place];
    p->tape->count = place + 1;
    iv_arena_reset(&p->tape->texts, mark);
    array->type = IV_JSON_LARGE_ARRAY;
    array->text = start; /* until the array is at its end */
    release(p->document, p->at);
}

/* The record of a large array is made here and not earlier: forget_elements() would free it. */
static void close_array(struct parser *p, size_t place, size_t count)
{
    struct iv_json_value *array = &p->tape->values[place];
    array->size = (uint32_t)count;
    array->span = (uint32_t)(p->tape->count - place);
    if (array->type == IV_JSON_LARGE_ARRAY) {
        struct iv_json_large *large = IV_NEW(&p->tape->texts, struct iv_json_large);
        *large = (struct iv_json_large){p->document, array->text, p->level + 1};
        array->large = large;
    }
}

/*
 * Elements stay on the tape until they are more than LARGE values and all of them objects; from
 * then on each is forgotten as soon as it is parsed. Arrays of strings and numbers stay whole. The
 * elements of a large array need a tape of the next level, so that the last level has none.
 */
static bool parse_array(struct parser *p)
{
    const size_t place = p->tape->count;
    const struct iv_arena_mark mark = iv_arena_mark(&p->tape->texts);
    (void)push(p, IV_JSON_ARRAY);
    const char *start = p->at;
    size_t count = 0;
    bool is_of_objects = p->level + 1 < IV_JSON_DEPTH_MAX;
    skip_blanks(p);
    bool is_open = !take(p, ']');
    while (is_open && p->why == NULL) {
        const size_t element = p->tape->count;
        if (!parse_value(p)) {
            return false;
        }
        count++;
        is_of_objects = is_of_objects && p->tape->values[element].type == IV_JSON_OBJECT;
        if (p->tape->values[place].type == IV_JSON_LARGE_ARRAY ||
            (is_of_objects && p->tape->count - place > LARGE)) {
            forget_elements(p, place, mark, start);
        }
        skip_blanks(p);
        is_open = take(p, ',');
        if (!is_open && !take(p, ']')) {
            return fail(p, "no \",\" and no \"]\" after an element");
        }
        skip_blanks(p);
    }
    close_array(p, place, count);
    return p->why == NULL;
}

/* ---- objects --------------------------------------------------------------------------------- */

/* One bit of 64 for a name: names whose bits differ, differ. */
static uint64_t name_bit(const char *name, size_t size)
{
    if (size == 0) {
        return 1;
    }
    const unsigned first = (unsigned char)name[0];
    const unsigned last = (unsigned char)name[size - 1];
    const unsigned middle = (unsigned char)name[size / 2];
    return UINT64_C(1) << ((size * 5 + first * 3 + middle * 7 + last * 11) & 63);
}

static bool is_same_text(const struct iv_json_value *value, const char *text, size_t size)
{
    return value->size == size && memcmp(value->text, text, size) == 0;
}

/* By size first: cheaper, and any total order finds equal names. */
static int order_names(const void *a, const void *b)
{
    const struct iv_json_value *x = *(const struct iv_json_value *const *)a;
    const struct iv_json_value *y = *(const struct iv_json_value *const *)b;
    if (x->size != y->size) {
        return x->size < y->size ? -1 : 1;
    }
    return memcmp(x->text, y->text, x->size);
}

/* Whether one of many names stands twice. Sorted, because comparing each with each would take the
 * square of a number that the text decides. */
static bool has_twice(const struct iv_json_value *object, size_t count)
{
    const struct iv_json_value **names = iv_malloc(count * sizeof(*names));
    const struct iv_json_value *at = object + 1;
    for (size_t i = 0; i < count; i++, at += 1 + at[1].span) {
        names[i] = at;
    }
    iv_sort(names, count, sizeof(*names), order_names);
    bool twice = false;
    for (size_t i = 1; i < count && !twice; i++) {
        twice = order_names(&names[i - 1], &names[i]) == 0;
    }
    free(names);
    return twice;
}

/* The name that was just put on the tape, against the members before it. A name whose bit was not
 * seen is new without a comparison. Beyond FEW_MEMBERS, has_twice() looks at the end. */
static bool is_new_name(const struct parser *p, size_t place, size_t count, uint64_t *seen)
{
    const struct iv_json_value *name = &p->tape->values[p->tape->count - 1];
    const uint64_t bit = name_bit(name->text, name->size);
    const bool is_alone = (*seen & bit) == 0;
    *seen |= bit;
    const struct iv_json_value *at = &p->tape->values[place + 1];
    for (size_t i = 0; i < count && !is_alone && count <= FEW_MEMBERS; i++, at += 1 + at[1].span) {
        if (is_same_text(at, name->text, name->size)) {
            return false;
        }
    }
    return true;
}

static bool ends_in_bytes(const struct iv_json_value *name)
{
    static const char ending[] = "_bytes";
    const size_t size = sizeof(ending) - 1;
    return name->size >= size && memcmp(name->text + name->size - size, ending, size) == 0;
}

/* A name and its value. The object may move when the value is parsed, so it is updated before. */
static bool parse_member(struct parser *p, size_t place, size_t count, uint64_t *seen)
{
    skip_blanks(p);
    if (!parse_string(p)) {
        return false;
    }
    if (!is_new_name(p, place, count, seen)) {
        return fail(p, "a duplicate member");
    }
    struct iv_json_value *object = &p->tape->values[place];
    object->has_bytes = object->has_bytes || ends_in_bytes(&p->tape->values[p->tape->count - 1]);
    skip_blanks(p);
    if (!take(p, ':')) {
        return fail(p, "no \":\" after a member's name");
    }
    return parse_value(p);
}

/* Members stand as pairs, name and value; the bits of all names are kept, so that a look-up of a
 * name that is not there mostly ends at once. */
static bool parse_object(struct parser *p)
{
    const size_t place = p->tape->count;
    (void)push(p, IV_JSON_OBJECT);
    size_t count = 0;
    uint64_t seen = 0;
    skip_blanks(p);
    bool is_open = !take(p, '}');
    while (is_open && p->why == NULL) {
        if (!parse_member(p, place, count, &seen)) {
            return false;
        }
        count++;
        skip_blanks(p);
        is_open = take(p, ',');
        if (!is_open && !take(p, '}')) {
            return fail(p, "no \",\" and no \"}\" after a member");
        }
    }

    struct iv_json_value *object = &p->tape->values[place];
    if (count > FEW_MEMBERS && has_twice(object, count)) {
        return fail(p, "a duplicate member");
    }
    object->size = (uint32_t)count;
    object->span = (uint32_t)(p->tape->count - place);
    object->found = 1;
    object->names = seen;
    return p->why == NULL;
}

/* Depth is counted here alone: an array or an object is the only way deeper. */
static bool parse_container(struct parser *p, bool is_object)
{
    if (p->depth == IV_JSON_DEPTH_MAX) {
        return fail(p, "too many values, or nested too deep");
    }
    p->at++;
    p->depth++;
    bool is_parsed = is_object ? parse_object(p) : parse_array(p);
    p->depth--;
    return is_parsed;
}

static bool parse_value(struct parser *p)
{
    skip_blanks(p);
    switch (p->at < p->end ? *p->at : '\0') {
    case '{':
        return parse_container(p, true);
    case '[':
        return parse_container(p, false);
    case '"':
        return parse_string(p);
    case 't':
        return take_word(p, "true", IV_JSON_TRUE);
    case 'f':
        return take_word(p, "false", IV_JSON_FALSE);
    case 'n':
        return take_word(p, "null", IV_JSON_NULL);
    case '\0':
        return fail(p, p->at < p->end ? "a NUL" : "the text ends too early");
    default:
        return parse_number(p);
    }
}

/* ---- documents ------------------------------------------------------------------------------- */

/* Sets the error, with the line and the character of the line. Both are counted only now: a text
 * without an error need not pay for it. Continuation bytes of UTF-8 are not counted. */
static bool explain(const struct parser *p, struct iv_error *err)
{
    const struct iv_json_document *d = p->document;
    size_t line = d->first_line;
    size_t column = 1;
    for (const char *at = d->text; at < p->at; at++) {
        line += *at == '\n';
        column = *at == '\n' ? 1 : column + (((unsigned char)*at & 0xC0) != 0x80);
    }
    return iv_error_set(err, IV_ERROR_INVALID, "line %zu, column %zu: not JSON: %s", line, column,
                        p->why);
}

/* The tapes of an earlier document are emptied and keep their memory. A report and every line of a
 * stream is an object, so nothing else is begun. */
bool iv_json_parse(struct iv_json_document *document, const char *text, size_t size,
                   size_t first_line, const struct iv_json_value **ret_value, struct iv_error *err)
{
    for (size_t i = 0; i < IV_JSON_DEPTH_MAX && document->tapes[i].values != NULL; i++) {
        empty(&document->tapes[i]);
    }
    document->text = text;
    document->size = size;
    document->first_line = first_line;
    document->released = text;
    struct parser p = {
        .document = document, .tape = &document->tapes[0], .at = text, .end = text + size};
    if (size > UINT32_MAX) {
        (void)fail(&p, "more than 4 GiB");
        return explain(&p, err);
    }

    skip_blanks(&p);
    if (p.at == p.end || (*p.at != '{' && *p.at != '[')) {
        (void)fail(&p, "\"[\" or \"{\" is expected");
        return explain(&p, err);
    }
    if (parse_value(&p)) {
        skip_blanks(&p);
        if (p.at < p.end) {
            (void)fail(&p, "more text after the end of the value");
        }
    }
    *ret_value = p.tape->values;
    return p.why == NULL || explain(&p, err);
}

/* All levels, with the texts that were unescaped. */
void iv_json_close(struct iv_json_document *document)
{
    for (size_t i = 0; i < IV_JSON_DEPTH_MAX; i++) {
        free(document->tapes[i].values);
        iv_arena_fini(&document->tapes[i].texts);
        document->tapes[i] = (struct iv_json_tape){0};
    }
}

/* ---- looking up ------------------------------------------------------------------------------ */

/*
 * Takes elements apart up to the one that is wanted; all of them were parsed once before, so that
 * this does not fail. Goes on from the element on the tape when it is of the same array and not
 * after the one that is wanted, and else begins at the first element.
 */
static const struct iv_json_value *large_element(const struct iv_json_large *large, size_t number)
{
    struct iv_json_document *document = large->document;
    struct iv_json_tape *tape = &document->tapes[large->level];
    const bool goes_on = tape->count > 0 && tape->owner == large->start && tape->number <= number;
    const char *at = goes_on ? tape->at : large->start;
    size_t next = goes_on ? tape->number + 1 : 0;
    if (goes_on && tape->number == number) {
        return tape->values;
    }

    struct parser p = {.document = document, .tape = tape, .level = large->level, .at = at};
    p.end = document->text + document->size;
    do {
        empty(tape);
        skip_blanks(&p);
        (void)take(&p, ',');
        if (!parse_value(&p)) {
            return NULL;
        }
        tape->owner = large->start;
        tape->number = next;
        tape->at = p.at;
        skip_blanks(&p);
    } while (next++ < number);
    release(document, tape->at);
    return tape->values;
}

/* What was looked up last is kept with the value, which is not ours to change else. */
static void remember(const struct iv_json_value *value, size_t place, size_t number)
{
    struct iv_json_value *own = (struct iv_json_value *)(uintptr_t)value;
    own->found = (uint32_t)place;
    own->found_number = (uint32_t)number;
}

/* Goes on from the element that was asked for last, so that a loop over all does not start at the
 * first one each time. */
const struct iv_json_value *iv_json_element(const struct iv_json_value *array, size_t number)
{
    if (number >= array->size) {
        return NULL;
    }
    if (array->type == IV_JSON_LARGE_ARRAY) {
        return large_element(array->large, number);
    }
    const bool goes_on = array->found > 0 && array->found_number <= number;
    const struct iv_json_value *at = array + (goes_on ? array->found : 1);
    for (size_t i = goes_on ? array->found_number : 0; i < number; i++) {
        at += at->span;
    }
    remember(array, (size_t)(at - array), number);
    return at;
}

/* Members are mostly asked for in the order in which they stand: the search goes on from the last
 * one, once around. */
const struct iv_json_value *iv_json_member_named(const struct iv_json_value *object,
                                                 const char *name, size_t name_size)
{
    size_t place = object->found > 0 && object->found < object->span ? object->found : 1;
    if (object->size > 0 && is_same_text(object + place, name, name_size)) {
        remember(object, place + 1 + object[place + 1].span, 0);
        return object + place + 1;
    }
    if ((object->names & name_bit(name, name_size)) == 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < object->size; i++) {
        const struct iv_json_value *at = object + place;
        place += 1 + at[1].span;
        if (place >= object->span) {
            place = 1;
        }
        if (is_same_text(at, name, name_size)) {
            remember(object, place, 0);
            return at + 1;
        }
    }
    return NULL;
}
