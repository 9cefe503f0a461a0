/*
 * payload.h: which files are payload of an extracted package, because its manifest lists them: no
 * packages of the set, and no sources of their own.
 */
#ifndef IMGVAL_MODEL_PAYLOAD_H
#define IMGVAL_MODEL_PAYLOAD_H

#include "imgval/base/arena.h"
#include "imgval/model/package.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_payload {
    const char **paths; /* report paths, folded, sorted once they are all there */
    size_t count;
    size_t capacity;
};

/* Adds what these packages list. */
void iv_payload_add(struct iv_payload *payload, const struct iv_package *packages, size_t count,
                    struct iv_arena *arena);
void iv_payload_finish(struct iv_payload *payload);

/* Paths are compared folded: Windows wrote the lists, and its file systems ignore case. */
bool iv_payload_has(const struct iv_payload *payload, const char *path, struct iv_arena *arena);

#endif
