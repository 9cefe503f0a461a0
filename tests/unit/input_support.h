/*
 * input_support.h: what the tests of imgval/input share: a reader over bytes, stored cabinets made
 * by hand, and trees in a temporary directory.
 */
#ifndef TESTS_UNIT_INPUT_SUPPORT_H
#define TESTS_UNIT_INPUT_SUPPORT_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/input/input.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"
#include "tests/unit/files.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define IU "xmlns=\"http://schemas.microsoft.com/embedded/2004/10/ImageUpdate\""
#define ASM3 "xmlns=\"urn:schemas-microsoft-com:asm.v3\""

/* ---- a reader over bytes ---- */

struct bench {
    struct iv_arena arena;
    struct iv_arena scratch;
    struct iv_limits limits;
    struct iv_facts facts;
    struct iv_reader r;
};

static inline void bench_fini(struct bench *b)
{
    iv_arena_fini(&b->arena);
    iv_arena_fini(&b->scratch);
}

static inline void bench_init(struct bench *b)
{
    *b = (struct bench){.limits = iv_limits_default()};
    b->r = (struct iv_reader){
        .limits = &b->limits,
        .want_files = true,
        .arena = &b->arena,
        .scratch = &b->scratch,
        .facts = &b->facts,
    };
}

#define BENCH(name)                                                                                \
    struct bench name IV_CLEANUP(bench_fini);                                                      \
    bench_init(&name)

static inline struct iv_document bench_document(const char *bytes, size_t size)
{
    return (struct iv_document){
        .path = "dir/file", .source = "dir/file", .bytes = bytes, .size = size};
}

/* The value of a datum; "" when there is none. */
static inline const char *bench_value(const struct iv_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->datum_count; i++) {
        if (strcmp(facts->data[i].name, name) == 0) {
            return facts->data[i].value;
        }
    }
    return "";
}

/* ---- stored cabinets ---- */

struct cab_file {
    const char *name;
    const char *text;
    size_t size; /* 0: the text's length */
};

static inline void put_uint(struct iv_buf *buf, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        iv_buf_putc(buf, (char)(value >> (8 * i) & 0xFF));
    }
}

/* One folder, no compression, no checksums; all data fit one block of 32 KiB each. */
static inline void make_cabinet(struct iv_buf *cab, const struct cab_file *files, size_t count)
{
    struct iv_buf data IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf entries IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count; i++) {
        size_t size = files[i].size != 0 ? files[i].size : strlen(files[i].text);
        put_uint(&entries, size, 4);
        put_uint(&entries, data.size, 4);
        put_uint(&entries, 0, 2);
        put_uint(&entries, 0x21, 2);
        put_uint(&entries, 0, 2);
        put_uint(&entries, 0x20, 2);
        iv_buf_add(&entries, files[i].name, strlen(files[i].name) + 1);
        iv_buf_add(&data, files[i].text, size);
    }
    size_t blocks = (data.size + 32767) / 32768;
    size_t data_at = 36 + 8 + entries.size;
    iv_buf_add(cab, "MSCF\0\0\0", 8);
    put_uint(cab, data_at + blocks * 8 + data.size, 4);
    put_uint(cab, 0, 4);
    put_uint(cab, 44, 4);
    put_uint(cab, 0, 4);
    iv_buf_add(cab, "\3\1", 2);
    put_uint(cab, 1, 2);
    put_uint(cab, count, 2);
    put_uint(cab, 0, 6);
    put_uint(cab, data_at, 4);
    put_uint(cab, blocks, 2);
    put_uint(cab, 0, 2);
    iv_buf_add(cab, iv_buf_text(&entries), entries.size);
    for (size_t at = 0; at < data.size; at += 32768) {
        size_t size = data.size - at < 32768 ? data.size - at : 32768;
        put_uint(cab, 0, 4);
        put_uint(cab, size, 2);
        put_uint(cab, size, 2);
        iv_buf_add(cab, data.data + at, size);
    }
}

/* ---- trees ---- */

struct temp {
    char root[FILES_PATH_SIZE];
};

