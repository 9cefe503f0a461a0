/*
 * The index of a directory: a B-tree of names.
 *
 * The root of the tree is a resident attribute; all other nodes are blocks of one size in an
 * attribute of their own. A node is a row of entries in order, each with a name and a file
 * reference, and in an inner node with the number of the block that holds the names before it. The
 * last entry of a node has no name.
 *
 * The tree is read breadth-first with a queue and no recursion, so its depth costs no stack. A
 * block that was reached is marked: a second entry that leads to it is damage, and a circle cannot
 * occur. The order of names is not checked, since the names are sorted again by whoever looks them
 * up.
 */
#include "imgval/disk/ntfs/ntfs_index.h"

#include "imgval/base/cursor.h"

#include <string.h>

#define I30 "$I30"
/* Sizes in bytes. I30 is the name that all attributes of a directory index have. */
#define ROOT_HEADER 16u
#define BLOCK_HEADER 24u
#define NODE_HEADER 16u
#define ENTRY_HEADER 16u
#define BLOCK_SIZE_MAX 65536u
#define COLLATION_FILE_NAME 1u
#define HAS_CHILDREN 1u /* of a node, and of an entry */
#define IS_LAST 2u

struct tree {
    const struct iv_ntfs *ntfs;
    struct iv_arena *arena;
    struct iv_ntfs_stream blocks;
    uint32_t block_size;
    uint32_t unit;          /* bytes in one of what blocks are numbered by */
    uint64_t block_count;   /* 0: the root alone */
    unsigned char *reached; /* one bit for each block */
    uint64_t *queue;        /* blocks reached, and not read up to `next` */
    size_t queued;
    size_t queue_capacity;
    size_t next;
    uint64_t max;
    struct iv_ntfs_names names;
    size_t capacity;
};

/* ---- nodes ---- */

/*
 * Queues the block that an entry leads to. Blocks are numbered in clusters, or in units of 512
 * bytes.
 */
static bool add_child(struct tree *tree, uint64_t vcn, struct iv_ntfs_why *why)
{
    uint64_t per_block = tree->block_size / tree->unit;
    uint64_t block = vcn / per_block;
    if (vcn % per_block != 0 || block >= tree->block_count) {
        return iv_ntfs_fail(why, "an entry leads to the block %llu of %llu",
                            (unsigned long long)block, (unsigned long long)tree->block_count);
    }
    unsigned char bit = (unsigned char)(1u << block % 8);
    if ((tree->reached[block / 8] & bit) != 0) {
        return iv_ntfs_fail(why, "two entries lead to block %llu", (unsigned long long)block);
    }
    tree->reached[block / 8] |= bit;
    tree->queue = iv_arena_grow(tree->arena, tree->queue, tree->queued, &tree->queue_capacity,
                                sizeof(*tree->queue));
    tree->queue[tree->queued++] = block;
    return true;
}

/* One name more than `max` is kept, by which the caller sees that there are too many. */
static void add_name(struct tree *tree, const struct iv_ntfs_name *name)
{
    if (tree->names.count <= tree->max) {
        tree->names.items = iv_arena_grow(tree->arena, tree->names.items, tree->names.count,
                                          &tree->capacity, sizeof(*tree->names.items));
        tree->names.items[tree->names.count++] = *name;
    }
}

/* Where the next entry begins, and whether there is one. */
struct entry {
    size_t length;
    bool is_last;
};

