/*
 * The members of a tar archive.
 *
 * A tar archive is a row of blocks of 512 bytes: a header, the data of the member, the next header,
 * and in the end two blocks of zeros. There is no directory, so all headers are read, each at the
 * place that the one before it leads to; data are passed over, and read in place later.
 *
 * A header has little room. What does not fit stands in members before it, of two kinds: the long
 * names of GNU tar (types L and K), and the records of pax (type x: "27 path=a name\n"). Tools
 * differ on what counts where both are given, or one twice, or where pax and header tell different
 * sizes; some read on after the end. Each of them makes another tree of such an archive, so it is
 * refused. Sparse files and hard links are named and not read.
 */
#include "imgval/input/tar.h"

#include "imgval/base/cursor.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512
#define EXTENSION_MAX (IV_MIB) /* bytes of a long name, or of the records of a member */
#define REST_MAX (IV_MIB)      /* bytes of zeros after the end: archives are filled up to a size */
#define OCTAL_MAX UINT64_C(077777777777) /* the greatest size in eleven octal digits */

/* Places in a header. */
enum {
    NAME_AT = 0,
    NAME_SIZE = 100,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    SUM_AT = 148,
    SUM_SIZE = 8,
    TYPE_AT = 156,
    LINK_AT = 157,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
    PREFIX_SIZE = 155,
};

/* What members before a header say of its member; NULL, false: nothing. */
struct extension {
    const char *name;
    size_t name_size;
    const char *target;
    size_t target_size;
    uint64_t size;
    bool has_size;
    bool has_records;
    bool has_long; /* of GNU tar */
};

struct tar {
    int fd;
    uint64_t size;
    uint64_t at; /* of the next block */
    struct iv_archive_list *list;
    struct extension next;
};

static bool refuse(struct tar *tar, const char *detail)
{
    return iv_archive_list_fail(tar->list, IV_FAULT_UNSUPPORTED,
                                iv_arena_printf(tar->list->arena, "a tar archive %s", detail));
}

/* ---------------------------------------------------------------------------------------- headers
 */

/* Octal digits with blanks or NULs around them, or a number of 63 bits after a first bit that is
 * set. False: it is neither. */
static bool parse_number(const unsigned char *field, size_t size, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t at = 0;
    if (field[0] == 0x80) {
        for (at = 1; at < size; at++) {
            if (value > INT64_MAX >> 8) {
                return false;
            }
            value = value << 8 | field[at];
        }
        *ret_value = value;
        return true;
    }
    while (at < size && field[at] == ' ') {
        at++;
    }
    const size_t first = at;
    for (; at < size && field[at] >= '0' && field[at] <= '7'; at++) {
        value = value << 3 | (uint64_t)(field[at] - '0'); /* 12 digits at most */
    }
    const size_t end = at;
    while (at < size && (field[at] == ' ' || field[at] == '\0')) {
        at++;
    }
    *ret_value = value;
    return at == size && end > first;
}

/* The sum of all bytes, with blanks in its own place. */
static bool has_right_sum(const unsigned char *block)
{
    uint64_t wanted;
    uint64_t sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        sum += i >= SUM_AT && i < SUM_AT + SUM_SIZE ? ' ' : block[i];
    }
    return parse_number(block + SUM_AT, SUM_SIZE, &wanted) && wanted == sum;
}

static bool is_posix(const unsigned char *block)
{
    return memcmp(block + MAGIC_AT, "ustar\0", 6) == 0;
}

static bool is_gnu(const unsigned char *block)
{
    return memcmp(block + MAGIC_AT, "ustar  ", 7) == 0;
}

/* Before POSIX there was nothing after the names: the checksum alone says what it is. */
static bool is_old(const unsigned char *block)
{
    return block[NAME_AT] != '\0' && block[MAGIC_AT] == '\0';
}

static bool is_header(const unsigned char *block)
{
    return is_posix(block) || is_gnu(block) || is_old(block);
}

bool iv_tar_is(const void *head, size_t size)
{
    return size >= BLOCK && is_header(head) && has_right_sum(head);
}

static size_t text_size(const unsigned char *field, size_t size)
{
    const unsigned char *end = memchr(field, '\0', size);
    return end == NULL ? size : (size_t)(end - field);
}

/* The name of a header, of its two fields. */
static const char *own_name(struct tar *tar, const unsigned char *block, size_t *ret_size)
{
    struct iv_arena *arena = tar->list->arena;
    size_t size = text_size(block + NAME_AT, NAME_SIZE);
    size_t prefix = is_posix(block) ? text_size(block + PREFIX_AT, PREFIX_SIZE) : 0;
    char *name = iv_arena_alloc_text(arena, prefix + size + 2);
    memcpy(name, block + PREFIX_AT, prefix);
    if (prefix > 0) {
        name[prefix++] = '/';
    }
    memcpy(name + prefix, block + NAME_AT, size);
    *ret_size = prefix + size;
    return name;
}

/* ------------------------------------------------------------------------------------- extensions
 */

