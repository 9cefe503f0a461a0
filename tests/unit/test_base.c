/* The small things that all else stands on: arena, buf, cursor, error. */
#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/clock.h"
#include "imgval/base/cursor.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void test_arena(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    for (size_t size = 0; size < 200000; size = size * 2 + 1) {
        char *text = iv_arena_strdup(&arena, "x"); /* shifts what follows */
        unsigned char *bytes = iv_arena_alloc(&arena, size);
        CHECK_INT((uintptr_t)bytes % alignof(max_align_t), 0);
        CHECK(is_zero(bytes, size));
        memset(bytes, 0xff, size);
        CHECK_STR(text, "x");
    }
    CHECK(iv_arena_strdup(&arena, NULL) == NULL);
    CHECK_STR(iv_arena_strdup(&arena, ""), "");
    CHECK_STR(iv_arena_strndup(&arena, "abcdef", 3), "abc");
    CHECK_STR(iv_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    char *wide = iv_arena_printf(&arena, "%100000d", 1);
    CHECK_INT(strlen(wide), 100000);
    iv_arena_fini(&arena);
    CHECK_STR(iv_arena_strdup(&arena, "again"), "again");
}

static void test_arena_mark(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_arena_mark empty = iv_arena_mark(&arena);
    char *kept = iv_arena_strdup(&arena, "kept");
    struct iv_arena_mark mark = iv_arena_mark(&arena);
    for (int round = 0; round < 3; round++) {
        unsigned char *small = iv_arena_alloc(&arena, 100);
        unsigned char *large = iv_arena_alloc(&arena, 1000000);
        CHECK(is_zero(small, 100) && is_zero(large, 1000000));
        memset(small, 0xff, 100);
        memset(large, 0xff, 1000000);
        iv_arena_reset(&arena, mark);
        CHECK_STR(kept, "kept");
    }
    iv_arena_reset(&arena, empty);
    CHECK(arena.head == NULL);
}

static void test_arena_grow(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 10000; i++) {
        numbers = iv_arena_grow(&arena, numbers, i, &capacity, sizeof(*numbers));
        numbers[i] = (int)i;
    }
    bool is_kept = true;
    for (size_t i = 0; i < 10000; i++) {
        is_kept = is_kept && numbers[i] == (int)i;
    }
    CHECK(is_kept);
    CHECK(capacity >= 10000);
}

