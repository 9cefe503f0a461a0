/*
 * volflip: flips each bit of parts of a volume in turn and reads all of it, for the tests.
 *
 *   volflip IMAGE AT:SIZE...
 *
 * Prints "wrong OFFSET BIT PATH" where a file came back with other bytes, under another name or
 * not at all, and nothing was reported; at the end "N flips, N reported, N wrong". What the whole
 * volume holds is the truth. Names of the root that begin with '$' are the file system's own.
 */
#include "imgval/disk/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define FILE_MAX ((uint64_t)8 << 20)

struct entry {
    const char *path;
    uint64_t hash; /* of a file: content; else 0 */
};

struct tree {
    struct iv_arena arena;
    struct entry *entries; /* sorted, as listings are */
    size_t count;
    size_t capacity;
    bool has_trouble;
};

static uint64_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) + size;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001B3);
    }
    return hash | 1;
}

static void add(struct tree *tree, const char *path, uint64_t hash)
{
    tree->entries = iv_arena_grow(&tree->arena, tree->entries, tree->count, &tree->capacity,
                                  sizeof(*tree->entries));
    tree->entries[tree->count++] = (struct entry){.path = path, .hash = hash};
}

static void read_file(struct iv_volume *volume, struct tree *tree, const char *path)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    switch (iv_volume_read(volume, path, FILE_MAX, &buf, &fault)) {
    case IV_VOLUME_FOUND:
        add(tree, path, hash_of(buf.data, buf.size));
        break;
    case IV_VOLUME_ABSENT:
        break;
    case IV_VOLUME_TROUBLE:
        tree->has_trouble = true;
        break;
    }
}

static void read_folder(struct iv_volume *volume, struct tree *tree, const char *path, int depth)
{
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    struct iv_fault fault = {0};
    if (depth == DEPTH_MAX ||
        iv_volume_list(volume, path, &tree->arena, &entries, &count, &fault) != IV_VOLUME_FOUND) {
        tree->has_trouble = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *below = iv_arena_printf(&tree->arena, "%s%s%s", path, *path == '\0' ? "" : "/",
                                            entries[i].name);
        if (depth == 0 && entries[i].name[0] == '$') {
            continue;
        }
        if (entries[i].is_directory && !entries[i].is_link) {
            add(tree, below, 0);
            read_folder(volume, tree, below, depth + 1);
        } else {
            read_file(volume, tree, below); /* a link is trouble */
        }
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void read_tree(const unsigned char *bytes, size_t size, struct tree *tree)
{
    struct iv_limits limits = iv_limits_default();
    struct iv_fault fault = {0};
    struct iv_volume *volume = NULL;
    *tree = (struct tree){0};
    iv_arena_init(&tree->arena);
    struct iv_source source = iv_source_of_bytes(bytes, size, &tree->arena);
    if (iv_volume_open(&source, 0, &limits, &tree->arena, &volume, &fault)) {
        read_folder(volume, tree, "", 0);
        iv_volume_close(&volume);
    } else {
        tree->has_trouble = true;
    }
    if (tree->count > 0) {
        qsort(tree->entries, tree->count, sizeof(*tree->entries), compare);
    }
}

/* The first thing that is not as in the truth: what came back is true, and all of it when nothing
 * was reported. */
static const char *difference(const struct tree *truth, const struct tree *tree)
{
    size_t known = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const struct entry *found = bsearch(&tree->entries[i], truth->entries, truth->count,
                                            sizeof(*truth->entries), compare);
        if (found == NULL || found->hash != tree->entries[i].hash) {
            return tree->entries[i].path;
        }
        known++;
    }
    return !tree->has_trouble && known != truth->count ? "(fewer)" : NULL;
}

static unsigned char *load(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    struct iv_buf buf = {0};
    size_t got = 1;
    while (file != NULL && got > 0) {
        got = fread(iv_buf_reserve(&buf, 1 << 20), 1, 1 << 20, file);
        buf.size += got;
    }
    if (file == NULL || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
    *ret_size = buf.size;
    return (unsigned char *)buf.data;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: volflip IMAGE AT:SIZE...\n", stderr);
        return 2;
    }
    size_t size;
    unsigned char *bytes = load(argv[1], &size);
    struct tree truth;
    read_tree(bytes, size, &truth);
    if (truth.has_trouble || truth.count == 0) {
        fputs("volflip: the volume is not sound\n", stderr);
        return 2;
    }
    unsigned long flips = 0, reported = 0, wrong = 0;
    for (char **part = argv + 2; *part != NULL; part++) {
        char *end;
        size_t at = strtoull(*part, &end, 0);
        size_t length = *end == ':' ? strtoull(end + 1, NULL, 0) : 0;
        for (size_t i = at; i < at + length && i < size; i++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                struct tree tree;
                bytes[i] ^= (unsigned char)(1u << bit);
                read_tree(bytes, size, &tree);
                bytes[i] ^= (unsigned char)(1u << bit);
                const char *path = difference(&truth, &tree);
                flips++;
                reported += tree.has_trouble;
                if (path != NULL) {
                    wrong++;
                    printf("wrong %zu %u %s\n", i, bit, path);
                }
                iv_arena_fini(&tree.arena);
            }
        }
    }
    printf("%lu flips, %lu reported, %lu wrong\n", flips, reported, wrong);
    iv_arena_fini(&truth.arena);
    free(bytes);
    return 0;
}
