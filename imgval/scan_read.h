/*
 * scan_read.h: the first half of a scan: one path is listed, its items are read in reader processes
 * or recalled from the facts cache, and their facts are put together. Called by scan.c alone.
 */
#ifndef IMGVAL_SCAN_READ_H
#define IMGVAL_SCAN_READ_H

#include "imgval/scan.h"

/*
 * Reads a path into a submission, whatever it is: a directory is a tree of packages, also one that
 * holds image files. err as in iv_scan_read().
 */
IV_MUST_USE bool iv_scan_read_path(const char *path, const struct iv_scan_options *options,
                                   struct iv_arena *arena, struct iv_submission *ret_submission,
                                   struct iv_containment *ret_containment, struct iv_error *err);

#endif
