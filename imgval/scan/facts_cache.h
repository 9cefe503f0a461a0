/*
 * facts_cache.h: what the readers found in package files, kept from one scan to the next
 * (--facts-cache), so that a file that has not changed since is not read again.
 *
 * It is no store: nothing in it is the user's, and whatever is wrong with it costs time alone. A
 * file is known again by its path, device, inode, size, mtime and ctime; facts of a file that
 * changed shortly before the scan, so that a later change might not show in its times, are not
 * taken in. Records are the bytes of a reader's answer; the caller decodes them with the same
 * distrust. Used by scan.c in the parent process; opened and saved by the command.
 *
 * The file, all numbers little endian: magic (16 bytes), digest of what decides the facts (32),
 * generation, number of entries (64 bits each); the entries in the order of path, device and inode:
 * size of path and record (32 bits each), generation, device, inode, size, mtime and ctime in
 * seconds and nanoseconds (64 bits each), path with its NUL, record; at the end SHA-256 of all that
 * stands before.
 */
#ifndef IMGVAL_SCAN_FACTS_CACHE_H
#define IMGVAL_SCAN_FACTS_CACHE_H

#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/input/input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IV_FACTS_CACHE_MAX (256 * IV_MIB)

struct iv_facts_cache;

struct iv_facts_cache_options {
    const char *path;
    const char *tool_version;       /* facts of another version do not count ... */
    const struct iv_limits *limits; /* ... nor those that were read under other limits */
    int64_t now;                    /* seconds since 1970: when the scan begins */
    uint64_t max_size;              /* of the file; 0: IV_FACTS_CACHE_MAX */
};

/*
 * Reads the file. Never fails: a file that is not there, damaged, or made by another version or
 * under other limits is an empty cache, and one that is no facts cache of this user's is left
 * alone: nothing is recalled and nothing saved.
 */
struct iv_facts_cache *iv_facts_cache_open(const struct iv_facts_cache_options *options);
void iv_facts_cache_close(struct iv_facts_cache **cache); /* for IV_CLEANUP */

/* Why the file counts for nothing, one clause; NULL when it counts or was not there. */
const char *iv_facts_cache_note(const struct iv_facts_cache *cache);

/* The record of an unchanged file; borrowed from the cache. */
bool iv_facts_cache_find(struct iv_facts_cache *cache, const char *path,
                         const struct iv_identity *identity, const void **ret_record,
                         size_t *ret_size);

/* Takes a record in, unless the file changed too shortly before the scan. Path and record are
 * borrowed until the cache is closed. */
void iv_facts_cache_add(struct iv_facts_cache *cache, const char *path,
                        const struct iv_identity *identity, const void *record, size_t size);

/* A reader died or talked nonsense: who knows what it said before. Nothing of this scan is saved.
 */
void iv_facts_cache_distrust(struct iv_facts_cache *cache);

/* How many records were recalled and how many taken in. */
void iv_facts_cache_counts(const struct iv_facts_cache *cache, size_t *ret_recalled,
                           size_t *ret_added);

/*
 * Writes the file anew, beside itself and renamed, when anything was taken in. Scans at the same
 * time do not harm each other: the last one's file stays. What was not seen for longest is left out
 * when the file would become too large.
 */
IV_MUST_USE bool iv_facts_cache_save(const struct iv_facts_cache *cache, struct iv_error *err);

#endif
