/*
 * XPRESS with Huffman codes, and LZX as WIM files have it.
 *
 * Both are LZ77 with canonical Huffman codes over a stream of 16-bit little-endian words. The parts
 * they share come first: bits, codes, and an output that knows how much of it is filled. Reading
 * past the end of the input gives zeros and is counted (`beyond`), as both formats look ahead
 * further than they need; at the end of a chunk or block bits_overrun() finds whether any of those
 * zeros were used.
 *
 * What an attacker controls: code lengths, match offsets and lengths. code_build() refuses lengths
 * that need more codes than there are, output_match() refuses a match that starts before the output
 * or ends after it, and each loop writes at least one byte a round or fails. Time is linear in the
 * output.
 */
#include "imgval/disk/unpack.h"

#include <string.h>

/* ---- bits: 16-bit little-endian words, the highest bit first ---- */

struct bits {
    const unsigned char *next;
    const unsigned char *end;
    uint64_t window; /* the next bits, from the top */
    unsigned left;   /* of them */
    unsigned beyond; /* the last ones of these are zeros past the end of the input */
};

static struct bits bits_of(const unsigned char *bytes, size_t size)
{
    return (struct bits){.next = bytes, .end = bytes + size};
}

/* At least `count` bits, at most 32. Where words are fetched is part of both formats: bytes lie
 * between them. */
static void bits_ensure(struct bits *bits, unsigned count)
{
    while (bits->left < count) {
        uint64_t word = 0;
        if (bits->end - bits->next >= 2) {
            word = (uint64_t)bits->next[0] | (uint64_t)bits->next[1] << 8;
            bits->next += 2;
        } else {
            bits->beyond += 16;
        }
        bits->window |= word << (48 - bits->left);
        bits->left += 16;
    }
}

static void bits_drop(struct bits *bits, unsigned count)
{
    bits->window <<= count;
    bits->left -= count;
}

static uint32_t bits_read(struct bits *bits, unsigned count)
{
    if (count == 0) {
        return 0;
    }
    bits_ensure(bits, count);
    uint32_t value = (uint32_t)(bits->window >> (64 - count));
    bits_drop(bits, count);
    return value;
}

/* Whether bits past the end of the input were used. */
static bool bits_overrun(const struct bits *bits)
{
    return bits->left < bits->beyond;
}

/* ---- canonical Huffman codes ---- */

#define CODE_LENGTH_MAX 16
#define CODE_SYMBOLS_MAX 656 /* LZX: 256 + 8 * 50 */
#define FAST_BITS 10

/*
 * A code for reading. Short codes, nearly all in practice, are found in `fast` by the next
 * FAST_BITS bits; longer ones by comparison with the limit of each length. Canonical: codes of one
 * length are consecutive numbers in the order of their symbols, so limit and offset are enough.
 */
struct code {
    uint16_t fast[1 << FAST_BITS];        /* symbol * 16 + length; 0: longer, or none */
    uint32_t limit[CODE_LENGTH_MAX + 1];  /* first code after those of the length, from the top */
    uint32_t offset[CODE_LENGTH_MAX + 1]; /* of the length's first symbol, less its first code */
    uint16_t symbols[CODE_SYMBOLS_MAX];   /* by length, then by number */
};

/* Each place of `fast` that starts with the code gets its symbol. */
static void code_fill_fast(struct code *code, uint32_t first, unsigned length, unsigned symbol)
{
    if (length > FAST_BITS) {
        return;
    }
    uint32_t from = first << (FAST_BITS - length);
    uint32_t count = 1u << (FAST_BITS - length);
    for (uint32_t i = 0; i < count; i++) {
        code->fast[from + i] = (uint16_t)(symbol << 4 | length);
    }
}

