/*
 * container.h: files that hold other files and that nobody here reads: archives, compressed files,
 * disk images of other programs. They are named, so that a pass never leaves one out unseen.
 */
#ifndef IMGVAL_INPUT_CONTAINER_H
#define IMGVAL_INPUT_CONTAINER_H

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* By the first bytes, of which 512 are enough: "a zip archive"; NULL: none that is known. */
const char *iv_container_of(const void *head, size_t size);

/* By the name alone: x.zip, x.tgz, x.iso. */
bool iv_container_is_name(const char *name);

/* The name of what a compressed file holds: x.ffu of x.ffu.gz; NULL: it is none, by its name. */
const char *iv_container_inner(struct iv_arena *arena, const char *name);

#endif
