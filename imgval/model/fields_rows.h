/*
 * fields_rows.h: how a row of a field table is written. The type of a member is checked by the
 * compiler: a row that says otherwise is no constant expression.
 */
#ifndef IMGVAL_MODEL_FIELDS_ROWS_H
#define IMGVAL_MODEL_FIELDS_ROWS_H

#include "imgval/base/attr.h"
#include "imgval/model/fields.h"

#include <stddef.h>
#include <stdint.h>

/* The member's offset, if the member has exactly this type; else no constant expression. */
#define CHECKED(object, member, wanted)                                                            \
    (offsetof(struct object, member) +                                                             \
     0 * sizeof(char[_Generic(((struct object *)0)->member, wanted : 1, default                    \
                              : -1)]))

#define STRING(object, member, label, use)                                                         \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_STRING, .uses = (use) | IV_FIELD_TEXT,                    \
        .offset = CHECKED(object, member, const char *)                                            \
    }
#define BOOL(object, member, label, use)                                                           \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_BOOL, .uses = (use),                                      \
        .offset = CHECKED(object, member, bool)                                                    \
    }
#define NUMBER(object, member, label, use)                                                         \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_U64, .uses = (use),                                       \
        .offset = CHECKED(object, member, uint64_t)                                                \
    }
#define VERSION(object, member, label, use)                                                        \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_VERSION, .uses = (use),                                   \
        .offset = CHECKED(object, member, struct iv_version)                                       \
    }
#define ENUM(object, member, label, use, enumeration, words)                                       \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_ENUM, .uses = (use),                                      \
        .offset = CHECKED(object, member, enum enumeration), .names = (words)                      \
    }
#define LIST(object, member, count, label, use, element)                                           \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_LIST, .uses = (use),                                      \
        .offset = CHECKED(object, member, struct element *),                                       \
        .count_offset = CHECKED(object, count, size_t), .of = &element##_struct                    \
    }
#define STRINGS(object, member, count, label, use)                                                 \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_STRINGS, .uses = (use),                                   \
        .offset = CHECKED(object, member, const char **),                                          \
        .count_offset = CHECKED(object, count, size_t)                                             \
    }
#define STRUCT(object, member, label, use, element)                                                \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_STRUCT, .uses = (use),                                    \
        .offset = CHECKED(object, member, struct element), .of = &element##_struct                 \
    }

#define TABLE(type, rows)                                                                          \
    {                                                                                              \
        .name = #type, .size = sizeof(struct type), .fields = (rows),                              \
        .field_count = IV_COUNT(rows)                                                              \
    }

#endif
