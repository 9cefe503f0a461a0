/*
 * cabinet.h: a bounded reader of Microsoft cabinets ([MS-CAB]).
 *
 * The directory (header, CFFOLDER, CFFILE, and the CFDATA headers that are needed) is read and
 * checked by our own code: it alone decides which member is where. Decompression is libarchive's,
 * and libarchive never sees the file: it is handed a cabinet made up in cabinet_data.c, of one
 * folder and one member, that holds exactly the data blocks from the folder's start to the end of
 * the member asked for (for LZX, after a folder that fills the window). So it has no directory to
 * misread, no member to skip and no block beyond the need (the traps are listed in
 * tests/unit/test_cabinet.c). Of the last block no more is inflated than the member takes, if its
 * checksum is right: damage after the member shows in the checksum, not in the inflating.
 * cabinet_data.c is the only file that knows libarchive.
 *
 * Every failure is reported as a fault: malformed, limit, unsupported, unreadable.
 */
#ifndef IMGVAL_INPUT_CABINET_H
#define IMGVAL_INPUT_CABINET_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/limits.h"
#include "imgval/input/opened.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_cabinet;

/* One CFFILE. */
struct iv_member {
    const char *name; /* as stored: backslashes, case kept; UTF-8 or bytes; arena */
    uint32_t size;    /* inflated bytes */
    uint32_t offset;  /* in the inflated folder */
    uint16_t folder;  /* index of the CFFOLDER */
    uint16_t attributes;
};

/* Whether the first bytes are those of a cabinet ("MSCF"). */
bool iv_cabinet_is(const void *head, size_t size);

/*
 * Reads and checks the directory of the cabinet that the file (borrowed, until it is closed) holds.
 * False with *ret_fault set (kind, member, detail; path is left to the caller) for a file that is
 * no cabinet, is cut off, lies about counts or places, has a member twice (names folded, '/' and
 * '\\' alike), members that overlap or run out of their folder, several parts, or hits a limit.
 * Bytes after the declared end (a signature) are fine.
 */
IV_MUST_USE bool iv_cabinet_open(const struct iv_opened *file, const struct iv_limits *limits,
                                 struct iv_arena *arena, struct iv_cabinet **ret_cabinet,
                                 struct iv_fault *ret_fault);
void iv_cabinet_close(struct iv_cabinet **cabinet); /* for IV_CLEANUP */

/* The members in directory order. */
const struct iv_member *iv_cabinet_members(const struct iv_cabinet *cabinet, size_t *ret_count);

/* By name, folded, '/' and '\\' alike; NULL when there is none. */
const struct iv_member *iv_cabinet_find(const struct iv_cabinet *cabinet, const char *name);

/* Takes a member's bytes, which are gone after the call; false: no further member is wanted. */
typedef bool iv_cabinet_take_fn(void *context, size_t index, const char *bytes, size_t size);

struct iv_cabinet_taker {
    iv_cabinet_take_fn *take;
    void *context;
    uint64_t max; /* bytes of a member */
};

/*
 * Hands the members (in any order, each once) to the taker with their index in the list: folder by
 * folder, each inflated once and no further than the last member that is wanted of it. False with
 * the fault set as soon as something cannot be read: a member larger than `max` (a limit) before
 * any other is read, else those after it in the cabinet were not handed over.
 */
IV_MUST_USE bool iv_cabinet_read_all(struct iv_cabinet *cabinet,
                                     const struct iv_member *const *members, size_t count,
                                     const struct iv_cabinet_taker *taker,
                                     struct iv_fault *ret_fault);

/* Appends the member's bytes, at most `max` of them (else a limit fault, nothing is appended). */
IV_MUST_USE bool iv_cabinet_read(struct iv_cabinet *cabinet, const struct iv_member *member,
                                 uint64_t max, struct iv_buf *buf, struct iv_fault *ret_fault);

/*
 * Who takes the bytes of all members, one after the other. `begin` and `end` stand around each that
 * has bytes; `lost` instead of `end` for one that could not be read whole. `damaged` reports a
 * folder that could not be decoded to its end, after its members were.
 */
struct iv_member_sink {
    void (*begin)(void *context, const struct iv_member *member);
    void (*bytes)(void *context, const unsigned char *bytes, size_t size);
    void (*end)(void *context, const struct iv_member *member);
    void (*lost)(void *context, const struct iv_member *member);
    void (*damaged)(void *context, const struct iv_fault *fault);
    void *context;
};

/*
 * Decodes every data block of the cabinet, those that no member needs too, each folder once and
 * from its start; what is damaged in one folder keeps none of the others from being read.
 */
void iv_cabinet_stream(struct iv_cabinet *cabinet, const struct iv_member_sink *sink);

#endif
