/*
 * The sources that need no format: a file, bytes in memory, and a part of another source. Their
 * contexts live in the arena that was given. A file that is too short when it is read was cut
 * meanwhile: its size was taken when it was opened. That is IV_SOURCE_SHORTER, and only the first
 * trouble of a file is kept.
 */
#include "imgval/disk/source.h"

#include "imgval/base/file.h"

#include <errno.h>
#include <string.h>

struct file_source {
    int fd;
    struct iv_source_trouble *trouble;
};

struct bytes_source {
    const unsigned char *bytes;
};

struct slice_source {
    struct iv_source whole;
    uint64_t offset;
};

/* The one place that checks bounds: `read` functions may rely on them. */
bool iv_source_read(const struct iv_source *source, void *bytes, size_t size, uint64_t offset)
{
    if (offset > source->size || size > source->size - offset) {
        return false;
    }
    return size == 0 || source->read(source->context, bytes, size, offset);
}

static bool read_file(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct file_source *file = context;
    int64_t got = iv_file_read_at(file->fd, bytes, size, offset);
    if (got != (int64_t)size && file->trouble != NULL && file->trouble->error == 0) {
        file->trouble->error = got < 0 ? errno : IV_SOURCE_SHORTER;
        file->trouble->offset = offset;
    }
    return got == (int64_t)size;
}

struct iv_source iv_source_of_file(int fd, uint64_t size, struct iv_source_trouble *trouble,
                                   struct iv_arena *arena)
{
    struct file_source *file = IV_NEW(arena, struct file_source);
    *file = (struct file_source){.fd = fd, .trouble = trouble};
    return (struct iv_source){.size = size, .context = file, .read = read_file};
}

static bool read_bytes(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct bytes_source *given = context;
    memcpy(bytes, given->bytes + offset, size);
    return true;
}

struct iv_source iv_source_of_bytes(const void *bytes, size_t size, struct iv_arena *arena)
{
    struct bytes_source *given = IV_NEW(arena, struct bytes_source);
    given->bytes = bytes;
    return (struct iv_source){.size = size, .context = given, .read = read_bytes};
}

static bool read_slice(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct slice_source *slice = context;
    return iv_source_read(&slice->whole, bytes, size, slice->offset + offset);
}

/* Cut to what the whole has: a partition whose table says more is as long as its image. */
struct iv_source iv_source_slice(const struct iv_source *whole, uint64_t offset, uint64_t size,
                                 struct iv_arena *arena)
{
    struct slice_source *slice = IV_NEW(arena, struct slice_source);
    slice->whole = *whole;
    slice->offset = offset < whole->size ? offset : whole->size;
    uint64_t left = whole->size - slice->offset;
    return (struct iv_source){
        .size = size < left ? size : left, .context = slice, .read = read_slice};
}
