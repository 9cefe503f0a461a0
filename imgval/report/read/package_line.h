/*
 * package_line.h: the fast way for the records that a stream has most of. A line that holds a
 * package just as imgval writes one (sink_jsonl.c) becomes its piece straight from the text; any
 * other line, right or wrong, is left to the general reader (report_parse.c), which makes the same
 * piece of a line that this can read, and a message of one that nobody can.
 */
#ifndef IMGVAL_REPORT_READ_PACKAGE_LINE_H
#define IMGVAL_REPORT_READ_PACKAGE_LINE_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What lines are compared with. */
struct iv_package_lines;

/* In the arena. `needed`: NULL-terminated names of members that must be there. */
const struct iv_package_lines *iv_package_lines_new(const char *const *needed,
                                                    struct iv_arena *arena);

/*
 * Appends what iv_facts_encode() makes of the package of a report. False, and nothing appended:
 * this is no line of that form, or not a package of the submission with this number.
 */
bool iv_package_lines_encode(const struct iv_package_lines *lines, const char *line, size_t size,
                             uint64_t submission, struct iv_buf *buf);

#endif
