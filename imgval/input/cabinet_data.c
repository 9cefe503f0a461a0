/*
 * The data blocks of a cabinet's folders, and what they inflate to.
 *
 * A folder is a chain of blocks (CFDATA), each of which says how many bytes it takes and what it
 * inflates to; a member is a range of what all of them inflate to. To read one, the chain is
 * followed from the folder's start, headers and checksums are compared by our own code, and the
 * data go to libarchive as blocks of a small cabinet that is made up here (struct feed). Folders
 * that are only stored do not need libarchive at all.
 *
 * There are two ways through a folder. A pass (iv_cabinet_read, iv_cabinet_read_all) takes chosen
 * members, in the order of their places, and stops after the last of them. A stream
 * (iv_cabinet_stream) decodes every block, gives all members to a sink and goes on with the next
 * folder after damage.
 *
 * LZX needs a second look. Its matches may reach back to before the first byte of the folder, where
 * a good packer never points and where libarchive has memory that was never set. A first folder
 * fills that window with 0xFF; if the result holds a byte that may have come from there, it is
 * decoded again over 0x55, and a difference is a fault. So no member's bytes depend on memory that
 * an attacker chose or that is left over from another file.
 */
#include "imgval/input/cabinet_data.h"

#include "imgval/base/cursor.h"
#include "imgval/base/digest.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After the head: one whole block, then larger pieces. A manifest in the first two frames of a
 * cabinet costs less than 128 KiB of reading in all. */
#define FIRST_CHUNK (IV_BLOCK_MAX + 256u)
#define NEXT_CHUNK 65536u

/* --------------------------------------------------------------------------------- data blocks */

/* One CFDATA: where its data lie, and what its header says of them. */
struct block {
    uint64_t data_at;
    uint32_t data_size;
    uint32_t inflated;
    uint32_t sum;         /* csum; 0: none */
    uint32_t header_sum;  /* over cbData and cbUncomp */
    uint32_t reserve_sum; /* over the reserved bytes */
};

/*
 * csum of [MS-CAB] 3.1: exclusive or of little-endian 32-bit words. One to three bytes at the end
 * are put together in the other byte order. Two words at a time give the same, as the order of an
 * exclusive or does not matter.
 */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint64_t wide = 0;
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        uint64_t part;
        memcpy(&part, bytes + at, sizeof(part));
        wide ^= part;
    }
    uint32_t narrow = (uint32_t)(wide ^ wide >> 32);
    if (size - at >= 4) {
        uint32_t part;
        memcpy(&part, bytes + at, sizeof(part));
        narrow ^= part;
        at += 4;
    }
    unsigned char word[sizeof(narrow)];
    memcpy(word, &narrow, sizeof(word));
    uint32_t sum = (uint32_t)word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
                   (uint32_t)word[3] << 24;
    uint32_t tail = 0;
    for (; at < size; at++) {
        tail = tail << 8 | bytes[at];
    }
    return sum ^ tail;
}

/* Which block of a folder, and where it begins. */
struct block_place {
    uint32_t index;
    uint64_t at;
    size_t chunk; /* read at once from there, as the data will be wanted too; 0: the header alone */
};

/* The header of a block. Only the last block may be short: members are found by their offsets,
 * which count on full frames before them. */
static bool read_block_header(struct iv_cabinet *cab, const struct iv_folder *folder,
                              const struct block_place *place, struct block *ret_block,
                              struct iv_fault *ret_fault)
{
    const uint32_t index = place->index;
    const uint64_t at = place->at;
    size_t header_size = IV_CFDATA_SIZE + cab->data_reserve;
    if (at > folder->end || folder->end - at < header_size) {
        return iv_cabinet_malformed(cab, ret_fault, "data block %u runs past the end of its folder",
                                    index);
    }
    const unsigned char *bytes =
        iv_cabinet_bytes(cab, at, header_size, folder->end, place->chunk, ret_fault);
    if (bytes == NULL) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, header_size);
    struct block block = {.data_at = at + header_size, .sum = iv_cursor_u32(&c)};
    block.data_size = iv_cursor_u16(&c);
    block.inflated = iv_cursor_u16(&c);
    block.header_sum = checksum(bytes + 4, 4);
    block.reserve_sum = checksum(bytes + IV_CFDATA_SIZE, cab->data_reserve);

    bool last = index + 1 == folder->blocks;
    bool stored = folder->compression == IV_COMPRESSION_NONE;
    if (block.inflated == 0 || block.inflated > IV_FRAME_SIZE ||
        (!last && block.inflated != IV_FRAME_SIZE)) {
        return iv_cabinet_malformed(cab, ret_fault, "data block %u inflates to %u bytes", index,
                                    block.inflated);
    }
    if (block.data_size == 0 || block.data_size > IV_BLOCK_MAX ||
        (stored && block.data_size != block.inflated)) {
        return iv_cabinet_malformed(cab, ret_fault, "data block %u of %u bytes inflates to %u",
                                    index, block.data_size, block.inflated);
    }
    if (folder->end - block.data_at < block.data_size) {
        return iv_cabinet_malformed(cab, ret_fault, "data block %u runs past the end of its folder",
                                    index);
    }
    *ret_block = block;
    return true;
}

