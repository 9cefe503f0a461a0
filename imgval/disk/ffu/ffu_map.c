/*
 * From block entries to a disk: which block of the payload each block of the disk is.
 *
 * A store is an array of payload blocks and a list of block entries. Entry N says where block N of
 * the payload goes: a count of places, a block count (always 1), then for each place an access
 * method and a block index. An index counts blocks from the begin or from the end of the disk, and
 * "from the end" has no meaning until the size of the disk is known. The manifest may say that size
 * (MinSectorCount times SectorSize); otherwise it follows from the indexes alone. So the entries
 * are walked twice:
 *
 *   1. check them, and find how far they reach from the begin and from the end;
 *   2. with the size of the disk known, fill the map: one number for each block of the disk.
 *
 * A block of the disk may be named more than once. The device writes the entries in order, so the
 * last one counts: later entries overwrite earlier ones in the map. A block that no entry names
 * keeps 0 and reads as zeros.
 *
 * All counts come from the file. Memory is bounded before it is allocated (IV_FFU_MAP_MAX blocks on
 * all disks together) and time by IV_FFU_LOCATIONS_MAX. The entries are streamed through one
 * buffer, since they can be larger than what a reader may allocate.
 *
 * The last part of the file goes the other way, from a range of the file to places on the disks,
 * for messages about damaged chunks.
 */
#include "imgval/base/buf.h"
#include "imgval/base/cursor.h"
#include "imgval/disk/ffu/ffu_parts.h"
#include "imgval/disk/partitions.h"

#include <inttypes.h>
#include <string.h>

#define BUFFER_SIZE 65536

/* Access methods of a place (DISK_BEGIN and DISK_END in the format's description). */
#define FROM_BEGIN 0
#define FROM_END 2

/* Places that a message names before it says how many follow. */
#define PLACES_SHOWN 4

/* ---- block entries ------------------------------------------------------------------------- */

/* The entries of a store, read piece by piece. */
struct entries {
    struct iv_ffu *ffu;
    struct iv_faults *faults;
    uint64_t at;
    uint64_t end;
    unsigned char bytes[BUFFER_SIZE];
    size_t size; /* bytes in the buffer, the last of them before `at` */
    size_t used;
};

/*
 * The next `size` bytes (at most 8), or NULL: after the end, or unreadable. They lie in the buffer
 * and are valid until the next call. What is left in the buffer moves to its front before more is
 * read, so that no number is ever split.
 */
static const unsigned char *entries_take(struct entries *e, size_t size)
{
    size_t left = e->size - e->used;
    if (left < size) {
        memmove(e->bytes, e->bytes + e->used, left);
        uint64_t more = e->end - e->at;
        size_t want = sizeof(e->bytes) - left;
        want = more < want ? (size_t)more : want;
        if (want == 0 ||
            !iv_ffu_read(e->ffu, e->faults, "the block entries", e->bytes + left, want, e->at)) {
            return NULL;
        }
        e->at += want;
        e->size = left + want;
        e->used = 0;
        if (e->size < size) {
            return NULL;
        }
    }
    const unsigned char *place = e->bytes + e->used;
    e->used += size;
    return place;
}

/* The file offset of the next byte that entries_take() returns: for messages. */
static uint64_t entries_offset(const struct entries *e)
{
    return e->at - (e->size - e->used);
}

/* Every part of an entry is a pair of 32-bit numbers. False: entries_take() has none. */
static bool take_pair(struct entries *e, uint32_t *ret_first, uint32_t *ret_second)
{
    const unsigned char *place = entries_take(e, 8);
    if (place == NULL) {
        return false;
    }
    struct iv_cursor c = iv_cursor(place, 8);
    *ret_first = iv_cursor_u32(&c);
    *ret_second = iv_cursor_u32(&c);
    return true;
}

/* What the first walk finds out and the second one fills. */
struct walk {
    struct iv_image_store *store;
    struct iv_faults *faults;
    uint64_t disk_blocks; /* 0: not known yet */
    uint64_t begin_end;   /* highest index from the begin, plus 1 */
    uint64_t end_end;     /* highest index from the end, plus 1 */
    uint64_t locations;
    uint32_t *blocks; /* NULL: only look */
};

