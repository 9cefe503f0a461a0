/*
 * Volumes: which file system a source holds, and paths in it.
 *
 * The kinds are asked in the order of the table. FAT comes last: it has hardly any signature, and
 * the boot sectors of other file systems look like its own. A file system that is known by name
 * alone is reported as such, and is not the same as one that is damaged.
 *
 * A path is walked part by part through the operations of the kind (volume_kinds.h). The directory
 * that was looked into last is kept, as files are asked for directory by directory.
 */
#include "imgval/disk/volume.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/disk/faults.h"
#include "imgval/disk/volume_kinds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes in the longest part of a path: 255 UTF-16 units. */
#define PART_MAX (255 * 3)

/* ---- kinds that are named and not read ---- */

/* Bytes that tell what a source holds. */
struct signature {
    uint64_t offset;
    const char *bytes; /* at most 16 */
    size_t size;
    const char *name;
};

#define SIGNATURE(offset, bytes, name)                                                             \
    {                                                                                              \
        (offset), (bytes), sizeof(bytes) - 1, (name)                                               \
    }

/*
 * What is known and not read. Whoever looks into a device can find files in them, so that they are
 * reported, while a raw partition, which is a boot loader's, is not. Each has four bytes or more
 * that do not come by chance; shorter ones are left out.
 */
static const struct signature signatures[] = {
    SIGNATURE(3, "-FVE-FS-", "BitLocker"),
    SIGNATURE(3, "ReFS", "ReFS"),
    SIGNATURE(3, "EXFAT   ", "exFAT"),
    SIGNATURE(0, "SPACEDB ", "Storage Spaces"),
    SIGNATURE(4096, "SPACEDB ", "Storage Spaces"),
    SIGNATURE(0, "hsqs", "SquashFS"),
    SIGNATURE(0, "XFSB", "XFS"),
    SIGNATURE(0x10040, "_BHRfS_M", "Btrfs"),
    SIGNATURE(1024, "\x10\x20\xF5\xF2", "F2FS"),
    SIGNATURE(1024, "\xE2\xE1\xF5\xE0", "EROFS"),
    SIGNATURE(1024, "H+\0\x04", "HFS Plus"),
    SIGNATURE(1024, "HX\0\x05", "HFSX"),
    SIGNATURE(32, "NXSB", "APFS"),
    SIGNATURE(1024, "\x02\0\0\0\0\0\x34\x34", "NILFS2"),
    SIGNATURE(0x8000, "JFS1", "JFS"),
    SIGNATURE(0x10034, "ReIsEr", "ReiserFS"),
    SIGNATURE(0x8001, "CD001", "ISO 9660"),
    SIGNATURE(0x8001, "BEA01", "UDF"),
    SIGNATURE(16, "Compressed ROMFS", "cramfs"),
    SIGNATURE(0, "-rom1fs-", "romfs"),
    SIGNATURE(0, "UBI#", "UBI"),
    SIGNATURE(0, "\x31\x18\x10\x06", "UBIFS"),
    SIGNATURE(0, "LUKS\xBA\xBE", "LUKS"),
    SIGNATURE(512, "LABELONE", "LVM"),
    SIGNATURE(4096, "\xFC\x4E\x2B\xA9", "Linux RAID"),
    SIGNATURE(4086, "SWAPSPACE2", "Linux swap space"),
    SIGNATURE(0, "vhdxfile", "VHDX"),
    SIGNATURE(0, "conectix", "VHD"),
    SIGNATURE(0, "QFI\xFB", "QCOW"),
    SIGNATURE(0, "KDMV", "VMDK"),
    SIGNATURE(4, "SignedImage ", "FFU"),
    SIGNATURE(0, "\x3A\xFF\x26\xED\x01\0", "Android sparse image"),
    SIGNATURE(512, "EFI PART", "GPT"),
};

/* The superblock of ext2, ext3 and ext4 lies at byte 1024. Two bytes are a weak magic number, so
 * the version and the size of a block must make sense as well. */
