/*
 * FAT12, FAT16 and FAT32 with long names, read-only. The table's chains are followed for at most as
 * many steps as there are clusters; what is out of range, free or bad inside a chain is trouble.
 * The boot sector's total of sectors may exceed the partition: phones have such volumes.
 */
#include "imgval/disk/volume_kinds.h"

#include "imgval/base/cursor.h"
#include "imgval/base/text.h"

#include <string.h>

#define ENTRY_SIZE 32
#define ATTRIBUTE_VOLUME 0x08u
#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_LONG 0x0Fu
#define LONG_PARTS_MAX 20 /* of 13 units */
#define ROOT_PLACE 0      /* a node's place: its first cluster; no file starts at cluster 0 */

struct fat {
    unsigned bits; /* 12, 16 or 32 */
    uint64_t cluster_size;
    uint64_t table; /* offsets in the source */
    uint64_t table_size;
    uint64_t root; /* FAT12, FAT16 */
    uint64_t root_size;
    uint64_t data;
    uint32_t clusters;     /* numbered from 2 */
    uint32_t root_cluster; /* FAT32 */
    struct iv_volume_index index;
    unsigned char *pointed; /* a bit for each cluster: some cluster leads to it */
    unsigned char *shared;  /* more than one does: chains that cross */
    unsigned char *started; /* an entry of a directory starts there */
    unsigned char *indexed; /* a directory that starts there had its entries marked */
    bool is_root_indexed;
};

/* ---- the boot sector ---- */

