/*
 * The cabinet reader.
 *
 * Traps of libarchive's own reader (3.6.2) that a cabinet must not be able to spring here, each
 * with a test below:
 *   1. A member of one folder skipped and a member of the next one read: the skipped bytes are
 *      charged to the new folder and another manifest is shown (PR 3442).    second_folder
 *   2. A member twice: which one is meant depends on the reader.             duplicates
 *   3. Counts that lie: folders, members, data blocks.                       lying_counts
 *   4. Offsets past the end, members outside their folder or overlapping.  places
 *   5. Parts of a set; a cabinet that names itself as its successor.         multi_part
 *   6. CFDATA sizes over 32 KiB made the LZX decoder write past its heap
 *      (PR 2919, 2931, 2933); short blocks in the middle; wrong checksums.   blocks
 *   7. Unknown compression is an error, not a skip.                          compression
 *   8. Cut off anywhere; any bit flipped.                                    truncated, flipped
 *   9. The member is done, yet the rest of the folder is decoded.            stops_early
 *  10. The LZX window starts as uninitialised memory.                        lzx_window
 *  11. Damage in the block after the member.                                stops_in_block
 *
 * IMGVAL_REAL names a directory with real packages (cab/); without it they are left out.
 */
#include "imgval/input/cabinet.h"

#include "tests/unit/files.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME 32768u
#define MAX ((uint64_t)64 * 1024 * 1024)

enum { STORED = 0, MSZIP = 1, QUANTUM = 2, LZX15 = 0x0F03 };

struct make_folder {
    const char *data;
    size_t size;
    unsigned type;
};

struct make_member {
    const char *name;
    uint32_t size;
    uint32_t offset;
    unsigned folder;
    unsigned attributes;
};

struct made {
    struct iv_buf bytes;
    size_t folder_at[4];  /* CFFOLDER */
    size_t member_at[16]; /* CFFILE */
    size_t block_at[4];   /* first CFDATA of each folder */
    size_t directory_end;
};

/* ----------------------------------------------------------------------------- making cabinets */

static void add(struct iv_buf *buf, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        iv_buf_putc(buf, (char)(i < 8 ? value >> (8 * i) & 0xFF : 0));
    }
}

static void set(struct made *made, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        made->bytes.data[at + i] = (char)(value >> (8 * i) & 0xFF);
    }
}

