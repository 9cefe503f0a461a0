/*
 * WIM files as volumes: one of the images in a file is read as if it were a file system.
 *
 * A WIM is a store of resources, each named by the SHA-1 of its content:
 *
 *   header         208 bytes at offset 0: flags, size of a chunk, number of images, lookup table
 *   lookup table   50 bytes for each resource: packed size, flags, offset, size, SHA-1
 *   metadata       one resource for each image: security data, then the tree of directory entries
 *   data           the content of files; the same content is there once, for all images
 *
 * Opening reads the header, the whole table (sorted by digest) and the metadata of the image that
 * is wanted, which stays in memory. A directory is a row of entries in the metadata, each with the
 * place of its own subdirectory; an entry names its data by SHA-1, which the table has.
 *
 * Every resource that is used must have the SHA-1 that the table says, so damage is never handed
 * out as data. A hostile entry can name its parent as its subdirectory. Nothing here recurses, so
 * only a caller that walks the tree has to bound its depth.
 *
 * What follows the parts that the header names is not looked at ("secure" WIMs have a catalog
 * there). Solid, LZMS-compressed and split WIMs are refused by name.
 */
#include "imgval/disk/volume_kinds.h"

#include "imgval/base/cursor.h"
#include "imgval/base/digest.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/disk/chunked.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 208
#define VERSION_PLAIN 0x10D00u
#define VERSION_SOLID 0xE00u
#define FLAG_COMPRESSED 0x2u
#define FLAG_XPRESS 0x20000u
#define FLAG_LZX 0x40000u
#define FLAG_LZMS 0x80000u
#define FLAG_XPRESS_ALSO 0x200000u /* written by some tools */

/* Flags of a resource are the eighth byte of its entry, after seven bytes of packed size. */
#define BLOB_SIZE 50 /* an entry of the lookup table */
#define BLOB_METADATA 0x2u
#define BLOB_COMPRESSED 0x4u
#define BLOB_SPANNED 0x8u /* and solid */
#define BLOB_FLAGS_KNOWN 0x1Fu

#define DENTRY_SIZE 102 /* without the name */
#define STREAM_SIZE 38  /* as above */
#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_REPARSE 0x400u
#define ATTRIBUTE_ENCRYPTED 0x4000u
/* The bit of a reparse tag that says "this name stands for another" ([MS-FSCC] 2.1.2.1): links. */
#define TAG_LEADS_ELSEWHERE 0x20000000u
#define CHUNK_DEFAULT 32768
#define PIECE_SIZE 65536

/* Where bytes lie in the file, and how: sizes and offset in bytes, flags as BLOB_... */
struct resource {
    uint64_t packed;
    unsigned flags;
    uint64_t offset;
    uint64_t size;
};

struct blob {
    unsigned char digest[IV_SHA1_SIZE];
    struct resource resource;
};

struct wim {
    enum iv_packing packing;
    size_t chunk;
    struct blob *blobs; /* sorted by digest; those of data alone */
    size_t blob_count;
    struct iv_buf metadata; /* of the image in hand */
    uint64_t root;          /* where its root directory's entry lies */
    struct iv_volume_index index;
};

static struct wim *wim_of(const struct iv_volume *volume)
{
    return volume->state;
}

static const char *probe(const struct iv_source *source)
{
    char magic[8];
    return iv_source_read(source, magic, sizeof(magic), 0) && memcmp(magic, "MSWIM\0\0", 8) == 0
               ? "WIM"
               : NULL;
}

/* A fault of the kind that ends the opening of the WIM; returns false. */
static bool fail(const struct iv_volume *volume, struct iv_fault *ret_fault,
                 enum iv_fault_kind kind, const char *what)
{
    (void)iv_volume_trouble(volume, ret_fault, kind, "%s", what);
    return false;
}

static enum iv_volume_outcome damaged(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                      const char *what)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "%s", what);
}

/* ---- resources ---- */

static struct resource read_resource(struct iv_cursor *c)
{
    struct resource resource = {.packed = iv_cursor_uint(c, 7)};
    resource.flags = iv_cursor_u8(c);
    resource.offset = iv_cursor_u64(c);
    resource.size = iv_cursor_u64(c);
    return resource;
}