/* One record. Those that say nothing of the tree (times, owners, comments) do not count. */
static bool take_record(struct tar *tar, const char *key, size_t key_size, const char *value,
                        size_t value_size, bool is_global)
{
    struct extension *next = &tar->next;
    static const char sparse[] = "GNU.sparse.";
    const bool is_path = key_size == 4 && memcmp(key, "path", 4) == 0;
    const bool is_link = key_size == 8 && memcmp(key, "linkpath", 8) == 0;
    const bool is_size = key_size == 4 && memcmp(key, "size", 4) == 0;
    const bool is_sparse =
        key_size >= sizeof(sparse) - 1 && memcmp(key, sparse, sizeof(sparse) - 1) == 0;
    if (is_global) {
        return !(is_path || is_link || is_size || is_sparse) ||
               refuse(tar, "with a name or size for all members");
    }
    if (is_sparse) { /* its name is another one, too */
        return refuse(tar, "with a sparse file");
    }
    if ((is_path && next->name != NULL) || (is_link && next->target != NULL) ||
        (is_size && next->has_size)) {
        return refuse(tar, "that says a name or size of a member twice");
    }
    if (is_path) {
        next->name = value;
        next->name_size = value_size;
    } else if (is_link) {
        next->target = value;
        next->target_size = value_size;
    } else if (is_size) {
        next->has_size = iv_parse_decimal(value, value_size, INT64_MAX, &next->size);
        return next->has_size || refuse(tar, "with a size that is no number");
    }
    return true;
}

/* "LENGTH KEY=VALUE\n", one after the other; the length is that of the whole record. */
static bool take_records(struct tar *tar, const char *text, size_t size, bool is_global)
{
    for (size_t at = 0; at < size;) {
        const char *record = text + at;
        const char *blank = memchr(record, ' ', size - at);
        uint64_t length = 0;
        if (blank == NULL ||
            !iv_parse_decimal(record, (size_t)(blank - record), size - at, &length) ||
            length <= (uint64_t)(blank - record) + 1 || record[length - 1] != '\n') {
            return refuse(tar, "with damaged records before a member");
        }
        const char *key = blank + 1;
        const char *end = record + length - 1;
        const char *sign = memchr(key, '=', (size_t)(end - key));
        if (sign == NULL) {
            return refuse(tar, "with damaged records before a member");
        }
        if (!take_record(tar, key, (size_t)(sign - key), sign + 1, (size_t)(end - sign) - 1,
                         is_global)) {
            return false;
        }
        at += (size_t)length;
    }
    return true;
}

/* A long name or the text of a link, which ends in a NUL. */
static bool take_long(struct tar *tar, char type, const char *text, size_t size)
{
    struct extension *next = &tar->next;
    const char **place = type == 'L' ? &next->name : &next->target;
    if (*place != NULL) {
        return refuse(tar, "that says a name of a member twice");
    }
    *place = text;
    *(type == 'L' ? &next->name_size : &next->target_size) =
        text_size((const unsigned char *)text, size);
    next->has_long = true;
    return true;
}

/* A member that says something of the next one, or of all. Its data begin at tar->at. */
static bool take_extension(struct tar *tar, char type, uint64_t size)
{
    if (size > EXTENSION_MAX) {
        return iv_archive_list_fail(tar->list, IV_FAULT_LIMIT,
                                    "the archive says more than a MiB about a member; none of them "
                                    "was read");
    }
    char *text = iv_arena_alloc_text(tar->list->arena, (size_t)size + 1);
    if (!iv_archive_list_read(tar->list, tar->fd, text, (size_t)size, tar->at)) {
        return false;
    }
    text[size] = '\0';
    if (type == 'g') {
        return take_records(tar, text, (size_t)size, true);
    }
    const bool is_records = type == 'x';
    if (is_records ? tar->next.has_records || tar->next.has_long : tar->next.has_records) {
        return refuse(tar, "that says a name of a member twice");
    }
    tar->next.has_records = is_records;
    return is_records ? take_records(tar, text, (size_t)size, false)
                      : take_long(tar, type, text, (size_t)size);
}

/* ----------------------------------------------------------------------------------------- members
 */

/* What a type of header stands for; *ret_detail: why it is not read. False: of no known one. */
static bool type_of(char type, enum iv_file_type *ret_type, const char **ret_detail)
{
    *ret_type = IV_FILE_OTHER;
    switch (type) {
    case '\0': /* of a file, before POSIX */
    case '0':
    case '7':
        *ret_type = IV_FILE_REGULAR;
        return true;
    case '1':
        *ret_type = IV_FILE_REGULAR;
        *ret_detail = "it is a hard link in the archive";
        return true;
    case 'S':
        *ret_type = IV_FILE_REGULAR;
        *ret_detail = "it is a sparse file in the archive";
        return true;
    case '2':
        *ret_type = IV_FILE_LINK;
        return true;
    case '3':
    case '4':
        *ret_detail = "a device";
        return true;
    case '5':
        *ret_type = IV_FILE_DIRECTORY;
        return true;
    case '6':
        *ret_detail = "a FIFO";
        return true;
    default:
        return false;
    }
}