/* [MS-CAB] 3.1, word by word. */
static uint32_t sum(uint32_t seed, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (; size >= 4; size -= 4, p += 4) {
        seed ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    uint32_t tail = 0;
    for (; size > 0; size--) {
        tail = tail << 8 | *p++;
    }
    return seed ^ tail;
}

static void add_block(struct iv_buf *out, const struct iv_buf *packed, size_t inflated)
{
    struct iv_buf head IV_CLEANUP(iv_buf_fini) = {0};
    add(&head, packed->size, 2);
    add(&head, inflated, 2);
    add(out, sum(sum(0, packed->data, packed->size), head.data, head.size), 4);
    iv_buf_add(out, head.data, head.size);
    iv_buf_add(out, packed->data, packed->size);
}

/* Data without compression, in the dress of each method. */
static void add_blocks(struct iv_buf *out, const struct make_folder *folder)
{
    for (size_t at = 0; at < folder->size; at += FRAME) {
        struct iv_buf packed IV_CLEANUP(iv_buf_fini) = {0};
        size_t left = folder->size - at;
        size_t part = left < FRAME ? left : FRAME;
        if ((folder->type & 15) == MSZIP) {
            add(&packed, 0x4B43, 2); /* "CK" */
            add(&packed, 1, 1);
            add(&packed, part, 2);
            add(&packed, ~part & 0xFFFF, 2);
        } else if (folder->type == LZX15 && at == 0) {
            add(&packed, 3u << 12 | folder->size >> 12, 2);
            add(&packed, (folder->size & 0xFFF) << 4, 2);
            add(&packed, 1, 4);
            add(&packed, 1, 4);
            add(&packed, 1, 4);
        }
        iv_buf_add(&packed, folder->data + at, part);
        if (folder->type == LZX15 && part % 2 != 0) {
            add(&packed, 0, 1); /* the bit stream goes by 16 bits */
        }
        add_block(out, &packed, part);
    }
}

static void add_member(struct made *made, const struct make_member *member)
{
    struct iv_buf *out = &made->bytes;
    add(out, member->size, 4);
    add(out, member->offset, 4);
    add(out, member->folder, 2);
    add(out, 0x0021, 2);
    add(out, 0, 2);
    add(out, member->attributes, 2);
    iv_buf_add(out, member->name, strlen(member->name) + 1);
}

static void make(struct made *made, const struct make_folder *folders, size_t folder_count,
                 const struct make_member *members, size_t member_count)
{
    struct iv_buf *out = &made->bytes;
    iv_buf_puts(out, "MSCF");
    add(out, 0, 20);
    add(out, 0x0103, 2);
    add(out, folder_count, 2);
    add(out, member_count, 2);
    add(out, 0, 6);
    for (size_t i = 0; i < folder_count; i++) {
        made->folder_at[i] = out->size;
        add(out, 0, 4);
        add(out, (folders[i].size + FRAME - 1) / FRAME, 2);
        add(out, folders[i].type, 2);
    }
    set(made, 16, out->size, 4);
    for (size_t i = 0; i < member_count; i++) {
        made->member_at[i] = out->size;
        add_member(made, &members[i]);
    }
    made->directory_end = out->size;
    for (size_t i = 0; i < folder_count; i++) {
        made->block_at[i] = out->size;
        set(made, made->folder_at[i], out->size, 4);
        add_blocks(out, &folders[i]);
    }
    set(made, 8, out->size, 4);
}

static void made_fini(struct made *made)
{
    iv_buf_fini(&made->bytes);
}

/* ----------------------------------------------------------------------------- reading them */

struct opened {
    int fd;
    struct iv_limits limits;
    struct iv_arena arena;
    struct iv_cabinet *cabinet; /* NULL: fault */
    struct iv_fault fault;
};

static void open_bytes(struct opened *opened, const char *bytes, size_t size)
{
    *opened = (struct opened){.limits = iv_limits_default()};
    opened->fd = files_open(bytes, size);
    iv_arena_init(&opened->arena);
    const struct iv_opened file = iv_opened_of(opened->fd, size);
    if (!iv_cabinet_open(&file, &opened->limits, &opened->arena, &opened->cabinet,
                         &opened->fault)) {
        CHECK(opened->cabinet == NULL);
        CHECK(opened->fault.kind != IV_FAULT_NONE && opened->fault.detail != NULL);
    }
}

static void opened_fini(struct opened *opened)
{
    iv_cabinet_close(&opened->cabinet);
    iv_arena_fini(&opened->arena);
    iv_fd_close(&opened->fd);
}

/* The fault's kind and detail for a cabinet that must not open. */
static void check_refused(const struct made *made, enum iv_fault_kind kind, const char *detail)
{
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made->bytes.data, made->bytes.size);
    CHECK(opened.cabinet == NULL);
    CHECK_INT(opened.fault.kind, kind);
    CHECK_STR(opened.fault.detail, detail);
}

/* Opens, and reads one member: its bytes or its fault. */
static void check_member(const struct made *made, const char *name, const char *bytes, size_t size)
{
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made->bytes.data, made->bytes.size);
    CHECK_STR(opened.fault.detail == NULL ? "" : opened.fault.detail, "");
    if (opened.cabinet == NULL) {
        return;
    }
    const struct iv_member *member = iv_cabinet_find(opened.cabinet, name);
    CHECK(member != NULL);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&buf, "before");
    bool read = member != NULL && iv_cabinet_read(opened.cabinet, member, MAX, &buf, &opened.fault);
    CHECK_STR(opened.fault.detail == NULL ? "" : opened.fault.detail, "");
    CHECK(read && buf.size == size + 6 && memcmp(buf.data, "before", 6) == 0 &&
          memcmp(buf.data + 6, bytes, size) == 0);
}

static void check_unreadable(const struct made *made, const char *name, enum iv_fault_kind kind,
                             const char *detail)
{
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made->bytes.data, made->bytes.size);
    CHECK(opened.cabinet != NULL);
    if (opened.cabinet == NULL) {
        CHECK_STR(opened.fault.detail, "");
        return;
    }
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&buf, "before");
    const struct iv_member *member = iv_cabinet_find(opened.cabinet, name);
    CHECK(!iv_cabinet_read(opened.cabinet, member, MAX, &buf, &opened.fault));
    CHECK_STR(iv_buf_text(&buf), "before");
    CHECK_INT(opened.fault.kind, kind);
    CHECK_STR(opened.fault.member, name);
    CHECK_STR(opened.fault.detail, detail);
}

/* ----------------------------------------------------------------------------------- the tests */

#define TEXT "<Package IsRemoval=\"true\"/>"

/* Two members in one folder: 10 bytes and TEXT. */
static void make_simple(struct made *made, unsigned type)
{
    const struct make_folder folder = {"0123456789" TEXT, 10 + sizeof(TEXT) - 1, type};
    const struct make_member members[] = {
        {"pkg.cat", 10, 0, 0, 0},
        {"dir\\Man.dsm.xml", sizeof(TEXT) - 1, 10, 0, 0x80},
    };
    make(made, &folder, 1, members, IV_COUNT(members));
}