/* A resource as it is read. */
struct reading {
    struct iv_source packed;
    uint64_t size;
    bool is_chunked;
    struct iv_chunked chunked;
};

static void reading_fini(struct reading *reading)
{
    iv_chunked_fini(&reading->chunked);
}

/*
 * Opens a resource for reading; `arena` keeps the slice, the caller ends it by reading_fini().
 * False: it does not lie within the file, its chunks have no table, or it is stored and has two
 * sizes.
 */
static bool reading_open(const struct iv_volume *volume, const struct resource *resource,
                         struct iv_arena *arena, struct reading *ret_reading)
{
    const struct wim *wim = wim_of(volume);
    if (resource->offset > volume->source.size ||
        resource->packed > volume->source.size - resource->offset) {
        return false;
    }
    struct reading reading = {
        .packed = iv_source_slice(&volume->source, resource->offset, resource->packed, arena),
        .size = resource->size,
        .is_chunked = (resource->flags & BLOB_COMPRESSED) != 0,
    };
    if (reading.is_chunked ? !iv_chunked_open(&reading.packed, resource->size, wim->chunk,
                                              wim->packing, &reading.chunked)
                           : resource->size != resource->packed) {
        return false;
    }
    *ret_reading = reading;
    return true;
}

static bool reading_read(const void *context, void *bytes, size_t size, uint64_t offset)
{
    /* One chunk is kept inside: not const, and not shared with anybody. */
    struct reading *reading = (struct reading *)(uintptr_t)context;
    return reading->is_chunked ? iv_chunked_read(&reading->chunked, bytes, size, offset)
                               : iv_source_read(&reading->packed, bytes, size, offset);
}

/* Reads all of it, into `bytes` unless that is NULL, and compares the digest. */
static bool reading_check(struct reading *reading, const unsigned char digest[IV_SHA1_SIZE],
                          unsigned char *bytes)
{
    struct iv_buf piece IV_CLEANUP(iv_buf_fini) = {0};
    if (bytes == NULL) {
        iv_buf_reserve(&piece, PIECE_SIZE);
    }
    struct iv_sha256 *sha = iv_sha1_open();
    bool is_fine = true;
    for (uint64_t at = 0; at < reading->size && is_fine;) {
        uint64_t left = reading->size - at;
        size_t here = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        void *to = bytes != NULL ? (void *)(bytes + at) : (void *)piece.data;
        is_fine = reading_read(reading, to, here, at);
        if (is_fine) {
            iv_sha256_add(sha, to, here);
        }
        at += here;
    }
    unsigned char got[IV_SHA1_SIZE];
    iv_sha1_close(sha, got);
    return is_fine && memcmp(got, digest, IV_SHA1_SIZE) == 0;
}

/* ---- header and lookup table ---- */

struct header {
    uint32_t flags;
    uint32_t images;
    struct resource table;
};

static bool read_header(const struct iv_volume *volume, struct header *ret_header,
                        struct iv_fault *ret_fault)
{
    unsigned char bytes[HEADER_SIZE];
    if (!iv_source_read(&volume->source, bytes, sizeof(bytes), 0)) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM header is cut off");
    }
    struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
    c.at = 8;
    uint32_t size = iv_cursor_u32(&c);
    uint32_t version = iv_cursor_u32(&c);
    uint32_t flags = iv_cursor_u32(&c);
    uint32_t chunk = iv_cursor_u32(&c);
    c.at = 40;
    uint16_t part = iv_cursor_u16(&c);
    uint16_t parts = iv_cursor_u16(&c);
    uint32_t images = iv_cursor_u32(&c);
    struct header header = {.flags = flags, .images = images, .table = read_resource(&c)};
    if (size != HEADER_SIZE) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM header has a wrong size");
    }
    if (version == VERSION_SOLID || (flags & FLAG_LZMS) != 0) {
        return fail(volume, ret_fault, IV_FAULT_UNSUPPORTED, "a solid or LZMS-compressed WIM");
    }
    if (version != VERSION_PLAIN) {
        return fail(volume, ret_fault, IV_FAULT_UNSUPPORTED, "a WIM of an unknown version");
    }
    if (part != 1 || parts != 1) {
        return fail(volume, ret_fault, IV_FAULT_UNSUPPORTED, "a part of a split WIM");
    }

    struct wim *wim = wim_of(volume);
    bool is_compressed = (flags & FLAG_COMPRESSED) != 0;
    wim->chunk = chunk != 0 ? chunk : CHUNK_DEFAULT;
    wim->packing = !is_compressed                                    ? IV_PACKING_NONE
                   : (flags & FLAG_LZX) != 0                         ? IV_PACKING_LZX
                   : (flags & (FLAG_XPRESS | FLAG_XPRESS_ALSO)) != 0 ? IV_PACKING_XPRESS
                                                                     : IV_PACKING_NONE;
    if (is_compressed && wim->packing == IV_PACKING_NONE) {
        return fail(volume, ret_fault, IV_FAULT_UNSUPPORTED,
                    "a WIM compressed in a way that is not known");
    }
    *ret_header = header;
    return true;
}