/* The data of the block, its checksum compared. NULL with the fault set. */
static const unsigned char *read_block_data(struct iv_cabinet *cab, const struct iv_folder *folder,
                                            uint32_t index, const struct block *block,
                                            struct iv_fault *ret_fault)
{
    const unsigned char *data =
        iv_cabinet_bytes(cab, block->data_at, block->data_size, folder->end, NEXT_CHUNK, ret_fault);
    if (data == NULL || block->sum == 0) {
        return data;
    }
    /* The format's checksum covers the reserved bytes; cabextract leaves them out. */
    uint32_t sum = checksum(data, block->data_size) ^ block->header_sum;
    if (sum != block->sum && (sum ^ block->reserve_sum) != block->sum) {
        (void)iv_cabinet_malformed(cab, ret_fault, "wrong checksum of data block %u", index);
        return NULL;
    }
    return data;
}

/*
 * How much the next read takes: little the first time, when often a manifest is all that is wanted.
 */
static size_t next_chunk(const struct iv_cabinet *cab)
{
    return cab->window_used ? NEXT_CHUNK : FIRST_CHUNK;
}

/* Blocks of the folder from its start to the end of the member. */
static uint32_t blocks_needed(const struct iv_member *member)
{
    uint64_t end = (uint64_t)member->offset + member->size;
    return (uint32_t)((end + IV_FRAME_SIZE - 1) / IV_FRAME_SIZE);
}

/*
 * A stored member needs its own blocks alone. The headers before them are looked at all the same,
 * eight bytes each: their places could be computed, but a cabinet that lies there would then show
 * us another member than it shows to a reader that goes from block to block.
 * Blocks before the first one of the member are not read beyond their headers.
 */
static bool read_stored(struct iv_cabinet *cab, const struct iv_folder *folder,
                        const struct iv_member *member, struct iv_buf *buf,
                        struct iv_fault *ret_fault)
{
    uint32_t count = blocks_needed(member);
    uint32_t first = member->offset / IV_FRAME_SIZE;
    uint64_t at = folder->start;
    uint64_t skip = member->offset % IV_FRAME_SIZE;
    uint64_t left = member->size;
    for (uint32_t i = 0; i < count; i++) {
        struct block block = {0};
        const struct block_place place = {i, at, i < first ? 0 : next_chunk(cab)};
        if (!read_block_header(cab, folder, &place, &block, ret_fault)) {
            return false;
        }
        at = block.data_at + block.data_size;
        if (i < first) {
            continue;
        }
        const unsigned char *data = read_block_data(cab, folder, i, &block, ret_fault);
        if (data == NULL) {
            return false;
        }
        if (block.inflated < skip || (i + 1 == count && block.inflated - skip < left)) {
            return iv_cabinet_malformed(cab, ret_fault,
                                        "the member runs past the end of its folder");
        }
        size_t part = block.inflated - (size_t)skip;
        part = part > left ? (size_t)left : part;
        iv_buf_add(buf, data + skip, part);
        left -= part;
        skip = 0;
    }
    return true;
}

/* ------------------------------------------------------------------------------- decompression */

#define MADE_UP_HEAD_SIZE 512u
#define FILL_PIECE 4096u
#define FILL_PIECES (IV_FRAME_SIZE / FILL_PIECE)
#define LZX_START_SIZE 16u

/* The last ten bytes of what a block inflates to are never translated (E8, [MS-PATCH] 2.1): with so
 * many after the member, its own bytes come out the same however long the block is. */
#define TRANSLATION_TAIL 16u

/*
 * The cabinet that libarchive is shown, piece by piece: a header made up here, then the blocks.
 *
 * libarchive's LZX window is uninitialised memory, and matches that reach before the start of the
 * data read it (cabextract refuses them). So a first folder, of one stored LZX block, fills the
 * window with one byte value; the next folder's decoder keeps the window.
 *
 * The pieces in order: `head`; for LZX the fill blocks, each as a block header and then eight times
 * `fill`; then for each block of the folder a header of our own and its data, unchanged. One call
 * of feed_read() gives one piece. The bytes stay valid until the next call, as libarchive asks.
 */
struct feed {
    struct iv_cabinet *cab;
    const struct iv_folder *folder;
    struct iv_fault *ret_fault;
    bool failed; /* ret_fault is set */
    uint32_t fill_blocks;
    uint32_t blocks;
    uint64_t end;   /* of the member, in the inflated folder */
    uint32_t index; /* of the fill block in hand, then of the block in hand */
    uint32_t piece; /* of the block in hand */
    bool started;
    bool filled;
    uint64_t at;
    uint64_t inflated; /* bytes that the blocks so far inflate to, as they say */
    struct block block;
    unsigned char head[MADE_UP_HEAD_SIZE];
    unsigned char block_head[IV_CFDATA_SIZE + LZX_START_SIZE];
    unsigned char fill[FILL_PIECE];
};

