/* Versions: what parses, order, and the form that people see. */
#include "imgval/base/attr.h"
#include "imgval/model/version.h"
#include "tests/unit/unit.h"

struct row {
    const char *text;
    bool is_valid;
    unsigned part[4];
};

static const struct row rows[] = {
    {"0.0.0.0", true, {0, 0, 0, 0}},
    {"1.2.3.4", true, {1, 2, 3, 4}},
    {"65535.65535.65535.65535", true, {65535, 65535, 65535, 65535}},
    {"01078.00053.16236.35005", true, {1078, 53, 16236, 35005}},
    {"1078.241.00000.32800", true, {1078, 241, 0, 32800}},
    {"00000000000000000000000000001.0.0.0", true, {1, 0, 0, 0}},
    {"65536.0.0.0", false, {0}},
    {"0.65536.0.0", false, {0}},
    {"0.0.65536.0", false, {0}},
    {"0.0.0.65536", false, {0}},
    {"0001.0001.0001.20140801", false, {0}},
    {"1000000000.0.0.0", false, {0}},
    {"0.0.0.1000000000", false, {0}},
    {"0.0.0.18446744073709551616", false, {0}},
    {"0.0.0.99999999999999999999999999", false, {0}},
    {"0x10.0.0.0", false, {0}},
    {"0.0.0.0x10", false, {0}},
    {"1e9.0.0.0", false, {0}},
    {" 1.2.3.4", false, {0}},
    {"1.2.3.4 ", false, {0}},
    {"1. 2.3.4", false, {0}},
    {"1.2.3.4\n", false, {0}},
    {"1.2.3.4\r\n", false, {0}},
    {"\t1.2.3.4", false, {0}},
    {"+1.2.3.4", false, {0}},
    {"1.-2.3.4", false, {0}},
    {"1.2.3.-0", false, {0}},
    {"\xd9\xa1.2.3.4", false, {0}},     /* U+0661 ARABIC-INDIC DIGIT ONE */
    {"1.2.3.\xef\xbc\x94", false, {0}}, /* U+FF14 FULLWIDTH DIGIT FOUR */
    {"1.2.3\xe2\x80\xa4"
     "4",
     false,
     {0}}, /* U+2024 ONE DOT LEADER */
    {"\xef\xbb\xbf"
     "1.2.3.4",
     false,
     {0}}, /* a byte order mark */
    {"1.2.3", false, {0}},
    {"1.2.3.4.5", false, {0}},
    {"1.2.3.4.", false, {0}},
    {".1.2.3.4", false, {0}},
    {"1..3.4", false, {0}},
    {"...", false, {0}},
    {"", false, {0}},
    {"1", false, {0}},
    {"1,2,3,4", false, {0}},
    {"a.b.c.d", false, {0}},
};

static void test_parse(void)
{
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct iv_version version = {.part = {7, 7, 7, 7}};
        bool is_valid = iv_version_parse(rows[i].text, &version);
        if (!CHECK(is_valid == rows[i].is_valid)) {
            fprintf(stderr, "    text \"%s\"\n", rows[i].text);
        }
        for (size_t k = 0; k < 4; k++) {
            /* A refused text leaves the result alone. */
            CHECK_INT(version.part[k], rows[i].is_valid ? rows[i].part[k] : 7);
        }
    }
    struct iv_version version;
    CHECK(!iv_version_parse(NULL, &version));
}

