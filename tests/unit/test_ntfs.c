/* NTFS below the volume: fix-ups, records, run lists, LZNT1; each field wrong. */
#include "imgval/base/buf.h"
#include "imgval/disk/ntfs/lznt1.h"
#include "imgval/disk/ntfs/ntfs_data.h"
#include "tests/unit/unit.h"

#define RECORD 1024

/* ---- LZNT1 ---- */

struct packed {
    const char *what;
    const unsigned char *in;
    size_t in_size;
    size_t wanted;
    const char *out; /* NULL: refused */
};

#define PACKED(...) (const unsigned char[]){__VA_ARGS__}, sizeof((unsigned char[]){__VA_ARGS__})

static void test_lznt1(void)
{
    static unsigned char out[2 * IV_LZNT1_CHUNK];
    const struct packed cases[] = {
        /* the example of [MS-XCA] 2.5 in small: a literal, then a copy that overlaps itself */
        {"copy", PACKED(0x03, 0xB0, 0x02, 'A', 0x04, 0x00), 8, "AAAAAAAA"},
        {"two literals", PACKED(0x02, 0xB0, 0x00, 'A', 'B'), 2, "AB"},
        {"distance 2", PACKED(0x04, 0xB0, 0x04, 'A', 'B', 0x01, 0x10), 6, "ABABAB"},
        {"stored", PACKED(0x01, 0x30, 'A', 'B'), 2, "AB"},
        {"zeros after a short chunk", PACKED(0x00, 0x30, 'A'), 1, "A"},
        {"empty", PACKED(0x00), 0, ""},
        {"no chunk", PACKED(0x00), 1, NULL},
        {"an end mark", PACKED(0x00, 0x00, 'A'), 1, NULL},
        {"signature", PACKED(0x01, 0x40, 'A', 'B'), 2, NULL},
        {"cut", PACKED(0x02, 0xB0, 0x00, 'A'), 1, NULL},
        {"cut in a word", PACKED(0x02, 0xB0, 0x02, 'A', 0x04), 5, NULL},
        {"fewer than wanted", PACKED(0x01, 0x30, 'A', 'B'), 3, NULL},
        {"a short chunk, then another", PACKED(0x00, 0x30, 'A', 0x00, 0x30, 'B'), 4097, NULL},
        {"a copy at the start", PACKED(0x02, 0xB0, 0x01, 0x00, 0x00), 3, NULL},
        {"a copy from before the start", PACKED(0x03, 0xB0, 0x02, 'A', 0x04, 0x10), 8, NULL},
        {"a copy over the end", PACKED(0x05, 0xB0, 0x06, 'A', 0xFF, 0x0F, 0xFF, 0x0F), 9, NULL},
        {"more than the room", PACKED(0x00, 0x30, 'A'), 2 * IV_LZNT1_CHUNK + 1, NULL},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        memset(out, 0xEE, sizeof(out));
        bool is_fine =
            iv_lznt1_unpack(cases[i].in, cases[i].in_size, out, sizeof(out), cases[i].wanted);
        bool is_same = cases[i].out == NULL || memcmp(out, cases[i].out, strlen(cases[i].out)) == 0;
        if (!CHECK(is_fine == (cases[i].out != NULL) && is_same)) {
            fprintf(stderr, "    %s\n", cases[i].what);
        }
        if (is_fine) {
            CHECK_INT(out[cases[i].wanted], 0);
            CHECK_INT(out[sizeof(out) - 1], 0);
        }
    }
}