/* Writes `size` bytes of the value, lowest first; returns the place after them. */
static unsigned char *put(unsigned char *place, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        place[i] = (unsigned char)(value >> (8 * i));
    }
    return place + size;
}

static unsigned char *put_folder(unsigned char *p, const struct iv_folder *folder, uint64_t start,
                                 uint32_t blocks)
{
    unsigned type = (unsigned)folder->compression;
    type |= folder->compression == IV_COMPRESSION_LZX ? folder->window << 8 : 0;
    p = put(p, (uint32_t)start, 4);
    p = put(p, blocks, 2);
    return put(p, type, 2);
}

static unsigned char *put_member(unsigned char *p, uint32_t size, unsigned folder)
{
    p = put(p, size, 4);
    p = put(p, 0, 4);
    p = put(p, folder, 2);
    p = put(p, 0x21, 2); /* 1980-01-01 */
    p = put(p, 0, 2);
    p = put(p, 0, 2);
    p = put(p, 'm', 1);
    return put(p, 0, 1);
}

/*
 * CFHEADER, one or two CFFOLDER, and a member of each: the fill, whose size is the window's, and
 * then `size` bytes of the real folder. The offsets of the data are those at which feed_read()
 * will come to them. The head ends with more than 256 zero bytes, as libarchive wants to see that
 * many after the start of a name.
 */
static void make_head(struct feed *feed, uint32_t size)
{
    uint32_t fill_size = feed->fill_blocks * IV_FRAME_SIZE;
    uint32_t fill_bytes =
        feed->fill_blocks == 0
            ? 0
            : feed->fill_blocks * (IV_CFDATA_SIZE + IV_FRAME_SIZE) + LZX_START_SIZE;
    unsigned count = feed->fill_blocks == 0 ? 1 : 2;
    unsigned char *p = put(feed->head, 0x4643534Du, 4); /* "MSCF" */
    p = put(p, 0, 4);
    p = put(p, UINT32_MAX, 4); /* cbCabinet: libarchive does not look */
    p = put(p, 0, 4);
    p = put(p, IV_CFHEADER_SIZE + count * IV_CFFOLDER_SIZE, 4);
    p = put(p, 0, 4);
    p = put(p, 0x0103, 2);
    p = put(p, count, 2);
    p = put(p, count, 2);
    p = put(p, 0, 4); /* flags, setID */
    p = put(p, 0, 2);
    if (fill_bytes > 0) {
        p = put_folder(p, feed->folder, MADE_UP_HEAD_SIZE, feed->fill_blocks);
    }
    p = put_folder(p, feed->folder, MADE_UP_HEAD_SIZE + fill_bytes, feed->blocks);
    if (fill_bytes > 0) {
        p = put_member(p, fill_size, 0);
    }
    (void)put_member(p, size, count - 1);
}

/* The next piece of the folder that fills the window: one LZX block, stored, spread over as many
 * CFDATA as it takes. Only the first of those begins with the head of the LZX block. */
static la_ssize_t feed_fill(struct feed *feed, const void **ret_bytes)
{
    if (feed->piece > 0) {
        feed->piece--;
        *ret_bytes = feed->fill;
        return FILL_PIECE;
    }
    bool first = feed->index == 0;
    size_t extra = first ? LZX_START_SIZE : 0;
    unsigned char *p = put(feed->block_head, 0, 4);
    p = put(p, IV_FRAME_SIZE + (uint32_t)extra, 2);
    p = put(p, IV_FRAME_SIZE, 2);
    if (first) {
        /* [MS-PATCH] 2.1: one bit "no E8 translation", three "uncompressed block", 24 the size;
         * then the three repeated offsets. Bits are taken from the top of 16-bit little-endian
         * words, and the four bits left of the second word are padding. */
        uint32_t size = feed->fill_blocks * IV_FRAME_SIZE;
        p = put(p, 3u << 12 | size >> 12, 2);
        p = put(p, (size & 0xFFFu) << 4, 2);
        p = put(p, 1, 4);
        p = put(p, 1, 4);
        (void)put(p, 1, 4);
    }
    feed->index++;
    feed->piece = FILL_PIECES;
    *ret_bytes = feed->block_head;
    return (la_ssize_t)(IV_CFDATA_SIZE + extra);
}

/*
 * Bytes of the block in hand that libarchive is to inflate. After the member's end in the last
 * block lie other files: a checksum (compared before libarchive sees the data) says that they are
 * as they were packed, so they need not be inflated to find damage. Without one, they are.
 */
static uint32_t inflated_of_block(const struct feed *feed)
{
    const struct block *block = &feed->block;
    uint64_t before = (uint64_t)feed->index * IV_FRAME_SIZE;
    uint64_t wanted = feed->end - before + TRANSLATION_TAIL;
    bool enough = feed->index + 1 == feed->blocks && block->sum != 0 && wanted < block->inflated;
    return enough ? (uint32_t)wanted : block->inflated;
}

