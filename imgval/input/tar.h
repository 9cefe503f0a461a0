/*
 * tar.h: the members of a tar archive (POSIX ustar and pax, GNU). Runs in a reader process.
 * Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_TAR_H
#define IMGVAL_INPUT_TAR_H

#include "imgval/input/archive_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the first bytes (512) are the header of a first member. */
bool iv_tar_is(const void *head, size_t size);

/* Adds all members. What is wrong with the archive as a whole is a fault of the list, which holds
 * no members then. */
void iv_tar_list(int fd, uint64_t size, struct iv_archive_list *list);

#endif
