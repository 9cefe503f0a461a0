/*
 * fields.h: ONE table per struct of facts (name, type, offset), and per struct of judgements. The
 * codec of the workers' pipe, the JSON writer and reader, CSV, the schemas, the store, the policy's
 * field names and the pattern rows of rules/ all run on these tables: a member is spelled once.
 *
 * The tables of facts stand in fields.c, those of findings, outcomes and what goes with them in
 * fields_report.c; both are written with the rows of fields_rows.h.
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
    /* In reports alone: these neither travel from a reader nor stand in the store. */
    IV_TYPE_SIZE,    /* size_t */
    IV_TYPE_POINTER, /* pointer to one const `of` struct; NULL: not said */
    IV_TYPE_NAMES, /* pointers to packages at `offset`, size_t count at `count_offset`, whose names
                      are the member; bool at `given_offset`: it is one, also when empty */
};

enum {
    IV_FIELD_WIRE = 1,   /* travels from a reader to the parent */
    IV_FIELD_REPORT = 2, /* a member of the JSON report under its name */
    IV_FIELD_STORED = 4, /* kept by the baseline store and in export bundles */
    IV_FIELD_TEXT = 8,   /* may be named by a pattern row (strings only) */
    /* Members of a JSON report in some places only. */
    IV_FIELD_ID = 16,       /* of a rule: its id, which a reader looks up */
    IV_FIELD_NAME = 32,     /* of a rule: its name beside the id */
    IV_FIELD_SITE = 64,     /* of a rule: what is said of a row that no table of rules/ has */
    IV_FIELD_COMPARED = 128 /* of a baseline: as a variant's neighbour */
};

/* How a member stands in JSON. */
enum {
    IV_SHAPE_OPTIONAL = 1, /* it is left out when there is nothing to say: NULL, 0, false */
    IV_SHAPE_INLINE = 2,   /* of a struct: its members stand among those of the object itself */
    IV_SHAPE_CUT = 4,      /* of a text: as far as one value in a report may be long */
    IV_SHAPE_NEEDED = 8,   /* a reader refuses an object without it */
    IV_SHAPE_FILLED = 16,  /* ... or with null in its place */
    IV_SHAPE_BESIDE = 32,  /* optional, and said (as null) beside the field before it */
    IV_SHAPE_ONE = 64,     /* a list of one at most: an object, left out when there is none */
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
    size_t given_offset; /* IV_TYPE_NAMES */
    unsigned shape;      /* IV_SHAPE_... */
    const char *column;  /* in CSV: the column; of a struct: what its columns begin with; of names:
                            the column that counts them. NULL: it has none */
};

struct iv_struct {
    const char *name;
    size_t size;
    const struct iv_field *fields;
    size_t field_count;
};

extern const struct iv_struct iv_package_struct;
extern const struct iv_struct iv_package_file_struct;
extern const struct iv_struct iv_flaw_struct;
extern const struct iv_struct iv_sealed_file_struct;
extern const struct iv_struct iv_seal_struct;
extern const struct iv_struct iv_fault_struct;
extern const struct iv_struct iv_datum_struct;
extern const struct iv_struct iv_answer_import_struct;
extern const struct iv_struct iv_history_struct;
extern const struct iv_struct iv_oem_input_struct;
extern const struct iv_struct iv_layout_struct;
extern const struct iv_struct iv_layout_partition_struct;
extern const struct iv_struct iv_image_struct;
extern const struct iv_struct iv_image_hash_struct;
extern const struct iv_struct iv_image_signer_struct;
extern const struct iv_struct iv_image_claim_struct;
extern const struct iv_struct iv_image_partition_struct;
extern const struct iv_struct iv_image_store_struct;
extern const struct iv_struct iv_image_phase_struct;
extern const struct iv_struct iv_entries_struct;
extern const struct iv_struct iv_facts_struct;

/* Of reports. */
extern const struct iv_struct iv_finding_struct;
extern const struct iv_struct iv_outcome_struct;
extern const struct iv_struct iv_counts_struct;
extern const struct iv_struct iv_rule_struct;
extern const struct iv_struct iv_pop_struct;
extern const struct iv_struct iv_baseline_struct;
extern const struct iv_struct iv_wspc_struct;
extern const struct iv_struct iv_submission_struct;
extern const struct iv_struct iv_circumstances_struct;

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
