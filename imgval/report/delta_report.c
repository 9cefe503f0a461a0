#include "imgval/report/delta_report.h"

#include "imgval/base/text.h"
#include "imgval/report/json.h"
#include "imgval/report/sink.h"
#include "imgval/report/text_out.h"

#include <string.h>

bool iv_delta_report_is_equal(const struct iv_delta_report *report)
{
    return report->delta.count == 0 && report->delta.value_count == 0;
}

static const char *package_name(const struct iv_package *package)
{
    return package->name != NULL ? package->name : package->key;
}

static const struct iv_package *either(const struct iv_change *change)
{
    return change->after != NULL ? change->after : change->before;
}

/* --- text ------------------------------------------------------------------------------------ */

#define LINE(out, ...)                                                                             \
    iv_out_line((out), (const struct iv_piece[]){__VA_ARGS__, {.ink = IV_INK_PLAIN, .text = NULL}})
#define PIECE(the_ink, the_text) ((struct iv_piece){.ink = (the_ink), .text = (the_text)})

static const char *side_text(const struct iv_out *out, const struct iv_submission *s,
                             bool incomplete)
{
    return iv_arena_printf(out->scratch, "%s (%s%s%zu package%s%s)", iv_out_escape(out, s->path),
                           iv_out_escape(out, s->firmware_version),
                           s->firmware_version != NULL ? ", " : "", s->set.count,
                           s->set.count == 1 ? "" : "s",
                           incomplete ? ", could not be read in full" : "");
}

static const char *said(const struct iv_out *out, const char *text)
{
    return text == NULL ? "-" : iv_out_value(out, text);
}

/* "1.0.0.1 -> 1.0.0.2, partition MainOS -> EFIESP" */
static const char *what_changed(const struct iv_out *out, const struct iv_change *change)
{
    const struct iv_package *b = change->before;
    const struct iv_package *a = change->after;
    const char *text = iv_arena_printf(out->scratch, "%s", said(out, either(change)->version));
    if ((change->what & (IV_CHANGE_VERSION_UP | IV_CHANGE_VERSION_DOWN)) != 0) {
        text = iv_arena_printf(out->scratch, "%s -> %s%s", said(out, b->version),
                               said(out, a->version),
                               (change->what & IV_CHANGE_VERSION_DOWN) != 0 ? " (went back)" : "");
    }
    if ((change->what & IV_CHANGE_CONTENT) != 0) {
        text = iv_arena_printf(out->scratch, "%s, other content under the same version", text);
    }
    if ((change->what & IV_CHANGE_PARTITION) != 0) {
        text = iv_arena_printf(out->scratch, "%s, partition %s -> %s", text,
                               iv_out_value(out, iv_package_partition(b)),
                               iv_out_value(out, iv_package_partition(a)));
    }
    if ((change->what & IV_CHANGE_FLAGS) != 0) {
        static const char *const yes_no[] = {"no", "yes"};
        if (b->binary_partition != a->binary_partition) {
            text = iv_arena_printf(out->scratch, "%s, binary partition %s -> %s", text,
                                   yes_no[b->binary_partition], yes_no[a->binary_partition]);
        }
        if (b->empty != a->empty) {
            text = iv_arena_printf(out->scratch, "%s, empty %s -> %s", text, yes_no[b->empty],
                                   yes_no[a->empty]);
        }
        if (!iv_ascii_ieq(b->owner_type, a->owner_type)) {
            text = iv_arena_printf(out->scratch, "%s, owner type %s -> %s", text,
                                   said(out, b->owner_type), said(out, a->owner_type));
        }
        if (!iv_ascii_ieq(b->release_type, a->release_type)) {
            text = iv_arena_printf(out->scratch, "%s, release type %s -> %s", text,
                                   said(out, b->release_type), said(out, a->release_type));
        }
    }
    if (change->other != NULL) {
        text = iv_arena_printf(out->scratch, "%s, renamed %s %s?", text,
                               change->after == NULL ? "to" : "from",
                               iv_out_escape(out, package_name(change->other)));
    }
    return text;
}

