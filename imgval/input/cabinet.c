/*
 * The directory of a cabinet: header, folders and members, read and checked before any data block
 * is touched. The order: the header says how many folders and members there are and where the
 * members begin; the folders follow the header; after the members are read it is known where the
 * directory ends, and only then can each folder's data be given its place. Last come the checks
 * between members (overlaps, equal names).
 *
 * The file's bytes from 0 on are kept in `head`, which grows as the directory is read; what lies
 * after it is read through `window`, one piece at a time. Every count and offset is compared with
 * the bytes that are there before memory is taken for it, so that a header of a few bytes cannot
 * ask for much. Readers differ on directories that are wrong in themselves, and each would then
 * show another package; such a cabinet is a fault and never a guess.
 */
#include "imgval/input/cabinet.h"

#include "imgval/base/cursor.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/cabinet_data.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and flags of [MS-CAB] 2.1 to 2.4. */
#define CFHEADER_RESERVES_SIZE 4
#define CFHEADER_RESERVE_MAX 60000
#define CFFILE_SIZE 16

#define FLAG_PREV_CABINET 0x0001u
#define FLAG_NEXT_CABINET 0x0002u
#define FLAG_RESERVE_PRESENT 0x0004u
#define FOLDER_CONTINUED 0xFFFDu /* and above: the member goes on in another cabinet */
#define ATTRIBUTE_NAME_IS_UTF 0x80u

/* szName has 256 bytes with its NUL; cabextract and Windows refuse longer ones. */
#define NAME_MAX_BYTES 255
#define LZX_WINDOW_MIN 15u
#define LZX_WINDOW_MAX 21u

/* The first read holds the directory of most cabinets and the manifest of many. */
#define HEAD_CHUNK 16384u
#define DIRECTORY_CHUNK 32768u

bool iv_cabinet_is(const void *head, size_t size)
{
    return size >= 4 && memcmp(head, "MSCF", 4) == 0;
}

/* ------------------------------------------------------------------------------------- faults */

IV_PRINTF(5, 0)
/* Always false. The text is kept where the cabinet is. */
static bool vfail(const struct iv_cabinet *cab, struct iv_fault *ret_fault, enum iv_fault_kind kind,
                  const struct iv_member *member, const char *fmt, va_list args)
{
    char text[256];
    vsnprintf(text, sizeof(text), fmt, args);
    *ret_fault = (struct iv_fault){
        .kind = kind,
        .member = member == NULL ? NULL : member->name,
        .detail = iv_arena_strdup(cab->arena, text),
    };
    return false;
}

bool iv_cabinet_fail(const struct iv_cabinet *cab, struct iv_fault *ret_fault,
                     enum iv_fault_kind kind, const struct iv_member *member, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vfail(cab, ret_fault, kind, member, fmt, args);
    va_end(args);
    return false;
}

bool iv_cabinet_malformed(const struct iv_cabinet *cab, struct iv_fault *ret_fault, const char *fmt,
                          ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vfail(cab, ret_fault, IV_FAULT_MALFORMED, NULL, fmt, args);
    va_end(args);
    return false;
}

/* ------------------------------------------------------------------------------ bytes of the file
 */

/* Appends exactly `size` bytes; a file that is shorter now is a fault. */
static bool append_from_file(struct iv_cabinet *cab, struct iv_buf *buf, uint64_t offset,
                             size_t size, struct iv_fault *ret_fault)
{
    char *place = iv_buf_reserve(buf, size);
    int64_t got = iv_opened_read_at(&cab->file, place, size, offset, ret_fault);
    if (got < 0) {
        return iv_cabinet_fail(cab, ret_fault, ret_fault->kind, NULL, "%s", ret_fault->detail);
    }
    if ((uint64_t)got != size) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_UNREADABLE, NULL,
                               "the file became shorter while it was read");
    }
    buf->size += size;
    buf->data[buf->size] = '\0';
    return true;
}