static bool is_power_of_two(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* The geometry, if it makes sense. */
static bool read_boot(const struct iv_source *source, struct fat *ret_fat)
{
    unsigned char sector[512];
    if (!iv_source_read(source, sector, sizeof(sector), 0) || sector[510] != 0x55 ||
        sector[511] != 0xAA || (sector[0] != 0xEB && sector[0] != 0xE9)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(sector, sizeof(sector));
    c.at = 11;
    uint64_t bytes = iv_cursor_u16(&c);
    uint64_t per_cluster = iv_cursor_u8(&c);
    uint64_t reserved = iv_cursor_u16(&c);
    uint64_t tables = iv_cursor_u8(&c);
    uint64_t root_entries = iv_cursor_u16(&c);
    uint64_t total = iv_cursor_u16(&c);
    c.at = 22;
    uint64_t table_sectors = iv_cursor_u16(&c);
    c.at = 32;
    uint64_t total32 = iv_cursor_u32(&c);
    uint64_t table_sectors32 = iv_cursor_u32(&c);
    c.at = 44;
    uint32_t root_cluster = iv_cursor_u32(&c);
    bool is_fat32 = table_sectors == 0;
    table_sectors = is_fat32 ? table_sectors32 : table_sectors;
    total = total == 0 ? total32 : total;
    if (!is_power_of_two(bytes) || bytes < 512 || bytes > 4096 || !is_power_of_two(per_cluster) ||
        reserved == 0 || tables == 0 || tables > 2 || table_sectors == 0 || total == 0 ||
        (root_entries == 0) != is_fat32) {
        return false;
    }
    uint64_t root = (reserved + tables * table_sectors) * bytes;
    uint64_t root_size = (root_entries * ENTRY_SIZE + bytes - 1) / bytes * bytes;
    uint64_t end = total * bytes < source->size ? total * bytes : source->size;
    if (root + root_size >= end) {
        return false;
    }
    uint64_t clusters = (end - root - root_size) / (per_cluster * bytes);
    uint64_t declared = (total * bytes - root - root_size) / (per_cluster * bytes);
    *ret_fat = (struct fat){
        /* The kind follows from the declared number of clusters alone. */
        .bits = is_fat32          ? 32
                : declared < 4085 ? 12
                                  : 16,
        .cluster_size = per_cluster * bytes,
        .table = reserved * bytes,
        .table_size = table_sectors * bytes,
        .root = root,
        .root_size = root_entries * ENTRY_SIZE,
        .data = root + root_size,
        .clusters = clusters < 0x0FFFFFF0 ? (uint32_t)clusters : 0x0FFFFFF0,
        .root_cluster = root_cluster,
    };
    return clusters > 0;
}

/* The words that formatting tools leave in the boot sector. Without them a volume may be whole. */
static bool is_called_fat(const struct iv_source *source)
{
    unsigned char sector[512];
    return iv_source_read(source, sector, sizeof(sector), 0) && sector[510] == 0x55 &&
           sector[511] == 0xAA && (sector[0] == 0xEB || sector[0] == 0xE9) &&
           (memcmp(sector + 54, "FAT", 3) == 0 || memcmp(sector + 82, "FAT32   ", 8) == 0);
}

/* The boot sector has no signature, so the geometry must make sense, or the words of a formatting
 * tool stand there: a damaged volume is then known for one, and not taken for raw bytes. */
static const char *probe(const struct iv_source *source)
{
    struct fat fat = {0};
    if (!read_boot(source, &fat)) {
        return is_called_fat(source) ? "FAT" : NULL;
    }
    return fat.bits == 12 ? "FAT12" : fat.bits == 16 ? "FAT16" : "FAT32";
}

/* ---- chains ---- */

/* The file or directory in hand cannot be trusted; others may. */
static enum iv_volume_outcome damaged(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                      const char *what)
{
    return iv_volume_trouble(volume, ret_fault, IV_FAULT_FILE, "%s", what);
}

/* The table's word for a cluster: false when it lies outside of the table. */
static bool read_table(const struct iv_volume *volume, uint32_t cluster, uint32_t *ret_next)
{
    const struct fat *fat = volume->state;
    uint64_t at = (uint64_t)cluster * fat->bits / 8;
    size_t size = fat->bits == 32 ? 4 : 2;
    unsigned char bytes[4];
    if (at + size > fat->table_size ||
        !iv_source_read(&volume->source, bytes, size, fat->table + at)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, size);
    uint32_t value = (uint32_t)iv_cursor_uint(&c, size);
    if (fat->bits == 12) {
        value = (cluster & 1) != 0 ? value >> 4 : value & 0xFFF;
    }
    *ret_next = value & 0x0FFFFFFF;
    return true;
}

/* The first two words of the table are no clusters. */
static bool is_cluster(const struct fat *fat, uint32_t cluster)
{
    return cluster >= 2 && cluster - 2 < fat->clusters;
}

static bool is_end(const struct fat *fat, uint32_t cluster)
{
    uint32_t mark = fat->bits == 12 ? 0xFF8 : fat->bits == 16 ? 0xFFF8 : 0x0FFFFFF8;
    return cluster >= mark;
}

#define BLOCK_SIZE 12288 /* whole words of any size */

static bool bit_of(const unsigned char *bits, uint32_t cluster)
{
    return (bits[cluster / 8] >> cluster % 8 & 1) != 0;
}

/* A cluster that two others lead to is `shared`: two chains cross there, and one of them is wrong.
 * Which one cannot be seen, so neither is read. */
static void mark(struct fat *fat, uint32_t cluster)
{
    if (is_cluster(fat, cluster)) {
        unsigned char bit = (unsigned char)(1u << cluster % 8);
        fat->shared[cluster / 8] |= fat->pointed[cluster / 8] & bit;
        fat->pointed[cluster / 8] |= bit;
    }
}

/* Two entries that start at one cluster are two chains that cross: what lies there is of one file
 * at most. */
static void mark_start(struct fat *fat, uint32_t cluster)
{
    if (is_cluster(fat, cluster)) {
        unsigned char bit = (unsigned char)(1u << cluster % 8);
        fat->shared[cluster / 8] |= fat->started[cluster / 8] & bit;
        fat->started[cluster / 8] |= bit;
    }
}

/* Whether a directory's entries are to be marked: true once. */
static bool is_new_folder(struct fat *fat, uint64_t place)
{
    if (place == ROOT_PLACE) {
        bool is_new = !fat->is_root_indexed;
        fat->is_root_indexed = true;
        return is_new;
    }
    uint32_t cluster = (uint32_t)place; /* of a directory whose chain was read */
    bool is_new = !bit_of(fat->indexed, cluster);
    fat->indexed[cluster / 8] |= (unsigned char)(1u << cluster % 8);
    return is_new;
}

/* One pass over the table. What cannot be read is met again by whoever follows a chain. */
static void mark_chains(const struct iv_volume *volume, struct fat *fat)
{
    unsigned char block[BLOCK_SIZE];
    uint64_t words = BLOCK_SIZE * 8 / fat->bits;
    uint64_t end = (uint64_t)fat->clusters + 2;
    for (uint64_t first = 0; first < end; first += words) {
        uint64_t at = first * fat->bits / 8;
        uint64_t left = fat->table_size - at;
        size_t size = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        if (!iv_source_read(&volume->source, block, size, fat->table + at)) {
            return;
        }
        for (uint64_t i = first < 2 ? 2 - first : 0; i < words && first + i < end; i++) {
            struct iv_cursor c = iv_cursor(block, size);
            c.at = (size_t)(i * fat->bits / 8);
            uint32_t value = (uint32_t)iv_cursor_uint(&c, fat->bits == 32 ? 4 : 2);
            if (fat->bits == 12) {
                value = (i & 1) != 0 ? value >> 4 : value & 0xFFF;
            }
            mark(fat, value & 0x0FFFFFFF);
        }
    }
}

/* Moves on by one cluster. False: the chain is damaged here. */
static bool next_cluster(const struct iv_volume *volume, uint32_t *cluster)
{
    return read_table(volume, *cluster, cluster);
}

/* `size` bytes of a chain from `offset`; the chain must be long enough. */
static bool read_chain(const struct iv_volume *volume, uint32_t first, unsigned char *bytes,
                       size_t size, uint64_t offset)
{
    const struct fat *fat = volume->state;
    uint32_t cluster = first;
    /* No file has more clusters than the volume, so this bounds the walk as well. */
    if (size > 0 && (offset + size - 1) / fat->cluster_size >= fat->clusters) {
        return false;
    }
    for (uint64_t skip = offset / fat->cluster_size; skip > 0; skip--) {
        if (!is_cluster(fat, cluster) || !next_cluster(volume, &cluster)) {
            return false;
        }
    }
    uint64_t inside = offset % fat->cluster_size;
    while (size > 0) {
        uint64_t left = fat->cluster_size - inside;
        size_t here = left < size ? (size_t)left : size;
        if (!is_cluster(fat, cluster) ||
            !iv_source_read(&volume->source, bytes, here,
                            fat->data + (uint64_t)(cluster - 2) * fat->cluster_size + inside)) {
            return false;
        }
        bytes += here;
        size -= here;
        inside = 0;
        if (size > 0 && !next_cluster(volume, &cluster)) {
            return false;
        }
    }
    return true;
}

/*
 * The whole of a chain must be as long as the size says: shorter, longer, running into a free or
 * bad cluster, in a circle or into another chain is damage. A circle never ends: it is too long.
 */
static bool check_chain(const struct iv_volume *volume, uint32_t first, uint64_t size)
{
    const struct fat *fat = volume->state;
    uint64_t wanted = (size + fat->cluster_size - 1) / fat->cluster_size;
    uint32_t cluster = first;
    if (wanted == 0) {
        return first == 0 || is_cluster(fat, first);
    }
    if (wanted > fat->clusters || !is_cluster(fat, first) || bit_of(fat->pointed, first)) {
        return false;
    }
    for (uint64_t i = 0; i < wanted; i++) {
        if (!is_cluster(fat, cluster) || bit_of(fat->shared, cluster) ||
            !next_cluster(volume, &cluster)) {
            return false;
        }
    }
    return is_end(fat, cluster);
}

/* Appends a directory's clusters, to the end of its chain. */
static bool read_folder_chain(const struct iv_volume *volume, uint32_t first, struct iv_buf *buf)
{
    const struct fat *fat = volume->state;
    uint32_t cluster = first;
    uint64_t max = volume->limits->entries * ENTRY_SIZE;
    if (!is_cluster(fat, first)) { /* not even one, as an end mark would have it */
        return false;
    }
    for (uint32_t i = 0; !is_end(fat, cluster); i++) {
        if (i >= fat->clusters || buf->size > max || !is_cluster(fat, cluster) ||
            bit_of(fat->shared, cluster)) {
            return false;
        }
        size_t size = (size_t)fat->cluster_size;
        char *place = iv_buf_reserve(buf, size);
        if (!iv_source_read(&volume->source, place, size,
                            fat->data + (uint64_t)(cluster - 2) * fat->cluster_size)) {
            return false;
        }
        buf->size += size;
        if (!next_cluster(volume, &cluster)) {
            return false;
        }
    }
    return true;
}

/* ---- directories ---- */

/* A long name lies in entries before its short one, last part first, each with 13 units. */
struct long_name {
    unsigned char units[LONG_PARTS_MAX * 26];
    unsigned parts; /* 0: none */
    unsigned next;  /* the number that the next part must have; 0: complete */
    unsigned char checksum;
};

struct fat_entry {
    const char *name;       /* long, or else short */
    const char *short_name; /* both find the file */
    uint32_t cluster;
    uint32_t size;
    bool is_directory;
};

/* Each part of a long name carries this one of the short name that it belongs to: so parts that an
 * old system left over, for a file that it deleted, are seen. */
static unsigned char short_checksum(const unsigned char *name)
{
    unsigned sum = 0;
    for (size_t i = 0; i < 11; i++) {
        sum = ((sum & 1) << 7 | sum >> 1) + name[i];
        sum &= 255;
    }
    return (unsigned char)sum;
}

/* 0x40 marks the last part, which comes first. Parts out of order or of another file void the name,
 * and the short one counts. */
static void add_long_part(struct long_name *name, const unsigned char *entry)
{
    static const struct {
        unsigned char at;
        unsigned char size;
    } pieces[] = {{1, 10}, {14, 12}, {28, 4}};
    unsigned number = entry[0] & 0x3F;
    if ((entry[0] & 0x40) != 0) {
        *name = (struct long_name){.parts = number, .next = number, .checksum = entry[13]};
    }
    if (number == 0 || number > LONG_PARTS_MAX || name->next != number ||
        name->checksum != entry[13]) {
        *name = (struct long_name){0};
        return;
    }
    unsigned char *to = name->units + (number - 1) * 26;
    for (size_t i = 0; i < IV_COUNT(pieces); i++) {
        memcpy(to, entry + pieces[i].at, pieces[i].size);
        to += pieces[i].size;
    }
    name->next = number - 1;
}

/* In bytes, up to the zero that ends a name which does not fill its last part. */
static size_t long_size(const struct long_name *name)
{
    size_t size = 0;
    while (size < (size_t)name->parts * 26 &&
           (name->units[size] != 0 || name->units[size + 1] != 0)) {
        size += 2;
    }
    return size;
}

/* Eight and three characters, blanks at the ends; bytes beyond ASCII become U+FFFD. */
static const char *short_name(struct iv_arena *arena, const unsigned char *entry)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    size_t ends[] = {8, 11};
    for (size_t part = 0, from = 0; part < 2; from = ends[part++]) {
        size_t end = ends[part];
        while (end > from && entry[end - 1] == ' ') {
            end--;
        }
        if (part == 1 && end > from) {
            iv_buf_putc(&text, '.');
        }
        bool lower = (entry[12] & (part == 0 ? 0x08 : 0x10)) != 0;
        for (size_t i = from; i < end; i++) {
            unsigned char c = i == 0 && entry[0] == 0x05 ? 0xE5 : entry[i];
            if (c < 0x20 || c > 0x7E) {
                iv_utf8_add(&text, 0xFFFD);
            } else {
                iv_buf_putc(&text, lower ? iv_ascii_lower((char)c) : (char)c);
            }
        }
    }
    return iv_arena_strdup(arena, iv_buf_text(&text));
}

static struct fat_entry make_entry(const struct iv_volume *volume, struct iv_arena *arena,
                                   const unsigned char *bytes, const struct long_name *long_name)
{
    const struct fat *fat = volume->state;
    struct iv_cursor c = iv_cursor(bytes, ENTRY_SIZE);
    c.at = 20;
    uint32_t high = iv_cursor_u16(&c);
    c.at = 26;
    uint32_t low = iv_cursor_u16(&c);
    struct fat_entry entry = {
        .short_name = short_name(arena, bytes),
        .cluster = fat->bits == 32 ? high << 16 | low : low,
        .size = iv_cursor_u32(&c),
        .is_directory = (bytes[11] & ATTRIBUTE_DIRECTORY) != 0,
    };
    bool has_long = long_name->parts > 0 && long_name->next == 0 &&
                    long_name->checksum == short_checksum(bytes);
    entry.name = has_long ? iv_volume_name_utf16(arena, long_name->units, long_size(long_name))
                          : entry.short_name;
    return entry;
}

/* Steps to the next file or directory; false at the end. */
static bool next_entry(const struct iv_volume *volume, struct iv_arena *arena,
                       struct iv_cursor *cursor, struct fat_entry *ret_entry)
{
    struct long_name long_name = {0};
    const unsigned char *bytes;
    while ((bytes = iv_cursor_take(cursor, ENTRY_SIZE)) != NULL && bytes[0] != 0) {
        if (bytes[0] != 0xE5 && (bytes[11] & 0x3F) == ATTRIBUTE_LONG) {
            add_long_part(&long_name, bytes);
        } else if (bytes[0] == 0xE5 || (bytes[11] & ATTRIBUTE_VOLUME) != 0 ||
                   memcmp(bytes, ".          ", 11) == 0 || memcmp(bytes, "..         ", 11) == 0) {
            long_name = (struct long_name){0};
        } else {
            *ret_entry = make_entry(volume, arena, bytes, &long_name);
            return true;
        }
    }
    return false;
}

static enum iv_volume_outcome read_folder(const struct iv_volume *volume,
                                          const struct iv_volume_node *folder, struct iv_buf *buf,
                                          struct iv_fault *ret_fault)
{
    const struct fat *fat = volume->state;
    bool is_fine;
    if (folder->place == ROOT_PLACE && fat->bits != 32) {
        size_t size = (size_t)fat->root_size;
        is_fine = iv_source_read(&volume->source, iv_buf_reserve(buf, size), size, fat->root);
        buf->size = is_fine ? size : 0;
    } else {
        uint32_t first = folder->place == ROOT_PLACE ? fat->root_cluster : (uint32_t)folder->place;
        is_fine = read_folder_chain(volume, first, buf);
    }
    return is_fine ? IV_VOLUME_FOUND
                   : damaged(volume, ret_fault, "the directory's chain of clusters is damaged");
}

/* ---- what volume.c calls ---- */

/* The table may be shorter than the clusters need, or the partition than the table says; what
 * both have counts. Then one pass over the table finds all chains that cross, before anything is
 * read. */
static bool fat_open(struct iv_volume *volume, size_t image, struct iv_fault *ret_fault)
{
    (void)image;
    struct fat *fat = IV_NEW(volume->arena, struct fat);
    volume->state = fat;
    if (!read_boot(&volume->source, fat)) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION,
                                "the FAT boot sector is damaged");
        return false;
    }
    uint64_t words = fat->table_size * 8 / fat->bits;
    if (words <= 2) {
        (void)iv_volume_trouble(volume, ret_fault, IV_FAULT_PARTITION, "the FAT is empty");
        return false;
    }
    if (fat->clusters > words - 2) {
        fat->clusters = (uint32_t)(words - 2);
    }
    size_t size = ((size_t)fat->clusters + 2) / 8 + 1;
    fat->pointed = iv_arena_alloc(volume->arena, size);
    fat->shared = iv_arena_alloc(volume->arena, size);
    fat->started = iv_arena_alloc(volume->arena, size);
    fat->indexed = iv_arena_alloc(volume->arena, size);
    mark_chains(volume, fat);
    if (fat->bits == 32) {
        mark_start(fat, fat->root_cluster);
    }
    return true;
}

