#include "lzx_write.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHARS = 256,
    SLOTS_MAX = 50,
    MAIN_MAX = CHARS + 8 * SLOTS_MAX,
    LENGTHS = 249, /* match lengths 9 to 257 */
    PRETREE = 20,
    ALIGNED = 8,
    MATCH_MAX = 257,
    MATCH_MIN = 3, /* by hash; repeated offsets may be 2 long */
    CHAIN = 24,    /* candidates tried: plenty for fixtures, and fast */
    HASH_BITS = 14,
    HASH_SIZE = 1 << HASH_BITS,
    CODE_MAX = 16, /* longest code of the main, length and aligned trees */
    PRETREE_CODE_MAX = 15,
    ALIGNED_CODE_MAX = 7
};

enum block_type { BLOCK_VERBATIM = 1, BLOCK_ALIGNED = 2, BLOCK_UNCOMPRESSED = 3 };

#define NO_LENGTH 0xFFFFu

struct token {
    uint16_t main;   /* symbol of the main tree */
    uint16_t length; /* symbol of the length tree, or NO_LENGTH */
    uint32_t footer; /* verbatim offset bits */
    uint8_t footer_bits;
};

struct bits {
    struct fx_buf *out;
    uint64_t value;
    unsigned count;
};

/* What the decoder carries from block to block, so that a block can be taken back. */
struct state {
    uint32_t repeat[3];
    uint8_t main_lengths[MAIN_MAX];
    uint8_t length_lengths[LENGTHS];
};

struct fx_lzx {
    struct state state;
    uint32_t window;
    unsigned slots;
    bool started;          /* the E8 flag is written */
    uint32_t base;         /* stream position of buffer[0] */
    uint32_t position;     /* stream position after the last byte */
    unsigned char *buffer; /* at least the last window of bytes, then the frame in hand */
    size_t buffer_cap;
    uint32_t *head;     /* stream position + 1 of the newest string with this hash */
    uint32_t *previous; /* ring over the window: the next older one */
    struct token *tokens;
    size_t token_count;
};

struct tree {
    uint8_t lengths[MAIN_MAX];
    uint16_t codes[MAIN_MAX];
};

static unsigned slot_of(uint32_t formatted)
{
    if (formatted < 4) {
        return formatted;
    }
    if (formatted >= 1u << 18) {
        return 34 + (formatted >> 17); /* from here on every slot has 17 extra bits */
    }
    unsigned high = 31 - (unsigned)__builtin_clz(formatted);
    return 2 * high + (formatted >> (high - 1) & 1);
}

static unsigned extra_bits(unsigned slot)
{
    if (slot < 4) {
        return 0;
    }
    return slot >= 36 ? 17 : slot / 2 - 1;
}

static void put_bits(struct bits *bits, uint32_t value, unsigned count)
{
    bits->value = bits->value << count | value;
    bits->count += count;
    while (bits->count >= 16) {
        fx_buf_u16(bits->out, (unsigned)(bits->value >> (bits->count - 16) & 0xFFFF));
        bits->count -= 16;
    }
}

static void align_bits(struct bits *bits)
{
    if (bits->count > 0) {
        put_bits(bits, 0, 16 - bits->count);
    }
}

/* ---- Huffman trees ---- */

struct leaf {
    uint32_t weight;
    uint16_t symbol;
};

