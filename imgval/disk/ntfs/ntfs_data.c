/*
 * From the attribute of a file to its bytes.
 *
 * A run list maps clusters of the attribute (VCN) to clusters of the volume (LCN): pairs of a
 * length and a signed distance from the start of the run before. A run without a distance is a
 * hole, which reads as zeros. A large attribute has several pieces in several records; their lists
 * are joined, and each must begin where the one before it ended.
 *
 * A compressed attribute is cut into units, usually of 16 clusters. How a unit is stored follows
 * from its runs alone: all clusters there, it is stored as it is; none, it is zeros; some followed
 * by a hole, those are the packed bytes.
 *
 * Everything is checked when a stream is opened, before a byte is read: that runs lie within the
 * volume, have no gaps and are as long as the sizes say, and that the volume's bitmap and the
 * census (ntfs_census.c) agree that the clusters belong to this attribute. Zeros in place of lost
 * data are the one answer that must never be given.
 */
#include "imgval/disk/ntfs/ntfs_data.h"

#include "imgval/base/cursor.h"
#include "imgval/disk/ntfs/lznt1.h"

#include <string.h>

#define BOOT_SIZE 512u
/* Bounds: what is larger is refused. */
#define CLUSTER_SIZE_MAX (2u << 20)
#define UNIT_SIZE_MAX (1u << 20)
#define UNIT_SHIFT_MAX 8u
#define METHOD_LZNT1 1u
#define VCN_MAX (UINT64_C(1) << 40) /* with the largest clusters: 61 bits of bytes */
#define RUNS_MAX ((size_t)1 << 20)
#define CLUSTERS_MAX (UINT64_C(1) << 28) /* with 4 KiB each: 1 TiB; bitmaps of 32 MiB each */

/* ---- the boot sector ---- */

