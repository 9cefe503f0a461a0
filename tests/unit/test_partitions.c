/* Partition tables: GPT in both sector sizes, MBR with logical partitions and names; damage. */
#include "imgval/base/cursor.h"
#include "imgval/disk/partitions.h"
#include "tests/unit/disk_support.h"

#define KIB UINT64_C(1024)

struct disk {
    struct image image; /* only its bytes, arena, facts and faults */
    struct iv_image_store store;
};

static void disk_init(struct disk *disk, const struct iv_buf *bytes, uint64_t sector)
{
    image_init(&disk->image, bytes);
    disk->store = (struct iv_image_store){.index = 1, .sector_size = sector};
}

static void disk_read(struct disk *disk)
{
    struct image *image = &disk->image;
    image->source = iv_source_of_bytes(image->bytes.data, image->bytes.size, &image->arena);
    image->facts.partitions =
        IV_NEW_ARRAY(&image->arena, struct iv_image_partition, IV_IMAGE_PARTITIONS_MAX);
    iv_partitions_read(&image->source, &disk->store, &image->facts, &image->faults);
}

/* Puts right checksums into the header in `sector` and, as they are, over its entries. */
static void put_right(struct image *image, uint64_t lba, uint64_t sector)
{
    uint64_t at = lba * sector;
    uint64_t entries = peek(image, at + 72, 8) * sector;
    uint64_t size = peek(image, at + 80, 4) * peek(image, at + 84, 4);
    if (entries < image->bytes.size && size <= image->bytes.size - entries) {
        poke(image, at + 88, 4, iv_partitions_crc(image->bytes.data + entries, size));
    }
    poke(image, at + 16, 4, 0);
    poke(image, at + 16, 4, iv_partitions_crc(image->bytes.data + at, peek(image, at + 12, 4)));
}

static struct iv_buf gpt;
static struct iv_buf big; /* 4096-byte sectors */
static struct iv_buf mbr;