/* The next piece of the folder itself: `piece` 0 gives the header of a block, 1 its data. */
static la_ssize_t feed_block(struct feed *feed, const void **ret_bytes)
{
    struct iv_cabinet *cab = feed->cab;
    if (feed->piece == 0) {
        if (feed->index == feed->blocks) {
            return 0;
        }
        const struct block_place place = {feed->index, feed->at, next_chunk(cab)};
        if (!read_block_header(cab, feed->folder, &place, &feed->block, feed->ret_fault)) {
            feed->failed = true;
            return ARCHIVE_FATAL;
        }
        feed->inflated += feed->block.inflated;
        /* Checksum and reserved bytes are left out: the checksum is compared here. */
        unsigned char *p = put(feed->block_head, 0, 4);
        p = put(p, feed->block.data_size, 2);
        (void)put(p, inflated_of_block(feed), 2);
        feed->piece = 1;
        *ret_bytes = feed->block_head;
        return IV_CFDATA_SIZE;
    }
    *ret_bytes = read_block_data(cab, feed->folder, feed->index, &feed->block, feed->ret_fault);
    if (*ret_bytes == NULL) {
        feed->failed = true;
        return ARCHIVE_FATAL;
    }
    feed->at = feed->block.data_at + feed->block.data_size;
    feed->index++;
    feed->piece = 0;
    return (la_ssize_t)feed->block.data_size;
}

/* What libarchive calls for more bytes; 0: no more. After a failure every call fails, as libarchive
 * may ask again. */
static la_ssize_t feed_read(struct archive *archive, void *context, const void **ret_bytes)
{
    (void)archive;
    struct feed *feed = context;
    if (feed->failed) {
        return ARCHIVE_FATAL;
    }
    if (!feed->started) {
        feed->started = true;
        *ret_bytes = feed->head;
        return MADE_UP_HEAD_SIZE;
    }
    if (!feed->filled && (feed->index < feed->fill_blocks || feed->piece > 0)) {
        return feed_fill(feed, ret_bytes);
    }
    if (!feed->filled) {
        feed->filled = true;
        feed->index = 0;
    }
    return feed_block(feed, ret_bytes);
}

static void archive_close(struct archive **archive)
{
    if (*archive != NULL) {
        (void)archive_read_free(*archive);
        *archive = NULL;
    }
}

/*
 * Whether the lack of memory made libarchive fail. It allocates where nobody can help it, and says
 * so with ENOMEM in some places only. A decoder that cannot be set up has no other reason: the
 * window sizes of the format were checked by us. In the others its message ends with the status of
 * the decoder: Z_MEM_ERROR of zlib, and of LZX ARCHIVE_FATAL, where ARCHIVE_FAILED means bad data.
 */
static bool is_out_of_memory(struct archive *archive)
{
    static const char *const signs[] = {
        "Can't initialize",
        "Can't allocate",
        "Deflate decompression failed (-4)",
        "LZX decompression failed (-30)",
    };
    const char *text = archive_error_string(archive);
    bool is_one = archive_errno(archive) == ENOMEM;
    for (size_t i = 0; text != NULL && i < IV_COUNT(signs); i++) {
        is_one = is_one || strncmp(text, signs[i], strlen(signs[i])) == 0;
    }
    return is_one;
}

/* What libarchive says, as one line; or what stopped the feed, which is the better reason. */
static bool archive_fault(struct feed *feed, struct archive *archive, struct iv_fault *ret_fault)
{
    if (feed->failed) {
        return false;
    }
    if (is_out_of_memory(archive)) {
        iv_out_of_memory();
    }
    const char *text = archive_error_string(archive);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&line, text == NULL ? "data block cannot be inflated" : text, 200, true);
    return iv_cabinet_malformed(feed->cab, ret_fault, "%s", iv_buf_text(&line));
}

/* Reads the entry that fills the window to its end. */
static bool read_fill(struct archive *archive)
{
    struct archive_entry *entry;
    const void *bytes;
    size_t size;
    la_int64_t offset;
    if (archive_read_next_header(archive, &entry) != ARCHIVE_OK) {
        return false;
    }
    int result;
    do {
        result = archive_read_data_block(archive, &bytes, &size, &offset);
    } while (result == ARCHIVE_OK);
    return result == ARCHIVE_EOF;
}

/*
 * Whether a byte of the window's first content may have come into these. That content is 0xFF, so a
 * match into it leaves one; but the E8 translation of a call's operand may turn four of them into
 * something else, so an 0xE8 counts as well. Most manifests are text and hold neither, and are not
 * decoded twice. `start` is the place of the member's first byte, if it is among them: the byte
 * order mark FF FE of UTF-16 is usual there and does not count.
 */
static bool is_suspect(const unsigned char *bytes, size_t size, size_t start)
{
    if (size == 0) {
        return false;
    }
    const unsigned char *found = memchr(bytes, 0xFF, size);
    if (found != NULL && (size_t)(found - bytes) == start && start + 1 < size && found[1] == 0xFE) {
        found = memchr(found + 1, 0xFF, size - start - 1);
    }
    return found != NULL || memchr(bytes, 0xE8, size) != NULL;
}

