/*
 * Hashes of an FFU: catalog against hash table, hash table against chunks.
 *
 * The signature covers the catalog, the catalog names a digest of the hash table, and the table has
 * a SHA-256 for each chunk. Each link is checked by itself and gets its own fault, so that a
 * message says which link is broken.
 *
 * Chunks are small (often 128 KiB) and many, so they are read READ_SIZE bytes at a time.
 * Neighbouring chunks that do not match are joined to one run, and a run becomes one fault: a
 * region of a disk that went bad is one thing to a person, and not ten thousand.
 */
#include "imgval/disk/ffu/ffu_hash.h"

#include "imgval/base/digest.h"
#include "imgval/disk/catalog.h"
#include "imgval/disk/ffu/ffu_parts.h"

#include <inttypes.h>
#include <string.h>

#define READ_SIZE ((size_t)512 * 1024)
#define TABLE_PIECE 1024 /* hashes that are read at a time */

/* ---- catalog ------------------------------------------------------------------------------- */

struct table_digests {
    unsigned char sha1[IV_SHA1_SIZE];
    unsigned char sha256[IV_SHA256_SIZE];
};

/* Digests of the table's bytes; the table was checked to lie within the file. */
static bool digest_table(const struct iv_ffu *ffu, struct iv_faults *faults,
                         struct table_digests *ret_digests)
{
    struct iv_sha256 *sha1 = iv_sha1_open();
    struct iv_sha256 *sha256 = iv_sha256_open();
    struct iv_arena_mark mark = iv_arena_mark(ffu->arena);
    unsigned char *bytes = IV_NEW_ARRAY(ffu->arena, unsigned char, READ_SIZE);
    uint64_t at = IV_FFU_SECURITY_SIZE + ffu->catalog_size;
    bool read = true;
    for (uint64_t left = ffu->table_size; left > 0 && read;) {
        size_t size = left < READ_SIZE ? (size_t)left : READ_SIZE;
        read = iv_source_read(&ffu->source, bytes, size, at);
        iv_sha256_add(sha1, bytes, read ? size : 0);
        iv_sha256_add(sha256, bytes, read ? size : 0);
        at += size;
        left -= size;
    }
    iv_sha1_close(sha1, ret_digests->sha1);
    iv_sha256_close(sha256, ret_digests->sha256);
    iv_arena_reset(ffu->arena, mark);
    return read || iv_faults_add(faults, IV_FAULT_UNREADABLE, NULL,
                                 "the hash table at offset %" PRIu64 " cannot be read",
                                 IV_FFU_SECURITY_SIZE + ffu->catalog_size);
}

/* One fault for a catalog that was changed after it was signed. */
static void report_signers(const struct iv_image *image, const char *why, struct iv_faults *faults)
{
    const char *name = image->signer_count == 0 ? NULL : image->signers[0].name;
    if (why != NULL) {
        (void)iv_faults_add(
            faults, IV_FAULT_CATALOG, NULL, "its signature by %s is not valid: %s",
            name == NULL ? "a signer without a name" : iv_faults_shown(faults->arena, name), why);
    }
}

/* What the members say of the table. */
static void judge_digest(const struct iv_catalog *catalog, const struct iv_ffu *ffu,
                         struct iv_image *image, struct iv_faults *faults)
{
    struct table_digests digests;
    if (!digest_table(ffu, faults, &digests)) {
        return;
    }
    switch (iv_catalog_find(catalog, digests.sha1, digests.sha256)) {
    case IV_CATALOG_MATCH_SHA256:
    case IV_CATALOG_MATCH_SHA1:
        image->catalog_digest = IV_CATALOG_MATCHES;
        return;
    case IV_CATALOG_MATCH_TAG:
        image->catalog_digest = IV_CATALOG_MATCHES_TAG;
        return;
    case IV_CATALOG_MATCH_NONE:
        break;
    }
    image->catalog_digest = IV_CATALOG_DIFFERS;
    if (catalog->member_count == 0) {
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL, "its trust list has no member");
    } else if (catalog->digest_count == 0) {
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL,
                            "none of its %zu members holds a digest, and none has the hash "
                            "table's digest as its tag",
                            catalog->member_count);
    } else if (catalog->digest_count == 1) {
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL,
                            "its digest is not that of the hash table");
    } else {
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL,
                            "none of its %zu digests is that of the hash table",
                            catalog->digest_count);
    }
}

