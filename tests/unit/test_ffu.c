/* The FFU container: facts of whole images, the disks that the block map makes, every field wrong.
 */
#include "tests/unit/disk_support.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define CHUNK (128 * KIB)

static const char one_store[] =
    "ffu a.ffu long records=2 manifest_platform=Contoso.MSM8994.P6211,Contoso.X {\n"
    "  store size=8M\n"
    "  partition EFIESP size=1M fill=200K required fs=FAT\n"
    "  partition MainOS rest random=300K fs=NTFS\n"
    "}\n";

static const char two_stores[] = "ffu a.ffu version=2 dedupe {\n"
                                 "  store size=8M validation=2\n"
                                 "  partition DPP size=1M zero=512K\n"
                                 "  partition MainOS rest fill=300K\n"
                                 "  store size=4M sector=4096 sectors=-\n"
                                 "  partition Two size=1M random=1M\n"
                                 "}\n";

static struct iv_buf first;
static struct iv_buf second;

static void test_one_store(void)
{
    struct image image;
    image_init(&image, &first);
    CHECK(image_open(&image));
    iv_ffu_partitions(image.ffu, &image.facts, &image.faults);
    CHECK_INT(image.faults.count, 0);
    print_faults(&image);
    const struct iv_image *f = &image.facts;
    CHECK(f->present && !f->truncated && !f->compressed);
    CHECK_STR(f->format, "FFU");
    CHECK_INT(f->chunk_size, CHUNK);
    CHECK_INT(f->image_header_size, 28);
    CHECK_INT(f->image_header_offset, CHUNK);
    CHECK_INT(f->targeting_count, 2);
    CHECK_STR(f->targeting[1], "Contoso / Phone / CT-100 / 1.0 / SKU1 / Contoso / Board");
    CHECK_STR(f->version, "2.0");
    CHECK_STR(f->os_version, "10.0.10586.107");
    CHECK_STR(f->anti_theft_version, "1.1");
    CHECK_INT(f->platform_id_count, 2);
    CHECK_STR(f->platform_ids[1], "Contoso.X");
    CHECK_INT(f->hash.chunks, (first.size - CHUNK) / CHUNK);
    CHECK_INT(f->hash.entries, f->hash.chunks);
    CHECK_INT(f->hash.state, IV_HASH_CHECKED);
    CHECK_INT(f->store_count, 1);
    const struct iv_image_store *s = &f->stores[0];
    CHECK_STR(s->version, "1.0");
    CHECK_STR(s->flash_version, "2.0");
    CHECK_INT(s->update_type, IV_UPDATE_FULL);
    CHECK(s->main_os && s->readable && s->device_path == NULL);
    CHECK_INT(s->platform_id_count, 1);
    CHECK_STR(s->platform_ids[0], "Contoso.MSM8994.P6211");
    CHECK_INT(s->disk_size, 8 * MIB);
    CHECK_INT(s->sector_size, 512);
    CHECK_INT(s->block_size, CHUNK);
    CHECK_INT(s->payload_offset + s->payload_size, first.size);
    CHECK_INT(s->final.first + s->final.count, s->entry_count);
    /* 2 of EFIESP, 3 of MainOS, both ends. */
    CHECK_INT(s->used, 7 * CHUNK);
    CHECK_INT(s->location_count, s->entry_count + 1);
    CHECK_STR(s->scheme, "gpt");
    CHECK_STR(s->disk_id, "AE420040-13DD-41F2-AE7F-0DC35854C8D7");
    CHECK_INT(f->partition_count, 2);
    CHECK_STR(f->partitions[0].name, "EFIESP");
    CHECK_INT(f->partitions[0].used, 2 * CHUNK);
    CHECK_INT(f->partitions[1].start, CHUNK + MIB);
    CHECK_INT(f->partitions[1].used, 3 * CHUNK);
    CHECK_INT(f->claim_count, 2);
    CHECK_STR(f->claims[0].name, "EFIESP");
    CHECK_STR(f->claims[0].type, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
    CHECK_STR(f->claims[0].file_system, "FAT");
    CHECK(f->claims[0].required_to_flash && !f->claims[0].use_all_space);
    CHECK_INT(f->claims[0].total_sectors, 2048);
    CHECK(f->claims[1].use_all_space);
    image_fini(&image);
}

static void test_two_stores(void)
{
    struct image image;
    image_init(&image, &second);
    CHECK(image_open(&image));
    /* Without MinSectorCount the disk ends with the blocks, and so before its backup GPT. */
    CHECK_INT(image.facts.store_count, 2);
    const struct iv_image_store *s = image.facts.stores;
    CHECK_STR(s[0].device_path, "VenHw(B615F1F5-5088-43CD-809C-A16E52487D00)");
    CHECK_STR(s[0].version, "2.0");
    CHECK_INT(s[0].validation_count, 2);
    CHECK_INT(s[1].index, 2);
    CHECK_INT(s[1].sector_size, 4096);
    CHECK_INT(s[1].payload_offset, s[0].payload_offset + s[0].payload_size);
    CHECK_INT(s[1].payload_offset + s[1].payload_size, second.size);
    /* Four blocks of zeros in DPP are one entry with four locations. */
    CHECK_INT(s[0].location_count, s[0].entry_count + 1 + 3);
    CHECK_INT(s[0].used, (2 + 4 + 3) * CHUNK);
    CHECK_INT(s[1].disk_size, (9 + 1) * CHUNK);
    CHECK(s[0].readable && s[1].readable);
    image_fini(&image);
}

/* The disk through the map is the disk that the same recipe writes plainly. */
static void test_disk(void)
{
    struct iv_buf plain IV_CLEANUP(iv_buf_fini) = {0};
    build("disk a.img size=8M {\n"
          "  partition EFIESP size=1M fill=200K\n"
          "  partition MainOS rest random=300K\n"
          "}\n",
          "a.img", &plain);
    struct image image;
    struct iv_source disk = {0};
    image_init(&image, &first);
    CHECK(image_open(&image));
    CHECK(!iv_ffu_disk(image.ffu, 1, &disk));
    CHECK(iv_ffu_disk(image.ffu, 0, &disk));
    CHECK_INT(disk.size, plain.size);
    char *bytes = iv_arena_alloc(&image.arena, plain.size);
    CHECK(iv_source_read(&disk, bytes, plain.size, 0));
    CHECK(memcmp(bytes, plain.data, plain.size) == 0);
    for (uint64_t at = 1; at + 70000 < plain.size; at += 131071) {
        CHECK(iv_source_read(&disk, bytes, 70000, at) &&
              memcmp(bytes, plain.data + at, 70000) == 0);
    }
    CHECK(!iv_source_read(&disk, bytes, 2, plain.size - 1));
    CHECK_INT(iv_ffu_used(image.ffu, 0, CHUNK + 10, CHUNK), CHUNK);
    CHECK_INT(iv_ffu_used(image.ffu, 0, 3 * CHUNK - 10, CHUNK), 10);
    CHECK_INT(iv_ffu_used(image.ffu, 0, 0, UINT64_MAX), 7 * CHUNK);
    CHECK_INT(iv_ffu_used(image.ffu, 0, UINT64_MAX, 1), 0);
    image_fini(&image);
}

/* ---- every field --------------------------------------------------------------------------- */

enum base { SECURITY, IMAGE, HEADER, ENTRIES };

struct row {
    enum base base;
    uint64_t offset;
    unsigned size;
    uint64_t value;
    enum iv_fault_kind kind;
    const char *detail; /* part of it */
};

static const struct row rows[] = {
    {SECURITY, 0, 4, 33, IV_FAULT_FFU_HEADER, "security header size at offset 0 is 33"},
    {SECURITY, 5, 1, 'x', IV_FAULT_FFU_HEADER, "signature at offset 4"},
    {SECURITY, 16, 4, 0, IV_FAULT_FFU_HEADER, "chunk size in KiB at offset 16 is 0"},
    {SECURITY, 16, 4, 96, IV_FAULT_FFU_HEADER, "chunk size in KiB at offset 16 is 96"},
    {SECURITY, 16, 4, 131072, IV_FAULT_FFU_HEADER, "chunk size in KiB at offset 16 is 131072"},
    {SECURITY, 16, 4, 64, IV_FAULT_FFU_HEADER, "is 128: the security header says otherwise"},
    {SECURITY, 20, 4, 0x8004, IV_FAULT_FFU_HEADER, "hash algorithm at offset 20 is 32772"},
    {SECURITY, 24, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "catalog size at offset 24"},
    {SECURITY, 24, 4, 16 << 20, IV_FAULT_TRUNCATED, "the hash table ends at offset"},
    {SECURITY, 28, 4, UINT32_MAX - 31, IV_FAULT_TRUNCATED, "the hash table ends at offset"},
    {SECURITY, 28, 4, 33, IV_FAULT_HASH_TABLE, "33 bytes: that is no whole number"},
    {SECURITY, 28, 4, 0, IV_FAULT_HASH_TABLE, "0 bytes: that is no whole number"},
    {SECURITY, 28, 4, 320, IV_FAULT_HASH_TABLE, "it holds 10 hashes, the file has 11 chunks"},
    {SECURITY, 28, 4, 384, IV_FAULT_HASH_TABLE, "12 hashes, the file has 11 chunks only"},
    {IMAGE, 0, 4, 23, IV_FAULT_FFU_HEADER, "image header size at offset 131072 is 23"},
    {IMAGE, 6, 1, 'x', IV_FAULT_FFU_HEADER, "there is no \"ImageFlash  \" at offset 131076"},
    {IMAGE, 16, 4, (4 << 20) + 1, IV_FAULT_FFU_HEADER, "manifest size at offset 131088"},
    {IMAGE, 16, 4, 4 << 20, IV_FAULT_FFU_HEADER, "the manifest at offset 131100"},
    {IMAGE, 20, 4, 256, IV_FAULT_FFU_HEADER, "chunk size in KiB at offset 131092 is 256"},
    {IMAGE, 24, 4, 257, IV_FAULT_FFU_HEADER, "number of device-targeting records"},
    {IMAGE, 28, 1, 0x80, IV_FAULT_FFU_HEADER, "byte 0 of the manifest is 128"},
    {IMAGE, 30, 1, 0, IV_FAULT_FFU_HEADER, "byte 2 of the manifest is 0"},
    {HEADER, 0, 4, 2, IV_FAULT_FFU_HEADER, "update type at offset 262144 is 2"},
    {HEADER, 4, 2, 0, IV_FAULT_FFU_HEADER, "version 0.0"},
    {HEADER, 4, 2, 3, IV_FAULT_UNSUPPORTED, "version 3.0: known are 1 and 2"},
    {HEADER, 8, 2, 1, IV_FAULT_FFU_HEADER, "FullFlash version 1.0"},
    {HEADER, 8, 2, 3, IV_FAULT_UNSUPPORTED, "3.0, a compressed payload"},
    {HEADER, 13, 1, 7, IV_FAULT_FFU_HEADER, "a byte of the platform ids at offset 262157 is 7"},
    {HEADER, 204, 4, 0, IV_FAULT_FFU_HEADER, "block size at offset 262348 is 0"},
    {HEADER, 204, 4, 2048, IV_FAULT_FFU_HEADER, "block size at offset 262348 is 2048"},
    {HEADER, 204, 4, 196608, IV_FAULT_FFU_HEADER, "block size at offset 262348 is 196608"},
    {HEADER, 204, 4, 1 << 25, IV_FAULT_FFU_HEADER, "from 4096 to 16777216"},
    {HEADER, 204, 4, 65536, IV_FAULT_FFU_HEADER, "it must be a multiple of the chunk size"},
    {HEADER, 208, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "number of block entries at offset 262352"},
    {HEADER, 208, 4, 7, IV_FAULT_FFU_HEADER, "there are bytes after the last one"},
    {HEADER, 208, 4, 10, IV_FAULT_FFU_HEADER, "the payload of store 1"},
    {HEADER, 212, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "the block entries at offset"},
    {HEADER, 216, 4, 1, IV_FAULT_FFU_HEADER, "number of validation entries at offset 262360"},
    {HEADER, 220, 4, 8, IV_FAULT_FFU_HEADER, "length of the validation entries"},
    {HEADER, 220, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "the validation entries at offset"},
    {HEADER, 224, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "the initial entries of store 1"},
    {HEADER, 228, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "are 4294967295 from 0 on"},
    {HEADER, 236, 4, 9, IV_FAULT_FFU_HEADER, "the flash-only entries of store 1"},
    {HEADER, 244, 4, 3, IV_FAULT_FFU_HEADER, "the final entries of store 1"},
    {ENTRIES, 0, 4, 3, IV_FAULT_FFU_HEADER, "access method of a block entry"},
    {ENTRIES, 0, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "location count of a block entry"},
    {ENTRIES, 4, 4, 2, IV_FAULT_FFU_HEADER, "block count of a block entry at offset"},
    {ENTRIES, 4, 4, 0, IV_FAULT_FFU_HEADER, "it must be 1"},
    {ENTRIES, 8, 4, 1, IV_FAULT_FFU_HEADER, "access method of a block entry"},
    {ENTRIES, 12, 4, 64, IV_FAULT_FFU_HEADER, "is 64: the disk of store 1 has 64 blocks"},
    {ENTRIES, 20, 4, UINT32_MAX, IV_FAULT_FFU_HEADER, "the disk of store 1 has 64 blocks"},
};

static uint64_t base_of(enum base base)
{
    switch (base) {
    case SECURITY:
        return 0;
    case IMAGE:
        return CHUNK;
    case HEADER:
        return 2 * CHUNK;
    case ENTRIES:
        return 2 * CHUNK + 248;
    }
    return 0;
}

static bool has_detail(const struct image *image, enum iv_fault_kind kind, const char *part)
{
    for (size_t i = 0; i < image->faults.count; i++) {
        if (image->faults.items[i].kind == kind &&
            strstr(image->faults.items[i].detail, part) != NULL) {
            return true;
        }
    }
    return false;
}

static void test_fields(void)
{
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct image image;
        image_init(&image, &first);
        poke(&image, base_of(rows[i].base) + rows[i].offset, rows[i].size, rows[i].value);
        (void)image_open(&image);
        if (!CHECK(has_detail(&image, rows[i].kind, rows[i].detail))) {
            fprintf(stderr, "    row %zu, wanted %d \"%s\"\n", i, (int)rows[i].kind,
                    rows[i].detail);
            print_faults(&image);
        }
        image_fini(&image);
    }
}