static void test_simple(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, types[i]);
        iv_buf_puts(&made.bytes, "a signature after the cabinet");
        check_member(&made, "DIR/man.DSM.xml", TEXT, sizeof(TEXT) - 1);
        check_member(&made, "pkg.cat", "0123456789", 10);
        struct opened opened IV_CLEANUP(opened_fini);
        open_bytes(&opened, made.bytes.data, made.bytes.size);
        size_t count;
        const struct iv_member *members = iv_cabinet_members(opened.cabinet, &count);
        CHECK_INT(count, 2);
        CHECK_STR(members[1].name, "dir\\Man.dsm.xml");
        CHECK(iv_cabinet_find(opened.cabinet, "nothing") == NULL);
    }
    CHECK(iv_cabinet_is("MSCF", 4) && !iv_cabinet_is("MSC", 3) && !iv_cabinet_is("MSCE", 4));
}

static void test_empty(void)
{
    struct made none IV_CLEANUP(made_fini) = {0};
    make(&none, NULL, 0, NULL, 0);
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, none.bytes.data, none.bytes.size);
    CHECK(opened.cabinet != NULL);
    size_t count = 1;
    (void)iv_cabinet_members(opened.cabinet, &count);
    CHECK_INT(count, 0);
    CHECK(iv_cabinet_find(opened.cabinet, "x") == NULL);

    struct made nothing IV_CLEANUP(made_fini) = {0};
    iv_buf_puts(&nothing.bytes, "");
    check_refused(&nothing, IV_FAULT_MALFORMED, "the file is empty");
    iv_buf_puts(&nothing.bytes, "garbage that is no cabinet");
    check_refused(&nothing, IV_FAULT_MALFORMED, "not a cabinet: it does not begin with MSCF");

    struct made zero IV_CLEANUP(made_fini) = {0};
    const struct make_member member = {"empty", 0, 0, 0, 0};
    const struct make_folder folder = {"", 0, MSZIP};
    make(&zero, &folder, 1, &member, 1);
    check_member(&zero, "empty", "", 0);
}

/* Many blocks, members that begin and end anywhere in them. */
static void test_long(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    size_t size = 5 * FRAME + 1234;
    char *data = malloc(size);
    uint32_t random = 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 1103515245u + 12345u;
        data[i] = (char)(random >> 16 & 0xFF);
    }
    const struct make_member members[] = {
        {"a", 1000, 0, 0, 0},
        {"b", FRAME - 1000, 1000, 0, 0},
        {"c", 2 * FRAME + 1, FRAME, 0, 0},
        {"d", 5, 3 * FRAME + 1, 0, 0},
        {"e", FRAME + 1234, 4 * FRAME, 0, 0},
    };
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        const struct make_folder folder = {data, size, types[i]};
        make(&made, &folder, 1, members, IV_COUNT(members));
        for (size_t m = 0; m < IV_COUNT(members); m++) {
            check_member(&made, members[m].name, data + members[m].offset, members[m].size);
        }
    }
    free(data);
}

static void test_second_folder(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        const struct make_folder folders[] = {
            {"a payload of some length", 24, types[i]},
            {"<Package IsRemoval=\"false\"/> " TEXT, 29 + sizeof(TEXT) - 1, types[i]},
            {"", 0, STORED},
        };
        const struct make_member members[] = {
            {"payload", 24, 0, 0, 0},
            {"other", 29, 0, 1, 0},
            {"man.dsm.xml", sizeof(TEXT) - 1, 29, 1, 0},
        };
        make(&made, folders, IV_COUNT(folders), members, IV_COUNT(members));
        check_member(&made, "man.dsm.xml", TEXT, sizeof(TEXT) - 1);
        check_member(&made, "payload", "a payload of some length", 24);
        /* The folders' data in the other order in the file is nothing unusual. */
        set(&made, made.folder_at[0], made.block_at[1], 4);
        set(&made, made.folder_at[1], made.block_at[0], 4);
        check_unreadable(&made, "man.dsm.xml", IV_FAULT_MALFORMED,
                         types[i] == STORED  ? "the member runs past the end of its folder"
                         : types[i] == MSZIP ? "Invalid CFDATA"
                                             : "Invalid CFDATA");
    }
}

static void test_duplicates(void)
{
    const struct make_folder folder = {"0123456789", 10, STORED};
    struct make_member members[] = {{"a/Man.xml", 5, 0, 0, 0}, {"A\\mAN.XML", 5, 5, 0, 0}};
    struct made made IV_CLEANUP(made_fini) = {0};
    make(&made, &folder, 1, members, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "two members have the same name");
}

