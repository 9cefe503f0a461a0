/* Globs: what they match, and that hostile ones end. */
#include "imgval/base/glob.h"
#include "tests/unit/unit.h"

#include <time.h>

static void test_matches(void)
{
    static const char *const yes[][2] = {
        {"", ""},
        {"*", ""},
        {"*", "anything/at all"},
        {"**", "x"},
        {"Contoso.*", "contoso.Base"},
        {"*.mainos", "Contoso.MainOS"},
        {"a*b*c", "aXbYbZc"},
        {"a*a", "aa"},
        {"?", "x"},
        {"?", "\xE2\x82\xAC"},
        {"?*", "\xFF"},
        {"a?c", "a\xFF"
                "c"},
        {"*b?", "abbb"},
        {"[a]", "[a]"},
        {"CONTOSO/*/CT-1?0", "contoso/000-88/ct-100"},
        {"*\xC3\xA4", "\xC3\xA4\xC3\xA4"},
    };
    static const char *const no[][2] = {
        {"", "x"},
        {"x", ""},
        {"?", ""},
        {"?", "xy"},
        {"a*b", "abc"},
        {"a*a", "a"},
        {"*.spkg", "spkg"},
        {"a?c", "ac"},
        {"[a]", "a"},
        {"a\\*", "ab"},
        {"\xC3\x84", "\xC3\xA4"},
    };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        CHECK(iv_glob_match(yes[i][0], yes[i][1]));
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        CHECK(!iv_glob_match(no[i][0], no[i][1]));
    }
}

/* A glob that makes naive matching exponential, over a long text. */
static void test_hostile(void)
{
    char glob[1001];
    char text[20001];
    for (size_t i = 0; i < 1000; i++) {
        glob[i] = i % 2 == 0 ? '*' : 'a';
    }
    glob[1000] = '\0';
    memset(text, 'a', 20000);
    text[20000] = '\0';
    clock_t start = clock();
    CHECK(iv_glob_match(glob, text));
    glob[999] = 'b';
    CHECK(!iv_glob_match(glob, text));
    CHECK((clock() - start) / CLOCKS_PER_SEC < 5);
}

int main(void)
{
    test_matches();
    test_hostile();
    return unit_end();
}