static void fat_close(struct iv_volume *volume)
{
    struct fat *fat = volume->state;
    iv_volume_index_fini(&fat->index);
}

static enum iv_volume_outcome fat_root(struct iv_volume *volume, struct iv_volume_node *ret_node,
                                       struct iv_fault *ret_fault)
{
    (void)volume;
    (void)ret_fault;
    *ret_node = (struct iv_volume_node){.is_directory = true, .place = ROOT_PLACE};
    return IV_VOLUME_FOUND;
}

/* The names of a directory, in memory until another one is asked for. Short names find a file too,
 * as Windows lets them. */
static enum iv_volume_outcome build_index(struct iv_volume *volume,
                                          const struct iv_volume_node *folder,
                                          struct iv_fault *ret_fault)
{
    struct fat *fat = volume->state;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    enum iv_volume_outcome outcome = read_folder(volume, folder, &buf, ret_fault);
    if (outcome != IV_VOLUME_FOUND) {
        return outcome;
    }
    bool is_new = is_new_folder(fat, folder->place);
    iv_volume_index_start(&fat->index, folder->place);
    struct iv_cursor cursor = iv_cursor(buf.data, buf.size);
    struct fat_entry entry;
    struct iv_volume_index short_names = {0};
    while (next_entry(volume, &fat->index.arena, &cursor, &entry)) {
        struct iv_volume_node node = {
            .is_directory = entry.is_directory,
            .size = entry.is_directory ? 0 : entry.size,
            .place = entry.cluster,
        };
        if (is_new) {
            mark_start(fat, entry.cluster);
        }
        iv_volume_index_add(&fat->index, entry.name, &node);
        if (entry.short_name != entry.name) {
            iv_volume_index_add(&short_names, entry.short_name, &node);
        }
    }
    /* After all others: where one is the only name of another file, that file is found. */
    iv_volume_index_append(&fat->index, &short_names);
    iv_volume_index_fini(&short_names);
    iv_volume_index_finish(&fat->index);
    return outcome;
}

