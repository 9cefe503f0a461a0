/* Text: UTF-8 and UTF-16 at their boundaries, escaping, folding, numbers. */
#include "imgval/base/text.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdlib.h>

static void test_utf8_decode(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        size_t taken; /* 0: malformed */
        uint32_t code;
    } rows[] = {
        {"", 0, 0, 0},
        {"\0", 1, 1, 0},
        {"\x7f", 1, 1, 0x7f},
        {"\x80", 1, 0, 0},
        {"\xc0\x80", 2, 0, 0}, /* overlong NUL */
        {"\xc1\xbf", 2, 0, 0}, /* overlong U+007F */
        {"\xc2\x80", 2, 2, 0x80},
        {"\xc2", 1, 0, 0},     /* cut */
        {"\xc2\x41", 2, 0, 0}, /* no continuation */
        {"\xc2\xc2", 2, 0, 0},
        {"\xdf\xbf", 2, 2, 0x7ff},
        {"\xe0\x9f\xbf", 3, 0, 0}, /* overlong U+07FF */
        {"\xe0\xa0\x80", 3, 3, 0x800},
        {"\xe0\xa0", 2, 0, 0},
        {"\xed\x9f\xbf", 3, 3, 0xd7ff},
        {"\xed\xa0\x80", 3, 0, 0}, /* surrogates */
        {"\xed\xbf\xbf", 3, 0, 0},
        {"\xee\x80\x80", 3, 3, 0xe000},
        {"\xef\xbf\xbf", 3, 3, 0xffff},
        {"\xf0\x8f\xbf\xbf", 4, 0, 0}, /* overlong U+FFFF */
        {"\xf0\x90\x80\x80", 4, 4, 0x10000},
        {"\xf0\x90\x80", 3, 0, 0},
        {"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
        {"\xf4\x90\x80\x80", 4, 0, 0},
        {"\xf8\x88\x80\x80\x80", 5, 0, 0},
        {"\xfe", 1, 0, 0},
        {"\xff", 1, 0, 0},
        {"a\xff", 2, 1, 'a'},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* A copy of exact size, so that sanitizers see every step past the end. */
        char *exact = malloc(rows[i].size + 1);
        if (!CHECK(exact != NULL)) {
            return;
        }
        char *bytes = realloc(exact, rows[i].size == 0 ? 1 : rows[i].size);
        memcpy(bytes, rows[i].bytes, rows[i].size);
        uint32_t code = 0xdead;
        CHECK_INT(iv_utf8_decode(bytes, rows[i].size, &code), rows[i].taken);
        if (rows[i].taken > 0) {
            CHECK_INT(code, rows[i].code);
            CHECK(iv_utf8_is_valid(bytes, rows[i].taken));
        }
        free(bytes);
    }
    CHECK(iv_utf8_is_valid("", 0));
    CHECK(!iv_utf8_is_valid("ab\xc3", 3));
    CHECK(iv_utf8_is_valid("ab\xc3\xa4", 4));
}

static void test_utf8_add(void)
{
    for (uint32_t code = 0; code <= 0x110000; code++) {
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        iv_utf8_add(&buf, code);
        bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        uint32_t back = 0;
        size_t taken = iv_utf8_decode(buf.data, buf.size, &back);
        if (taken != buf.size || back != (is_scalar ? code : 0xfffd)) {
            CHECK_INT(back, code);
        }
        /* Everything near the edges, and samples of the rest. */
        code += code > 0x900 && code < 0xd700 ? 97 : code > 0x10100 && code < 0x10ff00 ? 997 : 0;
    }
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_utf8_add(&buf, UINT32_MAX);
    CHECK_STR(iv_buf_text(&buf), "\xef\xbf\xbd");
}

static void check_utf16(const char *bytes, size_t size, bool big_endian, const char *wanted)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    bool is_fine = iv_utf16_to_utf8(&buf, (const unsigned char *)bytes, size, big_endian);
    CHECK_INT(is_fine, wanted != NULL);
    if (is_fine && wanted != NULL) {
        CHECK_STR(iv_buf_text(&buf), wanted);
    }
}

