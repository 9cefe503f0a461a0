/*
 * Fuzz entry of the readers behind --verify: the input as a catalog (its members, its attributes,
 * its signers by the bounded walk and by libcrypto), and as a file whose digests are taken, in one
 * piece and in many. The digests must not depend on the pieces.
 */
#include "imgval/base/signature.h"
#include "imgval/disk/catalog.h"
#include "imgval/input/file_hash.h"
#include "imgval/input/known_roots.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void walk_members(const struct iv_catalog *catalog, struct iv_arena *arena)
{
    struct iv_der at = catalog->members;
    struct iv_catalog_member member;
    size_t count = 0;
    while (iv_catalog_next(&at, &member)) {
        (void)iv_catalog_value(member.attributes, "File", arena);
        count++;
    }
    require(count == catalog->member_count);
    (void)iv_catalog_value(catalog->attributes, "OSAttr", arena);
}

static void read_catalog(const uint8_t *data, size_t size, struct iv_arena *arena)
{
    static const unsigned char zeros[IV_SHA256_SIZE] = {0};
    struct iv_catalog catalog;
    const char *why = NULL;
    if (!iv_catalog_read(data, size, arena, &catalog, &why)) {
        require(why != NULL);
        return;
    }
    walk_members(&catalog, arena);
    (void)iv_catalog_find(&catalog, zeros, zeros);
    struct iv_signing signing = {0};
    struct iv_signed by = {0};
    signing.roots = iv_known_roots(&signing.root_count);
    const struct iv_signed_message message = {.bytes = data,
                                              .size = size,
                                              .content = catalog.list.bytes,
                                              .content_size = catalog.list.size};
    if (iv_signature_read(&message, &signing, arena, &by, &why)) {
        (void)iv_known_roots_judge(&by);
    } else {
        require(why != NULL);
    }
}

/* In pieces of 1, 2, 4 ... bytes, or all at once. */
static void hash_file(const uint8_t *data, size_t size)
{
    struct iv_file_digests whole;
    struct iv_file_digests pieces;
    struct iv_file_hash *hash = iv_file_hash_open();
    iv_file_hash_add(hash, data, size);
    iv_file_hash_end(hash, &whole);
    for (size_t at = 0, step = 1; at < size; at += step, step *= 2) {
        step = step < size - at ? step : size - at;
        iv_file_hash_add(hash, data + at, step);
    }
    iv_file_hash_end(hash, &pieces);
    iv_file_hash_close(&hash);
    require(whole.size == size && pieces.size == size && whole.has_pe == pieces.has_pe);
    require(memcmp(&whole.plain, &pieces.plain, sizeof(whole.plain)) == 0);
    require(!whole.has_pe || memcmp(&whole.pe, &pieces.pe, sizeof(whole.pe)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    read_catalog(data, size, &arena);
    hash_file(data, size);
    iv_arena_fini(&arena);
    return 0;
}