static void test_lying_counts(void)
{
    struct made made IV_CLEANUP(made_fini) = {0};
    make_simple(&made, STORED);
    set(&made, 28, 65535, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "no room for 65535 members");
    set(&made, 28, 3, 2);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "the directory runs past the end of the cabinet, at byte 145");
    set(&made, 28, 2, 2);
    set(&made, 26, 4097, 2);
    check_refused(&made, IV_FAULT_LIMIT, "4097 cabinet folders, the limit is 4096");
    set(&made, 26, 4096, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "unknown compression type 4");
    set(&made, 26, 0, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "in folder 0, the cabinet has 0");
    set(&made, 26, 1, 2);
    set(&made, made.folder_at[0] + 4, 65535, 2);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "no room for the 65535 data blocks of the folder at byte 100");
    set(&made, made.folder_at[0] + 4, 0, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "ends at byte 10 of a folder that holds at most 0");
    set(&made, made.folder_at[0] + 4, 2, 2);
    check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED, "data block 0 inflates to 37 bytes");
}

static void test_places(void)
{
    struct made made IV_CLEANUP(made_fini) = {0};
    make_simple(&made, STORED);
    set(&made, 16, 4000, 4);
    check_refused(&made, IV_FAULT_MALFORMED, "coffFiles is 4000");
    set(&made, 16, 40, 4);
    check_refused(&made, IV_FAULT_MALFORMED, "coffFiles is 40");
    set(&made, 16, 44, 4);
    size_t second = made.member_at[1];
    set(&made, second + 4, 9, 4);
    check_refused(&made, IV_FAULT_MALFORMED, "overlaps another member at byte 9 of folder 0");
    set(&made, second + 4, UINT32_MAX, 4);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "ends at byte 4294967322 of a folder that holds at most 32768");
    set(&made, second + 4, 11, 4);
    check_unreadable(&made, "dir\\Man.dsm.xml", IV_FAULT_MALFORMED,
                     "the member runs past the end of its folder");
    set(&made, second, UINT32_MAX, 4);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "ends at byte 4294967306 of a folder that holds at most 32768");
    set(&made, second, 0x7FFF8000, 4);
    set(&made, made.folder_at[0] + 4, 65535, 2);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "ends at byte 2147450891 of a folder that holds at most 2147450880");
    set(&made, made.folder_at[0] + 4, 1, 2);
    set(&made, second, sizeof(TEXT) - 1, 4);
    set(&made, second + 8, 1, 2);
    check_refused(&made, IV_FAULT_MALFORMED, "in folder 1, the cabinet has 1");
    set(&made, second + 8, 0, 2);
    set(&made, made.folder_at[0], 44, 4);
    check_refused(&made, IV_FAULT_MALFORMED, "folder data at byte 44, inside the directory");
    set(&made, made.folder_at[0], UINT32_MAX, 4);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "no room for the 1 data blocks of the folder at byte 4294967295");
}

static void test_folders_overlap(void)
{
    const struct make_folder folders[] = {{"01234567890123456789", 20, STORED},
                                          {"0123456789", 10, STORED}};
    const struct make_member members[] = {{"a", 20, 0, 0, 0}, {"b", 10, 0, 1, 0}};
    struct made made IV_CLEANUP(made_fini) = {0};
    make(&made, folders, 2, members, 2);
    set(&made, made.folder_at[1], made.block_at[0], 4);
    check_refused(&made, IV_FAULT_MALFORMED,
                  "no room for the 1 data blocks of the folder at byte 88");
    set(&made, made.folder_at[1], made.block_at[0] + 12, 4);
    check_unreadable(&made, "a", IV_FAULT_MALFORMED,
                     "data block 0 runs past the end of its folder");
}

static void test_multi_part(void)
{
    for (unsigned flag = 1; flag <= 2; flag++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, STORED);
        set(&made, 30, flag, 2);
        check_refused(&made, IV_FAULT_MALFORMED, "multi-part cabinet");
    }
    for (unsigned folder = 0xFFFD; folder <= 0xFFFF; folder++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, STORED);
        set(&made, made.member_at[1] + 8, folder, 2);
        check_refused(&made, IV_FAULT_MALFORMED, "multi-part cabinet");
    }
}

