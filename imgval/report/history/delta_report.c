/*
 * A difference as text, as one JSON document and as a stream of records.
 *
 * Text goes through the changes once for each pass of iv_delta_passes[], removed packages first;
 * the JSON forms keep the order of the model. Both JSON forms are put together from the same
 * functions, so that a member is called the same in either.
 */
#include "imgval/report/history/delta_report.h"

#include "imgval/base/text.h"
#include "imgval/model/kinds.h"
#include "imgval/report/write/json_report.h"
#include "imgval/report/write/text_out.h"

/* --- text ------------------------------------------------------------------------------------ */

/* "PATH (VERSION, 12 packages)" */
static const char *side_text(const struct iv_out *out, const struct iv_submission *s,
                             bool incomplete)
{
    return iv_arena_printf(out->scratch, "%s (%s%s%zu package%s%s)", iv_out_escape(out, s->path),
                           iv_out_escape(out, s->firmware_version),
                           s->firmware_version != NULL ? ", " : "", s->set.count,
                           s->set.count == 1 ? "" : "s",
                           incomplete ? ", could not be read in full" : "");
}

/* A value from the input, or a dash where there is none. */
static const char *said(const struct iv_out *out, const char *text)
{
    return text == NULL ? "-" : iv_out_value(out, text);
}

/* "1.0.0.1 -> 1.0.0.2, partition MainOS -> EFIESP" */
static const char *what_changed(const struct iv_out *out, const struct iv_change *change)
{
    const struct iv_package *b = change->before;
    const struct iv_package *a = change->after;
    const char *text =
        iv_arena_printf(out->scratch, "%s", said(out, iv_delta_either(change)->version));
    if ((change->what & (IV_CHANGE_VERSION_UP | IV_CHANGE_VERSION_DOWN)) != 0) {
        text = iv_arena_printf(out->scratch, "%s -> %s%s", said(out, b->version),
                               said(out, a->version),
                               (change->what & IV_CHANGE_VERSION_DOWN) != 0 ? " (went back)" : "");
    }
    if ((change->what & IV_CHANGE_CONTENT) != 0) {
        text = iv_arena_printf(out->scratch, "%s, other content under the same version", text);
    }
    struct iv_delta_part parts[IV_DELTA_PARTS];
    size_t count = iv_delta_parts(change, parts);
    for (size_t i = 0; i < count; i++) {
        text = iv_arena_printf(out->scratch, "%s, %s %s -> %s", text, parts[i].name,
                               said(out, parts[i].before), said(out, parts[i].after));
    }
    if (change->other != NULL) {
        text = iv_arena_printf(out->scratch, "%s, renamed %s %s?", text,
                               change->after == NULL ? "to" : "from",
                               iv_out_escape(out, iv_package_shown_name(change->other)));
    }
    return text;
}

/* A table with the sign of a diff in front of each row. */
static void text_changes(const struct iv_out *out, const struct iv_delta *delta)
{
    static const enum iv_ink inks[IV_DELTA_PASSES] = {IV_INK_RED, IV_INK_GREEN, IV_INK_YELLOW};
    struct iv_table table = {.columns = 3};
    for (size_t pass = 0; pass < IV_DELTA_PASSES; pass++) {
        for (size_t i = 0; i < delta->count; i++) {
            const struct iv_change *change = &delta->changes[i];
            if ((change->what & iv_delta_passes[pass].mask) != 0) {
                iv_table_cell(out, &table, inks[pass], iv_delta_passes[pass].sign);
                iv_table_cell(out, &table, IV_INK_PLAIN,
                              iv_out_escape(out, iv_package_shown_name(iv_delta_either(change))));
                iv_table_cell(out, &table, IV_INK_PLAIN, what_changed(out, change));
            }
        }
    }
    iv_table_print(out, &table, 0);
}

/* The device values that differ. */
static void text_values(const struct iv_out *out, const struct iv_delta *delta)
{
    struct iv_table table = {.columns = 2};
    for (size_t i = 0; i < delta->value_count; i++) {
        const struct iv_value_change *value = &delta->values[i];
        iv_table_cell(out, &table, IV_INK_PLAIN, value->name);
        iv_table_cell(out, &table, IV_INK_PLAIN,
                      iv_arena_printf(out->scratch, "%s -> %s", said(out, value->before),
                                      said(out, value->after)));
    }
    iv_table_print(out, &table, 0);
}