const unsigned char *iv_cabinet_bytes(struct iv_cabinet *cab, uint64_t offset, size_t size,
                                      uint64_t end, size_t chunk, struct iv_fault *ret_fault)
{
    /* Small cabinets lie in the head as a whole: their blocks cost no second read. */
    if (offset + size <= cab->head.size) {
        return (const unsigned char *)cab->head.data + offset;
    }
    if (offset < cab->window_at || offset + size > cab->window_at + cab->window.size) {
        size_t wanted = chunk > size ? chunk : size;
        wanted = wanted > end - offset ? (size_t)(end - offset) : wanted;
        iv_buf_clear(&cab->window);
        cab->window_at = offset;
        if (!append_from_file(cab, &cab->window, offset, wanted, ret_fault)) {
            return NULL;
        }
        cab->window_used = true;
    }
    return (const unsigned char *)cab->window.data + (offset - cab->window_at);
}

/* ------------------------------------------------------------------------------- the directory */

/* Reads at least one more byte of the directory; a fault when the cabinet ends here. */
static bool head_grow(struct iv_cabinet *cab, struct iv_fault *ret_fault)
{
    uint64_t left = cab->end - cab->head.size;
    if (left == 0) {
        return iv_cabinet_malformed(cab, ret_fault,
                                    "the directory runs past the end of the "
                                    "cabinet, at byte %llu",
                                    (unsigned long long)cab->end);
    }
    size_t chunk = cab->head.size == 0 ? HEAD_CHUNK : DIRECTORY_CHUNK;
    return append_from_file(cab, &cab->head, cab->head.size, left < chunk ? (size_t)left : chunk,
                            ret_fault);
}

/* A cursor over `size` bytes of the directory at `at`. */
static bool head_cursor(struct iv_cabinet *cab, size_t at, size_t size,
                        struct iv_cursor *ret_cursor, struct iv_fault *ret_fault)
{
    while (cab->head.size < at || cab->head.size - at < size) {
        if (!head_grow(cab, ret_fault)) {
            return false;
        }
    }
    *ret_cursor = iv_cursor(cab->head.data + at, size);
    return true;
}

/* What the header says of the tables after it. */
struct header {
    uint64_t size;  /* cbCabinet */
    unsigned major; /* versionMajor */
    unsigned flags;
    uint64_t files_at; /* coffFiles */
    size_t folders_at;
    size_t folder_stride;
    uint32_t folder_count;
    uint32_t member_count;
};

/* The version, the declared size against the file's, and the limits. Parts of a set of cabinets are
 * refused: a package is one file. */
static bool check_header(const struct iv_cabinet *cab, uint64_t file_size,
                         const struct header *header, struct iv_fault *ret_fault)
{
    if (header->major != 1) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_UNSUPPORTED, NULL,
                               "cabinet format version %u, known is 1", header->major);
    }
    if (header->size > file_size) {
        return iv_cabinet_malformed(cab, ret_fault,
                                    "cut off: the cabinet declares %llu bytes, the file has "
                                    "%llu",
                                    (unsigned long long)header->size,
                                    (unsigned long long)file_size);
    }
    if ((header->flags & (FLAG_PREV_CABINET | FLAG_NEXT_CABINET)) != 0) {
        return iv_cabinet_malformed(cab, ret_fault, "multi-part cabinet");
    }
    if (header->folder_count > cab->limits->folders) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL,
                               "%u cabinet folders, the limit is %llu", header->folder_count,
                               (unsigned long long)cab->limits->folders);
    }
    if (header->member_count > cab->limits->members) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL,
                               "%u cabinet members, the limit is %llu", header->member_count,
                               (unsigned long long)cab->limits->members);
    }
    return true;
}