static void test_names(void)
{
    char name[1200];
    memset(name, 'n', sizeof(name));
    const struct make_folder folder = {"0123456789", 10, STORED};
    const struct make_member member = {name, 10, 0, 0, 0};
    static const struct {
        size_t length;
        enum iv_fault_kind kind;
        const char *detail;
    } cases[] = {
        {0, IV_FAULT_MALFORMED, "a member without a name"},
        {256, IV_FAULT_MALFORMED, "a member name of 256 bytes, the format allows 255"},
        {1024, IV_FAULT_MALFORMED, "a member name of 1024 bytes, the format allows 255"},
        {1025, IV_FAULT_LIMIT, "a cabinet member name without an end, the limit is 1024 bytes"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        name[cases[i].length] = '\0';
        make(&made, &folder, 1, &member, 1);
        check_refused(&made, cases[i].kind, cases[i].detail);
        name[cases[i].length] = 'n';
    }
    struct made longest IV_CLEANUP(made_fini) = {0};
    name[255] = '\0';
    make(&longest, &folder, 1, &member, 1);
    check_member(&longest, name, "0123456789", 10);

    struct made bytes IV_CLEANUP(made_fini) = {0};
    const struct make_member latin = {"\xE9t\xE9", 10, 0, 0, 0};
    make(&bytes, &folder, 1, &latin, 1);
    check_member(&bytes, "\xE9T\xE9", "0123456789", 10);
    set(&bytes, bytes.member_at[0] + 14, 0x80, 2);
    check_refused(&bytes, IV_FAULT_MALFORMED, "the member name is marked as UTF-8 and is not");
}

static void test_compression(void)
{
    static const struct {
        unsigned type;
        enum iv_fault_kind kind;
        const char *detail;
    } cases[] = {
        {0x0472, IV_FAULT_UNSUPPORTED, "Quantum compression"},
        {0x0004, IV_FAULT_MALFORMED, "unknown compression type 4"},
        {0x000F, IV_FAULT_MALFORMED, "unknown compression type 15"},
        {0x0E03, IV_FAULT_MALFORMED, "LZX window of 2^14 bytes: not 2^15 to 2^21"},
        {0x1603, IV_FAULT_MALFORMED, "LZX window of 2^22 bytes: not 2^15 to 2^21"},
        {0x1F03, IV_FAULT_MALFORMED, "LZX window of 2^31 bytes: not 2^15 to 2^21"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, STORED);
        set(&made, made.folder_at[0] + 6, cases[i].type, 2);
        check_refused(&made, cases[i].kind, cases[i].detail);
    }
    struct made version IV_CLEANUP(made_fini) = {0};
    make_simple(&version, STORED);
    set(&version, 25, 2, 1);
    check_refused(&version, IV_FAULT_UNSUPPORTED, "cabinet format version 2, known is 1");
}

static void test_blocks(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, types[i]);
        size_t block = made.block_at[0];
        size_t size = made.bytes.size - block - 8;
        made.bytes.data[made.bytes.size - 1] ^= 1;
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED, "wrong checksum of data block 0");
        made.bytes.data[made.bytes.size - 1] ^= 1;
        set(&made, block + 4, size + 1, 2);
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED,
                         types[i] == STORED ? "data block 0 of 38 bytes inflates to 37"
                                            : "data block 0 runs past the end of its folder");
        set(&made, block + 4, 0, 2);
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED,
                         "data block 0 of 0 bytes inflates to 37");
        set(&made, block + 4, 40000, 2);
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED,
                         "data block 0 of 40000 bytes inflates to 37");
        set(&made, block + 4, size, 2);
        set(&made, block + 6, 0, 2);
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED, "data block 0 inflates to 0 bytes");
        set(&made, block + 6, 32769, 2);
        check_unreadable(&made, "pkg.cat", IV_FAULT_MALFORMED,
                         "data block 0 inflates to 32769 bytes");
        set(&made, block + 6, 37, 2);
        set(&made, block, 0, 4); /* no checksum */
        check_member(&made, "pkg.cat", "0123456789", 10);
    }
    struct made packed IV_CLEANUP(made_fini) = {0};
    make_simple(&packed, MSZIP);
    set(&packed, packed.block_at[0], 0, 4);
    packed.bytes.data[packed.block_at[0] + 8] = 'X';
    check_unreadable(&packed, "pkg.cat", IV_FAULT_MALFORMED,
                     "CFDATA incorrect(no MSZIP signature)");
}

static void test_reserve(void)
{
    struct made made IV_CLEANUP(made_fini) = {0};
    const struct make_folder folder = {"0123456789", 10, STORED};
    const struct make_member member = {"m", 10, 0, 0, 0};
    make(&made, &folder, 1, &member, 1);
    /* The same with cbCFHeader 5, cbCFFolder 3, cbCFData 2. */
    struct made with IV_CLEANUP(made_fini) = {0};
    iv_buf_add(&with.bytes, made.bytes.data, 36);
    add(&with.bytes, 5, 2);
    add(&with.bytes, 3, 1);
    add(&with.bytes, 2, 1);
    iv_buf_puts(&with.bytes, "HHHHH");
    iv_buf_add(&with.bytes, made.bytes.data + 36, 8);
    iv_buf_puts(&with.bytes, "FFF");
    size_t files = with.bytes.size;
    iv_buf_add(&with.bytes, made.bytes.data + 44, made.directory_end - 44);
    size_t block = with.bytes.size;
    iv_buf_add(&with.bytes, made.bytes.data + made.block_at[0], 8);
    iv_buf_puts(&with.bytes, "DD");
    iv_buf_puts(&with.bytes, "0123456789");
    set(&with, 8, with.bytes.size, 4);
    set(&with, 16, files, 4);
    set(&with, 30, 4, 2);
    set(&with, 48 - 3 + 0, (unsigned char)with.bytes.data[45], 1);
    set(&with, 45, block, 4);
    check_member(&with, "m", "0123456789", 10); /* the checksum leaves the reserve out */
    set(&with, block, sum(sum(0, "0123456789", 10), with.bytes.data + block + 4, 6), 4);
    check_member(&with, "m", "0123456789", 10); /* and takes it in */
    with.bytes.data[block + 8] ^= 2;
    check_unreadable(&with, "m", IV_FAULT_MALFORMED, "wrong checksum of data block 0");
}