static bool is_power(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* Clusters, or, as a negative number, the power of two of bytes; 0: out of bounds. */
static uint32_t size_of(uint8_t code, uint32_t cluster_size, uint32_t max)
{
    uint64_t size = 0;
    if (code < 0x80) {
        size = (uint64_t)code * cluster_size;
    } else if (code > 0x100 - 32) {
        size = UINT64_C(1) << (0x100 - code);
    }
    return size >= 512 && size <= max && is_power(size) ? (uint32_t)size : 0;
}

bool iv_ntfs_boot(const struct iv_source *source, struct iv_ntfs *ret_ntfs, struct iv_ntfs_why *why)
{
    unsigned char boot[BOOT_SIZE];
    if (!iv_source_read(source, boot, sizeof(boot), 0)) {
        return iv_ntfs_fail(why, "the boot sector cannot be read");
    }
    struct iv_cursor c = iv_cursor(boot, sizeof(boot));
    c.at = 11;
    uint32_t sector = iv_cursor_u16(&c);
    uint32_t per_cluster = iv_cursor_u8(&c);
    if (per_cluster > 0x80) { /* a power of two, as a negative number */
        per_cluster = per_cluster > 0x100 - 32 ? (uint32_t)1 << (0x100 - per_cluster) : 0;
    }
    c.at = 40;
    uint64_t sectors = iv_cursor_u64(&c);
    uint64_t mft = iv_cursor_u64(&c);
    uint64_t cluster = (uint64_t)sector * per_cluster;
    if (sector < 256 || sector > 4096 || !is_power(sector) || !is_power(per_cluster) ||
        cluster > CLUSTER_SIZE_MAX || cluster < 512) {
        return iv_ntfs_fail(why, "the boot sector has %u sectors of %u bytes in a cluster",
                            per_cluster, sector);
    }
    uint32_t record = size_of(boot[64], (uint32_t)cluster, IV_NTFS_RECORD_MAX);
    uint64_t clusters = sectors / per_cluster;
    if (clusters > source->size / cluster) {
        clusters = source->size / cluster; /* what is cut off is missed where it is needed */
    }
    if (record == 0 || memcmp(boot + 510, "\x55\xAA", 2) != 0) {
        return iv_ntfs_fail(why, "the boot sector has no size of records, or no end mark");
    }
    if (mft == 0 || mft >= clusters || clusters > CLUSTERS_MAX) {
        return iv_ntfs_fail(why, "the boot sector has the table at cluster %llu of %llu",
                            (unsigned long long)mft, (unsigned long long)clusters);
    }
    *ret_ntfs = (struct iv_ntfs){
        .source = *source,
        .clusters = clusters,
        .mft_cluster = mft,
        .cluster_size = (uint32_t)cluster,
        .record_size = record,
    };
    return true;
}

/* ---- run lists ---- */

/* A little-endian number of `size` bytes whose highest bit is its sign. */
static int64_t signed_of(uint64_t value, unsigned size)
{
    unsigned unused = 64 - 8 * size;
    return size == 0 ? 0 : (int64_t)(value << unused) >> unused;
}

/* One run: two lengths in a byte, the number of clusters, the distance from the run before. */
static bool next_run(const struct iv_ntfs *ntfs, struct iv_cursor *c, int64_t *lcn,
                     struct iv_ntfs_run *run)
{
    unsigned head = iv_cursor_u8(c);
    unsigned count_size = head & 15;
    unsigned lcn_size = head >> 4;
    if (c->failed || count_size == 0 || count_size > 8 || lcn_size > 8) {
        return false;
    }
    run->count = iv_cursor_uint(c, count_size);
    int64_t distance = signed_of(iv_cursor_uint(c, lcn_size), lcn_size);
    if (c->failed || run->count == 0 || run->count > VCN_MAX) {
        return false;
    }
    if (lcn_size == 0) {
        run->lcn = IV_NTFS_HOLE;
        return true;
    }
    if (__builtin_add_overflow(*lcn, distance, lcn) || *lcn < 0 ||
        (uint64_t)*lcn >= ntfs->clusters || run->count > ntfs->clusters - (uint64_t)*lcn) {
        return false;
    }
    run->lcn = (uint64_t)*lcn;
    return true;
}

bool iv_ntfs_runs_add(const struct iv_ntfs *ntfs, const struct iv_ntfs_attribute *piece,
                      struct iv_arena *arena, struct iv_ntfs_runs *runs, struct iv_ntfs_why *why)
{
    uint64_t end = piece->last_vcn + 1; /* none at all: the number before 0 */
    if (piece->is_resident || piece->first_vcn != runs->clusters || end < piece->first_vcn ||
        end > VCN_MAX) {
        return iv_ntfs_fail(why, "its clusters from %llu on do not follow those before them",
                            (unsigned long long)piece->first_vcn);
    }
    struct iv_cursor c = iv_cursor(piece->value, piece->value_size);
    int64_t lcn = 0;
    while (runs->clusters < end) {
        struct iv_ntfs_run run = {.vcn = runs->clusters};
        if (!next_run(ntfs, &c, &lcn, &run) || run.count > end - run.vcn) {
            return iv_ntfs_fail(why, "run %zu of its clusters is damaged or outside of the volume",
                                runs->count + 1);
        }
        runs->clusters += run.count;
        if (run.lcn != IV_NTFS_HOLE) {
            runs->filled += run.count;
        }
        if (runs->filled > ntfs->clusters || runs->count >= RUNS_MAX) {
            return iv_ntfs_fail(why, "it has more clusters or runs than a volume can have");
        }
        runs->items = iv_arena_grow(arena, runs->items, runs->count, &runs->capacity, sizeof(run));
        runs->items[runs->count++] = run;
    }
    if (iv_cursor_u8(&c) != 0 || c.failed) {
        return iv_ntfs_fail(why, "its list of runs does not end where its clusters do");
    }
    return true;
}

/* Whether all (or, with `any`, one) of these bits are set. */
static bool bits(const unsigned char *map, uint64_t from, uint64_t count, bool any)
{
    while (count > 0) {
        if (from % 8 == 0 && count >= 8) {
            if (map[from / 8] != (any ? 0 : 0xFF)) {
                return any;
            }
            from += 8;
            count -= 8;
            continue;
        }
        if (((map[from / 8] >> from % 8 & 1) != 0) == any) {
            return any;
        }
        from++;
        count--;
    }
    return !any;
}

/* No run may use a cluster that is free, or that another attribute has as well. */
static bool check_clusters(const struct iv_ntfs *ntfs, const struct iv_ntfs_runs *runs,
                           struct iv_ntfs_why *why)
{
    for (size_t i = 0; i < runs->count; i++) {
        const struct iv_ntfs_run *run = &runs->items[i];
        if (run->lcn == IV_NTFS_HOLE) {
            continue;
        }
        if (ntfs->used != NULL && !bits(ntfs->used, run->lcn, run->count, false)) {
            return iv_ntfs_fail(why, "run %zu of its clusters is free by the volume's bitmap",
                                i + 1);
        }
        if (ntfs->shared != NULL && bits(ntfs->shared, run->lcn, run->count, true)) {
            return iv_ntfs_fail(why, "run %zu of its clusters belongs to another file as well",
                                i + 1);
        }
    }
    return true;
}

/* ---- streams ---- */

/* Whether two pieces are of one attribute: the same type and name. */
static bool is_same(const struct iv_ntfs_attribute *a, const struct iv_ntfs_attribute *b)
{
    return a->type == b->type && a->name_size == b->name_size &&
           memcmp(a->name, b->name, a->name_size) == 0;
}

/*
 * Prepares for compressed units. A hole in an attribute that is neither sparse nor compressed is
 * damage: it would read as zeros that nobody wrote.
 */
static bool set_unit(const struct iv_ntfs *ntfs, const struct iv_ntfs_attribute *first,
                     struct iv_arena *arena, struct iv_ntfs_stream *stream, struct iv_ntfs_why *why)
{
    unsigned method = first->flags & IV_NTFS_COMPRESSION;
    if (method == 0) {
        bool is_sparse = (first->flags & IV_NTFS_SPARSE) != 0;
        return is_sparse || stream->runs.filled == stream->runs.clusters
                   ? true
                   : iv_ntfs_fail(why, "it has holes and is neither sparse nor compressed");
    }
    uint64_t size = (uint64_t)ntfs->cluster_size << (first->unit_shift & 63);
    if (method != METHOD_LZNT1 || first->unit_shift == 0 || first->unit_shift > UNIT_SHIFT_MAX ||
        size > UNIT_SIZE_MAX || size % IV_LZNT1_CHUNK != 0) {
        return iv_ntfs_fail(why, "it is compressed in a way that is not known");
    }
    stream->unit_size = (size_t)size;
    stream->packed = iv_arena_alloc(arena, stream->unit_size);
    stream->plain = iv_arena_alloc(arena, stream->unit_size);
    return true;
}

/*
 * The three sizes of the first piece (or four, if it can have holes) against the runs of all
 * pieces.
 */
static bool check_sizes(const struct iv_ntfs *ntfs, const struct iv_ntfs_attribute *first,
                        const struct iv_ntfs_runs *runs, struct iv_ntfs_why *why)
{
    bool has_filled = (first->flags & (IV_NTFS_COMPRESSION | IV_NTFS_SPARSE)) != 0;
    if (first->allocated != runs->clusters * ntfs->cluster_size || first->size > first->allocated ||
        first->initialized > first->size ||
        (has_filled && first->filled != runs->filled * ntfs->cluster_size)) {
        return iv_ntfs_fail(why, "its sizes do not agree with its %llu clusters",
                            (unsigned long long)runs->clusters);
    }
    return true;
}

bool iv_ntfs_stream_open(const struct iv_ntfs *ntfs, const struct iv_ntfs_attribute *first,
                         size_t count, struct iv_arena *arena, struct iv_ntfs_stream *ret_stream,
                         struct iv_ntfs_why *why)
{
    struct iv_ntfs_stream stream = {.ntfs = ntfs};
    for (size_t i = 0; i < count; i++) {
        const struct iv_ntfs_attribute *piece = &first[i];
        if (!is_same(piece, first)) {
            continue;
        }
        if (first->is_resident && piece != first) {
            return iv_ntfs_fail(why, "it has the same attribute twice");
        }
        if (!first->is_resident && !iv_ntfs_runs_add(ntfs, piece, arena, &stream.runs, why)) {
            return false;
        }
    }
    if (first->is_resident) {
        stream.value = first->value;
        stream.size = first->value_size;
        stream.initialized = first->value_size;
    } else {
        stream.size = first->size;
        stream.initialized = first->initialized;
        if (!check_sizes(ntfs, first, &stream.runs, why) ||
            !check_clusters(ntfs, &stream.runs, why) ||
            !set_unit(ntfs, first, arena, &stream, why)) {
            return false;
        }
    }
    *ret_stream = stream;
    return true;
}

/* The run that holds a cluster of the attribute; count: there is none. */
static size_t find_run(const struct iv_ntfs_runs *runs, uint64_t vcn)
{
    size_t from = 0;
    for (size_t to = runs->count; from < to;) { /* the first that ends after it */
        size_t middle = from + (to - from) / 2;
        if (runs->items[middle].vcn + runs->items[middle].count <= vcn) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* Bytes as they lie; holes are zeros. */
static bool read_clusters(const struct iv_ntfs_stream *stream, unsigned char *bytes, size_t size,
                          uint64_t offset)
{
    const struct iv_ntfs *ntfs = stream->ntfs;
    uint64_t cluster = ntfs->cluster_size;
    for (size_t i = find_run(&stream->runs, offset / cluster); size > 0; i++) {
        if (i >= stream->runs.count) {
            return false;
        }
        const struct iv_ntfs_run *run = &stream->runs.items[i];
        uint64_t inside = offset - run->vcn * cluster;
        uint64_t left = run->count * cluster - inside;
        size_t here = left < size ? (size_t)left : size;
        if (run->lcn == IV_NTFS_HOLE) {
            memset(bytes, 0, here);
        } else if (!iv_source_read(&ntfs->source, bytes, here, run->lcn * cluster + inside)) {
            return false;
        }
        bytes += here;
        offset += here;
        size -= here;
    }
    return true;
}

/* How many clusters at the start of a unit are no holes. False: there is one between them. */
static bool count_filled(const struct iv_ntfs_stream *stream, uint64_t first, uint64_t count,
                         uint64_t *ret_filled)
{
    uint64_t filled = 0;
    uint64_t end = first + count;
    bool has_hole = false;
    for (size_t i = find_run(&stream->runs, first); i < stream->runs.count; i++) {
        const struct iv_ntfs_run *run = &stream->runs.items[i];
        if (run->vcn >= end) {
            break;
        }
        if (run->lcn == IV_NTFS_HOLE) {
            has_hole = true;
            continue;
        }
        if (has_hole) {
            return false;
        }
        uint64_t from = run->vcn > first ? run->vcn : first;
        uint64_t to = run->vcn + run->count < end ? run->vcn + run->count : end;
        filled += to - from;
    }
    *ret_filled = filled;
    return true;
}

/* A unit that is full is stored, one of holes is zeros, any other is packed. */
static bool read_unit(struct iv_ntfs_stream *stream, uint64_t number, unsigned char *out)
{
    size_t size = stream->unit_size;
    uint64_t cluster = stream->ntfs->cluster_size;
    uint64_t start = number * size;
    uint64_t left = stream->initialized - start;
    uint64_t filled;
    if (!count_filled(stream, start / cluster, size / cluster, &filled)) {
        return false;
    }
    if (filled == 0) {
        memset(out, 0, size);
        return true;
    }
    if (filled == size / cluster) {
        return read_clusters(stream, out, size, start);
    }
    size_t packed = (size_t)(filled * cluster);
    return read_clusters(stream, stream->packed, packed, start) &&
           iv_lznt1_unpack(stream->packed, packed, out, size, left < size ? (size_t)left : size);
}

/*
 * Whole units go straight to the caller. One of which only a part is wanted stays in stream->plain,
 * as the next read often wants the rest.
 */
static bool read_units(struct iv_ntfs_stream *stream, unsigned char *bytes, size_t size,
                       uint64_t offset)
{
    while (size > 0) {
        uint64_t number = offset / stream->unit_size;
        size_t skip = (size_t)(offset % stream->unit_size);
        size_t here = stream->unit_size - skip < size ? stream->unit_size - skip : size;
        if (here == stream->unit_size) {
            if (!read_unit(stream, number, bytes)) {
                return false;
            }
        } else {
            if (!stream->has_plain || stream->plain_at != number) {
                stream->has_plain = read_unit(stream, number, stream->plain);
                stream->plain_at = number;
            }
            if (!stream->has_plain) {
                return false;
            }
            memcpy(bytes, stream->plain + skip, here);
        }
        bytes += here;
        offset += here;
        size -= here;
    }
    return true;
}

bool iv_ntfs_stream_read(struct iv_ntfs_stream *stream, void *bytes, size_t size, uint64_t offset)
{
    unsigned char *to = bytes;
    if (offset > stream->size || size > stream->size - offset) {
        return false;
    }
    if (stream->value != NULL) {
        memcpy(to, stream->value + offset, size);
        return true;
    }
    uint64_t left = offset < stream->initialized ? stream->initialized - offset : 0;
    size_t here = left < size ? (size_t)left : size;
    if (size > here) {
        memset(to + here, 0, size - here);
    }
    return here == 0 || (stream->unit_size != 0 ? read_units(stream, to, here, offset)
                                                : read_clusters(stream, to, here, offset));
}
