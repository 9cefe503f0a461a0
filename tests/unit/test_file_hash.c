/* The digests by which catalogs know files, of PE files above all. */
#include "imgval/input/file_hash.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { PE_SIZE = 5000, PE_AT = 128, OPTIONAL = PE_AT + 24 };

static void put32(unsigned char *at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

/* Headers as far as Authenticode looks at them; the rest counts up. */
static void make_pe(unsigned char *bytes, size_t size, bool is_64, uint32_t table, uint32_t length)
{
    size_t count = OPTIONAL + (is_64 ? 108u : 92u);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(i * 7);
    }
    memcpy(bytes, "MZ", 2);
    put32(bytes + 60, PE_AT);
    memcpy(bytes + PE_AT, "PE\0\0", 4);
    bytes[OPTIONAL] = 0x0B;
    bytes[OPTIONAL + 1] = is_64 ? 0x02 : 0x01;
    put32(bytes + count, 16);
    put32(bytes + count + 4 + 32, table);
    put32(bytes + count + 8 + 32, length);
}

static void sha256_of(const unsigned char *bytes, size_t size, unsigned char *ret)
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, bytes, size);
    iv_sha256_close(sha, ret);
}

/* What is left of a file without the parts that signing changes. */
static void expected_pe(const unsigned char *bytes, size_t size, bool is_64, uint32_t table,
                        uint32_t length, unsigned char *ret)
{
    unsigned char kept[PE_SIZE];
    size_t entry = OPTIONAL + (is_64 ? 108u : 92u) + 4 + 32;
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        bool out = (i >= OPTIONAL + 64 && i < OPTIONAL + 68) || (i >= entry && i < entry + 8) ||
                   (length > 0 && i >= table && i - table < length);
        if (!out) {
            kept[n++] = bytes[i];
        }
    }
    sha256_of(kept, n, ret);
}

static struct iv_file_digests hash(const unsigned char *bytes, size_t size, size_t step)
{
    struct iv_file_hash *h IV_CLEANUP(iv_file_hash_close) = iv_file_hash_open();
    struct iv_file_digests digests;
    iv_file_hash_add(h, (const unsigned char *)"MZ, and then another file", 25);
    iv_file_hash_end(h, &digests);
    CHECK(!digests.has_pe);
    for (size_t at = 0; at < size; at += step) {
        iv_file_hash_add(h, bytes + at, step < size - at ? step : size - at);
    }
    iv_file_hash_end(h, &digests);
    CHECK_INT(digests.size, size);
    return digests;
}

static void test_pe(void)
{
    static const size_t steps[] = {1, 3, 127, 4096, PE_SIZE};
    static const struct {
        bool is_64;
        uint32_t table;
        uint32_t length;
    } forms[] = {
        {false, 0, 0}, {true, 0, 0}, {false, 4600, 400}, {true, 4600, 400}, {true, 4096, 8}};
    unsigned char bytes[PE_SIZE];
    unsigned char plain[IV_SHA256_SIZE];
    unsigned char pe[IV_SHA256_SIZE];
    for (size_t f = 0; f < IV_COUNT(forms); f++) {
        make_pe(bytes, PE_SIZE, forms[f].is_64, forms[f].table, forms[f].length);
        sha256_of(bytes, PE_SIZE, plain);
        expected_pe(bytes, PE_SIZE, forms[f].is_64, forms[f].table, forms[f].length, pe);
        for (size_t i = 0; i < IV_COUNT(steps); i++) {
            struct iv_file_digests got = hash(bytes, PE_SIZE, steps[i]);
            CHECK(memcmp(got.plain.sha256, plain, IV_SHA256_SIZE) == 0);
            CHECK(got.has_pe && memcmp(got.pe.sha256, pe, IV_SHA256_SIZE) == 0);
            CHECK(memcmp(got.padded.sha256, got.pe.sha256, IV_SHA256_SIZE) == 0);
        }
    }
}

/* What signing changes does not change the digest; anything else does. */
static void test_flips(void)
{
    unsigned char bytes[PE_SIZE];
    make_pe(bytes, PE_SIZE, true, 4600, 400);
    struct iv_file_digests before = hash(bytes, PE_SIZE, PE_SIZE);
    const size_t entry = OPTIONAL + 108 + 4 + 32;
    for (size_t i = 200; i < PE_SIZE; i += 1) {
        bool free = (i >= OPTIONAL + 64 && i < OPTIONAL + 68) || i >= 4600;
        if ((i >= entry && i < entry + 8) || (i >= OPTIONAL + 108 && i < OPTIONAL + 112)) {
            continue; /* these say where the table is */
        }
        bytes[i] ^= 0x10;
        struct iv_file_digests after = hash(bytes, PE_SIZE, PE_SIZE);
        bytes[i] ^= 0x10;
        CHECK((memcmp(before.pe.sha256, after.pe.sha256, IV_SHA256_SIZE) == 0) == free);
    }
}

static void test_padding(void)
{
    unsigned char bytes[PE_SIZE + 3] = {0};
    unsigned char padded[IV_SHA256_SIZE];
    make_pe(bytes, PE_SIZE - 5, false, 0, 0); /* 4995: five zeros to 5000 */
    expected_pe(bytes, PE_SIZE, false, 0, 0, padded);
    struct iv_file_digests got = hash(bytes, PE_SIZE - 5, 100);
    CHECK(got.has_pe && memcmp(got.padded.sha256, padded, IV_SHA256_SIZE) == 0);
    CHECK(memcmp(got.pe.sha256, padded, IV_SHA256_SIZE) != 0);
}

/* Headers that lie make no PE file, and no read beyond the bytes. */
static void test_lies(void)
{
    unsigned char bytes[PE_SIZE];
    make_pe(bytes, PE_SIZE, true, 4600, 401); /* a table beyond the end */
    CHECK(!hash(bytes, PE_SIZE, 500).has_pe);
    make_pe(bytes, PE_SIZE, true, 16, 40); /* a table over the headers */
    CHECK(!hash(bytes, PE_SIZE, 500).has_pe);
    make_pe(bytes, PE_SIZE, false, 0, 0);
    put32(bytes + 60, 0xFFFFFFF0);
    CHECK(!hash(bytes, PE_SIZE, 500).has_pe);
    put32(bytes + 60, 4090);
    CHECK(!hash(bytes, PE_SIZE, 500).has_pe);
    make_pe(bytes, PE_SIZE, false, 0, 0);
    bytes[OPTIONAL] = 7;
    CHECK(!hash(bytes, PE_SIZE, 500).has_pe);
    for (size_t size = 1; size < 300; size++) {
        make_pe(bytes, PE_SIZE, false, 0, 0);
        CHECK(!hash(bytes, size, 64).has_pe || size >= OPTIONAL + 112);
    }
}

int main(void)
{
    test_pe();
    test_flips();
    test_padding();
    test_lies();
    return unit_end();
}