/*
 * One place of an entry, at file offset `offset`. With w->blocks it goes into the map; by then the
 * size of the disk is known, and the check before it keeps the index inside of the map.
 */
static bool walk_location(struct walk *w, uint64_t offset, uint32_t entry, uint32_t method,
                          uint32_t index)
{
    if (method != FROM_BEGIN && method != FROM_END) {
        return iv_ffu_wrong(w->faults, "access method of a block entry", offset, method,
                            "it must be 0 (from the begin) or 2 (from the end)");
    }
    uint64_t *end = method == FROM_BEGIN ? &w->begin_end : &w->end_end;
    *end = (uint64_t)index + 1 > *end ? (uint64_t)index + 1 : *end;
    if (w->disk_blocks != 0 && index >= w->disk_blocks) {
        return iv_faults_add(w->faults, IV_FAULT_FFU_HEADER, NULL,
                             "block index at offset %" PRIu64 " is %" PRIu32
                             ": the disk of store %" PRIu64 " has %" PRIu64 " blocks",
                             offset + 4, index, w->store->index, w->disk_blocks);
    }
    if (w->blocks != NULL) {
        uint64_t block = method == FROM_BEGIN ? index : w->disk_blocks - 1 - index;
        w->blocks[block] = entry + 1;
    }
    return true;
}

/*
 * One entry with its places. The count of places is checked against the bytes that are left before
 * the loop: a count of 2^32 must not cost more than the file has.
 */
static bool walk_entry(struct walk *w, struct entries *e, uint32_t entry)
{
    uint64_t offset = entries_offset(e);
    uint32_t locations;
    uint32_t count;
    if (!take_pair(e, &locations, &count)) {
        return iv_ffu_wrong(w->faults, "length of the block entries", w->store->header_offset + 212,
                            w->store->entry_size, "they go on after it");
    }
    if (count != 1) {
        return iv_ffu_wrong(w->faults, "block count of a block entry", offset + 4, count,
                            "it must be 1");
    }
    uint64_t left = w->store->entry_offset + w->store->entry_size - entries_offset(e);
    if (locations > left / 8) {
        return iv_ffu_wrong(w->faults, "location count of a block entry", offset, locations,
                            "they go on after the block entries");
    }
    w->locations += locations;
    if (w->locations > IV_FFU_LOCATIONS_MAX) {
        return iv_faults_add(w->faults, IV_FAULT_LIMIT, NULL,
                             "store %" PRIu64 " names more than 67108864 locations",
                             w->store->index);
    }
    for (uint32_t i = 0; i < locations; i++) {
        uint32_t method;
        uint32_t index;
        uint64_t place = entries_offset(e);
        if (!take_pair(e, &method, &index) || !walk_location(w, place, entry, method, index)) {
            return false;
        }
    }
    return true;
}

/*
 * One walk over all entries of the store: they must fill entry_size exactly. The buffer lives in
 * the arena, as it is too large for the stack.
 */
static bool walk_entries(struct walk *w, struct iv_ffu *ffu)
{
    struct entries *e = IV_NEW(ffu->arena, struct entries);
    e->ffu = ffu;
    e->faults = w->faults;
    e->at = w->store->entry_offset;
    e->end = w->store->entry_offset + w->store->entry_size;
    w->locations = 0;
    for (uint64_t i = 0; i < w->store->entry_count; i++) {
        if (!walk_entry(w, e, (uint32_t)i)) {
            return false;
        }
    }
    if (entries_offset(e) != e->end) {
        return iv_ffu_wrong(w->faults, "length of the block entries", w->store->header_offset + 212,
                            w->store->entry_size, "there are bytes after the last one");
    }
    return true;
}

/* ---- the map ------------------------------------------------------------------------------- */

/*
 * Whether the size of the disk is possible: within the limits that keep the map small, and a whole
 * number of blocks.
 */
static bool check_disk(const struct iv_ffu *ffu, const struct iv_image_store *store,
                       struct iv_faults *faults)
{
    if (store->disk_size > IV_FFU_DISK_MAX ||
        store->disk_size / store->block_size > IV_FFU_MAP_MAX - ffu->map_blocks) {
        return iv_faults_add(faults, IV_FAULT_LIMIT, NULL,
                             "the disk of store %" PRIu64 " has %" PRIu64
                             " bytes: more than 4 TiB, or 33554432 blocks on all disks",
                             store->index, store->disk_size);
    }
    if (store->disk_size == 0 || store->disk_size % store->block_size != 0) {
        return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                             "the disk of store %" PRIu64 " has %" PRIu64
                             " bytes (MinSectorCount times SectorSize): that is no whole number of "
                             "blocks",
                             store->index, store->disk_size);
    }
    return true;
}

