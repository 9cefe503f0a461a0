/* The fast way for package lines against the general one: a blank after a line keeps it from the
 * first, and nothing else of what is read may change: pieces, or the words of a refusal. */
#include "tests/unit/files.h"
#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/base/file.h"
#include "imgval/base/limits.h"
#include "imgval/report/read/package_line.h"
#include "imgval/report/read/pieces.h"
#include "imgval/report/read/report_parse.h"
#include "imgval/report/read/window.h"
#include "imgval/report/report.h"

#include <stdint.h>
#include <stdlib.h>

static const char head[] =
    "{\"record\":\"header\",\"schema\":\"imgval-report/1\",\"fail_on\":\"error\",\"tool\":{\"name\":"
    "\"imgval\",\"version\":\"0\"}}\n"
    "{\"record\":\"submission\",\"index\":0,\"path\":\"v0\",\"kind\":\"directory\",\"type\":\"image\","
    "\"context_free\":false,\"baseline\":false,\"id\":\"00\",\"verdict\":\"pass\","
    "\"firmware_version\":null,\"device\":{},\"variants\":[],\"outcomes\":[],\"counts\":{\"packages\":1,"
    "\"error\":0,\"warning\":0,\"note\":0,\"waived\":0,\"unreadable\":0}}\n";

/* As imgval writes them, with all that a package can say and with little. */
static const char *const lines[] = {
    "{\"record\":\"package\",\"submission\":0,\"name\":\"Contoso.A\",\"key\":\"contoso.a\",\"style\":"
    "\"spkg\",\"version\":\"1.0.65535.00\",\"partition\":null,\"owner_type\":\"OEM\",\"removal\":false,"
    "\"binary_partition\":true,\"empty\":false,\"origin\":\"submission\",\"path\":\"v0/a.spkg\"}",
    "{\"record\":\"package\",\"submission\":0,\"name\":\"Contoso.B\",\"key\":\"contoso.b\",\"style\":"
    "\"cbs\",\"version\":null,\"partition\":\"EFIESP\",\"owner_type\":null,\"removal\":true,"
    "\"binary_partition\":false,\"empty\":true,\"origin\":\"history\",\"path\":\"\",\"owner\":\"o\","
    "\"component\":\"c\",\"sub_component\":\"s\",\"culture\":\"de-DE\",\"resolution\":\"480x800\","
    "\"identity_name\":\"n\",\"identifier\":\"i\",\"release_type\":\"Test\",\"build_type\":\"fre\","
    "\"cpu\":\"arm\",\"platform\":\"p\",\"grouping_key\":\"g\",\"diff\":true,\"unreadable\":true,"
    "\"content\":\"0123\",\"file_count\":0,\"total_size\":123456789012345678}",
    "{\"record\":\"package\",\"submission\":0,\"name\":\"a\\u0041\",\"key\":\"\xC3\xA4\",\"style\":"
    "\"unknown\",\"version\":\"1.2.3.4\",\"partition\":\"MainOS\",\"owner_type\":\"OEM\",\"removal\":"
    "false,\"binary_partition\":false,\"empty\":false,\"origin\":\"submission\",\"path\":\"p\","
    "\"total_size\":1234567890123456789}",
};

static void send_part(void *context, struct iv_buf *part)
{
    iv_buf_add(context, part->data, part->size);
}

/* What a stream of one package comes to. */
struct result {
    bool is_read;
    struct iv_buf pieces;
    struct iv_error err;
};

static void read_stream(const char *line, size_t size, const char *ending, struct result *result)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&text, head);
    iv_buf_add(&text, line, size);
    iv_buf_puts(&text, ending);
    int fd = files_open(text.data, text.size);
    struct iv_window window IV_CLEANUP(iv_window_fini) = {
        .fd = fd, .max = UINT64_MAX, .line_max = 1024 * 1024, .what = "a report"};
    struct iv_pieces pieces = {.send = send_part, .context = &result->pieces};
    iv_buf_clear(&result->pieces);
    result->err = (struct iv_error){0};
    result->is_read = iv_stream_parse(&window, fixture_rule, &pieces, &result->err);
    iv_pieces_flush(&pieces);
    iv_buf_fini(&pieces.part);
    iv_fd_close(&fd);
}

