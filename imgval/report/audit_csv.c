/*
 * An audit as CSV (RFC 4180): one row for each version of each variant, and what could not be
 * judged behind them. Cells that a spreadsheet would take for a formula get an apostrophe in front.
 */
#include "imgval/report/audit_report.h"

#include "imgval/report/escape.h"

#include <inttypes.h>
#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

static void separate(struct iv_buf *row)
{
    if (row->size > 0 && row->data[row->size - 1] != '\n') {
        iv_buf_putc(row, ',');
    }
}

static void add_text(struct iv_buf *row, const char *text)
{
    separate(row);
    if (text == NULL) {
        return;
    }
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    iv_buf_putc(row, '"');
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        iv_buf_putc(row, '\'');
    }
    for (const char *at = iv_buf_text(&shown); *at != '\0'; at++) {
        iv_buf_puts(row, *at == '"' ? "\"" : "");
        iv_buf_putc(row, *at);
    }
    iv_buf_putc(row, '"');
}

static void add_number(struct iv_buf *row, uint64_t number, bool is_there)
{
    separate(row);
    if (is_there) {
        iv_buf_printf(row, "%" PRIu64, number);
    }
}

static void flush(struct iv_buf *buf, size_t keep, FILE *out)
{
    if (buf->size > keep) {
        (void)fwrite(buf->data, 1, buf->size, out);
        iv_buf_clear(buf);
    }
}

static void add_pop(struct iv_buf *row, const struct iv_pop *pop)
{
    add_text(row, pop->oem);
    add_text(row, pop->mobile_operator);
    add_text(row, pop->model);
}

static void add_version(struct iv_buf *row, const struct iv_audit *audit,
                        const struct iv_audit_variant *variant,
                        const struct iv_audit_version *version)
{
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &audit->pool.sets[source->set];
    const struct iv_audit_step *step =
        version->chain < 2 ? NULL : &variant->steps[version->chain - 2];
    const bool in_matrix = version->point != 0 && variant->has_matrix;
    add_pop(row, &variant->pop);
    add_text(row, source->firmware_version);
    add_text(row, source->path);
    add_text(row, source->id);
    add_text(row, version->state != IV_AUDIT_JUDGED ? "not-judged"
                  : step == NULL                    ? "start"
                  : step->missing == 0              ? "compliant"
                                                    : "broken");
    add_text(row, version->reason);
    add_number(row, set->count, true);
    add_number(row, set->firmware, true);
    add_number(row, set->empty, true);
    add_number(row, source->unreadable, true);
    add_number(row, set->total_size, true);
    add_number(row, step == NULL ? 0 : step->missing, step != NULL);
    add_number(row, step == NULL ? 0 : step->counts[1], step != NULL);
    add_number(row, step == NULL ? 0 : step->counts[0], step != NULL);
    add_number(row, step == NULL ? 0 : step->counts[2], step != NULL);
    add_number(row, step == NULL ? 0 : step->counts[3], step != NULL);
    add_number(row, step == NULL ? 0 : step->counts[4], step != NULL);
    add_number(row, in_matrix ? variant->matrix.targets[version->point - 1] : 0, in_matrix);
    add_number(row, in_matrix ? variant->matrix.sources[version->point - 1] : 0, in_matrix);
    add_text(row, version->in_longest ? "true" : "false");
    add_number(row, version->chain == 0 ? 0 : variant->mends.needed[version->chain - 1],
               version->chain != 0);
    iv_buf_puts(row, "\r\n");
}

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
            flush(&row, FLUSH_SIZE, out);
        }
    }
    for (size_t i = 0; i < audit->unjudged_count; i++) {
        const struct iv_audit_source *source = audit->unjudged[i];
        iv_buf_puts(&row, ",,"); /* no variant */
        add_text(&row, NULL);
        add_text(&row, source->firmware_version);
        add_text(&row, source->path);
        add_text(&row, source->id);
        add_text(&row, "not-judged");
        add_text(&row, source->reason);
        iv_buf_puts(&row, ",,,,,,,,,,,,,,,\r\n");
        flush(&row, FLUSH_SIZE, out);
    }
    flush(&row, 0, out);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

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
            add_text(&head, source->firmware_version);
            add_text(&head, source->id);
            for (size_t t = s + 1; t < variant->point_count; t++) {
                const struct iv_audit_source *target = variant->versions[variant->points[t]].source;
                if (iv_version_compare(source->number, target->number) == 0) {
                    continue;
                }
                iv_buf_add(&buf, head.data, head.size);
                add_text(&buf, target->firmware_version);
                add_text(&buf, target->id);
                add_text(&buf, iv_matrix_holds(&variant->matrix, s, t) ? "true" : "false");
                iv_buf_puts(&buf, "\r\n");
                flush(&buf, FLUSH_SIZE, out);
            }
        }
    }
    flush(&buf, 0, out);
}