/* A member that is taken out of a folder in one pass. */
struct wanted {
    const struct iv_member *member;
    size_t index;                         /* in the caller's list */
    bool is_suspect;                      /* after the pass */
    unsigned char digest[IV_SHA256_SIZE]; /* of its bytes, where they are suspect */
};

/* One pass over a folder: members that are not empty, by place, and what becomes of them. */
struct pass {
    struct wanted *wanted;
    size_t count;
    size_t next;                          /* the member in hand */
    struct iv_buf *buf;                   /* its bytes are appended */
    const struct iv_cabinet_taker *taker; /* gets them, and buf is cleared; NULL: one member */
    bool is_done;                         /* no further member is wanted */
};

static uint64_t end_of(const struct iv_member *member)
{
    return (uint64_t)member->offset + member->size;
}

/*
 * The member in hand is whole: its digest where a second look is due, and then the caller's turn.
 */
static void finish_member(struct pass *pass)
{
    struct wanted *wanted = &pass->wanted[pass->next++];
    if (wanted->is_suspect) {
        struct iv_sha256 *sha = iv_sha256_open();
        iv_sha256_add(sha, pass->buf->data + pass->buf->size - wanted->member->size,
                      wanted->member->size);
        iv_sha256_close(sha, wanted->digest);
    }
    if (pass->taker != NULL) {
        pass->is_done = !pass->taker->take(pass->taker->context, wanted->index,
                                           iv_buf_text(pass->buf), pass->buf->size);
        iv_buf_clear(pass->buf);
    }
}

/*
 * Bytes [at, at + size) of the inflated folder: a block can end one member and hold several more.
 * Five bytes before each member are looked at too: a call instruction is E8 and four bytes, so one
 * that begins there can change the member's first bytes.
 */
static void take_block(struct pass *pass, uint64_t at, const unsigned char *bytes, size_t size)
{
    while (pass->next < pass->count && !pass->is_done) {
        struct wanted *wanted = &pass->wanted[pass->next];
        uint64_t start = wanted->member->offset;
        uint64_t watch = start < 5 ? 0 : start - 5;
        uint64_t end = end_of(wanted->member);
        uint64_t stop = at + size < end ? at + size : end;
        if (stop > watch) {
            uint64_t from = watch > at ? watch : at;
            wanted->is_suspect |= is_suspect(bytes + (from - at), (size_t)(stop - from),
                                             start >= from ? (size_t)(start - from) : SIZE_MAX);
        }
        if (stop > start) {
            uint64_t from = start > at ? start : at;
            iv_buf_add(pass->buf, bytes + (from - at), (size_t)(stop - from));
        }
        if (end > at + size) {
            return;
        }
        finish_member(pass);
    }
}

/* Takes the members out of the entry in hand. */
static bool read_entry(struct archive *archive, struct pass *pass)
{
    uint64_t at = 0;
    while (pass->next < pass->count && !pass->is_done) {
        const void *block;
        size_t size;
        la_int64_t offset;
        if (archive_read_data_block(archive, &block, &size, &offset) != ARCHIVE_OK || offset < 0 ||
            (uint64_t)offset != at) {
            return false;
        }
        take_block(pass, at, block, size);
        at += size;
    }
    return true;
}

/* Inflates the folder up to the end of the last member of the pass. */
static bool inflate(struct iv_cabinet *cab, const struct iv_folder *folder, unsigned char fill,
                    struct pass *pass, struct iv_fault *ret_fault)
{
    bool lzx = folder->compression == IV_COMPRESSION_LZX;
    uint64_t end = end_of(pass->wanted[pass->count - 1].member); /* the last by place */
    struct feed feed = {
        .cab = cab,
        .folder = folder,
        .ret_fault = ret_fault,
        .fill_blocks = lzx ? (1u << folder->window) / IV_FRAME_SIZE : 0,
        .blocks = blocks_needed(pass->wanted[pass->count - 1].member),
        .end = end,
        .at = folder->start,
    };
    memset(feed.fill, fill, sizeof(feed.fill));
    make_head(&feed, (uint32_t)end);
    struct archive *archive IV_CLEANUP(archive_close) = archive_read_new();
    if (archive == NULL) {
        iv_out_of_memory();
    }
    struct archive_entry *entry;
    bool is_open = archive_read_support_format_cab(archive) == ARCHIVE_OK &&
                   archive_read_open(archive, &feed, NULL, feed_read, NULL) == ARCHIVE_OK;
    if (!is_open && !feed.failed && archive_error_string(archive) == NULL) {
        iv_out_of_memory(); /* the one reason that it gives no word for */
    }
    if (!is_open || (lzx && !read_fill(archive)) ||
        archive_read_next_header(archive, &entry) != ARCHIVE_OK || !read_entry(archive, pass)) {
        return archive_fault(&feed, archive, ret_fault);
    }
    return true;
}

/* Counts `end` more bytes as inflated; false with a limit fault. The limit is for the whole cabinet
 * and all of its reads, so that many reads of one folder cannot add up to hours. */
