/* The sinks in markup: what the C side can say of them. tests/report/check_markup.py parses what
 * this program prints: test_sink_markup SINK WHICH [COUNT]. */
#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/base/clock.h"
#include "imgval/base/text.h"
#include "imgval/report/read/report_read.h"
#include "imgval/report/report.h"

#include <stdlib.h>

static const struct iv_circumstances plain = {0};

static bool has(const struct iv_buf *text, const char *part)
{
    return strstr(iv_buf_text(text), part) != NULL;
}

static void write(const struct iv_report *report, const struct iv_sink *sink, struct iv_buf *text)
{
    const struct iv_style_options style = {0};
    fixture_write(report, sink, &style, text);
}

/* ---- a report about a comparison ------------------------------------------------------------ */

static const struct iv_baseline older = {
    .id = "1111111111111111111111111111111111111111111111111111111111111111",
    .firmware_version = "3012.0.1600.1"};
static const struct iv_baseline same = {
    .id = "2222222222222222222222222222222222222222222222222222222222222222",
    .firmware_version = "3012.0.1610.4",
    .imported = true};
static const struct iv_baseline newer = {
    .id = "3333333333333333333333333333333333333333333333333333333333333333",
    .firmware_version = "3012.0.1700.2"};

static const enum iv_direction directions[] = {IV_OLDER, IV_NEWER, IV_SAME};

static struct iv_finding missing(struct iv_arena *arena, const struct iv_pop *pop,
                                 enum iv_direction direction, const char *const *names)
{
    static const struct iv_baseline *const baselines[] = {&older, &newer, &same};
    struct iv_finding finding = {
        .rule = fixture_rule("WSPC002"),
        .severity = IV_WARNING,
        .message = "packages are missing",
        .fingerprint = "00",
        .variant = pop,
        .has_packages = true,
        .packages = IV_NEW_ARRAY(arena, const struct iv_package *, 8),
        .baseline = baselines[direction],
        .direction = &directions[direction],
    };
    for (; *names != NULL; names++) {
        struct iv_package *package = IV_NEW(arena, struct iv_package);
        package->name = *names;
        finding.packages[finding.package_count++] = package;
    }
    return finding;
}

static const char lost_name[] = "Contoso.Lost</svg><b>\033";

