/*
 * zip.h: the directory of a zip archive (PKWARE APPNOTE 6.3). Runs in a reader process. Internal to
 * imgval/input.
 */
#ifndef IMGVAL_INPUT_ZIP_H
#define IMGVAL_INPUT_ZIP_H

#include "imgval/input/archive_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the first bytes are those of a zip archive, whole or in parts. */
bool iv_zip_is(const void *head, size_t size);

/* Adds all members. What is wrong with the archive as a whole is a fault of the list, which holds
 * no members then. */
void iv_zip_list(int fd, uint64_t size, struct iv_archive_list *list);

#endif