static bool read_header(struct iv_cabinet *cab, uint64_t file_size, struct header *ret_header,
                        struct iv_fault *ret_fault)
{
    struct iv_cursor c;
    if (!head_cursor(cab, 0, IV_CFHEADER_SIZE, &c, ret_fault)) {
        return false;
    }
    (void)iv_cursor_u64(&c); /* signature, reserved1 */
    struct header header = {.size = iv_cursor_u32(&c), .folder_stride = IV_CFFOLDER_SIZE};
    (void)iv_cursor_u32(&c); /* reserved2 */
    header.files_at = iv_cursor_u32(&c);
    (void)iv_cursor_u32(&c); /* reserved3 */
    (void)iv_cursor_u8(&c);  /* versionMinor */
    header.major = iv_cursor_u8(&c);
    header.folder_count = iv_cursor_u16(&c);
    header.member_count = iv_cursor_u16(&c);
    header.flags = iv_cursor_u16(&c);
    if (!check_header(cab, file_size, &header, ret_fault)) {
        return false;
    }

    /* Bytes after the declared end are no part of the cabinet: a signature may lie there. */
    cab->end = header.size;
    if (cab->head.size > header.size) {
        cab->head.size = (size_t)header.size;
    }

    /* 2.1: cbCFHeader, cbCFFolder and cbCFData, and then the reserved bytes of the header. Names of
     * neighbours in a set (szCabinetPrev and so on) cannot follow, as sets were refused. */
    header.folders_at = IV_CFHEADER_SIZE;
    if ((header.flags & FLAG_RESERVE_PRESENT) != 0) {
        if (!head_cursor(cab, IV_CFHEADER_SIZE, CFHEADER_RESERVES_SIZE, &c, ret_fault)) {
            return false;
        }
        uint32_t header_reserve = iv_cursor_u16(&c);
        header.folder_stride += iv_cursor_u8(&c);
        cab->data_reserve = iv_cursor_u8(&c);
        if (header_reserve > CFHEADER_RESERVE_MAX) {
            return iv_cabinet_malformed(cab, ret_fault, "cbCFHeader is %u, at most %d is allowed",
                                        header_reserve, CFHEADER_RESERVE_MAX);
        }
        header.folders_at += CFHEADER_RESERVES_SIZE + header_reserve;
    }
    *ret_header = header;
    return true;
}

static bool set_compression(struct iv_cabinet *cab, struct iv_folder *folder, unsigned type,
                            struct iv_fault *ret_fault)
{
    /* typeCompress: the method in bits 0-3, the size of the LZX window in bits 8-12. */
    unsigned method = type & 0x0Fu;
    folder->window = type >> 8 & 0x1Fu;
    if (method == IV_COMPRESSION_NONE || method == IV_COMPRESSION_MSZIP) {
        folder->compression = (enum iv_compression)method;
        return true;
    }
    if (method == IV_COMPRESSION_LZX && folder->window >= LZX_WINDOW_MIN &&
        folder->window <= LZX_WINDOW_MAX) {
        folder->compression = IV_COMPRESSION_LZX;
        return true;
    }
    if (method == IV_COMPRESSION_QUANTUM) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_UNSUPPORTED, NULL, "Quantum compression");
    }
    /* What the format does not know is damage: no other build could read it either. */
    if (method == IV_COMPRESSION_LZX) {
        return iv_cabinet_malformed(cab, ret_fault, "LZX window of 2^%u bytes: not 2^%u to 2^%u",
                                    folder->window, LZX_WINDOW_MIN, LZX_WINDOW_MAX);
    }
    return iv_cabinet_malformed(cab, ret_fault, "unknown compression type %u", method);
}

/* The CFFOLDER entries; the stride steps over the reserved bytes of each. */
static bool read_folders(struct iv_cabinet *cab, const struct header *header,
                         struct iv_fault *ret_fault)
{
    cab->folders = IV_NEW_ARRAY(cab->arena, struct iv_folder, header->folder_count);
    cab->folder_count = header->folder_count;
    for (size_t i = 0; i < cab->folder_count; i++) {
        struct iv_cursor c;
        if (!head_cursor(cab, header->folders_at + i * header->folder_stride, header->folder_stride,
                         &c, ret_fault)) {
            return false;
        }
        cab->folders[i].start = iv_cursor_u32(&c);
        cab->folders[i].blocks = iv_cursor_u16(&c);
        if (!set_compression(cab, &cab->folders[i], iv_cursor_u16(&c), ret_fault)) {
            return false;
        }
    }
    return true;
}