/* The two sides, the changes, and the counts as the last line. */
void iv_delta_write_text(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *file)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_out out = {.file = file, .style = style, .scratch = &scratch};
    const struct iv_delta *delta = &report->delta;
    IV_LINE(&out, IV_PIECE(IV_INK_BOLD, "from "),
            IV_PIECE(IV_INK_PLAIN, side_text(&out, report->before, report->before_incomplete)));
    IV_LINE(&out, IV_PIECE(IV_INK_BOLD, "to   "),
            IV_PIECE(IV_INK_PLAIN, side_text(&out, report->after, report->after_incomplete)));
    iv_out_blank(&out);

    if (iv_delta_report_is_equal(report) && delta->value_count == 0) {
        IV_LINE(&out, IV_PIECE(IV_INK_PLAIN, "no difference"));
        return;
    }
    if (delta->count > 0) {
        text_changes(&out, delta);
        iv_out_blank(&out);
    }
    if (delta->value_count > 0) {
        text_values(&out, delta);
        iv_out_blank(&out);
    }

    size_t removed = delta->counts[IV_CHANGES_REMOVED];
    size_t added = delta->counts[IV_CHANGES_ADDED];
    IV_LINE(&out,
            IV_PIECE(IV_INK_PLAIN,
                     iv_arena_printf(&scratch, "%zu removed, %zu added, %zu changed, %zu the same",
                                     removed, added, delta->count - removed - added, delta->same)));
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* What names a side, and whether it was read in full. */
static void json_side(struct iv_json *json, const char *name, const struct iv_submission *s,
                      bool incomplete)
{
    iv_json_open_object(json, name);
    iv_json_string(json, "path", s->path);
    iv_json_string(json, "kind", iv_kind_names[s->kind]);
    iv_json_string(json, "id", s->id);
    iv_json_string(json, "firmware_version", s->firmware_version);
    iv_json_uint(json, "packages", s->set.count);
    iv_json_bool(json, "incomplete", incomplete);
    iv_json_close_object(json);
}

/* One side of a change; null: the package is not there. */
static void json_package(struct iv_json *json, const char *name, const struct iv_package *package)
{
    if (package == NULL) {
        iv_json_null(json, name);
        return;
    }
    iv_json_open_object(json, name);
    iv_json_fields(json, &iv_package_struct, package, IV_FIELD_REPORT);
    iv_json_close_object(json);
}

static void json_change(struct iv_json *json, const struct iv_change *change)
{
    const char *words[IV_CHANGE_KINDS];
    size_t count = iv_delta_words(change, words);
    iv_json_string(json, "name", iv_package_shown_name(iv_delta_either(change)));
    iv_json_string(json, "key", iv_delta_either(change)->key);
    iv_json_strings(json, "what", words, count);
    iv_json_string(json, "renamed",
                   change->other == NULL ? NULL : iv_package_shown_name(change->other));
    json_package(json, "before", change->before);
    json_package(json, "after", change->after);
}

/* A value of the metadata; null: not there on that side. */
static void json_value(struct iv_json *json, const struct iv_value_change *value)
{
    iv_json_string(json, "name", value->name);
    iv_json_string(json, "before", value->before);
    iv_json_string(json, "after", value->after);
}

/* What stands in front of the counts; the stream says whether they are equal at its end. */
static void json_head(struct iv_json *json, const struct iv_delta_report *report)
{
    iv_json_head(json, IV_JSON_DIFF_SCHEMA, report->tool_version);
}

static void json_sides(struct iv_json *json, const struct iv_delta_report *report)
{
    json_side(json, "before", report->before, report->before_incomplete);
    json_side(json, "after", report->after, report->after_incomplete);
}

/* Of every kind of change, also those that did not happen: a reader need not know all kinds. */
static void json_counts(struct iv_json *json, const struct iv_delta *delta)
{
    iv_json_open_object(json, "counts");
    for (size_t i = 0; i < IV_CHANGE_KINDS; i++) {
        iv_json_uint(json, iv_change_names[i], delta->counts[i]);
    }
    iv_json_uint(json, "same", delta->same);
    iv_json_close_object(json);
}

void iv_delta_write_json(const struct iv_delta_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    const struct iv_delta *delta = &report->delta;
    iv_json_open_object(&json, NULL);
    json_head(&json, report);
    iv_json_bool(&json, "equal", iv_delta_report_is_equal(report));
    json_sides(&json, report);
    json_counts(&json, delta);

    iv_json_open_array(&json, "packages");
    for (size_t i = 0; i < delta->count; i++) {
        iv_json_open_object(&json, NULL);
        json_change(&json, &delta->changes[i]);
        iv_json_close_object(&json);
        iv_json_flush(&json, IV_JSON_FLUSH_SIZE, out);
    }
    iv_json_close_array(&json);

    iv_json_open_array(&json, "metadata");
    for (size_t i = 0; i < delta->value_count; i++) {
        iv_json_open_object(&json, NULL);
        json_value(&json, &delta->values[i]);
        iv_json_close_object(&json);
        iv_json_flush(&json, IV_JSON_FLUSH_SIZE, out);
    }
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, out);
}

/* --- a stream of JSON records ----------------------------------------------------------------- */

void iv_delta_write_jsonl(const struct iv_delta_report *report,
                          const struct iv_style_options *style, FILE *out)
{
    (void)style;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    const struct iv_delta *delta = &report->delta;
    iv_json_open_record(&json, "header");
    json_head(&json, report);
    json_sides(&json, report);
    iv_json_close_record(&json, out);

    for (size_t i = 0; i < delta->count; i++) {
        iv_json_open_record(&json, "package");
        json_change(&json, &delta->changes[i]);
        iv_json_close_record(&json, out);
    }
    for (size_t i = 0; i < delta->value_count; i++) {
        iv_json_open_record(&json, "metadata");
        json_value(&json, &delta->values[i]);
        iv_json_close_record(&json, out);
    }

    iv_json_open_record(&json, "end");
    iv_json_bool(&json, "equal", iv_delta_report_is_equal(report));
    json_counts(&json, delta);
    iv_json_uint(&json, "metadata", delta->value_count);
    iv_json_close_record(&json, out);
    iv_json_flush(&json, 0, out);
}
