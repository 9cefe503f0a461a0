#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/report/read/json_read.h"
#include "imgval/report/read/report_read.h"
#include "imgval/report/report.h"

#include <stdlib.h>
#include <time.h>

/* Reads, and gives the error's text, or NULL. */
static const char *read_error(const char *bytes, size_t size, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    bool complete = false;
    *err = (struct iv_error){0};
    if (iv_report_read(bytes, size, fixture_rule, &arena, &report, &complete, err)) {
        return NULL;
    }
    CHECK_INT(err->code, IV_ERROR_INVALID);
    return err->text;
}

/* Whatever sink wrote the input, the output through every sink is that of the report itself. */
static void test_round(const struct iv_report *report, const struct iv_sink *through)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct iv_style_options style = {.width = 80, .verbose = 1};
    struct iv_buf saved IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, through, &style, &saved);
    struct iv_report again;
    struct iv_error err = {0};
    bool complete = false;
    if (!CHECK(iv_report_read(saved.data, saved.size, fixture_rule, &arena, &again, &complete,
                              &err))) {
        fprintf(stderr, "    %s\n", err.text);
        return;
    }
    CHECK(complete);
    static const struct iv_sink *const sinks[] = {&iv_sink_json, &iv_sink_jsonl, &iv_sink_text};
    for (size_t i = 0; i < IV_COUNT(sinks); i++) {
        struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
        fixture_write(report, sinks[i], &style, &wanted);
        fixture_write(&again, sinks[i], &style, &got);
        CHECK_INT(got.size, wanted.size);
        CHECK(strcmp(iv_buf_text(&got), iv_buf_text(&wanted)) == 0);
    }
}

/* An image's facts travel whole, text that is no UTF-8 included. */
static void test_image(const struct iv_report *report)
{
    const char *ids[] = {"Contoso.QC8960.P1", "bad \xFF id"};
    struct iv_image_store stores[] = {{
        .index = 1,
        .version = "2.0",
        .flash_version = "2.0",
        .update_type = IV_UPDATE_FULL,
        .main_os = true,
        .platform_ids = ids,
        .platform_id_count = 2,
        .disk_size = 1 << 30,
        .final = {.first = 7, .count = 2},
        .scheme = "gpt",
        .readable = true,
    }};
    struct iv_image_partition partitions[] = {
        {.store = 1, .number = 1, .name = "Main\x1bOS", .file_system = "NTFS", .package_count = 9},
        {.store = 1, .number = 2},
    };
    struct iv_image_claim claims[] = {{.store = 1, .name = "MainOS", .use_all_space = true}};
    struct iv_image_signer signers[] = {{.name = "Example", .verified = true}};
    struct iv_submission submission = *report->entries[0].submission;
    submission.kind = IV_KIND_FFU;
    submission.image = (struct iv_image){
        .present = true,
        .path = "a.ffu",
        .format = "FFU",
        .file_size = 12345,
        .platform_ids = ids,
        .platform_id_count = 2,
        .stores = stores,
        .store_count = 1,
        .claims = claims,
        .claim_count = 1,
        .partitions = partitions,
        .partition_count = 2,
        .signature = IV_SIGNATURE_VALID,
        .signers = signers,
        .signer_count = 1,
        .catalog_digest = IV_CATALOG_MATCHES,
        .hash = {.state = IV_HASH_CHECKED, .chunks = 9, .entries = 9, .checked = 8},
    };
    struct iv_report_entry entry = report->entries[0];
    entry.submission = &submission;
    struct iv_report one = *report;
    one.entries = &entry;
    one.entry_count = 1;
    test_round(&one, &iv_sink_json);
    test_round(&one, &iv_sink_jsonl);
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(&one, &iv_sink_json, &style, &text);
    CHECK(strstr(iv_buf_text(&text), "\"file_system\": \"NTFS\"") != NULL);
    CHECK(strstr(iv_buf_text(&text), "\"platform_ids_bytes\"") != NULL);
}

static void test_recognise(const struct iv_report *report)
{
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, &iv_sink_json, &style, &text);
    CHECK(iv_json_is_report(text.data, text.size) && !iv_json_is_stream(text.data, text.size));
    fixture_write(report, &iv_sink_jsonl, &style, &text);
    CHECK(!iv_json_is_report(text.data, text.size) && iv_json_is_stream(text.data, text.size));
    CHECK(!iv_json_is_report("", 0) && !iv_json_is_stream("{", 1));
    CHECK(!iv_json_is_report("[\"schema\"", 9));
    const char *other = " \n {\"tool\": 1, \"schema\" : \"imgval-report/7\"}";
    CHECK(iv_json_is_report(other, strlen(other)));
}