/* Removed first: they are what WSPC is about. */
static void text_changes(const struct iv_out *out, const struct iv_delta *delta)
{
    static const struct {
        unsigned mask;
        const char *sign;
        enum iv_ink ink;
    } passes[] = {
        {.mask = IV_CHANGE_REMOVED, .sign = "-", .ink = IV_INK_RED},
        {.mask = IV_CHANGE_ADDED, .sign = "+", .ink = IV_INK_GREEN},
        {.mask = ~(unsigned)(IV_CHANGE_REMOVED | IV_CHANGE_ADDED),
         .sign = "~",
         .ink = IV_INK_YELLOW},
    };
    struct iv_table table = {.columns = 3};
    for (size_t pass = 0; pass < IV_COUNT(passes); pass++) {
        for (size_t i = 0; i < delta->count; i++) {
            const struct iv_change *change = &delta->changes[i];
            if ((change->what & passes[pass].mask) != 0) {
                iv_table_cell(out, &table, passes[pass].ink, passes[pass].sign);
                iv_table_cell(out, &table, IV_INK_PLAIN,
                              iv_out_escape(out, package_name(either(change))));
                iv_table_cell(out, &table, IV_INK_PLAIN, what_changed(out, change));
            }
        }
    }
    iv_table_print(out, &table, 0);
}

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

static void write_text(const struct iv_delta_report *report, const struct iv_style_options *style,
                       FILE *file)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_out out = {.file = file, .style = style, .scratch = &scratch};
    const struct iv_delta *delta = &report->delta;
    LINE(&out, PIECE(IV_INK_BOLD, "from "),
         PIECE(IV_INK_PLAIN, side_text(&out, report->before, report->before_incomplete)));
    LINE(&out, PIECE(IV_INK_BOLD, "to   "),
         PIECE(IV_INK_PLAIN, side_text(&out, report->after, report->after_incomplete)));
    iv_out_blank(&out);
    if (iv_delta_report_is_equal(report)) {
        LINE(&out, PIECE(IV_INK_PLAIN, "no difference"));
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
    size_t removed = delta->counts[1];
    size_t added = delta->counts[0];
    LINE(&out, PIECE(IV_INK_PLAIN,
                     iv_arena_printf(&scratch, "%zu removed, %zu added, %zu changed, %zu the same",
                                     removed, added, delta->count - removed - added, delta->same)));
}

/* --- JSON ------------------------------------------------------------------------------------ */

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
    size_t count = 0;
    for (unsigned i = 0; i < IV_CHANGE_KINDS; i++) {
        if (((change->what >> i) & 1U) != 0) {
            words[count++] = iv_change_names[i];
        }
    }
    iv_json_open_object(json, NULL);
    iv_json_string(json, "name", package_name(either(change)));
    iv_json_string(json, "key", either(change)->key);
    iv_json_strings(json, "what", words, count);
    iv_json_string(json, "renamed", change->other == NULL ? NULL : package_name(change->other));
    json_package(json, "before", change->before);
    json_package(json, "after", change->after);
    iv_json_close_object(json);
}

static void write_json(const struct iv_delta_report *report, const struct iv_style_options *style,
                       FILE *out)
{
    (void)style;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    const struct iv_delta *delta = &report->delta;
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "schema", IV_JSON_DIFF_SCHEMA);
    iv_json_open_object(&json, "tool");
    iv_json_string(&json, "name", "imgval");
    iv_json_string(&json, "version", report->tool_version);
    iv_json_close_object(&json);
    iv_json_bool(&json, "equal", iv_delta_report_is_equal(report));
    json_side(&json, "before", report->before, report->before_incomplete);
    json_side(&json, "after", report->after, report->after_incomplete);
    iv_json_open_object(&json, "counts");
    for (size_t i = 0; i < IV_CHANGE_KINDS; i++) {
        iv_json_uint(&json, iv_change_names[i], delta->counts[i]);
    }
    iv_json_uint(&json, "same", delta->same);
    iv_json_close_object(&json);
    iv_json_open_array(&json, "packages");
    for (size_t i = 0; i < delta->count; i++) {
        json_change(&json, &delta->changes[i]);
        if (buf.size > 64 * 1024) {
            (void)fwrite(buf.data, 1, buf.size, out);
            iv_buf_clear(&buf);
        }
    }
    iv_json_close_array(&json);
    iv_json_open_array(&json, "metadata");
    for (size_t i = 0; i < delta->value_count; i++) {
        iv_json_open_object(&json, NULL);
        iv_json_string(&json, "name", delta->values[i].name);
        iv_json_string(&json, "before", delta->values[i].before);
        iv_json_string(&json, "after", delta->values[i].after);
        iv_json_close_object(&json);
    }
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    (void)fwrite(buf.data, 1, buf.size, out);
}

const char *const iv_delta_formats[] = {"text", "json", NULL};
iv_delta_write_fn *const iv_delta_writers[] = {write_text, write_json, NULL};