static void test_gpt(void)
{
    const struct iv_buf *images[] = {&gpt, &big};
    const uint64_t sectors[] = {512, 4096};
    for (size_t i = 0; i < 4; i++) {
        struct disk disk;
        disk_init(&disk, images[i % 2], i < 2 ? 0 : sectors[i % 2]);
        disk_read(&disk);
        print_faults(&disk.image);
        CHECK_INT(disk.image.faults.count, 0);
        CHECK_STR(disk.store.scheme, "gpt");
        CHECK_INT(disk.store.sector_size, sectors[i % 2]);
        CHECK_STR(disk.store.disk_id, "AE420040-13DD-41F2-AE7F-0DC35854C8D7");
        const struct iv_image_partition *p = disk.image.facts.partitions;
        CHECK_INT(disk.image.facts.partition_count, 2);
        CHECK_STR(p[0].name, "EFIESP");
        CHECK_STR(p[0].type, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
        CHECK_STR(p[0].id, "8183040A-8B44-4592-92F7-C6D9EE0560F7");
        CHECK_INT(p[0].start, 128 * KIB);
        CHECK_INT(p[0].size, 1024 * KIB);
        CHECK_INT(p[0].number, 1);
        CHECK_STR(p[1].name, "MainOS");
        CHECK(p[1].attributes == UINT64_C(0x8000000000000000));
        image_fini(&disk.image);
    }
    /* Another sector size than the store says. */
    struct disk disk;
    disk_init(&disk, &big, 512);
    disk_read(&disk);
    CHECK_STR(detail_of(&disk.image, IV_FAULT_TABLE, 0),
              "store 1: the GPT has sectors of 4096 bytes, the store of 512");
    CHECK_INT(disk.image.facts.partition_count, 2);
    image_fini(&disk.image);
}

struct row {
    uint64_t offset; /* in the primary header; from 4096 on: in the entries, less 4096 */
    unsigned size;
    uint64_t value;
    bool fixed; /* checksums are put right */
    const char *detail;
    size_t partitions; /* that are listed all the same */
};

static const struct row rows[] = {
    {0, 1, 'x', false, "store 1: there is no GPT header in sector 1", 2},
    {8, 4, 1, true, "revision at offset 8 is 1: it must be 65536 (1.0)", 2},
    {12, 4, 91, false, "header size at offset 12 is 91", 2},
    {12, 4, 513, false, "header size at offset 12 is 513", 2},
    {16, 4, 1, false, "header checksum at offset 16 is 1", 2},
    {20, 4, 1, true, "reserved field at offset 20 is 1: it must be 0", 2},
    {24, 8, 2, true, "own sector at offset 24 is 2: the header lies elsewhere", 2},
    {32, 8, 5, true, "sector of the backup at offset 32 is 5: it is one of the usable sectors", 2},
    {32, 8, 99999, true, "sector of the backup at offset 32 is 99999: it lies after the end", 2},
    {32, 8, 16380, true, "store 1: there is no GPT header in sector 16380", 2},
    {48, 8, 99999, true, "last usable sector at offset 48 is 99999", 2},
    {72, 8, 99999, true, "first sector of the entries at offset 72 is 99999", 2},
    {72, 8, UINT64_MAX, true, "they do not lie within the disk", 2},
    {80, 4, 1025, true, "number of entries at offset 80 is 1025", 2},
    {80, 4, 0, true, "number of entries at offset 80 is 0", 2},
    {80, 4, 64, true, "the GPT in sector 1 and its backup in sector 16383 differ", 2},
    {84, 4, 64, true, "entry size at offset 84 is 64", 2},
    {84, 4, 192, true, "entry size at offset 84 is 192", 2},
    {88, 4, 1, false, "header checksum", 2},
    {4096 + 56, 1, 'X', false, "checksum of the entries at offset 88", 2},
    {4096 + 56, 1, 'X', true, "the GPT in sector 1 and its backup in sector 16383 differ", 2},
    {4096 + 32, 8, 33, true, "partition EFIESP has the sectors 33 to 2303: usable are 34 to 16350",
     2},
    {4096 + 40, 8, 255, true, "partition EFIESP has the sectors 256 to 255", 1},
    {4096 + 40, 8, 16384, true, "partition EFIESP has the sectors 256 to 16384", 1},
    {4096 + 40, 8, UINT64_MAX, true, "partition EFIESP has the sectors 256 to 18446744073709551615",
     1},
    {4096 + 40, 8, 2304, true, "partitions EFIESP and MainOS overlap from byte 1179648 on", 2},
    {4096 + 57, 1, 0xD8, true, "is not valid UTF-16", 2},
};

static bool has(const struct disk *disk, const char *part)
{
    for (size_t i = 0; i < disk->image.faults.count; i++) {
        if (disk->image.faults.items[i].kind == IV_FAULT_TABLE &&
            strstr(disk->image.faults.items[i].detail, part) != NULL) {
            return true;
        }
    }
    return false;
}

static void test_damage(void)
{
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct disk disk;
        disk_init(&disk, &gpt, 512);
        uint64_t at = rows[i].offset < 4096 ? 512 + rows[i].offset : 1024 + rows[i].offset - 4096;
        poke(&disk.image, at, rows[i].size, rows[i].value);
        if (rows[i].fixed) {
            put_right(&disk.image, 1, 512);
        }
        disk_read(&disk);
        if (!CHECK(has(&disk, rows[i].detail)) ||
            !CHECK_INT(disk.image.facts.partition_count, rows[i].partitions)) {
            fprintf(stderr, "    row %zu\n", i);
            print_faults(&disk.image);
        }
        image_fini(&disk.image);
    }
}

static void test_both_gone(void)
{
    struct disk disk;
    disk_init(&disk, &gpt, 512);
    memset(disk.image.bytes.data + 512, 0, 512);
    memset(disk.image.bytes.data + gpt.size - 512, 0, 512);
    disk_read(&disk);
    CHECK_STR(disk.store.scheme, "gpt");
    CHECK(has(&disk, "the MBR announces a GPT, but there is none"));
    CHECK_INT(disk.image.facts.partition_count, 0);
    image_fini(&disk.image);
    disk_init(&disk, &gpt, 512);
    disk.image.bytes.data[450] = 7;
    disk_read(&disk);
    CHECK(has(&disk, "sector 0 is no protective MBR"));
    CHECK_INT(disk.image.facts.partition_count, 2);
    image_fini(&disk.image);
    disk_init(&disk, &gpt, 512);
    memset(disk.image.bytes.data + gpt.size - 512, 0, 512);
    disk_read(&disk);
    CHECK(has(&disk, "there is no GPT header in sector 16383"));
    CHECK_INT(disk.image.facts.partition_count, 2);
    image_fini(&disk.image);
}

static void test_mbr(void)
{
    struct disk disk;
    disk_init(&disk, &mbr, 512);
    disk_read(&disk);
    print_faults(&disk.image);
    CHECK_INT(disk.image.faults.count, 0);
    CHECK_STR(disk.store.scheme, "mbr");
    CHECK_STR(disk.store.disk_id, "12345678");
    const struct iv_image_partition *p = disk.image.facts.partitions;
    CHECK_INT(disk.image.facts.partition_count, 4);
    CHECK_STR(p[0].name, "EFIESP");
    CHECK_STR(p[0].type, "0C");
    CHECK_INT(p[0].attributes, 1);
    CHECK_STR(p[1].name, "MBR_META");
    CHECK_STR(p[1].type, "70");
    CHECK_STR(p[2].name, "MainOS");
    CHECK_INT(p[2].number, 5);
    CHECK_STR(p[2].id, "00000003-0000-0000-0000-000000000000");
    CHECK_STR(p[3].name, "Data");
    CHECK_INT(p[3].number, 6);
    CHECK_INT(p[3].size, 512 * KIB);
    image_fini(&disk.image);
}