/* The words of a refusal after its column, which the blank may move. */
static const char *words_of(const struct iv_error *err)
{
    const char *column = strstr(err->text, "column ");
    return column == NULL ? err->text : strchr(column, ':');
}

/* Both ways agree about a line. */
static bool agree(const char *line, size_t size)
{
    struct result fast = {0};
    struct result general = {0};
    read_stream(line, size, "\n", &fast);
    read_stream(line, size, " \n", &general);
    bool is_same =
        fast.is_read == general.is_read && fast.pieces.size == general.pieces.size &&
        memcmp(iv_buf_text(&fast.pieces), iv_buf_text(&general.pieces), fast.pieces.size) == 0 &&
        strcmp(words_of(&fast.err), words_of(&general.err)) == 0;
    iv_buf_fini(&fast.pieces);
    iv_buf_fini(&general.pieces);
    return is_same;
}

/* A step of a generator whose numbers are the same in each run. */
static uint32_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Places that matter are reached often enough: bytes are replaced by those that JSON is made of. */
static void test_changed(const char *line)
{
    static const char bytes[] = "\"\\{}[],:0129-.eEntfalsu \x01\x7F\xC3\xA4_";
    const size_t size = strlen(line);
    char *copy = strdup(line);
    uint64_t state = size;
    for (unsigned i = 0; i < 6000 && unit.failures == 0; i++) {
        memcpy(copy, line, size);
        size_t left = size;
        for (uint32_t k = next(&state) % 3 + 1; k > 0; k--) {
            const size_t at = next(&state) % left;
            const size_t cut = next(&state) % 24;
            if (next(&state) % 4 == 0 && at + cut < left && left - cut > 40) {
                memmove(copy + at, copy + at + cut, left - at - cut);
                left -= cut;
            } else {
                copy[at] = bytes[next(&state) % (sizeof(bytes) - 1)];
            }
        }
        if (!CHECK(agree(copy, left))) {
            fprintf(stderr, "    %.*s\n", (int)left, copy);
        }
    }
    free(copy);
}

/* The table may grow by a type that the fast way does not know: then it must learn it. */
static void test_is_taken(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    static const char *const needed[] = {"name", "path", NULL};
    const struct iv_package_lines *known = iv_package_lines_new(needed, &arena);
    CHECK(iv_package_lines_encode(known, lines[0], strlen(lines[0]), 0, &buf) && buf.size > 0);
    const size_t before = buf.size;
    CHECK(iv_package_lines_encode(known, lines[1], strlen(lines[1]), 0, &buf));
    CHECK(buf.size > before);
    CHECK(!iv_package_lines_encode(known, lines[1], strlen(lines[1]), 1, &buf));
    CHECK(!iv_package_lines_encode(known, lines[2], strlen(lines[2]), 0, &buf));
    static const char without_path[] = "{\"record\":\"package\",\"submission\":0,\"name\":\"a\"}";
    const size_t after = buf.size;
    CHECK(!iv_package_lines_encode(known, without_path, sizeof(without_path) - 1, 0, &buf));
    CHECK_INT(buf.size, after);
}

/* Lines that the writer makes are of the form: or it is of no use. */
static void test_written(const struct iv_report *report)
{
    static const char *const needed[] = {"name", NULL};
    const struct iv_style_options style = {.width = 80};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_package_lines *known = iv_package_lines_new(needed, &arena);
    fixture_write(report, &iv_sink_jsonl, &style, &text);
    unsigned taken = 0;
    for (char *line = strtok(text.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        taken += iv_package_lines_encode(known, line, strlen(line), 0, &buf) ? 1u : 0u;
        CHECK(strstr(line, "\"record\":\"package\"") == NULL || agree(line, strlen(line)));
    }
    CHECK(taken > 0);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_report report;
    fixture_report(&arena, &report);
    test_is_taken();
    test_written(&report);
    for (size_t i = 0; i < IV_COUNT(lines); i++) {
        CHECK(agree(lines[i], strlen(lines[i])));
        test_changed(lines[i]);
    }
    return unit_end();
}