static void test_utf16(void)
{
    check_utf16("", 0, false, "");
    check_utf16("a\0b\0", 4, false, "ab");
    check_utf16("\0a\0b", 4, true, "ab");
    check_utf16("a\0b", 3, false, NULL);
    check_utf16("a", 1, false, NULL);
    check_utf16("a\0\0\0", 4, false, NULL); /* NUL */
    check_utf16("\x3d\xd8\x00\xde", 4, false, "\xf0\x9f\x98\x80");
    check_utf16("\xd8\x3d\xde\x00", 4, true, "\xf0\x9f\x98\x80");
    check_utf16("\x3d\xd8", 2, false, NULL);         /* high half at the end */
    check_utf16("\x3d\xd8\x41\x00", 4, false, NULL); /* high half, then a letter */
    check_utf16("\x00\xdc", 2, false, NULL);         /* low half alone */
    check_utf16("\x3d\xd8\x3d\xd8", 4, false, NULL);
    check_utf16("\xff\xdb\xff\xdf", 4, false, "\xf4\x8f\xbf\xbf"); /* U+10FFFF */
    check_utf16("\x00\xd8\x00\xdc", 4, false, "\xf0\x90\x80\x80"); /* U+10000 */
    check_utf16("\xff\xff", 2, false, "\xef\xbf\xbf");
}

static void check_escape(const char *text, size_t max, bool ascii, const char *wanted)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&buf, text, max, ascii);
    CHECK_STR(iv_buf_text(&buf), wanted);
}

static void test_escape(void)
{
    check_escape("", 0, false, "");
    check_escape("plain text", 0, false, "plain text");
    check_escape("a\nb\tc\rd", 0, false, "a\\nb\\tc\\rd");
    check_escape("\x1b[31m\x07\x7f", 0, false, "\\x1b[31m\\x07\\x7f");
    check_escape("C:\\new", 0, false, "C:\\new");
    check_escape("\xc3\xa4", 0, false, "\xc3\xa4");
    check_escape("\xc3\xa4", 0, true, "\\u{e4}");
    check_escape("\xff\xc3", 0, false, "\\xff\\xc3");
    check_escape("\xc2\x9b", 0, false, "\\u{9b}");             /* C1 CSI */
    check_escape("\xe2\x80\xae", 0, false, "\\u{202e}");       /* right-to-left override */
    check_escape("\xe2\x81\xa6", 0, false, "\\u{2066}");       /* isolate */
    check_escape("\xe2\x80\x8b", 0, false, "\\u{200b}");       /* zero width space */
    check_escape("\xe2\x80\xa8", 0, false, "\\u{2028}");       /* line separator */
    check_escape("\xef\xbb\xbf", 0, false, "\\u{feff}");       /* byte order mark */
    check_escape("\xed\xa0\x80", 0, false, "\\xed\\xa0\\x80"); /* a surrogate */
    check_escape("abcdef", 6, false, "abcdef");
    check_escape("abcdef", 5, false, "abcde...");
    check_escape("abcdef", 1, false, "a...");
    check_escape("ab\xc3\xa4", 3, false, "ab..."); /* never half a character */
    check_escape("ab\xc3\xa4", 4, false, "ab\xc3\xa4");
    check_escape("\xff\xff", 1, false, "\\xff...");
}

/* What is escaped is printable whatever went in. */
static void test_escape_all_bytes(void)
{
    char text[256];
    for (size_t i = 0; i < 255; i++) {
        text[i] = (char)(i + 1);
    }
    text[255] = '\0';
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&buf, text, 0, true);
    bool is_clean = true;
    for (size_t i = 0; i < buf.size; i++) {
        is_clean = is_clean && buf.data[i] >= ' ' && buf.data[i] <= '~';
    }
    CHECK(is_clean);
    CHECK(iv_utf8_is_valid(buf.data, buf.size));
}

static void test_width(void)
{
    CHECK_INT(iv_text_width(""), 0);
    CHECK_INT(iv_text_width("abc"), 3);
    CHECK_INT(iv_text_width("a\xcc\x88"), 1);    /* a + combining diaeresis */
    CHECK_INT(iv_text_width("\xe6\xbc\xa2"), 2); /* a Han character */
    CHECK_INT(iv_text_width("\xf0\x9f\x98\x80"), 2);
    CHECK_INT(iv_text_width("\xff"), 1);
}

