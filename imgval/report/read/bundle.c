/*
 * bundle.c: writing sorts the records and prints one JSON object a line; reading goes line by line
 * through read_line(), which knows the order: a header, records, an end line with their number. The
 * end line is how a bundle that was cut off is recognised: every line of such a file may be valid.
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

/* Keys, features and layout are left out where they are not known; see read_traits(). */
static void write_record(struct iv_json *json, const struct iv_record *record)
{
    iv_json_open_object(json, NULL);
    iv_json_string(json, "id", record->id);
    iv_json_string(json, "firmware_version", record->firmware_version);
    iv_json_bool(json, "imported", record->imported);
    iv_json_int(json, "recorded", record->recorded);
    iv_json_open_array(json, "pops");
    for (size_t i = 0; i < record->pop_count; i++) {
        const struct iv_record_pop *pop = &record->pops[i];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "oem", pop->pop.oem);
        iv_json_string(json, "operator", pop->pop.mobile_operator);
        iv_json_string(json, "model", pop->pop.model);
        iv_json_bool(json, "baseline", pop->baseline);
        iv_json_bool(json, "compliant", pop->compliant);
        iv_json_close_object(json);
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

#define REQUIRE(reader, object, ...)                                                               \
    iv_json_require((reader), (object), (const char *const[]){__VA_ARGS__, NULL})

/* A string that must be there and not null. */
static const char *need_string(struct iv_json_reader *reader, const struct iv_json_value *object,
                               const char *name)
{
    const char *text = iv_json_get_string(reader, object, name);
    if (text == NULL) {
        iv_json_fail(reader, "member \"%s\" is missing", name);
    }
    return text;
}

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
        REQUIRE(reader, item, "baseline", "compliant");
        record->pops[i] = (struct iv_record_pop){
            .pop = {.oem = need_string(reader, item, "oem"),
                    .mobile_operator = need_string(reader, item, "operator"),
                    .model = need_string(reader, item, "model")},
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
        REQUIRE(reader, item, "name", "key", "style", "version");
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

static void read_record(struct iv_json_reader *reader, const struct iv_json_value *object,
                        struct iv_record *record)
{
    REQUIRE(reader, object, "id", "firmware_version", "imported", "recorded", "pops", "packages");
    record->id = need_string(reader, object, "id");
    record->firmware_version = need_string(reader, object, "firmware_version");
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
struct progress {
    struct iv_record *records;
    size_t count;
    size_t capacity;
    bool has_header;
    bool has_end;
};

/* One line, by what was read before it. */
static void read_line(struct iv_json_reader *reader, const struct iv_json_value *value,
                      struct progress *progress)
{
    if (!iv_json_is_object(value)) {
        iv_json_fail(reader, "not a JSON object");
    } else if (progress->has_end) {
        iv_json_fail(reader, "a line after the end of the bundle");
    } else if (!progress->has_header) {
        const char *schema = need_string(reader, value, "schema");
        if (schema != NULL && strcmp(schema, BUNDLE_SCHEMA) != 0) {
            iv_json_fail(reader, "the schema is %s; this imgval reads " BUNDLE_SCHEMA, schema);
        }
        progress->has_header = true;
    } else if (iv_json_has(value, "end")) {
        if (!iv_json_get_bool(reader, value, "end") ||
            iv_json_get_uint(reader, value, "submissions") != progress->count) {
            iv_json_fail(reader, "the end line counts other submissions than the bundle has");
        }
        progress->has_end = true;
    } else {
        progress->records = iv_arena_grow(reader->arena, progress->records, progress->count,
                                          &progress->capacity, sizeof(*progress->records));
        struct iv_record *record = &progress->records[progress->count++];
        *record = (struct iv_record){0};
        read_record(reader, value, record);
    }
}

static int compare_records(const void *a, const void *b)
{
    const struct iv_record *x = a;
    const struct iv_record *y = b;
    return strcmp(x->id, y->id);
}

/* Sorted by id; false when one stands twice. */
static bool sort_records(struct progress *progress, struct iv_error *err)
{
    if (progress->count > 1) {
        iv_sort(progress->records, progress->count, sizeof(*progress->records), compare_records);
    }
    for (size_t i = 1; i < progress->count; i++) {
        if (strcmp(progress->records[i - 1].id, progress->records[i].id) == 0) {
            struct iv_json_reader reader = {.err = err};
            iv_json_fail(&reader, "submission %s stands twice in the bundle",
                         progress->records[i].id);
            return false;
        }
    }
    return true;
}

bool iv_bundle_read(const char *bytes, size_t size, struct iv_arena *arena,
                    struct iv_record **ret_records, size_t *ret_count, struct iv_error *err)
{
    if (size > IV_BUNDLE_READ_MAX) {
        return iv_error_set(err, IV_ERROR_INVALID, "a bundle of more than 1 GiB");
    }
    struct iv_json_lines lines = {.text = bytes, .size = size};
    struct iv_json_reader reader = {.arena = arena, .err = err};
    struct progress progress = {0};
    struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
    const char *line = NULL;
    size_t line_size = 0;
    bool whole = false;

    while (iv_json_next_line(&lines, &line, &line_size, &whole)) {
        const struct iv_json_value *value;
        if (!iv_json_parse(&document, line, line_size, lines.number, &value, err)) {
            return false;
        }
        read_line(&reader, value, &progress);
        if (reader.failed) {
            iv_json_context(&reader, "line %zu, column 1", lines.number);
            return false;
        }
    }
    if (!progress.has_end) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "line %zu, column 1: the bundle is cut off: it has no end line",
                            lines.number + 1);
    }
    if (!sort_records(&progress, err)) {
        return false;
    }
    *ret_records = progress.records;
    *ret_count = progress.count;
    return true;
}
