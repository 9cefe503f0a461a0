/*
 * json.h: a JSON writer that escapes; the only way by which a string gets into a JSON document.
 *
 * Text that is not valid UTF-8 is written with U+FFFD for each bad byte, and a second member
 * NAME_bytes holds the exact bytes in hex (in arrays: the array's own name has _bytes). Output is
 * deterministic; nesting is tracked, so commas and indentation come from here.
 */
#ifndef IMGVAL_REPORT_WRITE_JSON_H
#define IMGVAL_REPORT_WRITE_JSON_H

#include "imgval/base/buf.h"
#include "imgval/model/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_json {
    struct iv_buf *buf;
    bool pretty; /* two blanks a level; else one line */
    unsigned depth;
    bool has_members[32]; /* by depth */
};

struct iv_json iv_json(struct iv_buf *buf, bool pretty);

/* schema and tool: what every document of this program begins with. */
void iv_json_head(struct iv_json *json, const char *schema, const char *version);

/* `name` is NULL inside arrays and at the top. */
void iv_json_open_object(struct iv_json *json, const char *name);
void iv_json_close_object(struct iv_json *json);
void iv_json_open_array(struct iv_json *json, const char *name);
void iv_json_close_array(struct iv_json *json);
void iv_json_string(struct iv_json *json, const char *name, const char *text); /* NULL: null */
void iv_json_bool(struct iv_json *json, const char *name, bool value);
void iv_json_uint(struct iv_json *json, const char *name, uint64_t value);
void iv_json_int(struct iv_json *json, const char *name, int64_t value);
/* A member that is left out where there is nothing to say. */
void iv_json_string_if(struct iv_json *json, const char *name, const char *text);
void iv_json_null(struct iv_json *json, const char *name);
void iv_json_strings(struct iv_json *json, const char *name, const char *const *texts,
                     size_t count);

/* The members of an object of the model that have one of `uses`, in table order. */
void iv_json_fields(struct iv_json *json, const struct iv_struct *type, const void *object,
                    unsigned uses);

#endif
