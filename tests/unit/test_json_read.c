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
    if (fixture_read(bytes, size, &arena, &report, &complete, err)) {
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
    if (!CHECK(fixture_read(saved.data, saved.size, &arena, &again, &complete, &err))) {
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
        bool is_read = fixture_read(copy, size, &arena, &part, &complete, &err);
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
    struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
    const struct iv_json_value *value;
    struct iv_error err = {0};
    if (!iv_json_parse(&document, text, size, 1, &value, &err) || !iv_json_is_object(value)) {
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
        const char *name = iv_arena_strndup(&arena, at.name, at.name_size);
        const char *word = iv_json_get_string(&reader[0], value, name);
        int64_t number = iv_json_get_int(&reader[1], value, name);
        bool truth = iv_json_get_bool(&reader[2], value, name);
        iv_buf_printf(ret_text, "%s=%d%d%d:%s/%lld/%d;", name, reader[0].failed, reader[1].failed,
                      reader[2].failed, word == NULL ? "(null)" : word, (long long)number, truth);
    }
}

static void check_record(const char *text, size_t size, const char *wanted)
{
    struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
    describe(text, size, &got);
    CHECK_STR(iv_buf_text(&got), wanted);
}

/* Brackets inside of one another, with a string that only looks like them. */
static bool parses_nested(size_t depth)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
    const struct iv_json_value *value;
    struct iv_error err = {0};
    for (size_t i = 0; i < depth; i++) {
        iv_buf_putc(&text, '[');
    }
    iv_buf_puts(&text, "\"[[[\\\"[[[\"");
    for (size_t i = 0; i < depth; i++) {
        iv_buf_putc(&text, ']');
    }
    return iv_json_parse(&document, iv_buf_text(&text), text.size, 1, &value, &err);
}

static bool parses_objects(size_t count)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
    const struct iv_json_value *value;
    struct iv_error err = {0};
    iv_buf_putc(&text, '[');
    for (size_t i = 1; i < count; i++) {
        iv_buf_puts(&text, "{},");
    }
    iv_buf_puts(&text, "{}]");
    return iv_json_parse(&document, iv_buf_text(&text), text.size, 1, &value, &err);
}

/* What a document may cost in memory is seen before a tree of it is made. */
static void test_bounds(void)
{
    CHECK(parses_nested(64));
    CHECK(!parses_nested(65));
    CHECK(parses_objects(100000));
    CHECK(parses_objects(3000000)); /* none of them is kept */
}

/* For each member whether it is no string, no whole number, no truth; then what it is. */
static void test_records(void)
{
    static const char *const records[][2] = {
        {"{}", ""},
        {"{\"a\":1}", "a=101:(null)/1/0;"},
        {" {\r\n\t\"a\" : 1 } \n", "a=101:(null)/1/0;"},
        {"{\"a\":1,\"a\":2}", "error"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "error"},
        {"{\"a\":1,\"\\u0061\":3}", "error"},
        {"{\"a\":01}", "error"},
        {"{\"a\":00}", "error"},
        {"{\"a\":-}", "error"},
        {"{\"a\":+1}", "error"},
        {"{\"a\":.5}", "error"},
        {"{\"a\":1.}", "error"},
        {"{\"a\":1e}", "error"},
        {"{\"a\":-0}", "a=101:(null)/0/0;"},
        {"{\"a\":-7}", "a=101:(null)/-7/0;"},
        {"{\"a\":1.5}", "a=111:(null)/0/0;"},
        {"{\"a\":-1.5E+3}", "a=111:(null)/0/0;"},
        {"{\"a\":1e3}", "a=111:(null)/0/0;"},
        {"{\"a\":9223372036854775807}", "a=101:(null)/9223372036854775807/0;"},
        {"{\"a\":-9223372036854775808}", "a=101:(null)/-9223372036854775808/0;"},
        {"{\"a\":9223372036854775808}", "error"},
        {"{\"a\":-9223372036854775809}", "error"},
        {"{\"a\":true,\"b\":false,\"c\":null}",
         "a=110:(null)/0/1;b=110:(null)/0/0;c=000:(null)/0/0;"},
        {"{\"a\":truex}", "error"},
        {"{\"a\":tru}", "error"},
        {"{\"a\":}", "error"},
        {"{\"a\"}", "error"},
        {"{\"a\":1,}", "error"},
        {"{,}", "error"},
        {"{\"a\":1 \"b\":2}", "error"},
        {"{\"a\":1}}", "error"},
        {"{\"a\":[1,]}", "error"},
        {"{\"a\":[1 2]}", "error"},
        {"{\"a\":[1}", "error"},
        {"{\"a\":1", "error"},
        {"{\"a\":\"\\u0041\\n\\\\\\/\\\"\\u00e9\\ud83d\\ude00\"}",
         "a=011:A\n\\/\"\303\251\360\237\230\200/0/0;"},
        {"{\"a\":\"x\\u0041y\\tz\"}", "a=011:xAy\tz/0/0;"},
        {"{\"a\":\"\\u0000\"}", "error"},
        {"{\"a\":\"\\ud83d\"}", "error"},
        {"{\"a\":\"\\ud83d\\u0041\"}", "error"},
        {"{\"a\":\"\\ude00\"}", "error"},
        {"{\"a\":\"\\u00g0\"}", "error"},
        {"{\"a\":\"\\x\"}", "error"},
        {"{\"a\":\"\\", "error"},
        {"{\"a\":\"\303\251\"}", "a=011:\303\251/0/0;"},
        {"{\"a\":\"\351\"}", "error"},
        {"{\"a\":\"\355\240\200\"}", "error"},
        {"{\"a\":\"\177\"}", "a=011:\177/0/0;"},
        {"{\"a\":\"\n\"}", "error"},
        {"{\"a\":\"b", "error"},
        {"{\"a\":\"\"}", "a=011:/0/0;"},
        {"{\"\":\"x\"}", "=011:x/0/0;"},
        {"{\"a\":[1],\"b\":{\"c\":2}}", "a=111:(null)/0/0;b=111:(null)/0/0;"},
        {"{\"b\":2,\"a\":[[1,{}],\"x\"],\"c\":3}",
         "b=101:(null)/2/0;a=111:(null)/0/0;c=101:(null)/3/0;"},
        {"1", "error"},
        {"", "error"},
    };
    for (size_t i = 0; i < IV_COUNT(records); i++) {
        check_record(records[i][0], strlen(records[i][0]), records[i][1]);
    }
    check_record("{\"a\":\"\0\"}", 9, "error");
    check_record("{\"a\":1}\0", 8, "error");
}