static inline void temp_fini(struct temp *temp)
{
    files_remove(temp->root);
}

static inline void temp_init(struct temp *temp)
{
    files_folder(temp->root);
}

#define TEMP(name)                                                                                 \
    struct temp name IV_CLEANUP(temp_fini);                                                        \
    temp_init(&name)

/* The full path; makes the folders above it. In the arena. */
static inline char *temp_path(const struct temp *temp, struct iv_arena *arena, const char *name)
{
    char *path = iv_arena_printf(arena, "%s/%s", temp->root, name);
    for (char *p = path + strlen(temp->root) + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)iv_file_make_folder(path);
            *p = '/';
        }
    }
    return path;
}

static inline void temp_bytes(const struct temp *temp, struct iv_arena *arena, const char *name,
                              const void *bytes, size_t size)
{
    FILE *file = fopen(temp_path(temp, arena, name), "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(name);
        exit(2);
    }
}

static inline void temp_text(const struct temp *temp, struct iv_arena *arena, const char *name,
                             const char *text)
{
    temp_bytes(temp, arena, name, text, strlen(text));
}

static inline void temp_cabinet(const struct temp *temp, struct iv_arena *arena, const char *name,
                                const struct cab_file *files, size_t count)
{
    struct iv_buf cab IV_CLEANUP(iv_buf_fini) = {0};
    make_cabinet(&cab, files, count);
    temp_bytes(temp, arena, name, cab.data, cab.size);
}

/* A listing with the facts of all its items. */
struct seen {
    struct iv_arena arena;
    struct iv_limits limits;
    struct iv_listing listing;
    struct iv_facts *facts;
    struct iv_error err;
    bool listed;
};

static inline void seen_fini(struct seen *seen)
{
    if (seen->listed) {
        iv_input_close(&seen->listing);
    }
    iv_arena_fini(&seen->arena);
}

static inline void seen_init(struct seen *seen, const char *path, struct iv_list_options options)
{
    *seen = (struct seen){.limits = iv_limits_default()};
    if (options.limits == NULL) {
        options.limits = &seen->limits;
    }
    seen->listed = iv_input_list(path, &options, &seen->arena, &seen->listing, &seen->err);
    if (!seen->listed) {
        return;
    }
    struct iv_read_options read = {.limits = options.limits};
    seen->facts = IV_NEW_ARRAY(&seen->arena, struct iv_facts, seen->listing.item_count);
    for (size_t i = 0; i < seen->listing.item_count; i++) {
        iv_input_read(&seen->listing, &seen->listing.items[i], &read, &seen->arena,
                      &seen->facts[i]);
    }
}

#define SEEN(name, path) SEEN_WITH(name, path, .limits = NULL)
#define SEEN_WITH(name, path, ...)                                                                 \
    struct seen name IV_CLEANUP(seen_fini);                                                        \
    seen_init(&name, path, (struct iv_list_options){__VA_ARGS__})

/* The index of the item whose path ends so, or -1. */
static inline int seen_find(const struct seen *seen, const char *tail)
{
    for (size_t i = 0; i < seen->listing.item_count; i++) {
        const char *path = seen->listing.items[i].path;
        size_t size = strlen(path);
        size_t want = strlen(tail);
        if (size >= want && strcmp(path + size - want, tail) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static inline const struct iv_package *seen_package(const struct seen *seen, const char *tail)
{
    static const struct iv_package none = {.path = ""};
    int i = seen_find(seen, tail);
    return i < 0 || seen->facts[i].package_count == 0 ? &none : seen->facts[i].packages;
}

static inline const struct iv_fault *seen_fault(const struct seen *seen, const char *tail)
{
    static const struct iv_fault none = {.detail = ""};
    for (size_t i = 0; i < seen->listing.fault_count; i++) {
        const char *path = seen->listing.faults[i].path;
        size_t size = strlen(path);
        size_t want = strlen(tail);
        if (size >= want && strcmp(path + size - want, tail) == 0) {
            return &seen->listing.faults[i];
        }
    }
    return &none;
}

#endif
