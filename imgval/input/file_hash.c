/*
 * Digests of a file from its bytes as they come, in one pass and without keeping them. Whether a
 * file is a PE file, and which ranges its Authenticode digest leaves out, is known once its headers
 * are there; so the first 4 KiB are kept, and what came before that point goes into the PE digest
 * from there. A file whose headers contradict themselves has no PE digest: its plain digests alone
 * can vouch for it.
 */
#include "imgval/input/file_hash.h"

#include "imgval/base/arena.h"
#include "imgval/base/cursor.h"

#include <stdlib.h>
#include <string.h>

/* The headers of a PE file must lie in so many bytes at its front; those of real ones take less
 * than 512. */
#define HEAD_SIZE 4096u

/* Places in the headers ([PE format]): the offset of the PE header in the DOS header; the sizes of
 * the signature and the COFF header before the optional one; in that one the checksum, and the
 * certificate table's entry for each of the two forms. */
#define DOS_SIZE 64u
#define DOS_PE_OFFSET 60u
#define COFF_SIZE 24u
#define MAGIC_32 0x10Bu
#define MAGIC_64 0x20Bu
#define CHECKSUM_OFFSET 64u
#define DIRECTORY_COUNT_32 92u
#define DIRECTORY_COUNT_64 108u
#define CERTIFICATE_ENTRY 4u
#define ENTRY_SIZE 8u

/* Bytes [from, to) that the PE digest leaves out. */
struct range {
    uint64_t from;
    uint64_t to;
};

enum state { STATE_HEAD, STATE_PLAIN, STATE_PE };

struct pair {
    struct iv_sha256 *sha256;
    struct iv_sha256 *sha1;
};

struct iv_file_hash {
    struct pair plain;
    struct pair pe;
    enum state state;
    uint64_t size;  /* of the file so far */
    uint64_t pe_at; /* bytes before this one were looked at for the PE digest */
    struct range skipped[3];
    bool has_table;
    size_t head_size;
    unsigned char head[HEAD_SIZE];
};

/* Both digests at once: catalogs name files by either, and the file is read but once. */
static struct pair pair_open(void)
{
    return (struct pair){.sha256 = iv_sha256_open(), .sha1 = iv_sha1_open()};
}

static void pair_add(struct pair *pair, const unsigned char *bytes, size_t size)
{
    iv_sha256_add(pair->sha256, bytes, size);
    iv_sha256_add(pair->sha1, bytes, size);
}

static void pair_next(struct pair *pair, struct iv_digests *ret_digests)
{
    iv_sha256_next(pair->sha256, ret_digests->sha256);
    iv_sha1_next(pair->sha1, ret_digests->sha1);
}

static void pair_close(struct pair *pair)
{
    struct iv_digests unused;
    iv_sha256_close(pair->sha256, unused.sha256);
    iv_sha1_close(pair->sha1, unused.sha1);
}

struct iv_file_hash *iv_file_hash_open(void)
{
    struct iv_file_hash *hash = iv_malloc(sizeof(*hash));
    *hash = (struct iv_file_hash){0};
    hash->plain = pair_open();
    hash->pe = pair_open();
    return hash;
}

void iv_file_hash_close(struct iv_file_hash **hash)
{
    if (*hash != NULL) {
        pair_close(&(*hash)->plain);
        pair_close(&(*hash)->pe);
        free(*hash);
        *hash = NULL;
    }
}

/* ------------------------------------------------------------------------------------ PE headers
 */

/* A number of 2 or 4 bytes in the head; the caller has checked that they are there. */
static uint32_t number_at(const struct iv_file_hash *hash, size_t at, size_t size)
{
    struct iv_cursor c = iv_cursor(hash->head + at, size);
    return size == 2 ? iv_cursor_u16(&c) : iv_cursor_u32(&c);
}