/* By where the folders' data begin in the file. */
static int compare_starts(const void *a, const void *b)
{
    const struct iv_folder *x = *(struct iv_folder *const *)a;
    const struct iv_folder *y = *(struct iv_folder *const *)b;
    return (x->start > y->start) - (x->start < y->start);
}

/*
 * Every folder's data lies after the directory, has room for its blocks and belongs to it alone.
 * In the order of their starts each folder ends where the next one starts, so that two folders
 * cannot share blocks: a few bytes of file would otherwise inflate once for each of them.
 */
static bool place_folders(struct iv_cabinet *cab, uint64_t directory_end,
                          struct iv_fault *ret_fault)
{
    struct iv_folder **order = IV_NEW_ARRAY(cab->arena, struct iv_folder *, cab->folder_count);
    size_t count = 0;
    for (size_t i = 0; i < cab->folder_count; i++) {
        if (cab->folders[i].blocks > 0) {
            order[count++] = &cab->folders[i];
        }
    }
    if (count > 0) {
        iv_sort(order, count, sizeof(struct iv_folder *), compare_starts);
    }
    for (size_t i = 0; i < count; i++) {
        struct iv_folder *folder = order[i];
        folder->end = i + 1 < count ? order[i + 1]->start : cab->end;
        if (folder->start < directory_end) {
            return iv_cabinet_malformed(cab, ret_fault,
                                        "folder data at byte %llu, inside the directory",
                                        (unsigned long long)folder->start);
        }
        /* A block has at least one byte of data. */
        uint64_t least = (uint64_t)folder->blocks * (IV_CFDATA_SIZE + cab->data_reserve + 1);
        if (folder->start > cab->end || folder->end - folder->start < least) {
            return iv_cabinet_malformed(cab, ret_fault,
                                        "no room for the %u data blocks of the folder at "
                                        "byte %llu",
                                        folder->blocks, (unsigned long long)folder->start);
        }
    }
    return true;
}

/* The name at *at, which moves to the byte after its NUL. The NUL is looked for in the bytes that
 * are there, and the directory grows until it is found or the limit of a name is passed. */
static bool read_name(struct iv_cabinet *cab, size_t *at, const char **ret_name,
                      struct iv_fault *ret_fault)
{
    uint64_t limit = cab->limits->member_name;
    for (;;) {
        const char *start = cab->head.data + *at;
        size_t left = cab->head.size - *at;
        size_t span = left > limit + 1 ? (size_t)limit + 1 : left;
        const char *nul = memchr(start, '\0', span);
        if (nul != NULL) {
            size_t length = (size_t)(nul - start);
            if (length == 0) {
                return iv_cabinet_malformed(cab, ret_fault, "a member without a name");
            }
            *ret_name = iv_arena_strndup(cab->arena, start, length);
            *at += length + 1;
            return length <= NAME_MAX_BYTES ||
                   iv_cabinet_malformed(cab, ret_fault,
                                        "a member name of %zu bytes, the format "
                                        "allows %d",
                                        length, NAME_MAX_BYTES);
        }
        if (span == limit + 1) {
            return iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL,
                                   "a cabinet member name without an end, the limit is %llu "
                                   "bytes",
                                   (unsigned long long)limit);
        }
        if (!head_grow(cab, ret_fault)) {
            return false;
        }
    }
}

/* Its name is text, its folder exists, and the blocks of that folder can hold it. How much they
 * hold is an upper bound here: the last block may be short, which shows when it is read. */
static bool check_member(struct iv_cabinet *cab, const struct iv_member *member,
                         struct iv_fault *ret_fault)
{
    if ((member->attributes & ATTRIBUTE_NAME_IS_UTF) != 0 &&
        !iv_utf8_is_valid(member->name, strlen(member->name))) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, member,
                               "the member name is marked as UTF-8 and is not");
    }
    if (member->folder >= FOLDER_CONTINUED) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, member, "multi-part cabinet");
    }
    if (member->folder >= cab->folder_count) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, member,
                               "in folder %u, the cabinet has %zu", member->folder,
                               cab->folder_count);
    }
    uint64_t end = (uint64_t)member->offset + member->size;
    uint64_t room = (uint64_t)cab->folders[member->folder].blocks * IV_FRAME_SIZE;
    if (end > room) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, member,
                               "ends at byte %llu of a folder that holds at most %llu",
                               (unsigned long long)end, (unsigned long long)room);
    }
    return true;
}

