/* Saved documents through reader processes: whole ones, readers that die, and pieces that no reader
 * of ours sends, which the parent must refuse or be able to print. */
#include "tests/unit/files.h"
#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/base/file.h"
#include "imgval/report/read/bundle.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/saved.h"
#include "imgval/report/report.h"

#include <stdlib.h>
#include <unistd.h>

static int file_of(const struct iv_buf *text)
{
    return files_open(text->data, text->size);
}

static void write_report(const struct iv_report *report, const struct iv_sink *sink,
                         struct iv_buf *ret_text)
{
    const struct iv_style_options style = {.width = 80, .verbose = 1};
    fixture_write(report, sink, &style, ret_text);
}

/* ---- documents ---- */

/* What came of each document. */
struct outcome {
    struct iv_loader *loader;
    struct iv_arena arena;
    unsigned ends;
    size_t next;
    bool out_of_order;
    bool is_read[8];
    struct iv_error errors[8];
    struct iv_buf again[8]; /* as JSON */
};

static bool take_part(void *context, size_t i, const void *part, size_t size)
{
    struct outcome *outcome = context;
    outcome->out_of_order = outcome->out_of_order || i != outcome->next;
    if (outcome->loader == NULL) {
        outcome->loader = iv_loader_new(fixture_rule, &outcome->arena, NULL, NULL);
    }
    return iv_loader_take(outcome->loader, part, size);
}

static void take_end(void *context, size_t i, const struct iv_error *err)
{
    struct outcome *outcome = context;
    struct iv_report report;
    bool complete = false;
    outcome->ends++;
    outcome->out_of_order = outcome->out_of_order || i != outcome->next;
    outcome->next = i + 1;
    if (err != NULL) {
        outcome->errors[i] = *err;
    } else if (outcome->loader != NULL) {
        outcome->is_read[i] =
            iv_loader_end(outcome->loader, &report, &complete, &outcome->errors[i]);
    }
    if (outcome->is_read[i]) {
        write_report(&report, &iv_sink_json, &outcome->again[i]);
    }
    iv_loader_free(&outcome->loader);
    iv_arena_fini(&outcome->arena);
}

static void outcome_fini(struct outcome *outcome)
{
    for (size_t i = 0; i < IV_COUNT(outcome->again); i++) {
        iv_buf_fini(&outcome->again[i]);
    }
}

/* Six documents, one of them no report; with a reader that fails at `slot`. */
static void read_six(const struct iv_buf *json, const struct iv_buf *stream,
                     enum iv_sabotage sabotage, size_t slot, struct outcome *outcome)
{
    static const char no_report[] = "{\"schema\":\"imgval-report/1\"}";
    struct iv_limits limits = iv_limits_default();
    struct iv_buf broken = {.data = (char *)(uintptr_t)no_report, .size = sizeof(no_report) - 1};
    struct iv_saved documents[6];
    struct iv_error err = {0};
    for (size_t i = 0; i < IV_COUNT(documents); i++) {
        documents[i] = (struct iv_saved){.fd = file_of(i == 4       ? &broken
                                                       : i % 2 == 0 ? json
                                                                    : stream)};
    }
    limits.reader_seconds = sabotage == IV_SABOTAGE_HANG ? 1 : limits.reader_seconds;
    const struct iv_saved_options options = {
        .limits = &limits, .find = fixture_rule, .sabotage = sabotage, .sabotage_slot = slot};
    const struct iv_saved_taker taker = {.part = take_part, .end = take_end, .context = outcome};
    CHECK(iv_saved_read(&options, documents, IV_COUNT(documents), &taker, &err));
    CHECK_INT(outcome->ends, 6);
    CHECK(!outcome->out_of_order);
    CHECK(!outcome->is_read[4] && outcome->errors[4].code == IV_ERROR_INVALID);
    for (size_t i = 0; i < IV_COUNT(documents); i++) {
        close(documents[i].fd);
    }
}

static void test_documents(const struct iv_report *report)
{
    static const enum iv_sabotage kinds[] = {IV_SABOTAGE_NONE,     IV_SABOTAGE_CRASH,
                                             IV_SABOTAGE_NONSENSE, IV_SABOTAGE_EXIT,
                                             IV_SABOTAGE_HUGE,     IV_SABOTAGE_HANG};
    struct iv_buf json IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf stream IV_CLEANUP(iv_buf_fini) = {0};
    write_report(report, &iv_sink_json, &json);
    write_report(report, &iv_sink_jsonl, &stream);
    for (size_t k = 0; k < IV_COUNT(kinds); k++) {
        struct outcome outcome IV_CLEANUP(outcome_fini) = {0};
        const bool fails = kinds[k] != IV_SABOTAGE_NONE;
        read_six(&json, &stream, kinds[k], 1, &outcome);
        for (size_t i = 0; i < 6; i++) {
            const bool is_lost = i == 4 || (fails && i == 1);
            CHECK(outcome.is_read[i] == !is_lost);
            CHECK(is_lost || strcmp(iv_buf_text(&outcome.again[i]), json.data) == 0);
        }
        CHECK(!fails || outcome.errors[1].code == IV_ERROR_SYSTEM);
        CHECK(!fails || strstr(outcome.errors[1].text, "its reader process ended: ") != NULL);
    }
}

/* ---- pieces ---- */

/* A document as its parts. */
struct parts {
    struct iv_buf parts[64];
    size_t count;
};

static void keep_part(void *context, struct iv_buf *part)
{
    struct parts *parts = context;
    if (CHECK(parts->count < IV_COUNT(parts->parts))) {
        iv_buf_add(&parts->parts[parts->count++], part->data, part->size);
    }
}