static int compare_blobs(const void *a, const void *b)
{
    const struct blob *one = a;
    const struct blob *other = b;
    return memcmp(one->digest, other->digest, IV_SHA1_SIZE);
}

/* The lookup table; of the metadata resources, which stand in the order of the images, one. */
static bool read_table(struct iv_volume *volume, const struct header *header, size_t image,
                       struct blob *ret_metadata, struct iv_fault *ret_fault)
{
    struct wim *wim = wim_of(volume);
    const struct resource *table = &header->table;
    if ((table->flags & BLOB_COMPRESSED) != 0 || table->size != table->packed ||
        table->size % BLOB_SIZE != 0 || table->offset > volume->source.size ||
        table->size > volume->source.size - table->offset) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM's lookup table is damaged");
    }
    uint64_t count = table->size / BLOB_SIZE;
    if (count > volume->limits->entries) {
        return fail(volume, ret_fault, IV_FAULT_LIMIT, "the WIM's lookup table is too long");
    }
    wim->blobs = IV_NEW_ARRAY(volume->arena, struct blob, (size_t)count + 1);
    size_t images = 0;
    for (uint64_t i = 0; i < count; i++) {
        unsigned char bytes[BLOB_SIZE];
        if (!iv_source_read(&volume->source, bytes, BLOB_SIZE, table->offset + i * BLOB_SIZE)) {
            return fail(volume, ret_fault, IV_FAULT_PARTITION,
                        "the WIM's lookup table cannot be read");
        }
        struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
        struct blob blob = {.resource = read_resource(&c)};
        memcpy(blob.digest, bytes + BLOB_SIZE - IV_SHA1_SIZE, IV_SHA1_SIZE);
        if ((blob.resource.flags & BLOB_METADATA) == 0) {
            wim->blobs[wim->blob_count++] = blob;
        } else if (images++ == image) {
            *ret_metadata = blob;
        }
    }

    iv_sort(wim->blobs, wim->blob_count, sizeof(*wim->blobs), compare_blobs);
    volume->images = images;
    if (images != header->images) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION,
                    "the WIM's lookup table has another number of images than its header");
    }
    return image < images ||
           fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM has no such image");
}

/*
 * Loads the directory tree of the image. Its first word is the size of the security data, itself
 * included; the root entry follows, aligned to eight bytes.
 */
static bool read_metadata(struct iv_volume *volume, const struct blob *blob,
                          struct iv_fault *ret_fault)
{
    struct wim *wim = wim_of(volume);
    if ((blob->resource.flags & BLOB_SPANNED) != 0) {
        return fail(volume, ret_fault, IV_FAULT_UNSUPPORTED, "a solid or LZMS-compressed WIM");
    }
    if (blob->resource.size > volume->limits->metadata_size) {
        return fail(volume, ret_fault, IV_FAULT_LIMIT, "the WIM's directory tree is too large");
    }
    struct reading reading IV_CLEANUP(reading_fini) = {0};
    if (!reading_open(volume, &blob->resource, volume->arena, &reading)) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM's directory tree is damaged");
    }
    char *place = iv_buf_reserve(&wim->metadata, (size_t)reading.size);
    if (!reading_check(&reading, blob->digest, (unsigned char *)place)) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION,
                    "the WIM's directory tree does not have the SHA-1 that its table says");
    }
    wim->metadata.size = (size_t)reading.size;
    struct iv_cursor c = iv_cursor(place, wim->metadata.size);
    uint32_t security = iv_cursor_u32(&c);
    wim->root = ((uint64_t)(security < 8 ? 8 : security) + 7) & ~UINT64_C(7);
    return true;
}

