/*
 * Recorded submissions as cache list and cache show print them: a line for each variant, so that
 * grep finds all that is said of it, or one JSON document; one submission with its packages.
 */
#include "imgval/report/show/records.h"

#include "imgval/base/clock.h"
#include "imgval/base/sort.h"
#include "imgval/report/show/view.h"
#include "imgval/report/write/json_report.h"
#include "imgval/version.h"

#include <stdio.h>
#include <string.h>

#define LIST_SCHEMA "imgval-cache-list/1" /* schema/imgval-cache-list-1.schema.json */

/* Escaped, and no longer than a line of text can be. */
static void add_escaped(const struct iv_view *view, const char *text)
{
    iv_text_escape(view->buf, text == NULL ? "" : text, 200, view->ascii);
}

/* OEM/OPERATOR/MODEL, as it can be named on the command line, and what it is recorded as. */
static void add_pop(const struct iv_view *view, const struct iv_record_pop *pop)
{
    struct iv_buf *buf = view->buf;
    add_escaped(view, pop->pop.oem);
    iv_buf_putc(buf, '/');
    add_escaped(view, pop->pop.mobile_operator);
    iv_buf_putc(buf, '/');
    add_escaped(view, pop->pop.model);
    iv_buf_printf(buf, "  %s%s", pop->baseline ? "baseline" : "recorded",
                  pop->compliant ? "" : ", not compliant");
}

/* The day alone, in UTC: the same wherever it is printed. */
static void add_date(struct iv_buf *buf, int64_t seconds)
{
    struct iv_date date;
    if (iv_clock_date(seconds, &date)) {
        iv_buf_printf(buf, "%04d-%02d-%02d", date.year, date.month, date.day);
    } else {
        iv_buf_puts(buf, "unknown");
    }
}

/* The day of a time, as iv_policy_date() has it. */
static int day_of(int64_t seconds)
{
    struct iv_date date;
    return iv_clock_date(seconds, &date) ? iv_clock_day_number(&date) : 0;
}

/* By variant and by day; a record is listed once for each of its POPs that is wanted. */
static bool is_wanted(const struct iv_records_wanted *wanted, const struct iv_record *record,
                      size_t pop)
{
    return (!wanted->has_pop || iv_pop_compare(&wanted->pop, &record->pops[pop].pop) == 0) &&
           (wanted->since == 0 || day_of(record->recorded) >= wanted->since);
}

/* One line for each POP: a line says all, so that grep finds all. */
static void add_record_lines(const struct iv_view *view, const struct iv_record *record,
                             const struct iv_records_wanted *wanted)
{
    struct iv_buf *buf = view->buf;
    for (size_t i = 0; i < record->pop_count; i++) {
        if (!is_wanted(wanted, record, i)) {
            continue;
        }
        iv_buf_printf(buf, "%.12s  ", record->id);
        size_t start = buf->size;
        add_escaped(view, record->firmware_version);
        size_t used = buf->size - start;
        iv_buf_printf(buf, "%*s  %5zu packages  ", used < 20 ? (int)(20 - used) : 0, "",
                      record->package_count);
        add_date(buf, record->recorded);
        iv_buf_puts(buf, "  ");
        add_pop(view, &record->pops[i]);
        iv_buf_puts(buf, record->imported ? ", imported\n" : "\n");
    }
}

