/*
 * discover.h: the firmware submissions below a directory, found by names alone.
 *
 * A submission is the topmost folder that holds packages (files, or extracted ones) or side files
 * (UpdateHistory.xml, OEMInput.xml, OEMSettings.reg) beside folders with packages; what lies below
 * belongs to it. But where one package name stands in two of its sub-folders, or an image below it,
 * there are several submissions: then the sub-folders are looked at, and packages beside them are
 * nobody's. Sub-folders that are named like partitions make one submission, and so does the root of
 * an installed tree. A folder with one image is that image's; two images are two. Saved reports
 * outside of submissions are found too. An archive that is read is looked into, and is a submission
 * as the tree that it holds would be; one that holds several cannot be reported apart by a path,
 * and is found with that trouble.
 */
#ifndef IMGVAL_HISTORY_DISCOVER_H
#define IMGVAL_HISTORY_DISCOVER_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/input/archive.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_found {
    const char *path;
    bool has_metadata;   /* a folder with device metadata or an update history of its own */
    bool is_data;        /* a file that may be a report, a stream or an export bundle */
    const char *trouble; /* why it cannot be a submission; NULL */
};

struct iv_found_list {
    struct iv_found *items; /* sorted: numbers in paths count as numbers; each path once */
    size_t count;
    size_t capacity;
    bool is_partial; /* some folder could not be listed, which its item says */
};

/* Adds what lies at a path: the path itself when it is a file. err: IV_ERROR_NO_INPUT. */
IV_MUST_USE bool iv_discover(const char *path, const struct iv_archive_options *options,
                             struct iv_arena *arena, struct iv_found_list *list,
                             struct iv_error *err);
/*
 * Whether a folder or an archive holds several submissions and so is none itself: at least two of
 * the folders found in it have device metadata or an update history of their own. ret_count: how
 * many; *ret_is_archive: which of the two it is.
 */
bool iv_discover_is_several(const char *path, const struct iv_archive_options *options,
                            struct iv_arena *arena, size_t *ret_count, bool *ret_is_archive);
/* After the last one. */
void iv_discover_sort(struct iv_found_list *list);

#endif