/* The CFFILE entries. *ret_directory_end is the first byte after the last name. */
static bool read_members(struct iv_cabinet *cab, const struct header *header,
                         uint64_t *ret_directory_end, struct iv_fault *ret_fault)
{
    uint64_t folders_end =
        header->folders_at + (uint64_t)header->folder_count * header->folder_stride;
    if (header->files_at < folders_end || header->files_at > cab->end) {
        /* With no members the offset says nothing. */
        if (header->member_count > 0) {
            return iv_cabinet_malformed(cab, ret_fault, "coffFiles is %llu",
                                        (unsigned long long)header->files_at);
        }
        *ret_directory_end = folders_end;
        return true;
    }
    /* Each takes 16 bytes, a character and a NUL: a count that lies costs no memory. */
    if (header->member_count > (cab->end - header->files_at) / (CFFILE_SIZE + 2)) {
        return iv_cabinet_malformed(cab, ret_fault, "no room for %u members", header->member_count);
    }
    cab->members = IV_NEW_ARRAY(cab->arena, struct iv_member, header->member_count);
    size_t at = (size_t)header->files_at;
    for (size_t i = 0; i < header->member_count; i++) {
        struct iv_member *member = &cab->members[i];
        struct iv_cursor c;
        if (!head_cursor(cab, at, CFFILE_SIZE, &c, ret_fault)) {
            return false;
        }
        member->size = iv_cursor_u32(&c);
        member->offset = iv_cursor_u32(&c);
        member->folder = iv_cursor_u16(&c);
        (void)iv_cursor_u32(&c); /* date, time */
        member->attributes = iv_cursor_u16(&c);
        at += CFFILE_SIZE;
        if (!read_name(cab, &at, &member->name, ret_fault) ||
            !check_member(cab, member, ret_fault)) {
            return false;
        }
    }
    cab->member_count = header->member_count;
    *ret_directory_end = at;
    return true;
}

/* ----------------------------------------------------------------- members among themselves */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct iv_member_name *)a)->folded,
                  ((const struct iv_member_name *)b)->folded);
}

static int compare_places(const void *a, const void *b)
{
    const struct iv_member *x = *(const struct iv_member *const *)a;
    const struct iv_member *y = *(const struct iv_member *const *)b;
    if (x->folder != y->folder) {
        return x->folder < y->folder ? -1 : 1;
    }
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* No byte of a folder belongs to two members. Empty members are nowhere. */
static bool check_overlaps(struct iv_cabinet *cab, struct iv_fault *ret_fault)
{
    struct iv_arena_mark mark = iv_arena_mark(cab->arena);
    const struct iv_member **order =
        IV_NEW_ARRAY(cab->arena, const struct iv_member *, cab->member_count);
    size_t count = 0;
    for (size_t i = 0; i < cab->member_count; i++) {
        if (cab->members[i].size > 0) {
            order[count++] = &cab->members[i];
        }
    }
    if (count > 1) {
        iv_sort(order, count, sizeof(order[0]), compare_places);
    }
    const struct iv_member *found = NULL;
    for (size_t i = 1; i < count && found == NULL; i++) {
        if (order[i]->folder == order[i - 1]->folder &&
            (uint64_t)order[i - 1]->offset + order[i - 1]->size > order[i]->offset) {
            found = order[i];
        }
    }
    iv_arena_reset(cab->arena, mark);
    return found == NULL || iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, found,
                                            "overlaps another member at byte %u of folder %u",
                                            found->offset, found->folder);
}

/* Sorts the folded names for iv_cabinet_find(). Two members of one name are refused: which of them
 * a reader takes differs between tools. */
