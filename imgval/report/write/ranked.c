/* All findings of a report, the worst first: for formats that may print only the first few
 * (annotations of a build, a comment). One pass over all findings for each rank, so that the order
 * within a rank is that of the report without a sort that would have to keep it. */
#include "imgval/report/write/ranked.h"

/* 0: errors ... 2: notes, 3: waived. */
static size_t rank_of(const struct iv_finding *finding)
{
    return finding->waived ? 3 : (size_t)(IV_ERROR - finding->severity);
}

struct iv_ranked *iv_sink_rank(const struct iv_report *report, struct iv_arena *arena,
                               size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < report->entry_count; i++) {
        count += report->entries[i].judgement.finding_count;
    }
    struct iv_ranked *ranked = IV_NEW_ARRAY(arena, struct iv_ranked, count);
    size_t at = 0;
    for (size_t rank = 0; rank <= 3; rank++) {
        for (size_t i = 0; i < report->entry_count; i++) {
            const struct iv_report_entry *entry = &report->entries[i];
            for (size_t f = 0; f < entry->judgement.finding_count; f++) {
                const struct iv_finding *finding = &entry->judgement.findings[f];
                if (rank_of(finding) == rank) {
                    ranked[at++] = (struct iv_ranked){.entry = entry, .finding = finding};
                }
            }
        }
    }
    *ret_count = count;
    return ranked;
}

struct iv_counts iv_sink_totals(const struct iv_report *report)
{
    struct iv_counts totals = {0};
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_counts *counts = &report->entries[i].judgement.counts;
        totals.packages += counts->packages;
        totals.error += counts->error;
        totals.warning += counts->warning;
        totals.note += counts->note;
        totals.waived += counts->waived;
        totals.unreadable += counts->unreadable;
    }
    return totals;
}
