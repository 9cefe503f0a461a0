/*
 * fields.h: ONE table per struct of facts (name, type, offset). The codec of the workers' pipe, the
 * JSON sink and reader, the store, the policy's field names and the pattern rows of rules/ all run
 * on these tables: a fact is spelled once.
 */
#ifndef IMGVAL_MODEL_FIELDS_H
#define IMGVAL_MODEL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum iv_type {
    IV_TYPE_STRING,  /* const char *; NULL: not said */
    IV_TYPE_BOOL,    /* bool */
    IV_TYPE_U64,     /* uint64_t */
    IV_TYPE_ENUM,    /* an enum of int size; `names` has its words */
    IV_TYPE_VERSION, /* struct iv_version */
    IV_TYPE_LIST,    /* pointer to `of` structs at `offset`, size_t count at `count_offset` */
    IV_TYPE_STRINGS, /* const char ** at `offset`, size_t count at `count_offset` */
    IV_TYPE_STRUCT,  /* `of` struct in place */
};

enum {
    IV_FIELD_WIRE = 1,   /* travels from a reader to the parent */
    IV_FIELD_REPORT = 2, /* a member of the JSON report under its name */
    IV_FIELD_STORED = 4, /* kept by the baseline store and in export bundles */
    IV_FIELD_TEXT = 8,   /* may be named by a pattern row (strings only) */
};

struct iv_struct;

struct iv_field {
    const char *name; /* as in the JSON report: "owner_type" */
    enum iv_type type;
    unsigned uses; /* IV_FIELD_... */
    size_t offset;
    size_t count_offset;
    const char *const *names; /* IV_TYPE_ENUM: words by value, NULL-terminated */
    const struct iv_struct *of;
};

struct iv_struct {
    const char *name;
    size_t size;
    const struct iv_field *fields;
    size_t field_count;
};

extern const struct iv_struct iv_package_struct;
extern const struct iv_struct iv_package_file_struct;
extern const struct iv_struct iv_fault_struct;
extern const struct iv_struct iv_datum_struct;
extern const struct iv_struct iv_history_struct;
extern const struct iv_struct iv_oem_input_struct;
extern const struct iv_struct iv_image_struct;
extern const struct iv_struct iv_image_hash_struct;
extern const struct iv_struct iv_image_signer_struct;
extern const struct iv_struct iv_image_claim_struct;
extern const struct iv_struct iv_image_partition_struct;
extern const struct iv_struct iv_image_store_struct;
extern const struct iv_struct iv_image_phase_struct;
extern const struct iv_struct iv_facts_struct;

/* A field by name, or NULL. */
const struct iv_field *iv_field_find(const struct iv_struct *type, const char *name);

/* The string field's value in an object. */
const char *iv_field_string(const struct iv_field *field, const void *object);

/* Words of the model's enumerations, by value, NULL-terminated. */
extern const char *const iv_style_names[];  /* "unknown", "spkg", "cbs" */
extern const char *const iv_origin_names[]; /* "submission", "history" */
extern const char *const iv_rank_names[];
extern const char *const iv_fault_names[];
extern const char *const iv_container_names[];

#endif
