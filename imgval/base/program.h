/*
 * program.h: the program and the system that started it: its arguments and standard streams, the
 * environment, and the manners of the system.
 */
#ifndef IMGVAL_BASE_PROGRAM_H
#define IMGVAL_BASE_PROGRAM_H

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* What is put back at the end. */
struct iv_program {
    unsigned console; /* a setting of the console that the program was started from */
};

/* The first thing that main() does. The arguments come out as UTF-8, or as the bytes that were
 * given; the standard streams pass bytes on as they are, and none of them is ever another file. */
struct iv_program iv_program_begin(int *argc, char ***argv, struct iv_arena *arena);

/* The last one. */
void iv_program_end(const struct iv_program *program);

/* A variable of the environment as a path; NULL when it is not set, or empty. */
const char *iv_program_path_variable(const char *name, struct iv_arena *arena);

/* The path with the separator of this project: what users type may have others. */
const char *iv_program_path(const char *path, struct iv_arena *arena);

/* How many bytes at its front say where a path begins, which no folder above has: of "/a" one, of a
 * relative path none, of "C:/a" and "//server/share/a" of Windows more. */
size_t iv_program_path_root(const char *path);

/* The path for a library that opens files by itself: never a name that means something else to it.
 * NULL with errno set. */
const char *iv_program_library_path(const char *path, struct iv_arena *arena);

/* An error number that such a library had from the system, as errno. */
int iv_program_library_errno(int number);

/* The locale of characters, as POSIX finds it: LC_ALL, LC_CTYPE or LANG; else what the system has
 * without them. */
const char *iv_program_locale(void);

/* Where the data of this user belong; NULL with *ret_reason, one clause, when nobody says. */
const char *iv_program_data_folder(struct iv_arena *arena, const char **ret_reason);

#endif
