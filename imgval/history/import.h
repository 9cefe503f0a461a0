/*
 * import.h: history from wherever it was kept, as records for the baseline store: export bundles,
 * JSON and JSONL reports, UpdateHistory.xml, plain lists, and everything that can be scanned.
 */
#ifndef IMGVAL_HISTORY_IMPORT_H
#define IMGVAL_HISTORY_IMPORT_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/record.h"
#include "imgval/report/read/saved.h"
#include "imgval/scan/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_import {
    struct iv_record *records;
    size_t count;
    bool is_bundle; /* the records keep the flags they came with */
};

/*
 * Reads one path. `options`: device values for inputs that lack them, `baseline`, reading options.
 * `now`: the time of recording, seconds since 1970. err: IV_ERROR_NO_INPUT, IV_ERROR_INVALID (a
 * malformed or incomplete input), IV_ERROR_USAGE (version or POP missing: which options to give).
 */
IV_MUST_USE bool iv_import_read(const char *path, const struct iv_scan_options *options,
                                int64_t now, struct iv_arena *arena, struct iv_import *ret_import,
                                struct iv_error *err);

/* How saved documents are read where packages are read with these options, which must last. */
struct iv_saved_options iv_import_saved_options(const struct iv_reading *reading);

/*
 * A submission of a report, built anew from its packages and device values: id, set and variants
 * are those of the content and not a claim of the report. Device values of the options win. The
 * packages are borrowed, and put in order where they lie. ret_is_its_id: whether the id that the
 * report gives is that of the packages, variants and firmware version that it lists.
 */
void iv_import_rebuild(const struct iv_submission *reported, const struct iv_reading *reading,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       bool *ret_is_its_id);

#endif
