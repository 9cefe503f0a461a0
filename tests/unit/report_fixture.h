/*
 * report_fixture.h: a report built by hand, rich in everything that a sink must print: a failing,
 * an incomplete and a passing submission, with names that attack terminals, documents and build
 * agents. Shared by the tests of all sinks.
 */
#ifndef TESTS_UNIT_REPORT_FIXTURE_H
#define TESTS_UNIT_REPORT_FIXTURE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/model/record.h"
#include "imgval/model/report.h"
#include "imgval/report/sink.h"

#include <stddef.h>

/* Three submissions: fail, incomplete (no metadata, no store), pass. */
void fixture_report(struct iv_arena *arena, struct iv_report *ret_report);

/* One submission as a policy leaves it: a site rule, a severity, a waiver under --what-if. */
void fixture_policy(struct iv_arena *arena, struct iv_report *ret_report);

/* One submission with `count` findings and as many packages: for measuring. */
void fixture_big(struct iv_arena *arena, size_t count, struct iv_report *ret_report);

/* The fixture's own rules by id, or NULL. */
const struct iv_rule *fixture_rule(const char *id);

/* Pieces of names that some output would obey; NULL-terminated. */
extern const char *const fixture_hostile[];

/* What a sink writes; the buffer is the caller's. */
void fixture_write(const struct iv_report *report, const struct iv_sink *sink,
                   const struct iv_style_options *style, struct iv_buf *ret_text);

/* Runs tests/report/validate.py over a text when $IMGVAL_VALIDATE names that script (the build sets
 * it); true when it is content or not asked for. */
bool fixture_validate(const char *text, size_t size);

/* Saved text read back in this process, as a reader process and the parent would. */
IV_MUST_USE bool fixture_read(const char *bytes, size_t size, struct iv_arena *arena,
                              struct iv_report *ret_report, bool *ret_complete,
                              struct iv_error *err);
IV_MUST_USE bool fixture_read_bundle(const char *bytes, size_t size, struct iv_arena *arena,
                                     struct iv_record **ret_records, size_t *ret_count,
                                     struct iv_error *err);

#endif
