/*
 * Packages: attributes and files -> manifest, cabinet or folder.
 *
 * A package is a list of attributes (strings that end up in the manifest unchanged but for XML
 * escapes), a list of files that the manifest names, members beyond those, and the shape of the
 * cabinet. Everything belongs to the arena that it was opened with.
 */
#ifndef FX_PACKAGE_WRITE_H
#define FX_PACKAGE_WRITE_H

#include "base.h"
#include "cabinet_write.h"
#include "text.h"

enum fx_style { FX_STYLE_SPKG, FX_STYLE_CBS };

enum fx_order { FX_ORDER_USUAL, FX_ORDER_FIRST, FX_ORDER_MIDDLE, FX_ORDER_LAST };

#define FX_ATTRIBUTES_MAX 48
#define FX_METHODS_MAX 8

/* A file that the manifest names. */
struct fx_entry {
    const char *device_path;
    const char *cab_path;
    const char *type; /* FileType */
    struct fx_source source;
    struct fx_lie lie_size; /* in the manifest */
    bool registry;          /* stored in an extracted package even without payload=true */
};

struct fx_method_choice {
    enum fx_method method;
    unsigned window_bits;
};

/* Members of this name (case folded) get these lies and, if rename is set, this name. */
struct fx_alteration {
    const char *name;
    const char *rename; /* or NULL */
    size_t rename_len;
    struct fx_member lies; /* only its lie_ fields, attributes, date and time count */
};

struct fx_package {
    enum fx_style style;
    struct fx_arena *arena;
    const char *values[FX_ATTRIBUTES_MAX]; /* NULL: the default; by position in the table */
    struct fx_entry *entries;
    size_t entry_count;
    struct fx_member *extras; /* members that the manifest does not name */
    size_t extra_count;
    size_t extras_first; /* the first so many stand before everything else */
    const char **omits;  /* members that are left out of the cabinet */
    size_t omit_count;
    bool has_manifest; /* manifest_text replaces the generated one */
    struct fx_source manifest_text;
    enum fx_order order;
    uint64_t folders;
    unsigned block_size;
    struct fx_method_choice methods[FX_METHODS_MAX]; /* folder i takes number i modulo count */
    size_t method_count;
    bool payload; /* an extracted package gets its payload too */
    struct fx_alteration *alterations;
    size_t alteration_count;
    struct fx_field *folder_lies; /* name: offset, blocks or type; block: index of the folder */
    size_t folder_lie_count;
    struct fx_lie folder_type; /* compression type of every folder */
    const char *twin;          /* folder that gets the members as plain files, or NULL */
    struct fx_cabinet cabinet; /* reserves, lies, patches */
};

void fx_package_open(struct fx_package *package, enum fx_style style, struct fx_arena *arena);

/* Sets an attribute; "-" leaves it out. False when this style has none of that name. */
bool fx_package_set(struct fx_package *package, const char *name, const char *value);

/* The value of an attribute or its default; NULL when it is to be left out. */
const char *fx_package_get(const struct fx_package *package, const char *name);

/* True when the attribute's value is "true", whatever the case. */
bool fx_package_is(const struct fx_package *package, const char *name);

/* Whether there is a catalog: catalog=true, v1 or v2. */
bool fx_package_has_catalog(const struct fx_package *package);

/* A new listed file, zeroed; the pointer holds until the next call. */
struct fx_entry *fx_package_add_entry(struct fx_package *package);

/* Writes the package: a cabinet, or a folder when the path ends in a slash. */
void fx_package_write(struct fx_package *package, const char *path);

/* Writes package->cabinet, whose folders and members are complete, to path; and its twin. */
void fx_package_write_cabinet(struct fx_package *package, const char *path);

/* Writes the members of a finished cabinet as plain files beneath directory. */
void fx_members_write(struct fx_arena *arena, const struct fx_cabinet *cabinet,
                      const char *directory);

#endif