/* Four variants: two with one picture, one that was not compared, one that is compliant. */
static void comparison(struct iv_arena *arena, struct iv_report *ret_report)
{
    static const char *const lost[] = {"Contoso.Camera", lost_name, NULL};
    static const char *const lost_again[] = {lost_name, NULL};
    static const char *const added[] = {"Contoso.New\xFF", NULL};
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "firmware/v4";
    s->type = IV_IMAGE;
    s->firmware_version = "3012.0.1610.4";
    s->variants = IV_NEW_ARRAY(arena, struct iv_variant, 4);
    s->variant_count = 4;
    static const char *const operators[] = {"000-88", "ATT-US", "VZW-US", "XYZ-99"};
    static const enum iv_wspc_status states[] = {IV_WSPC_NOT_COMPLIANT, IV_WSPC_NOT_COMPLIANT,
                                                 IV_WSPC_NOT_EVALUATED, IV_WSPC_COMPLIANT};
    for (size_t i = 0; i < s->variant_count; i++) {
        s->variants[i].pop = (struct iv_pop){"CONTOSO", operators[i], "CT-100"};
        s->variants[i].wspc.status = states[i];
        s->variants[i].wspc.older = i == 2 ? NULL : &older;
        s->variants[i].wspc.same = i < 2 ? &same : NULL;
        s->variants[i].wspc.newer = i < 2 ? &newer : NULL;
    }
    static const struct iv_wspc_difference differences[] = {
        {.name = "Contoso.Camera", .in = IV_IN_OLDER | IV_IN_NEWER},
        {.name = lost_name, .in = IV_IN_OLDER | IV_IN_SAME},
        {.name = "Contoso.New\xFF", .in = IV_IN_SUBMISSION},
    };
    for (size_t i = 0; i < 2; i++) {
        s->variants[i].wspc.differences =
            IV_NEW_ARRAY(arena, struct iv_wspc_difference, IV_COUNT(differences));
        memcpy(s->variants[i].wspc.differences, differences, sizeof(differences));
        s->variants[i].wspc.difference_count = IV_COUNT(differences);
    }
    struct iv_finding *findings = IV_NEW_ARRAY(arena, struct iv_finding, 6);
    for (size_t i = 0; i < 2; i++) {
        const struct iv_pop *pop = &s->variants[i].pop;
        findings[3 * i] = missing(arena, pop, IV_OLDER, lost);
        findings[3 * i + 1] = missing(arena, pop, IV_NEWER, added);
        findings[3 * i + 2] = missing(arena, pop, IV_SAME, lost_again);
    }
    struct iv_rule_outcome *outcomes = IV_NEW_ARRAY(arena, struct iv_rule_outcome, 2);
    outcomes[0] = (struct iv_rule_outcome){
        .rule = fixture_rule("WSPC002"), .outcome = IV_FAILED, .subjects = 4};
    outcomes[1] = (struct iv_rule_outcome){.rule = fixture_rule("WSPC014"),
                                           .outcome = IV_NOT_EVALUATED,
                                           .subjects = 4,
                                           .reason = "so it is"};
    *ret_report = (struct iv_report){.tool = "imgval",
                                     .tool_version = "1.2.3",
                                     .verdict = IV_VERDICT_INCOMPLETE,
                                     .fail_on = IV_ERROR,
                                     .entries = IV_NEW_ARRAY(arena, struct iv_report_entry, 1),
                                     .entry_count = 1};
    ret_report->entries[0] = (struct iv_report_entry){
        .submission = s,
        .run = &plain,
        .judgement = {.findings = findings,
                      .finding_count = 6,
                      .outcomes = outcomes,
                      .outcome_count = 2,
                      .counts = {.warning = 6},
                      .verdict = IV_VERDICT_INCOMPLETE},
    };
}

/* A tree without a package: nothing was judged. */
static void nothing(struct iv_arena *arena, struct iv_report *ret_report)
{
    struct iv_submission *s = IV_NEW(arena, struct iv_submission);
    s->path = "empty";
    *ret_report = (struct iv_report){.tool = "imgval",
                                     .tool_version = "1.2.3",
                                     .verdict = IV_VERDICT_INCOMPLETE,
                                     .fail_on = IV_ERROR,
                                     .entries = IV_NEW_ARRAY(arena, struct iv_report_entry, 1),
                                     .entry_count = 1};
    ret_report->entries[0] = (struct iv_report_entry){
        .submission = s, .run = &plain, .judgement = {.verdict = IV_VERDICT_INCOMPLETE}};
}

static bool choose(const char *which, size_t count, struct iv_arena *arena,
                   struct iv_report *ret_report)
{
    if (strcmp(which, "hostile") == 0) {
        fixture_report(arena, ret_report);
    } else if (strcmp(which, "policy") == 0) {
        fixture_policy(arena, ret_report);
    } else if (strcmp(which, "comparison") == 0) {
        comparison(arena, ret_report);
    } else if (strcmp(which, "big") == 0) {
        fixture_big(arena, count, ret_report);
    } else if (strcmp(which, "nothing") == 0) {
        nothing(arena, ret_report);
    } else if (strcmp(which, "none") == 0) {
        *ret_report = (struct iv_report){
            .tool = "imgval", .tool_version = "1.2.3", .verdict = IV_VERDICT_INCOMPLETE};
    } else {
        return false;
    }
    return true;
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* A saved report gives the same bytes again. */
static void test_again(const char *which, const struct iv_sink *sink)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    struct iv_report read;
    struct iv_error err = {0};
    bool complete = false;
    struct iv_buf saved IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf first IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf second IV_CLEANUP(iv_buf_fini) = {0};
    CHECK(choose(which, 50, &arena, &report));
    write(&report, &iv_sink_json, &saved);
    CHECK(strcmp(which, "comparison") != 0 || fixture_validate(saved.data, saved.size));
    if (!CHECK(fixture_read(saved.data, saved.size, &arena, &read, &complete, &err))) {
        fprintf(stderr, "    %s\n", err.text);
        return;
    }
    write(&report, sink, &first);
    write(&read, sink, &second);
    CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
}

