/*
 * fit.h: text that was laid out for no screen in particular, fitted to a narrow one. For what
 * commands print beside reports: explanations, lists, help.
 */
#ifndef IMGVAL_REPORT_WRITE_FIT_H
#define IMGVAL_REPORT_WRITE_FIT_H

#include "imgval/base/buf.h"

/*
 * Appends the lines of `text`; those of more than `width` columns are broken between words, and go
 * on below where their last column begins. A line that continues a paragraph takes what was broken
 * off before it. A word is never broken. `width` 0: as it is. For our own text and escaped text,
 * without colours.
 */
void iv_fit(const char *text, unsigned width, struct iv_buf *out);

#endif