/* A stream that stops anywhere is an incomplete report or an error, and never a whole one. */
static void test_cut_stream(const struct iv_report *report)
{
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, &iv_sink_jsonl, &style, &text);
    const char *header_end = strchr(text.data, '\n');
    const size_t header = (size_t)(header_end - text.data);
    size_t wrong = 0;
    for (size_t size = 0; size + 1 < text.size; size += 97) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        iv_arena_init(&arena);
        struct iv_report part;
        struct iv_error err = {0};
        bool complete = true;
        char *copy = malloc(size + 1);
        memcpy(copy, text.data, size);
        bool is_read = iv_report_read(copy, size, fixture_rule, &arena, &part, &complete, &err);
        wrong += is_read ? complete || part.verdict == IV_VERDICT_PASS : size > header;
        free(copy);
    }
    CHECK_INT(wrong, 0);
    struct iv_error err = {0};
    char *twice = malloc(2 * text.size + 1);
    memcpy(twice, text.data, text.size);
    memcpy(twice + text.size, text.data, text.size + 1);
    CHECK(read_error(twice, 2 * text.size, &err) != NULL);
    free(twice);
}

static void test_errors(void)
{
    static const char *const cases[][2] = {
        {"", "line 1, column 1: "},
        {"[]", "line 1, column 1: a report is a JSON object"},
        {"{\n  \"schema\": \"imgval-report/1\",\n  \"verdict\" 1}", "line 3, column "},
        {"{\"schema\":\"x\",\"schema\":\"y\"}", "duplicate"},
        {"{\"schema\":\"imgval-report/2\"}", "the schema is imgval-report/2"},
        {"{\"schema\":\"imgval-report/1\"}", "member \"tool\" is missing"},
        {"{\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\",\"version\":1},"
         "\"fail_on\":\"error\",\"verdict\":\"pass\",\"submissions\":[]}",
         "member \"version\" is not a string"},
        {"{\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\",\"version\":\"1\"},"
         "\"fail_on\":\"err\033or\",\"verdict\":\"pass\",\"submissions\":[]}",
         "line 1, column "},
        {"{\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\",\"version\":\"1\"},"
         "\"fail_on\":\"\\u001b[1m\",\"verdict\":\"pass\",\"submissions\":[]}",
         "none of the words for it: \\x1b[1m"},
        {"{\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\",\"version\":\"1\"},"
         "\"fail_on\":\"error\",\"verdict\":\"pass\",\"submissions\":[{},{}]}",
         "submissions[0]: member \"path\" is missing"},
        {"{\"record\":\"header\",\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\","
         "\"version\":\"1\"},\"fail_on\":\"error\"}\n{\"record\":\"package\",\"submission\":0}\n",
         "line 2, column 1: the record belongs to no submission before it"},
        {"{\"record\":\"header\",\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\","
         "\"version\":\"1\"},\"fail_on\":\"error\"}\n{\"record\":}\n{}\n",
         "line 2, column "},
        {"{\"record\":\"header\",\"schema\":\"imgval-report/1\",\"tool\":{\"name\":\"i\","
         "\"version\":\"1\"},\"fail_on\":\"error\"}\n{\"record\":\"end\",\"verdict\":\"pass\","
         "\"counts\":{\"submissions\":1,\"packages\":0,\"findings\":0}}\n",
         "the counts of the end record"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct iv_error err;
        const char *text = read_error(cases[i][0], strlen(cases[i][0]), &err);
        if (!CHECK(text != NULL && strstr(text, cases[i][1]) != NULL)) {
            fprintf(stderr, "    case %zu: %s\n", i, text == NULL ? "(read)" : text);
        }
    }
}

/* Replaces the first `old` in the fixture's document. */
static void check_changed(const struct iv_report *report, const char *old, const char *new,
                          const char *wanted)
{
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf changed IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, &iv_sink_json, &style, &text);
    const char *at = strstr(text.data, old);
    if (!CHECK(at != NULL)) {
        return;
    }
    iv_buf_add(&changed, text.data, (size_t)(at - text.data));
    iv_buf_puts(&changed, new);
    iv_buf_puts(&changed, at + strlen(old));
    struct iv_error err;
    const char *why = read_error(changed.data, changed.size, &err);
    if (!CHECK(wanted == NULL ? why == NULL : why != NULL && strstr(why, wanted) != NULL)) {
        fprintf(stderr, "    %s: %s\n", new, why == NULL ? "(read)" : why);
    }
}

