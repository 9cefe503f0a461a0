/*
 * hive.h: the values of one key of a registry hive in memory, and nothing else of it.
 *
 * A bounded walk over the cells, by code of our own: a library would want a file to open, and a
 * reader process may neither make nor write one. Logs (.LOG1, .LOG2) are not applied.
 */
#ifndef IMGVAL_DISK_HIVE_H
#define IMGVAL_DISK_HIVE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_hive {
    const unsigned char *bytes; /* borrowed */
    size_t size;
    uint32_t root;
    bool is_dirty; /* its sequence numbers differ: the last writes may be in its logs alone */
};

struct iv_hive_value {
    const char *name;    /* UTF-8; "" is the default value; NULL: what names it is damaged */
    const char *text;    /* REG_SZ and REG_EXPAND_SZ as UTF-8; NULL: of another type, or damaged */
    uint32_t type;       /* REG_... */
    const char *trouble; /* what is damaged, one clause; NULL: nothing */
};

/* What keys of one path hold. Names of keys fold their case, so a hive that Windows did not write
 * can have several of one path: the values of all of them are here. */
struct iv_hive_values {
    struct iv_hive_value *items;
    size_t count;
    const char *twins; /* the first two names of one parent that differ in case alone; NULL */
};

enum iv_hive_outcome {
    IV_HIVE_FOUND,
    IV_HIVE_ABSENT,  /* certain: every key on the way was read */
    IV_HIVE_TROUBLE, /* ret_fault: kind IV_FAULT_METADATA and its detail are set, its path is not */
};

/* False with ret_fault set as above: no hive, or its header is damaged. Nothing to give back. */
IV_MUST_USE bool iv_hive_open(const void *bytes, size_t size, struct iv_hive *ret_hive,
                              struct iv_fault *ret_fault);

/* The values of a key, in the hive's order; one that is damaged says so and costs no other. `key`:
 * below the root, '\' between the parts. A key below itself, and two of one parent with the same
 * name to the letter, are TROUBLE. */
enum iv_hive_outcome iv_hive_values(const struct iv_hive *hive, const char *key,
                                    struct iv_arena *arena, struct iv_hive_values *ret_values,
                                    struct iv_fault *ret_fault);

#endif