static const struct row second_rows[] = {
    {HEADER, 248, 2, 0, IV_FAULT_FFU_HEADER, "number of stores at offset 262392 is 0"},
    {HEADER, 248, 2, 65, IV_FAULT_FFU_HEADER, "it must be from 1 to 64"},
    {HEADER, 248, 2, 1, IV_FAULT_FFU_HEADER, "the manifest lists 2 stores, the store headers 1"},
    {HEADER, 250, 2, 2, IV_FAULT_FFU_HEADER, "store index at offset 262394 is 2"},
    {HEADER, 252, 8, 1, IV_FAULT_FFU_HEADER, "payload size at offset 262396 is 1"},
    {HEADER, 252, 8, UINT64_MAX, IV_FAULT_FFU_HEADER, "payload size"},
    {HEADER, 260, 2, 1025, IV_FAULT_FFU_HEADER, "device path length at offset 262404 is 1025"},
    {HEADER, 262, 2, 0xD800, IV_FAULT_FFU_HEADER, "device path at offset 262406 is not valid"},
};

static void test_version_two(void)
{
    uint64_t validation = 262 + 2 * strlen("VenHw(B615F1F5-5088-43CD-809C-A16E52487D00)");
    for (size_t i = 0; i < IV_COUNT(second_rows); i++) {
        struct image image;
        image_init(&image, &second);
        poke(&image, 2 * CHUNK + second_rows[i].offset, second_rows[i].size, second_rows[i].value);
        (void)image_open(&image);
        if (!CHECK(has_detail(&image, second_rows[i].kind, second_rows[i].detail))) {
            fprintf(stderr, "    row %zu\n", i);
            print_faults(&image);
        }
        image_fini(&image);
    }
    struct image image;
    image_init(&image, &second);
    poke(&image, 2 * CHUNK + validation + 8, 4, 21);
    (void)image_open(&image);
    CHECK(has_detail(&image, IV_FAULT_FFU_HEADER, "byte count of a validation entry"));
    image_fini(&image);
    image_init(&image, &second);
    poke(&image, 2 * CHUNK + validation + 8, 4, 3);
    (void)image_open(&image);
    CHECK(has_detail(&image, IV_FAULT_FFU_HEADER, "validation entr"));
    image_fini(&image);
    /* The second header disagrees about the number of stores. */
    image_init(&image, &second);
    poke(&image, 3 * CHUNK + 248, 2, 3);
    (void)image_open(&image);
    CHECK(has_detail(&image, IV_FAULT_FFU_HEADER, "the first store header says otherwise"));
    image_fini(&image);
}

