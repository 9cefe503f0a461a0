/*
 * bundle.h: the export form of the baseline store: sorted JSON lines, so that two exports can be
 * compared with diff; importing one gives an identical store. One header line, one line for each
 * submission, one end line. The shape is schema/imgval-bundle-1.schema.json.
 */
#ifndef IMGVAL_REPORT_READ_BUNDLE_H
#define IMGVAL_REPORT_READ_BUNDLE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/record.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the records sorted by id, each once. Write errors are found through ferror(). */
void iv_bundle_write(const struct iv_record *records, size_t count, FILE *out);

/* What the first bytes look like; reading says whether it is so. */
bool iv_bundle_is(const char *bytes, size_t size);

/*
 * In a reader process: the records as pieces. Fails with IV_ERROR_INVALID, with line and column,
 * for malformed JSON, another schema, missing or wrong members, and a bundle without its end line
 * (it was cut off). Whether an id is that of its content is for the store to check.
 */
IV_MUST_USE bool iv_bundle_parse(struct iv_window *window, struct iv_pieces *pieces,
                                 struct iv_error *err);

/* In the parent: the records so far, in an arena. */
struct iv_bundle_taker {
    struct iv_arena *arena;
    struct iv_record *records;
    size_t count;
    size_t capacity;
    bool is_broken;
};
/* Takes a part of pieces. False: it is none that a bundle has. */
bool iv_bundle_take(struct iv_bundle_taker *taker, const void *part, size_t size);
/* All of them, sorted by id. Fails with IV_ERROR_INVALID for one id twice. */
IV_MUST_USE bool iv_bundle_end(struct iv_bundle_taker *taker, struct iv_record **ret_records,
                               size_t *ret_count, struct iv_error *err);

#endif