/* False: more codes than there is room for. Fewer are fine until one that is none is met. */
static bool code_build(struct code *code, const unsigned char *lengths, unsigned count)
{
    uint32_t of_length[CODE_LENGTH_MAX + 1] = {0};
    for (unsigned i = 0; i < count; i++) {
        of_length[lengths[i]]++;
    }
    memset(code->fast, 0, sizeof(code->fast));
    uint32_t next = 0;
    uint32_t place = 0;
    of_length[0] = 0;
    for (unsigned length = 1; length <= CODE_LENGTH_MAX; length++) {
        next = (next + of_length[length - 1]) << 1;
        if (next + of_length[length] > 1u << length) {
            return false;
        }
        code->limit[length] = (next + of_length[length]) << (CODE_LENGTH_MAX - length);
        code->offset[length] = place - next;
        for (unsigned i = 0, number = 0; i < count && of_length[length] > 0; i++) {
            if (lengths[i] == length) {
                code->symbols[place + number] = (uint16_t)i;
                code_fill_fast(code, next + number, length, i);
                number++;
            }
        }
        place += of_length[length];
    }
    return true;
}

/* The next symbol, -1 when the bits are no code. */
static int code_read(const struct code *code, struct bits *bits)
{
    bits_ensure(bits, CODE_LENGTH_MAX);
    unsigned fast = code->fast[bits->window >> (64 - FAST_BITS)];
    if (fast != 0) {
        bits_drop(bits, fast & 15);
        return (int)(fast >> 4);
    }
    uint32_t ahead = (uint32_t)(bits->window >> (64 - CODE_LENGTH_MAX));
    for (unsigned length = 1; length <= CODE_LENGTH_MAX; length++) {
        if (ahead < code->limit[length]) {
            uint32_t value = ahead >> (CODE_LENGTH_MAX - length);
            bits_drop(bits, length);
            return code->symbols[code->offset[length] + value];
        }
    }
    return -1;
}

/* ---- output ---- */

struct output {
    unsigned char *bytes;
    size_t size;
    size_t at;
};

/* Copies `length` bytes from `offset` before the end. False: one of the two is impossible. */
static bool output_match(struct output *out, size_t offset, size_t length)
{
    if (offset == 0 || offset > out->at || length > out->size - out->at) {
        return false;
    }
    unsigned char *to = out->bytes + out->at;
    for (size_t i = 0; i < length; i++) { /* may overlap: byte by byte */
        to[i] = to[(ptrdiff_t)i - (ptrdiff_t)offset];
    }
    out->at += length;
    return true;
}

/* ---- XPRESS ---- */

#define XPRESS_SYMBOLS 512
#define XPRESS_TABLE_SIZE 256

/* A match length that does not fit into its symbol goes on in bytes between the words. */
static bool xpress_length(struct bits *bits, size_t *length)
{
    if (*length < 15) {
        return true;
    }
    if (bits->next == bits->end) {
        return false;
    }
    *length += *bits->next++;
    if (*length == 15 + 255) {
        if (bits->end - bits->next < 2) {
            return false;
        }
        *length = (size_t)bits->next[0] | (size_t)bits->next[1] << 8;
        bits->next += 2;
    }
    return true;
}

/*
 * [MS-XCA] 2.1: 512 code lengths of four bits, then the stream. A symbol from 256 on has the bits
 * of the offset in its upper half and the length, less 3, in its lower one.
 */
static bool unpack_xpress(const unsigned char *in, size_t in_size, struct output *out)
{
    unsigned char lengths[XPRESS_SYMBOLS];
    struct code code;
    if (in_size < XPRESS_TABLE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < XPRESS_TABLE_SIZE; i++) {
        lengths[2 * i] = in[i] & 15;
        lengths[2 * i + 1] = in[i] >> 4;
    }
    if (!code_build(&code, lengths, XPRESS_SYMBOLS)) {
        return false;
    }
    struct bits bits = bits_of(in + XPRESS_TABLE_SIZE, in_size - XPRESS_TABLE_SIZE);
    while (out->at < out->size) {
        int symbol = code_read(&code, &bits);
        if (symbol < 0) {
            return false;
        }
        if (symbol < 256) {
            out->bytes[out->at++] = (unsigned char)symbol;
            continue;
        }
        size_t length = (size_t)symbol & 15;
        unsigned offset_bits = ((unsigned)symbol >> 4) & 15;
        bits_ensure(&bits, 16);
        size_t offset = (size_t)1 << offset_bits;
        offset |= bits_read(&bits, offset_bits);
        if (!xpress_length(&bits, &length) || !output_match(out, offset, length + 3)) {
            return false;
        }
    }
    return !bits_overrun(&bits);
}

