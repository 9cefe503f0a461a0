/*
 * source.h: bytes at positions: a file, a disk inside an image, a partition, a file of a volume.
 *
 * A source is a small value that borrows what it reads from. All reads go through
 * iv_source_read(), which checks the bounds; the functions of a source need not.
 */
#ifndef IMGVAL_DISK_SOURCE_H
#define IMGVAL_DISK_SOURCE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_source {
    uint64_t size; /* bytes */
    const void *context;
    /* Reads exactly `size` bytes at `offset`, which lie within the source. */
    bool (*read)(const void *context, void *bytes, size_t size, uint64_t offset);
};

/* False when the range is not wholly within the source, or cannot be read. */
IV_MUST_USE bool iv_source_read(const struct iv_source *source, void *bytes, size_t size,
                                uint64_t offset);

/* No errno: the file became shorter while it was read. */
#define IV_SOURCE_SHORTER (-1)

/*
 * The first read of a file that the operating system refused. A reader of a format cannot tell it
 * from damage: it asks for bytes, and does not get them. Whoever opened the file looks here when
 * the reading is done, and takes nothing for damaged that may only have been unreadable.
 */
struct iv_source_trouble {
    int error; /* errno; 0: there was none. IV_SOURCE_SHORTER */
    uint64_t offset;
};

/* The file as it lies; the descriptor and `trouble` (which may be NULL) are borrowed. */
struct iv_source iv_source_of_file(int fd, uint64_t size, struct iv_source_trouble *trouble,
                                   struct iv_arena *arena);

/* Bytes in memory, borrowed. */
struct iv_source iv_source_of_bytes(const void *bytes, size_t size, struct iv_arena *arena);

/* `size` bytes of `whole` from `offset`; cut at the end of `whole`. */
struct iv_source iv_source_slice(const struct iv_source *whole, uint64_t offset, uint64_t size,
                                 struct iv_arena *arena);

#endif
