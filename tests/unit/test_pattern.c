/* Patterns: whole values only, bytes only, and never without an end. */
#include "imgval/base/pattern.h"
#include "tests/unit/unit.h"

#include <locale.h>
#include <stdlib.h>

static enum iv_match match(const char *pattern_text, const char *text)
{
    struct iv_error err = {0};
    struct iv_pattern *pattern IV_CLEANUP(iv_pattern_close) = NULL;
    if (!iv_pattern_open(pattern_text, &pattern, &err)) {
        CHECK_STR(err.text, "");
        return IV_MATCH_LIMIT;
    }
    return iv_pattern_match(pattern, text, strlen(text));
}

static void test_whole_value(void)
{
    static const struct {
        const char *pattern;
        const char *text;
        enum iv_match wanted;
    } rows[] = {
        {"[0-9]+(\\.[0-9]+){3}", "1.2.3.4", IV_MATCH_YES},
        {"[0-9]+(\\.[0-9]+){3}", "1.2.3.4.5", IV_MATCH_NO},
        {"[0-9]+(\\.[0-9]+){3}", "1.2.3", IV_MATCH_NO},
        {"[0-9]+(\\.[0-9]+){3}", "1.2.3.4\n", IV_MATCH_NO},
        {"[0-9]+(\\.[0-9]+){3}", " 1.2.3.4", IV_MATCH_NO},
        {"^[0-9]+$", "12", IV_MATCH_YES},
        {"^[0-9]+$", "12\n", IV_MATCH_NO}, /* $ alone matches before a last newline */
        {"(?m)^[0-9]+$", "12\n13", IV_MATCH_NO},
        {"a|ab", "ab", IV_MATCH_YES}, /* the end anchor makes it try the other branch */
        {"a|ab", "abc", IV_MATCH_NO},
        {"a??", "a", IV_MATCH_YES},
        {"", "", IV_MATCH_YES},
        {"", "x", IV_MATCH_NO},
        {".*", "a\nb", IV_MATCH_NO},
        {".*", "a\rb", IV_MATCH_YES},
        {"(?s).*", "a\nb", IV_MATCH_YES},
        {"a(*ACCEPT)b", "a", IV_MATCH_YES},
        {"a(*ACCEPT)b", "ax", IV_MATCH_NO},
        {"((a)(b)(c)(d))", "abcd", IV_MATCH_YES},
        {"(?i)abc", "ABC", IV_MATCH_YES},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!CHECK_INT(match(rows[i].pattern, rows[i].text), rows[i].wanted)) {
            fprintf(stderr, "    pattern %s\n", rows[i].pattern);
        }
    }
}

/* Classes mean ASCII, in whatever locale. */
static void test_bytes(void)
{
    static const char *const locales[] = {"C", "C.UTF-8", "de_DE.ISO-8859-1", "tr_TR.UTF-8"};
    for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
        if (setlocale(LC_ALL, locales[i]) == NULL) {
            continue;
        }
        CHECK_INT(match("\\d", "\xd9\xa1"), IV_MATCH_NO);          /* Arabic digit one */
        CHECK_INT(match("\\d", "\xef\xbc\x91"), IV_MATCH_NO);      /* full-width digit one */
        CHECK_INT(match("\\w", "\xe4"), IV_MATCH_NO);              /* a umlaut in Latin-1 */
        CHECK_INT(match("[[:alpha:]]+", "\xc3\xa4"), IV_MATCH_NO); /* in UTF-8 */
        CHECK_INT(match("(?i)i", "\xc4\xb0"), IV_MATCH_NO);        /* dotted capital I */
        CHECK_INT(match("(?i)I", "i"), IV_MATCH_YES);
        CHECK_INT(match("..", "\xc3\xa4"), IV_MATCH_YES);
        CHECK_INT(match(".", "\xff"), IV_MATCH_YES);
        CHECK_INT(match("\\x{ff}", "\xff"), IV_MATCH_YES);
    }
    setlocale(LC_ALL, "C");
}