static void test_inert(const struct iv_sink *sink)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_report(&arena, &report);
    write(&report, sink, &text);
    CHECK(iv_utf8_is_valid(text.data, text.size));
    CHECK(!has(&text, "\033") && !has(&text, "\007") && !has(&text, "\x7F") &&
          !has(&text, "\xC2\x9B") && !has(&text, "\r") && !has(&text, "\t"));
    CHECK(!has(&text, "\xE2\x80\xAE") && !has(&text, "\xE2\x80\xA8"));
    CHECK(!has(&text, "##vso[") && !has(&text, "\n::error"));
    CHECK(!has(&text, "<script>alert") && !has(&text, "]]>-->"));
    CHECK(!has(&text, "<b>\033") && !has(&text, "200<b>"));
    CHECK(sink != &iv_sink_html || /* JUnit lists no packages */
          has(&text, "\xE5\x9B\xBA\xE4\xBB\xB6 \xF0\x9F\x93\xB1"));
}

/* A word for a place that nobody knows is no report. */
static void test_places(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    struct iv_error err = {0};
    bool complete = false;
    struct iv_buf saved IV_CLEANUP(iv_buf_fini) = {0};
    comparison(&arena, &report);
    write(&report, &iv_sink_jsonl, &saved);
    CHECK(fixture_validate(saved.data, saved.size));
    char *place = strstr(saved.data, "\"in\":[\"older\"");
    if (CHECK(place != NULL)) {
        place[strlen("\"in\":[\"")] = 'x';
        CHECK(!fixture_read(saved.data, saved.size, &arena, &report, &complete, &err));
        CHECK(strstr(err.text, "differences[0]") != NULL);
    }
}

static double seconds(void)
{
    return (double)iv_clock_cpu_ms() / 1e3;
}

static double time_of(const struct iv_sink *sink, size_t count, size_t *ret_size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    fixture_big(&arena, count, &report);
    /* For as long as a coarse clock can measure. */
    double start = seconds();
    unsigned times = 0;
    do {
        write(&report, sink, &text);
        times++;
    } while (seconds() - start < 0.3);
    *ret_size = text.size;
    return (seconds() - start) / times;
}

/* Eight times the findings: about eight times the bytes, and nowhere near 64 times the time. */
static void test_linear(const struct iv_sink *sink)
{
    size_t small_size = 0;
    size_t large_size = 0;
    double small = time_of(sink, 2500, &small_size);
    double large = time_of(sink, 20000, &large_size);
    CHECK(large < small * 24 + 0.05);
    CHECK(large_size < small_size * 9);
    CHECK(large_size < (size_t)20000 * 2500); /* a mail holds 10,000 findings */
}

static int emit(char **argv, int argc)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    const struct iv_sink *sink = iv_sink_find(IV_PRINTED_REPORT, argv[1]);
    const struct iv_style_options style = {0};
    const size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
    if (sink == NULL || !choose(argv[2], count, &arena, &report)) {
        return 2;
    }
    sink->write(&report, &style, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3) {
        return emit(argv, argc);
    }
    static const struct iv_sink *const sinks[] = {&iv_sink_junit, &iv_sink_html};
    for (size_t i = 0; i < IV_COUNT(sinks); i++) {
        test_again("hostile", sinks[i]);
        test_again("policy", sinks[i]);
        test_again("comparison", sinks[i]);
        test_again("nothing", sinks[i]);
        test_again("none", sinks[i]);
        test_inert(sinks[i]);
        test_linear(sinks[i]);
    }
    test_places();
    return unit_end();
}
