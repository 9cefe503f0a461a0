#include "cabinet_write.h"

#include <string.h>
#include <zlib.h>

#include "lzx_write.h"

enum {
    BLOCK_MAX = 32768, /* uncompressed bytes in one CFDATA */
    FLAG_PREVIOUS = 1,
    FLAG_NEXT = 2,
    FLAG_RESERVE = 4,
    ATTRIBUTES = 0x20, /* archive */
    DATE = (2016 - 1980) << 9 | 6 << 5 | 1,
    TIME = 12 << 11,
    CFFOLDER_SIZE = 8,
    CFDATA_SIZE = 8
};

struct field {
    const char *name;
    unsigned offset;
    unsigned size;
};

/* [MS-CAB] 2.1 CFHEADER */
static const struct field header_fields[] = {
    {"signature", 0, 4},  {"reserved1", 4, 4},   {"cbCabinet", 8, 4},     {"reserved2", 12, 4},
    {"coffFiles", 16, 4}, {"reserved3", 20, 4},  {"versionMinor", 24, 1}, {"versionMajor", 25, 1},
    {"cFolders", 26, 2},  {"cFiles", 28, 2},     {"flags", 30, 2},        {"setID", 32, 2},
    {"iCabinet", 34, 2},  {"cbCFHeader", 36, 2}, {"cbCFFolder", 38, 1},   {"cbCFData", 39, 1},
};

/* [MS-CAB] 2.4 CFDATA */
static const struct field block_fields[] = {
    {"csum", 0, 4},
    {"cbData", 4, 2},
    {"cbUncomp", 6, 2},
};

struct writer {
    struct fx_cabinet *cabinet;
    struct fx_buf *out;
    size_t start; /* of the cabinet in *out */
    size_t folders_at;
    size_t *block_places; /* of every CFDATA */
    size_t block_count;
    struct fx_arena arena;
};

