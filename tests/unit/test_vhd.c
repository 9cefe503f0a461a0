/* Virtual hard disks: fixed and dynamic ones, every field wrong, what is refused by name. */
#include "imgval/disk/vhd.h"
#include "tests/unit/disk_support.h"

#define MIB UINT64_C(1048576)

static struct iv_buf raw;
static struct iv_buf fixed;
static struct iv_buf dynamic;

static bool open_vhd(struct image *image, struct iv_source *disk)
{
    image->source = iv_source_of_bytes(image->bytes.data, image->bytes.size, &image->arena);
    return iv_vhd_open(&image->source, &image->arena, &image->facts, &image->faults, disk);
}

static void poke_big(struct image *image, uint64_t at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        poke(image, at + i, 1, value >> (8 * (size - 1 - i)) & 0xFF);
    }
}

static void put_right(struct image *image, uint64_t at, size_t size, size_t field)
{
    uint32_t sum = 0;
    poke(image, at + field, 4, 0);
    for (size_t i = 0; i < size; i++) {
        sum += (unsigned char)image->bytes.data[at + i];
    }
    poke_big(image, at + field, 4, ~sum & UINT32_MAX);
}

static void test_whole(void)
{
    const struct iv_buf *images[] = {&fixed, &dynamic};
    const char *const formats[] = {"VHD (fixed)", "VHD (dynamic)"};
    for (size_t i = 0; i < 2; i++) {
        struct image image;
        struct iv_source disk = {0};
        image_init(&image, images[i]);
        CHECK(open_vhd(&image, &disk));
        print_faults(&image);
        CHECK_STR(image.facts.format, formats[i]);
        CHECK_INT(image.facts.store_count, 1);
        CHECK_INT(disk.size, 8 * MIB);
        CHECK(image.facts.stores[0].readable);
        CHECK_INT(image.facts.stores[0].used, i == 0 ? 8 * MIB : 2 * MIB);
        char *bytes = iv_arena_alloc(&image.arena, raw.size);
        CHECK(iv_source_read(&disk, bytes, raw.size, 0));
        CHECK(memcmp(bytes, raw.data, raw.size) == 0);
        for (uint64_t at = 3; at + 70000 < raw.size; at += 65537) {
            CHECK(iv_source_read(&disk, bytes, 70000, at) &&
                  memcmp(bytes, raw.data + at, 70000) == 0);
        }
        image_fini(&image);
    }
}

struct row {
    bool is_dynamic;
    int64_t offset; /* negative: in the footer at the end */
    unsigned size;
    uint64_t value;
    size_t put_right; /* size of the structure whose checksum is put right; 0: none */
    enum iv_fault_kind kind;
    const char *detail;
};

static const struct row rows[] = {
    {false, -512, 1, 'x', 0, IV_FAULT_TRUNCATED, "there is no VHD footer at offset"},
    {false, -512 + 64, 4, 0, 0, IV_FAULT_FFU_HEADER, "footer checksum"},
    {false, -512 + 12, 4, 2, 512, IV_FAULT_FFU_HEADER, "version of the VHD"},
    {false, -512 + 48, 8, 0, 512, IV_FAULT_FFU_HEADER, "current size of the VHD"},
    {false, -512 + 48, 8, 513, 512, IV_FAULT_FFU_HEADER, "whole number of sectors"},
    {false, -512 + 48, 8, UINT64_MAX - 511, 512, IV_FAULT_FFU_HEADER, "at most 4 TiB"},
    {false, -512 + 48, 8, 9 << 20, 512, IV_FAULT_TRUNCATED, "the disk of the VHD has 9437184"},
    {false, -512 + 60, 4, 4, 512, IV_FAULT_UNSUPPORTED, "it is a differencing VHD"},
    {false, -512 + 60, 4, 5, 512, IV_FAULT_FFU_HEADER, "disk type of the VHD"},
    {true, -512 + 16, 8, UINT64_MAX, 512, IV_FAULT_FFU_HEADER, "data offset of the VHD"},
    {true, -512 + 16, 8, 1024, 512, IV_FAULT_FFU_HEADER, "there is no \"cxsparse\""},
    {true, 512 + 36, 4, 0, 0, IV_FAULT_FFU_HEADER, "header checksum"},
    {true, 512 + 16, 8, UINT64_MAX, 1024, IV_FAULT_FFU_HEADER, "table offset of the VHD"},
    {true, 512 + 28, 4, 15, 1024, IV_FAULT_FFU_HEADER, "number of blocks of the VHD"},
    {true, 512 + 28, 4, UINT32_MAX, 1024, IV_FAULT_FFU_HEADER, "more than 33554432"},
    {true, 512 + 28, 4, 1 << 25, 1024, IV_FAULT_FFU_HEADER, "table offset"},
    {true, 512 + 32, 4, 0, 1024, IV_FAULT_FFU_HEADER, "block size of the VHD"},
    {true, 512 + 32, 4, 3 << 19, 1024, IV_FAULT_FFU_HEADER, "block size of the VHD"},
    {true, 1536, 4, 0xFFFFFFFE, 0, IV_FAULT_FFU_HEADER, "the block does not lie within the file"},
};

