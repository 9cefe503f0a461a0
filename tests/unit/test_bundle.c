#include "tests/unit/files.h"
#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/report/read/bundle.h"

#include <stdlib.h>

static void write_bundle(const struct iv_record *records, size_t count, struct iv_buf *ret_text)
{
    size_t size;
    FILE *stream = tmpfile();
    iv_bundle_write(records, count, stream);
    char *bytes = files_text(stream, &size);
    iv_buf_clear(ret_text);
    iv_buf_add(ret_text, bytes, size);
    free(bytes);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct iv_package *)a)->key, ((const struct iv_package *)b)->key);
}

/* Two records, not in order, with hostile names. */
static void build(struct iv_arena *arena, struct iv_record ret_records[2])
{
    struct iv_report report;
    fixture_report(arena, &report);
    static struct iv_record_pop const pops[] = {
        {.pop = {.oem = "CONTOSO", .mobile_operator = "000-88", .model = "CT-\xFF<b>"},
         .baseline = true,
         .compliant = true},
        {.pop = {.oem = "CONTOSO", .mobile_operator = "000-88", .model = "##vso[x]"}},
    };
    for (size_t i = 0; i < 2; i++) {
        const struct iv_submission *s = report.entries[i].submission;
        struct iv_record *record = &ret_records[1 - i];
        *record = (struct iv_record){
            .id = s->id,
            .firmware_version = "03012.0.1610.4",
            .number = {{3012, 0, 1610, 4}},
            .imported = i == 1,
            .recorded = i == 0 ? 1700000000 : -5,
            .packages = s->packages,
            .package_count = s->package_count,
        };
        record->pops = IV_NEW_ARRAY(arena, struct iv_record_pop, 2);
        memcpy(record->pops, pops, sizeof(pops));
        record->pop_count = 2 - i;
        qsort(record->packages, record->package_count, sizeof(*record->packages), compare_keys);
    }
}

static void test_round(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_record records[2];
    build(&arena, records);
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    write_bundle(records, 2, &text);
    CHECK(iv_bundle_is(text.data, text.size));
    CHECK(fixture_validate(text.data, text.size));
    const char *start = "{\"schema\":\"imgval-bundle/1\"}\n{\"id\":\"aaaa";
    CHECK(strncmp(text.data, start, strlen(start)) == 0);
    CHECK(strstr(text.data, "\n{\"end\":true,\"submissions\":2}\n") != NULL);
    struct iv_record *again = NULL;
    size_t count = 0;
    struct iv_error err = {0};
    if (!CHECK(fixture_read_bundle(text.data, text.size, &arena, &again, &count, &err))) {
        fprintf(stderr, "    %s\n", err.text);
        return;
    }
    CHECK_INT(count, 2);
    CHECK_STR(again[0].id, records[1].id);
    CHECK_INT(again[0].recorded, 1700000000);
    CHECK_INT(again[1].recorded, -5);
    CHECK(again[1].imported && !again[0].imported);
    CHECK_INT(again[0].number.part[2], 1610);
    CHECK(again[0].pops[0].baseline && again[0].pops[0].compliant && !again[0].pops[1].baseline);
    CHECK_STR(again[0].pops[0].pop.model, "CT-\xFF<b>");
    CHECK_INT(again[0].package_count, records[1].package_count);
    for (size_t i = 0; i < again[0].package_count; i++) {
        const struct iv_package *a = &again[0].packages[i];
        const struct iv_package *b = &records[1].packages[i];
        CHECK_STR(a->name, b->name);
        CHECK_STR(a->version, b->version);
        CHECK(iv_version_compare(a->number, b->number) == 0 && a->removal == b->removal);
    }
    struct iv_buf twice IV_CLEANUP(iv_buf_fini) = {0};
    write_bundle(again, count, &twice);
    CHECK(strcmp(text.data, twice.data) == 0);
    /* nothing shorter is a bundle */
    size_t read = 0;
    for (size_t size = 0; size + 1 < text.size; size += 31) {
        read += fixture_read_bundle(text.data, size, &arena, &again, &count, &err);
    }
    CHECK_INT(read, 0);
}

static void test_empty(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    write_bundle(NULL, 0, &text);
    CHECK_STR(text.data, "{\"schema\":\"imgval-bundle/1\"}\n{\"end\":true,\"submissions\":0}\n");
    CHECK(fixture_validate(text.data, text.size));
    struct iv_record *records = NULL;
    size_t count = 7;
    struct iv_error err = {0};
    CHECK(fixture_read_bundle(text.data, text.size, &arena, &records, &count, &err));
    CHECK_INT(count, 0);
}

#define HEADER "{\"schema\":\"imgval-bundle/1\"}\n"
#define RECORD                                                                                     \
    "{\"id\":\"aa\",\"firmware_version\":\"1.2.3.4\",\"imported\":false,\"recorded\":1,"           \
    "\"pops\":[],\"packages\":[]}\n"

static void test_errors(void)
{
    static const char *const cases[][2] = {
        {"", "line 1, column 1: the bundle is cut off"},
        {HEADER RECORD, "line 3, column 1: the bundle is cut off"},
        {"{\"schema\":\"imgval-bundle/9\"}\n", "line 1, column 1: the schema is imgval-bundle/9"},
        {HEADER "{\"end\":true,\"submissions\":1}\n", "line 2, column 1: the end line counts"},
        {HEADER "{\"end\":false,\"submissions\":0}\n", "line 2, column 1: the end line counts"},
        {HEADER RECORD RECORD "{\"end\":true,\"submissions\":2}\n", "aa stands twice"},
        {HEADER "{\"end\":true,\"submissions\":0}\n" RECORD, "line 3, column 1: a line after"},
        {HEADER "{\"id\":1}\n", "line 2, column 1: member \"firmware_version\" is missing"},
        {HEADER "\n\n{\"id\":}\n", "line 4, column "},
        {HEADER "[]\n", "line 2, column 1: not a JSON object"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        iv_arena_init(&arena);
        struct iv_record *records = NULL;
        size_t count = 0;
        struct iv_error err = {0};
        CHECK(
            !fixture_read_bundle(cases[i][0], strlen(cases[i][0]), &arena, &records, &count, &err));
        CHECK_INT(err.code, IV_ERROR_INVALID);
        if (!CHECK(strstr(err.text, cases[i][1]) != NULL)) {
            fprintf(stderr, "    case %zu: %s\n", i, err.text);
        }
        CHECK(records == NULL && count == 0);
    }
    CHECK(!iv_bundle_is("{\"schema\":\"imgval-report/1\"}", 28));
    CHECK(!iv_bundle_is("", 0));
}

int main(void)
{
    test_round();
    test_empty();
    test_errors();
    return unit_end();
}