/* ---- LZX ---- */

#define LZX_LITERALS 256
#define LZX_LENGTH_SYMBOLS 249
#define LZX_PRE_SYMBOLS 20
#define LZX_ALIGNED_SYMBOLS 8
#define LZX_SLOTS_MAX 50
#define LZX_MAIN_SYMBOLS_MAX (LZX_LITERALS + 8 * LZX_SLOTS_MAX)
#define LZX_BLOCK_SIZE 32768
#define LZX_CALL_FILE_SIZE 12000000 /* what the translation of calls assumes, whatever the file */

enum lzx_block {
    LZX_VERBATIM = 1,
    LZX_ALIGNED = 2,
    LZX_UNCOMPRESSED = 3,
};

/* The state of one chunk. The lengths of codes are coded as differences to the block before. */
struct lzx {
    struct bits bits;
    struct output *out;
    unsigned order;
    unsigned main_symbols;
    uint32_t recent[3];
    unsigned char main_lengths[LZX_MAIN_SYMBOLS_MAX]; /* of the block before: deltas */
    unsigned char length_lengths[LZX_LENGTH_SYMBOLS];
    struct code main;
    struct code length;
    struct code aligned;
    struct code pre;
    bool has_aligned;
};

/* Slots of match offsets, by the size of the window (2^15 to 2^21 bytes). */
static unsigned lzx_slots(unsigned order)
{
    static const unsigned char slots[] = {30, 32, 34, 36, 38, 42, 50};
    return slots[order - IV_LZX_ORDER_MIN];
}

/* Bits that follow a slot: the offset within it. */
static unsigned lzx_extra_bits(unsigned slot)
{
    if (slot < 4) {
        return 0;
    }
    return slot < 36 ? slot / 2 - 1 : 17;
}

/* The first offset of a slot, before two are taken off. */
static uint32_t lzx_slot_base(unsigned slot)
{
    if (slot < 4) {
        return slot;
    }
    return slot < 36 ? (2u | (slot & 1)) << (slot / 2 - 1) : (slot - 34) << 17;
}

/* One run of equal deltas; 0: malformed. */
static unsigned lzx_read_run(struct lzx *lzx, int *ret_delta)
{
    int symbol = code_read(&lzx->pre, &lzx->bits);
    unsigned run = 1;
    if (symbol == 17) {
        *ret_delta = -1; /* not a delta: zeros */
        return 4 + bits_read(&lzx->bits, 4);
    }
    if (symbol == 18) {
        *ret_delta = -1;
        return 20 + bits_read(&lzx->bits, 5);
    }
    if (symbol == 19) {
        run = 4 + bits_read(&lzx->bits, 1);
        symbol = code_read(&lzx->pre, &lzx->bits);
    }
    *ret_delta = symbol;
    return symbol >= 0 && symbol <= 16 ? run : 0;
}

/*
 * Code lengths, themselves coded by a small code that precedes them. They are differences modulo 17
 * to what `lengths` held before.
 */
static bool lzx_read_lengths(struct lzx *lzx, unsigned char *lengths, unsigned count)
{
    unsigned char pre[LZX_PRE_SYMBOLS];
    for (unsigned i = 0; i < LZX_PRE_SYMBOLS; i++) {
        pre[i] = (unsigned char)bits_read(&lzx->bits, 4);
    }
    if (!code_build(&lzx->pre, pre, LZX_PRE_SYMBOLS)) {
        return false;
    }
    for (unsigned i = 0; i < count;) {
        int delta = 0;
        unsigned run = lzx_read_run(lzx, &delta);
        if (run == 0) {
            return false;
        }
        unsigned value = delta < 0 ? 0 : (17u + lengths[i] - (unsigned)delta) % 17;
        for (; run > 0 && i < count; run--) { /* a last run may reach beyond */
            lengths[i++] = (unsigned char)value;
        }
    }
    return true;
}