static const char *probe_ext(const struct iv_source *source)
{
    unsigned char block[104];
    if (!iv_source_read(source, block, sizeof(block), 1024) || block[56] != 0x53 ||
        block[57] != 0xEF || block[25] != 0 || block[24] > 6 || block[76] > 1 || block[77] != 0) {
        return NULL;
    }
    bool has_journal = (block[92] & 0x04) != 0;
    /* Whatever came after ext3: extents, 64 bits, and so on. */
    bool is_new = (block[96] & ~0x1Fu & 0xFF) != 0 || block[97] != 0 || (block[100] & ~0x07u) != 0;
    return is_new ? "ext4" : has_journal ? "ext3" : "ext2";
}

/* Named so that the report can say what was not read. */
static const char *probe_others(const struct iv_source *source)
{
    char bytes[16];
    for (size_t i = 0; i < IV_COUNT(signatures); i++) {
        const struct signature *s = &signatures[i];
        if (iv_source_read(source, bytes, s->size, s->offset) &&
            memcmp(bytes, s->bytes, s->size) == 0) {
            return s->name;
        }
    }
    return probe_ext(source);
}

static const struct iv_volume_kind others = {
    .probe = probe_others,
    .missing = "this version does not read it",
};

/* ---- the table ---- */

static const struct iv_volume_kind *const kinds[] = {
    &iv_volume_ntfs, &iv_volume_wim, &others, &iv_volume_fat, /* the weakest signature */
};

static const struct iv_volume_kind *find_kind(const struct iv_source *source, const char **ret_name)
{
    for (size_t i = 0; i < IV_COUNT(kinds); i++) {
        const char *name = kinds[i]->probe(source);
        if (name != NULL) {
            *ret_name = name;
            return kinds[i];
        }
    }
    return NULL;
}

const char *iv_volume_kind(const struct iv_source *source)
{
    const char *name = NULL;
    (void)find_kind(source, &name);
    return name;
}

/* ---- opening ---- */

/* A kind that is known and not read has no `open`; that is another fault than bytes of no known
 * kind. */
bool iv_volume_open(const struct iv_source *source, size_t image, const struct iv_limits *limits,
                    struct iv_arena *arena, struct iv_volume **ret_volume,
                    struct iv_fault *ret_fault)
{
    struct iv_volume *volume = IV_NEW(arena, struct iv_volume);
    volume->kind = find_kind(source, &volume->name);
    volume->source = *source;
    volume->limits = limits;
    volume->arena = arena;
    volume->images = 1;
    if (volume->kind == NULL) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION, "no file system is known");
        return false;
    }
    if (volume->kind->open == NULL) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_UNSUPPORTED, "%s: %s", volume->name,
                                volume->kind->missing);
        return false;
    }
    if (!volume->kind->open(volume, image, ret_fault)) {
        iv_volume_close(&volume);
        return false;
    }
    *ret_volume = volume;
    return true;
}

void iv_volume_close(struct iv_volume **volume)
{
    if (*volume != NULL && (*volume)->kind->close != NULL) {
        (*volume)->kind->close(*volume);
    }
    *volume = NULL;
}

size_t iv_volume_image_count(const struct iv_volume *volume)
{
    return volume->images;
}

uint64_t iv_volume_used(const struct iv_volume *volume)
{
    return volume->used;
}

/* The next part of a path: 1, 0 at its end, -1 when it is longer than any name. */
static int next_part(const char **path, char part[PART_MAX + 1])
{
    while (**path == '/') {
        (*path)++;
    }
    size_t size = strcspn(*path, "/");
    if (size == 0) {
        return 0;
    }
    if (size > PART_MAX) {
        return -1;
    }
    memcpy(part, *path, size);
    part[size] = '\0';
    *path += size;
    return 1;
}

static const char *shown(const struct iv_volume *volume, const char *name)
{
    return iv_faults_shown(volume->arena, name);
}

/* One step down from *node, which is replaced. */
static enum iv_volume_outcome step(struct iv_volume *volume, const char *part,
                                   struct iv_volume_node *node, struct iv_fault *ret_fault)
{
    struct iv_volume_node child = {0};
    enum iv_volume_outcome outcome =
        node->is_directory ? volume->kind->child(volume, node, part, &child, ret_fault)
                           : IV_VOLUME_ABSENT;
    if (outcome == IV_VOLUME_FOUND && child.is_link) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_UNSUPPORTED, "%s is a link",
                                 shown(volume, part));
    }
    *node = child;
    return outcome;
}

