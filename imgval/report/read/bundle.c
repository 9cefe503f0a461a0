/*
 * bundle.c: writing sorts the records and prints one JSON object a line; parsing goes line by line
 * through parse_value(), which knows the order: a header, records, an end line with their number.
 * The end line is how a bundle that was cut off is recognised: every line of such a file may be
 * valid. Each record is a piece on its way from the reader process that parses to the parent.
 *
 * Both directions use the field tables with IV_FIELD_STORED for packages and the layout, so that a
 * record is the same after an export and an import.
 */
#include "imgval/report/read/bundle.h"

#include "imgval/base/buf.h"
#include "imgval/base/sort.h"
#include "imgval/report/read/json_read.h"
#include "imgval/report/write/json.h"
#include "imgval/report/write/json_report.h"

#include <stdlib.h>
#include <string.h>

#define BUNDLE_SCHEMA "imgval-bundle/1"

static int compare_ids(const void *a, const void *b)
{
    const struct iv_record *const *x = a;
    const struct iv_record *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

/* One line. Keys, features and layout are left out where they are not known; see read_traits(). */
static void write_record(struct iv_json *json, const struct iv_record *record)
{
    iv_json_open_object(json, NULL);
    iv_json_string(json, "id", record->id);
    iv_json_string(json, "firmware_version", record->firmware_version);
    iv_json_bool(json, "imported", record->imported);
    iv_json_int(json, "recorded", record->recorded);
    iv_json_open_array(json, "pops");
    for (size_t i = 0; i < record->pop_count; i++) {
        iv_json_record_pop(json, &record->pops[i]);
    }
    iv_json_close_array(json);
    iv_json_open_array(json, "packages");
    for (size_t i = 0; i < record->package_count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_fields(json, &iv_package_struct, &record->packages[i], IV_FIELD_STORED);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    if (record->traits.has_identity_keys) {
        iv_json_string(json, "keys", "identity");
    }
    if (record->traits.has_features) {
        iv_json_strings(json, "features", record->traits.features, record->traits.feature_count);
    }
    if (record->traits.layout.present) {
        iv_json_open_object(json, "layout");
        iv_json_fields(json, &iv_layout_struct, &record->traits.layout, IV_FIELD_STORED);
        iv_json_close_object(json);
    }
    iv_json_close_object(json);
    iv_buf_putc(json->buf, '\n');
}

/* By id: exports of equal stores are equal files, and a change of one submission is a change of one
 * line. */
void iv_bundle_write(const struct iv_record *records, size_t count, FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct iv_record **sorted = IV_NEW_ARRAY(&arena, const struct iv_record *, count);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &records[i];
    }
    if (count > 1) {
        iv_sort(sorted, count, sizeof(*sorted), compare_ids);
    }

    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "schema", BUNDLE_SCHEMA);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    for (size_t i = 0; i < count; i++) {
        write_record(&json, sorted[i]);
        iv_json_flush(&json, 0, out);
    }
    iv_json_open_object(&json, NULL);
    iv_json_bool(&json, "end", true);
    iv_json_uint(&json, "submissions", count);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, out);
}

bool iv_bundle_is(const char *bytes, size_t size)
{
    return iv_json_mentions(bytes, size, "schema", "imgval-bundle/");
}

/* All three parts of a POP must be there: a record of a variant that nobody can name could never be
 * compared with anything. */
static void read_pops(struct iv_json_reader *reader, const struct iv_json_value *object,
                      struct iv_record *record)
{
    size_t count = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "pops", &count);
    record->pops = IV_NEW_ARRAY(reader->arena, struct iv_record_pop, count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        IV_JSON_REQUIRE(reader, item, "baseline", "compliant");
        record->pops[i] = (struct iv_record_pop){
            .pop = {.oem = iv_json_need_string(reader, item, "oem"),
                    .mobile_operator = iv_json_need_string(reader, item, "operator"),
                    .model = iv_json_need_string(reader, item, "model")},
            .baseline = iv_json_get_bool(reader, item, "baseline"),
            .compliant = iv_json_get_bool(reader, item, "compliant"),
        };
        iv_json_context(reader, "pops[%zu]", i);
    }
    record->pop_count = count;
}