static bool allow(struct iv_cabinet *cab, uint64_t end, struct iv_fault *ret_fault)
{
    if (end > cab->limits->inflated || cab->inflated > cab->limits->inflated - end) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL,
                               "inflated data of the cabinet over the limit of %llu bytes",
                               (unsigned long long)cab->limits->inflated);
    }
    cab->inflated += end;
    return true;
}

/* Whether a suspect member's bytes come out the same with another first content of the window. */
static bool check_again(struct iv_cabinet *cab, const struct iv_folder *folder,
                        const struct wanted *wanted, struct iv_fault *ret_fault)
{
    struct iv_buf again IV_CLEANUP(iv_buf_fini) = {0};
    struct wanted one = {.member = wanted->member};
    struct pass pass = {.wanted = &one, .count = 1, .buf = &again};
    unsigned char digest[IV_SHA256_SIZE];
    if (!allow(cab, end_of(wanted->member), ret_fault) ||
        !inflate(cab, folder, 0x55, &pass, ret_fault)) {
        return false;
    }
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, iv_buf_text(&again), again.size);
    iv_sha256_close(sha, digest);
    return memcmp(digest, wanted->digest, sizeof(digest)) == 0 ||
           iv_cabinet_malformed(cab, ret_fault, "LZX data that refers to bytes before its start");
}

/* One pass over a folder that is compressed, and a second look at what is suspect. */
static bool read_inflated(struct iv_cabinet *cab, const struct iv_folder *folder, struct pass *pass,
                          struct iv_fault *ret_fault)
{
    bool done = inflate(cab, folder, 0xFF, pass, ret_fault);
    bool lzx = folder->compression == IV_COMPRESSION_LZX;
    for (size_t i = 0; i < pass->next && done && lzx; i++) {
        done = !pass->wanted[i].is_suspect || check_again(cab, folder, &pass->wanted[i], ret_fault);
        if (!done) {
            ret_fault->member = pass->wanted[i].member->name;
        }
    }
    return done;
}

/* ------------------------------------------------------------------------------ members by folder
 */

/* Of a stored folder each member is read by itself, as nothing has to be inflated before it. */
static bool read_stored_all(struct iv_cabinet *cab, const struct iv_folder *folder,
                            struct pass *pass, struct iv_fault *ret_fault)
{
    while (pass->next < pass->count && !pass->is_done) {
        if (!read_stored(cab, folder, pass->wanted[pass->next].member, pass->buf, ret_fault)) {
            return false;
        }
        finish_member(pass);
    }
    return true;
}

/* False with a limit fault that names the member, when it is larger than the caller wants it. */
static bool check_size(const struct iv_cabinet *cab, const struct iv_member *member, uint64_t max,
                       struct iv_fault *ret_fault)
{
    if (member->size <= max) {
        return true;
    }
    (void)iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL, "%u bytes, the limit is %llu",
                          member->size, (unsigned long long)max);
    ret_fault->member = member->name;
    return false;
}

/* Reads the members of one folder. A fault names the member that was in hand. */
static bool read_folder(struct iv_cabinet *cab, struct pass *pass, struct iv_fault *ret_fault)
{
    const struct iv_folder *folder = &cab->folders[pass->wanted[0].member->folder];
    if (!allow(cab, end_of(pass->wanted[pass->count - 1].member), ret_fault)) {
        ret_fault->member = pass->wanted[0].member->name;
        return false;
    }
    ret_fault->member = NULL;
    bool done = folder->compression == IV_COMPRESSION_NONE
                    ? read_stored_all(cab, folder, pass, ret_fault)
                    : read_inflated(cab, folder, pass, ret_fault);
    if (!done && ret_fault->member == NULL) {
        size_t at = pass->next < pass->count ? pass->next : pass->count - 1;
        ret_fault->member = pass->wanted[at].member->name;
    }
    return done;
}

/* By folder, then by place in it: the order in which a pass meets them. */
static int compare_wanted(const void *a, const void *b)
{
    const struct iv_member *x = ((const struct wanted *)a)->member;
    const struct iv_member *y = ((const struct wanted *)b)->member;
    if (x->folder != y->folder) {
        return x->folder < y->folder ? -1 : 1;
    }
    return (x->offset > y->offset) - (x->offset < y->offset);
}

bool iv_cabinet_read_all(struct iv_cabinet *cabinet, const struct iv_member *const *members,
                         size_t count, const struct iv_cabinet_taker *taker,
                         struct iv_fault *ret_fault)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct wanted *wanted = IV_NEW_ARRAY(cabinet->arena, struct wanted, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!check_size(cabinet, members[i], taker->max, ret_fault)) {
            return false;
        }
        if (members[i]->size > 0) { /* an empty one has no place */
            wanted[kept++] = (struct wanted){.member = members[i], .index = i};
        }
    }
    if (kept > 1) {
        iv_sort(wanted, kept, sizeof(*wanted), compare_wanted);
    }

    /* One pass for each run of members that lie in the same folder. */
    bool is_done = false;
    for (size_t start = 0; start < kept && !is_done;) {
        size_t end = start + 1;
        while (end < kept && wanted[end].member->folder == wanted[start].member->folder) {
            end++;
        }
        struct pass pass = {
            .wanted = wanted + start,
            .count = end - start,
            .buf = &buf,
            .taker = taker,
        };
        if (!read_folder(cabinet, &pass, ret_fault)) {
            return false;
        }
        is_done = pass.is_done;
        start = end;
    }
    return true;
}

