/* SHA-256: the vectors of FIPS 180-4, pieces, and the unambiguous joining of fields. */
#include "imgval/base/digest.h"
#include "tests/unit/unit.h"

static void hex_of(const char *text, char ret_hex[IV_SHA256_HEX_SIZE])
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, text, strlen(text));
    iv_sha256_close_hex(sha, ret_hex);
}

static void test_vectors(void)
{
    char hex[IV_SHA256_HEX_SIZE];
    hex_of("", hex);
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hex_of("abc", hex);
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", hex);
    CHECK_STR(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_pieces(void)
{
    char text[1000];
    memset(text, 'a', sizeof(text));
    struct iv_sha256 *sha = iv_sha256_open();
    for (int i = 0; i < 1000; i++) {
        iv_sha256_add(sha, text, sizeof(text));
        iv_sha256_add(sha, NULL, 0);
    }
    char hex[IV_SHA256_HEX_SIZE];
    iv_sha256_close_hex(sha, hex);
    CHECK_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_binary(void)
{
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, "abc", 3);
    iv_sha256_close(sha, digest);
    CHECK_INT(digest[0], 0xba);
    CHECK_INT(digest[31], 0xad);
}

static void fields_of(const char *a, const char *b, char ret_hex[IV_SHA256_HEX_SIZE])
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, a);
    iv_sha256_add_field(sha, b);
    iv_sha256_close_hex(sha, ret_hex);
}

static void test_fields(void)
{
    static const char *const pairs[][2] = {
        {"ab", "c"},   {"a", "bc"}, {"abc", ""}, {"", "abc"}, {NULL, "abc"},
        {"abc", NULL}, {"", ""},    {NULL, ""},  {"", NULL},  {NULL, NULL},
    };
    enum { COUNT = sizeof(pairs) / sizeof(pairs[0]) };
    char hex[COUNT][IV_SHA256_HEX_SIZE];
    for (size_t i = 0; i < COUNT; i++) {
        fields_of(pairs[i][0], pairs[i][1], hex[i]);
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(hex[i], hex[k]) != 0);
        }
    }
}

/* One handle, many digests; SHA-1 beside it. */
static void test_next(void)
{
    unsigned char first[IV_SHA256_SIZE];
    unsigned char second[IV_SHA256_SIZE];
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, "abc", 3);
    iv_sha256_next(sha, first);
    iv_sha256_add(sha, "ab", 2);
    iv_sha256_add(sha, "c", 1);
    iv_sha256_next(sha, second);
    CHECK(memcmp(first, second, sizeof(first)) == 0);
    CHECK_INT(first[0], 0xba);
    iv_sha256_close(sha, second);
    CHECK_INT(second[0], 0xe3);
    unsigned char old[IV_SHA1_SIZE];
    static const unsigned char wanted[IV_SHA1_SIZE] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
                                                       0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
                                                       0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    sha = iv_sha1_open();
    iv_sha256_add(sha, "abc", 3);
    iv_sha1_close(sha, old);
    CHECK(memcmp(old, wanted, sizeof(old)) == 0);
}

int main(void)
{
    test_vectors();
    test_pieces();
    test_binary();
    test_fields();
    test_next();
    return unit_end();
}
