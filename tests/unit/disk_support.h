/* Image files for unit tests: built from recipes, changed in memory, opened. */
#ifndef TEST_DISK_SUPPORT_H
#define TEST_DISK_SUPPORT_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/disk/ffu/ffu.h"
#include "imgval/disk/source.h"
#include "tests/build/recipe.h"
#include "tests/unit/files.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Appends the file `name` that the recipe makes; the tree is removed again. */
static inline void build(const char *recipe, const char *name, struct iv_buf *bytes)
{
    char place[FILES_PATH_SIZE];
    char *before = getcwd(NULL, 0);
    files_folder(place);
    if (before == NULL || chdir(place) != 0) {
        abort();
    }
    fx_recipe_run("test", recipe, strlen(recipe));
    FILE *file = fopen(name, "rb");
    size_t n = 1;
    while (file != NULL && n > 0) {
        n = fread(iv_buf_reserve(bytes, 65536), 1, 65536, file);
        bytes->size += n;
    }
    if (file == NULL || fclose(file) != 0 || chdir(before) != 0) {
        abort();
    }
    files_remove(place);
    free(before);
}

/* An image in memory with what was read of it. */
struct image {
    struct iv_arena arena;
    struct iv_buf bytes;
    struct iv_source source;
    struct iv_image facts;
    struct iv_faults faults;
    struct iv_ffu *ffu; /* NULL: not opened */
};

static inline void image_init(struct image *image, const struct iv_buf *bytes)
{
    *image = (struct image){0};
    iv_arena_init(&image->arena);
    iv_buf_add(&image->bytes, bytes->data, bytes->size);
    image->faults = (struct iv_faults){.arena = &image->arena, .path = "a.ffu"};
}

static inline bool image_open(struct image *image)
{
    image->source = iv_source_of_bytes(image->bytes.data, image->bytes.size, &image->arena);
    return iv_ffu_open(&image->source, &image->arena, &image->facts, &image->faults, &image->ffu);
}

static inline void image_fini(struct image *image)
{
    iv_arena_fini(&image->arena);
    iv_buf_fini(&image->bytes);
}

static inline void poke(struct image *image, uint64_t at, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size && at + i < image->bytes.size; i++) {
        image->bytes.data[at + i] = (char)(unsigned char)(value >> (8 * i) & 0xFF);
    }
}

static inline uint64_t peek(const struct image *image, uint64_t at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)(unsigned char)image->bytes.data[at + i] << (8 * i);
    }
    return value;
}

/* The n-th fault's detail of that kind, "none" without one. */
static inline const char *detail_of(const struct image *image, enum iv_fault_kind kind, size_t n)
{
    for (size_t i = 0; i < image->faults.count; i++) {
        if (image->faults.items[i].kind == kind && n-- == 0) {
            return image->faults.items[i].detail;
        }
    }
    return "none";
}

static inline void print_faults(const struct image *image)
{
    for (size_t i = 0; i < image->faults.count; i++) {
        fprintf(stderr, "    fault %d: %s\n", (int)image->faults.items[i].kind,
                image->faults.items[i].detail);
    }
}

#endif