static void test_limits(void)
{
    struct made made IV_CLEANUP(made_fini) = {0};
    make_simple(&made, MSZIP);
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made.bytes.data, made.bytes.size);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_member *member = iv_cabinet_find(opened.cabinet, "pkg.cat");
    CHECK(!iv_cabinet_read(opened.cabinet, member, 9, &buf, &opened.fault));
    CHECK_INT(opened.fault.kind, IV_FAULT_LIMIT);
    CHECK_STR(opened.fault.detail, "10 bytes, the limit is 9");
    opened.limits.inflated = 25;
    CHECK(iv_cabinet_read(opened.cabinet, member, 10, &buf, &opened.fault));
    CHECK(iv_cabinet_read(opened.cabinet, member, 10, &buf, &opened.fault));
    CHECK(!iv_cabinet_read(opened.cabinet, member, 10, &buf, &opened.fault));
    CHECK_INT(opened.fault.kind, IV_FAULT_LIMIT);
    CHECK_STR(iv_buf_text(&buf), "01234567890123456789");
    CHECK(ftruncate(opened.fd, 90) == 0);
    opened.limits = iv_limits_default();
    /* All of it was read at once, at the opening. */
    CHECK(iv_cabinet_read(opened.cabinet, member, 10, &buf, &opened.fault));
}

/* A file that shrinks after the opening. */
static void test_shrinks(void)
{
    size_t size = 3 * FRAME;
    char *data = calloc(1, size);
    const struct make_folder folder = {data, size, STORED};
    const struct make_member member = {"m", (uint32_t)size, 0, 0, 0};
    struct made made IV_CLEANUP(made_fini) = {0};
    make(&made, &folder, 1, &member, 1);
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made.bytes.data, made.bytes.size);
    CHECK(ftruncate(opened.fd, 40000) == 0);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_member *found = iv_cabinet_find(opened.cabinet, "m");
    CHECK(!iv_cabinet_read(opened.cabinet, found, MAX, &buf, &opened.fault));
    CHECK_INT(opened.fault.kind, IV_FAULT_UNREADABLE);
    CHECK_STR(opened.fault.detail, "the file became shorter while it was read");
    free(data);
}

/* Wrong data after the member does not matter: it is not looked at. */
static void test_stops_early(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    size_t size = 3 * FRAME;
    char *data = calloc(1, size);
    memcpy(data, TEXT, sizeof(TEXT) - 1);
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        const struct make_folder folder = {data, size, types[i]};
        const struct make_member members[] = {
            {"man.dsm.xml", sizeof(TEXT) - 1, 0, 0, 0},
            {"payload", (uint32_t)(size - sizeof(TEXT) + 1), sizeof(TEXT) - 1, 0, 0},
        };
        struct made made IV_CLEANUP(made_fini) = {0};
        make(&made, &folder, 1, members, IV_COUNT(members));
        made.bytes.data[made.bytes.size - 5] ^= 1;
        check_member(&made, "man.dsm.xml", TEXT, sizeof(TEXT) - 1);
        check_unreadable(&made, "payload", IV_FAULT_MALFORMED, "wrong checksum of data block 2");
    }
    free(data);
}