bool iv_cabinet_read(struct iv_cabinet *cabinet, const struct iv_member *member, uint64_t max,
                     struct iv_buf *buf, struct iv_fault *ret_fault)
{
    size_t before = buf->size;
    struct wanted wanted = {.member = member};
    struct pass pass = {.wanted = &wanted, .count = 1, .buf = buf};
    if (!check_size(cabinet, member, max, ret_fault)) {
        return false;
    }
    if (member->size == 0) {
        return true;
    }
    iv_buf_reserve(buf, member->size);
    if (read_folder(cabinet, &pass, ret_fault)) {
        return true;
    }
    /* What came before the damage is not handed over. */
    buf->size = before;
    if (buf->data != NULL) {
        buf->data[before] = '\0';
    }
    return false;
}

/* ----------------------------------------------------------------------------- all of a cabinet */

/* The members of one folder that have bytes, by place, and how far they have been given out. */
struct outlet {
    const struct iv_member_sink *sink;
    const struct iv_member **members;
    size_t count;
    size_t next;
    bool is_open; /* the next one was begun */
    uint64_t at;  /* in the inflated folder */
};

/* The next bytes of the inflated folder, cut at the borders of the members. Bytes that belong to no
 * member are passed over. */
static void outlet_put(struct outlet *out, const unsigned char *bytes, size_t size)
{
    const struct iv_member_sink *sink = out->sink;
    uint64_t stop = out->at + size;
    while (out->next < out->count && out->members[out->next]->offset < stop) {
        const struct iv_member *member = out->members[out->next];
        uint64_t end = (uint64_t)member->offset + member->size;
        uint64_t from = member->offset > out->at ? member->offset : out->at;
        uint64_t to = end < stop ? end : stop;
        if (!out->is_open) {
            sink->begin(sink->context, member);
            out->is_open = true;
        }
        sink->bytes(sink->context, bytes + (from - out->at), (size_t)(to - from));
        if (end > stop) {
            break;
        }
        sink->end(sink->context, member);
        out->is_open = false;
        out->next++;
    }
    out->at = stop;
}

/* The folder was damaged: the member in hand and all after it are lost. */
static void outlet_lose(struct outlet *out)
{
    for (; out->next < out->count; out->next++) {
        if (!out->is_open) {
            out->sink->begin(out->sink->context, out->members[out->next]);
        }
        out->sink->lost(out->sink->context, out->members[out->next]);
        out->is_open = false;
    }
}

/* Every block of a stored folder, compared and given out. */
static bool stream_stored(struct iv_cabinet *cab, const struct iv_folder *folder,
                          struct outlet *out, struct iv_fault *ret_fault)
{
    uint64_t at = folder->start;
    for (uint32_t i = 0; i < folder->blocks; i++) {
        struct block block = {0};
        const struct block_place place = {i, at, next_chunk(cab)};
        if (!read_block_header(cab, folder, &place, &block, ret_fault)) {
            return false;
        }
        const unsigned char *data = read_block_data(cab, folder, i, &block, ret_fault);
        if (data == NULL) {
            return false;
        }
        outlet_put(out, data, block.inflated);
        at = block.data_at + block.data_size;
    }
    return true;
}

/*
 * What the first bytes of an LZX folder came out as. Only there may a match reach back to before
 * the folder's start, into what fills the window: they are decoded again after another filling, and
 * must be the same.
 */
struct opening {
    uint64_t size; /* bytes that are looked at */
    bool suspect;  /* they may have come from the filling */
    struct iv_sha256 *sha;
    unsigned char digest[IV_SHA256_SIZE];
};

/* Takes what of these bytes lies in the opening into its digest. */
static void opening_put(struct opening *opening, uint64_t at, const unsigned char *bytes,
                        size_t size)
{
    if (at < opening->size) {
        uint64_t left = opening->size - at;
        size_t part = size < left ? size : (size_t)left;
        opening->suspect |= is_suspect(bytes, part, SIZE_MAX);
        iv_sha256_add(opening->sha, bytes, part);
    }
}