static void wim_close(struct iv_volume *volume)
{
    if (wim_of(volume) != NULL) {
        iv_buf_fini(&wim_of(volume)->metadata);
        iv_volume_index_fini(&wim_of(volume)->index);
    }
}

/* ---- directory entries ---- */

struct dentry {
    const unsigned char *name;
    size_t name_size;
    uint32_t attributes;
    uint32_t tag;
    uint64_t subdir;
    const unsigned char *digest;
    uint64_t next; /* where the next one lies */
};

/* An entry without data has a SHA-1 of zeros. */
static bool is_empty_digest(const unsigned char *digest)
{
    static const unsigned char none[IV_SHA1_SIZE] = {0};
    return digest != NULL && memcmp(digest, none, IV_SHA1_SIZE) == 0;
}

/*
 * The streams after an entry: alternate data streams, each aligned to eight bytes. The one without
 * a name is the content of the file if the entry itself names none.
 */
static bool read_streams(struct iv_cursor *c, unsigned count, struct dentry *dentry)
{
    for (unsigned i = 0; i < count; i++) {
        size_t start = c->at;
        uint64_t length = iv_cursor_u64(c);
        iv_cursor_u64(c);
        const unsigned char *digest = iv_cursor_take(c, IV_SHA1_SIZE);
        uint16_t name = iv_cursor_u16(c);
        if (c->failed || length < STREAM_SIZE || length > c->size - start) {
            return false;
        }
        if (name == 0 && is_empty_digest(dentry->digest)) {
            dentry->digest = digest;
        }
        c->at = start;
        if (iv_cursor_take(c, (size_t)length) == NULL) {
            return false;
        }
        c->at = (c->at + 7) & ~(size_t)7;
        if (c->at > c->size) {
            c->at = c->size;
        }
    }
    return true;
}

/*
 * The entry at an offset of the metadata. 1: read; 0: the end of a directory, a length of at most
 * 8; -1: damaged. Name and digest lie in the metadata. `next` is always larger than `place`, so a
 * walk over a directory ends.
 */
static int read_dentry(const struct wim *wim, uint64_t place, struct dentry *ret_dentry)
{
    if (place > wim->metadata.size) {
        return -1;
    }
    struct iv_cursor c = iv_cursor(wim->metadata.data, wim->metadata.size);
    c.at = (size_t)place;
    uint64_t length = iv_cursor_u64(&c);
    if (!c.failed && length <= 8) {
        return 0;
    }
    struct dentry dentry = {.attributes = iv_cursor_u32(&c)};
    iv_cursor_u32(&c);
    dentry.subdir = iv_cursor_u64(&c);
    iv_cursor_take(&c, 40);
    dentry.digest = iv_cursor_take(&c, IV_SHA1_SIZE);
    iv_cursor_u32(&c);
    dentry.tag = iv_cursor_u32(&c);
    iv_cursor_u32(&c);
    unsigned streams = iv_cursor_u16(&c);
    iv_cursor_u16(&c);
    dentry.name_size = iv_cursor_u16(&c);
    dentry.name = iv_cursor_take(&c, dentry.name_size);
    if (c.failed || length < DENTRY_SIZE + dentry.name_size || length > c.size - place ||
        dentry.name_size % 2 != 0) {
        return -1;
    }
    c.at = (size_t)((place + length + 7) & ~UINT64_C(7));
    if (c.at > c.size) {
        c.at = c.size;
    }
    if (!read_streams(&c, streams, &dentry)) {
        return -1;
    }
    dentry.next = c.at;
    *ret_dentry = dentry;
    return 1;
}

static const struct blob *find_blob(const struct wim *wim, const unsigned char *digest)
{
    struct blob wanted = {0};
    memcpy(wanted.digest, digest, IV_SHA1_SIZE);
    return wim->blob_count == 0
               ? NULL
               : bsearch(&wanted, wim->blobs, wim->blob_count, sizeof(*wim->blobs), compare_blobs);
}

/*
 * An entry as a node. Its info is the blob, or NULL: then the file is empty, or its data are in
 * another part of the WIM; open_blob() finds out which.
 */