bool iv_ffu_map(struct iv_ffu *ffu, struct iv_image_store *store, struct iv_faults *faults,
                struct iv_ffu_map *map)
{
    struct walk w = {.store = store, .faults = faults};
    if (store->disk_size != 0) {
        if (!check_disk(ffu, store, faults)) {
            return false;
        }
        w.disk_blocks = store->disk_size / store->block_size;
    }

    struct iv_arena_mark mark = iv_arena_mark(ffu->arena);
    bool sound = walk_entries(&w, ffu);
    if (!sound) {
        return false;
    }
    iv_arena_reset(ffu->arena, mark);

    /* Both ends are counted apart: blocks from the begin and from the end do not overlap. */
    if (store->disk_size == 0) {
        store->disk_size = (w.begin_end + w.end_end) * store->block_size;
        if (!check_disk(ffu, store, faults)) {
            return false;
        }
        w.disk_blocks = store->disk_size / store->block_size;
    }

    w.blocks = IV_NEW_ARRAY(ffu->arena, uint32_t, (size_t)w.disk_blocks);
    ffu->map_blocks += w.disk_blocks;
    if (!walk_entries(&w, ffu)) {
        return false;
    }

    store->location_count = w.locations;
    *map = (struct iv_ffu_map){
        .ffu = ffu,
        .blocks = w.blocks,
        .count = w.disk_blocks,
        .block_size = store->block_size,
        .payload = store->payload_offset,
        .disk_size = store->disk_size,
    };
    for (uint64_t i = 0; i < map->count; i++) {
        store->used += map->blocks[i] != 0 ? map->block_size : 0;
    }
    return true;
}

/*
 * The `read` of a disk as a source: iv_source_read() has checked the range, so each block of it is
 * in the map. Piece by piece, as neighbours on the disk may lie anywhere in the payload.
 */
static bool read_disk(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct iv_ffu_map *map = context;
    unsigned char *place = bytes;
    while (size > 0) {
        uint64_t block = offset / map->block_size;
        uint64_t within = offset % map->block_size;
        uint64_t left = map->block_size - within;
        size_t take = size < left ? size : (size_t)left;
        uint32_t entry = map->blocks[block];
        if (entry == 0) {
            memset(place, 0, take);
        } else if (!iv_source_read(&map->ffu->source, place, take,
                                   map->payload + (uint64_t)(entry - 1) * map->block_size +
                                       within)) {
            return false;
        }
        place += take;
        offset += take;
        size -= take;
    }
    return true;
}

bool iv_ffu_disk(const struct iv_ffu *ffu, size_t store, struct iv_source *ret_disk)
{
    if (store >= ffu->map_count || ffu->maps[store].blocks == NULL) {
        return false;
    }
    *ret_disk = (struct iv_source){
        .size = ffu->maps[store].disk_size, .context = &ffu->maps[store], .read = read_disk};
    return true;
}

uint64_t iv_ffu_used(const struct iv_ffu *ffu, size_t store, uint64_t start, uint64_t size)
{
    if (store >= ffu->map_count || ffu->maps[store].blocks == NULL) {
        return 0;
    }
    const struct iv_ffu_map *map = &ffu->maps[store];
    uint64_t end = start >= map->disk_size         ? start
                   : size > map->disk_size - start ? map->disk_size
                                                   : start + size;
    uint64_t used = 0;
    while (start < end) {
        uint64_t block = start / map->block_size;
        uint64_t next = (block + 1) * map->block_size;
        next = next < end ? next : end;
        used += map->blocks[block] != 0 ? next - start : 0;
        start = next;
    }
    return used;
}