/* Decodes a folder to its end; without an outlet, no further than the opening. */
static bool decode(struct iv_cabinet *cab, const struct iv_folder *folder, unsigned char fill,
                   struct opening *opening, struct outlet *out, struct iv_fault *ret_fault)
{
    bool lzx = folder->compression == IV_COMPRESSION_LZX;
    struct feed feed = {
        .cab = cab,
        .folder = folder,
        .ret_fault = ret_fault,
        .fill_blocks = lzx ? (1u << folder->window) / IV_FRAME_SIZE : 0,
        .blocks = folder->blocks,
        .end = UINT64_MAX / 2,
        .at = folder->start,
    };
    memset(feed.fill, fill, sizeof(feed.fill));
    make_head(&feed, folder->blocks * IV_FRAME_SIZE);
    struct archive *archive IV_CLEANUP(archive_close) = archive_read_new();
    if (archive == NULL) {
        iv_out_of_memory();
    }
    struct archive_entry *entry;
    if (archive_read_support_format_cab(archive) != ARCHIVE_OK ||
        archive_read_open(archive, &feed, NULL, feed_read, NULL) != ARCHIVE_OK ||
        (lzx && !read_fill(archive)) || archive_read_next_header(archive, &entry) != ARCHIVE_OK) {
        return archive_fault(&feed, archive, ret_fault);
    }
    uint64_t at = 0;
    /* The last block's header says where the folder ends. */
    while (!feed.filled || feed.index < feed.blocks || at < feed.inflated) {
        const void *bytes;
        size_t size;
        la_int64_t offset;
        if (archive_read_data_block(archive, &bytes, &size, &offset) != ARCHIVE_OK || offset < 0 ||
            (uint64_t)offset != at) {
            return archive_fault(&feed, archive, ret_fault);
        }
        opening_put(opening, at, bytes, size);
        at += size;
        if (out != NULL) {
            outlet_put(out, bytes, size);
        } else if (at >= opening->size) {
            break;
        }
    }
    return true;
}

/* Decodes a folder into the outlet and, where its opening is suspect, the opening once more. The
 * members have been given out by then; the fault makes the package damaged all the same. */
static bool stream_inflated(struct iv_cabinet *cab, const struct iv_folder *folder,
                            struct outlet *out, struct iv_fault *ret_fault)
{
    bool lzx = folder->compression == IV_COMPRESSION_LZX;
    struct opening first = {.size = lzx ? UINT64_C(1) << folder->window : 0};
    first.sha = iv_sha256_open();
    bool done = decode(cab, folder, 0xFF, &first, out, ret_fault);
    iv_sha256_close(first.sha, first.digest);
    if (!done || !first.suspect) {
        return done;
    }
    struct opening again = {.size = first.size < out->at ? first.size : out->at};
    again.sha = iv_sha256_open();
    done = decode(cab, folder, 0x55, &again, NULL, ret_fault);
    iv_sha256_close(again.sha, again.digest);
    return done &&
           (memcmp(first.digest, again.digest, IV_SHA256_SIZE) == 0 ||
            iv_cabinet_malformed(cab, ret_fault, "LZX data that refers to bytes before its start"));
}

/* All of one folder within the limit on inflated bytes, which counts full blocks. A member that the
 * folder was too short for is a fault. */
static bool stream_folder(struct iv_cabinet *cab, size_t index, struct outlet *out,
                          struct iv_fault *ret_fault)
{
    const struct iv_folder *folder = &cab->folders[index];
    uint64_t end = (uint64_t)folder->blocks * IV_FRAME_SIZE;
    if (folder->blocks == 0) {
        return true;
    }
    if (end > cab->limits->inflated || cab->inflated > cab->limits->inflated - end) {
        return iv_cabinet_fail(cab, ret_fault, IV_FAULT_LIMIT, NULL,
                               "inflated data of the cabinet over the limit of %llu bytes",
                               (unsigned long long)cab->limits->inflated);
    }
    cab->inflated += end;
    bool done = folder->compression == IV_COMPRESSION_NONE
                    ? stream_stored(cab, folder, out, ret_fault)
                    : stream_inflated(cab, folder, out, ret_fault);
    return done &&
           (out->next == out->count ||
            iv_cabinet_malformed(cab, ret_fault, "the member runs past the end of its folder"));
}

/* By folder, then by place in it. */
static int compare_members(const void *a, const void *b)
{
    const struct iv_member *x = *(const struct iv_member *const *)a;
    const struct iv_member *y = *(const struct iv_member *const *)b;
    if (x->folder != y->folder) {
        return x->folder < y->folder ? -1 : 1;
    }
    return (x->offset > y->offset) - (x->offset < y->offset);
}

void iv_cabinet_stream(struct iv_cabinet *cabinet, const struct iv_member_sink *sink)
{
    const struct iv_member **order =
        IV_NEW_ARRAY(cabinet->arena, const struct iv_member *, cabinet->member_count);
    size_t count = 0;
    for (size_t i = 0; i < cabinet->member_count; i++) {
        if (cabinet->members[i].size > 0) {
            order[count++] = &cabinet->members[i];
        }
    }
    if (count > 1) {
        iv_sort(order, count, sizeof(order[0]), compare_members);
    }
    size_t from = 0;
    for (size_t i = 0; i < cabinet->folder_count; i++) {
        struct outlet out = {.sink = sink, .members = order + from};
        while (from + out.count < count && order[from + out.count]->folder == i) {
            out.count++;
        }
        struct iv_fault fault = {0};
        if (!stream_folder(cabinet, i, &out, &fault)) {
            fault.member = out.next < out.count ? out.members[out.next]->name : NULL;
            outlet_lose(&out);
            sink->damaged(sink->context, &fault);
        }
        from += out.count;
    }
}

void iv_cabinet_library(struct iv_buf *buf)
{
    iv_buf_puts(buf, archive_version_string());
}
