/* Chunk hashes and the catalog's digest. */
#include "imgval/disk/ffu/ffu_hash.h"
#include "tests/unit/disk_support.h"

#define CHUNK (128 * UINT64_C(1024))

static const char recipe[] = "ffu a.ffu {\n"
                             "  store size=8M\n"
                             "  partition EFIESP size=1M fill=200K\n"
                             "  partition MainOS rest random=300K\n"
                             "}\n";

static struct iv_buf whole;

static void check_all(struct image *image)
{
    CHECK(image_open(image));
    iv_ffu_partitions(image->ffu, &image->facts, &image->faults);
    iv_ffu_check_catalog(image->ffu, &image->facts, &image->faults);
    iv_ffu_check_hashes(image->ffu, 0, UINT64_MAX, &image->facts, &image->faults);
}

static void test_whole(void)
{
    struct image image;
    image_init(&image, &whole);
    check_all(&image);
    print_faults(&image);
    CHECK_INT(image.faults.count, 0);
    CHECK_INT(image.facts.hash.checked, image.facts.hash.chunks);
    CHECK_INT(image.facts.hash.mismatched, 0);
    CHECK_INT(image.facts.catalog_digest, IV_CATALOG_MATCHES);
    CHECK_INT(image.facts.signature, IV_SIGNATURE_NONE);
    image_fini(&image);
}

/* Any cut of the file into ranges checks each chunk once. */
static void test_ranges(void)
{
    const uint64_t steps[] = {1 << 16, CHUNK, CHUNK + 1, 3 * CHUNK - 5};
    for (size_t i = 0; i < IV_COUNT(steps); i++) {
        struct image image;
        image_init(&image, &whole);
        CHECK(image_open(&image));
        for (uint64_t at = 0; at < whole.size; at += steps[i]) {
            iv_ffu_check_hashes(image.ffu, at, at + steps[i], &image.facts, &image.faults);
        }
        CHECK_INT(image.facts.hash.checked, image.facts.hash.chunks);
        CHECK_INT(image.faults.count, 0);
        image_fini(&image);
    }
}

/* A flip in each chunk is found, and named by place. */
static void test_flips(void)
{
    for (uint64_t at = CHUNK + 77; at < whole.size; at += CHUNK) {
        struct image image;
        image_init(&image, &whole);
        if (at < 2 * CHUNK) {
            at = CHUNK + 120000; /* padding after the manifest */
        }
        poke(&image, at, 1, peek(&image, at, 1) ^ 1);
        CHECK(image_open(&image));
        iv_ffu_check_hashes(image.ffu, 0, UINT64_MAX, &image.facts, &image.faults);
        CHECK_INT(image.facts.hash.mismatched, 1);
        const char *detail = detail_of(&image, IV_FAULT_HASH_MISMATCH, 0);
        const char *wanted = iv_arena_printf(
            &image.arena, "chunk %d, bytes %d to %d of the file: ", (int)(at / CHUNK) - 1,
            (int)(at / CHUNK * CHUNK), (int)(at / CHUNK * CHUNK + CHUNK - 1));
        CHECK(strncmp(detail, wanted, strlen(wanted)) == 0);
        image_fini(&image);
        at -= at < 2 * CHUNK ? 120000 - 77 : 0;
    }
}

static void test_places(void)
{
    struct image image;
    image_init(&image, &whole);
    CHECK(image_open(&image));
    uint64_t payload = image.facts.stores[0].payload_offset;
    iv_ffu_partitions(image.ffu, &image.facts, &image.faults);
    CHECK_STR(iv_ffu_place(image.ffu, &image.facts, CHUNK, CHUNK, &image.arena),
              "headers, manifest or padding");
    CHECK_STR(iv_ffu_place(image.ffu, &image.facts, payload, CHUNK, &image.arena),
              "no part of a disk: it is overwritten later");
    CHECK_STR(iv_ffu_place(image.ffu, &image.facts, payload + 2 * CHUNK, CHUNK, &image.arena),
              "bytes 131072 to 262143 of the disk of store 1 (partition EFIESP)");
    CHECK_STR(iv_ffu_place(image.ffu, &image.facts, payload + 3 * CHUNK, 2, &image.arena),
              "bytes 262144 to 393215 of the disk of store 1 (partition EFIESP)");
    CHECK_STR(
        iv_ffu_place(image.ffu, &image.facts, payload, 100 * CHUNK, &image.arena),
        "bytes 0 to 393215 of the disk of store 1 (partition EFIESP); bytes 1179648 to 1572863 "
        "of the disk of store 1 (partition MainOS); bytes 8257536 to 8388607 of the disk of "
        "store 1 (no partition)");
    image_fini(&image);
    /* Neighbours are one run. */
    image_init(&image, &whole);
    poke(&image, payload + 2 * CHUNK, 1, 0xEE);
    poke(&image, payload + 3 * CHUNK, 1, 0xEE);
    check_all(&image);
    CHECK_INT(image.facts.hash.mismatched, 2);
    CHECK_INT(image.faults.count, 1);
    CHECK(strstr(detail_of(&image, IV_FAULT_HASH_MISMATCH, 0), "(partition EFIESP)") != NULL);
    CHECK(strncmp(detail_of(&image, IV_FAULT_HASH_MISMATCH, 0), "chunks 4 to 5, bytes ", 21) == 0);
    image_fini(&image);
}