static int compare_leaves(const void *a, const void *b)
{
    const struct leaf *x = a;
    const struct leaf *y = b;
    if (x->weight != y->weight) {
        return x->weight < y->weight ? -1 : 1;
    }
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* Code lengths of an unlimited Huffman tree over n >= 2 sorted leaves; returns the longest. */
static unsigned leaf_depths(const struct leaf *leaves, size_t n, uint8_t *depths)
{
    uint32_t weights[2 * MAIN_MAX];
    uint16_t parents[2 * MAIN_MAX];
    unsigned node_depths[2 * MAIN_MAX];
    size_t leaf = 0;
    size_t inner = n;
    for (size_t next = n; next < 2 * n - 1; next++) {
        uint32_t sum = 0;
        for (int child = 0; child < 2; child++) {
            size_t node;
            if (leaf < n && (inner == next || leaves[leaf].weight <= weights[inner])) {
                node = leaf;
                sum += leaves[leaf++].weight;
            } else {
                node = inner;
                sum += weights[inner++];
            }
            parents[node] = (uint16_t)next;
        }
        weights[next] = sum;
    }
    unsigned longest = 0;
    node_depths[2 * n - 2] = 0;
    for (size_t node = 2 * n - 2; node-- > 0;) {
        node_depths[node] = node_depths[parents[node]] + 1;
        if (node < n) {
            depths[node] = (uint8_t)node_depths[node];
            longest = node_depths[node] > longest ? node_depths[node] : longest;
        }
    }
    return longest;
}

static void assign_codes(struct tree *tree, size_t symbols)
{
    unsigned next[CODE_MAX + 2] = {0};
    unsigned counts[CODE_MAX + 1] = {0};
    for (size_t i = 0; i < symbols; i++) {
        counts[tree->lengths[i]]++;
    }
    counts[0] = 0;
    for (unsigned length = 1; length <= CODE_MAX; length++) {
        next[length + 1] = (next[length] + counts[length]) << 1;
    }
    for (size_t i = 0; i < symbols; i++) {
        if (tree->lengths[i] > 0) {
            tree->codes[i] = (uint16_t)next[tree->lengths[i]]++;
        }
    }
}

/* Fills *tree for the given frequencies; a tree that nothing uses has no codes at all. */
static void build_tree(struct tree *tree, const uint32_t *frequencies, size_t symbols,
                       unsigned code_max)
{
    struct leaf leaves[MAIN_MAX];
    uint8_t depths[MAIN_MAX];
    size_t n = 0;
    memset(tree, 0, sizeof(*tree));
    for (size_t i = 0; i < symbols; i++) {
        if (frequencies[i] > 0) {
            leaves[n++] = (struct leaf){.weight = frequencies[i], .symbol = (uint16_t)i};
        }
    }
    if (n == 0) {
        return;
    }
    if (n == 1) {
        /* Decoders refuse an incomplete code: a second symbol takes the other half. */
        leaves[n++] = (struct leaf){.weight = 1, .symbol = leaves[0].symbol == 0 ? 1 : 0};
    }
    for (;;) {
        qsort(leaves, n, sizeof(leaves[0]), compare_leaves);
        if (leaf_depths(leaves, n, depths) <= code_max) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            leaves[i].weight = leaves[i].weight / 2 + 1; /* flatten until it fits */
        }
    }
    for (size_t i = 0; i < n; i++) {
        tree->lengths[leaves[i].symbol] = depths[i];
    }
    assign_codes(tree, symbols);
}

/* ---- code lengths, coded against those of the block before ---- */

struct run {
    uint8_t code; /* 0-16 difference, 17 and 18 zeros, 19 repeat */
    uint8_t extra;
    uint8_t value; /* for 19: the difference that is repeated */
};

static uint8_t difference(uint8_t before, uint8_t now)
{
    return (uint8_t)((before + 17 - now) % 17);
}

static size_t find_runs(const uint8_t *before, const uint8_t *now, size_t n, struct run *runs)
{
    size_t count = 0;
    size_t at = 0;
    while (at < n) {
        size_t same = 1;
        while (at + same < n && now[at + same] == now[at]) {
            same++;
        }
        struct run run = {.code = difference(before[at], now[at])};
        size_t used = 1;
        if (now[at] == 0 && same >= 20) {
            used = same > 51 ? 51 : same;
            run = (struct run){.code = 18, .extra = (uint8_t)(used - 20)};
        } else if (now[at] == 0 && same >= 4) {
            used = same;
            run = (struct run){.code = 17, .extra = (uint8_t)(used - 4)};
        } else if (same >= 4) {
            used = same >= 5 ? 5 : 4;
            run = (struct run){.code = 19, .extra = (uint8_t)(used - 4), .value = run.code};
        }
        runs[count++] = run;
        at += used;
    }
    return count;
}