/* One entry of a node, which is `left` bytes long from here on. */
static bool read_entry(struct tree *tree, const unsigned char *bytes, size_t left,
                       bool has_children, struct entry *ret_entry, struct iv_ntfs_why *why)
{
    struct iv_cursor c = iv_cursor(bytes, left);
    struct iv_ntfs_name name = {0};
    uint64_t file = iv_cursor_u64(&c);
    size_t length = iv_cursor_u16(&c);
    size_t key = iv_cursor_u16(&c);
    unsigned flags = iv_cursor_u16(&c);
    size_t tail = has_children ? 8 : 0;
    if (left < ENTRY_HEADER || length < ENTRY_HEADER + tail || length % 8 != 0 || length > left ||
        ((flags & HAS_CHILDREN) != 0) != has_children) {
        return iv_ntfs_fail(why, "an entry is %zu bytes long", length);
    }
    if (has_children) {
        c.at = length - tail;
        if (!add_child(tree, iv_cursor_u64(&c), why)) {
            return false;
        }
    }
    *ret_entry = (struct entry){.length = length, .is_last = (flags & IS_LAST) != 0};
    if (ret_entry->is_last) {
        return length == left || iv_ntfs_fail(why, "entries follow the last one");
    }
    if (key > length - ENTRY_HEADER - tail ||
        !iv_ntfs_name_read(bytes + ENTRY_HEADER, key, &name)) {
        return iv_ntfs_fail(why, "an entry has no name");
    }
    name.file = file;
    add_name(tree, &name);
    return true;
}

/* The entries after a node's header, for which there are `room` bytes. */
static bool read_node(struct tree *tree, const unsigned char *node, size_t room,
                      struct iv_ntfs_why *why)
{
    struct iv_cursor c = iv_cursor(node, room);
    size_t at = iv_cursor_u32(&c);
    size_t used = iv_cursor_u32(&c);
    size_t allocated = iv_cursor_u32(&c);
    bool has_children = (iv_cursor_u8(&c) & HAS_CHILDREN) != 0;
    if (c.failed || at < NODE_HEADER || at % 8 != 0 || used > allocated || allocated > room ||
        at >= used) {
        return iv_ntfs_fail(why, "its header is damaged");
    }
    for (bool is_last = false; !is_last;) {
        struct entry entry = {0};
        if (!read_entry(tree, node + at, used - at, has_children, &entry, why)) {
            return false;
        }
        at += entry.length;
        is_last = entry.is_last;
    }
    return true;
}

/* ---- blocks ---- */

/*
 * One block: its fix-ups, its own number (a block that was written to the wrong place is whole by
 * itself), its entries.
 */
