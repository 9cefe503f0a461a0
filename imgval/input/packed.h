/*
 * packed.h: the bytes of one member of an archive, at any position and in bounded memory. Internal
 * to imgval/input.
 */
#ifndef IMGVAL_INPUT_PACKED_H
#define IMGVAL_INPUT_PACKED_H

#include "imgval/base/attr.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a member lies in its archive, and what the archive says of it. */
struct iv_packed_place {
    uint64_t at;     /* of its first byte, in the archive */
    uint64_t packed; /* bytes there */
    uint64_t size;   /* bytes unpacked */
    uint32_t crc;    /* of those; only with has_crc */
    bool is_deflated;
    bool has_crc;
};

struct iv_packed;

/* `fd` is the archive's, borrowed. */
struct iv_packed *iv_packed_open(int fd, const struct iv_packed_place *place);
void iv_packed_close(struct iv_packed **packed); /* IV_CLEANUP */

/* As iv_opened_read_at(). */
int64_t iv_packed_read_at(struct iv_packed *packed, void *bytes, size_t size, uint64_t offset,
                          struct iv_fault *ret_fault);

/* Whether the member is as the archive says, to its last byte. */
IV_MUST_USE bool iv_packed_check(struct iv_packed *packed, struct iv_fault *ret_fault);

#endif
