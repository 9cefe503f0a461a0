/*
 * input.h: what a path is, what there is to read in it, and the reading of one item.
 *
 * The parent process lists (iv_input_list) and parses nothing: it looks at names, kinds of
 * directory entries and, for a path that is a file, at its first bytes. A worker reads one item
 * at a time (iv_input_read). A kind of input is one row of the table in input.c and one file
 * kind_NAME.c.
 */
#ifndef IMGVAL_INPUT_INPUT_H
#define IMGVAL_INPUT_INPUT_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/model/facts.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_role {
    IV_ROLE_PACKAGE,     /* a package file: cabinet, or a bare manifest; by content */
    IV_ROLE_FOLDER,      /* an extracted package: the folder that holds man.dsm.xml or update.mum */
    IV_ROLE_HISTORY,     /* UpdateHistory.xml */
    IV_ROLE_OEM_INPUT,   /* OEMInput.xml */
    IV_ROLE_REGISTRY,    /* OEMSettings.reg lying loose */
    IV_ROLE_ANSWER,      /* some .xml: read if it is a customization answer file, else not */
    IV_ROLE_DEVICE_INFO, /* --device-info: .reg, answer file or Name=Value lines, by content */
};

/* One thing for a worker to read. */
struct iv_item {
    enum iv_role role;
    const char *path;     /* as in reports */
    const char *relative; /* beneath the listing's directory; NULL when fd is used. Of a FOLDER:
                             its manifest (the path is that of the folder) */
    int fd;               /* opened by the parent (side files, a single package); else -1 */
};

struct iv_listing {
    enum iv_kind kind;
    bool is_single_file;   /* the path is one package file */
    int directory;         /* descriptor of the root, -1 for a single file; owned */
    struct iv_item *items; /* sorted by path */
    size_t item_count;
    struct iv_fault *faults; /* what could not be listed: limits, unreadable folders, links and the
                                like with a package's name, image files that are not read */
    size_t fault_count;
    const char **histories; /* report paths of every UpdateHistory.xml found in (or, for a single
                               file, beside) the input; items exist for them too */
    size_t history_count;
};

struct iv_list_options {
    const struct iv_limits *limits;
    const char *update_history; /* --update-history: file or directory; NULL. Then the ones in the
                                   input are not listed. The path itself: no package is listed */
    const char *oem_input;      /* --oem-input, likewise */
    const char *device_info;    /* --device-info; NULL */
};

/*
 * Lists what there is to read in `path`. err: IV_ERROR_NO_INPUT for a path (of the input or of an
 * option) that does not exist or cannot be opened at all, IV_ERROR_USAGE for one that is neither a
 * file nor a directory. What is wrong below is a fault.
 */
IV_MUST_USE bool iv_input_list(const char *path, const struct iv_list_options *options,
                               struct iv_arena *arena, struct iv_listing *ret_listing,
                               struct iv_error *err);
void iv_input_close(struct iv_listing *listing); /* closes every descriptor */

struct iv_read_options {
    const struct iv_limits *limits;
    bool want_files; /* fill iv_package.files (inspect) */
};

/* Reads one item, in a worker. Cannot fail: what is wrong is a fault in the facts, on the package
 * where there is one. */
void iv_input_read(const struct iv_listing *listing, const struct iv_item *item,
                   const struct iv_read_options *options, struct iv_arena *arena,
                   struct iv_facts *ret_facts);

/* The package that stands for an item whose reader died: its name and key from the file name, and
 * `unreadable`. */
void iv_input_stand_in(const struct iv_item *item, enum iv_fault_kind kind, const char *detail,
                       struct iv_arena *arena, struct iv_facts *ret_facts);

#endif
