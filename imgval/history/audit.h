/*
 * audit.h: a history of firmware sets, found, read and judged: each submission is read once,
 * wherever it lies, grouped by variant and compared in version order. Prints nothing.
 */
#ifndef IMGVAL_HISTORY_AUDIT_H
#define IMGVAL_HISTORY_AUDIT_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/history/discover.h"
#include "imgval/model/audit.h"
#include "imgval/scan/scan.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_audit_options {
    const struct iv_scan_options *scan; /* reading, fail_on, store_path, all_owners */
    bool with_store;                    /* all submissions of the store too */
    const struct iv_pop *pop;           /* only this variant, and of the store its submissions */
};

/*
 * Names -> what is to be read: paths (found below them), the rest names of recorded submissions.
 * err: IV_ERROR_NO_INPUT for a name of nothing, or as iv_store_open().
 */
IV_MUST_USE bool iv_audit_find(const char *const *names, size_t count,
                               const struct iv_audit_options *options, struct iv_arena *arena,
                               struct iv_found_list *ret_list, struct iv_error *err);

/* Reads and judges all of them; what goes wrong with one is a fact of the audit. ret_audit holds a
 * pool: iv_audit_fini(). */
IV_MUST_USE bool iv_audit_run(const struct iv_found_list *list,
                              const struct iv_audit_options *options, struct iv_arena *arena,
                              struct iv_audit *ret_audit, struct iv_error *err);
void iv_audit_fini(struct iv_audit *audit); /* for IV_CLEANUP */

#endif
