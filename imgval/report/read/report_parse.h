/*
 * report_parse.h: a saved report, or a stream of records, as pieces. Runs in a reader process.
 */
#ifndef IMGVAL_REPORT_READ_REPORT_PARSE_H
#define IMGVAL_REPORT_READ_REPORT_PARSE_H

#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/window.h"

#include <stdbool.h>
#include <stddef.h>

/* A rule by id, or NULL: rules/ and the policy's own rows, which this layer does not know. */
typedef const struct iv_rule *iv_rule_find_fn(const char *id);

/* A report that is one document. */
struct iv_report_text {
    const char *bytes;
    size_t size;
    bool is_map; /* of a file: what was read may be given back to the system meanwhile */
};

/*
 * Both fail with IV_ERROR_INVALID for malformed JSON (with line and column), another schema, a
 * missing or wrong member (with its path), and an id that `find` does not know. Pieces were sent
 * before. A stream that stops before its `end` record, also within a line, is read as far as it
 * goes.
 */
IV_MUST_USE bool iv_report_parse(const struct iv_report_text *text, iv_rule_find_fn *find,
                                 struct iv_pieces *pieces, struct iv_error *err);
IV_MUST_USE bool iv_stream_parse(struct iv_window *window, iv_rule_find_fn *find,
                                 struct iv_pieces *pieces, struct iv_error *err);

#endif
