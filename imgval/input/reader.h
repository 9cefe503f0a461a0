/*
 * reader.h: what the readers of one item share: where facts go, how faults are worded, how text of
 * the input is taken. Internal to imgval/input.
 *
 * A reader lives as long as the reading of one item. Facts go into `arena`; lists that are needed
 * only while reading (files of a manifest, members of a cabinet) go into `scratch`.
 */
#ifndef IMGVAL_INPUT_READER_H
#define IMGVAL_INPUT_READER_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/limits.h"
#include "imgval/base/xml.h"
#include "imgval/input/input.h"
#include "imgval/model/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_reader {
    const struct iv_limits *limits;
    const struct iv_verify_options *verify; /* NULL: packages are not read whole */
    bool want_files;
    bool no_hash;
    struct iv_arena *arena;
    struct iv_arena *scratch;
    struct iv_facts *facts;
};

/* Bytes of one manifest or metadata source, and what to call the place. */
struct iv_document {
    const char *path;   /* of the file, as in reports */
    const char *member; /* of the cabinet or folder, or NULL */
    const char *source; /* metadata: what a datum names as its source */
    const char *bytes;
    size_t size;
};

/*
 * Room for one more element after `count`: returns the array, moved or not. For arrays that only
 * this function grows (capacity is the next power of two).
 */
void *iv_reader_grow(struct iv_arena *arena, void *array, size_t count, size_t size);

/* The last part of a path; '/' and '\\' both separate. */
const char *iv_reader_last_part(const char *path);

/* Text of the input for a fault's detail: control characters as '?', cut at 120 bytes. Scratch. */
const char *iv_reader_shown(const struct iv_reader *r, const char *text);

/* Element text without the white space of XML around it; NULL when nothing is left. In `arena`. */
char *iv_reader_trimmed(struct iv_arena *arena, const char *text);

/* xs:boolean: "true", "false", "1", "0", exactly. False: none of them. */
bool iv_reader_parse_bool(const char *text, bool *ret_value);

/* Whether a text is one of the owner types that packages know (Microsoft, OEM, ...), folded. */
bool iv_reader_is_owner_type(const char *text);

/* Appends a fault about the item. */
void iv_reader_fault(const struct iv_reader *r, const struct iv_fault *fault);

/* Appends a fault about a package; with `spoils` the package's facts are incomplete. */
void iv_reader_package_fault(const struct iv_reader *r, struct iv_package *package,
                             const struct iv_fault *fault, bool spoils);

/* The first thing that is wrong with a manifest stands: a fault MALFORMED, unless there is one. */
void iv_reader_malformed(const struct iv_reader *r, struct iv_fault *fault, uint64_t line,
                         const char *fmt, ...) IV_PRINTF(4, 5);

/* Formats a detail that lives as long as the facts. */
const char *iv_reader_printf(const struct iv_reader *r, const char *fmt, ...) IV_PRINTF(2, 3);

/*
 * A fault of a metadata source: what is malformed there is METADATA; a limit and the like stay what
 * they are. With `package`, it is a fault of that package, which it does not spoil.
 */
void iv_reader_metadata_fault(const struct iv_reader *r, struct iv_package *package,
                              const struct iv_document *doc, const struct iv_fault *fault);

/*
 * Appends a device value, if the name is a known one; the value NULL says that the source deletes
 * it. A second value under the same name, source and group replaces the first, as in a registry.
 */
void iv_reader_datum(const struct iv_reader *r, const char *name, const char *value,
                     const char *source, const char *group, enum iv_rank rank);

/* The same without replacing: a source that is no registry and says two things says both. */
void iv_reader_datum_add(const struct iv_reader *r, const char *name, const char *value,
                         const char *source, const char *group, enum iv_rank rank);

/* Forgets what the source has said of a value so far: it says something that cannot be read. */
void iv_reader_datum_drop(const struct iv_reader *r, const char *name, const char *source);

/*
 * Text of the document as UTF-8 without byte order mark: UTF-16 with a mark (or with NULs in its
 * first two bytes) is converted, 8-bit text stays as it is, gzip data are inflated first. False
 * with *ret_fault set for damaged or oversized gzip data, malformed UTF-16, and NULs.
 */
IV_MUST_USE bool iv_reader_decode(const struct iv_reader *r, const struct iv_document *doc,
                                  struct iv_buf *buf, struct iv_fault *ret_fault);

/* iv_xml_read() over a document, what is wrong with it as a fault (kind, line and detail). */
IV_MUST_USE bool iv_reader_xml(const struct iv_reader *r, const struct iv_document *doc,
                               const struct iv_xml_table *table, void *context,
                               size_t *ret_namespace, struct iv_fault *ret_fault);

/*
 * The local name of an XML document's root element, from its first bytes alone (UTF-8 or UTF-16).
 * False when it cannot be seen: no XML, or other things in front for longer than `size`.
 */
#define IV_ROOT_NAME_SIZE 64
bool iv_reader_root_name(const char *bytes, size_t size, char ret_name[IV_ROOT_NAME_SIZE]);

#endif