/* Name and key must not be null: everything that compares packages depends on them. */
static void read_packages(struct iv_json_reader *reader, const struct iv_json_value *object,
                          struct iv_record *record)
{
    size_t count = 0;
    size_t capacity = 0;
    const struct iv_json_value *array = iv_json_get_array(reader, object, "packages", &count);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        const struct iv_json_value *item = iv_json_item(reader, array, i);
        if (item == NULL) {
            break;
        }
        IV_JSON_REQUIRE(reader, item, "name", "key", "style", "version");
        record->packages = iv_arena_grow(reader->arena, record->packages, record->package_count,
                                         &capacity, sizeof(*record->packages));
        struct iv_package *package = &record->packages[record->package_count++];
        *package = (struct iv_package){0};
        iv_json_read_fields(reader, item, &iv_package_struct, IV_FIELD_STORED, package);
        if (package->name == NULL || package->key == NULL) {
            iv_json_fail(reader, "a package without name or key");
        }
        iv_json_context(reader, "packages[%zu]", i);
    }
}

/* Left out where they are not known, and by versions that knew none. Features must be sorted and
 * unique, because comparing them depends on it. */
static void read_traits(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_traits *traits)
{
    static const char *const keys[] = {"identity", NULL};
    if (iv_json_has(object, "keys")) {
        traits->has_identity_keys = iv_json_get_word(reader, object, "keys", keys) == 0;
    }
    if (iv_json_has(object, "features")) {
        traits->has_features = true;
        traits->features = iv_json_get_strings(reader, object, "features", &traits->feature_count);
    }
    for (size_t i = 1; i < traits->feature_count && !reader->failed; i++) {
        if (strcmp(traits->features[i - 1], traits->features[i]) >= 0) {
            iv_json_fail(reader, "features[%zu] is not in order", i);
        }
    }
    const struct iv_json_value *layout = iv_json_get_object(reader, object, "layout");
    if (layout != NULL) {
        iv_json_read_fields(reader, layout, &iv_layout_struct, IV_FIELD_STORED, &traits->layout);
        traits->layout.present = true;
    }
    for (size_t i = 0; i < traits->layout.partition_count && !reader->failed; i++) {
        if (traits->layout.partitions[i].name == NULL) {
            iv_json_fail(reader, "layout: a partition without a name");
        }
    }
}

/* `number` follows from the version and is not in the file, so that the two cannot disagree. */
static void read_record(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_record *record)
{
    IV_JSON_REQUIRE(reader, object, "id", "firmware_version", "imported", "recorded", "pops",
                    "packages");
    record->id = iv_json_need_string(reader, object, "id");
    record->firmware_version = iv_json_need_string(reader, object, "firmware_version");
    record->imported = iv_json_get_bool(reader, object, "imported");
    record->recorded = iv_json_get_int(reader, object, "recorded");
    if (record->firmware_version != NULL) {
        (void)iv_version_parse(record->firmware_version, &record->number);
    }
    read_pops(reader, object, record);
    read_packages(reader, object, record);
    read_traits(reader, object, &record->traits);
}

/* What was read of a bundle so far. */
struct parsing {
    struct iv_json_document document;
    struct iv_pieces *pieces;
    struct iv_arena arena; /* for the record in hand */
    uint64_t count;
    bool has_header;
    bool has_end;
};

/* One record, as a piece. */
static void parse_record(struct parsing *p, struct iv_json_reader *reader,
                         const struct iv_json_value *value, size_t number)
{
    struct iv_piece_record piece = {0};
    read_record(reader, value, &piece.record);
    piece.recorded = (uint64_t)piece.record.recorded;
    if (!reader->failed) {
        iv_pieces_add(p->pieces, IV_PIECE_RECORD, number, &piece);
        p->count++;
    }
}