static void parts_fini(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        iv_buf_fini(&parts->parts[i]);
    }
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Some bytes are other ones; seldom the end is cut off. */
static void mutate(struct iv_buf *part, uint64_t *state)
{
    for (size_t n = next(state) % 3 + 1; n > 0 && part->size > 0; n--) {
        size_t at = next(state) % part->size;
        part->data[at] = next(state) % 2 == 0 ? (char)(next(state) & 0xff)
                                              : (char)(part->data[at] ^ 1 << next(state) % 8);
    }
    if (next(state) % 16 == 0) {
        part->size = next(state) % (part->size + 1);
    }
}

static void print_entry(void *context, const struct iv_report_entry *entry, bool whole)
{
    struct iv_report *report = context;
    struct iv_report_entry copy = *entry;
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    (void)whole;
    report->entries = &copy;
    report->entry_count = 1;
    write_report(report, &iv_sink_json, &text);
}

/* What is taken can be printed by any sink: nothing that they rely on is missing. */
static bool try_parts(const struct parts *parts, bool one_by_one)
{
    static const struct iv_sink *const sinks[] = {&iv_sink_json, &iv_sink_text, &iv_sink_html,
                                                  &iv_sink_junit};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_report report = {.tool = "imgval", .tool_version = "0"};
    struct iv_loader *loader IV_CLEANUP(iv_loader_free) =
        iv_loader_new(fixture_rule, &arena, one_by_one ? print_entry : NULL, &report);
    struct iv_error err = {0};
    bool complete = false;
    bool is_taken = true;
    for (size_t i = 0; i < parts->count && is_taken; i++) {
        is_taken = iv_loader_take(loader, parts->parts[i].data, parts->parts[i].size);
    }
    if (!iv_loader_end(loader, one_by_one ? NULL : &report, &complete, &err)) {
        CHECK(err.code == IV_ERROR_INVALID && err.text[0] != '\0');
        return false;
    }
    CHECK(is_taken);
    for (size_t i = 0; i < IV_COUNT(sinks) && !one_by_one; i++) {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        write_report(&report, sinks[i], &text);
        CHECK(text.size > 0);
    }
    return true;
}

static void test_mutations(const struct iv_report *report)
{
    enum { ROUNDS = 4000 };
    struct iv_buf json IV_CLEANUP(iv_buf_fini) = {0};
    struct parts whole IV_CLEANUP(parts_fini) = {0};
    struct iv_pieces pieces = {.send = keep_part, .context = &whole};
    struct iv_error err = {0};
    size_t accepted = 0;
    uint64_t state = 88172645463325252u;
    write_report(report, &iv_sink_json, &json);
    const struct iv_report_text text = {.bytes = json.data, .size = json.size};
    CHECK(iv_report_parse(&text, fixture_rule, &pieces, &err));
    iv_pieces_flush(&pieces);
    iv_buf_fini(&pieces.part);
    CHECK(try_parts(&whole, false) && try_parts(&whole, true));
    for (int round = 0; round < ROUNDS; round++) {
        struct parts copy IV_CLEANUP(parts_fini) = {.count = whole.count};
        for (size_t i = 0; i < whole.count; i++) {
            iv_buf_add(&copy.parts[i], whole.parts[i].data, whole.parts[i].size);
        }
        mutate(&copy.parts[next(&state) % copy.count], &state);
        accepted += try_parts(&copy, round % 4 == 0);
    }
    printf("%d mutations, %zu accepted\n", ROUNDS, accepted);
}

/* Pieces that are well formed and stand where none of ours does. */
static void test_order(void)
{
    static const enum iv_piece_kind orders[][3] = {
        {IV_PIECE_PACKAGE},
        {IV_PIECE_FINDING},
        {IV_PIECE_SUBMISSION},
        {IV_PIECE_END},
        {IV_PIECE_RECORD},
        {IV_PIECE_WHOLE},
        {IV_PIECE_HEADER, IV_PIECE_PACKAGE},
        {IV_PIECE_HEADER, IV_PIECE_HEADER},
        {IV_PIECE_HEADER, IV_PIECE_END, IV_PIECE_END},
    };
    struct iv_package package = {.name = "A", .key = "a", .path = "a"};
    struct iv_piece_header header = {.tool = "imgval", .tool_version = "0"};
    struct iv_piece_finding finding = {.rule = "STD001",
                                       .finding = {.message = "m", .fingerprint = "f"}};
    struct iv_piece_submission submission = {.submission = {.path = "p", .id = "i"}};
    struct iv_piece_end end = {0};
    struct iv_piece_record record = {.record = {.id = "i", .firmware_version = "1.2.3.4"}};
    const void *const objects[] = {
        [IV_PIECE_HEADER] = &header,   [IV_PIECE_PACKAGE] = &package,
        [IV_PIECE_FINDING] = &finding, [IV_PIECE_SUBMISSION] = &submission,
        [IV_PIECE_END] = &end,         [IV_PIECE_RECORD] = &record,
        [IV_PIECE_WHOLE] = NULL};
    for (size_t i = 0; i < IV_COUNT(orders); i++) {
        struct parts parts IV_CLEANUP(parts_fini) = {0};
        struct iv_pieces pieces = {.send = keep_part, .context = &parts};
        for (size_t k = 0; k < 3 && orders[i][k] != 0; k++) {
            iv_pieces_add(&pieces, orders[i][k], 0, objects[orders[i][k]]);
            iv_pieces_flush(&pieces);
        }
        iv_buf_fini(&pieces.part);
        CHECK(!try_parts(&parts, false) && !try_parts(&parts, true));
    }
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_report report;
    fixture_report(&arena, &report);
    test_documents(&report);
    test_mutations(&report);
    test_order();
    return unit_end();
}