/* The codes at the start of a block. Literals and matches of the main code are sent apart. */
static bool lzx_read_codes(struct lzx *lzx, enum lzx_block type)
{
    lzx->has_aligned = type == LZX_ALIGNED;
    if (lzx->has_aligned) {
        unsigned char lengths[LZX_ALIGNED_SYMBOLS];
        for (unsigned i = 0; i < LZX_ALIGNED_SYMBOLS; i++) {
            lengths[i] = (unsigned char)bits_read(&lzx->bits, 3);
        }
        if (!code_build(&lzx->aligned, lengths, LZX_ALIGNED_SYMBOLS)) {
            return false;
        }
    }
    return lzx_read_lengths(lzx, lzx->main_lengths, LZX_LITERALS) &&
           lzx_read_lengths(lzx, lzx->main_lengths + LZX_LITERALS,
                            lzx->main_symbols - LZX_LITERALS) &&
           code_build(&lzx->main, lzx->main_lengths, lzx->main_symbols) &&
           lzx_read_lengths(lzx, lzx->length_lengths, LZX_LENGTH_SYMBOLS) &&
           code_build(&lzx->length, lzx->length_lengths, LZX_LENGTH_SYMBOLS);
}

/*
 * The offset of a match: one of the last three, or a new one, which takes their front. In an
 * aligned block the lowest three bits have a code of their own, as they are not equally
 * frequent where data are aligned.
 */
static bool lzx_read_offset(struct lzx *lzx, unsigned slot, uint32_t *ret_offset)
{
    if (slot < 3) { /* a recent one, which comes to the front */
        *ret_offset = lzx->recent[slot];
        lzx->recent[slot] = lzx->recent[0];
        lzx->recent[0] = *ret_offset;
        return true;
    }
    unsigned extra = lzx_extra_bits(slot);
    uint32_t offset = lzx_slot_base(slot);
    if (lzx->has_aligned && extra >= 3) {
        offset += bits_read(&lzx->bits, extra - 3) << 3;
        int low = code_read(&lzx->aligned, &lzx->bits);
        if (low < 0) {
            return false;
        }
        offset += (uint32_t)low;
    } else {
        offset += bits_read(&lzx->bits, extra);
    }
    lzx->recent[2] = lzx->recent[1];
    lzx->recent[1] = lzx->recent[0];
    lzx->recent[0] = offset - 2;
    *ret_offset = offset - 2;
    return true;
}

static bool lzx_read_match(struct lzx *lzx, unsigned symbol)
{
    size_t length = symbol % 8;
    if (length == 7) {
        int more = code_read(&lzx->length, &lzx->bits);
        if (more < 0) {
            return false;
        }
        length += (size_t)more;
    }
    uint32_t offset = 0;
    return lzx_read_offset(lzx, symbol / 8, &offset) && output_match(lzx->out, offset, length + 2);
}

static bool lzx_read_packed(struct lzx *lzx, enum lzx_block type, size_t size)
{
    struct output *out = lzx->out;
    size_t end = out->at + size;
    if (!lzx_read_codes(lzx, type)) {
        return false;
    }
    while (out->at < end) {
        int symbol = code_read(&lzx->main, &lzx->bits);
        if (symbol < 0) {
            return false;
        }
        if (symbol < LZX_LITERALS) {
            out->bytes[out->at++] = (unsigned char)symbol;
        } else if (!lzx_read_match(lzx, (unsigned)symbol - LZX_LITERALS)) {
            return false;
        }
    }
    return out->at == end;
}

/*
 * A block of plain bytes. It starts at a whole word with the three recent offsets, and is padded to
 * one. Words that bits_ensure() fetched ahead are given back first.
 */