static enum iv_volume_outcome fat_child(struct iv_volume *volume,
                                        const struct iv_volume_node *folder, const char *name,
                                        struct iv_volume_node *ret_node, struct iv_fault *ret_fault)
{
    const struct fat *fat = volume->state;
    if (!iv_volume_index_is_of(&fat->index, folder->place)) {
        enum iv_volume_outcome outcome = build_index(volume, folder, ret_fault);
        if (outcome != IV_VOLUME_FOUND) {
            return outcome;
        }
    }
    const struct iv_volume_node *node = iv_volume_index_find(&fat->index, name);
    if (node == NULL) {
        return IV_VOLUME_ABSENT;
    }
    if (node->is_directory && !is_cluster(fat, (uint32_t)node->place)) {
        return damaged(volume, ret_fault, "the directory has no cluster");
    }
    *ret_node = *node;
    return IV_VOLUME_FOUND;
}

static enum iv_volume_outcome fat_list(struct iv_volume *volume,
                                       const struct iv_volume_node *folder, struct iv_arena *arena,
                                       struct iv_volume_entry **ret_entries, size_t *ret_count,
                                       struct iv_fault *ret_fault)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    enum iv_volume_outcome outcome = read_folder(volume, folder, &buf, ret_fault);
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    size_t capacity = 0;
    struct iv_cursor cursor = iv_cursor(buf.data, buf.size);
    struct fat_entry entry;
    while (outcome == IV_VOLUME_FOUND && next_entry(volume, arena, &cursor, &entry)) {
        entries = iv_arena_grow(arena, entries, count, &capacity, sizeof(*entries));
        entries[count++] = (struct iv_volume_entry){
            .name = entry.name,
            .is_directory = entry.is_directory,
            .size = entry.is_directory ? 0 : entry.size,
        };
    }
    if (outcome == IV_VOLUME_FOUND) {
        *ret_entries = entries;
        *ret_count = count;
    }
    return outcome;
}

