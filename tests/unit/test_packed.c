/* imgval/input/packed.c: one member of an archive at any position, stored and deflated, and what is
 * wrong with it. */
#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/limits.h"
#include "imgval/input/packed.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define SIZE ((size_t)(3 * IV_MIB + 12345)) /* more than is kept in memory */
#define BEFORE 100                          /* bytes of the archive before the member */

/* An archive with one member, and what that holds. */
struct scene {
    unsigned char *bytes;
    unsigned char *packed;
    struct iv_packed_place place;
    int fd;
};

static void scene_fini(struct scene *scene)
{
    free(scene->bytes);
    free(scene->packed);
    (void)close(scene->fd);
}

static void must(bool is_fine)
{
    if (!is_fine) {
        abort();
    }
}

/* The bytes as they lie in the archive, with 50 that do not belong to the member after them. */
static void write_archive(struct scene *scene)
{
    static const unsigned char other[BEFORE];
    must(ftruncate(scene->fd, 0) == 0 && pwrite(scene->fd, other, BEFORE, 0) == BEFORE);
    must(pwrite(scene->fd, scene->packed, scene->place.packed, BEFORE) ==
         (ssize_t)scene->place.packed);
    must(pwrite(scene->fd, other, 50, (off_t)(BEFORE + scene->place.packed)) == 50);
}

