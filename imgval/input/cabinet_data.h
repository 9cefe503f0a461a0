/*
 * cabinet_data.h: what cabinet.c (the directory) and cabinet_data.c (the data blocks) share.
 * Private to those two.
 */
#ifndef IMGVAL_INPUT_CABINET_DATA_H
#define IMGVAL_INPUT_CABINET_DATA_H

#include "imgval/base/buf.h"
#include "imgval/input/cabinet.h"

/* [MS-CAB] 2: header, folder and header of a data block, without reserves; the inflated bytes of
 * every block of a folder but the last; the bytes of data of a block at most. */
#define IV_CFHEADER_SIZE 36
#define IV_CFFOLDER_SIZE 8
#define IV_CFDATA_SIZE 8
#define IV_FRAME_SIZE 32768u
#define IV_BLOCK_MAX (IV_FRAME_SIZE + 6144u)

enum iv_compression {
    IV_COMPRESSION_NONE = 0,
    IV_COMPRESSION_MSZIP = 1,
    IV_COMPRESSION_QUANTUM = 2,
    IV_COMPRESSION_LZX = 3
};

struct iv_folder {
    uint64_t start; /* of the first CFDATA, in the file */
    uint64_t end;   /* no block of the folder reaches beyond: the next folder's start, or the end */
    uint32_t blocks;
    enum iv_compression compression;
    unsigned window; /* LZX: bits */
};

/* A member under its name, folded once: names are compared many times. */
struct iv_member_name {
    const char *folded;
    const struct iv_member *member;
};

struct iv_cabinet {
    struct iv_opened file;
    uint64_t end; /* cbCabinet; the file's size until that is known */
    const struct iv_limits *limits;
    struct iv_arena *arena;
    uint32_t data_reserve; /* cbCFData: bytes between a CFDATA's header and its data */
    struct iv_folder *folders;
    size_t folder_count;
    struct iv_member *members;
    size_t member_count;
    struct iv_member_name *by_name; /* sorted by folded name */
    struct iv_buf head;             /* the file's bytes from 0 on */
    struct iv_buf window;           /* the file's bytes from window_at on */
    uint64_t window_at;
    bool window_used;
    uint64_t inflated; /* by all reads so far, against limits->inflated */
};

/* Set the fault and return false. `member` may be NULL. */
bool iv_cabinet_fail(const struct iv_cabinet *cab, struct iv_fault *ret_fault,
                     enum iv_fault_kind kind, const struct iv_member *member, const char *fmt, ...)
    IV_PRINTF(5, 6);
bool iv_cabinet_malformed(const struct iv_cabinet *cab, struct iv_fault *ret_fault, const char *fmt,
                          ...) IV_PRINTF(3, 4);

/*
 * `size` bytes at `offset`, both already known to lie below `end`; they stay until the next call.
 * A read from the file takes `chunk` bytes if there are as many before `end`. NULL: fault set.
 */
const unsigned char *iv_cabinet_bytes(struct iv_cabinet *cab, uint64_t offset, size_t size,
                                      uint64_t end, size_t chunk, struct iv_fault *ret_fault);

/* Appends the name and version of the library that is linked: "libarchive 3.6.2". */
void iv_cabinet_library(struct iv_buf *buf);

#endif