static struct iv_volume_node describe(const struct wim *wim, uint64_t place,
                                      const struct dentry *dentry)
{
    const struct blob *blob = find_blob(wim, dentry->digest);
    bool is_directory = (dentry->attributes & ATTRIBUTE_DIRECTORY) != 0;
    return (struct iv_volume_node){
        .is_directory = is_directory,
        .is_link = (dentry->attributes & ATTRIBUTE_REPARSE) != 0 &&
                   (dentry->tag & TAG_LEADS_ELSEWHERE) != 0,
        .size = is_directory || blob == NULL ? 0 : blob->resource.size,
        .place = place,
        .info = blob,
    };
}

/* ---- what volume.c calls ---- */

static bool wim_open(struct iv_volume *volume, size_t image, struct iv_fault *ret_fault)
{
    struct wim *wim = IV_NEW(volume->arena, struct wim);
    volume->state = wim;
    struct header header;
    struct blob metadata = {0};
    if (!read_header(volume, &header, ret_fault) ||
        !read_table(volume, &header, image, &metadata, ret_fault) ||
        !read_metadata(volume, &metadata, ret_fault)) {
        return false;
    }
    struct dentry root;
    if (read_dentry(wim, wim->root, &root) != 1 || (root.attributes & ATTRIBUTE_DIRECTORY) == 0) {
        return fail(volume, ret_fault, IV_FAULT_PARTITION, "the WIM's root directory is damaged");
    }
    return true;
}

static enum iv_volume_outcome wim_root(struct iv_volume *volume, struct iv_volume_node *ret_node,
                                       struct iv_fault *ret_fault)
{
    (void)ret_fault;
    *ret_node = (struct iv_volume_node){.is_directory = true, .place = wim_of(volume)->root};
    return IV_VOLUME_FOUND;
}

/* Where the entries of a directory start; 0: it has none. False: its own entry is damaged. */
static bool first_entry(const struct wim *wim, const struct iv_volume_node *folder,
                        uint64_t *ret_place)
{
    struct dentry dentry;
    if (read_dentry(wim, folder->place, &dentry) != 1) {
        return false;
    }
    *ret_place = dentry.subdir;
    return true;
}

/*
 * Reads one directory into the index of names, which replaces the one before it: look-ups go
 * through one directory after the other. False: an entry is damaged, and nothing can be found.
 */
static bool build_index(struct wim *wim, const struct iv_volume_node *folder)
{
    uint64_t place;
    if (!first_entry(wim, folder, &place)) {
        return false;
    }
    iv_volume_index_start(&wim->index, folder->place);
    struct dentry dentry;
    int more = 0;
    for (; place != 0 && (more = read_dentry(wim, place, &dentry)) == 1; place = dentry.next) {
        struct iv_volume_node node = describe(wim, place, &dentry);
        iv_volume_index_add(&wim->index,
                            iv_volume_name_utf16(&wim->index.arena, dentry.name, dentry.name_size),
                            &node);
    }
    if (more >= 0) {
        iv_volume_index_finish(&wim->index);
    }
    return more >= 0;
}

static enum iv_volume_outcome wim_child(struct iv_volume *volume,
                                        const struct iv_volume_node *folder, const char *name,
                                        struct iv_volume_node *ret_node, struct iv_fault *ret_fault)
{
    struct wim *wim = wim_of(volume);
    if (!iv_volume_index_is_of(&wim->index, folder->place) && !build_index(wim, folder)) {
        return damaged(volume, ret_fault, "the directory is damaged");
    }
    const struct iv_volume_node *node = iv_volume_index_find(&wim->index, name);
    if (node == NULL) {
        return IV_VOLUME_ABSENT;
    }
    *ret_node = *node;
    return IV_VOLUME_FOUND;
}