static void scene_init(struct scene *scene, size_t size, bool is_deflated)
{
    uint32_t state = 1;
    *scene = (struct scene){.bytes = malloc(size + 1), .packed = malloc(size + size / 100 + 1000)};
    must(scene->bytes != NULL && scene->packed != NULL);
    for (size_t i = 0; i < size; i++) { /* half of it is easy to pack */
        state = state * 1664525 + 1013904223;
        scene->bytes[i] = (unsigned char)(i / 1000 % 2 == 0 ? state >> 24 : i / 1000);
    }
    scene->place = (struct iv_packed_place){.at = BEFORE,
                                            .packed = size,
                                            .size = size,
                                            .crc = (uint32_t)crc32(0, scene->bytes, (uInt)size),
                                            .is_deflated = is_deflated,
                                            .has_crc = true};
    if (is_deflated) {
        z_stream z = {.next_in = scene->bytes,
                      .avail_in = (uInt)size,
                      .next_out = scene->packed,
                      .avail_out = (uInt)(size + size / 100 + 1000)};
        must(deflateInit2(&z, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
             deflate(&z, Z_FINISH) == Z_STREAM_END);
        scene->place.packed = z.total_out;
        (void)deflateEnd(&z);
    } else {
        memcpy(scene->packed, scene->bytes, size);
    }
    scene->fd = memfd_create("archive", MFD_CLOEXEC);
    must(scene->fd >= 0);
    write_archive(scene);
}

#define SCENE(name, size, is_deflated)                                                             \
    struct scene name IV_CLEANUP(scene_fini);                                                      \
    scene_init(&name, size, is_deflated)

/* One read, and whether it gave the right bytes. */
static bool reads(struct iv_packed *packed, const struct scene *scene, size_t at, size_t size)
{
    unsigned char *got = malloc(size + 1);
    struct iv_fault fault = {0};
    size_t left = at < scene->place.size ? scene->place.size - at : 0;
    size_t wanted = size < left ? size : left;
    bool is_right = iv_packed_read_at(packed, got, size, at, &fault) == (int64_t)wanted &&
                    memcmp(got, scene->bytes + (at < SIZE ? at : 0), wanted) == 0;
    free(got);
    return is_right && fault.kind == IV_FAULT_NONE;
}

/* The first bytes, the last ones, over the edge of what is kept, back and forth. */
static void test_positions(void)
{
    static const size_t reads_of[][2] = {
        {0, 1},         {5, 100000},       {0, 70000},     {SIZE - 10, 10}, {SIZE - 10, 100},
        {SIZE, 10},     {SIZE + 5, 10},    {1, 2},         {2097000, 500},  {2097152, 1},
        {2097151, 1},   {2097152, 100000}, {2500000, 10},  {2400000, 10},   {2400000, 200000},
        {100, 3000000}, {0, SIZE},         {65536, 65536}, {SIZE - 1, 1},   {2097151, 2},
        {7, 0},         {3000000, 65537},  {1000000, 1},   {0, SIZE + 100},
    };
    for (unsigned is_deflated = 0; is_deflated < 2; is_deflated++) {
        SCENE(scene, SIZE, is_deflated);
        struct iv_fault fault = {0};
        struct iv_packed *packed IV_CLEANUP(iv_packed_close) =
            iv_packed_open(scene.fd, &scene.place);
        for (size_t i = 0; i < IV_COUNT(reads_of); i++) {
            if (!CHECK(reads(packed, &scene, reads_of[i][0], reads_of[i][1]))) {
                fprintf(stderr, "    read %zu, deflated: %u\n", i, is_deflated);
            }
            /* The same as the first of all. */
            struct iv_packed *alone IV_CLEANUP(iv_packed_close) =
                iv_packed_open(scene.fd, &scene.place);
            CHECK(reads(alone, &scene, reads_of[i][0], reads_of[i][1]));
            CHECK(iv_packed_check(alone, &fault));
        }
        CHECK(iv_packed_check(packed, &fault));
        CHECK(iv_packed_check(packed, &fault));
        CHECK_INT(fault.kind, IV_FAULT_NONE);
    }
}

/* Also the smallest members. */
static void test_sizes(void)
{
    static const size_t sizes[] = {0, 1, 2, 65535, 65536, 65537, 131072};
    for (size_t i = 0; i < 2 * IV_COUNT(sizes); i++) {
        SCENE(scene, sizes[i / 2], i % 2 == 1);
        struct iv_fault fault = {0};
        struct iv_packed *packed IV_CLEANUP(iv_packed_close) =
            iv_packed_open(scene.fd, &scene.place);
        CHECK(iv_packed_check(packed, &fault));
        CHECK(reads(packed, &scene, 0, sizes[i / 2] + 1));
        CHECK(iv_packed_check(packed, &fault));
    }
}

/* What iv_packed_check() and a read of all of it say. */
static void check_bad(const struct scene *scene, enum iv_fault_kind kind, const char *detail)
{
    for (unsigned with_read = 0; with_read < 2; with_read++) {
        struct iv_fault fault = {0};
        struct iv_packed *packed IV_CLEANUP(iv_packed_close) =
            iv_packed_open(scene->fd, &scene->place);
        unsigned char *got = malloc(scene->place.size + 1);
        if (with_read) {
            CHECK_INT(iv_packed_read_at(packed, got, scene->place.size, 0, &fault), -1);
        } else {
            CHECK(!iv_packed_check(packed, &fault));
        }
        CHECK_INT(fault.kind, kind);
        CHECK_STR(fault.detail, detail);
        free(got);
    }
}

static void test_wrong(void)
{
    static const size_t sizes[] = {70000, SIZE};
    for (size_t i = 0; i < IV_COUNT(sizes); i++) {
        SCENE(scene, sizes[i], true);
        const struct iv_packed_place good = scene.place;
        scene.place.crc ^= 1;
        check_bad(&scene, IV_FAULT_MALFORMED, "its CRC-32 is not the one that the archive says");
        scene.place.has_crc = false;
        struct iv_fault fault = {0};
        struct iv_packed *packed IV_CLEANUP(iv_packed_close) =
            iv_packed_open(scene.fd, &scene.place);
        CHECK(iv_packed_check(packed, &fault));
        scene.place = good;
        scene.place.packed -= 1;
        check_bad(&scene, IV_FAULT_MALFORMED, "its deflate data in the archive are cut off");
        scene.place = good;
        scene.place.packed += 1;
        check_bad(&scene, IV_FAULT_MALFORMED, "its deflate data end before the archive says");
        scene.place = good;
        scene.place.size -= 1;
        check_bad(&scene, IV_FAULT_MALFORMED, "it inflates to more bytes than the archive says");
        scene.place = good;
        scene.place.size += 1;
        check_bad(&scene, IV_FAULT_MALFORMED, "it inflates to fewer bytes than the archive says");
        scene.place = good;
        scene.packed[0] = 0x07; /* a block of the type that there is not */
        write_archive(&scene);
        check_bad(&scene, IV_FAULT_MALFORMED, "its deflate data in the archive are damaged");
    }
}

static void test_shorter(void)
{
    static const size_t sizes[] = {70000, SIZE};
    for (size_t i = 0; i < 2 * IV_COUNT(sizes); i++) {
        SCENE(scene, sizes[i / 2], i % 2 == 1);
        must(ftruncate(scene.fd, (off_t)(BEFORE + scene.place.packed - 1)) == 0);
        check_bad(&scene, IV_FAULT_UNREADABLE, "the archive became shorter while it was read");
        must(close(scene.fd) == 0);
        check_bad(&scene, IV_FAULT_UNREADABLE, "Bad file descriptor");
        scene.fd = -1;
    }
}

static void test_stored(void)
{
    SCENE(scene, 70000, false);
    struct iv_fault fault = {0};
    scene.place.crc ^= 1;
    struct iv_packed *packed IV_CLEANUP(iv_packed_close) = iv_packed_open(scene.fd, &scene.place);
    CHECK(reads(packed, &scene, 0, 70000)); /* a part of it says nothing of the whole */
    CHECK(!iv_packed_check(packed, &fault));
    CHECK_INT(fault.kind, IV_FAULT_MALFORMED);
    CHECK_STR(fault.detail, "its CRC-32 is not the one that the archive says");
    scene.place.has_crc = false;
    struct iv_packed *without IV_CLEANUP(iv_packed_close) = iv_packed_open(scene.fd, &scene.place);
    CHECK(iv_packed_check(without, &fault));
}

/* A reader that goes back and forth beyond what is kept: some times, not for ever. */
static void test_again_and_again(void)
{
    SCENE(scene, SIZE, true);
    struct iv_fault fault = {0};
    struct iv_packed *packed IV_CLEANUP(iv_packed_close) = iv_packed_open(scene.fd, &scene.place);
    unsigned char byte;
    unsigned count = 0;
    while (count < 1000 && iv_packed_read_at(packed, &byte, 1, SIZE - 1, &fault) == 1 &&
           iv_packed_read_at(packed, &byte, 1, SIZE - 2, &fault) == 1) {
        count++;
    }
    CHECK(count > 24 && count < 200); /* 24 times its size and 256 MiB */
    CHECK_INT(fault.kind, IV_FAULT_LIMIT);
    CHECK_STR(fault.detail,
              "its reader goes back and forth in it, and would inflate it again and again");
}

int main(void)
{
    test_positions();
    test_sizes();
    test_wrong();
    test_shorter();
    test_stored();
    test_again_and_again();
    return unit_end();
}
