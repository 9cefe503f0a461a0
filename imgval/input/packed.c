/*
 * A member of an archive, read as a file is read: bytes at positions.
 *
 * A stored member is a range of the archive, and needs nothing else. A deflated one can only be
 * inflated from its start. Its first bytes are kept: there lie the directory of a cabinet, its
 * manifest, and often all of it, and readers go back to them. What lies after them is inflated once
 * more, from the start, when a reader goes back. A cabinet that makes its reader go back and forth
 * would have megabytes inflated for each block; all inflating of one member together has a limit.
 *
 * The member is whole when the deflate data end where the archive says, after as many bytes as it
 * says, with the CRC-32 that it says. Whoever reads the last byte gets to know; for one of whom
 * less is read, iv_packed_check() goes to the end.
 */
#include "imgval/input/packed.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"
#include "imgval/input/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Inflated bytes that stay in memory, from the start. */
#define KEPT_SIZE (2 * IV_MIB)
/* Packed bytes read, and inflated bytes passed over, at a time. */
#define STEP ((size_t)64 * 1024)
/* All that is inflated of one member: verifying a cabinet takes some passes over it. */
#define WORK_TIMES 24
#define WORK_LEAST (256 * IV_MIB)

struct iv_packed {
    int fd;
    struct iv_packed_place place;
    struct iv_inflater *inflater; /* NULL: stored */
    struct iv_buf kept;           /* inflated bytes from 0 on */
    unsigned char *input;         /* packed bytes ... */
    size_t input_at;              /* ... of which these were used ... */
    size_t input_size;            /* ... of so many */
    uint64_t taken;               /* packed bytes read */
    uint64_t given;               /* inflated bytes so far */
    uint64_t work;                /* the same, not set back */
    uint32_t crc;                 /* of the bytes given */
    bool is_ended;                /* the deflate data came to their end */
};

/* ------------------------------------------------------------------------------------- faults */

static bool damaged(struct iv_fault *ret_fault, const char *detail)
{
    *ret_fault = (struct iv_fault){.kind = IV_FAULT_MALFORMED, .detail = detail};
    return false;
}

/* What iv_file_read_at() said when it gave less than was asked for. */
static bool unreadable(struct iv_fault *ret_fault, int64_t got)
{
    *ret_fault = (struct iv_fault){
        .kind = IV_FAULT_UNREADABLE,
        .detail = got >= 0 ? "the archive became shorter while it was read" : iv_errno_text(errno),
    };
    return false;
}

/* ------------------------------------------------------------------------------------ inflating */

struct iv_packed *iv_packed_open(int fd, const struct iv_packed_place *place)
{
    struct iv_packed *packed = iv_malloc(sizeof(*packed));
    *packed = (struct iv_packed){.fd = fd, .place = *place};
    packed->input = iv_malloc(STEP);
    if (place->is_deflated) {
        packed->inflater = iv_inflater_open();
    }
    return packed;
}

void iv_packed_close(struct iv_packed **packed)
{
    if (*packed != NULL) {
        iv_inflater_close(&(*packed)->inflater);
        iv_buf_fini(&(*packed)->kept);
        free((*packed)->input);
        free(*packed);
        *packed = NULL;
    }
}

/* Back to the first byte. */
static void rewind_packed(struct iv_packed *packed)
{
    iv_inflater_reset(packed->inflater);
    packed->input_at = packed->input_size = 0;
    packed->taken = packed->given = 0;
    packed->crc = 0;
    packed->is_ended = false;
}

/* More packed bytes, once those in hand are used up. */
static bool refill(struct iv_packed *packed, struct iv_fault *ret_fault)
{
    uint64_t left = packed->place.packed - packed->taken;
    if (packed->input_at < packed->input_size || left == 0) {
        return true;
    }
    size_t wanted = left < STEP ? (size_t)left : STEP;
    int64_t got =
        iv_file_read_at(packed->fd, packed->input, wanted, packed->place.at + packed->taken);
    if (got != (int64_t)wanted) {
        return unreadable(ret_fault, got);
    }
    packed->taken += wanted;
    packed->input_at = 0;
    packed->input_size = wanted;
    return true;
}

/* At most `size` bytes, fewer only at the end of the deflate data. */
static bool inflate_some(struct iv_packed *packed, unsigned char *bytes, size_t size,
                         size_t *ret_got, struct iv_fault *ret_fault)
{
    size_t got = 0;
    while (got < size && !packed->is_ended) {
        if (!refill(packed, ret_fault)) {
            return false;
        }
        size_t used = packed->input_size - packed->input_at;
        size_t made = size - got;
        bool has_input = used > 0;
        enum iv_inflated state = iv_inflater_step(
            packed->inflater, packed->input + packed->input_at, &used, bytes + got, &made);
        packed->input_at += used;
        got += made;
        if (state == IV_INFLATED_DAMAGED) {
            return damaged(ret_fault, "its deflate data in the archive are damaged");
        }
        packed->is_ended = state == IV_INFLATED_END;
        if (!has_input && made == 0 && !packed->is_ended) {
            return damaged(ret_fault, "its deflate data in the archive are cut off");
        }
    }
    *ret_got = got;
    return true;
}

