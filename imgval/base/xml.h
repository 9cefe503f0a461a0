/*
 * xml.h: one safe SAX2 pass over one XML document, driven by a table of element paths.
 *
 * No DTD, no entities but the five of XML, no network, no size override; depth, attributes and tag
 * size are bounded before the parser sees them. UTF-8 with or without BOM, UTF-16 with BOM (or
 * recognised by its first '<'); a declared encoding that is none of these is refused by name.
 * Elements are matched by namespace and local name, so any prefix will do; elements of other
 * namespaces, and what they hold, are passed over. Names are case-sensitive. A document in which an
 * element that may stand once stands twice is malformed: readers would choose either, so it has no
 * one meaning. The only module that knows libxml2.
 */
#ifndef IMGVAL_BASE_XML_H
#define IMGVAL_BASE_XML_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a document could not be read to its end. */
enum iv_xml_state {
    IV_XML_FINE,
    IV_XML_MALFORMED,
    IV_XML_LIMIT, /* one of limits.h */
    IV_XML_UNSUPPORTED,
};

struct iv_xml_error {
    enum iv_xml_state state;
    uint64_t line;      /* from 1; 0: none */
    const char *detail; /* one clause: no newline, no final stop */
};

/* One attribute without a namespace; strings live until the callback returns. */
struct iv_xml_attribute {
    const char *name;
    const char *value;
};

/* An element that a row of the table matches. */
struct iv_xml_element {
    const struct iv_xml_attribute *attributes;
    size_t attribute_count;
    const char *text; /* at the end: character data directly inside, as it stands; "" for none */
    uint64_t line;    /* of the start tag, from 1 */
};

/* The value of an attribute (exact name), or NULL. */
const char *iv_xml_attribute(const struct iv_xml_element *element, const char *name);

typedef void iv_xml_fn(void *context, const struct iv_xml_element *element);

/* An element that no row has, directly inside one that a row or a part of a path names. */
typedef void iv_xml_unknown_fn(void *context, const char *name, uint64_t line);

struct iv_xml_row {
    const char *path; /* local names from the root, "Package/Identity/Owner" */
    iv_xml_fn *start; /* at the start tag, attributes set; may be NULL */
    iv_xml_fn *end;   /* at the end tag, text set (attributes are not); may be NULL */
    bool once;        /* may stand once in the element that holds it */
};

struct iv_xml_table {
    const char *const *namespaces; /* the root must have one of these, NULL-terminated; its
                                      children of the table must be in the same one */
    bool is_mixed;                 /* the children may be in any of them */
    const struct iv_xml_row *rows;
    size_t row_count;
    iv_xml_unknown_fn *unknown; /* NULL: they are passed over in silence */
};

/* A document, and what reading it may take. */
struct iv_xml_input {
    const char *bytes;
    size_t size;
    const struct iv_limits *limits;
    struct iv_arena *arena; /* for the pass, and for the detail of an error */
};

/*
 * Parses a whole document. Handlers cannot stop the pass: they keep state of their own through
 * `context`. ret_namespace: index of the root's namespace in the table ("" there stands for none).
 * A root that no row's path begins with, or of another namespace, is malformed ("root element is
 * <x>, expected <Package>"). Rows may share a path; they are called in no particular order.
 * False with *ret_error set (MALFORMED, LIMIT or UNSUPPORTED; line, detail) as soon as the document
 * is not well-formed or a limit is hit; handlers may have been called before. An element that
 * stands more than once is passed over with what it holds; the pass goes on, and false is its
 * result. Text of an element is bounded by the document's size.
 */
IV_MUST_USE bool iv_xml_read(const struct iv_xml_input *input, const struct iv_xml_table *table,
                             void *context, size_t *ret_namespace, struct iv_xml_error *ret_error);

/* Appends the name and version of the library that is linked: "libxml2 2.9.14". */
void iv_xml_library(struct iv_buf *buf);

#endif
