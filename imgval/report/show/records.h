/*
 * records.h: what the commands of the baseline store print of its submissions.
 */
#ifndef IMGVAL_REPORT_SHOW_RECORDS_H
#define IMGVAL_REPORT_SHOW_RECORDS_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/model/record.h"

#include <stdbool.h>
#include <stddef.h>

/* Which variants are listed. */
struct iv_records_wanted {
    bool has_pop;
    struct iv_pop pop;
    int since; /* YYYYMMDD; 0: any day */
};

/* cache list: a line for each variant, or one document. */
void iv_records_text(const struct iv_record *records, size_t count,
                     const struct iv_records_wanted *wanted, bool ascii, struct iv_buf *buf);
void iv_records_json(const struct iv_record *records, size_t count,
                     const struct iv_records_wanted *wanted, struct iv_buf *buf);

/* cache show: one submission with its packages. */
void iv_records_show(const struct iv_record *record, bool ascii, struct iv_buf *buf);

/* cache merge: a line for each two baselines of one version of one variant. */
void iv_records_rivals(const struct iv_record *records, size_t count, bool ascii,
                       struct iv_arena *arena, struct iv_buf *buf);

/* cache verify: what is wrong with the store, a line each; else "ok". */
void iv_records_problems(const char *const *problems, size_t count, bool ascii, struct iv_buf *buf);

#endif
