/*
 * package_list.h: a plain list of packages, "name[, version[, partition]]" on each line, or the
 * columns of InstalledPackages.csv in a phone's log.
 */
#ifndef IMGVAL_REPORT_READ_PACKAGE_LIST_H
#define IMGVAL_REPORT_READ_PACKAGE_LIST_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/package.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/window.h"

#include <stdbool.h>
#include <stddef.h>

/* In a reader process: the packages as pieces. Fails with IV_ERROR_INVALID, with the path and the
 * number of the line, for a line that is none of a list. */
IV_MUST_USE bool iv_package_list_parse(struct iv_window *window, const char *path,
                                       struct iv_pieces *pieces, struct iv_error *err);

/* In the parent: the packages so far, in an arena. */
struct iv_package_list_taker {
    struct iv_arena *arena;
    const char *path; /* of the list: that of its packages */
    struct iv_package *packages;
    size_t count;
    size_t capacity;
    bool is_broken;
};
/* Takes a part of pieces. False: it is none that a list has. */
bool iv_package_list_take(struct iv_package_list_taker *taker, const void *part, size_t size);
IV_MUST_USE bool iv_package_list_end(struct iv_package_list_taker *taker,
                                     struct iv_package **ret_packages, size_t *ret_count,
                                     struct iv_error *err);

#endif
