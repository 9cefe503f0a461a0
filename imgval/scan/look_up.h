/*
 * look_up.h: a submission is compared with its neighbours in the baseline store, or with --against.
 */
#ifndef IMGVAL_SCAN_LOOK_UP_H
#define IMGVAL_SCAN_LOOK_UP_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/submission.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>

/* Finds the submission's neighbours in the store (or --against) and compares. What goes wrong with
 * the store is a fact of the submission; err is for --against alone. */
IV_MUST_USE bool iv_scan_look_up(const struct iv_scan_options *options, struct iv_arena *arena,
                                 struct iv_submission *submission, struct iv_error *err);

#endif
