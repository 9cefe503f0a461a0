#include "tests/unit/files.h"
#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/base/text.h"
#include "imgval/report/report.h"

#include <stdlib.h>

static bool has(const struct iv_buf *text, const char *part)
{
    return strstr(iv_buf_text(text), part) != NULL;
}

/* Neither a control character but the newline, nor an invisible one, nor bad UTF-8; no line that
 * ends in a blank; no command of a build agent. */
static bool is_safe(const struct iv_buf *text, bool color)
{
    const char *at = iv_buf_text(text);
    bool safe = iv_utf8_is_valid(at, text->size) && strlen(at) == text->size;
    for (const char *p = at; *p != '\0' && safe; p++) {
        unsigned char c = (unsigned char)*p;
        bool is_ours = color && c == 033 && p[1] == '['; /* colours are checked by eye */
        safe = (c >= 0x20 && c != 0x7F) || c == '\n' || is_ours;
        safe = safe && !(c == '\n' && p > at && p[-1] == ' ');
        safe = safe && strncmp(p, "\xC2\x9B", 2) != 0 && strncmp(p, "\xE2\x80\xAE", 3) != 0;
        safe = safe && strncmp(p, "\xE2\x80\xA8", 3) != 0 && strncmp(p, "##", 2) != 0;
        if (c == '\n') {
            const char *line = p + 1 + strspn(p + 1, " ");
            safe = safe && strncmp(line, "::", 2) != 0;
        }
        if (!safe) {
            fprintf(stderr, "unsafe at: %.60s\n", p > at + 20 ? p - 20 : at);
        }
    }
    return safe;
}

static size_t widest_line(const struct iv_buf *text)
{
    size_t widest = 0;
    const char *at = iv_buf_text(text);
    while (*at != '\0') {
        size_t size = strcspn(at, "\n");
        char line[8192];
        (void)snprintf(line, sizeof(line), "%.*s", (int)size, at);
        size_t width = iv_text_width(line);
        /* long words, the cut value above all, cannot be wrapped */
        if (width > widest && strchr(line + strspn(line, " *"), ' ') != NULL && width < 200) {
            widest = width;
        }
        at += size + (at[size] == '\n');
    }
    return widest;
}

static void test_default(const struct iv_report *report)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {.width = 100};
    fixture_write(report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, false));
    CHECK(strncmp(iv_buf_text(&text), "✗ FAIL  firmware/v4\n", 19) == 0);
    CHECK(has(&text, "and 3 more (-v shows all)"));
    CHECK(has(&text, "error STD002 zero-version (13 findings)"));
    CHECK(has(&text, "warning IMG004 unreadable-entry (1 finding, not checked)"));
    CHECK(has(&text, "\\x1b[31mred"));
    CHECK(has(&text, "3012.0.1600.1 (1a2b3c4d)"));
    CHECK(has(&text, "note WSPC005:"));
    CHECK(has(&text, "STD006 STD007 STD008 STD009 WSPC009 no device metadata"));
    CHECK(has(&text, "--manufacturer= --model= --operator= --firmware-version="));
    CHECK(has(&text, "--type=partial"));
    CHECK(has(&text, "not evaluated because there is no baseline store (WSPC006)"));
    CHECK(has(&text, "Judged as a context-free partial because firmware/Contoso.Good.spkg is a"));
    CHECK(has(&text, "--type=image to judge it as an image"));
    CHECK(has(&text, "(waived) Contoso.BASE.MainOS stands twice"));
    CHECK(has(&text, "waived: two drops <b>overlap"));
    CHECK(!has(&text, "WHAT IF"));
    CHECK(has(&text, "✗ FAIL  3 submissions: 1 failed, 1 incomplete, 1 passed\n"));
    CHECK(!has(&text, "man.dsm.xml:12\n\n\n"));
}

