/*
 * scan_read.h: the first half of a scan: one path is listed, its items are read in reader processes
 * or recalled from the facts cache, and their facts are put together.
 */
#ifndef IMGVAL_SCAN_SCAN_READ_H
#define IMGVAL_SCAN_SCAN_READ_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/workers.h"
#include "imgval/input/archive.h"
#include "imgval/model/submission.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>
#include <stddef.h>

/* One submission to be read. */
struct iv_scan_input {
    const char *path;
    const char *folder;     /* the path is an image in it, and stands for it; NULL */
    bool is_one_of_several; /* images in the folder */
    const char *trouble;    /* why there may be images in it that were not found; NULL */
};

/*
 * Reads a path into a submission, whatever it is: a directory is a tree of packages, also one that
 * holds image files. err as in iv_scan_read().
 */
IV_MUST_USE bool iv_scan_read_input(const struct iv_scan_input *input,
                                    const struct iv_reading *options, struct iv_arena *arena,
                                    struct iv_submission *ret_submission,
                                    struct iv_containment *ret_containment, struct iv_error *err);

/* How the directories of archives are read in this scan. */
static inline struct iv_archive_options iv_scan_archive_options(const struct iv_reading *reading)
{
    return (struct iv_archive_options){
        .limits = &reading->limits,
        .jobs = reading->jobs,
        .require_sandbox = reading->require_sandbox,
        .by_exec = reading->by_exec,
    };
}

/* The device values given on the command line, as data of the highest rank. */
struct iv_datum *iv_scan_option_data(const struct iv_reading *options, struct iv_arena *arena,
                                     size_t *ret_count);

/*
 * Reads one path into a submission (no look-up, no judging). A directory with one image file stands
 * for that image. err: IV_ERROR_NO_INPUT, IV_ERROR_USAGE (several images or histories, a partial
 * without a history), IV_ERROR_SYSTEM.
 */
IV_MUST_USE bool iv_scan_read(const char *path, const struct iv_reading *options,
                              struct iv_arena *arena, struct iv_submission *ret_submission,
                              struct iv_containment *ret_containment, struct iv_error *err);

#endif