static void test_ascii(void)
{
    CHECK_INT(iv_ascii_lower('A'), 'a');
    CHECK_INT(iv_ascii_lower('Z'), 'z');
    CHECK_INT(iv_ascii_lower('@'), '@');
    CHECK_INT(iv_ascii_lower('['), '[');
    CHECK_INT(iv_ascii_lower((char)0xc4), (char)0xc4);
    CHECK_INT(iv_ascii_casecmp("", ""), 0);
    CHECK_INT(iv_ascii_casecmp("ABC", "abc"), 0);
    CHECK_INT(iv_ascii_casecmp("ab", "abc"), -1);
    CHECK_INT(iv_ascii_casecmp("abc", "AB"), 1);
    CHECK_INT(iv_ascii_casecmp("a", "\xff"), -1);
    CHECK_INT(iv_ascii_casecmp("_", "A"), -1); /* as lower case: '_' < 'a' */
    CHECK(iv_ascii_ieq("x", "X"));
    CHECK(!iv_ascii_ieq("x", NULL));
    CHECK(!iv_ascii_ieq(NULL, ""));
    CHECK(iv_ascii_ieq(NULL, NULL));
    CHECK(iv_ascii_iprefix("Microsoft.Foo", "microsoft."));
    CHECK(!iv_ascii_iprefix("Mic", "microsoft"));
    CHECK(iv_ascii_iprefix("x", ""));
    CHECK(iv_ascii_isuffix("a.SPKG", ".spkg"));
    CHECK(!iv_ascii_isuffix("spkg", ".spkg"));
    CHECK(iv_ascii_isuffix("", ""));
    CHECK_STR(iv_ascii_ifind("one TWO", "two"), "TWO");
    CHECK_STR(iv_ascii_ifind("abc", ""), "abc");
    CHECK_STR(iv_ascii_ifind("", ""), "");
    CHECK(iv_ascii_ifind("aab", "ac") == NULL);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    CHECK_STR(iv_ascii_fold(&arena, "MiXed \xc3\x84"), "mixed \xc3\x84");
    CHECK(iv_ascii_fold(&arena, NULL) == NULL);
    CHECK_STR(iv_path_fold(&arena, "C:/A\\B/@[Z]`{\xc3\x84"), "c:\\a\\b\\@[z]`{\xc3\x84");
    CHECK_STR(iv_path_fold(&arena, "ABCDEFGHIJKLMNOPQRSTUVWXYZ/ABCDEFG"),
              "abcdefghijklmnopqrstuvwxyz\\abcdefg");
    CHECK_STR(iv_path_fold(&arena, ""), "");
}

static void check_decimal(const char *text, uint64_t max, bool wanted, uint64_t value)
{
    uint64_t got = 77;
    if (!CHECK_INT(iv_parse_decimal(text, strlen(text), max, &got), wanted)) {
        fprintf(stderr, "    \"%s\", at most %" PRIu64 "\n", text, max);
    }
    CHECK(got == (wanted ? value : 77));
}

static void test_decimal(void)
{
    check_decimal("0", 0, true, 0);
    check_decimal("1", 0, false, 0);
    check_decimal("5", 3, false, 0);
    check_decimal("3", 3, true, 3);
    check_decimal("12", 11, false, 0);
    check_decimal("65535", 65535, true, 65535);
    check_decimal("65536", 65535, false, 0);
    check_decimal("655350", 65535, false, 0);
    check_decimal("00065535", 65535, true, 65535);
    check_decimal("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
    check_decimal("18446744073709551616", UINT64_MAX, false, 0);
    check_decimal("99999999999999999999999", UINT64_MAX, false, 0);
    static const char *const bad[] = {"",    "-1",  "+1",  " 1",       "1 ",
                                      "0x1", "1e3", "1.0", "\xd9\xa1", "1\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_decimal(bad[i], UINT64_MAX, false, 0);
    }
    uint64_t got;
    CHECK(!iv_parse_decimal("1\0", 2, 100, &got));
}

static void test_hex(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_hex_add(&buf, "\x00\x0f\xf0\xff", 4);
    CHECK_STR(iv_buf_text(&buf), "000ff0ff");
    iv_hex_add(&buf, NULL, 0);
    CHECK_INT(buf.size, 8);
}

int main(void)
{
    test_utf8_decode();
    test_utf8_add();
    test_utf16();
    test_escape();
    test_escape_all_bytes();
    test_width();
    test_ascii();
    test_decimal();
    test_hex();
    return unit_end();
}