static void test_styles(const struct iv_report *report)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_style_options style = {.width = 72, .ascii = true};
    fixture_write(report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, false));
    CHECK(widest_line(&text) <= 120); /* the last cell of a table may stand out */
    size_t plain = 0;
    while (plain < text.size && (unsigned char)text.data[plain] < 0x80) {
        plain++;
    }
    CHECK_INT(plain, text.size);
    CHECK(strncmp(iv_buf_text(&text), "FAIL  firmware/v4\n", 18) == 0);
    style = (struct iv_style_options){.width = 100, .color = true};
    fixture_write(report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, true));
    CHECK(has(&text, "\033[1;31m✗ "));
    style = (struct iv_style_options){.quiet = true};
    fixture_write(report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, false));
    CHECK(!has(&text, "Standard validations") && !has(&text, "note ") && !has(&text, "Judged as"));
    CHECK(has(&text, "error STD002"));
    style = (struct iv_style_options){.verbose = 1, .width = 100};
    fixture_write(report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, false));
    CHECK(!has(&text, "-v shows all"));
    CHECK(has(&text, "(waived) Contoso.BASE.MainOS stands twice"));
    CHECK(has(&text, "\nPackages\n"));
    CHECK(has(&text, "PhoneHardwareVariant"));
    CHECK(has(&text, "\\u{202e}gpks"));
}

static void test_policy(struct iv_arena *arena)
{
    struct iv_report report;
    fixture_policy(arena, &report);
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_style_options style = {.ascii = true, .width = 100};
    fixture_write(&report, &iv_sink_text, &style, &text);
    CHECK(is_safe(&text, false));
    CHECK(strncmp(iv_buf_text(&text), "WHAT IF: no real verdict.", 25) == 0);
    CHECK(has(&text, "error IMG001 duplicate-package (1 finding, severity by the policy)"));
    CHECK(has(&text, "warning IMG004 unreadable-entry (1 finding, 1 waived, not checked)"));
    CHECK(has(&text, "until 2027-01-31"));
    style.quiet = true;
    fixture_write(&report, &iv_sink_text, &style, &text);
    CHECK(strncmp(iv_buf_text(&text), "WHAT IF: no real verdict.", 25) == 0);
    CHECK(!has(&text, "IMG004"));
}

static void test_stable(const struct iv_report *report)
{
    struct iv_buf one IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf two IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_style_options style = {.width = 80};
    fixture_write(report, &iv_sink_text, &style, &one);
    fixture_write(report, &iv_sink_text, &style, &two);
    CHECK_STR(iv_buf_text(&one), iv_buf_text(&two));
}

static void test_sinks(const struct iv_report *report)
{
    CHECK(iv_sink_find(IV_PRINTED_REPORT, "text") == &iv_sink_text);
    CHECK(iv_sink_find(IV_PRINTED_REPORT, "json") == &iv_sink_json);
    CHECK(iv_sink_find(IV_PRINTED_REPORT, "TEXT") == NULL &&
          iv_sink_find(IV_PRINTED_REPORT, "") == NULL);
    char folder[FILES_PATH_SIZE];
    files_folder(folder);
    struct iv_error err = {0};
    char file[FILES_PATH_SIZE + 16];
    (void)snprintf(file, sizeof(file), "%s/report.txt", folder);
    const struct iv_style_options style = {.width = 80};
    CHECK(iv_report_save(report, &iv_sink_text, &style, file, &err));
    struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
    fixture_write(report, &iv_sink_text, &style, &wanted);
    struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
    FILE *stream = fopen(file, "rb");
    if (CHECK(stream != NULL)) {
        char *place = iv_buf_reserve(&got, wanted.size + 1);
        size_t size = fread(place, 1, wanted.size + 1, stream);
        CHECK_INT(size, wanted.size);
        CHECK(memcmp(place, wanted.data, wanted.size) == 0);
        (void)fclose(stream);
    }
    files_remove(folder);
    CHECK(!iv_report_save(report, &iv_sink_text, &style, "/nonexistent/x/report.txt", &err));
    CHECK_INT(err.code, IV_ERROR_SYSTEM);
}

int main(int argc, char **argv)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_report report;
    fixture_report(&arena, &report);
    if (argc > 1) { /* for the eye: test_sink_text WIDTH FLAGS */
        const struct iv_style_options style = {.width = (unsigned)strtoul(argv[1], NULL, 10),
                                               .color = argc > 2 && strchr(argv[2], 'c') != NULL,
                                               .ascii = argc > 2 && strchr(argv[2], 'a') != NULL,
                                               .quiet = argc > 2 && strchr(argv[2], 'q') != NULL,
                                               .verbose = argc > 2 && strchr(argv[2], 'v') != NULL};
        iv_sink_text.write(&report, &style, stdout);
        return 0;
    }
    test_default(&report);
    test_styles(&report);
    test_policy(&arena);
    test_stable(&report);
    test_sinks(&report);
    return unit_end();
}
