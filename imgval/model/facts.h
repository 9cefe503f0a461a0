/*
 * facts.h: what one reader found in one input item, and its form on the workers' pipe.
 *
 * The bytes run on the tables of fields.h. The decoder is fed by a process that parsed hostile
 * input: it trusts no length, no count and no enumerator, and its memory is bounded by the size of
 * the record. Strings are not copied: they stand in the bytes as they are used.
 */
#ifndef IMGVAL_MODEL_FACTS_H
#define IMGVAL_MODEL_FACTS_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/texts.h"
#include "imgval/model/device.h"
#include "imgval/model/entries.h"
#include "imgval/model/fault.h"
#include "imgval/model/fields.h"
#include "imgval/model/image.h"
#include "imgval/model/package.h"
#include "imgval/model/traits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UpdateHistory.xml after the documented algorithm (imgval/input/history.c). */
struct iv_history {
    const char *path;
    bool present;                /* such a file was read (with or without faults) */
    bool complete;               /* at least one event is "Update Complete" */
    uint64_t event_count;        /* complete events */
    struct iv_package *packages; /* the last state of each name; `removal` says that it is gone */
    size_t package_count;
};

/* OEMInput.xml, as far as a rule asks for it. */
struct iv_oem_input {
    const char *path;
    bool present;
    const char *product; /* "Manufacturing OS" marks an MMOS image */
    const char *soc;
    const char *device;
    const char *release_type;   /* Production, Test */
    const char *build_type;     /* fre, chk, %BUILDTYPE% */
    const char **package_files; /* ad-hoc packages */
    size_t package_file_count;
    bool has_features;     /* they were looked for */
    const char **features; /* Features/Microsoft, as written */
    size_t feature_count;
    const char **oem_features; /* Features/OEM */
    size_t oem_feature_count;
};

/* An answer file names another one whose settings count, too. */
struct iv_answer_import {
    const char *path;   /* of the file that names it */
    const char *source; /* as it stands there; no control characters, cut */
    uint64_t line;
};

/* scan_read.c keeps the package alone of an item that has nothing else: a member that is added here
 * is added to is_package_alone() there. */
struct iv_facts {
    struct iv_package *packages;
    size_t package_count;
    struct iv_datum *data; /* device metadata found in the item */
    size_t datum_count;
    struct iv_answer_import *imports; /* of an answer file */
    size_t import_count;
    struct iv_history history;
    struct iv_oem_input oem_input;
    struct iv_layout layout;
    struct iv_image image;   /* without `present`, its `hash` still counts: a range of chunks */
    struct iv_fault *faults; /* about the item; faults of a package are on the package */
    size_t fault_count;
    struct iv_entries entries; /* of an image, all that lie in it; of a document that is none of
                                  those that are read, that it is so */
};

/* Any struct that has a table, by the fields that have one of `uses`. */
void iv_facts_encode(struct iv_buf *buf, const struct iv_struct *type, const void *object,
                     unsigned uses);
/* Single fields, for whoever has them without the object: a number, also of a count or an
 * enumerator; a text without NULs, NULL where there is none. */
void iv_facts_encode_number(struct iv_buf *buf, uint64_t number);
void iv_facts_encode_text(struct iv_buf *buf, const char *text, size_t size);
/* False when the bytes are not exactly one such object. The object was zeroed by the caller; its
 * strings are borrowed from the bytes, its lists go into the arena. */
IV_MUST_USE bool iv_facts_decode(const void *bytes, size_t size, const struct iv_struct *type,
                                 unsigned uses, struct iv_arena *arena, void *ret_object);

/* Where an object is decoded to. */
struct iv_facts_memory {
    struct iv_arena *arena; /* for lists */
    struct iv_texts *texts; /* for strings, where the bytes will not last: each text is kept once,
                               in the arena; NULL: strings are borrowed */
};

/* The same, with strings kept or borrowed. */
IV_MUST_USE bool iv_facts_decode_into(const void *bytes, size_t size, const struct iv_struct *type,
                                      unsigned uses, const struct iv_facts_memory *memory,
                                      void *ret_object);

/* Whether each text of an object that must be there, by its table, is there. */
bool iv_facts_are_filled(const struct iv_struct *type, unsigned uses, const void *object);

/* What the readers of this program always say: names, keys, paths and details are there, and no
 * fault is without a kind. Facts from a process that cannot be trusted are used only if so. */
IV_MUST_USE bool iv_facts_are_sound(const struct iv_facts *facts);

#endif