/* ---- lengths ------------------------------------------------------------------------------- */

static void test_truncated(void)
{
    for (size_t size = 0; size < first.size; size += size < 600 ? 1 : 4099) {
        struct image image;
        image_init(&image, &first);
        image.bytes.size = size;
        (void)image_open(&image);
        if (!CHECK(has_detail(&image, IV_FAULT_TRUNCATED, " "))) {
            fprintf(stderr, "    %zu bytes\n", size);
            print_faults(&image);
        }
        CHECK_INT(image.faults.seen[IV_FAULT_HASH_TABLE], 0);
        CHECK(image.facts.store_count == 0 || !image.facts.stores[0].readable);
        image_fini(&image);
    }
    /* A sample for signing: it ends after the chunk of the first store header. */
    struct image image;
    image_init(&image, &first);
    image.bytes.size = 3 * CHUNK;
    CHECK(image_open(&image));
    CHECK(image.facts.truncated);
    CHECK_INT(image.facts.hash.chunks, 2);
    CHECK(has_detail(&image, IV_FAULT_TRUNCATED, "like a sample for signing the catalog"));
    image_fini(&image);
}

static void test_trailing(void)
{
    struct image image;
    image_init(&image, &first);
    iv_buf_add(&image.bytes, "12345", 5);
    CHECK(image_open(&image));
    CHECK_INT(image.facts.trailing_size, 5);
    CHECK(has_detail(&image, IV_FAULT_TRAILING, ", 5 bytes follow"));
    CHECK(has_detail(&image, IV_FAULT_HASH_TABLE, "the last 1 have none"));
    CHECK(image.facts.stores[0].readable);
    image_fini(&image);
}