/* What is to be left out. False: no PE file, or headers that contradict themselves. */
static bool find_ranges(struct iv_file_hash *hash)
{
    if (hash->head_size < DOS_SIZE || memcmp(hash->head, "MZ", 2) != 0) {
        return false;
    }
    uint64_t pe = number_at(hash, DOS_PE_OFFSET, 4);
    uint64_t optional = pe + COFF_SIZE;
    if (optional + DIRECTORY_COUNT_64 + 4 > hash->head_size ||
        memcmp(hash->head + pe, "PE\0\0", 4) != 0) {
        return false;
    }
    uint32_t magic = number_at(hash, (size_t)optional, 2);
    if (magic != MAGIC_32 && magic != MAGIC_64) {
        return false;
    }
    uint64_t count_at = optional + (magic == MAGIC_32 ? DIRECTORY_COUNT_32 : DIRECTORY_COUNT_64);
    uint64_t entry = count_at + 4 + CERTIFICATE_ENTRY * ENTRY_SIZE;
    uint64_t checksum = optional + CHECKSUM_OFFSET;
    hash->skipped[0] = (struct range){checksum, checksum + 4};
    hash->skipped[1] = (struct range){entry, entry};
    hash->skipped[2] = (struct range){UINT64_MAX, UINT64_MAX};
    hash->has_table = false;
    if (number_at(hash, (size_t)count_at, 4) <= CERTIFICATE_ENTRY) {
        return true; /* no entry for certificates */
    }
    if (entry + ENTRY_SIZE > hash->head_size) {
        return false;
    }
    hash->skipped[1].to = entry + ENTRY_SIZE;
    uint64_t table = number_at(hash, (size_t)entry, 4); /* a place in the file, not in memory */
    uint64_t size = number_at(hash, (size_t)entry + 4, 4);
    if (table != 0 && size != 0) {
        hash->skipped[2] = (struct range){table, table + size};
        hash->has_table = true;
    }
    return table == 0 || size == 0 || table >= hash->skipped[1].to;
}

/* The parts of some bytes that lie outside the ranges, which follow each other. */
static void add_pe(struct iv_file_hash *hash, const unsigned char *bytes, size_t size)
{
    uint64_t stop = hash->pe_at + size;
    uint64_t at = hash->pe_at;
    for (size_t i = 0; i < 3 && at < stop; i++) {
        const struct range *range = &hash->skipped[i];
        if (range->from >= stop) {
            break;
        }
        if (range->from > at) {
            pair_add(&hash->pe, bytes + (at - hash->pe_at), (size_t)(range->from - at));
        }
        at = range->to > at ? range->to : at;
    }
    if (at < stop) {
        pair_add(&hash->pe, bytes + (at - hash->pe_at), (size_t)(stop - at));
    }
    hash->pe_at = stop;
}

/* The head is complete: what kind of file it is. */
static void settle(struct iv_file_hash *hash)
{
    hash->state = find_ranges(hash) ? STATE_PE : STATE_PLAIN;
    if (hash->state == STATE_PE) {
        add_pe(hash, hash->head, hash->head_size);
    }
}

void iv_file_hash_add(struct iv_file_hash *hash, const unsigned char *bytes, size_t size)
{
    pair_add(&hash->plain, bytes, size);
    hash->size += size;
    if (hash->state == STATE_HEAD) {
        size_t room = HEAD_SIZE - hash->head_size;
        size_t part = size < room ? size : room;
        memcpy(hash->head + hash->head_size, bytes, part);
        hash->head_size += part;
        bytes += part;
        size -= part;
        if (hash->head_size == HEAD_SIZE || (hash->head_size >= 2 && hash->head[0] != 'M')) {
            settle(hash);
        }
    }
    if (hash->state == STATE_PE && size > 0) {
        add_pe(hash, bytes, size);
    }
}

void iv_file_hash_end(struct iv_file_hash *hash, struct iv_file_digests *ret_digests)
{
    static const unsigned char zeros[8] = {0};
    if (hash->state == STATE_HEAD) {
        settle(hash);
    }
    *ret_digests = (struct iv_file_digests){.size = hash->size};
    pair_next(&hash->plain, &ret_digests->plain);
    /* A table that runs past the end leaves nothing that could be meant. */
    if (hash->state == STATE_PE && (!hash->has_table || hash->skipped[2].to <= hash->size)) {
        ret_digests->has_pe = true;
        iv_sha256_peek(hash->pe.sha256, ret_digests->pe.sha256, IV_SHA256_SIZE);
        iv_sha256_peek(hash->pe.sha1, ret_digests->pe.sha1, IV_SHA1_SIZE);
        if (!hash->has_table && hash->size % 8 != 0) {
            pair_add(&hash->pe, zeros, 8 - hash->size % 8);
        }
    }
    if (hash->state == STATE_PE) {
        pair_next(&hash->pe, &ret_digests->padded);
    }
    hash->state = STATE_HEAD;
    hash->size = 0;
    hash->pe_at = 0;
    hash->head_size = 0;
}