static void put_lengths(struct bits *bits, uint8_t *before, const uint8_t *now, size_t n)
{
    struct run runs[MAIN_MAX];
    size_t count = find_runs(before, now, n, runs);
    uint32_t frequencies[PRETREE] = {0};
    for (size_t i = 0; i < count; i++) {
        frequencies[runs[i].code]++;
        if (runs[i].code == 19) {
            frequencies[runs[i].value]++;
        }
    }
    struct tree pretree;
    build_tree(&pretree, frequencies, PRETREE, PRETREE_CODE_MAX);
    for (size_t i = 0; i < PRETREE; i++) {
        put_bits(bits, pretree.lengths[i], 4);
    }
    for (size_t i = 0; i < count; i++) {
        const struct run *run = &runs[i];
        put_bits(bits, pretree.codes[run->code], pretree.lengths[run->code]);
        if (run->code == 17) {
            put_bits(bits, run->extra, 4);
        } else if (run->code == 18) {
            put_bits(bits, run->extra, 5);
        } else if (run->code == 19) {
            put_bits(bits, run->extra, 1);
            put_bits(bits, pretree.codes[run->value], pretree.lengths[run->value]);
        }
    }
    memcpy(before, now, n);
}

/* ---- matches ---- */

static unsigned hash_of(const unsigned char *p)
{
    uint32_t three = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return (unsigned)(three * 2654435761u >> (32 - HASH_BITS));
}

static void insert(struct fx_lzx *lzx, uint32_t position)
{
    if (lzx->position - position < MATCH_MIN) {
        return;
    }
    unsigned hash = hash_of(lzx->buffer + (position - lzx->base));
    lzx->previous[position & (lzx->window - 1)] = lzx->head[hash];
    lzx->head[hash] = position + 1;
}

static unsigned match_length(const unsigned char *a, const unsigned char *b, unsigned max)
{
    unsigned n = 0;
    while (n < max && a[n] == b[n]) {
        n++;
    }
    return n;
}