/* The node of a path, through directories. ABSENT also for a path that no volume can have. */
static enum iv_volume_outcome walk(struct iv_volume *volume, const char *path,
                                   struct iv_volume_node *ret_node, struct iv_fault *ret_fault)
{
    char part[PART_MAX + 1];
    struct iv_volume_node node = {0};
    enum iv_volume_outcome outcome = volume->kind->root(volume, &node, ret_fault);
    for (uint64_t depth = 0; outcome == IV_VOLUME_FOUND; depth++) {
        int more = next_part(&path, part);
        if (more == 0) {
            *ret_node = node;
            return outcome;
        }
        if (more < 0 || depth >= volume->limits->directory_depth) {
            return more < 0
                       ? IV_VOLUME_ABSENT
                       : iv_volume_trouble(volume, ret_fault, IV_FAULT_LIMIT,
                                           "more than %llu directories deep",
                                           (unsigned long long)volume->limits->directory_depth);
        }
        outcome = step(volume, part, &node, ret_fault);
    }
    return outcome;
}

/* Leaves the directory in volume->folder: whoever reads one file of it reads the next as well, and
 * a directory of thousands is costly to open. */
static enum iv_volume_outcome open_folder(struct iv_volume *volume, const char *path, size_t size,
                                          struct iv_fault *ret_fault)
{
    if (volume->folder_path != NULL && strlen(volume->folder_path) == size &&
        memcmp(volume->folder_path, path, size) == 0) {
        return IV_VOLUME_FOUND;
    }
    volume->folder_path = NULL;
    const char *wanted = iv_arena_strndup(volume->arena, path, size);
    enum iv_volume_outcome outcome = walk(volume, wanted, &volume->folder, ret_fault);
    if (outcome == IV_VOLUME_FOUND && !volume->folder.is_directory) {
        return IV_VOLUME_ABSENT;
    }
    if (outcome == IV_VOLUME_FOUND) {
        volume->folder_path = wanted;
    }
    return outcome;
}

static int compare_entries(const void *a, const void *b)
{
    const struct iv_volume_entry *one = a;
    const struct iv_volume_entry *other = b;
    return strcmp(one->name, other->name);
}

enum iv_volume_outcome iv_volume_list(struct iv_volume *volume, const char *path,
                                      struct iv_arena *arena, struct iv_volume_entry **ret_entries,
                                      size_t *ret_count, struct iv_fault *ret_fault)
{
    enum iv_volume_outcome outcome = open_folder(volume, path, strlen(path), ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    outcome = volume->kind->list(volume, &volume->folder, arena, &entries, &count, ret_fault);
    if (outcome == IV_VOLUME_FOUND) {
        if (count > 0) {
            iv_sort(entries, count, sizeof(*entries), compare_entries);
        }
        *ret_entries = entries;
        *ret_count = count;
    }
    return outcome;
}

/* ---- the whole of it ---- */

/* Bytes of the paths of all folders in one walk: a hostile volume has folders in a circle. */
#define WALK_PATHS_MAX (32 * IV_MIB)

struct pending {
    const char *path;
    uint64_t depth;
};

/* A walk, with the folders that are still to be listed. */
struct walk {
    struct iv_volume *volume;
    iv_volume_visit_fn *visit;
    void *context;
    struct iv_arena arena; /* of the paths */
    struct pending *pending;
    size_t count;
    size_t capacity;
    uint64_t seen;
    uint64_t path_bytes;
    bool is_cut;
};

/* Too deep, or too much: the walk goes on elsewhere, and says in the end that it was cut. */
static void push_folder(struct walk *walk, const char *path, uint64_t depth)
{
    walk->path_bytes += strlen(path) + 1;
    if (depth > walk->volume->limits->directory_depth || walk->path_bytes > WALK_PATHS_MAX) {
        walk->is_cut = true;
        return;
    }
    walk->pending = iv_arena_grow(&walk->arena, walk->pending, walk->count, &walk->capacity,
                                  sizeof(*walk->pending));
    walk->pending[walk->count++] =
        (struct pending){.path = iv_arena_strdup(&walk->arena, path), .depth = depth};
}

/* Links are shown and not followed. */
static void visit_folder(struct walk *walk, const struct pending *folder, struct iv_arena *scratch)
{
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    struct iv_fault ignored = {0};
    if (iv_volume_list(walk->volume, folder->path, scratch, &entries, &count, &ignored) !=
        IV_VOLUME_FOUND) {
        walk->is_cut = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (++walk->seen > walk->volume->limits->entries) {
            walk->is_cut = true;
            return;
        }
        const char *path = folder->path[0] == '\0'
                               ? entries[i].name
                               : iv_arena_printf(scratch, "%s/%s", folder->path, entries[i].name);
        walk->visit(walk->context, path, &entries[i]);
        if (entries[i].is_directory && !entries[i].is_link) {
            push_folder(walk, path, folder->depth + 1);
        }
    }
}

bool iv_volume_walk(struct iv_volume *volume, iv_volume_visit_fn *visit, void *context)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    struct walk walk = {.volume = volume, .visit = visit, .context = context};
    push_folder(&walk, "", 0);
    while (walk.count > 0 && walk.seen <= volume->limits->entries) {
        struct iv_arena_mark mark = iv_arena_mark(&scratch);
        const struct pending folder = walk.pending[--walk.count];
        visit_folder(&walk, &folder, &scratch);
        iv_arena_reset(&scratch, mark);
    }
    iv_arena_fini(&walk.arena);
    return !walk.is_cut;
}