/* Many members: a name that stands twice is found however far apart. */
static void test_many_members(void)
{
    for (int twice = 0; twice < 2; twice++) {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
        const struct iv_json_value *value;
        struct iv_error err = {0};
        iv_buf_putc(&text, '{');
        for (int i = 0; i < 1000; i++) {
            iv_buf_printf(&text, "\"m%d\":[%d],", i, i);
        }
        iv_buf_puts(&text, twice ? "\"m7\":0}" : "\"n\":0}");
        CHECK_INT(iv_json_parse(&document, iv_buf_text(&text), text.size, 1, &value, &err), !twice);
        if (!twice) {
            const struct iv_json_value *late = iv_json_member_named(value, "m998", 4);
            const struct iv_json_value *early = iv_json_member_named(value, "m3", 2);
            CHECK(late != NULL && iv_json_element(late, 0)->integer == 998);
            CHECK(early != NULL && iv_json_element(early, 0)->integer == 3);
            CHECK(iv_json_member_named(value, "m1000", 5) == NULL);
        }
    }
}

/* Elements of a large array are taken apart again: in order, after another, and within another. */
static void test_large_arrays(void)
{
    enum { OUTER = 3, INNER = 5000 };
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json_document document IV_CLEANUP(iv_json_close) = {0};
    const struct iv_json_value *root;
    struct iv_error err = {0};
    iv_buf_puts(&text, "{\"list\" : [");
    for (int i = 0; i < OUTER; i++) {
        iv_buf_printf(&text, "%s{\"inner\":[", i == 0 ? " " : " ,\n");
        for (int k = 0; k < INNER; k++) {
            iv_buf_printf(&text, "%s{\"n\":%d,\"t\":\"\\\\%d\"}", k == 0 ? "" : ", ", k, i);
        }
        iv_buf_printf(&text, "],\"name\":%d}", i);
    }
    iv_buf_puts(&text, "],\"end\":true}");
    if (!CHECK(iv_json_parse(&document, iv_buf_text(&text), text.size, 1, &root, &err))) {
        return;
    }
    CHECK(document.tapes[0].count < 100);
    CHECK(iv_json_member_named(root, "end", 3)->type == IV_JSON_TRUE);
    const struct iv_json_value *list = iv_json_member_named(root, "list", 4);
    size_t wrong = 0;
    for (size_t i = 0; i < OUTER; i++) {
        const struct iv_json_value *outer = iv_json_element(list, i);
        const struct iv_json_value *inner = iv_json_member_named(outer, "inner", 5);
        wrong += iv_json_member_named(outer, "name", 4)->integer != (int64_t)i;
        wrong += inner->size != INNER;
        for (size_t k = 0; k < INNER; k++) {
            const struct iv_json_value *element = iv_json_element(inner, k);
            const struct iv_json_value *t = iv_json_member_named(element, "t", 1);
            wrong += iv_json_member_named(element, "n", 1)->integer != (int64_t)k;
            wrong += t->size != 2 || t->text[0] != '\\' || t->text[1] != (char)('0' + (int)i);
        }
        wrong += iv_json_member_named(iv_json_element(inner, 7), "n", 1)->integer != 7;
        wrong += iv_json_element(inner, INNER) != NULL;
    }
    CHECK_INT(wrong, 0);
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
    test_many_members();
    test_large_arrays();
    test_changes(&report);
    test_noise(&report);
    return unit_end();
}