static void test_changes(const struct iv_report *report)
{
    check_changed(report, "\"id\": \"STD002\"", "\"id\": \"NOPE1\"", "there is no rule NOPE1");
    check_changed(report, "\"severity\": \"error\"", "\"severity\": \"fatal\"",
                  "submissions[0]: findings[0]: member \"severity\"");
    check_changed(report, "\"style\": \"spkg\"", "\"style\": 7", "packages[0]");
    check_changed(report, "\"file_count\": 12", "\"file_count\": -12", "less than zero");
    check_changed(report, "626164ffc0af75746638", "626164ffc0af75746639", "exact text");
    check_changed(report, "626164ffc0af75746638", "626164FF", "exact text");
    check_changed(report, "\"name_bytes\": \"62", "\"name_bytes\": \"00", "exact text");
    check_changed(report, "\"key\": \"contoso", "\"key\": null, \"x\": \"contoso",
                  "without name or key");
    check_changed(report, "\"fail_on\"", "\"added_later\": [{\"x\": 1}], \"fail_on\"", NULL);
    check_changed(report, "\"outcomes\": [", "\"outcomes\": [7, ", "is not an object");
    check_changed(report, "\"path\": \"firmware/v4\"", "\"path\": \"a\\u0000b\"", "line ");
    check_changed(report, "\"path\": \"firmware/v4\"", "\"path\": \"a\\ud800b\"", "line ");
    check_changed(report, "\"path\": \"firmware/v4\"", "\"path\": null", "\"path\" is missing");
}

static void test_policy_changes(const struct iv_report *report)
{
    check_changed(report, "\"id\": \"OEM001\"", "\"id\": \"OEM002\"", "there is no rule OEM001");
    check_changed(report, "\"id\": \"OEM001\"", "\"id\": \"STD002\"", "STD002 is no site rule");
    check_changed(report, "\"subject\": \"package\"", "\"subject\": \"x\"", "site_rules[0]");
    check_changed(report, "\"owner\": \"platform", "\"x\": \"", "\"owner\" is missing");
    check_changed(report, "\"expires\": \"2027", "\"expires\": 7, \"x\": \"", "not a string");
}

/* Any byte of a report changed: an error or a report, never a crash (run under sanitizers). */
static void test_noise(const struct iv_report *report)
{
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, &iv_sink_json, &style, &text);
    unsigned state = 12345;
    size_t read = 0;
    for (size_t i = 0; i < 400; i++) {
        state = state * 1103515245u + 12345u;
        size_t at = (state >> 8) % text.size;
        char old = text.data[at];
        text.data[at] = "{}[]\",:0\\n\xFF"
                        "7"[(state >> 4) % 13];
        struct iv_error err;
        read += read_error(text.data, text.size, &err) == NULL;
        text.data[at] = old;
    }
    CHECK(read > 0 && read < 400);
    struct iv_buf deep IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < 100000; i++) {
        iv_buf_puts(&deep, "{\"a\":[");
    }
    struct iv_error err;
    CHECK(read_error(deep.data, deep.size, &err) != NULL);
}

/* test_json_read SINK COUNT: CPU time of reading a large report, for people. */
static int measure(const char *name, size_t count)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    fixture_big(&arena, count, &report);
    const struct iv_sink *sink = iv_sink_find(IV_PRINTED_REPORT, name);
    const struct iv_style_options style = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (sink == NULL) {
        return 2;
    }
    fixture_write(&report, sink, &style, &text);
    struct iv_error err = {0};
    clock_t start = clock();
    const char *why = read_error(text.data, text.size, &err);
    printf("%s: %zu findings, %zu bytes, %.3f s %s\n", name, count, text.size,
           (double)(clock() - start) / CLOCKS_PER_SEC, why == NULL ? "" : why);
    return why == NULL ? 0 : 1;
}

/* Name, type and value of each member; "error" for what is no object. */
static void describe(const char *text, size_t size, struct iv_buf *ret_text)
{
    struct iv_json_value *value IV_CLEANUP(iv_json_value_close) = NULL;
    struct iv_error err = {0};
    if (!iv_json_parse(text, size, 1, &value, &err) || !iv_json_is_object(value)) {
        iv_buf_puts(ret_text, "error");
        return;
    }
    struct iv_json_member at = {0};
    while (iv_json_next(value, &at)) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        iv_arena_init(&arena);
        struct iv_json_reader reader[3];
        for (size_t i = 0; i < IV_COUNT(reader); i++) {
            reader[i] = (struct iv_json_reader){.arena = &arena, .err = &err};
        }
        const char *word = iv_json_get_string(&reader[0], value, at.name);
        int64_t number = iv_json_get_int(&reader[1], value, at.name);
        bool truth = iv_json_get_bool(&reader[2], value, at.name);
        iv_buf_printf(ret_text, "%s=%d%d%d:%s/%lld/%d;", at.name, reader[0].failed,
                      reader[1].failed, reader[2].failed, word == NULL ? "(null)" : word,
                      (long long)number, truth);
    }
}

