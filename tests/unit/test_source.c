/* Sources: bounds, slices of slices, files that are shorter than they were; lists of faults. */
#include "imgval/base/attr.h"
#include "imgval/disk/faults.h"
#include "imgval/disk/source.h"
#include "tests/unit/files.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

static const char text[] = "0123456789";

static bool reads(const struct iv_source *source, uint64_t offset, size_t size, const char *wanted)
{
    char bytes[16] = {0};
    return iv_source_read(source, bytes, size, offset) && memcmp(bytes, wanted, size) == 0;
}

static void check_bounds(const struct iv_source *source)
{
    char bytes[16];
    CHECK_INT(source->size, 10);
    CHECK(reads(source, 0, 10, "0123456789"));
    CHECK(reads(source, 9, 1, "9"));
    CHECK(reads(source, 10, 0, ""));
    CHECK(!iv_source_read(source, bytes, 1, 10));
    CHECK(!iv_source_read(source, bytes, 11, 0));
    CHECK(!iv_source_read(source, bytes, 0, 11));
    CHECK(!iv_source_read(source, bytes, 2, UINT64_MAX));
    CHECK(!iv_source_read(source, bytes, SIZE_MAX, 1));
}

static void test_sources(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_source bytes = iv_source_of_bytes(text, 10, &arena);
    check_bounds(&bytes);
    int fd = files_open(text, 10);
    struct iv_source_trouble trouble = {0};
    struct iv_source file = iv_source_of_file(fd, 10, &trouble, &arena);
    check_bounds(&file);
    CHECK_INT(trouble.error, 0); /* bounds are no trouble of the file */
    CHECK(ftruncate(fd, 5) == 0);
    CHECK(reads(&file, 0, 5, "01234"));
    CHECK(!reads(&file, 4, 2, "45"));
    CHECK_INT(trouble.error, IV_SOURCE_SHORTER);
    CHECK_INT(trouble.offset, 4);
    close(fd);
    CHECK(!reads(&file, 0, 1, "0"));
    CHECK_INT(trouble.error, IV_SOURCE_SHORTER); /* the first one counts */
    struct iv_source closed = iv_source_of_file(fd, 10, NULL, &arena);
    CHECK(!reads(&closed, 0, 1, "0"));
}

static void test_slices(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_source bytes = iv_source_of_bytes(text, 10, &arena);
    struct iv_source slice = iv_source_slice(&bytes, 2, 6, &arena);
    CHECK_INT(slice.size, 6);
    CHECK(reads(&slice, 0, 6, "234567"));
    CHECK(!reads(&slice, 5, 2, "78"));
    struct iv_source inner = iv_source_slice(&slice, 1, 100, &arena);
    CHECK_INT(inner.size, 5);
    CHECK(reads(&inner, 0, 5, "34567"));
    CHECK_INT(iv_source_slice(&bytes, 11, 1, &arena).size, 0);
    CHECK_INT(iv_source_slice(&bytes, UINT64_MAX, UINT64_MAX, &arena).size, 0);
    CHECK_INT(iv_source_slice(&bytes, 1, UINT64_MAX, &arena).size, 9);
}

/* What looks like damage is no more than bytes that nobody got. */
static void test_unread(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_faults faults = {.arena = &arena, .path = "a.ffu"};
    const struct iv_source_trouble trouble = {.error = EIO, .offset = 4096};
    (void)iv_faults_add(&faults, IV_FAULT_TABLE, NULL, "no GPT");
    (void)iv_faults_add(&faults, IV_FAULT_UNSUPPORTED, "Data", "ReFS");
    (void)iv_faults_add(&faults, IV_FAULT_FFU_HEADER, NULL, "wrong");
    (void)iv_faults_add(&faults, IV_FAULT_FILE, "MainOS", "one");
    iv_faults_unread(&faults, &trouble);
    for (int i = 0; i < 9; i++) {
        (void)iv_faults_add(&faults, IV_FAULT_FILE, "MainOS", "more");
    }
    CHECK_INT(faults.count, 12);
    CHECK_INT(faults.items[0].kind, IV_FAULT_UNSUPPORTED);
    CHECK_INT(faults.items[1].kind, IV_FAULT_FILE);
    CHECK_INT(faults.items[2].kind, IV_FAULT_UNREADABLE);
    CHECK_STR(faults.items[2].detail,
              "Input/output error, at byte 4096; what was not read is not judged");
}

static void test_faults(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_faults faults = {.arena = &arena, .path = "a.ffu"};
    CHECK(!iv_faults_add(&faults, IV_FAULT_FFU_HEADER, NULL, "first is %d", 1));
    for (int i = 0; i < 100; i++) {
        (void)iv_faults_add(&faults, IV_FAULT_TABLE, "MainOS", "entry %d is wrong", i);
    }
    (void)iv_faults_add(&faults, IV_FAULT_TRAILING, NULL, "last");
    iv_faults_finish(&faults);
    CHECK_INT(faults.count, IV_FAULTS_OF_A_KIND + 2);
    CHECK_STR(faults.items[0].path, "a.ffu");
    CHECK_STR(faults.items[0].member, NULL);
    CHECK_STR(faults.items[0].detail, "first is 1");
    CHECK_STR(faults.items[1].member, "MainOS");
    CHECK_STR(faults.items[1].detail, "entry 0 is wrong");
    CHECK_STR(faults.items[64].detail, "entry 63 is wrong; 36 more of this kind follow");
    CHECK_INT(faults.items[65].kind, IV_FAULT_TRAILING);
    CHECK_STR(iv_faults_shown(&arena, "a\nb\x7f%s"), "a?b?%s");
    char big[200];
    memset(big, 'x', sizeof(big) - 1);
    memcpy(big + 119, "\xe2\x82\xac", 3);
    big[199] = '\0';
    CHECK_INT(strlen(iv_faults_shown(&arena, big)), 119 + 3);
}

int main(void)
{
    test_sources();
    test_slices();
    test_faults();
    test_unread();
    return unit_end();
}