/* Lack of memory ends the process with status 4, and so does a product that overflows. */
/* Large blocks come zeroed from elsewhere; what stands after a mark may have been used before. */
static void test_arena_large(void)
{
    enum { LARGE = 300000, SMALL = 20000 };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (int i = 0; i < 3; i++) {
        struct iv_arena_mark mark = iv_arena_mark(&arena);
        static const size_t sizes[] = {LARGE, SMALL, LARGE, SMALL, SMALL};
        for (size_t k = 0; k < IV_COUNT(sizes); k++) {
            unsigned char *bytes = iv_arena_alloc(&arena, sizes[k]);
            size_t set = 0;
            for (size_t at = 0; at < sizes[k]; at++) {
                set += bytes[at] != 0;
            }
            CHECK_INT(set, 0);
            memset(bytes, 0xa5, sizes[k]);
        }
        char *text = iv_arena_alloc_text(&arena, 4);
        memcpy(text, "abc", 4);
        CHECK_STR(text, "abc");
        iv_arena_reset(&arena, mark);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void test_sort(void)
{
    static const struct {
        int given[4];
        size_t count;
        int wanted[4];
    } rows[] = {
        {{0}, 0, {0}},
        {{7}, 1, {7}},
        {{1, 2, 2, 9}, 4, {1, 2, 2, 9}},
        {{1, 2, 9, 3}, 4, {1, 2, 3, 9}},
        {{4, 3, 2, 1}, 4, {1, 2, 3, 4}},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        int numbers[4];
        memcpy(numbers, rows[i].given, sizeof(numbers));
        iv_sort(numbers, rows[i].count, sizeof(numbers[0]), compare_numbers);
        CHECK(memcmp(numbers, rows[i].wanted, sizeof(numbers)) == 0);
    }
}

static int compare_tens(const void *a, const void *b, const void *context)
{
    const int *x = a;
    const int *y = b;
    int step = *(const int *)context;
    return *x / step - *y / step;
}

/* Against insertion by hand: numbers that compare equal keep their order, in arrays of every size.
 */
static void test_sort_is_stable(void)
{
    enum { MOST = 200 };
    const int step = 10;
    unsigned seed = 1;
    for (size_t count = 0; count <= MOST; count++) {
        int numbers[MOST];
        int wanted[MOST];
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1103515245u + 12345u;
            numbers[i] = (int)(seed >> 16) % 100;
            size_t at = i;
            for (; at > 0 && compare_tens(&wanted[at - 1], &numbers[i], &step) > 0; at--) {
                wanted[at] = wanted[at - 1];
            }
            wanted[at] = numbers[i];
        }
        iv_sort_with(numbers, count, sizeof(numbers[0]), compare_tens, &step);
        CHECK(count == 0 || memcmp(numbers, wanted, count * sizeof(numbers[0])) == 0);
    }
}

static void test_dates(void)
{
    struct iv_date date;
    /* Against the C library, across leap years and the ends of the years. */
    for (int64_t seconds = -INT64_C(62000000000); seconds < INT64_C(253402300799);
         seconds += INT64_C(86400) * 97 + 12345) {
        time_t when = (time_t)seconds;
        struct tm tm;
        if (!CHECK(iv_clock_date(seconds, &date) && gmtime_r(&when, &tm) != NULL)) {
            return;
        }
        CHECK(date.year == tm.tm_year + 1900 && date.month == tm.tm_mon + 1 &&
              date.day == tm.tm_mday);
    }
    CHECK(iv_clock_date(INT64_C(951782400), &date) && iv_clock_day_number(&date) == 20000229);
    CHECK(iv_clock_date(INT64_C(253402300799), &date) && iv_clock_day_number(&date) == 99991231);
    CHECK(!iv_clock_date(INT64_C(253402300800), &date));
    CHECK(!iv_clock_date(INT64_MIN, &date));
    CHECK(!iv_clock_date(INT64_MAX, &date));
}

static void test_find(void)
{
    static const char text[] = "aab\0ab--->";
    CHECK(iv_find(text, sizeof(text) - 1, "ab") == text + 1);
    CHECK(iv_find(text + 2, sizeof(text) - 3, "ab") == text + 4);
    CHECK(iv_find(text, sizeof(text) - 1, "-->") == text + 7);
    CHECK(iv_find(text, 2, "ab") == NULL);
    CHECK(iv_find(text, sizeof(text) - 2, "-->") == NULL);
    CHECK(iv_find(text, 0, "a") == NULL);
}

static void test_out_of_memory(void)
{
    for (int kind = 0; kind < 3; kind++) {
        pid_t pid = fork();
        if (pid == 0) {
            int null = open("/dev/null", O_WRONLY);
            dup2(null, STDERR_FILENO);
            struct iv_arena arena = {0};
            struct iv_buf buf = {0};
            if (kind == 0) {
                iv_arena_array(&arena, SIZE_MAX / 2, 3);
            } else if (kind == 1) {
                iv_arena_alloc(&arena, SIZE_MAX - 8);
            } else {
                iv_buf_puts(&buf, "x");
                iv_buf_reserve(&buf, SIZE_MAX);
            }
            _exit(0);
        }
        int status = 0;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);
    }
}

static void test_buf(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    CHECK_STR(iv_buf_text(&buf), "");
    iv_buf_clear(&buf);
    iv_buf_add(&buf, NULL, 0);
    CHECK_STR(iv_buf_text(&buf), "");
    iv_buf_puts(&buf, "ab");
    iv_buf_putc(&buf, 'c');
    iv_buf_printf(&buf, "%03d%s", 7, "!");
    CHECK_STR(iv_buf_text(&buf), "abc007!");
    CHECK_INT(buf.size, 7);
    iv_buf_clear(&buf);
    CHECK_STR(iv_buf_text(&buf), "");
    /* All sizes around the first capacity, and the NUL after each. */
    for (size_t size = 250; size < 260; size++) {
        struct iv_buf one IV_CLEANUP(iv_buf_fini) = {0};
        memset(iv_buf_reserve(&one, size), 'x', size);
        one.size = size;
        iv_buf_putc(&one, '\0');
        CHECK_INT(strlen(iv_buf_text(&one)), size);
        CHECK_INT(one.data[one.size], '\0');
    }
    for (int i = 0; i < 5000; i++) {
        iv_buf_printf(&buf, "%d,", i);
    }
    CHECK_INT(buf.size, strlen(buf.data));
    CHECK_STR(buf.data + buf.size - 5, "4999,");
    iv_buf_clear(&buf);
    iv_buf_printf(&buf, "%s", "");
    iv_buf_printf(&buf, "%1000d", 1);
    CHECK_INT(buf.size, 1000);
}