/* A record that is taken apart by hand is what the library makes of it: with a blank before it, it
 * is the library's. */
static void check_record(const char *text, size_t size)
{
    struct iv_buf spaced IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&spaced, " ");
    iv_buf_add(&spaced, text, size);
    describe(text, size, &got);
    describe(spaced.data, spaced.size, &wanted);
    CHECK_STR(iv_buf_text(&got), iv_buf_text(&wanted));
}

/* Brackets inside of one another, with a string that only looks like them. */
static bool parses_nested(size_t depth)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json_value *value IV_CLEANUP(iv_json_value_close) = NULL;
    struct iv_error err = {0};
    for (size_t i = 0; i < depth; i++) {
        iv_buf_putc(&text, '[');
    }
    iv_buf_puts(&text, "\"[[[\\\"[[[\"");
    for (size_t i = 0; i < depth; i++) {
        iv_buf_putc(&text, ']');
    }
    return iv_json_parse(iv_buf_text(&text), text.size, 1, &value, &err);
}

static bool parses_objects(size_t count)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json_value *value IV_CLEANUP(iv_json_value_close) = NULL;
    struct iv_error err = {0};
    iv_buf_putc(&text, '[');
    for (size_t i = 1; i < count; i++) {
        iv_buf_puts(&text, "{},");
    }
    iv_buf_puts(&text, "{}]");
    return iv_json_parse(iv_buf_text(&text), text.size, 1, &value, &err);
}

/* What a document may cost in memory is seen before a tree of it is made. */
static void test_bounds(void)
{
    CHECK(parses_nested(64));
    CHECK(!parses_nested(65));
    CHECK(parses_objects(100000));
    CHECK(!parses_objects(3000000));
}

static void test_records(void)
{
    static const char *const texts[] = {
        "{}",
        "{\"a\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":01}",
        "{\"a\":00}",
        "{\"a\":-0}",
        "{\"a\":-7}",
        "{\"a\":1.5}",
        "{\"a\":1e3}",
        "{\"a\":999999999999999999}",
        "{\"a\":9223372036854775807}",
        "{\"a\":9223372036854775808}",
        "{\"a\":truex}",
        "{\"a\":tru}",
        "{\"a\":}",
        "{\"a\"}",
        "{\"a\":1,}",
        "{\"a\":1}}",
        "{\"a\":1} ",
        "{\"a\":\"\\u0041\\n\"}",
        "{\"a\":\"\303\251\"}",
        "{\"a\":\"\351\"}",
        "{\"a\":\"\177\"}",
        "{\"a\":\"b",
        "{\"a\":\"\"}",
        "{\"\":\"x\"}",
        "{\"a\":[1],\"b\":{\"c\":2}}",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
    };
    static const char record[] =
        "{\"a\":\"x y\",\"b\":0,\"c\":true,\"d\":false,\"e\":null,\"f\":12}";
    static const char put[] = {'"', '\\', ',', ':', '{', '}',  '[',  '0',    '9',
                               '-', '.',  'a', 'e', ' ', '\0', '\n', '\x7f', '\x80'};
    for (size_t i = 0; i < IV_COUNT(texts); i++) {
        check_record(texts[i], strlen(texts[i]));
    }
    char changed[sizeof(record)];
    for (size_t at = 0; at + 1 < sizeof(record); at++) {
        check_record(record, at);
        for (size_t k = 0; k < IV_COUNT(put); k++) {
            memcpy(changed, record, sizeof(record));
            changed[at] = put[k];
            check_record(changed, sizeof(record) - 1);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        return measure(argv[1], strtoul(argv[2], NULL, 10));
    }
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    fixture_report(&arena, &report);
    test_round(&report, &iv_sink_json);
    test_round(&report, &iv_sink_jsonl);
    struct iv_report policy;
    fixture_policy(&arena, &policy);
    test_round(&policy, &iv_sink_json);
    test_round(&policy, &iv_sink_jsonl);
    test_policy_changes(&policy);
    test_image(&report);
    test_recognise(&report);
    test_cut_stream(&report);
    test_errors();
    test_bounds();
    test_records();
    test_changes(&report);
    test_noise(&report);
    return unit_end();
}