/* ---- files ---- */

/*
 * The node of a file: a link is trouble, as what it stands for is not read; a directory is absent.
 */
static enum iv_volume_outcome find_file(struct iv_volume *volume, const char *path,
                                        struct iv_volume_node *ret_node, struct iv_fault *ret_fault)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (*name == '\0' || strlen(name) > PART_MAX) {
        return IV_VOLUME_ABSENT;
    }
    enum iv_volume_outcome outcome =
        open_folder(volume, path, slash != NULL ? (size_t)(slash - path) : 0, ret_fault);
    struct iv_volume_node node = {0};
    if (outcome == IV_VOLUME_FOUND) {
        outcome = volume->kind->child(volume, &volume->folder, name, &node, ret_fault);
    }
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    if (node.is_link) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_UNSUPPORTED, "%s is a link",
                                 shown(volume, name));
    }
    if (node.is_directory) {
        return IV_VOLUME_ABSENT;
    }
    *ret_node = node;
    return IV_VOLUME_FOUND;
}

/* All of the file or nothing of it, after what is in the buffer. `max` is compared before memory is
 * asked for: the size is what a directory says. */
enum iv_volume_outcome iv_volume_read(struct iv_volume *volume, const char *path, uint64_t max,
                                      struct iv_buf *buf, struct iv_fault *ret_fault)
{
    struct iv_volume_node node = {0};
    enum iv_volume_outcome outcome = find_file(volume, path, &node, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    uint64_t size = node.size;
    if (size > max || size > SIZE_MAX / 2) {
        return iv_volume_trouble(volume, ret_fault, IV_FAULT_LIMIT,
                                 "%llu bytes are more than the limit of %llu",
                                 (unsigned long long)size, (unsigned long long)max);
    }
    char *place = iv_buf_reserve(buf, (size_t)size);
    outcome = volume->kind->read(volume, &node, place, ret_fault);
    if (outcome == IV_VOLUME_FOUND) {
        buf->size += (size_t)size;
    }
    buf->data[buf->size] = '\0';
    return outcome;
}

enum iv_volume_outcome iv_volume_file(struct iv_volume *volume, const char *path,
                                      struct iv_arena *arena, struct iv_source *ret_source,
                                      struct iv_fault *ret_fault)
{
    struct iv_volume_node node = {0};
    enum iv_volume_outcome outcome = find_file(volume, path, &node, ret_fault);
    return outcome == IV_VOLUME_FOUND
               ? volume->kind->file(volume, &node, arena, ret_source, ret_fault)
               : outcome;
}