/* The whole chain is checked before any of it is believed. */
static enum iv_volume_outcome fat_read(struct iv_volume *volume, const struct iv_volume_node *node,
                                       void *bytes, struct iv_fault *ret_fault)
{
    uint32_t first = (uint32_t)node->place;
    if (!check_chain(volume, first, node->size) ||
        !read_chain(volume, first, bytes, (size_t)node->size, 0)) {
        return damaged(volume, ret_fault, "its chain of clusters is damaged");
    }
    return IV_VOLUME_FOUND;
}

struct fat_file {
    const struct iv_volume *volume;
    uint32_t first;
};

static bool read_file(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct fat_file *file = context;
    return read_chain(file->volume, file->first, bytes, size, offset);
}

static enum iv_volume_outcome fat_file(struct iv_volume *volume, struct iv_volume_node *node,
                                       struct iv_arena *arena, struct iv_source *ret_source,
                                       struct iv_fault *ret_fault)
{
    struct fat_file *file = IV_NEW(arena, struct fat_file);
    *file = (struct fat_file){.volume = volume, .first = (uint32_t)node->place};
    if (!check_chain(volume, file->first, node->size)) {
        return damaged(volume, ret_fault, "its chain of clusters is damaged");
    }
    *ret_source = (struct iv_source){.size = node->size, .context = file, .read = read_file};
    return IV_VOLUME_FOUND;
}

const struct iv_volume_kind iv_volume_fat = {
    .probe = probe,
    .open = fat_open,
    .close = fat_close,
    .root = fat_root,
    .child = fat_child,
    .list = fat_list,
    .read = fat_read,
    .file = fat_file,
};