/* The split of a word moves at every power of two: one copy at each place of a chunk. */
static void test_split(void)
{
    static unsigned char in[2 + IV_LZNT1_CHUNK * 2];
    static unsigned char out[IV_LZNT1_CHUNK];
    for (size_t literals = 1; literals <= IV_LZNT1_CHUNK - 3; literals += literals < 40 ? 1 : 37) {
        size_t at = 2;
        size_t flags = 0;
        for (size_t i = 0; i <= literals; i++) {
            if (i % 8 == 0) {
                flags = at++;
                in[flags] = 0;
            }
            if (i < literals) {
                in[at++] = (unsigned char)(i * 31 % 251);
            } else { /* from the first byte on */
                unsigned bits = 4;
                while (literals > (size_t)1 << bits) {
                    bits++;
                }
                unsigned word = (unsigned)(literals - 1) << (16 - bits);
                in[flags] |= (unsigned char)(1u << i % 8);
                in[at++] = (unsigned char)word;
                in[at++] = (unsigned char)(word >> 8);
            }
        }
        if (at - 2 > IV_LZNT1_CHUNK) {
            break; /* does not fit into a chunk any more */
        }
        in[0] = (unsigned char)(at - 3);
        in[1] = (unsigned char)(0xB0 | (at - 3) >> 8);
        CHECK(iv_lznt1_unpack(in, at, out, sizeof(out), literals + 3));
        CHECK(out[literals] == out[0] && out[literals + 2] == out[literals > 2 ? 2 : 2 % literals]);
    }
}

/* ---- records ---- */

static void put(unsigned char *bytes, size_t at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[at + i] = (unsigned char)(value >> 8 * i);
    }
}

/* A record with one resident attribute of type 0x80, 5 bytes, and the end; fix-ups made. */
static void make_record(unsigned char *bytes)
{
    memset(bytes, 0, RECORD);
    memcpy(bytes, "FILE", 4);
    put(bytes, 4, 2, 48);
    put(bytes, 6, 2, 3);
    put(bytes, 16, 2, 9);
    put(bytes, 20, 2, 56);
    put(bytes, 22, 2, 1);
    put(bytes, 24, 4, 96);
    put(bytes, 28, 4, RECORD);
    put(bytes, 44, 4, 70);
    put(bytes, 48, 2, 0x0707);
    put(bytes, 50, 2, 0x1111);
    put(bytes, 52, 2, 0x2222);
    put(bytes, 510, 2, 0x0707);
    put(bytes, 1022, 2, 0x0707);
    put(bytes, 56, 4, 0x80);
    put(bytes, 60, 4, 32);
    put(bytes, 72, 4, 5);
    put(bytes, 76, 2, 24);
    memcpy(bytes + 80, "hello", 5);
    put(bytes, 88, 4, 0xFFFFFFFF);
}

static bool walk(unsigned char *bytes, struct iv_ntfs_attribute *ret_attribute)
{
    struct iv_ntfs_record record;
    struct iv_ntfs_why why = {0};
    struct iv_ntfs_walk walk = {0};
    if (!iv_ntfs_record_open(bytes, RECORD, 70, &record, &why)) {
        CHECK(why.text[0] != '\0');
        return false;
    }
    enum iv_ntfs_step step;
    while ((step = iv_ntfs_attribute_next(&record, &walk, ret_attribute, &why)) ==
           IV_NTFS_STEP_ONE) {
    }
    CHECK(step == IV_NTFS_STEP_END || why.text[0] != '\0');
    return step == IV_NTFS_STEP_END;
}

