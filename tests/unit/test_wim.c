/* WIM files whose header, lookup table or directory tree say what this build does not read. Whole
 * ones, written by another program, are read in tests/disk. */
#include "imgval/base/attr.h"
#include "imgval/disk/volume.h"
#include "tests/unit/unit.h"

#define TABLE_AT 208u
#define BLOB 50u
#define TREE_AT 512u

struct wim {
    unsigned char bytes[1024];
    size_t size;
};

static void put(struct wim *wim, size_t at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        wim->bytes[at + i] = (unsigned char)(value >> (8 * i));
    }
}

static void put_resource(struct wim *wim, size_t at, uint64_t packed, unsigned flags,
                         uint64_t offset, uint64_t size)
{
    put(wim, at, 7, packed);
    put(wim, at + 7, 1, flags);
    put(wim, at + 8, 8, offset);
    put(wim, at + 16, 8, size);
}

/* A WIM of one image without compression; its lookup table has the tree of the image alone. */
static struct wim plain(void)
{
    struct wim wim = {.size = sizeof(wim.bytes)};
    memcpy(wim.bytes, "MSWIM\0\0", 8);
    put(&wim, 8, 4, 208);
    put(&wim, 12, 4, 0x10D00);
    put(&wim, 40, 2, 1); /* part 1 of 1 */
    put(&wim, 42, 2, 1);
    put(&wim, 44, 4, 1); /* one image */
    put_resource(&wim, 48, BLOB, 0, TABLE_AT, BLOB);
    put_resource(&wim, TABLE_AT, 64, 2, TREE_AT, 64);
    return wim;
}

/* What keeps the WIM from being opened: its kind goes to *ret_kind. */
static const char *refusal(const struct wim *wim, const struct iv_limits *limits, size_t image,
                           enum iv_fault_kind *ret_kind)
{
    static char text[200];
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_volume *volume IV_CLEANUP(iv_volume_close) = NULL;
    struct iv_fault fault = {0};
    struct iv_source source = iv_source_of_bytes(wim->bytes, wim->size, &arena);
    if (iv_volume_open(&source, image, limits, &arena, &volume, &fault)) {
        *ret_kind = IV_FAULT_NONE;
        return "opened";
    }
    snprintf(text, sizeof(text), "%s", fault.detail);
    *ret_kind = fault.kind;
    return text;
}

static void check(const struct wim *wim, enum iv_fault_kind kind, const char *detail)
{
    const struct iv_limits limits = iv_limits_default();
    enum iv_fault_kind got;
    CHECK_STR(refusal(wim, &limits, 0, &got), detail);
    CHECK_INT(got, kind);
}

static void test_header(void)
{
    struct wim wim = plain();
    wim.size = 207;
    check(&wim, IV_FAULT_PARTITION, "the WIM header is cut off");
    wim = plain();
    put(&wim, 8, 4, 207);
    check(&wim, IV_FAULT_PARTITION, "the WIM header has a wrong size");
    wim = plain();
    put(&wim, 12, 4, 0xE00);
    check(&wim, IV_FAULT_UNSUPPORTED, "a solid or LZMS-compressed WIM");
    wim = plain();
    put(&wim, 16, 4, 0x80002);
    check(&wim, IV_FAULT_UNSUPPORTED, "a solid or LZMS-compressed WIM");
    wim = plain();
    put(&wim, 12, 4, 0x10C00);
    check(&wim, IV_FAULT_UNSUPPORTED, "a WIM of an unknown version");
    wim = plain();
    put(&wim, 16, 4, 0x2);
    check(&wim, IV_FAULT_UNSUPPORTED, "a WIM compressed in a way that is not known");
    for (size_t at = 40; at <= 42; at += 2) {
        wim = plain();
        put(&wim, at, 2, 2);
        check(&wim, IV_FAULT_UNSUPPORTED, "a part of a split WIM");
    }
}

static void test_table(void)
{
    static const char damaged[] = "the WIM's lookup table is damaged";
    struct wim wim = plain();
    put_resource(&wim, 48, BLOB, 4, TABLE_AT, BLOB);
    check(&wim, IV_FAULT_PARTITION, damaged);
    put_resource(&wim, 48, BLOB - 1, 0, TABLE_AT, BLOB);
    check(&wim, IV_FAULT_PARTITION, damaged);
    put_resource(&wim, 48, BLOB - 1, 0, TABLE_AT, BLOB - 1);
    check(&wim, IV_FAULT_PARTITION, damaged);
    put_resource(&wim, 48, BLOB, 0, sizeof(wim.bytes) + 1, BLOB);
    check(&wim, IV_FAULT_PARTITION, damaged);
    put_resource(&wim, 48, BLOB, 0, sizeof(wim.bytes) - BLOB + 1, BLOB);
    check(&wim, IV_FAULT_PARTITION, damaged);

    /* Four entries, of which three may be. */
    wim = plain();
    put_resource(&wim, 48, UINT64_C(4) * BLOB, 0, TABLE_AT, UINT64_C(4) * BLOB);
    struct iv_limits limits = iv_limits_default();
    limits.entries = 3;
    enum iv_fault_kind kind;
    CHECK_STR(refusal(&wim, &limits, 0, &kind), "the WIM's lookup table is too long");
    CHECK_INT(kind, IV_FAULT_LIMIT);
    limits.entries = 4;
    CHECK(strcmp(refusal(&wim, &limits, 0, &kind), "the WIM's lookup table is too long") != 0);

    wim = plain();
    put(&wim, 44, 4, 2);
    check(&wim, IV_FAULT_PARTITION,
          "the WIM's lookup table has another number of images than its header");
    wim = plain();
    CHECK_STR(refusal(&wim, &limits, 1, &kind), "the WIM has no such image");
    CHECK_INT(kind, IV_FAULT_PARTITION);
}

static void test_tree(void)
{
    struct wim wim = plain();
    check(&wim, IV_FAULT_PARTITION,
          "the WIM's directory tree does not have the SHA-1 that its table says");
    put_resource(&wim, TABLE_AT, 64, 2 | 8, TREE_AT, 64);
    check(&wim, IV_FAULT_UNSUPPORTED, "a solid or LZMS-compressed WIM");
    put_resource(&wim, TABLE_AT, 64, 2, sizeof(wim.bytes) - 63, 64);
    check(&wim, IV_FAULT_PARTITION, "the WIM's directory tree is damaged");
    const struct iv_limits limits = iv_limits_default();
    put_resource(&wim, TABLE_AT, 64, 2, TREE_AT, limits.metadata_size + 1);
    check(&wim, IV_FAULT_LIMIT, "the WIM's directory tree is too large");
}

int main(void)
{
    test_header();
    test_table();
    test_tree();
    return unit_end();
}