static void test_cursor(void)
{
    static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
    CHECK_INT(iv_cursor_u8(&c), 0x01);
    CHECK_INT(iv_cursor_u16(&c), 0x0302);
    CHECK_INT(iv_cursor_u32(&c), 0x07060504);
    CHECK_INT(iv_cursor_u64(&c), 0x0f0e0d0c0b0a0908);
    CHECK_INT(iv_cursor_left(&c), 0);
    CHECK(!c.failed);
    CHECK(iv_cursor_take(&c, 0) != NULL);
    CHECK_INT(iv_cursor_u8(&c), 0);
    CHECK(c.failed);

    c = iv_cursor(bytes, 3);
    CHECK_INT(iv_cursor_u32(&c), 0); /* not enough: nothing is taken */
    CHECK(c.failed);
    CHECK_INT(c.at, 0);
    CHECK_INT(iv_cursor_u8(&c), 0); /* and it stays failed */
    CHECK(iv_cursor_take(&c, 0) == NULL);

    c = iv_cursor(bytes, 3);
    c.at = 4; /* set past the end: nothing is there */
    CHECK_INT(iv_cursor_left(&c), 0);
    CHECK(iv_cursor_take(&c, 1) == NULL);
    CHECK(c.failed);

    c = iv_cursor(bytes, 3);
    CHECK(iv_cursor_take(&c, SIZE_MAX) == NULL);
    c = iv_cursor(bytes, 3);
    CHECK_INT(iv_cursor_u8(&c), 1);
    CHECK(iv_cursor_take(&c, SIZE_MAX) == NULL);
    c = iv_cursor(NULL, 0);
    CHECK_INT(iv_cursor_u8(&c), 0);
    CHECK(c.failed);
}

static void test_error(void)
{
    struct iv_error err = {0};
    CHECK(!iv_error_set(&err, IV_ERROR_USAGE, "bad option %s", "-x"));
    CHECK_INT(err.code, IV_ERROR_USAGE);
    CHECK_STR(err.text, "bad option -x");
    CHECK(!iv_error_add(&err, "reading %s", "file"));
    CHECK_STR(err.text, "reading file: bad option -x");
    CHECK_INT(err.code, IV_ERROR_USAGE);
    errno = ENOENT;
    CHECK(!iv_error_errno(&err, "opening %s", "file"));
    CHECK_STR(err.text, "opening file: No such file or directory");
    CHECK_INT(err.code, IV_ERROR_SYSTEM);

    char longer[3000];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    CHECK(!iv_error_set(&err, IV_ERROR_INVALID, "%s", longer));
    CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
    CHECK_STR(err.text + sizeof(err.text) - 4, "...");
    errno = EACCES;
    CHECK(!iv_error_errno(&err, "%s", longer));
    CHECK(strlen(err.text) < sizeof(err.text));
    CHECK(!iv_error_add(&err, "%s", longer));
    CHECK(strlen(err.text) < sizeof(err.text));
}

static void test_limits(void)
{
    struct iv_limits limits = iv_limits_default();
    CHECK(limits.manifest_size == 8 * IV_MIB);
    CHECK_INT(limits.reader_seconds, 60);
    CHECK_INT(limits.directory_depth, 64);
}

int main(void)
{
    test_arena();
    test_arena_mark();
    test_arena_large();
    test_sort();
    test_sort_is_stable();
    test_dates();
    test_find();
    test_arena_grow();
    test_out_of_memory();
    test_buf();
    test_cursor();
    test_error();
    test_limits();
    return unit_end();
}