void iv_ffu_partitions(const struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults)
{
    image->partitions =
        IV_NEW_ARRAY(ffu->arena, struct iv_image_partition, IV_IMAGE_PARTITIONS_MAX);
    for (size_t i = 0; i < image->store_count; i++) {
        struct iv_image_store *store = &image->stores[i];
        struct iv_source disk;
        if (!iv_ffu_disk(ffu, i, &disk)) {
            continue;
        }
        size_t first = image->partition_count;
        iv_partitions_read(&disk, store, image, faults);
        for (size_t k = first; k < image->partition_count; k++) {
            struct iv_image_partition *partition = &image->partitions[k];
            partition->used = iv_ffu_used(ffu, i, partition->start, partition->size);
        }
    }
}

/* ---- file range -> places ------------------------------------------------------------------ */

/* The text of a message in the making; of `count` places only the first few are in it. */
struct places {
    struct iv_buf *text;
    const struct iv_image *image;
    size_t count;
};

/* The partitions that a range of a disk touches. */
static void add_partitions(struct places *places, uint64_t store, uint64_t start, uint64_t end)
{
    size_t named = 0;
    for (size_t i = 0; i < places->image->partition_count; i++) {
        const struct iv_image_partition *p = &places->image->partitions[i];
        if (p->store != store || p->start >= end || p->size <= 0 ||
            (start >= p->start && start - p->start >= p->size)) {
            continue;
        }
        if (named++ < PLACES_SHOWN) {
            iv_buf_printf(places->text, "%s%s", named == 1 ? " (partition " : ", ",
                          p->name != NULL ? p->name : "without a name");
        }
    }
    iv_buf_puts(places->text, named > PLACES_SHOWN ? ", ..." : "");
    iv_buf_puts(places->text, named > 0 ? ")" : " (no partition)");
}

/* The blocks [first, end) of the disk of a store. */
static void add_place(struct places *places, const struct iv_ffu_map *map, size_t store,
                      uint64_t first, uint64_t end)
{
    if (places->count++ >= PLACES_SHOWN) {
        return;
    }
    iv_buf_printf(places->text, "%sbytes %" PRIu64 " to %" PRIu64 " of the disk of store %" PRIu64,
                  places->count > 1 ? "; " : "", first * map->block_size, end * map->block_size - 1,
                  places->image->stores[store].index);
    add_partitions(places, places->image->stores[store].index, first * map->block_size,
                   end * map->block_size);
}

/*
 * Runs of blocks of the disk that the entries [low, high) are written to. The map is searched for
 * them, since it has what is left after all overwriting; it holds the number of an entry plus 1.
 * One round more than there are blocks ends the last run.
 */
static void add_store(struct places *places, const struct iv_ffu_map *map, size_t store,
                      uint64_t low, uint64_t high)
{
    uint64_t run = 0;
    for (uint64_t block = 0; block <= map->count; block++) {
        uint64_t entry = block < map->count ? map->blocks[block] : 0;
        bool hit = entry > low && entry <= high;
        if (hit) {
            run++;
        } else if (run > 0) {
            add_place(places, map, store, block - run, block);
            run = 0;
        }
    }
}

const char *iv_ffu_place(const struct iv_ffu *ffu, const struct iv_image *image, uint64_t start,
                         uint64_t size, struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct places places = {.text = &text, .image = image};
    uint64_t end = size > UINT64_MAX - start ? UINT64_MAX : start + size;
    bool payload = false;
    for (size_t i = 0; i < ffu->map_count; i++) {
        const struct iv_ffu_map *map = &ffu->maps[i];
        uint64_t map_end = map->payload + image->stores[i].payload_size;
        if (map->blocks == NULL || start >= map_end || end <= map->payload) {
            continue;
        }
        payload = true;

        /* The entries whose blocks the range touches, the first and the last in part. */
        uint64_t low = start <= map->payload ? 0 : (start - map->payload) / map->block_size;
        uint64_t high = end >= map_end
                            ? image->stores[i].entry_count
                            : (end - map->payload + map->block_size - 1) / map->block_size;
        add_store(&places, map, i, low, high);
    }
    if (places.count > PLACES_SHOWN) {
        iv_buf_printf(&text, "; and %zu more places", places.count - PLACES_SHOWN);
    } else if (places.count == 0) {
        iv_buf_puts(&text, payload ? "no part of a disk: it is overwritten later"
                                   : "headers, manifest or padding");
    }
    return iv_arena_strndup(arena, iv_buf_text(&text), text.size);
}