static void test_order(void)
{
    static const char *const sorted[] = {
        "0.0.0.0",  "0.0.0.1", "0.0.0.65535",         "0.0.1.0", "0.0.2.0",
        "0.0.10.0", "0.1.0.0", "0.65535.65535.65535", "1.0.0.0", "1.0.0.9",
        "1.0.0.10", "2.0.0.0", "65535.0.0.0",
    };
    for (size_t i = 0; i < IV_COUNT(sorted); i++) {
        for (size_t k = 0; k < IV_COUNT(sorted); k++) {
            struct iv_version a = {0};
            struct iv_version b = {0};
            CHECK(iv_version_parse(sorted[i], &a));
            CHECK(iv_version_parse(sorted[k], &b));
            int order = iv_version_compare(a, b);
            CHECK(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
    }
    struct iv_version padded = {0};
    struct iv_version plain = {0};
    CHECK(iv_version_parse("01078.00053.16236.35005", &padded));
    CHECK(iv_version_parse("1078.53.16236.35005", &plain));
    CHECK_INT(iv_version_compare(padded, plain), 0);
}

static void test_zero_and_format(void)
{
    struct iv_version version = {0};
    CHECK(iv_version_is_zero(version));
    CHECK(iv_version_parse("00.0.000.0", &version));
    CHECK(iv_version_is_zero(version));
    CHECK(iv_version_parse("0.0.0.1", &version));
    CHECK(!iv_version_is_zero(version));

    char text[IV_VERSION_TEXT_SIZE];
    CHECK(iv_version_parse("65535.65535.65535.65535", &version));
    iv_version_format(version, text);
    CHECK_STR(text, "65535.65535.65535.65535");
    CHECK(iv_version_parse("01.002.0.4", &version));
    iv_version_format(version, text);
    CHECK_STR(text, "1.2.0.4");
}

/* One letter a version; what is late in capitals. */
static void check_late(const char *order, const char *wanted)
{
    struct iv_version versions[16];
    bool is_late[16];
    char got[17] = {0};
    struct iv_arena arena;
    size_t count = strlen(order);
    iv_arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        versions[i] = (struct iv_version){{1, 0, 0, (uint16_t)order[i]}};
    }
    iv_version_find_late(versions, count, &arena, is_late);
    for (size_t i = 0; i < count; i++) {
        got[i] = (char)(is_late[i] ? order[i] - 'a' + 'A' : order[i]);
    }
    CHECK_STR(got, wanted);
    iv_arena_fini(&arena);
}

/* Every order of up to seven versions of which some are the same: no choice is longer, none of the
 * same length is earlier. */
static void test_late_property(void)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    for (unsigned seed = 0; seed < 4 * 4 * 4 * 4 * 4 * 4 * 4; seed++) {
        enum { COUNT = 7 };
        struct iv_version versions[COUNT];
        bool is_late[COUNT];
        for (unsigned i = 0, left = seed; i < COUNT; i++, left /= 4) {
            versions[i] = (struct iv_version){{0, 0, (uint16_t)(left % 4), 0}};
        }
        unsigned best = 0;
        unsigned most = 0;
        for (unsigned kept = 1; kept < 1u << COUNT; kept++) { /* the first version is the top bit */
            unsigned count = 0;
            bool in_order = true;
            struct iv_version last = {0};
            for (unsigned i = 0; i < COUNT; i++) {
                if ((kept >> (COUNT - 1 - i) & 1) != 0) {
                    in_order = in_order && iv_version_compare(last, versions[i]) <= 0;
                    last = versions[i];
                    count++;
                }
            }
            if (in_order && count >= most) { /* of equal ones the last is the earliest */
                most = count;
                best = kept;
            }
        }
        iv_version_find_late(versions, COUNT, &arena, is_late);
        unsigned got = 0;
        for (unsigned i = 0; i < COUNT; i++) {
            got |= (is_late[i] ? 0u : 1u) << (COUNT - 1 - i);
        }
        if (!CHECK_INT(got, best)) {
            break;
        }
    }
    iv_arena_fini(&arena);
}

static void test_late(void)
{
    check_late("", "");
    check_late("a", "a");
    check_late("abcd", "abcd");
    check_late("aabb", "aabb");
    check_late("cedf", "ceDf");
    check_late("cegd", "cegD");
    check_late("iabcd", "Iabcd");
    check_late("bcda", "bcdA");
    check_late("ia", "iA");
    check_late("dcba", "dCBA");
    check_late("abizcdef", "abIZcdef");
    test_late_property();
}

int main(void)
{
    test_parse();
    test_order();
    test_zero_and_format();
    test_late();
    return unit_end();
}