static void test_fields(void)
{
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct image image;
        struct iv_source disk = {0};
        image_init(&image, rows[i].is_dynamic ? &dynamic : &fixed);
        int64_t size = (int64_t)image.bytes.size;
        uint64_t at = (uint64_t)(rows[i].offset < 0 ? size + rows[i].offset : rows[i].offset);
        poke_big(&image, at, rows[i].size, rows[i].value);
        if (rows[i].put_right == 512) {
            put_right(&image, (uint64_t)size - 512, 512, 64);
        } else if (rows[i].put_right == 1024) {
            put_right(&image, 512, 1024, 36);
        }
        CHECK(!open_vhd(&image, &disk));
        if (!CHECK(image.faults.count > 0 && image.faults.items[0].kind == rows[i].kind &&
                   strstr(image.faults.items[0].detail, rows[i].detail) != NULL)) {
            fprintf(stderr, "    row %zu\n", i);
            print_faults(&image);
        }
        image_fini(&image);
    }
}

static void test_sharing(void)
{
    struct image image;
    struct iv_source disk = {0};
    image_init(&image, &dynamic);
    poke_big(&image, 1540, 4, 5);
    CHECK(!open_vhd(&image, &disk));
    CHECK(strstr(detail_of(&image, IV_FAULT_FFU_HEADER, 0), "two entries of the block table") !=
          NULL);
    image_fini(&image);
}

/* Without the footer at its end, a dynamic disk is read by the copy at its head. */
static void test_copy(void)
{
    struct image image;
    struct iv_source disk = {0};
    image_init(&image, &dynamic);
    image.bytes.size -= 512;
    CHECK(open_vhd(&image, &disk));
    CHECK_INT(image.faults.count, 1);
    CHECK_INT(image.faults.items[0].kind, IV_FAULT_TRUNCATED);
    image_fini(&image);
    for (size_t size = 0; size < 4096; size += 5) {
        image_init(&image, &dynamic);
        image.bytes.size = size;
        (void)open_vhd(&image, &disk);
        CHECK(image.faults.count > 0);
        image_fini(&image);
    }
}

/* The file is longer than the disk: the disk is read all the same. */
static void test_trailing(void)
{
    struct image image;
    struct iv_source disk = {0};
    image_init(&image, &fixed);
    uint64_t footer = image.bytes.size - 512;
    poke_big(&image, footer + 48, 8, 7 << 20);
    put_right(&image, footer, 512, 64);
    CHECK(open_vhd(&image, &disk));
    CHECK(disk.size == 7 << 20);
    CHECK(strstr(detail_of(&image, IV_FAULT_TRAILING, 0), "1048576 bytes lie between") != NULL);
    image_fini(&image);
}

static void test_vhdx(void)
{
    struct image image;
    struct iv_source disk = {0};
    image_init(&image, &fixed);
    memcpy(image.bytes.data, "vhdxfile", 8);
    CHECK(!open_vhd(&image, &disk));
    CHECK_STR(image.facts.format, "VHDX");
    CHECK_STR(detail_of(&image, IV_FAULT_UNSUPPORTED, 0), "it is a VHDX; convert it to a VHD");
    image_fini(&image);
}

int main(void)
{
    static const char words[] = "size=8M {\n  partition A size=1M fill=1M\n  partition B rest\n}\n";
    char recipe[300];
    snprintf(recipe, sizeof(recipe), "disk a.img %s", words);
    build(recipe, "a.img", &raw);
    snprintf(recipe, sizeof(recipe), "vhd a.vhd %s", words);
    build(recipe, "a.vhd", &fixed);
    snprintf(recipe, sizeof(recipe), "vhd a.vhd kind=dynamic block=512K %s", words);
    build(recipe, "a.vhd", &dynamic);
    test_whole();
    test_fields();
    test_sharing();
    test_copy();
    test_trailing();
    test_vhdx();
    iv_buf_fini(&raw);
    iv_buf_fini(&fixed);
    iv_buf_fini(&dynamic);
    return unit_end();
}