static bool holds(const char *bytes, size_t size, const struct iv_buf *part)
{
    for (size_t at = 0; at + part->size <= size; at++) {
        if (memcmp(bytes + at, part->data, part->size) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads both members of a simple cabinet, if it opens, and looks for bytes that it does not have.
 */
static void probe(const struct made *made, size_t size, bool exact)
{
    static const char all[] = "0123456789" TEXT;
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, made->bytes.data, size);
    if (opened.cabinet == NULL) {
        return;
    }
    size_t count;
    const struct iv_member *members = iv_cabinet_members(opened.cabinet, &count);
    for (size_t i = 0; i < count; i++) {
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        if (!iv_cabinet_read(opened.cabinet, &members[i], MAX, &buf, &opened.fault)) {
            CHECK(opened.fault.detail != NULL && buf.size == 0);
            continue;
        }
        CHECK(buf.size == 0 || holds(all, sizeof(all) - 1, &buf));
        if (exact && i < 2) {
            CHECK_STR(iv_buf_text(&buf), i == 0 ? "0123456789" : TEXT);
        }
    }
}

static void test_truncated(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, types[i]);
        size_t whole = made.bytes.size;
        for (size_t size = 0; size < whole; size++) {
            struct opened opened IV_CLEANUP(opened_fini);
            open_bytes(&opened, made.bytes.data, size);
            CHECK(opened.cabinet == NULL);
            CHECK_INT(opened.fault.kind, IV_FAULT_MALFORMED);
        }
        for (size_t size = 36; size < whole; size++) {
            set(&made, 8, size, 4); /* and the header tells no lie about it */
            probe(&made, size, true);
        }
    }
}