void iv_ffu_check_catalog(const struct iv_ffu *ffu, struct iv_image *image,
                          struct iv_faults *faults)
{
    if (ffu->catalog_size == 0) {
        image->signature = IV_SIGNATURE_NONE;
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL, "the file has none");
        return;
    }
    unsigned char *bytes = IV_NEW_ARRAY(ffu->arena, unsigned char, (size_t)ffu->catalog_size);
    struct iv_catalog catalog;
    const char *why = "";
    if (!iv_ffu_read(ffu, faults, "the catalog", bytes, (size_t)ffu->catalog_size,
                     IV_FFU_SECURITY_SIZE)) {
        return;
    }
    if (!iv_catalog_read(bytes, (size_t)ffu->catalog_size, ffu->arena, &catalog, &why)) {
        (void)iv_faults_add(faults, IV_FAULT_CATALOG, NULL, "it cannot be read: %s", why);
        return;
    }
    iv_catalog_verify(&catalog, bytes, (size_t)ffu->catalog_size, ffu->arena, &why);
    image->signature = catalog.signature;
    image->signers = catalog.signers;
    image->signer_count = catalog.signer_count;
    report_signers(image, why, faults);
    judge_digest(&catalog, ffu, image, faults);
}

/* ---- chunks -------------------------------------------------------------------------------- */

struct check {
    const struct iv_ffu *ffu;
    struct iv_image *image;
    struct iv_faults *faults;
    struct iv_sha256 *sha;
    unsigned char *bytes; /* READ_SIZE */
    unsigned char *table; /* TABLE_PIECE hashes */
    uint64_t run;         /* first chunk of the run of mismatches in hand */
    uint64_t run_count;
};

/*
 * Reports the run of mismatches in hand, if there is one. The file may end inside of its last
 * chunk.
 */
static void end_run(struct check *c)
{
    if (c->run_count == 0) {
        return;
    }
    const struct iv_ffu *ffu = c->ffu;
    uint64_t start = ffu->base + c->run * ffu->chunk_size;
    uint64_t size = c->run_count * ffu->chunk_size;
    uint64_t left = ffu->source.size - start;
    size = size < left ? size : left;
    const char *place = "";
    /* What nobody will see need not be worked out. */
    if (c->faults->seen[IV_FAULT_HASH_MISMATCH] < IV_FAULTS_OF_A_KIND) {
        place = iv_ffu_place(ffu, c->image, start, size, c->faults->arena);
    }
    (void)iv_faults_add(
        c->faults, IV_FAULT_HASH_MISMATCH, NULL,
        "chunk%s %" PRIu64 "%s%s, bytes %" PRIu64 " to %" PRIu64 " of the file: %s",
        c->run_count > 1 ? "s" : "", c->run, c->run_count > 1 ? " to " : "",
        c->run_count > 1 ? iv_arena_printf(c->faults->arena, "%" PRIu64, c->run + c->run_count - 1)
                         : "",
        start, start + size - 1, place);
    c->run_count = 0;
}

/* Counts one chunk: a match ends the run in hand, a mismatch makes it longer or begins one. */
static void compare(struct check *c, uint64_t chunk, const unsigned char *wanted,
                    const unsigned char *digest)
{
    c->image->hash.checked++;
    if (memcmp(wanted, digest, IV_SHA256_SIZE) == 0) {
        end_run(c);
        return;
    }
    c->image->hash.mismatched++;
    c->run = c->run_count == 0 ? chunk : c->run;
    c->run_count++;
}

/* Adds zeros to the digest. They are taken from c->bytes, whose content is lost. */
static void add_zeros(struct check *c, uint64_t size)
{
    memset(c->bytes, 0, size < READ_SIZE ? (size_t)size : READ_SIZE);
    while (size > 0) {
        size_t piece = size < READ_SIZE ? (size_t)size : READ_SIZE;
        iv_sha256_add(c->sha, c->bytes, piece);
        size -= piece;
    }
}