static const struct field *find_field(const char *name, bool of_block)
{
    const struct field *fields = of_block ? block_fields : header_fields;
    size_t count = of_block ? sizeof(block_fields) / sizeof(block_fields[0])
                            : sizeof(header_fields) / sizeof(header_fields[0]);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

bool fx_cabinet_has_field(const char *name, bool of_block)
{
    return find_field(name, of_block) != NULL;
}

/* [MS-CAB] 3.1: exclusive or of little-endian words; the odd bytes at the end count big-endian. */
static uint32_t checksum(const unsigned char *p, size_t n, uint32_t sum)
{
    for (; n >= 4; n -= 4, p += 4) {
        sum ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    uint32_t rest = 0;
    for (; n > 0; n--) {
        rest = rest << 8 | *p++;
    }
    return sum ^ rest;
}

/* ---- compression ---- */

struct packer {
    const struct fx_folder *folder;
    z_stream zlib;
    struct fx_lzx *lzx;
    unsigned char previous[BLOCK_MAX]; /* MSZIP: the block before is the dictionary */
    size_t previous_len;
};

static void packer_open(struct packer *packer, const struct fx_folder *folder)
{
    packer->folder = folder;
    packer->previous_len = 0;
    packer->lzx = NULL;
    packer->zlib = (z_stream){0};
    switch (folder->method) {
    case FX_METHOD_NONE:
        break;
    case FX_METHOD_MSZIP:
        if (deflateInit2(&packer->zlib, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
            fx_die("cannot start deflate");
        }
        break;
    case FX_METHOD_LZX:
        packer->lzx = fx_lzx_open(folder->window_bits);
        break;
    }
}

static void packer_close(struct packer *packer)
{
    switch (packer->folder->method) {
    case FX_METHOD_NONE:
        break;
    case FX_METHOD_MSZIP:
        deflateEnd(&packer->zlib);
        break;
    case FX_METHOD_LZX:
        fx_lzx_close(packer->lzx);
        break;
    }
}

static void put_mszip(struct packer *packer, unsigned char *data, size_t n, struct fx_buf *out)
{
    z_stream *zlib = &packer->zlib;
    deflateReset(zlib);
    if (packer->previous_len > 0) {
        deflateSetDictionary(zlib, packer->previous, (uInt)packer->previous_len);
    }
    fx_buf_put(out, "CK", 2);
    size_t start = out->len;
    size_t room = BLOCK_MAX + 1024;
    fx_buf_reserve(out, room);
    zlib->next_in = data;
    zlib->avail_in = (uInt)n;
    zlib->next_out = out->data + start;
    zlib->avail_out = (uInt)room;
    int result = deflate(zlib, Z_FINISH);
    if (result == Z_STREAM_END && room - zlib->avail_out <= n + 5) {
        out->len += room - zlib->avail_out;
    } else {
        /* One stored deflate block: the format allows 12 bytes of growth, 7 are needed. */
        fx_buf_byte(out, 1);
        fx_buf_u16(out, (unsigned)n);
        fx_buf_u16(out, (unsigned)~n & 0xFFFFu);
        fx_buf_put(out, data, n);
    }
    /* A short block (blocksize=) leaves older history in the dictionary. */
    if (n < BLOCK_MAX) {
        size_t keep = packer->previous_len < BLOCK_MAX - n ? packer->previous_len : BLOCK_MAX - n;
        memmove(packer->previous, packer->previous + packer->previous_len - keep, keep);
        memcpy(packer->previous + keep, data, n);
        packer->previous_len = keep + n;
    } else {
        memcpy(packer->previous, data, n);
        packer->previous_len = n;
    }
}

static void put_block(struct writer *writer, struct packer *packer, unsigned char *data, size_t n)
{
    const struct fx_cabinet *cabinet = writer->cabinet;
    struct fx_buf *out = writer->out;
    size_t at = out->len;
    size_t *place = fx_arena_push(&writer->arena, (void **)&writer->block_places,
                                  &writer->block_count, sizeof(*place));
    *place = at;
    fx_buf_zero(out, CFDATA_SIZE);
    /* Zeros: readers differ in whether the reserved area is part of the checksum. */
    fx_buf_zero(out, cabinet->data_reserve);
    size_t body = out->len;
    switch (packer->folder->method) {
    case FX_METHOD_NONE:
        fx_buf_put(out, data, n);
        break;
    case FX_METHOD_MSZIP:
        put_mszip(packer, data, n, out);
        break;
    case FX_METHOD_LZX:
        fx_lzx_frame(packer->lzx, data, n, out);
        break;
    }
    fx_buf_poke(out, at + 4, 2, out->len - body);
    fx_buf_poke(out, at + 6, 2, n);
    uint32_t sum = checksum(out->data + at + 4, 4, checksum(out->data + body, out->len - body, 0));
    switch (cabinet->checksum) {
    case FX_CHECKSUM_GOOD:
        break;
    case FX_CHECKSUM_ZERO:
        sum = 0; /* the format's "not computed" */
        break;
    case FX_CHECKSUM_BAD:
        sum = sum == 0xFFFFFFFFu ? 1 : sum + 1;
        break;
    }
    fx_buf_poke(out, at, 4, sum);
}

/* Compresses all members of one folder; returns the number of blocks. */
static size_t put_folder_data(struct writer *writer, size_t index)
{
    struct fx_cabinet *cabinet = writer->cabinet;
    const struct fx_folder *folder = &cabinet->folders[index];
    unsigned char block[BLOCK_MAX];
    size_t size = folder->block_size;
    size_t in_block = 0;
    size_t blocks = 0;
    uint64_t place = 0;
    struct packer packer;
    packer_open(&packer, folder);
    for (size_t i = 0; i < cabinet->member_count; i++) {
        struct fx_member *member = &cabinet->members[i];
        if (member->folder != index) {
            continue;
        }
        member->place = place;
        place += member->source.size;
        struct fx_stream stream;
        fx_stream_open(&stream, &member->source);
        size_t got;
        while ((got = fx_stream_read(&stream, block + in_block, size - in_block)) > 0) {
            in_block += got;
            if (in_block == size) {
                put_block(writer, &packer, block, in_block);
                in_block = 0;
                blocks++;
            }
        }
    }
    if (in_block > 0) {
        put_block(writer, &packer, block, in_block);
        blocks++;
    }
    packer_close(&packer);
    if (blocks > 65535 || place > UINT32_MAX) {
        fx_die("a cabinet folder holds at most 65,535 blocks and 4 GiB");
    }
    return blocks;
}

/* ---- directory ---- */

static unsigned truth_or(struct fx_lie lie, uint64_t truth)
{
    return (unsigned)(lie.set ? lie.value : truth);
}

static void put_header(struct writer *writer)
{
    const struct fx_cabinet *cabinet = writer->cabinet;
    struct fx_buf *out = writer->out;
    bool reserve = cabinet->header_reserve + cabinet->folder_reserve + cabinet->data_reserve > 0;
    unsigned flags = truth_or(cabinet->flags, 0) | (reserve ? FLAG_RESERVE : 0u);
    fx_buf_put(out, "MSCF", 4);
    fx_buf_zero(out, 20); /* sizes and offsets follow when they are known */
    fx_buf_byte(out, 3);
    fx_buf_byte(out, 1);
    fx_buf_u16(out, (unsigned)cabinet->folder_count);
    fx_buf_u16(out, (unsigned)cabinet->member_count);
    fx_buf_u16(out, flags);
    fx_buf_u16(out, 0x1234); /* setID: any number */
    fx_buf_u16(out, 0);
    if ((flags & FLAG_RESERVE) != 0) {
        fx_buf_u16(out, cabinet->header_reserve);
        fx_buf_byte(out, cabinet->folder_reserve);
        fx_buf_byte(out, cabinet->data_reserve);
        for (unsigned i = 0; i < cabinet->header_reserve; i++) {
            fx_buf_byte(out, 'H');
        }
    }
    if ((flags & FLAG_PREVIOUS) != 0) {
        fx_buf_put(out, cabinet->previous, strlen(cabinet->previous) + 1);
        fx_buf_put(out, "disk1", 6);
    }
    if ((flags & FLAG_NEXT) != 0) {
        fx_buf_put(out, cabinet->next, strlen(cabinet->next) + 1);
        fx_buf_put(out, "disk2", 6);
    }
}

static unsigned type_of(const struct fx_folder *folder)
{
    switch (folder->method) {
    case FX_METHOD_NONE:
        return 0;
    case FX_METHOD_MSZIP:
        return 1;
    case FX_METHOD_LZX:
        return 3 | folder->window_bits << 8;
    }
    return 0;
}

/* Offsets of members are not known before their folders are written: a second pass fills them. */
static void put_directory(struct writer *writer, size_t **ret_places)
{
    const struct fx_cabinet *cabinet = writer->cabinet;
    struct fx_buf *out = writer->out;
    writer->folders_at = out->len;
    for (size_t i = 0; i < cabinet->folder_count; i++) {
        fx_buf_zero(out, 6);
        fx_buf_u16(out, truth_or(cabinet->folders[i].lie_type, type_of(&cabinet->folders[i])));
        for (unsigned k = 0; k < cabinet->folder_reserve; k++) {
            fx_buf_byte(out, 'F');
        }
    }
    fx_buf_poke(out, writer->start + 16, 4, out->len - writer->start);
    *ret_places = fx_arena_alloc(&writer->arena, (cabinet->member_count + 1) * sizeof(size_t));
    for (size_t i = 0; i < cabinet->member_count; i++) {
        const struct fx_member *member = &cabinet->members[i];
        (*ret_places)[i] = out->len;
        fx_buf_u32(out,
                   (uint32_t)(member->lie_size.set ? member->lie_size.value : member->source.size));
        fx_buf_u32(out, 0);
        fx_buf_u16(out, truth_or(member->lie_folder, member->folder));
        fx_buf_u16(out, truth_or(member->date, DATE));
        fx_buf_u16(out, truth_or(member->time, TIME));
        fx_buf_u16(out, truth_or(member->attributes, ATTRIBUTES));
        fx_buf_put(out, member->name, member->name_len);
        fx_buf_byte(out, 0);
    }
}

static void put_data(struct writer *writer, const size_t *places)
{
    struct fx_cabinet *cabinet = writer->cabinet;
    struct fx_buf *out = writer->out;
    for (size_t i = 0; i < cabinet->folder_count; i++) {
        const struct fx_folder *folder = &cabinet->folders[i];
        size_t at = writer->folders_at + i * (CFFOLDER_SIZE + cabinet->folder_reserve);
        fx_buf_poke(out, at, 4, truth_or(folder->lie_offset, out->len - writer->start));
        size_t blocks = put_folder_data(writer, i);
        fx_buf_poke(out, at + 4, 2, truth_or(folder->lie_blocks, blocks));
    }
    for (size_t i = 0; i < cabinet->member_count; i++) {
        const struct fx_member *member = &cabinet->members[i];
        fx_buf_poke(out, places[i] + 4, 4, truth_or(member->lie_offset, member->place));
    }
    if (out->len - writer->start > UINT32_MAX) {
        fx_die("a cabinet is at most 4 GiB");
    }
    fx_buf_poke(out, writer->start + 8, 4, out->len - writer->start);
}

/* A block whose sizes lie keeps a right checksum, so that readers get as far as the lie. */
static void poke_field(struct fx_buf *out, size_t at, const struct field *field,
                       const struct fx_field *lie, bool keep_checksum)
{
    bool sizes = lie->block.set && field->offset != 0 && keep_checksum;
    uint32_t sum = sizes ? checksum(out->data + at, 8, 0) : 0;
    fx_buf_poke(out, at + field->offset, field->size, lie->value);
    if (sizes) {
        uint32_t word = checksum(out->data + at + 4, 4, 0);
        fx_buf_poke(out, at, 4, sum ^ word);
    }
}

static void put_lies(struct writer *writer)
{
    const struct fx_cabinet *cabinet = writer->cabinet;
    struct fx_buf *out = writer->out;
    for (size_t i = 0; i < cabinet->field_count; i++) {
        const struct fx_field *lie = &cabinet->fields[i];
        const struct field *field = find_field(lie->name, lie->block.set);
        size_t at = writer->start;
        if (lie->block.set) {
            if (lie->block.value >= writer->block_count) {
                fx_die("block %llu: the cabinet has %zu", (unsigned long long)lie->block.value,
                       writer->block_count);
            }
            at = writer->block_places[lie->block.value];
        }
        poke_field(out, at, field, lie, cabinet->checksum == FX_CHECKSUM_GOOD);
    }
    for (size_t i = 0; i < cabinet->patch_count; i++) {
        const struct fx_patch *patch = &cabinet->patches[i];
        for (size_t k = 0; k < patch->len; k++) {
            fx_buf_poke(out, writer->start + patch->offset + k, 1, patch->bytes[k]);
        }
    }
    if (cabinet->append > 0) {
        /* The shape of a signature that follows a cabinet: a DER sequence. */
        static const unsigned char der[] = {0x30, 0x82};
        struct fx_source noise = {.pattern = FX_PATTERN_RANDOM, .size = cabinet->append, .seed = 7};
        struct fx_stream stream;
        fx_stream_open(&stream, &noise);
        size_t at = out->len;
        fx_buf_zero(out, (size_t)cabinet->append);
        fx_stream_read(&stream, out->data + at, (size_t)cabinet->append);
        memcpy(out->data + at, der, cabinet->append < 2 ? 1 : 2);
    }
    if (cabinet->has_truncate) {
        int64_t len = (int64_t)(out->len - writer->start);
        int64_t want = cabinet->truncate < 0 ? len + cabinet->truncate : cabinet->truncate;
        if (want < 0 || want > len) {
            fx_die("truncate=%lld: the file has %lld bytes", (long long)cabinet->truncate,
                   (long long)len);
        }
        out->len = writer->start + (size_t)want;
    }
}

void fx_cabinet_write(struct fx_cabinet *cabinet, struct fx_buf *out)
{
    struct writer writer = {.cabinet = cabinet, .out = out, .start = out->len};
    size_t *places;
    if (cabinet->folder_count > 65535 || cabinet->member_count > 65535) {
        fx_die("a cabinet has at most 65,535 folders and members");
    }
    put_header(&writer);
    put_directory(&writer, &places);
    put_data(&writer, places);
    put_lies(&writer);
    fx_arena_fini(&writer.arena);
}
