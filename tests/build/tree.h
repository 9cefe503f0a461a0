/*
 * Things in the output directory, which is the working directory. Paths are relative; parents are
 * made as needed; a path that leaves the directory or exists already ends the program.
 */
#ifndef FX_TREE_H
#define FX_TREE_H

#include "base.h"
#include "source.h"

/* Makes the output directory (which must be new or empty) and enters it. */
void fx_tree_enter(const char *path);

void fx_tree_directory(const char *path);
void fx_tree_file(const char *path, const void *bytes, size_t n);
void fx_tree_source(const char *path, const struct fx_source *source);
void fx_tree_symlink(const char *path, const char *target);
void fx_tree_fifo(const char *path);
void fx_tree_socket(const char *path);
void fx_tree_sparse(const char *path, uint64_t size);
void fx_tree_mode(const char *path, unsigned mode);
void fx_tree_mtime(const char *path, int64_t seconds);

/* depth directories of one name, one in the other, beneath path; PATH_MAX is no limit. */
void fx_tree_deep(const char *path, const char *name, uint64_t depth);

/* A member name of a cabinet as a path beneath directory: backslashes become slashes. */
char *fx_tree_member_path(struct fx_arena *arena, const char *directory, const char *name);

#endif