static enum iv_volume_outcome wim_list(struct iv_volume *volume,
                                       const struct iv_volume_node *folder, struct iv_arena *arena,
                                       struct iv_volume_entry **ret_entries, size_t *ret_count,
                                       struct iv_fault *ret_fault)
{
    const struct wim *wim = wim_of(volume);
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    size_t capacity = 0;
    uint64_t place;
    if (!first_entry(wim, folder, &place)) {
        return damaged(volume, ret_fault, "the directory is damaged");
    }
    struct dentry dentry;
    int more = 0;
    for (; place != 0 && (more = read_dentry(wim, place, &dentry)) == 1; place = dentry.next) {
        struct iv_volume_node node = describe(wim, place, &dentry);
        entries = iv_arena_grow(arena, entries, count, &capacity, sizeof(*entries));
        entries[count++] = (struct iv_volume_entry){
            .name = iv_volume_name_utf16(arena, dentry.name, dentry.name_size),
            .is_directory = node.is_directory,
            .is_link = node.is_link,
            .size = node.size,
        };
    }
    if (more < 0) {
        return damaged(volume, ret_fault, "the directory is damaged");
    }
    *ret_entries = entries;
    *ret_count = count;
    return IV_VOLUME_FOUND;
}

/* Opens the data of a node; *ret_blob NULL: an empty file, which has none. */
static enum iv_volume_outcome open_blob(struct iv_volume *volume, const struct iv_volume_node *node,
                                        struct iv_arena *arena, struct reading *ret_reading,
                                        const struct blob **ret_blob, struct iv_fault *ret_fault)
{
    const struct wim *wim = wim_of(volume);
    struct dentry dentry;
    if (read_dentry(wim, node->place, &dentry) != 1) {
        return damaged(volume, ret_fault, "its directory entry is damaged");
    }
    if ((dentry.attributes & ATTRIBUTE_ENCRYPTED) != 0) {
        return damaged(volume, ret_fault, "it is encrypted");
    }
    if ((dentry.attributes & ATTRIBUTE_REPARSE) != 0) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE,
                                 "it has a reparse point of the unknown kind 0x%08X", dentry.tag);
    }

    const struct blob *blob = node->info;
    if (blob == NULL && !is_empty_digest(dentry.digest)) {
        return damaged(volume, ret_fault, "the WIM does not hold its data");
    }
    if (blob != NULL && (blob->resource.flags & (BLOB_SPANNED | ~BLOB_FLAGS_KNOWN)) != 0) {
        return damaged(volume, ret_fault, "its data are solid, or stored in an unknown way");
    }
    if (blob != NULL && !reading_open(volume, &blob->resource, arena, ret_reading)) {
        return damaged(volume, ret_fault, "its data lie outside of the WIM, or have no table");
    }
    *ret_blob = blob;
    return IV_VOLUME_FOUND;
}

/*
 * The whole file into `bytes`. The SHA-1 is that of the whole, so no part could be vouched for by
 * itself.
 */
static enum iv_volume_outcome wim_read(struct iv_volume *volume, const struct iv_volume_node *node,
                                       void *bytes, struct iv_fault *ret_fault)
{
    struct reading reading IV_CLEANUP(reading_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct blob *blob = NULL;
    enum iv_volume_outcome outcome = open_blob(volume, node, &arena, &reading, &blob, ret_fault);
    if (outcome == IV_VOLUME_FOUND && blob != NULL &&
        !reading_check(&reading, blob->digest, bytes)) {
        return damaged(volume, ret_fault, "its data do not have the SHA-1 that the WIM says");
    }
    return outcome;
}

static enum iv_volume_outcome wim_file(struct iv_volume *volume, struct iv_volume_node *node,
                                       struct iv_arena *arena, struct iv_source *ret_source,
                                       struct iv_fault *ret_fault)
{
    /* Its buffers are in nobody's hands later, so the bytes themselves go to the arena. */
    if (node->size > volume->limits->metadata_size) {
        return iv_volume_trouble(
            volume, ret_fault, IV_FAULT_LIMIT, "%llu bytes are more than the limit of %llu",
            (unsigned long long)node->size, (unsigned long long)volume->limits->metadata_size);
    }
    void *bytes = iv_arena_alloc(arena, (size_t)node->size + 1);
    enum iv_volume_outcome outcome = wim_read(volume, node, bytes, ret_fault);
    if (outcome == IV_VOLUME_FOUND) {
        *ret_source = iv_source_of_bytes(bytes, (size_t)node->size, arena);
    }
    return outcome;
}

const struct iv_volume_kind iv_volume_wim = {
    .probe = probe,
    .open = wim_open,
    .close = wim_close,
    .root = wim_root,
    .child = wim_child,
    .list = wim_list,
    .read = wim_read,
    .file = wim_file,
};
