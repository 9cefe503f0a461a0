/*
 * An audit as CSV (RFC 4180): one row for each version of each variant, and what could not be
 * judged after them. Cells that a spreadsheet would take for a formula get an apostrophe in front.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/write/csv.h"

#include <inttypes.h>
#include <string.h>

static void add_pop(struct iv_buf *row, const struct iv_pop *pop)
{
    iv_csv_text(row, pop->oem);
    iv_csv_text(row, pop->mobile_operator);
    iv_csv_text(row, pop->model);
}

/* Cells about a step are empty where no step leads to the version, and those about pairs where
 * the pairs were not judged. counts[] is indexed as iv_change_names[] is: added, removed, ... */
static void add_version(struct iv_buf *row, const struct iv_audit *audit,
                        const struct iv_audit_variant *variant,
                        const struct iv_audit_version *version)
{
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &audit->pool.sets[source->set];
    const struct iv_audit_step *step = iv_audit_step_to(variant, version);
    const bool in_matrix = version->point != 0 && variant->has_matrix;
    add_pop(row, &variant->pop);
    iv_csv_text(row, source->firmware_version);
    iv_csv_text(row, source->path);
    iv_csv_text(row, source->id);
    iv_csv_text(row, version->state != IV_AUDIT_JUDGED ? "not-judged"
                     : step == NULL                    ? "start"
                     : step->missing == 0              ? "compliant"
                                                       : "broken");
    iv_csv_text(row, version->reason);
    iv_csv_number(row, set->count, true);
    iv_csv_number(row, set->firmware, true);
    iv_csv_number(row, set->empty, true);
    iv_csv_number(row, source->unreadable, true);
    iv_csv_number(row, set->total_size, true);
    iv_csv_number(row, step == NULL ? 0 : step->missing, step != NULL);
    iv_csv_number(row, step == NULL ? 0 : step->counts[IV_CHANGES_REMOVED], step != NULL);
    iv_csv_number(row, step == NULL ? 0 : step->counts[IV_CHANGES_ADDED], step != NULL);
    iv_csv_number(row, step == NULL ? 0 : step->counts[IV_CHANGES_VERSION_UP], step != NULL);
    iv_csv_number(row, step == NULL ? 0 : step->counts[IV_CHANGES_VERSION_DOWN], step != NULL);
    iv_csv_number(row, step == NULL ? 0 : step->counts[IV_CHANGES_CONTENT], step != NULL);
    iv_csv_number(row, in_matrix ? variant->matrix.targets[version->point - 1] : 0, in_matrix);
    iv_csv_number(row, in_matrix ? variant->matrix.sources[version->point - 1] : 0, in_matrix);
    iv_csv_text(row, version->in_longest ? "true" : "false");
    iv_csv_number(row, version->chain == 0 ? 0 : variant->fixes.needed[version->chain - 1],
                  version->chain != 0);
    iv_csv_end_row(row);
}

/* A version that stands in no variant has a row of its own with empty cells: a set that was not
 * judged must not be missing from a table of sets. */
void iv_audit_write_csv(const struct iv_audit *audit, const struct iv_style_options *style,
                        FILE *out)
{
    (void)style;
    struct iv_buf row IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&row, "oem,operator,model,version,path,id,state,reason,packages,firmware_packages,"
                      "empty_packages,unreadable_packages,size,missing,removed,added,version_up,"
                      "version_down,changed_content,targets,sources,in_largest_baseline_set,"
                      "empty_packages_needed\r\n");
    for (size_t v = 0; v < audit->variant_count; v++) {
        for (size_t i = 0; i < audit->variants[v].version_count; i++) {
            add_version(&row, audit, &audit->variants[v], &audit->variants[v].versions[i]);
            iv_csv_flush(&row, out);
        }
    }
    for (size_t i = 0; i < audit->unjudged_count; i++) {
        const struct iv_audit_source *source = audit->unjudged[i];
        iv_buf_puts(&row, ",,"); /* no variant */
        iv_csv_text(&row, source->firmware_version);
        iv_csv_text(&row, source->path);
        iv_csv_text(&row, source->id);
        iv_csv_text(&row, "not-judged");
        iv_csv_text(&row, source->reason);
        iv_buf_puts(&row, ",,,,,,,,,,,,,,,\r\n");
        iv_csv_flush(&row, out);
    }
    iv_csv_finish(&row, out);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

/* All pairs of versions of a variant, an older one as source and a newer one as target: a file of
 * its own, for its size is the square of a history's. Two sets of one version are no pair; no
 * update leads from one to the other. */
void iv_audit_write_matrix(const struct iv_audit *audit, FILE *out)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf head IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&buf, "oem,operator,model,source,source_id,target,target_id,serviceable\r\n");
    for (size_t v = 0; v < audit->variant_count; v++) {
        const struct iv_audit_variant *variant = &audit->variants[v];
        for (size_t s = 0; variant->has_matrix && s < variant->point_count; s++) {
            const struct iv_audit_source *source = variant->versions[variant->points[s]].source;
            iv_buf_clear(&head);
            add_pop(&head, &variant->pop);
            iv_csv_text(&head, source->firmware_version);
            iv_csv_text(&head, source->id);
            for (size_t t = s + 1; t < variant->point_count; t++) {
                const struct iv_audit_source *target = variant->versions[variant->points[t]].source;
                if (iv_version_compare(source->number, target->number) == 0) {
                    continue;
                }
                iv_buf_add(&buf, head.data, head.size);
                iv_csv_text(&buf, target->firmware_version);
                iv_csv_text(&buf, target->id);
                iv_csv_text(&buf, iv_matrix_holds(&variant->matrix, s, t) ? "true" : "false");
                iv_csv_end_row(&buf);
                iv_csv_flush(&buf, out);
            }
        }
    }
    iv_csv_finish(&buf, out);
}
