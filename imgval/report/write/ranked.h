/*
 * ranked.h: the findings of a whole report with the most serious first, and their counts, for
 * formats whose readers stop early.
 */
#ifndef IMGVAL_REPORT_WRITE_RANKED_H
#define IMGVAL_REPORT_WRITE_RANKED_H

#include "imgval/base/arena.h"
#include "imgval/model/report.h"

#include <stddef.h>

/* A finding with the submission that it belongs to. */
struct iv_ranked {
    const struct iv_report_entry *entry;
    const struct iv_finding *finding;
};

/*
 * The findings of all submissions with the most serious first, for readers that stop early: errors,
 * warnings, notes, then those that are waived; in the report's order within each. In the arena.
 */
struct iv_ranked *iv_sink_rank(const struct iv_report *report, struct iv_arena *arena,
                               size_t *ret_count);

/* The counts of all submissions, added up. */
struct iv_counts iv_sink_totals(const struct iv_report *report);

#endif
