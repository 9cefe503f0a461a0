#include "tests/unit/report_fixture.h"
#include "tests/unit/unit.h"

#include "imgval/report/write/json.h"

static void test_nesting(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "a", "x");
    iv_json_open_array(&json, "b");
    iv_json_uint(&json, NULL, 1);
    iv_json_int(&json, NULL, -2);
    iv_json_bool(&json, NULL, true);
    iv_json_null(&json, NULL);
    iv_json_open_object(&json, NULL);
    iv_json_close_object(&json);
    iv_json_open_array(&json, NULL);
    iv_json_close_array(&json);
    iv_json_close_array(&json);
    iv_json_string(&json, "c", NULL);
    iv_json_close_object(&json);
    CHECK_STR(iv_buf_text(&buf), "{\"a\":\"x\",\"b\":[1,-2,true,null,{},[]],\"c\":null}");
}

static void test_pretty(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_open_array(&json, "none");
    iv_json_close_array(&json);
    static const char *const texts[] = {"x", "y"};
    iv_json_strings(&json, "some", texts, 2);
    iv_json_close_object(&json);
    CHECK_STR(iv_buf_text(&buf),
              "{\n  \"none\": [],\n  \"some\": [\n    \"x\",\n    \"y\"\n  ]\n}");
}

static void check_text(const char *text, const char *wanted)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "t", text);
    iv_json_close_object(&json);
    CHECK_STR(iv_buf_text(&buf), wanted);
}

/* Text is looked at eight bytes at a time: each byte must come out the same in every place. */
static void test_places(void)
{
    for (unsigned byte = 1; byte < 0x80; byte++) {
        char alone[] = {(char)byte, '\0'};
        struct iv_buf one IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_json json = iv_json(&one, false);
        iv_json_string(&json, NULL, alone);
        one.data[one.size - 1] = '\0'; /* its closing quote */
        for (size_t at = 0; at < 19; at++) {
            char text[] = "abcdefghijklmnopqrs";
            struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
            iv_buf_puts(&wanted, "{\"t\":\"");
            iv_buf_add(&wanted, text, at);
            iv_buf_puts(&wanted, one.data + 1);
            iv_buf_puts(&wanted, text + at + 1);
            iv_buf_puts(&wanted, "\"}");
            text[at] = (char)byte;
            check_text(text, iv_buf_text(&wanted));
        }
    }
}

static void test_escapes(void)
{
    check_text("", "{\"t\":\"\"}");
    check_text("a\"b\\c/</script>&", "{\"t\":\"a\\\"b\\\\c/</script>&\"}");
    check_text("\x01\t\n\x1b\x7f", "{\"t\":\"\\u0001\\u0009\\u000a\\u001b\\u007f\"}");
    check_text("\xC2\x9B\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAE\xEF\xBB\xBF",
               "{\"t\":\"\\u009b\\u2028\\u2029\\u202e\\ufeff\"}");
    check_text("\xC3\xA9\xF0\x9F\x93\xB1", "{\"t\":\"\xC3\xA9\xF0\x9F\x93\xB1\"}");
    check_text("\xF3\xA0\x80\x81", "{\"t\":\"\\udb40\\udc01\"}");
    check_text("###vso[", "{\"t\":\"#\\u0023\\u0023vso[\"}");
    check_text("a\xFF"
               "b\xE2\x82",
               "{\"t\":\"a\xEF\xBF\xBD"
               "b\xEF\xBF\xBD\xEF\xBF\xBD\","
               "\"t_bytes\":\"61ff62e282\"}");
    check_text("\xED\xA0\x80", "{\"t\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\","
                               "\"t_bytes\":\"eda080\"}");
    check_text("\xEF\xBF\xBD", "{\"t\":\"\xEF\xBF\xBD\"}"); /* U+FFFD itself is fine text */
}

static void test_strings(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    static const char *const texts[] = {"x", "b\xFF", NULL};
    iv_json_open_object(&json, NULL);
    iv_json_strings(&json, "n", texts, 3);
    iv_json_close_object(&json);
    CHECK_STR(iv_buf_text(&buf), "{\"n\":[\"x\",\"b\xEF\xBF\xBD\",null],"
                                 "\"n_bytes\":[null,\"62ff\",null]}");
}

static void test_numbers(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_array(&json, NULL);
    iv_json_uint(&json, NULL, UINT64_MAX); /* other parsers stop at 2^63-1 */
    iv_json_int(&json, NULL, INT64_MIN);
    iv_json_close_array(&json);
    CHECK_STR(iv_buf_text(&buf), "[9223372036854775807,-9223372036854775808]");
}

static void test_fields(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    const struct iv_package package = {.name = "A",
                                       .key = "a",
                                       .style = IV_STYLE_CBS,
                                       .removal = true,
                                       .origin = IV_ORIGIN_HISTORY};
    iv_json_open_object(&json, NULL);
    iv_json_fields(&json, &iv_package_struct, &package, IV_FIELD_REPORT);
    iv_json_close_object(&json);
    const char *wanted = "{\"name\":\"A\",\"key\":\"a\",\"style\":\"cbs\",\"version\":null,"
                         "\"partition\":null,\"owner_type\":null,\"removal\":true,"
                         "\"binary_partition\":false,\"empty\":false,\"origin\":\"history\","
                         "\"path\":null";
    CHECK(strncmp(iv_buf_text(&buf), wanted, strlen(wanted)) == 0);
}

int main(void)
{
    test_nesting();
    test_pretty();
    test_escapes();
    test_places();
    test_strings();
    test_numbers();
    test_fields();
    return unit_end();
}