/* A signing tool may leave one spare chunk before the image header. */
static void test_spare_chunk(void)
{
    struct image image;
    image_init(&image, &first);
    (void)iv_buf_reserve(&image.bytes, CHUNK);
    memmove(image.bytes.data + 2 * CHUNK, image.bytes.data + CHUNK, first.size - CHUNK);
    memset(image.bytes.data + CHUNK, 0, CHUNK);
    image.bytes.size = first.size + CHUNK;
    CHECK(image_open(&image));
    CHECK_INT(image.faults.count, 0);
    CHECK_INT(image.facts.image_header_offset, 2 * CHUNK);
    CHECK(image.facts.stores[0].readable);
    image_fini(&image);
}

/* ---- manifests ----------------------------------------------------------------------------- */

struct manifest_row {
    const char *text;
    const char *detail;
};

#define HEAD "[FullFlash]\nVersion=2.0\n"
#define STORE "[Store]\nSectorSize=512\nMinSectorCount=16384\n"

static void test_manifests(void)
{
    static const struct manifest_row wrong[] = {
        {"[fullflash]\nVersion=2.0\n" STORE, "the manifest has no section FullFlash"},
        {"[FullFlash]\nversion=2.0\n" STORE, "Version in the manifest is missing"},
        {"[FullFlash]\nVersion=1.0\n" STORE, "Version in the manifest is 1.0: it must be 2.0"},
        {HEAD HEAD STORE, "line 3 of the manifest: a second section FullFlash"},
        {HEAD, "the manifest has no section Store"},
        {HEAD "[Partition]\nName=A\n" STORE,
         "line 3 of the manifest: a partition before the first"},
        {HEAD "[Store]\nSectorSize=513\nMinSectorCount=16384\n", "SectorSize of store 1"},
        {HEAD "[Store]\nSectorSize=512\nMinSectorCount=0x4000\n", "MinSectorCount is no number"},
        {HEAD "[Store]\nSectorSize=512\nMinSectorCount=16383\n",
         "that is no whole number of blocks"},
        {HEAD STORE "IsMainOSStore=maybe\n", "IsMainOSStore is neither True nor False: maybe"},
        {HEAD STORE "[Partition]\nName=A\n", "must have either TotalSectors or UseAllSpace"},
        {HEAD STORE "[Partition]\nName=A\nTotalSectors=1\nUseAllSpace=true\n", "must have either"},
        {HEAD STORE "[Partition]\nTotalSectors=1\n", "partition 1 of the manifest has no Name"},
        {HEAD STORE "[Partition]\nName=A\nTotalSectors=4\nUsedSectors=5\n",
         "UsedSectors of partition A"},
        {HEAD STORE "[Partition]\nName=A\nTotalSectors=16385\n", "have 16385 sectors together"},
        {HEAD STORE
         "[Partition]\nName=A\nUseAllSpace=true\n[Partition]\nName=B\nUseAllSpace=TRUE\n",
         "2 partitions of the manifest have UseAllSpace"},
        {HEAD "[Store]\nSectorSize=512\nMinSectorCount=4294967040\n", "none"},
        {HEAD "[Store]\nSectorSize=4096\nMinSectorCount=4294967040\n", "more than 4 TiB"},
    };
    for (size_t i = 0; i < IV_COUNT(wrong); i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
        const char *recipe = iv_arena_printf(&arena,
                                             "ffu a.ffu {\n manifest <<END\n%sEND\n"
                                             " store size=8M\n partition A size=1M fill=1M\n}\n",
                                             wrong[i].text);
        build(recipe, "a.ffu", &bytes);
        struct image image;
        image_init(&image, &bytes);
        CHECK(image_open(&image));
        if (strcmp(wrong[i].detail, "none") == 0) {
            CHECK_INT(image.faults.count, 0);
        } else if (!CHECK(has_detail(&image, IV_FAULT_FFU_HEADER, wrong[i].detail) ||
                          has_detail(&image, IV_FAULT_LIMIT, wrong[i].detail))) {
            fprintf(stderr, "    manifest %zu\n", i);
            print_faults(&image);
        }
        image_fini(&image);
    }
}

