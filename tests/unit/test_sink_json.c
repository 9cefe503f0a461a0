#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/base/clock.h"
#include "imgval/base/text.h"
#include "imgval/report/report.h"
#include "imgval/report/write/escape.h"

#include <stdlib.h>

static bool has(const struct iv_buf *text, const char *part)
{
    return strstr(iv_buf_text(text), part) != NULL;
}

static void test_document(const struct iv_report *report)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {0};
    fixture_write(report, &iv_sink_json, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
    CHECK(iv_utf8_is_valid(text.data, text.size));
    const char *start = "{\n  \"schema\": \"imgval-report/1\",\n  \"tool\": {\n"
                        "    \"name\": \"imgval\",\n    \"version\": \"1.2.3\"\n  },\n"
                        "  \"verdict\": \"fail\",\n";
    CHECK(strncmp(iv_buf_text(&text), start, strlen(start)) == 0);
    CHECK(has(&text, "\"name_bytes\": \"626164ffc0af75746638\""));
    CHECK(has(&text, "\"packages_bytes\": ["));
    CHECK(has(&text, "\"actual\": null"));
    CHECK(!has(&text, "what_if") && !has(&text, "site_rules") && !has(&text, "by_policy"));
    CHECK(has(&text, "#\\u0023vso["));
    CHECK(!has(&text, "##") && !has(&text, "\033") && !has(&text, "\xE2\x80\xAE"));
    CHECK(has(&text, "\"direction\": \"older\""));
    CHECK(has(&text, "\"total_size\": 9223372036854775807"));
}

static void test_stream(const struct iv_report *report)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {0};
    fixture_write(report, &iv_sink_jsonl, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
    const char *start = "{\"record\":\"header\",\"schema\":\"imgval-report/1\",\"tool\":{";
    CHECK(strncmp(iv_buf_text(&text), start, strlen(start)) == 0);
    const char *end = "{\"record\":\"end\",\"verdict\":\"fail\",\"counts\":{\"submissions\":3,"
                      "\"packages\":18,\"findings\":31}}\n";
    size_t size = strlen(end);
    CHECK(text.size > size);
    CHECK_STR(text.data + text.size - size, end);
}

static void test_policy(struct iv_arena *arena)
{
    struct iv_report report;
    fixture_policy(arena, &report);
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {0};
    fixture_write(&report, &iv_sink_jsonl, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
    fixture_write(&report, &iv_sink_json, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
    CHECK(has(&text, "  \"what_if\": true,\n  \"site_rules\": [\n    {\n      \"id\": \"OEM001\""));
    CHECK(has(&text, "\"severity\": \"error\",\n          \"severity_by_policy\": true,"));
    CHECK(has(&text, ",\n          \"reason\": \"two drops"));
    CHECK(has(&text, "\"owner\": \"platform & co\",\n          \"expires\": \"2027-01-31\"\n"));
}

static void test_empty(void)
{
    const struct iv_report report = {.tool = "imgval", .tool_version = "1.2.3"};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {0};
    fixture_write(&report, &iv_sink_json, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
    CHECK(has(&text, "\"submissions\": []\n}\n"));
    fixture_write(&report, &iv_sink_jsonl, &style, &text);
    CHECK(fixture_validate(text.data, text.size));
}

static void test_cut(void)
{
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf again IV_CLEANUP(iv_buf_fini) = {0};
    char text[5001];
    memset(text, 'x', sizeof(text));
    text[4096] = '\0';
    CHECK(iv_sink_cut(text, &scratch) == text);
    text[4096] = 'x';
    text[5000] = '\0';
    const char *cut = iv_sink_cut(text, &scratch);
    CHECK_INT(strlen(cut), 4096);
    CHECK_STR(cut + 4090, "xxx...");
    CHECK(iv_sink_cut(cut, &again) == cut);
    memcpy(text + 4091, "\xF0\x9F\x93\xB1", 4);
    CHECK_STR(iv_sink_cut(text, &scratch) + 4090, "x...");
    memset(text, 0x80, 5000); /* not UTF-8 at all: cut all the same */
    CHECK_INT(strlen(iv_sink_cut(text, &scratch)), 4093);
}

static double seconds(void)
{
    return (double)iv_clock_cpu_ms() / 1e3;
}

/* test_sink_json SINK COUNT [FLAGS]: CPU time of one writing, for people. */
static int measure(const char *name, size_t count, const char *flags)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    fixture_big(&arena, count, &report);
    const struct iv_sink *sink = iv_sink_find(IV_PRINTED_REPORT, name);
    const struct iv_style_options style = {.width = 100, .verbose = strchr(flags, 'v') != NULL};
    if (sink == NULL) {
        return 2;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    double start = seconds();
    fixture_write(&report, sink, &style, &text);
    printf("%s: %zu findings, %zu bytes, %.3f s\n", name, count, text.size, seconds() - start);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3) {
        return measure(argv[1], strtoul(argv[2], NULL, 10), argc > 3 ? argv[3] : "");
    }
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    fixture_report(&arena, &report);
    if (argc == 2) { /* for other tools: the document or the stream */
        const struct iv_style_options style = {.width = 100};
        const struct iv_sink *sink = iv_sink_find(IV_PRINTED_REPORT, argv[1]);
        if (sink != NULL) {
            sink->write(&report, &style, stdout);
        }
        return sink == NULL ? 2 : 0;
    }
    test_document(&report);
    test_stream(&report);
    test_policy(&arena);
    test_empty();
    test_cut();
    return unit_end();
}