static void test_embedded_nul(void)
{
    struct iv_error err = {0};
    struct iv_pattern *pattern IV_CLEANUP(iv_pattern_close) = NULL;
    if (CHECK(iv_pattern_open("a.b", &pattern, &err))) {
        CHECK_INT(iv_pattern_match(pattern, "a\0b", 3), IV_MATCH_YES);
        CHECK_INT(iv_pattern_match(pattern, "a", 1), IV_MATCH_NO);
        CHECK_INT(iv_pattern_match(pattern, NULL, 0), IV_MATCH_NO);
        CHECK_INT(iv_pattern_match(pattern, "a.b", 3), IV_MATCH_YES);
    }
}

static void test_errors(void)
{
    static const char *const bad[] = {
        "(",    "[a",     "a{2,1}", "*a",        "(*UTF)a",      "(*UCP)a",
        "a\\C", "(?<n>a", "\\",     "(*NOVERB)", "(?P>nothing)", "[[:nosuch:]]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct iv_error err = {0};
        struct iv_pattern *pattern = NULL;
        if (!CHECK(!iv_pattern_open(bad[i], &pattern, &err))) {
            fprintf(stderr, "    pattern %s\n", bad[i]);
        }
        CHECK(pattern == NULL);
        CHECK_INT(err.code, IV_ERROR_USAGE);
        CHECK(strncmp(err.text, "pattern \"", 9) == 0);
        iv_pattern_close(&pattern);
    }
    struct iv_error err = {0};
    struct iv_pattern *pattern = NULL;
    CHECK(!iv_pattern_open("ab(\x1b", &pattern, &err));
    CHECK_STR(err.text, "pattern \"ab(\\x1b\", at character 5: missing closing parenthesis");
}

static void test_size_limits(void)
{
    char *text = malloc(100002);
    if (!CHECK(text != NULL)) {
        return;
    }
    memset(text, 'a', 100001);
    text[100001] = '\0';
    struct iv_error err = {0};
    struct iv_pattern *pattern = NULL;
    CHECK(!iv_pattern_open(text, &pattern, &err));
    memset(text, '(', 1000);
    memset(text + 1000, ')', 1000);
    text[2000] = '\0';
    CHECK(!iv_pattern_open(text, &pattern, &err));
    free(text);
}

/* Endless backtracking, recursion and heap are answered, and not with "no". */
static void test_match_limits(void)
{
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    CHECK_INT(match("(a+)+", text), IV_MATCH_LIMIT);
    CHECK_INT(match("(a|aa)+b[^b]", text), IV_MATCH_LIMIT);
    /* A pattern may only lower the limits. */
    CHECK_INT(match("(*LIMIT_MATCH=4000000000)(a+)+", text), IV_MATCH_LIMIT);
    CHECK_INT(match("(*LIMIT_DEPTH=4000000000)(a+)+", text), IV_MATCH_LIMIT);
    CHECK_INT(match("(*LIMIT_HEAP=4000000000)(a+)+", text), IV_MATCH_LIMIT);
    CHECK_INT(match("(*LIMIT_MATCH=1)a+b", "aab"), IV_MATCH_LIMIT);
    CHECK_INT(match("(?R)?a", "ab"), IV_MATCH_LIMIT); /* endless recursion */

    size_t size = (size_t)8 * 1024 * 1024;
    char *large = malloc(size);
    struct iv_error err = {0};
    struct iv_pattern *pattern IV_CLEANUP(iv_pattern_close) = NULL;
    if (CHECK(large != NULL) && CHECK(iv_pattern_open("(a|b)*", &pattern, &err))) {
        memset(large, 'a', size);
        CHECK_INT(iv_pattern_match(pattern, large, size), IV_MATCH_LIMIT);
        CHECK_INT(iv_pattern_match(pattern, large, 100), IV_MATCH_YES); /* usable afterwards */
    }
    free(large);
}

int main(void)
{
    test_whole_value();
    test_bytes();
    test_embedded_nul();
    test_errors();
    test_size_limits();
    test_match_limits();
    return unit_end();
}