static void test_flipped(void)
{
    static const unsigned types[] = {STORED, MSZIP, LZX15};
    for (size_t i = 0; i < IV_COUNT(types); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_simple(&made, types[i]);
        for (size_t bit = 0; bit < made.bytes.size * 8; bit++) {
            made.bytes.data[bit / 8] ^= (char)(1 << bit % 8);
            probe(&made, made.bytes.size, bit / 8 >= made.directory_end);
            made.bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

struct bits {
    struct iv_buf buf;
    unsigned word;
    unsigned used;
};

/* The highest bit first, into little-endian words of 16 bits. */
static void add_bits(struct bits *bits, unsigned value, unsigned count)
{
    for (unsigned i = count; i-- > 0;) {
        bits->word = bits->word << 1 | (value >> i & 1);
        if (++bits->used == 16) {
            add(&bits->buf, bits->word & 0xFFFF, 2);
            bits->used = 0;
        }
    }
}

/* A pretree in which `symbol` is 0 and 18 (a run of 20 to 51 zeros) is 1. */
static void add_pretree(struct bits *bits, unsigned symbol)
{
    for (unsigned i = 0; i < 20; i++) {
        add_bits(bits, i == symbol || i == 18, 4);
    }
}

static void add_zeros(struct bits *bits, unsigned count)
{
    for (; count >= 20; count -= count < 51 ? count : 51) {
        add_bits(bits, 1, 1);
        add_bits(bits, (count < 51 ? count : 51) - 20, 5);
    }
    add_bits(bits, 0, count);
}

/* One verbatim block whose only data are two matches of two bytes at distance 1: of the first byte
 * there is none before. */
static void test_lzx_window(void)
{
    struct bits bits = {0};
    add_bits(&bits, 0, 1);
    add_bits(&bits, 1, 3);
    add_bits(&bits, 4, 24);
    add_pretree(&bits, 0);
    add_zeros(&bits, 256);
    add_pretree(&bits, 16); /* 16: a length of 1 after one of 0 */
    add_bits(&bits, 0, 2);
    add_zeros(&bits, 238);
    add_pretree(&bits, 0);
    add_zeros(&bits, 249);
    add_bits(&bits, 0, 2);
    add_bits(&bits, 0, 16);

    struct made made IV_CLEANUP(made_fini) = {0};
    const struct make_folder folder = {"", 0, LZX15};
    const struct make_member member = {"m", 4, 0, 0, 0};
    make(&made, &folder, 1, &member, 1);
    set(&made, made.folder_at[0] + 4, 1, 2);
    add_block(&made.bytes, &bits.buf, 4);
    set(&made, 8, made.bytes.size, 4);
    check_unreadable(&made, "m", IV_FAULT_MALFORMED,
                     "LZX data that refers to bytes before its start");
    iv_buf_fini(&bits.buf);
}

/* One block: 64 bytes without compression, then what no decoder takes, said to be 200 bytes more.
 */
static void make_broken_tail(struct made *made, unsigned type)
{
    static const char data[64] = "0123456789";
    struct bits bits = {0};
    if (type == MSZIP) {
        add(&bits.buf, 0x4B43, 2); /* "CK" */
        add(&bits.buf, 0, 1);
        add(&bits.buf, sizeof(data), 2);
        add(&bits.buf, ~sizeof(data) & 0xFFFF, 2);
    } else {
        add_bits(&bits, 3, 4);
        add_bits(&bits, sizeof(data), 24);
        add_bits(&bits, 0, 4);
        add(&bits.buf, 1, 4);
        add(&bits.buf, 1, 4);
        add(&bits.buf, 1, 4);
    }
    iv_buf_add(&bits.buf, data, sizeof(data));
    add(&bits.buf, UINT64_MAX, 8); /* neither has a kind of block whose bits are all set */
    const struct make_folder folder = {"", 0, type};
    const struct make_member members[] = {{"m", 10, 0, 0, 0}, {"rest", 254, 10, 0, 0}};
    make(made, &folder, 1, members, IV_COUNT(members));
    set(made, made->folder_at[0] + 4, 1, 2);
    add_block(&made->bytes, &bits.buf, 264);
    set(made, 8, made->bytes.size, 4);
    iv_buf_fini(&bits.buf);
}

/* A checksum answers for what lies after the member in its block; without one, the whole block is
 * inflated. */
static void test_stops_in_block(void)
{
    static const struct {
        unsigned type;
        const char *detail;
    } cases[] = {
        {MSZIP, "Deflate decompression failed (-3)"},
        {LZX15, "LZX decompression failed (-25)"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct made made IV_CLEANUP(made_fini) = {0};
        make_broken_tail(&made, cases[i].type);
        check_member(&made, "m", "0123456789", 10);
        check_unreadable(&made, "rest", IV_FAULT_MALFORMED, cases[i].detail);
        made.bytes.data[made.bytes.size - 1] ^= 1;
        check_unreadable(&made, "m", IV_FAULT_MALFORMED, "wrong checksum of data block 0");
        made.bytes.data[made.bytes.size - 1] ^= 1;
        set(&made, made.block_at[0], 0, 4);
        check_unreadable(&made, "m", IV_FAULT_MALFORMED, cases[i].detail);
    }
}

/* The place of a call (E8) counts from the start of the file; the last ten bytes of a block are
 * left as they are. Where libarchive stops must not decide which ones these are. */
static void test_lzx_call(void)
{
    static const char packed[40] = "01234\xE8\x64\0\0";
    static const char plain[10] = "01234\xE8\x5F\0\0"; /* 100 - 5 */
    struct bits bits = {0};
    add_bits(&bits, 1, 1);
    add_bits(&bits, 1000, 32); /* bytes of the file */
    add_bits(&bits, 3, 3);
    add_bits(&bits, sizeof(packed), 24);
    add_bits(&bits, 0, 4);
    add(&bits.buf, 1, 4);
    add(&bits.buf, 1, 4);
    add(&bits.buf, 1, 4);
    iv_buf_add(&bits.buf, packed, sizeof(packed));
    struct made made IV_CLEANUP(made_fini) = {0};
    const struct make_folder folder = {"", 0, LZX15};
    const struct make_member member = {"m", sizeof(plain), 0, 0, 0};
    make(&made, &folder, 1, &member, 1);
    set(&made, made.folder_at[0] + 4, 1, 2);
    add_block(&made.bytes, &bits.buf, sizeof(packed));
    set(&made, 8, made.bytes.size, 4);
    check_member(&made, "m", plain, sizeof(plain));
    set(&made, made.block_at[0], 0, 4);
    check_member(&made, "m", plain, sizeof(plain));
    iv_buf_fini(&bits.buf);
}

/* ---------------------------------------------------------------------------- real cabinets */

static void check_real(const char *path)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return;
    }
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        iv_buf_add(&bytes, chunk, got);
    }
    (void)fclose(file);
    struct opened opened IV_CLEANUP(opened_fini);
    open_bytes(&opened, iv_buf_text(&bytes), bytes.size);
    CHECK(opened.cabinet != NULL);
    if (opened.cabinet == NULL) {
        return;
    }
    size_t count;
    const struct iv_member *members = iv_cabinet_members(opened.cabinet, &count);
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        CHECK(iv_cabinet_read(opened.cabinet, &members[i], MAX, &buf, &opened.fault));
        CHECK_INT(buf.size, members[i].size);
        if (strcmp(members[i].name, "update.mum") == 0) {
            CHECK(strstr(iv_buf_text(&buf), "</assembly>") != NULL);
        }
    }
}

static void test_real(void)
{
    const char *real = getenv("IMGVAL_REAL");
    char path[4096];
    snprintf(path, sizeof(path), "%s/cab", real == NULL ? "" : real);
    DIR *dir = real == NULL ? NULL : opendir(path);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        snprintf(path, sizeof(path), "%s/cab/%s", real, entry->d_name);
        if (strstr(entry->d_name, ".cab") != NULL) {
            check_real(path);
        }
    }
    (void)closedir(dir);
}

int main(void)
{
    test_simple();
    test_empty();
    test_long();
    test_second_folder();
    test_duplicates();
    test_lying_counts();
    test_places();
    test_folders_overlap();
    test_multi_part();
    test_names();
    test_compression();
    test_blocks();
    test_reserve();
    test_limits();
    test_shrinks();
    test_stops_early();
    test_truncated();
    test_flipped();
    test_lzx_window();
    test_stops_in_block();
    test_lzx_call();
    test_real();
    return unit_end();
}
