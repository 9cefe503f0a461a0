/*
 * files.h: the files and folders that unit tests make, on every system: files_posix.c, and
 * tests/windows/files_windows.c.
 */
#ifndef TESTS_UNIT_FILES_H
#define TESTS_UNIT_FILES_H

#include <stddef.h>
#include <stdio.h>

#define FILES_PATH_SIZE 64

/* Makes an empty folder and writes its path; ends the test when that cannot be. */
void files_folder(char ret_path[FILES_PATH_SIZE]);

/* Removes it with all that is in it. */
void files_remove(const char *path);

/* What was written to a stream of tmpfile(), which is closed; the caller frees it. */
char *files_text(FILE *stream, size_t *ret_size);

/* A file without a name that holds these bytes, open at its beginning. */
int files_open(const void *bytes, size_t size);

#endif
