/*
 * Directories at hand, each read from its index and compared with the census (ntfs_census.h).
 *
 * A directory is read in steps: all names of the index; without the short (DOS) ones, each of which
 * must stand beside a long name of the same file; into an index for look-ups. The comparison with
 * the census waits until somebody needs to know that a name is NOT there, or lists all of them: a
 * name that is found needs no proof, as its record has to have it too.
 *
 * The census is taken once for a volume, with the first directory, and its failure is remembered.
 * The directory that was used longest ago gives way to a new one.
 */
#include "imgval/disk/ntfs/ntfs_folders.h"

#include "imgval/base/sort.h"

#include <stdlib.h>

static enum iv_volume_outcome damaged(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                      const char *why)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "the directory is damaged: %s", why);
}

static int compare_references(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

/* The file of a short name that stands beside no long one, so that it would not be seen at all; 0:
 * there is none. `names`: what is no short name. */
static uint64_t find_lonely(const struct iv_ntfs_names *names, const uint64_t *short_ones,
                            size_t short_count, struct iv_arena *arena)
{
    size_t count = names->count;
    uint64_t *files = IV_NEW_ARRAY(arena, uint64_t, count + 1); /* the last: 0, of no file */
    for (size_t i = 0; i < count; i++) {
        files[i] = names->items[i].file;
    }
    iv_sort(files, count + 1, sizeof(*files), compare_references);
    for (size_t i = 0; i < short_count; i++) {
        if (bsearch(&short_ones[i], files, count + 1, sizeof(*files), compare_references) == NULL) {
            return short_ones[i];
        }
    }
    return 0;
}

/* Leaves out the short names, and the root's own in itself. */
static bool choose_names(struct iv_ntfs_folder *folder, struct iv_ntfs_why *why)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_ntfs_names *names = &folder->names;
    size_t kept = 0;
    size_t short_count = 0;
    uint64_t *short_ones = IV_NEW_ARRAY(&scratch, uint64_t, names->count + 1);
    for (size_t i = 0; i < names->count; i++) {
        const struct iv_ntfs_name *name = &names->items[i];
        if (name->folder != folder->look_up.place) {
            return iv_ntfs_fail(why, "entry %zu of %zu belongs to another directory", i + 1,
                                names->count);
        }
        if (name->is_short) {
            short_ones[short_count++] = name->file;
        } else if (name->file != folder->look_up.place) {
            names->items[kept++] = *name;
        }
    }
    names->count = kept;
    folder->lonely = short_count == 0 ? 0 : find_lonely(names, short_ones, short_count, &scratch);
    return true;
}

/* Takes the census, once. */
static bool need_census(const struct iv_volume *volume, struct iv_ntfs *ntfs,
                        struct iv_ntfs_folders *folders, struct iv_ntfs_why *why)
{
    if (!folders->has_census && !folders->census_failed) {
        folders->has_census =
            iv_ntfs_census_take(ntfs, volume->arena, &folders->census, &folders->census_why);
        folders->census_failed = !folders->has_census;
    }
    return folders->has_census || iv_ntfs_fail(why, "%s", folders->census_why.text);
}

/* Whether no file of the directory is missing, nor has another name: see ntfs_census.h. */
static bool compare_census(const struct iv_ntfs_folders *folders,
                           const struct iv_ntfs_folder *folder, struct iv_ntfs_why *why)
{
    const struct iv_ntfs_names *names = &folder->names;
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_ntfs_place *listed = IV_NEW_ARRAY(&scratch, struct iv_ntfs_place, names->count + 1);
    for (size_t i = 0; i < names->count; i++) {
        listed[i] = iv_ntfs_place_of(&names->items[i], names->items[i].file);
    }
    bool is_fine = iv_ntfs_census_agrees(&folders->census, IV_NTFS_NUMBER(folder->look_up.place),
                                         listed, names->count);
    if (!is_fine) {
        return iv_ntfs_fail(why, "the master file table has more files in it");
    }
    return folder->lonely == 0 ||
           iv_ntfs_fail(why, "record %llu has a short name in it and no other one",
                        (unsigned long long)IV_NTFS_NUMBER(folder->lonely));
}

bool iv_ntfs_folder_is_complete(const struct iv_volume *volume,
                                const struct iv_ntfs_folders *folders,
                                struct iv_ntfs_folder *folder, struct iv_fault *ret_fault)
{
    if (!folder->is_checked) {
        folder->is_complete = compare_census(folders, folder, &folder->why);
        folder->is_checked = true;
    }
    if (!folder->is_complete) {
        (void)damaged(volume, ret_fault, folder->why.text);
    }
    return folder->is_complete;
}

