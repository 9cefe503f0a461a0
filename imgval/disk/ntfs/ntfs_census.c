/*
 * The census of a volume: one pass over the whole master file table.
 *
 * NTFS has no checksums, but it writes some things twice. The name of a file is in the index of its
 * directory and in the file's own record, with a reference to the directory. Whether a cluster is
 * in use is in the volume's bitmap and in the run list of the one file that has it. A reader that
 * trusts one of the two can be misled by damage, or by somebody who hides a file: so both are
 * compared, the names by ntfs_folders.c and the clusters by ntfs_data.c.
 *
 * The pass collects two things from every sound record:
 *
 *   places  (directory, file, hash of the name), sorted, so that all of one directory are
 *           neighbours and iv_ntfs_census_agrees() finds them by binary search;
 *   claims  two bits for each cluster: taken by some attribute, and taken by more than one.
 *
 * Names are kept as 64-bit hashes: a place has a fixed size, and a volume with a million files
 * costs some tens of MiB. The hash is not a cryptographic one: what is found is damage and plain
 * tampering, not names that were made to collide.
 *
 * Damaged records are passed over here. A record that is needed is opened again by ntfs_file.c,
 * which reports the damage where it matters.
 */
#include "imgval/disk/ntfs/ntfs_census.h"

#include "imgval/base/sort.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_FILE 24 /* records before it are those of the volume itself */
#define PIECE_SIZE 65536

/*
 * One bit for each cluster in both maps, as in the bitmap of the volume; `count`: clusters claimed
 * so far, each as often as it was claimed.
 */
struct claims {
    unsigned char *taken;
    unsigned char *shared;
    uint64_t count;
};

/* The pass at work: what is kept goes to `arena`, all else to `scratch`. */
struct taking {
    struct iv_ntfs *ntfs;
    struct iv_arena *arena; /* of the census */
    struct iv_arena scratch;
    struct iv_ntfs_census census;
    size_t capacity;
    struct claims claims;
};

struct iv_ntfs_place iv_ntfs_place_of(const struct iv_ntfs_name *name, uint64_t file)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (size_t i = 0; i < name->size; i++) {
        hash = (hash ^ name->units[i]) * UINT64_C(0x100000001B3);
    }
    return (struct iv_ntfs_place){
        .folder = IV_NTFS_NUMBER(name->folder),
        .file = IV_NTFS_NUMBER(file),
        .name = hash,
        .is_posix = name->is_posix,
    };
}