/* Longest match at position within max bytes; 0 when none is worth it. */
static unsigned find_match(const struct fx_lzx *lzx, uint32_t position, unsigned max,
                           uint32_t *ret_offset)
{
    const unsigned char *here = lzx->buffer + (position - lzx->base);
    uint32_t reach = position < lzx->window - 3 ? position : lzx->window - 3;
    unsigned best = 0;
    uint32_t best_offset = 0;
    if (max >= MATCH_MIN) {
        uint32_t candidate = lzx->head[hash_of(here)];
        for (int tries = CHAIN; candidate != 0 && tries > 0; tries--) {
            uint32_t offset = position - (candidate - 1);
            if (offset == 0 || offset > reach) {
                break;
            }
            unsigned n = best < max && here[best] == (here - offset)[best]
                             ? match_length(here, here - offset, max)
                             : 0;
            if (n > best && n >= MATCH_MIN && (n > MATCH_MIN || offset < 4096)) {
                best = n;
                best_offset = offset;
                if (n == max) {
                    break;
                }
            }
            candidate = lzx->previous[(candidate - 1) & (lzx->window - 1)];
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        uint32_t offset = lzx->state.repeat[i];
        if (offset <= reach) {
            unsigned n = match_length(here, here - offset, max);
            if (n >= 2 && n + 1 >= best) { /* a repeated offset costs no offset bits */
                best = n;
                best_offset = offset;
            }
        }
    }
    *ret_offset = best_offset;
    return best;
}

static void add_match(struct fx_lzx *lzx, uint32_t offset, unsigned length)
{
    uint32_t *repeat = lzx->state.repeat;
    struct token token = {.length = NO_LENGTH};
    unsigned slot;
    if (offset == repeat[0]) {
        slot = 0;
    } else if (offset == repeat[1] || offset == repeat[2]) {
        slot = offset == repeat[1] ? 1 : 2;
        repeat[slot] = repeat[0];
        repeat[0] = offset;
    } else {
        slot = slot_of(offset + 2);
        token.footer_bits = (uint8_t)extra_bits(slot);
        token.footer = (offset + 2) & ((1u << token.footer_bits) - 1);
        repeat[2] = repeat[1];
        repeat[1] = repeat[0];
        repeat[0] = offset;
    }
    unsigned header = length - 2 < 7 ? length - 2 : 7;
    if (header == 7) {
        token.length = (uint16_t)(length - 9);
    }
    token.main = (uint16_t)(CHARS + slot * 8 + header);
    lzx->tokens[lzx->token_count++] = token;
}

static void find_tokens(struct fx_lzx *lzx, uint32_t start)
{
    lzx->token_count = 0;
    uint32_t at = start;
    while (at < lzx->position) {
        uint32_t left = lzx->position - at;
        unsigned max = left < MATCH_MAX ? (unsigned)left : MATCH_MAX;
        uint32_t offset = 0;
        unsigned length = find_match(lzx, at, max, &offset);
        if (length == 0) {
            lzx->tokens[lzx->token_count++] =
                (struct token){.main = lzx->buffer[at - lzx->base], .length = NO_LENGTH};
            length = 1;
        } else {
            add_match(lzx, offset, length);
        }
        for (unsigned i = 0; i < length; i++) {
            insert(lzx, at + i);
        }
        at += length;
    }
}

/* ---- blocks ---- */

static void put_tokens(const struct fx_lzx *lzx, struct bits *bits, const struct tree *main_tree,
                       const struct tree *length_tree, const struct tree *aligned)
{
    for (size_t i = 0; i < lzx->token_count; i++) {
        const struct token *token = &lzx->tokens[i];
        put_bits(bits, main_tree->codes[token->main], main_tree->lengths[token->main]);
        if (token->length != NO_LENGTH) {
            put_bits(bits, length_tree->codes[token->length], length_tree->lengths[token->length]);
        }
        if (aligned != NULL && token->footer_bits >= 3) {
            put_bits(bits, token->footer >> 3, token->footer_bits - 3u);
            put_bits(bits, aligned->codes[token->footer & 7], aligned->lengths[token->footer & 7]);
        } else {
            put_bits(bits, token->footer, token->footer_bits);
        }
    }
}

/* The aligned tree pays when its codes save more than the 24 bits that describe it. */
static bool aligned_pays(const struct tree *aligned, const uint32_t *frequencies)
{
    uint32_t plain = 0;
    uint32_t coded = 3 * ALIGNED;
    for (size_t i = 0; i < ALIGNED; i++) {
        plain += 3 * frequencies[i];
        coded += aligned->lengths[i] * frequencies[i];
    }
    return coded < plain;
}

static void put_compressed(struct fx_lzx *lzx, struct bits *bits, size_t n)
{
    uint32_t main_frequencies[MAIN_MAX] = {0};
    uint32_t length_frequencies[LENGTHS] = {0};
    uint32_t aligned_frequencies[ALIGNED] = {0};
    for (size_t i = 0; i < lzx->token_count; i++) {
        const struct token *token = &lzx->tokens[i];
        main_frequencies[token->main]++;
        if (token->length != NO_LENGTH) {
            length_frequencies[token->length]++;
        }
        if (token->footer_bits >= 3) {
            aligned_frequencies[token->footer & 7]++;
        }
    }
    size_t main_symbols = CHARS + 8 * (size_t)lzx->slots;
    struct tree main_tree;
    struct tree length_tree;
    struct tree aligned;
    build_tree(&main_tree, main_frequencies, main_symbols, CODE_MAX);
    build_tree(&length_tree, length_frequencies, LENGTHS, CODE_MAX);
    build_tree(&aligned, aligned_frequencies, ALIGNED, ALIGNED_CODE_MAX);
    bool use_aligned = aligned_pays(&aligned, aligned_frequencies);

    put_bits(bits, use_aligned ? BLOCK_ALIGNED : BLOCK_VERBATIM, 3);
    put_bits(bits, (uint32_t)n, 24);
    if (use_aligned) {
        for (size_t i = 0; i < ALIGNED; i++) {
            put_bits(bits, aligned.lengths[i], 3);
        }
    }
    put_lengths(bits, lzx->state.main_lengths, main_tree.lengths, CHARS);
    put_lengths(bits, lzx->state.main_lengths + CHARS, main_tree.lengths + CHARS,
                main_symbols - CHARS);
    put_lengths(bits, lzx->state.length_lengths, length_tree.lengths, LENGTHS);
    put_tokens(lzx, bits, &main_tree, &length_tree, use_aligned ? &aligned : NULL);
    align_bits(bits);
}

static void put_uncompressed(const struct fx_lzx *lzx, struct bits *bits, const unsigned char *data,
                             size_t n)
{
    put_bits(bits, BLOCK_UNCOMPRESSED, 3);
    put_bits(bits, (uint32_t)n, 24);
    /* 27 or 28 bits are out: 1 to 16 bits of padding, never none, as decoders expect. */
    align_bits(bits);
    for (unsigned i = 0; i < 3; i++) {
        fx_buf_u32(bits->out, lzx->state.repeat[i]);
    }
    fx_buf_put(bits->out, data, n);
    if (n % 2 != 0) {
        fx_buf_byte(bits->out, 0);
    }
}

static void append(struct fx_lzx *lzx, const unsigned char *data, size_t n)
{
    size_t held = lzx->position - lzx->base;
    if (held + n > lzx->buffer_cap) {
        size_t drop = held - lzx->window;
        memmove(lzx->buffer, lzx->buffer + drop, lzx->window);
        lzx->base += (uint32_t)drop;
        held = lzx->window;
    }
    memcpy(lzx->buffer + held, data, n);
    lzx->position += (uint32_t)n;
}

struct fx_lzx *fx_lzx_open(unsigned window_bits)
{
    static const uint8_t slots[] = {30, 32, 34, 36, 38, 42, 50};
    if (window_bits < 15 || window_bits > 21) {
        fx_die("LZX window 2^%u: 15 to 21 are possible", window_bits);
    }
    struct fx_lzx *lzx = calloc(1, sizeof(*lzx));
    if (lzx == NULL) {
        fx_die("out of memory");
    }
    lzx->window = 1u << window_bits;
    lzx->slots = slots[window_bits - 15];
    lzx->buffer_cap = 2 * (size_t)lzx->window + FX_LZX_FRAME;
    lzx->buffer = malloc(lzx->buffer_cap);
    lzx->head = calloc(HASH_SIZE, sizeof(lzx->head[0]));
    lzx->previous = malloc(lzx->window * sizeof(lzx->previous[0]));
    lzx->tokens = malloc(FX_LZX_FRAME * sizeof(lzx->tokens[0]));
    if (lzx->buffer == NULL || lzx->head == NULL || lzx->previous == NULL || lzx->tokens == NULL) {
        fx_die("out of memory");
    }
    for (unsigned i = 0; i < 3; i++) {
        lzx->state.repeat[i] = 1;
    }
    return lzx;
}

void fx_lzx_close(struct fx_lzx *lzx)
{
    free(lzx->buffer);
    free(lzx->head);
    free(lzx->previous);
    free(lzx->tokens);
    free(lzx);
}

void fx_lzx_frame(struct fx_lzx *lzx, const unsigned char *data, size_t n, struct fx_buf *out)
{
    struct bits bits = {.out = out};
    size_t start = out->len;
    uint32_t from = lzx->position;
    struct state before = lzx->state;
    append(lzx, data, n);
    find_tokens(lzx, from);
    if (!lzx->started) {
        put_bits(&bits, 0, 1); /* no E8 translation */
    }
    put_compressed(lzx, &bits, n);
    if (out->len - start > n + 16) {
        out->len = start;
        bits = (struct bits){.out = out};
        lzx->state = before;
        if (!lzx->started) {
            put_bits(&bits, 0, 1);
        }
        put_uncompressed(lzx, &bits, data, n);
    }
    lzx->started = true;
}
