/*
 * file_hash.h: the digests by which a catalog may know a file, from its bytes as they come: SHA-256
 * and SHA-1 of all of them and, for a PE file, of those that Authenticode counts.
 *
 * Authenticode leaves out what signing changes: the checksum in the optional header, the entry of
 * the certificate table in the data directories, and that table itself. Where a file without a
 * table ends off a multiple of eight, signing tools count zeros up to the next one, which makes a
 * second digest.
 */
#ifndef IMGVAL_INPUT_FILE_HASH_H
#define IMGVAL_INPUT_FILE_HASH_H

#include "imgval/base/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_digests {
    unsigned char sha256[IV_SHA256_SIZE];
    unsigned char sha1[IV_SHA1_SIZE];
};

struct iv_file_digests {
    uint64_t size;
    struct iv_digests plain;
    bool has_pe; /* the file is a PE file, and these are set: */
    struct iv_digests pe;
    struct iv_digests padded; /* equal to pe where there is nothing to pad */
};

/* Takes one file after another. Never NULL. */
struct iv_file_hash *iv_file_hash_open(void);
void iv_file_hash_add(struct iv_file_hash *hash, const unsigned char *bytes, size_t size);
/* The digests of what was added since the last end; the next file may begin. */
void iv_file_hash_end(struct iv_file_hash *hash, struct iv_file_digests *ret_digests);
void iv_file_hash_close(struct iv_file_hash **hash); /* for IV_CLEANUP */

#endif