static void check_mbr(uint64_t at, unsigned size, uint64_t value, const char *part)
{
    struct disk disk;
    disk_init(&disk, &mbr, 512);
    poke(&disk.image, at, size, value);
    disk_read(&disk);
    if (!CHECK(has(&disk, part))) {
        print_faults(&disk.image);
    }
    image_fini(&disk.image);
}

static void test_mbr_damage(void)
{
    struct disk disk;
    disk_init(&disk, &mbr, 512);
    uint64_t extended = peek(&disk.image, 446 + 2 * 16 + 8, 4) * 512;
    uint64_t meta = peek(&disk.image, 446 + 16 + 8, 4) * 512;
    image_fini(&disk.image);
    check_mbr(446 + 8, 4, 16384, "MBR partition 1 has 2048 sectors from 16384 on");
    check_mbr(446 + 12, 4, 0, "MBR partition 1 has 0 sectors");
    check_mbr(446 + 12, 4, UINT32_MAX, "MBR partition 1 has 4294967295 sectors");
    check_mbr(446 + 12, 4, 4096, "overlap from byte");
    check_mbr(446 + 3 * 16 + 4, 1, 15, "MBR partition 4 is a second extended one");
    check_mbr(446 + 2 * 16 + 8, 4, 99999, "there is no extended boot record in sector 99999");
    check_mbr(extended + 510, 1, 0, "there is no extended boot record in sector");
    check_mbr(extended + 446 + 16 + 8, 4, 0, "more than 128 logical partitions");
    check_mbr(meta, 4, 1, "signature of the name table at byte");
    check_mbr(meta + 8, 4, 65, "number of names at byte");
    check_mbr(meta + 8, 4, UINT32_MAX, "there is no room for them");
    check_mbr(meta + 12, 8, 77777, "the name table has EFIESP at 77777, where no partition starts");
    check_mbr(meta + 12 + 9, 1, 0xDC, "is not valid UTF-16");
}

/* A volume without a table, nothing at all, and every size of almost nothing. */
static void test_none(void)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    memset(iv_buf_reserve(&bytes, 65536), 0, 65536);
    bytes.size = 65536;
    for (int form = 0; form < 3; form++) {
        struct disk disk;
        if (form > 0) {
            bytes.data[510] = 0x55;
            bytes.data[511] = (char)0xAA;
            bytes.data[446 + 4] = 7;
            memcpy(bytes.data + (form == 1 ? 3 : 0x36), form == 1 ? "NTFS    " : "FAT16   ", 8);
        }
        disk_init(&disk, &bytes, 0);
        disk_read(&disk);
        CHECK_STR(disk.store.scheme, "none");
        CHECK_INT(disk.image.faults.count, 0);
        CHECK_INT(disk.image.facts.partition_count, 0);
        image_fini(&disk.image);
    }
    for (size_t size = 0; size < 2000; size += 7) {
        struct disk disk;
        disk_init(&disk, &gpt, 512);
        disk.image.bytes.size = size;
        disk_read(&disk);
        CHECK_INT(disk.image.facts.partition_count, 0);
        image_fini(&disk.image);
    }
}

int main(void)
{
    static const char words[] = "  partition EFIESP type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B "
                                "id=8183040A-8B44-4592-92F7-C6D9EE0560F7 size=1M fill=1M\n"
                                "  partition MainOS rest attr=-9223372036854775808\n}\n";
    char recipe[1000];
    snprintf(recipe, sizeof(recipe), "disk a.img size=8M {\n%s", words);
    build(recipe, "a.img", &gpt);
    snprintf(recipe, sizeof(recipe), "disk a.img size=8M sector=4096 {\n%s", words);
    build(recipe, "a.img", &big);
    build("disk a.img size=8M scheme=mbr {\n"
          "  partition EFIESP size=1M fill=1M type=c attr=1\n"
          "  partition META size=1M type=70\n"
          "  partition MainOS size=512K fill=100K logical type=7\n"
          "  partition Data size=512K fill=100K logical type=7\n}\n",
          "a.img", &mbr);
    CHECK_INT(iv_partitions_crc("123456789", 9), 0xCBF43926);
    test_gpt();
    test_damage();
    test_both_gone();
    test_mbr();
    test_mbr_damage();
    test_none();
    iv_buf_fini(&gpt);
    iv_buf_fini(&big);
    iv_buf_fini(&mbr);
    return unit_end();
}