/* One chunk that is larger than the buffer, or the last one. */
static bool hash_single(struct check *c, uint64_t chunk, unsigned char *ret_digest)
{
    const struct iv_ffu *ffu = c->ffu;
    uint64_t at = ffu->base + chunk * ffu->chunk_size;
    uint64_t left = ffu->source.size - at;
    left = left < ffu->chunk_size ? left : ffu->chunk_size;
    uint64_t missing = ffu->chunk_size - left;
    bool read = true;
    while (left > 0 && read) {
        size_t size = left < READ_SIZE ? (size_t)left : READ_SIZE;
        read = iv_source_read(&ffu->source, c->bytes, size, at);
        iv_sha256_add(c->sha, c->bytes, read ? size : 0);
        at += size;
        left -= size;
    }
    add_zeros(c, read ? missing : 0);
    iv_sha256_next(c->sha, ret_digest);
    return read;
}

/* Chunks that cannot be read are neither right nor wrong: they are counted apart. */
static void skip(struct check *c, uint64_t chunk, uint64_t count)
{
    end_run(c);
    c->image->hash.skipped += count;
    (void)iv_faults_add(c->faults, IV_FAULT_UNREADABLE, NULL,
                        "%" PRIu64 " chunks from chunk %" PRIu64 " on cannot be read", count,
                        chunk);
}

/* Chunks [first, last), whose hashes are in c->table. As many whole ones as fit into the buffer are
 * read at once. */
static void hash_piece(struct check *c, uint64_t first, uint64_t last)
{
    const struct iv_ffu *ffu = c->ffu;
    unsigned char digest[IV_SHA256_SIZE];
    uint64_t chunk = first;
    while (chunk < last) {
        uint64_t at = ffu->base + chunk * ffu->chunk_size;
        uint64_t whole = (ffu->source.size - at) / ffu->chunk_size;
        uint64_t count = READ_SIZE / ffu->chunk_size;
        count = count < last - chunk ? count : last - chunk;
        count = count < whole ? count : whole;
        const unsigned char *wanted = c->table + (chunk - first) * IV_SHA256_SIZE;
        if (count == 0) {
            if (hash_single(c, chunk, digest)) {
                compare(c, chunk, wanted, digest);
            } else {
                skip(c, chunk, 1);
            }
            chunk++;
            continue;
        }
        if (!iv_source_read(&ffu->source, c->bytes, (size_t)(count * ffu->chunk_size), at)) {
            skip(c, chunk, count);
            chunk += count;
            continue;
        }
        for (uint64_t i = 0; i < count; i++) {
            iv_sha256_add(c->sha, c->bytes + i * ffu->chunk_size, (size_t)ffu->chunk_size);
            iv_sha256_next(c->sha, digest);
            compare(c, chunk + i, wanted + i * IV_SHA256_SIZE, digest);
        }
        chunk += count;
    }
}

/* The first chunk that starts at or after a place of the file. */
static uint64_t chunk_after(const struct iv_ffu *ffu, uint64_t place)
{
    if (place <= ffu->base) {
        return 0;
    }
    uint64_t offset = place - ffu->base;
    return offset / ffu->chunk_size + (offset % ffu->chunk_size != 0 ? 1 : 0);
}

void iv_ffu_check_hashes(const struct iv_ffu *ffu, uint64_t from, uint64_t to,
                         struct iv_image *image, struct iv_faults *faults)
{
    if (image->hash.state != IV_HASH_CHECKED) {
        return;
    }
    uint64_t first = chunk_after(ffu, from);
    uint64_t last = chunk_after(ffu, to);
    uint64_t count =
        image->hash.chunks < image->hash.entries ? image->hash.chunks : image->hash.entries;
    last = last < count ? last : count;

    struct check c = {
        .ffu = ffu,
        .image = image,
        .faults = faults,
        .sha = iv_sha256_open(),
        .bytes = IV_NEW_ARRAY(ffu->arena, unsigned char, READ_SIZE),
        .table = IV_NEW_ARRAY(ffu->arena, unsigned char, TABLE_PIECE *IV_SHA256_SIZE),
    };
    for (uint64_t chunk = first; chunk < last;) {
        uint64_t piece = last - chunk < TABLE_PIECE ? last - chunk : TABLE_PIECE;
        uint64_t at = IV_FFU_SECURITY_SIZE + ffu->catalog_size + chunk * IV_SHA256_SIZE;
        if (iv_source_read(&ffu->source, c.table, (size_t)(piece * IV_SHA256_SIZE), at)) {
            hash_piece(&c, chunk, chunk + piece);
        } else {
            skip(&c, chunk, piece);
        }
        chunk += piece;
    }

    end_run(&c);
    unsigned char unused[IV_SHA256_SIZE];
    iv_sha256_close(c.sha, unused);
}