static void test_record(void)
{
    unsigned char bytes[RECORD];
    struct iv_ntfs_attribute attribute;
    make_record(bytes);
    CHECK(walk(bytes, &attribute));
    CHECK(bytes[510] == 0x11 && bytes[1023] == 0x22);
    CHECK(attribute.is_resident && attribute.value_size == 5);
    CHECK(memcmp(attribute.value, "hello", 5) == 0);
    CHECK(iv_ntfs_attribute_is(&attribute, IV_NTFS_DATA, ""));
    CHECK(!iv_ntfs_attribute_is(&attribute, IV_NTFS_DATA, "a"));
    static const struct {
        size_t at;
        unsigned size;
        uint64_t value;
    } lies[] = {
        {0, 4, 0x44414142},  /* signature */
        {4, 2, 0x7FFF},      /* array of fix-ups */
        {4, 2, 506},         /* it lies over what it replaces */
        {4, 2, 49},          /* odd */
        {6, 2, 2},           /* fewer */
        {6, 2, 200},         /* more */
        {48, 2, 1},          /* another number */
        {510, 2, 1},         /* torn */
        {1022, 2, 1},        /* torn */
        {20, 2, 2},          /* first attribute: in the header, */
        {20, 2, 57},         /* odd, */
        {20, 2, 104},        /* past the end */
        {24, 4, RECORD + 8}, /* used */
        {24, 4, 97},         /* odd */
        {24, 4, 64},         /* less than the attribute */
        {28, 4, 512},        /* allocated */
        {44, 4, 71},         /* another record */
        {56, 4, 0},          /* type */
        {56, 4, 0x81},       /* no such type */
        {56, 4, 0x110},      /* no such type */
        {60, 4, 0},          /* length: none, */
        {60, 4, 16},         /* less than a header, */
        {60, 4, 33},         /* odd, */
        {60, 4, 48},         /* more than used, */
        {60, 4, UINT32_MAX}, /* any */
        {64, 1, 2},          /* form */
        {64, 1, 1},          /* not resident, in too few bytes */
        {65, 1, 255},        /* name */
        {66, 2, 0x7FFF},     /* its place */
        {72, 4, 9},          /* value: more, */
        {72, 4, UINT32_MAX}, /* any */
        {76, 2, 16},         /* its place: in the header, */
        {76, 2, 28},         /* odd, */
        {76, 2, 0xFFF8},     /* outside */
        {88, 4, 0x70},       /* types that descend */
        {88, 4, 0x80},       /* no end */
    };
    for (size_t i = 0; i < IV_COUNT(lies); i++) {
        make_record(bytes);
        put(bytes, lies[i].at, lies[i].size, lies[i].value);
        if (!CHECK(!walk(bytes, &attribute))) {
            fprintf(stderr, "    at %zu: %llu\n", lies[i].at, (unsigned long long)lies[i].value);
        }
    }
}

/* ---- run lists ---- */

static bool add_runs(const unsigned char *list, size_t size, uint64_t first, uint64_t last,
                     struct iv_arena *arena, struct iv_ntfs_runs *runs)
{
    const struct iv_ntfs ntfs = {.clusters = 1000, .cluster_size = 4096};
    const struct iv_ntfs_attribute piece = {
        .type = IV_NTFS_DATA,
        .value = list,
        .value_size = size,
        .first_vcn = first,
        .last_vcn = last,
    };
    struct iv_ntfs_why why;
    return iv_ntfs_runs_add(&ntfs, &piece, arena, runs, &why);
}

static void test_runs(void)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_ntfs_runs runs = {0};
    /* 10 clusters from 100 on, a hole of 300, 5 from 90 on; then a piece from 999 on */
    const unsigned char list[] = {0x11, 10, 100, 0x02, 0x2C, 0x01, 0x11, 5, 0xF6, 0};
    CHECK(add_runs(list, sizeof(list), 0, 314, &arena, &runs));
    CHECK(runs.count == 3 && runs.clusters == 315 && runs.filled == 15);
    CHECK(runs.items[0].lcn == 100 && runs.items[1].lcn == IV_NTFS_HOLE);
    CHECK(runs.items[2].vcn == 310 && runs.items[2].lcn == 90 && runs.items[2].count == 5);
    const unsigned char more[] = {0x21, 1, 0xE7, 0x03, 0};
    CHECK(!add_runs(more, sizeof(more), 314, 314, &arena, &runs)); /* overlaps */
    CHECK(!add_runs(more, sizeof(more), 316, 316, &arena, &runs)); /* a gap */
    CHECK(add_runs(more, sizeof(more), 315, 315, &arena, &runs));
    CHECK(runs.count == 4 && runs.items[3].lcn == 999);
    static const struct {
        unsigned char list[20];
        size_t size;
        uint64_t last;
    } lies[] = {
        {{0x21, 2, 0xE7, 0x03, 0}, 5, 1},                 /* over the end of the volume */
        {{0x21, 1, 0xE8, 0x03, 0}, 5, 0},                 /* after it */
        {{0x11, 1, 0xFF, 0}, 4, 0},                       /* before it */
        {{0x11, 1, 5, 0x11, 1, 0xFA, 0}, 7, 1},           /* before it, by a step back */
        {{0x11, 0, 5, 0}, 4, 0},                          /* no cluster */
        {{0x10, 5, 0}, 3, 0},                             /* no length */
        {{0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0}, 12, 0}, /* nine bytes of length */
        {{0x91, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 0}, /* nine bytes of distance */
        {{0x11, 2, 5, 0}, 4, 0},                          /* too many */
        {{0x11, 1, 5, 0}, 4, 1},                          /* too few */
        {{0x11, 1, 5}, 3, 0},                             /* no end */
        {{0x11, 1, 5, 0x11, 1, 5, 0}, 7, 0},              /* goes on */
        {{0x44, 1, 0, 0}, 4, 0},                          /* cut in the length */
        {{0x41, 1, 5, 0}, 4, 0},                          /* cut in the distance */
        {{0}, 1, 0},                                      /* nothing */
        {{0}, 0, 0},                                      /* not even an end */
        {{0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 5, 0, 0, 0, 0, 0, 0, 0, 0},
         18,
         UINT64_MAX - 1}, /* all numbers */
        {{0x81, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x81, 1, 1, 0}, 14, 1},
    };
    for (size_t i = 0; i < IV_COUNT(lies); i++) {
        struct iv_ntfs_runs none = {0};
        if (!CHECK(!add_runs(lies[i].list, lies[i].size, 0, lies[i].last, &arena, &none))) {
            fprintf(stderr, "    run list %zu\n", i);
        }
    }
    struct iv_ntfs_runs none = {0};
    const unsigned char end[] = {0};
    CHECK(add_runs(end, 1, 0, UINT64_MAX, &arena, &none) && none.count == 0);
    iv_arena_fini(&arena);
}