static int compare_numbers(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

/* By file, and whether it is one of its names in Windows. */
static int compare_files(const void *a, const void *b)
{
    const struct iv_ntfs_place *one = a;
    const struct iv_ntfs_place *other = b;
    int order = compare_numbers(one->folder, other->folder);
    order = order != 0 ? order : compare_numbers(one->file, other->file);
    return order != 0 ? order : (int)one->is_posix - (int)other->is_posix;
}

/*
 * By file, then by name: the order of census and listing. It refines compare_files(), so an array
 * that is sorted by it can be searched by either.
 */
static int compare_places(const void *a, const void *b)
{
    int order = compare_files(a, b);
    return order != 0 ? order
                      : compare_numbers(((const struct iv_ntfs_place *)a)->name,
                                        ((const struct iv_ntfs_place *)b)->name);
}

/*
 * Marks `count` clusters from `from` on as taken, and as shared those that were taken before. Eight
 * at a time where a whole byte of the maps is meant: runs are long.
 */
static void claim(struct claims *claims, uint64_t from, uint64_t count)
{
    claims->count += count;
    while (count > 0) {
        bool is_byte = from % 8 == 0 && count >= 8;
        unsigned char mask = is_byte ? 0xFF : (unsigned char)(1u << from % 8);
        claims->shared[from / 8] |= claims->taken[from / 8] & mask;
        claims->taken[from / 8] |= mask;
        from += is_byte ? 8 : 1;
        count -= is_byte ? 8 : 1;
    }
}

/*
 * A sound volume has no cluster twice: this ends the work that a hostile one makes. Else a million
 * records could each claim the whole volume. Twice as many as there are is allowed, so that the
 * overlaps of an accident are still found and named.
 */
static bool is_too_much(const struct taking *taking)
{
    return taking->claims.count / 2 > taking->ntfs->clusters;
}

/*
 * The clusters of one piece of an attribute that lies outside of its record. A run list that is
 * damaged claims nothing; whoever opens the file reports it.
 */
static void claim_clusters(struct taking *taking, const struct iv_ntfs_attribute *piece)
{
    if (is_too_much(taking)) {
        return;
    }
    struct iv_ntfs_runs runs = {.clusters = piece->first_vcn};
    struct iv_ntfs_why why;
    struct iv_arena_mark mark = iv_arena_mark(&taking->scratch);
    if (iv_ntfs_runs_add(taking->ntfs, piece, &taking->scratch, &runs, &why)) {
        for (size_t i = 0; i < runs.count; i++) {
            if (runs.items[i].lcn != IV_NTFS_HOLE) {
                claim(&taking->claims, runs.items[i].lcn, runs.items[i].count);
            }
        }
    }
    iv_arena_reset(&taking->scratch, mark);
}

/*
 * Short (DOS) names are left out: each stands beside a long one of the same file, which
 * ntfs_folders.c checks.
 */
static void add_name(struct taking *taking, const struct iv_ntfs_attribute *attribute,
                     uint64_t file)
{
    struct iv_ntfs_census *census = &taking->census;
    struct iv_ntfs_name name;
    if (iv_ntfs_name_read(attribute->value, attribute->value_size, &name) && !name.is_short) {
        census->places = iv_arena_grow(taking->arena, census->places, census->count,
                                       &taking->capacity, sizeof(*census->places));
        census->places[census->count++] = iv_ntfs_place_of(&name, file);
    }
}

/* False: the record is damaged; nothing of it counts. */
static bool is_sound(const struct iv_ntfs_record *record)
{
    struct iv_ntfs_walk walk = {0};
    struct iv_ntfs_attribute attribute;
    struct iv_ntfs_why why;
    enum iv_ntfs_step step;
    do {
        step = iv_ntfs_attribute_next(record, &walk, &attribute, &why);
    } while (step == IV_NTFS_STEP_ONE);
    return step == IV_NTFS_STEP_END;
}

/*
 * Two walks over the attributes: the first one only finds whether the record is sound to its end,
 * so that half of a damaged record is never counted. What a record adds belongs to its base record.
 */
static void count_record(struct taking *taking, unsigned char *bytes, uint64_t number)
{
    struct iv_ntfs_record record;
    struct iv_ntfs_why why;
    if (memcmp(bytes, "FILE", 4) != 0 ||
        !iv_ntfs_record_open(bytes, taking->ntfs->record_size, number, &record, &why) ||
        !record.is_in_use || !is_sound(&record)) {
        return;
    }
    uint64_t file = record.base != 0 ? IV_NTFS_NUMBER(record.base) : number;
    struct iv_ntfs_walk walk = {0};
    struct iv_ntfs_attribute attribute;
    while (iv_ntfs_attribute_next(&record, &walk, &attribute, &why) == IV_NTFS_STEP_ONE) {
        if (!attribute.is_resident) {
            claim_clusters(taking, &attribute);
        } else if (attribute.type == IV_NTFS_FILE_NAME && file >= FIRST_FILE) {
            add_name(taking, &attribute, file);
        }
    }
}

/*
 * Reads the table piece by piece. A piece is a multiple of the size of a record, so none is split.
 * False: a part of the table cannot be read, or is_too_much().
 */
static bool count_records(struct taking *taking, struct iv_ntfs_why *why)
{
    struct iv_ntfs *ntfs = taking->ntfs;
    unsigned char *piece = iv_arena_alloc(&taking->scratch, PIECE_SIZE);
    size_t record = ntfs->record_size;
    for (uint64_t at = 0; at < ntfs->mft.size; at += PIECE_SIZE) {
        uint64_t left = ntfs->mft.size - at;
        size_t take = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        if (!iv_ntfs_stream_read(&ntfs->mft, piece, take, at)) {
            return iv_ntfs_fail(why, "the master file table cannot be read");
        }
        for (size_t k = 0; k + record <= take; k += record) {
            count_record(taking, piece + k, (at + k) / record);
        }
        if (is_too_much(taking)) {
            return iv_ntfs_fail(why, "its files have more clusters than the volume");
        }
    }
    return true;
}

bool iv_ntfs_census_take(struct iv_ntfs *ntfs, struct iv_arena *arena,
                         struct iv_ntfs_census *ret_census, struct iv_ntfs_why *why)
{
    struct taking taking = {.ntfs = ntfs, .arena = arena};
    size_t size = (size_t)(ntfs->clusters / 8 + 1);
    iv_arena_init(&taking.scratch);
    taking.claims.taken = iv_arena_alloc(&taking.scratch, size);
    taking.claims.shared = iv_arena_alloc(arena, size);
    bool is_fine = count_records(&taking, why);
    iv_arena_fini(&taking.scratch);
    if (!is_fine) {
        return false;
    }
    if (taking.census.count > 0) {
        iv_sort(taking.census.places, taking.census.count, sizeof(*taking.census.places),
                compare_places);
    }
    ntfs->shared = taking.claims.shared;
    *ret_census = taking.census;
    return true;
}

/*
 * Whether a name from a record is in the listing of the directory; for a POSIX name another name of
 * the same file, not of that space, will do (see ntfs_census.h).
 */
static bool is_listed(const struct iv_ntfs_place *place, const struct iv_ntfs_place *listed,
                      size_t count)
{
    if (count == 0) {
        return false;
    }
    struct iv_ntfs_place other = *place;
    other.is_posix = false;
    return bsearch(place, listed, count, sizeof(*listed), compare_places) != NULL ||
           (place->is_posix &&
            bsearch(&other, listed, count, sizeof(*listed), compare_files) != NULL);
}

bool iv_ntfs_census_agrees(const struct iv_ntfs_census *census, uint64_t folder,
                           struct iv_ntfs_place *listed, size_t count)
{
    size_t from = 0;
    if (count > 0) {
        iv_sort(listed, count, sizeof(*listed), compare_places);
    }
    for (size_t to = census->count; from < to;) { /* the first that is not below it */
        size_t middle = from + (to - from) / 2;
        if (census->places[middle].folder < folder) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < census->count && census->places[from].folder == folder; from++) {
        if (!is_listed(&census->places[from], listed, count)) {
            return false;
        }
    }
    return true;
}
