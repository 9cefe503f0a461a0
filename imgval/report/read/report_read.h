/*
 * report_read.h: a saved JSON report, or a stream of records, read back into the model, so that any
 * sink can print it again: JSON written from it has the same bytes.
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

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a report that is read back: one of 100,000 findings has some 60 MB. */
#define IV_REPORT_READ_MAX (256 * IV_MIB)

/* A rule by id, or NULL: rules/ and the policy's own rows, which this layer does not know. */
typedef const struct iv_rule *iv_rule_find_fn(const char *id);

/* What the first bytes look like; reading says whether it is so. */
bool iv_json_is_report(const char *bytes, size_t size);
bool iv_json_is_stream(const char *bytes, size_t size);

/*
 * Reads either form. Fails with IV_ERROR_INVALID for malformed JSON (with line and column), another
 * schema, a missing or wrong member (with its path), an id that `find` does not know, and counts
 * that do not agree.
 *
 * A stream that stops before its `end` record (also within a line) is read as far as it goes:
 * *ret_complete is false and the report's is_part true then, and the verdict `pass` of the report
 * and of its last submission becomes `incomplete`.
 */
IV_MUST_USE bool iv_report_read(const char *bytes, size_t size, iv_rule_find_fn *find,
                                struct iv_arena *arena, struct iv_report *ret_report,
                                bool *ret_complete, struct iv_error *err);

/* One submission of a stream, valid until the function returns. `whole`: false when the stream ends
 * within it, or holds another number of packages than it says. */
typedef void iv_report_entry_fn(void *context, const struct iv_report_entry *entry, bool whole);

#define IV_STREAM_LINE_MAX (64 * IV_MIB) /* bytes of one record */

/*
 * Reads a stream of any length, submission by submission: memory holds one of them at a time. Fails
 * like iv_report_read(); what was handed over before stays so. *ret_complete as there.
 */
IV_MUST_USE bool iv_stream_read(int fd, iv_rule_find_fn *find, iv_report_entry_fn *each,
                                void *context, bool *ret_complete, struct iv_error *err);

#endif