static bool read_names(const struct iv_volume *volume, struct iv_ntfs *ntfs,
                       struct iv_ntfs_folder *folder, struct iv_ntfs_why *why)
{
    uint64_t place = folder->look_up.place;
    struct iv_ntfs_file file;
    struct iv_arena *arena = &folder->look_up.arena;
    return iv_ntfs_file_open(ntfs, IV_NTFS_NUMBER(place), IV_NTFS_SEQUENCE(place), arena, &file,
                             why) &&
           iv_ntfs_index_read(ntfs, &file, volume->limits->entries, arena, &folder->names, why);
}

static void forget(struct iv_ntfs_folder *folder)
{
    iv_volume_index_fini(&folder->look_up);
    *folder = (struct iv_ntfs_folder){0};
}

/* The one that was used longest ago, or never. */
static struct iv_ntfs_folder *find_oldest(struct iv_ntfs_folders *folders)
{
    struct iv_ntfs_folder *oldest = &folders->items[0];
    for (size_t i = 1; i < IV_NTFS_FOLDERS; i++) {
        if (folders->items[i].last_use < oldest->last_use) {
            oldest = &folders->items[i];
        }
    }
    return oldest;
}

/* Makes room for one directory: together they have no more names than one may have. */
static struct iv_ntfs_folder *make_room(struct iv_ntfs_folders *folders, uint64_t max)
{
    for (;;) {
        uint64_t names = 0;
        for (size_t i = 0; i < IV_NTFS_FOLDERS; i++) {
            names += folders->items[i].names.count;
        }
        struct iv_ntfs_folder *oldest = find_oldest(folders);
        forget(oldest);
        if (names <= max) {
            return oldest;
        }
    }
}

/* Reads the directory `place` into a free one. On trouble the caller makes that free again. */
static enum iv_volume_outcome read_folder(const struct iv_volume *volume, struct iv_ntfs *ntfs,
                                          struct iv_ntfs_folders *folders, uint64_t place,
                                          struct iv_ntfs_folder *folder, struct iv_fault *ret_fault)
{
    struct iv_ntfs_why why;
    struct iv_ntfs_names *names = &folder->names;
    iv_volume_index_start(&folder->look_up, place);
    if (!read_names(volume, ntfs, folder, &why)) {
        return damaged(volume, ret_fault, why.text);
    }
    if (names->count > volume->limits->entries) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_LIMIT,
                                 "the entries in a directory are more than the limit of %llu",
                                 (unsigned long long)volume->limits->entries);
    }
    if (!choose_names(folder, &why) || !need_census(volume, ntfs, folders, &why)) {
        return damaged(volume, ret_fault, why.text);
    }
    for (size_t i = 0; i < names->count; i++) {
        const struct iv_ntfs_name *name = &names->items[i];
        struct iv_volume_node node = {.info = name};
        iv_volume_index_add(&folder->look_up,
                            iv_volume_name_utf16(&folder->look_up.arena, name->units, name->size),
                            &node);
    }
    iv_volume_index_finish(&folder->look_up);
    return iv_volume_index_has_twins(&folder->look_up)
               ? damaged(volume, ret_fault, "it has one name twice")
               : IV_VOLUME_FOUND;
}

enum iv_volume_outcome iv_ntfs_folder_get(const struct iv_volume *volume, struct iv_ntfs *ntfs,
                                          struct iv_ntfs_folders *folders, uint64_t place,
                                          struct iv_ntfs_folder **ret_folder,
                                          struct iv_fault *ret_fault)
{
    enum iv_volume_outcome outcome = IV_VOLUME_FOUND;
    struct iv_ntfs_folder *folder = NULL;
    for (size_t i = 0; i < IV_NTFS_FOLDERS && folder == NULL; i++) {
        if (iv_volume_index_is_of(&folders->items[i].look_up, place)) {
            folder = &folders->items[i];
        }
    }
    if (folder == NULL) {
        folder = make_room(folders, volume->limits->entries);
        outcome = read_folder(volume, ntfs, folders, place, folder, ret_fault);
    }
    if (outcome != IV_VOLUME_FOUND) {
        forget(folder);
        return outcome;
    }
    folder->last_use = ++folders->uses;
    *ret_folder = folder;
    return outcome;
}

void iv_ntfs_folders_fini(struct iv_ntfs_folders *folders)
{
    for (size_t i = 0; i < IV_NTFS_FOLDERS; i++) {
        iv_volume_index_fini(&folders->items[i].look_up);
    }
}
