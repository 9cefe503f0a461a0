/*
 * sets.h: package sets in the store's file. A set is one row: the sorted row numbers of its
 * packages as one blob, so that thousands of sets which differ little stay small. A package's facts
 * (the STORED fields of fields.h, a column each) are kept once, split in what stays from version to
 * version (table `identity`) and what changes (table `package`).
 *
 * A set's digest is taken over the facts, not over row numbers: equal sets have equal digests in
 * every store, and damage to any fact is seen when the set is loaded. For store*.c alone.
 */
#ifndef IMGVAL_CACHE_SETS_H
#define IMGVAL_CACHE_SETS_H

#include "cache/db.h"
#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/digest.h"
#include "imgval/base/error.h"
#include "imgval/model/package.h"

#include <stddef.h>
#include <stdint.h>

struct iv_sets;

/* Lines of text about what is wrong with a store, in an arena. */
struct iv_problems {
    struct iv_arena *arena;
    const char **lines;
    size_t count;
    size_t capacity;
};

void iv_problems_add(struct iv_problems *problems, const char *fmt, ...) IV_PRINTF(2, 3);

/* The tables of this module, version 1 of the schema. */
#define IV_SETS_SCHEMA_1                                                                           \
    "CREATE TABLE identity("                                                                       \
    "    n INTEGER PRIMARY KEY,"                                                                   \
    "    key TEXT NOT NULL,"                                                                       \
    "    name TEXT,"                                                                               \
    "    style TEXT NOT NULL,"                                                                     \
    "    partition TEXT,"                                                                          \
    "    owner_type TEXT,"                                                                         \
    "    removal INTEGER NOT NULL,"                                                                \
    "    binary_partition INTEGER NOT NULL,"                                                       \
    "    owner TEXT,"                                                                              \
    "    component TEXT,"                                                                          \
    "    sub_component TEXT,"                                                                      \
    "    culture TEXT,"                                                                            \
    "    release_type TEXT);"                                                                      \
    "CREATE INDEX identity_by_key ON identity(key);"                                               \
    "CREATE TABLE package("                                                                        \
    "    n INTEGER PRIMARY KEY,"                                                                   \
    "    identity INTEGER NOT NULL REFERENCES identity(n),"                                        \
    "    version TEXT,"                                                                            \
    "    number INTEGER NOT NULL," /* four times 16 bits, the first part highest */                \
    "    empty INTEGER NOT NULL,"                                                                  \
    "    content TEXT,"                                                                            \
    "    file_count INTEGER NOT NULL,"                                                             \
    "    total_size INTEGER NOT NULL);"                                                            \
    "CREATE INDEX package_by_identity ON package(identity, version);"                              \
    "CREATE TABLE package_set("                                                                    \
    "    n INTEGER PRIMARY KEY,"                                                                   \
    "    digest BLOB NOT NULL UNIQUE," /* SHA-256 over the facts of all packages */                \
    "    count INTEGER NOT NULL,"                                                                  \
    "    members BLOB NOT NULL);" /* package.n, ascending: differences as LEB128 */

struct iv_sets *iv_sets_open(struct iv_db *db);
void iv_sets_close(struct iv_sets **sets);

/* The digest of a set that need not be in the store. */
void iv_sets_digest(struct iv_sets *sets, const struct iv_package *packages, size_t count,
                    unsigned char ret_digest[IV_SHA256_SIZE]);

/* The set's row number; rows are added as needed (inside a transaction). */
IV_MUST_USE bool iv_sets_add(struct iv_sets *sets, const struct iv_package *packages, size_t count,
                             int64_t *ret_set, struct iv_error *err);

/* The digest that stands in the store for a set. */
IV_MUST_USE bool iv_sets_stored_digest(struct iv_sets *sets, int64_t set,
                                       unsigned char ret_digest[IV_SHA256_SIZE],
                                       struct iv_error *err);

/* The packages sorted by key. IV_ERROR_STORE when anything about the set is wrong. */
IV_MUST_USE bool iv_sets_load(struct iv_sets *sets, int64_t set, struct iv_arena *arena,
                              struct iv_package **ret_packages, size_t *ret_count,
                              struct iv_error *err);

/* Deletes the sets that no submission names, and packages and identities that nothing needs. */
IV_MUST_USE bool iv_sets_collect(struct iv_sets *sets, struct iv_error *err);

/* Loads every set; looks for rows that nothing needs and for rows that stand twice. */
IV_MUST_USE bool iv_sets_verify(struct iv_sets *sets, struct iv_problems *problems,
                                struct iv_error *err);

#endif
