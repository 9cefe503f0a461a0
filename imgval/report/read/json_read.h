/*
 * json_read.h: JSON values read back, checked for shape.
 *
 * A reader fails once: the first value of a wrong shape sets the error, and from then on
 * every read gives nothing, so that callers read a whole object and look at `failed` then. Members
 * that nobody asks for are ignored: formats may grow. Strings are copied into the arena.
 */
#ifndef IMGVAL_REPORT_READ_JSON_READ_H
#define IMGVAL_REPORT_READ_JSON_READ_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/model/fields.h"
#include "imgval/report/read/json_tape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_json_reader {
    struct iv_arena *arena;
    struct iv_error *err; /* IV_ERROR_INVALID */
    bool failed;
};

/*
 * Whether one of the first members of a text that looks like a JSON object has this name and a
 * string that begins like this: a guess from the first 4 KiB, to recognise a format.
 */
bool iv_json_mentions(const char *text, size_t size, const char *name, const char *beginning);

/* The lines of a text, blank ones left out; `number` counts all of them from 1. */
struct iv_json_lines {
    const char *text;
    size_t size;
    size_t at;
    size_t number;
};
/* False at the end. ret_whole: the line ends with a newline. */
bool iv_json_next_line(struct iv_json_lines *lines, const char **ret_line, size_t *ret_size,
                       bool *ret_whole);

/* Marks the reader as failed: an error of the caller's. */
void iv_json_fail(struct iv_json_reader *reader, const char *fmt, ...) IV_PRINTF(2, 3);
/* Context for the error of a reader that has failed. */
void iv_json_context(struct iv_json_reader *reader, const char *fmt, ...) IV_PRINTF(2, 3);

bool iv_json_is_object(const struct iv_json_value *value);
/* Fails for the first name of the NULL-terminated list that is no member of the object. */
void iv_json_require(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const char *const *names);
#define IV_JSON_REQUIRE(reader, object, ...)                                                       \
    iv_json_require((reader), (object), (const char *const[]){__VA_ARGS__, NULL})
bool iv_json_has(const struct iv_json_value *object, const char *name);

/*
 * A member of an object. One that is absent or null reads as NULL, false, 0. The exact bytes of a
 * string come from NAME_bytes, which must agree with NAME.
 */
const char *iv_json_get_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                               const char *name);
/* One that must be there and not null. */
const char *iv_json_need_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                                const char *name);
bool iv_json_get_bool(struct iv_json_reader *reader, const struct iv_json_value *object,
                      const char *name);
int64_t iv_json_get_int(struct iv_json_reader *reader, const struct iv_json_value *object,
                        const char *name);
uint64_t iv_json_get_uint(struct iv_json_reader *reader, const struct iv_json_value *object,
                          const char *name);
/* The place of the member's word in a NULL-terminated list; absent or another word fails. */
int iv_json_get_word(struct iv_json_reader *reader, const struct iv_json_value *object,
                     const char *name, const char *const *words);
const struct iv_json_value *iv_json_get_object(struct iv_json_reader *reader,
                                               const struct iv_json_value *object,
                                               const char *name);
const struct iv_json_value *iv_json_get_array(struct iv_json_reader *reader,
                                              const struct iv_json_value *object, const char *name,
                                              size_t *ret_count);
const char **iv_json_get_strings(struct iv_json_reader *reader, const struct iv_json_value *object,
                                 const char *name, size_t *ret_count);

/* The object at a place of an array; fails for anything else. */
const struct iv_json_value *iv_json_item(struct iv_json_reader *reader,
                                         const struct iv_json_value *array, size_t i);
/* The array itself, or NULL and failure. */
const struct iv_json_value *iv_json_as_array(struct iv_json_reader *reader,
                                             const struct iv_json_value *value, size_t *ret_count);

/* Walks the members of an object in their order; begins zeroed. */
struct iv_json_member {
    const char *name; /* without a NUL */
    size_t name_size;
    const struct iv_json_value *value;
};
bool iv_json_next(const struct iv_json_value *object, struct iv_json_member *member);

/* What iv_json_fields() wrote, into an object that the caller zeroed. */
void iv_json_read_fields(struct iv_json_reader *reader, const struct iv_json_value *object,
                         const struct iv_struct *type, unsigned uses, void *ret_object);

#endif
