/*
 * report_read.h: a saved JSON report, or a stream of records, read back into the model, so that any
 * sink can print it again: JSON written from it has the same bytes. It is parsed in a reader
 * process (saved.h); here its pieces are put together.
 *
 * What a report does not carry is not there afterwards: faults, the history's own packages, and of
 * the packages that a finding lists all but their names.
 */
#ifndef IMGVAL_REPORT_READ_REPORT_READ_H
#define IMGVAL_REPORT_READ_REPORT_READ_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/model/report.h"
#include "imgval/report/read/report_parse.h"

#include <stdbool.h>
#include <stddef.h>

/* What the first bytes look like; reading says whether it is so. */
bool iv_json_is_report(const char *bytes, size_t size);
bool iv_json_is_stream(const char *bytes, size_t size);

/* One submission of a stream, without its set, valid until the function returns. `whole`: false
 * when the stream ends within it, or holds another number of packages than it says. */
typedef void iv_report_entry_fn(void *context, const struct iv_report_entry *entry, bool whole);

/* A report in the making. */
struct iv_loader;

/* `each` NULL: the report is kept, in the arena. Else its submissions are handed over one by one,
 * and memory holds one of them at a time; the arena is not used. */
struct iv_loader *iv_loader_new(iv_rule_find_fn *find, struct iv_arena *arena,
                                iv_report_entry_fn *each, void *context);
void iv_loader_free(struct iv_loader **loader);

/* Takes a part that a reader sent. False: it is refused, and so is the report; iv_loader_end() says
 * why. */
bool iv_loader_take(struct iv_loader *loader, const void *part, size_t size);

/*
 * All parts were taken. Fails with IV_ERROR_INVALID for what does not agree: counts, verdicts,
 * findings; what was handed over before stays so. ret_report: where it is kept, else NULL.
 *
 * A stream that stopped before its `end` record is as far as it goes: *ret_complete is false and
 * the report's is_part true then, and the verdict `pass` of the report and of its last submission
 * becomes `incomplete`.
 */
IV_MUST_USE bool iv_loader_end(struct iv_loader *loader, struct iv_report *ret_report,
                               bool *ret_complete, struct iv_error *err);

#endif