/* Any byte of the table spoils one chunk and the catalog's digest. */
static void test_table(void)
{
    struct image image;
    image_init(&image, &whole);
    uint64_t table = 32 + peek(&image, 24, 4);
    poke(&image, table + 100, 1, peek(&image, table + 100, 1) ^ 0x80);
    check_all(&image);
    CHECK_INT(image.facts.hash.mismatched, 1);
    CHECK_INT(image.facts.catalog_digest, IV_CATALOG_DIFFERS);
    CHECK_STR(detail_of(&image, IV_FAULT_CATALOG, 0), "its digest is not that of the hash table");
    CHECK(strncmp(detail_of(&image, IV_FAULT_HASH_MISMATCH, 0), "chunk 3, ", 9) == 0);
    image_fini(&image);
}

/* A short last chunk counts as filled up with zeros, and chunk sizes on both sides of a read. */
static void test_shapes(void)
{
    static const char *const recipes[] = {
        "ffu a.ffu digest=sha256 chunk=4K {\n store size=1M block=4K\n partition A fill=5000\n}\n",
        "ffu a.ffu digest=v2-sha1-first {\n store size=4M\n partition A fill=2M\n}\n",
        "ffu a.ffu chunk=1M {\n store size=4M block=1M\n partition A fill=2M\n}\n",
        "ffu a.ffu chunk=256K {\n store size=4M block=256K\n partition A fill=2M\n}\n",
        "ffu a.ffu chunk=64K {\n store size=4M block=64K\n partition A fill=2M\n}\n",
    };
    for (size_t i = 0; i < IV_COUNT(recipes); i++) {
        struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
        struct image image;
        build(recipes[i], "a.ffu", &bytes);
        image_init(&image, &bytes);
        check_all(&image);
        print_faults(&image);
        CHECK_INT(image.faults.count, 0);
        CHECK_INT(image.facts.hash.checked, image.facts.hash.chunks);
        CHECK_INT(image.facts.catalog_digest, IV_CATALOG_MATCHES);
        image_fini(&image);
    }
    struct image image;
    image_init(&image, &whole);
    memset(image.bytes.data + whole.size - 1000, 0, 1000);
    check_all(&image);
    size_t spoiled = image.facts.hash.mismatched;
    image_fini(&image);
    image_init(&image, &whole);
    image.bytes.size -= 1000;
    check_all(&image);
    CHECK_INT(image.facts.hash.mismatched, spoiled);
    CHECK_INT(image.facts.hash.checked, image.facts.hash.entries);
    image_fini(&image);
}

static void test_not_asked(void)
{
    const enum iv_hash_state states[] = {IV_HASH_NONE, IV_HASH_SKIPPED, IV_HASH_NOT_EVALUATED};
    for (size_t i = 0; i < IV_COUNT(states); i++) {
        struct image image;
        image_init(&image, &whole);
        poke(&image, whole.size - 1, 1, 0x33);
        CHECK(image_open(&image));
        image.facts.hash.state = states[i];
        iv_ffu_check_hashes(image.ffu, 0, UINT64_MAX, &image.facts, &image.faults);
        CHECK_INT(image.facts.hash.checked, 0);
        CHECK_INT(image.faults.count, 0);
        image_fini(&image);
    }
}

int main(void)
{
    build(recipe, "a.ffu", &whole);
    test_whole();
    test_ranges();
    test_flips();
    test_places();
    test_table();
    test_shapes();
    test_not_asked();
    iv_buf_fini(&whole);
    return unit_end();
}