/* A record with those of its variants that are wanted; nothing where none is. */
static void write_json_record(struct iv_json *json, const struct iv_record *record,
                              const struct iv_records_wanted *wanted)
{
    struct iv_buf date IV_CLEANUP(iv_buf_fini) = {0};
    bool any = false;
    for (size_t i = 0; i < record->pop_count; i++) {
        any = any || is_wanted(wanted, record, i);
    }
    if (!any) {
        return;
    }
    add_date(&date, record->recorded);
    iv_json_open_object(json, NULL);
    iv_json_string(json, "id", record->id);
    iv_json_string(json, "firmware_version", record->firmware_version);
    iv_json_string(json, "recorded", iv_buf_text(&date));
    iv_json_bool(json, "imported", record->imported);
    iv_json_uint(json, "packages", record->package_count);
    iv_json_open_array(json, "variants");
    for (size_t i = 0; i < record->pop_count; i++) {
        if (is_wanted(wanted, record, i)) {
            iv_json_record_pop(json, &record->pops[i]);
        }
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
}

void iv_records_json(const struct iv_record *records, size_t count,
                     const struct iv_records_wanted *wanted, struct iv_buf *buf)
{
    struct iv_json json = iv_json(buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_head(&json, LIST_SCHEMA, IMGVAL_VERSION);
    iv_json_open_array(&json, "submissions");
    for (size_t i = 0; i < count; i++) {
        write_json_record(&json, &records[i], wanted);
    }
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_buf_putc(buf, '\n');
}

void iv_records_text(const struct iv_record *records, size_t count,
                     const struct iv_records_wanted *wanted, bool ascii, struct iv_buf *buf)
{
    const struct iv_view view = {.buf = buf, .ascii = ascii};
    for (size_t i = 0; i < count; i++) {
        add_record_lines(&view, &records[i], wanted);
    }
}

/* What later versions are compared with besides the packages (SVC001, SVC005). */
static void add_traits(const struct iv_view *view, const struct iv_traits *traits)
{
    struct iv_buf *buf = view->buf;
    if (traits->has_features) {
        iv_buf_puts(buf, traits->feature_count == 0 ? "features  none" : "features  ");
        for (size_t i = 0; i < traits->feature_count; i++) {
            iv_buf_puts(buf, i > 0 ? ", " : "");
            add_escaped(view, traits->features[i]);
        }
        iv_buf_putc(buf, '\n');
    }
    if (traits->layout.present) {
        iv_buf_printf(buf, "layout    %zu partition%s (%s)\n", traits->layout.partition_count,
                      traits->layout.partition_count == 1 ? "" : "s",
                      traits->layout.from_manifest ? "manifest of the image" : "DeviceLayout.xml");
    }
}

/* One submission: what it is, and the packages that later ones are compared with. */
void iv_records_show(const struct iv_record *record, bool ascii, struct iv_buf *buf)
{
    const struct iv_view own = {.buf = buf, .ascii = ascii};
    const struct iv_view *view = &own;
    iv_buf_printf(buf, "id        %s\nversion   ", record->id);
    add_escaped(view, record->firmware_version);
    iv_buf_puts(buf, "\nrecorded  ");
    add_date(buf, record->recorded);
    iv_buf_puts(buf, record->imported ? ", imported without judging\n" : "\n");
    for (size_t i = 0; i < record->pop_count; i++) {
        iv_buf_puts(buf, "variant   ");
        add_pop(view, &record->pops[i]);
        iv_buf_putc(buf, '\n');
    }
    add_traits(view, &record->traits);
    iv_buf_printf(buf, "packages  %zu\n", record->package_count);
    for (size_t i = 0; i < record->package_count; i++) {
        const struct iv_package *package = &record->packages[i];
        iv_buf_puts(buf, "  ");
        add_escaped(view, package->name);
        iv_buf_puts(buf, "  ");
        add_escaped(view, package->version == NULL ? "no version" : package->version);
        iv_buf_puts(buf, "  ");
        add_escaped(view, iv_package_partition(package));
        iv_buf_printf(buf, "%s%s%s\n", package->removal ? "  removal" : "",
                      package->binary_partition ? "  binary" : "", package->empty ? "  empty" : "");
    }
}

/* One POP of one record. */
struct claim {
    const struct iv_record *record;
    const struct iv_pop *pop;
};

/* Rivals become neighbours: baselines of one variant and version. */
static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a;
    const struct claim *y = b;
    int order = iv_pop_compare(x->pop, y->pop);
    order = order != 0 ? order : iv_version_compare(x->record->number, y->record->number);
    return order != 0 ? order : strcmp(x->record->id, y->record->id);
}

/* After a merge: two baselines of one version for one POP. It is said in the form of a finding,
 * since the next scan of that POP has one (WSPC010). */
void iv_records_rivals(const struct iv_record *records, size_t count, bool ascii,
                       struct iv_arena *arena, struct iv_buf *buf)
{
    const struct iv_view view = {.buf = buf, .ascii = ascii};
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        room += records[i].pop_count;
    }
    struct claim *claims = IV_NEW_ARRAY(arena, struct claim, room);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < records[i].pop_count; k++) {
            if (records[i].pops[k].baseline) {
                claims[used++] =
                    (struct claim){.record = &records[i], .pop = &records[i].pops[k].pop};
            }
        }
    }
    iv_sort(claims, used, sizeof(*claims), compare_claims);
    for (size_t i = 1; i < used; i++) {
        const struct claim *one = &claims[i - 1];
        const struct claim *other = &claims[i];
        if (iv_pop_compare(one->pop, other->pop) != 0 ||
            iv_version_compare(one->record->number, other->record->number) != 0) {
            continue;
        }
        iv_buf_puts(buf, "imgval: warning WSPC010: ");
        add_escaped(&view, one->pop->oem);
        iv_buf_putc(buf, '/');
        add_escaped(&view, one->pop->mobile_operator);
        iv_buf_putc(buf, '/');
        add_escaped(&view, one->pop->model);
        iv_buf_puts(buf, " has two baselines of the version ");
        add_escaped(&view, one->record->firmware_version);
        iv_buf_printf(buf,
                      " with different sets, %s and %s; no submission can be judged against it "
                      "until one of them is removed: imgval cache remove ID\n",
                      one->record->id, other->record->id);
    }
}

/* What `cache verify` found. "ok" and not silence: a script that lost the output would take that
 * for fine. */
void iv_records_problems(const char *const *problems, size_t count, bool ascii, struct iv_buf *buf)
{
    for (size_t i = 0; i < count; i++) {
        iv_text_escape(buf, problems[i], 0, ascii);
        iv_buf_putc(buf, '\n');
    }
    if (count == 0) {
        iv_buf_puts(buf, "ok\n");
    }
}