static bool lzx_read_stored(struct lzx *lzx, size_t size)
{
    struct bits *bits = &lzx->bits;
    bits_ensure(bits, 1);
    if (bits->left <= bits->beyond) {
        return false;
    }
    /* The rest of the word goes, all of it where the stream is aligned; words not begun go back. */
    bits->next -= 2 * (size_t)((bits->left - bits->beyond - 1) / 16);
    *bits = bits_of(bits->next, (size_t)(bits->end - bits->next));
    if ((size_t)(bits->end - bits->next) < 12 || (size_t)(bits->end - bits->next) - 12 < size) {
        return false;
    }
    for (unsigned i = 0; i < 3; i++, bits->next += 4) {
        lzx->recent[i] = (uint32_t)bits->next[0] | (uint32_t)bits->next[1] << 8 |
                         (uint32_t)bits->next[2] << 16 | (uint32_t)bits->next[3] << 24;
    }
    memcpy(lzx->out->bytes + lzx->out->at, bits->next, size);
    lzx->out->at += size;
    bits->next += size;
    if ((size & 1) != 0 && bits->next < bits->end) {
        bits->next++;
    }
    return true;
}

/*
 * The header of a block: three bits of type, one for the default size, else the size. Then its
 * data.
 */
static bool lzx_read_block(struct lzx *lzx)
{
    enum lzx_block type = (enum lzx_block)bits_read(&lzx->bits, 3);
    size_t size = LZX_BLOCK_SIZE;
    if (bits_read(&lzx->bits, 1) == 0) {
        size = bits_read(&lzx->bits, 16);
        if (lzx->order > 15) {
            size = size << 8 | bits_read(&lzx->bits, 8);
        }
    }
    if (size == 0 || size > lzx->out->size - lzx->out->at) {
        return false;
    }
    if (type == LZX_UNCOMPRESSED) {
        return lzx_read_stored(lzx, size);
    }
    return (type == LZX_VERBATIM || type == LZX_ALIGNED) && lzx_read_packed(lzx, type, size);
}

/* The targets of x86 calls were made absolute, so that they repeat: back to relative ones. */
static void lzx_undo_calls(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; size > 10 && i < size - 10; i++) {
        if (bytes[i] != 0xE8) {
            continue;
        }
        uint32_t raw = (uint32_t)bytes[i + 1] | (uint32_t)bytes[i + 2] << 8 |
                       (uint32_t)bytes[i + 3] << 16 | (uint32_t)bytes[i + 4] << 24;
        int64_t target = (int32_t)raw;
        if (target >= -(int64_t)i && target < LZX_CALL_FILE_SIZE) {
            target += target >= 0 ? -(int64_t)i : LZX_CALL_FILE_SIZE;
            for (unsigned byte = 0; byte < 4; byte++) {
                bytes[i + 1 + byte] = (unsigned char)((uint64_t)target >> 8 * byte);
            }
        }
        i += 4;
    }
}

static bool unpack_lzx(unsigned order, const unsigned char *in, size_t in_size, struct output *out)
{
    struct lzx lzx;
    lzx.bits = bits_of(in, in_size);
    lzx.out = out;
    lzx.order = order;
    lzx.main_symbols = LZX_LITERALS + 8 * lzx_slots(order);
    lzx.recent[0] = lzx.recent[1] = lzx.recent[2] = 1;
    lzx.has_aligned = false;
    memset(lzx.main_lengths, 0, sizeof(lzx.main_lengths));
    memset(lzx.length_lengths, 0, sizeof(lzx.length_lengths));
    while (out->at < out->size) {
        if (!lzx_read_block(&lzx) || bits_overrun(&lzx.bits)) {
            return false;
        }
    }
    lzx_undo_calls(out->bytes, out->size);
    return true;
}

bool iv_unpack(enum iv_packing packing, size_t chunk_size, const void *in, size_t in_size,
               void *out, size_t out_size)
{
    struct output output = {.bytes = out, .size = out_size};
    if (packing == IV_PACKING_NONE || in_size >= out_size) {
        if (in_size != out_size) {
            return false;
        }
        memcpy(out, in, out_size);
        return true;
    }
    if (packing == IV_PACKING_XPRESS) {
        return unpack_xpress(in, in_size, &output);
    }
    unsigned order = IV_LZX_ORDER_MIN;
    while (order < IV_LZX_ORDER_MAX && (size_t)1 << order < chunk_size) {
        order++;
    }
    return (size_t)1 << order == chunk_size && unpack_lzx(order, in, in_size, &output);
}