static bool read_block(struct tree *tree, uint64_t number, struct iv_ntfs_why *why)
{
    size_t size = tree->block_size;
    unsigned char *block = iv_arena_alloc(tree->arena, size); /* the names point into it */
    if (!iv_ntfs_stream_read(&tree->blocks, block, size, number * size)) {
        return iv_ntfs_fail(why, "it cannot be read");
    }
    if (!iv_ntfs_fix_up(block, size, "INDX", why)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(block, size);
    c.at = 16;
    if (iv_cursor_u64(&c) != number * (size / tree->unit)) {
        return iv_ntfs_fail(why, "it is another block");
    }
    return read_node(tree, block + BLOCK_HEADER, size - BLOCK_HEADER, why);
}

/* A small directory has no blocks; then tree->block_count stays 0 and any child is damage. */
static bool open_blocks(struct tree *tree, const struct iv_ntfs_file *folder,
                        struct iv_ntfs_why *why)
{
    if (iv_ntfs_file_find(folder, IV_NTFS_INDEX_ALLOCATION, I30) == NULL) {
        return true;
    }
    if (!iv_ntfs_file_stream(folder, IV_NTFS_INDEX_ALLOCATION, I30, tree->arena, &tree->blocks,
                             why)) {
        return false;
    }
    /* neither is true of a directory, and it bounds the blocks by the volume */
    if (tree->blocks.unit_size != 0 || tree->blocks.runs.filled != tree->blocks.runs.clusters) {
        return iv_ntfs_fail(why, "its blocks are compressed or sparse");
    }
    tree->block_count = tree->blocks.size / tree->block_size;
    if (tree->block_count / 2 > tree->max) {
        return iv_ntfs_fail(why, "its index has %llu blocks",
                            (unsigned long long)tree->block_count);
    }
    tree->reached = iv_arena_alloc(tree->arena, (size_t)(tree->block_count / 8 + 1));
    return true;
}

/* The blocks in use are those that the tree reaches. */
static bool check_bitmap(const struct tree *tree, const struct iv_ntfs_file *folder,
                         struct iv_ntfs_why *why)
{
    struct iv_ntfs_stream bitmap;
    size_t size = (size_t)((tree->block_count + 7) / 8);
    unsigned char *used = iv_arena_alloc(tree->arena, size + 1);
    if (!iv_ntfs_file_stream(folder, IV_NTFS_BITMAP, I30, tree->arena, &bitmap, why)) {
        return false;
    }
    if (!iv_ntfs_stream_read(&bitmap, used, size, 0)) {
        return iv_ntfs_fail(why, "the bitmap of its blocks cannot be read");
    }
    for (uint64_t block = 0; block < tree->block_count; block++) {
        unsigned bit = 1u << block % 8;
        if (((used[block / 8] ^ tree->reached[block / 8]) & bit) != 0) {
            return iv_ntfs_fail(why,
                                (used[block / 8] & bit) != 0
                                    ? "block %llu is in use, and nothing leads to it"
                                    : "block %llu is not in use, and an entry leads to it",
                                (unsigned long long)block);
        }
    }
    return true;
}

/* The root and what it says about the blocks: their size, and the unit that their numbers count. */
static bool open_root(struct tree *tree, const struct iv_ntfs_file *folder,
                      const struct iv_ntfs_attribute **ret_root, struct iv_ntfs_why *why)
{
    const struct iv_ntfs_attribute *root = iv_ntfs_file_find(folder, IV_NTFS_INDEX_ROOT, I30);
    if (root == NULL || !root->is_resident || root->value_size < ROOT_HEADER + NODE_HEADER) {
        return iv_ntfs_fail(why, "it has no index root");
    }
    struct iv_cursor c = iv_cursor(root->value, root->value_size);
    uint32_t type = iv_cursor_u32(&c);
    uint32_t collation = iv_cursor_u32(&c);
    uint32_t size = iv_cursor_u32(&c);
    if (type != IV_NTFS_FILE_NAME || collation != COLLATION_FILE_NAME || size < 512 ||
        size > BLOCK_SIZE_MAX || (size & (size - 1)) != 0) {
        return iv_ntfs_fail(why, "its index root is damaged");
    }
    tree->block_size = size;
    tree->unit = tree->ntfs->cluster_size <= size ? tree->ntfs->cluster_size : 512;
    *ret_root = root;
    return true;
}

bool iv_ntfs_index_read(const struct iv_ntfs *ntfs, const struct iv_ntfs_file *folder, uint64_t max,
                        struct iv_arena *arena, struct iv_ntfs_names *ret_names,
                        struct iv_ntfs_why *why)
{
    struct tree tree = {.ntfs = ntfs, .arena = arena, .max = max};
    struct iv_ntfs_why inner;
    const struct iv_ntfs_attribute *root = NULL;
    if (!open_root(&tree, folder, &root, why) || !open_blocks(&tree, folder, why)) {
        return false;
    }
    if (!read_node(&tree, root->value + ROOT_HEADER, root->value_size - ROOT_HEADER, &inner)) {
        return iv_ntfs_fail(why, "the root of its index: %.120s", inner.text);
    }
    while (tree.next < tree.queued && tree.names.count <= max) {
        uint64_t block = tree.queue[tree.next++];
        if (!read_block(&tree, block, &inner)) {
            return iv_ntfs_fail(why, "block %llu of its index: %.120s", (unsigned long long)block,
                                inner.text);
        }
    }
    if (tree.block_count > 0 && tree.names.count <= max && !check_bitmap(&tree, folder, why)) {
        return false;
    }
    *ret_names = tree.names;
    return true;
}
