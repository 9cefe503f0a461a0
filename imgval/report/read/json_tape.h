/*
 * json_tape.h: JSON text (RFC 8259) taken apart into a tape: one flat array of values in the order
 * of the text, each of which knows how many places it takes, so that the next one is found without
 * pointers. No tree is built.
 *
 * A large array of objects stays out of the tape: its elements are checked and forgotten, and
 * iv_json_element() takes them apart again one at a time. So a document costs its largest element,
 * whatever its size; reading it costs one more pass over the text for each level of such arrays.
 *
 * Stricter than the standard where two readers could take a text for two things: duplicate members,
 * bytes that are not UTF-8, lone surrogates, NUL, and whole numbers beyond int64_t are errors; so
 * is nesting deeper than IV_JSON_DEPTH_MAX.
 */
#ifndef IMGVAL_REPORT_READ_JSON_TAPE_H
#define IMGVAL_REPORT_READ_JSON_TAPE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_json_type {
    IV_JSON_NULL,
    IV_JSON_FALSE,
    IV_JSON_TRUE,
    IV_JSON_INTEGER,
    IV_JSON_REAL, /* its value is nobody's business */
    IV_JSON_STRING,
    IV_JSON_ARRAY,
    IV_JSON_LARGE_ARRAY, /* its elements are not on the tape */
    IV_JSON_OBJECT,      /* a string and a value for each member */
};

enum { IV_JSON_DEPTH_MAX = 64 };

struct iv_json_large;

struct iv_json_value {
    union {
        const char *text; /* a string's bytes, without escapes and without a NUL at the end */
        int64_t integer;
        const struct iv_json_large *large;
        uint64_t names; /* objects: one bit of 64 for each name, see name_bit() */
    };
    uint32_t size;  /* bytes of a string; elements or members */
    uint32_t span;  /* places on the tape, this one included */
    uint32_t found; /* objects and arrays: place and number of what was looked up last */
    uint32_t found_number;
    enum iv_json_type type;
    bool has_bytes; /* objects: a member's name ends in "_bytes" */
};

struct iv_json_tape {
    struct iv_json_value *values;
    size_t count;
    size_t capacity;
    struct iv_arena texts; /* strings that had escapes */
    const char *owner;     /* the large array whose element this is, and which one */
    size_t number;
    const char *at; /* after that element */
};

/* Zeroed to begin with; may be parsed into again and again. Borrows the text. */
struct iv_json_document {
    const char *text;
    size_t size;
    size_t first_line;
    bool is_map;          /* the text is a map of a file, which is read again where it is needed */
    const char *released; /* of it: what lies before is not in memory */
    struct iv_json_tape tapes[IV_JSON_DEPTH_MAX]; /* the document; elements within elements */
};

/* Takes one whole array or object apart. The error names line (counted from `first_line`) and
 * column. The value lives until the document is parsed into again or closed. */
IV_MUST_USE bool iv_json_parse(struct iv_json_document *document, const char *text, size_t size,
                               size_t first_line, const struct iv_json_value **ret_value,
                               struct iv_error *err);
void iv_json_close(struct iv_json_document *document);

/* The first of these bytes that is a quote, a backslash, a control character or not ASCII, else the
 * end: a text without any of them stands for itself. */
const char *iv_json_plain_end(const char *at, const char *end);

/* The value at a place of an array. One of a large array lives until another one is asked for. */
const struct iv_json_value *iv_json_element(const struct iv_json_value *array, size_t number);

/* The member of an object, or NULL. */
const struct iv_json_value *iv_json_member_named(const struct iv_json_value *object,
                                                 const char *name, size_t name_size);

#endif
