/*
 * What the builder of fixtures asks of the system, for unit tests on Windows: they build one file,
 * in the current folder. Trees, and sets of packages, which tree.c and generate.c make, are for
 * POSIX.
 */
#include "tests/build/generate.h"
#include "tests/build/tree.h"

#include <stdio.h>
#include <string.h>

void fx_tree_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0) {
        fx_die("%s: cannot write", path);
    }
}

static _Noreturn void refuse(const char *path)
{
    fx_die("%s: only a file can be made here", path);
}

void fx_tree_directory(const char *path)
{
    refuse(path);
}

void fx_tree_source(const char *path, const struct fx_source *source)
{
    (void)source;
    refuse(path);
}

void fx_tree_symlink(const char *path, const char *target)
{
    (void)target;
    refuse(path);
}

void fx_tree_fifo(const char *path)
{
    refuse(path);
}

void fx_tree_socket(const char *path)
{
    refuse(path);
}

void fx_tree_sparse(const char *path, uint64_t size)
{
    (void)size;
    refuse(path);
}

void fx_tree_mode(const char *path, unsigned mode)
{
    (void)mode;
    refuse(path);
}

void fx_tree_mtime(const char *path, int64_t seconds)
{
    (void)seconds;
    refuse(path);
}

void fx_tree_deep(const char *path, const char *name, uint64_t depth)
{
    (void)name;
    (void)depth;
    refuse(path);
}

char *fx_tree_member_path(struct fx_arena *arena, const char *directory, const char *name)
{
    (void)arena;
    (void)name;
    refuse(directory);
}

void fx_generate_open(struct fx_generate *options, struct fx_arena *arena)
{
    *options = (struct fx_generate){0};
    (void)arena;
}

void fx_generate_option(struct fx_generate *options, const char *word)
{
    (void)options;
    refuse(word);
}

void fx_generate_run(const struct fx_generate *options, const char *directory)
{
    (void)options;
    refuse(directory);
}