static void test_manifest_form(void)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    build(
        "ffu a.ffu {\n manifest <<END\n"
        "; nothing\n  [FullFlash]  \nVersion   =   2.0  \nDescription = one\n  two = 2 3\nthree\n\n"
        "four = 5\nOSVersion=1\nOSVersion=2\nDevicePlatformId1=B\nDevicePlatformId0=A\n"
        "DevicePlatformId3=D\nDevicePlatformId99=E\n[Other]\nVersion=9\n"
        "[Store]\nSectorSize=512\nMinSectorCount=16384\nStoreId={abcd}\nIsMainOSStore=false\n"
        "[Partition]\nName=A b\nType={abcd}\nId={00-aa}\nTotalSectors=8\nReadOnly=TRUE\n"
        "Hidden=False\nBootable=true\nByteAlignment=4096\nClusterSize=512\nEND\n"
        " store size=8M\n partition A size=1M fill=1M\n}\n",
        "a.ffu", &bytes);
    struct image image;
    image_init(&image, &bytes);
    CHECK(image_open(&image));
    print_faults(&image);
    CHECK_INT(image.faults.count, 0);
    const struct iv_image *f = &image.facts;
    CHECK_STR(f->version, "2.0");
    CHECK_STR(f->os_version, "2");
    CHECK_INT(f->platform_id_count, 2);
    CHECK_STR(f->platform_ids[0], "A");
    CHECK_STR(f->description, "one");
    CHECK_STR(f->stores[0].store_id, "ABCD");
    CHECK(!f->stores[0].main_os);
    CHECK_INT(f->claim_count, 1);
    CHECK_STR(f->claims[0].name, "A b");
    CHECK_STR(f->claims[0].type, "ABCD");
    CHECK_STR(f->claims[0].id, "00-AA");
    CHECK(f->claims[0].read_only && !f->claims[0].hidden && f->claims[0].bootable);
    CHECK_INT(f->claims[0].byte_alignment, 4096);
    CHECK_INT(f->claims[0].cluster_size, 512);
    image_fini(&image);
}

