/*
 * inspect.h: what imgval inspect prints of a submission that was read and not judged.
 */
#ifndef IMGVAL_REPORT_SHOW_INSPECT_H
#define IMGVAL_REPORT_SHOW_INSPECT_H

#include "imgval/base/buf.h"
#include "imgval/model/submission.h"

#include <stdbool.h>

/* For people. verbose > 0: every package in full, with its files. */
void iv_inspect_text(const struct iv_submission *s, unsigned verbose, bool ascii,
                     struct iv_buf *buf);

/* schema/imgval-inspect-1.schema.json */
void iv_inspect_json(const struct iv_submission *s, struct iv_buf *buf);

#endif
