/*
 * view.h: text for a terminal, as the commands of report/show print it: a buffer, and whether what
 * is put into it must be ASCII. Internal to report/show.
 */
#ifndef IMGVAL_REPORT_SHOW_VIEW_H
#define IMGVAL_REPORT_SHOW_VIEW_H

#include "imgval/base/buf.h"
#include "imgval/base/text.h"

#include <stdbool.h>

struct iv_view {
    struct iv_buf *buf;
    bool ascii;
};

/* Text of the input, escaped; NULL is nothing. */
static inline void iv_view_text(const struct iv_view *view, const char *text)
{
    iv_text_escape(view->buf, text == NULL ? "" : text, 0, view->ascii);
}

#endif
