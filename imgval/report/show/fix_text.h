/*
 * fix_text.h: what imgval fix prints: what it wrote, and what no package can fix.
 */
#ifndef IMGVAL_REPORT_SHOW_FIX_TEXT_H
#define IMGVAL_REPORT_SHOW_FIX_TEXT_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/fix.h"
#include "imgval/model/report.h"

#include <stdbool.h>

struct iv_fix_view {
    const struct iv_fix *fix;
    const struct iv_report *report; /* of the one submission */
    const char *where;              /* --output */
    const char *scan;               /* the command that shows whether all is well now */
    bool ascii;
};

/* Returns whether something remains to be done beside adding the packages. */
bool iv_fix_text(const struct iv_fix_view *show, struct iv_arena *arena, struct iv_buf *buf);

#endif