/* Opens what stands in the bytes now, and forgets it again. */
static void open_again(struct image *image)
{
    iv_arena_fini(&image->arena);
    image->facts = (struct iv_image){0};
    image->faults = (struct iv_faults){.arena = &image->arena, .path = "a.ffu"};
    if (image_open(image)) {
        iv_ffu_partitions(image->ffu, &image->facts, &image->faults);
    } else {
        CHECK(image->faults.count > 0);
    }
}

/* Whatever one byte of a header becomes: faults, or facts. */
static void test_any_byte(void)
{
    static const struct {
        uint64_t start, size;
    } ranges[] = {{0, 700}, {CHUNK, 1600}, {2 * CHUNK, 600}};
    struct image image;
    image_init(&image, &first);
    for (size_t i = 0; i < IV_COUNT(ranges); i++) {
        for (uint64_t at = ranges[i].start; at < ranges[i].start + ranges[i].size; at += 5) {
            uint64_t before = peek(&image, at, 1);
            const uint64_t values[] = {0, 0xFF, before ^ 0x10};
            for (size_t k = 0; k < IV_COUNT(values); k++) {
                poke(&image, at, 1, values[k]);
                open_again(&image);
            }
            poke(&image, at, 1, before);
        }
    }
    open_again(&image);
    CHECK_INT(image.faults.count, 0);
    image_fini(&image);
}

int main(void)
{
    build(one_store, "a.ffu", &first);
    build(two_stores, "a.ffu", &second);
    test_one_store();
    test_two_stores();
    test_disk();
    test_fields();
    test_version_two();
    test_truncated();
    test_trailing();
    test_spare_chunk();
    test_manifests();
    test_manifest_form();
    test_any_byte();
    iv_buf_fini(&first);
    iv_buf_fini(&second);
    return unit_end();
}