/* After the last byte that the archive speaks of: nothing more comes, and nothing is left over. */
static bool check_end(struct iv_packed *packed, struct iv_fault *ret_fault)
{
    unsigned char more;
    size_t got = 0;
    if (!inflate_some(packed, &more, 1, &got, ret_fault)) {
        return false;
    }
    if (got > 0) {
        return damaged(ret_fault, "it inflates to more bytes than the archive says");
    }
    if (packed->taken != packed->place.packed || packed->input_at != packed->input_size) {
        return damaged(ret_fault, "its deflate data end before the archive says");
    }
    return !packed->place.has_crc || packed->crc == packed->place.crc ||
           damaged(ret_fault, "its CRC-32 is not the one that the archive says");
}

/* The next `size` inflated bytes, which lie below the member's size. */
static bool inflate_next(struct iv_packed *packed, unsigned char *bytes, size_t size,
                         struct iv_fault *ret_fault)
{
    size_t got = 0;
    packed->work += size;
    if (packed->work > packed->place.size * WORK_TIMES + WORK_LEAST) {
        *ret_fault = (struct iv_fault){
            .kind = IV_FAULT_LIMIT,
            .detail = "its reader goes back and forth in it, and would inflate it again and again",
        };
        return false;
    }
    if (!inflate_some(packed, bytes, size, &got, ret_fault)) {
        return false;
    }
    if (got < size) {
        return damaged(ret_fault, "it inflates to fewer bytes than the archive says");
    }
    packed->given += size;
    packed->crc = iv_crc32(packed->crc, bytes, size);
    return packed->given < packed->place.size || check_end(packed, ret_fault);
}

/* Inflates up to `offset`, and gives nothing. */
static bool pass_over(struct iv_packed *packed, uint64_t offset, struct iv_fault *ret_fault)
{
    unsigned char *unused = iv_malloc(STEP);
    bool done = true;
    while (done && packed->given < offset) {
        uint64_t left = offset - packed->given;
        done = inflate_next(packed, unused, left < STEP ? (size_t)left : STEP, ret_fault);
    }
    free(unused);
    return done;
}

/* Keeps what comes until `end` bytes from the start are kept. */
static bool keep(struct iv_packed *packed, uint64_t end, struct iv_fault *ret_fault)
{
    struct iv_buf *kept = &packed->kept;
    if (packed->given != kept->size) {
        rewind_packed(packed);
        if (!pass_over(packed, kept->size, ret_fault)) {
            return false;
        }
    }
    while (kept->size < end) {
        uint64_t left = packed->place.size - kept->size;
        size_t step = left < STEP ? (size_t)left : STEP;
        unsigned char *place = (unsigned char *)iv_buf_reserve(kept, step);
        if (!inflate_next(packed, place, step, ret_fault)) {
            return false;
        }
        kept->size += step;
        kept->data[kept->size] = '\0';
    }
    return true;
}

/* ------------------------------------------------------------------------------------- reading */

static int64_t read_stored(struct iv_packed *packed, void *bytes, size_t size, uint64_t offset,
                           struct iv_fault *ret_fault)
{
    int64_t got = iv_file_read_at(packed->fd, bytes, size, packed->place.at + offset);
    if (got != (int64_t)size) {
        (void)unreadable(ret_fault, got);
        return -1;
    }
    return got;
}

int64_t iv_packed_read_at(struct iv_packed *packed, void *bytes, size_t size, uint64_t offset,
                          struct iv_fault *ret_fault)
{
    uint64_t whole = packed->place.size;
    uint64_t left = offset < whole ? whole - offset : 0;
    size = size < left ? size : (size_t)left;
    if (size == 0) {
        return 0;
    }
    if (packed->inflater == NULL) {
        return read_stored(packed, bytes, size, offset, ret_fault);
    }
    if (offset + size <= KEPT_SIZE) {
        if (offset + size > packed->kept.size && !keep(packed, offset + size, ret_fault)) {
            return -1;
        }
        memcpy(bytes, packed->kept.data + offset, size);
        return (int64_t)size;
    }
    if (offset < packed->given) {
        rewind_packed(packed);
    }
    return pass_over(packed, offset, ret_fault) && inflate_next(packed, bytes, size, ret_fault)
               ? (int64_t)size
               : -1;
}

/* The checksum over all bytes, read once more: of a member that was read in pieces no sum was
 * kept. */
static bool check_stored(struct iv_packed *packed, struct iv_fault *ret_fault)
{
    uint32_t crc = 0;
    for (uint64_t at = 0; at < packed->place.size; at += STEP) {
        uint64_t left = packed->place.size - at;
        size_t step = left < STEP ? (size_t)left : STEP;
        if (read_stored(packed, packed->input, step, at, ret_fault) < 0) {
            return false;
        }
        crc = iv_crc32(crc, packed->input, step);
    }
    return crc == packed->place.crc ||
           damaged(ret_fault, "its CRC-32 is not the one that the archive says");
}

bool iv_packed_check(struct iv_packed *packed, struct iv_fault *ret_fault)
{
    if (packed->inflater == NULL) {
        return !packed->place.has_crc || check_stored(packed, ret_fault);
    }
    if (packed->given == packed->place.size && packed->is_ended) {
        return true; /* whoever read the last byte saw to it */
    }
    if (!pass_over(packed, packed->place.size, ret_fault)) {
        return false;
    }
    return packed->place.size > 0 || check_end(packed, ret_fault);
}