/* ---- boot sectors ---- */

static void test_boot(void)
{
    static const struct {
        unsigned sector, per_cluster, record;
        uint32_t cluster, record_size; /* 0: refused */
    } cases[] = {
        {512, 8, 0xF6, 4096, 1024},
        {4096, 1, 0xF4, 4096, 4096},
        {256, 2, 0xF7, 512, 512},
        {512, 0x80, 0xF6, 65536, 1024},
        {512, 0xF4, 0xF6, 2097152, 1024},
        {512, 0xF3, 0xF6, 0, 0},
        {512, 8, 1, 4096, 4096},
        {512, 1, 4, 512, 2048},
        {512, 1, 3, 0, 0},
        {512, 8, 0xF8, 0, 0},
        {512, 8, 0xF3, 0, 0},
        {512, 8, 2, 0, 0},
        {512, 8, 0x80, 0, 0},
        {128, 8, 0xF6, 0, 0},
        {8192, 1, 0xF6, 0, 0},
        {768, 8, 0xF6, 0, 0},
        {512, 0, 0xF6, 0, 0},
        {512, 3, 0xF6, 0, 0},
        {512, 0x81, 0xF6, 0, 0},
        {256, 1, 0xF6, 0, 0},
    };
    static unsigned char bytes[1 << 23];
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_source source = iv_source_of_bytes(bytes, sizeof(bytes), &arena);
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct iv_ntfs ntfs = {0};
        struct iv_ntfs_why why = {0};
        memcpy(bytes + 3, "NTFS    ", 8);
        put(bytes, 11, 2, cases[i].sector);
        put(bytes, 13, 1, cases[i].per_cluster);
        put(bytes, 40, 8, UINT64_C(1) << 40); /* longer than the source: cut */
        put(bytes, 48, 8, 2);
        put(bytes, 64, 1, cases[i].record);
        put(bytes, 510, 2, 0xAA55);
        bool is_fine = iv_ntfs_boot(&source, &ntfs, &why);
        if (!CHECK(is_fine == (cases[i].cluster != 0))) {
            fprintf(stderr, "    boot sector %zu: %s\n", i, why.text);
        }
        CHECK(!is_fine || ntfs.clusters == sizeof(bytes) / cases[i].cluster);
        CHECK_INT(ntfs.cluster_size, cases[i].cluster);
        CHECK_INT(ntfs.record_size, cases[i].record_size);
    }
    iv_arena_fini(&arena);
}

int main(void)
{
    test_lznt1();
    test_split();
    test_record();
    test_runs();
    test_boot();
    return unit_end();
}
