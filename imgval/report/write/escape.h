/*
 * escape.h: text from the input in the one form in which every format for people shows it; the
 * formats' own quoting goes on top of that. JSON is exact instead (json.h).
 */
#ifndef IMGVAL_REPORT_WRITE_ESCAPE_H
#define IMGVAL_REPORT_WRITE_ESCAPE_H

#include "imgval/base/buf.h"

#include <stdbool.h>

/*
 * Appends text (NULL: nothing), cut at the limit of a report, as iv_text_escape() writes it: no
 * control character, no invisible one, valid UTF-8, one line. Command channels of build agents are
 * broken too: the second of two number signs comes out as \x23, and the first of two colons where a
 * word begins as \x3a.
 */
void iv_escape_shown(struct iv_buf *buf, const char *text, bool ascii);

/* The same with an end of its own, for formats that are bounded as a whole: at most `max` bytes of
 * the source, then "...". */
void iv_escape_shown_part(struct iv_buf *buf, const char *text, size_t max);

/*
 * The same for a command of a build agent, which has its own way to write a percent sign; each of
 * the characters `more` becomes % and two hexadecimal digits. No CR or LF is left to be written.
 */
void iv_escape_command(struct iv_buf *buf, const char *text, const char *percent, const char *more);

/*
 * Appends the path as a URI reference: every byte but letters, digits, "-._~/" is percent-encoded,
 * so invalid UTF-8 is exact. An absolute path becomes a file: URI, a relative one stays relative.
 */
void iv_escape_uri(struct iv_buf *buf, const char *path);

/*
 * A text from the input as a report carries it: itself, or, when it is longer than the limit
 * report_text, its beginning and "..." (in `scratch`, valid until that changes). What was cut once
 * is not cut again. For messages, remedies, actual and expected values.
 */
const char *iv_sink_cut(const char *text, struct iv_buf *scratch);

#endif