static bool index_names(struct iv_cabinet *cab, struct iv_fault *ret_fault)
{
    cab->by_name = IV_NEW_ARRAY(cab->arena, struct iv_member_name, cab->member_count);
    for (size_t i = 0; i < cab->member_count; i++) {
        cab->by_name[i] = (struct iv_member_name){
            .folded = iv_path_fold(cab->arena, cab->members[i].name),
            .member = &cab->members[i],
        };
    }
    if (cab->member_count > 1) {
        iv_sort(cab->by_name, cab->member_count, sizeof(cab->by_name[0]), compare_names);
    }
    for (size_t i = 1; i < cab->member_count; i++) {
        if (strcmp(cab->by_name[i - 1].folded, cab->by_name[i].folded) == 0) {
            return iv_cabinet_fail(cab, ret_fault, IV_FAULT_MALFORMED, cab->by_name[i].member,
                                   "two members have the same name");
        }
    }
    return true;
}

/* The steps in their order; see the top of this file. */
static bool read_directory(struct iv_cabinet *cab, uint64_t file_size, struct iv_fault *ret_fault)
{
    if (file_size > 0 && !head_grow(cab, ret_fault)) {
        return false;
    }
    if (!iv_cabinet_is(iv_buf_text(&cab->head), cab->head.size)) {
        return iv_cabinet_malformed(cab, ret_fault,
                                    file_size == 0 ? "the file is empty"
                                                   : "not a cabinet: it does not begin with MSCF");
    }
    if (file_size > cab->limits->cabinet_size) {
        return iv_cabinet_fail(
            cab, ret_fault, IV_FAULT_LIMIT, NULL, "a cabinet of %llu bytes, the limit is %llu",
            (unsigned long long)file_size, (unsigned long long)cab->limits->cabinet_size);
    }
    struct header header = {0};
    uint64_t directory_end = 0;
    return read_header(cab, file_size, &header, ret_fault) &&
           read_folders(cab, &header, ret_fault) &&
           read_members(cab, &header, &directory_end, ret_fault) &&
           place_folders(cab, directory_end, ret_fault) && check_overlaps(cab, ret_fault) &&
           index_names(cab, ret_fault);
}

bool iv_cabinet_open(const struct iv_opened *file, const struct iv_limits *limits,
                     struct iv_arena *arena, struct iv_cabinet **ret_cabinet,
                     struct iv_fault *ret_fault)
{
    struct iv_cabinet *cab IV_CLEANUP(iv_cabinet_close) = IV_NEW(arena, struct iv_cabinet);
    cab->file = *file;
    cab->end = file->size;
    cab->limits = limits;
    cab->arena = arena;
    /* No read-ahead of payloads that nobody asks for; advice alone, so failure does not matter. */
    if (file->packed == NULL) {
        iv_file_expect_jumps(file->fd);
    }
    if (!read_directory(cab, file->size, ret_fault)) {
        return false;
    }
    *ret_cabinet = cab;
    cab = NULL;
    return true;
}

void iv_cabinet_close(struct iv_cabinet **cabinet)
{
    if (*cabinet != NULL) {
        iv_buf_fini(&(*cabinet)->head);
        iv_buf_fini(&(*cabinet)->window);
        *cabinet = NULL;
    }
}

const struct iv_member *iv_cabinet_members(const struct iv_cabinet *cabinet, size_t *ret_count)
{
    *ret_count = cabinet->member_count;
    return cabinet->members;
}

const struct iv_member *iv_cabinet_find(const struct iv_cabinet *cabinet, const char *name)
{
    struct iv_arena_mark mark = iv_arena_mark(cabinet->arena);
    const char *folded = iv_path_fold(cabinet->arena, name);
    const struct iv_member *found = NULL;
    size_t low = 0;
    size_t high = cabinet->member_count;
    while (low < high && found == NULL) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(folded, cabinet->by_name[middle].folded);
        if (order == 0) {
            found = cabinet->by_name[middle].member;
        } else if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    iv_arena_reset(cabinet->arena, mark);
    return found;
}