/* The size that counts: a record may have what the header has no room for, and nothing else. */
static bool settle_size(struct tar *tar, uint64_t *size)
{
    const struct extension *next = &tar->next;
    if (!next->has_size || next->size == *size) {
        return true;
    }
    if (next->size <= OCTAL_MAX) {
        return refuse(tar, "in which two sizes of a member differ");
    }
    *size = next->size;
    return true;
}

/* Where a link leads. */
static const char *target_of(const struct tar *tar, const unsigned char *block)
{
    const struct extension *next = &tar->next;
    return next->target != NULL
               ? iv_arena_strndup(tar->list->arena, next->target, next->target_size)
               : iv_arena_strndup(tar->list->arena, (const char *)block + LINK_AT,
                                  text_size(block + LINK_AT, NAME_SIZE));
}

static bool add_member(struct tar *tar, const unsigned char *block, uint64_t size)
{
    const char *detail = NULL;
    struct iv_archived member = {.place = {.at = tar->at, .packed = size, .size = size}};
    if (!type_of((char)block[TYPE_AT], &member.type, &detail)) {
        return refuse(tar, "with a member of a type that is not known");
    }
    size_t name_size = tar->next.name_size;
    const char *name = tar->next.name != NULL ? tar->next.name : own_name(tar, block, &name_size);
    if (member.type == IV_FILE_REGULAR && detail != NULL) {
        member.fault = IV_FAULT_UNSUPPORTED;
    }
    /* A folder of some tools is a file whose name ends with '/'. */
    const bool is_folder = name_size > 0 && name[name_size - 1] == '/';
    if (size > 0 && (member.type != IV_FILE_REGULAR || is_folder)) {
        return refuse(tar, "with data after a member that has none");
    }
    if (member.type == IV_FILE_LINK) {
        member.target = target_of(tar, block);
    }
    member.detail = detail;
    bool done = iv_archive_list_add(tar->list, name, name_size, &member);
    tar->next = (struct extension){0};
    return done;
}

/* One header and what belongs to it; sets tar->at to the next one. */
static bool take_header(struct tar *tar, const unsigned char *block)
{
    uint64_t size;
    if (!is_header(block)) {
        return refuse(tar, "with a header of another form");
    }
    if (!has_right_sum(block)) {
        return refuse(tar, "with a header whose checksum is wrong");
    }
    /* GNU tar had times there, and some tools take them for the beginning of the name. */
    if (!is_posix(block) && block[PREFIX_AT] != '\0') {
        return refuse(tar, "with a name that tools read in two ways");
    }
    const char type = (char)block[TYPE_AT];
    const bool is_extension = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (!parse_number(block + SIZE_AT, SIZE_SIZE, &size)) {
        return refuse(tar, "with a damaged size");
    }
    if (!is_extension && !settle_size(tar, &size)) {
        return false;
    }
    /* Of a hard link some tools write the size of its file, without data. */
    size = type == '1' ? 0 : size;
    tar->at += BLOCK;
    if (size > tar->size - tar->at) {
        return refuse(tar, "that is cut off");
    }
    if (!(is_extension ? take_extension(tar, type, size) : add_member(tar, block, size))) {
        return false;
    }
    tar->at += (size + BLOCK - 1) / BLOCK * BLOCK;
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* After the last member: zeros, and nothing else. */
static bool check_end(struct tar *tar)
{
    unsigned char block[BLOCK];
    uint64_t left = tar->size - tar->at;
    if (tar->next.has_records || tar->next.has_long) {
        return refuse(tar, "whose last member is missing");
    }
    if (left < 2 * (uint64_t)BLOCK || left > REST_MAX) {
        return refuse(tar, left > REST_MAX ? "with something after its end"
                                           : "without its end: it is cut off");
    }
    for (; left > 0; left = tar->size - tar->at) {
        const size_t size = left < BLOCK ? (size_t)left : BLOCK;
        if (!iv_archive_list_read(tar->list, tar->fd, block, size, tar->at)) {
            return false;
        }
        if (!is_zero(block, size)) {
            return refuse(tar, "with something after its end");
        }
        tar->at += size;
    }
    return true;
}

void iv_tar_list(int fd, uint64_t size, struct iv_archive_list *list)
{
    struct tar tar = {.fd = fd, .size = size, .list = list};
    unsigned char block[BLOCK] = {0};
    bool is_fine = true;
    bool is_ended = false;
    while (is_fine && !is_ended) {
        if (tar.at >= size || size - tar.at < BLOCK) {
            is_fine = refuse(&tar, "without its end: it is cut off");
        } else {
            is_fine = iv_archive_list_read(list, fd, block, sizeof(block), tar.at);
        }
        if (is_fine) {
            is_ended = is_zero(block, sizeof(block));
            is_fine = is_ended ? check_end(&tar) : take_header(&tar, block);
        }
    }
    list->archive.is_read = is_fine;
}