/* One line, by what was read before it. */
static void parse_value(struct parsing *p, struct iv_json_reader *reader,
                        const struct iv_json_value *value, size_t number)
{
    if (!iv_json_is_object(value)) {
        iv_json_fail(reader, "not a JSON object");
    } else if (p->has_end) {
        iv_json_fail(reader, "a line after the end of the bundle");
    } else if (!p->has_header) {
        const char *schema = iv_json_need_string(reader, value, "schema");
        if (schema != NULL && strcmp(schema, BUNDLE_SCHEMA) != 0) {
            iv_json_fail(reader, "the schema is %s; this imgval reads " BUNDLE_SCHEMA, schema);
        }
        p->has_header = true;
    } else if (iv_json_has(value, "end")) {
        if (!iv_json_get_bool(reader, value, "end") ||
            iv_json_get_uint(reader, value, "submissions") != p->count) {
            iv_json_fail(reader, "the end line counts other submissions than the bundle has");
        }
        p->has_end = true;
    } else {
        parse_record(p, reader, value, number);
    }
}

/* Memory holds one record: the arena is set back after each line. */
static bool parse_line(void *context, const struct iv_line *line, struct iv_error *err)
{
    struct parsing *p = context;
    const struct iv_json_value *value;
    struct iv_json_reader reader = {.arena = &p->arena, .err = err};
    if (!iv_json_parse(&p->document, line->text, line->size, line->number, &value, err)) {
        return false;
    }
    parse_value(p, &reader, value, line->number);
    iv_json_context(&reader, "line %zu, column 1", line->number);
    iv_arena_reset(&p->arena, (struct iv_arena_mark){0});
    return !reader.failed;
}

/* In the reader process. A bundle without its end line was cut off, though each line of it is
 * right. */
bool iv_bundle_parse(struct iv_window *window, struct iv_pieces *pieces, struct iv_error *err)
{
    struct parsing p = {.pieces = pieces};
    bool is_read = iv_window_lines(window, parse_line, &p, err);
    iv_json_close(&p.document);
    iv_arena_fini(&p.arena);
    if (is_read && !p.has_end) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "line %zu, column 1: the bundle is cut off: it has no end line",
                            window->line + 1);
    }
    return is_read;
}

/* ---- in the parent --------------------------------------------------------------------------- */

/* Pieces from the reader, which may have been taken over by what it read: checked like input. */
bool iv_bundle_take(struct iv_bundle_taker *taker, const void *part, size_t size)
{
    struct iv_piece piece;
    bool is_broken = false;
    size_t at = 0;
    const char *bytes = iv_arena_strndup(taker->arena, part, size); /* the texts are borrowed */
    while (iv_pieces_next(bytes, size, &at, &piece, &is_broken)) {
        struct iv_piece_record read = {0};
        if (piece.kind != IV_PIECE_RECORD || !iv_piece_decode(&piece, taker->arena, NULL, &read)) {
            is_broken = true;
            break;
        }
        struct iv_record *record = &read.record;
        record->recorded = (int64_t)read.recorded;
        (void)iv_version_parse(record->firmware_version, &record->number);
        for (size_t i = 0; i < record->package_count; i++) {
            const struct iv_package *package = &record->packages[i];
            is_broken = is_broken || package->name == NULL || package->key == NULL;
        }
        taker->records = iv_arena_grow(taker->arena, taker->records, taker->count, &taker->capacity,
                                       sizeof(*taker->records));
        taker->records[taker->count++] = *record;
    }
    taker->is_broken = taker->is_broken || is_broken;
    return !is_broken;
}

/* An id stands for one submission, so those that are equal are one twice. */
static int compare_records(const void *a, const void *b)
{
    const struct iv_record *x = a;
    const struct iv_record *y = b;
    return strcmp(x->id, y->id);
}

/* All records are there. One id twice is refused, as the second would silently win. */
bool iv_bundle_end(struct iv_bundle_taker *taker, struct iv_record **ret_records, size_t *ret_count,
                   struct iv_error *err)
{
    if (taker->is_broken) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "its reader did not give an answer that a bundle can have");
    }
    if (taker->count > 1) {
        iv_sort(taker->records, taker->count, sizeof(*taker->records), compare_records);
    }
    for (size_t i = 1; i < taker->count; i++) {
        if (strcmp(taker->records[i - 1].id, taker->records[i].id) == 0) {
            struct iv_json_reader reader = {.err = err};
            iv_json_fail(&reader, "submission %s stands twice in the bundle", taker->records[i].id);
            return false;
        }
    }
    *ret_records = taker->records;
    *ret_count = taker->count;
    return true;
}
