/*
 * fault.h: what a reader could not read, and where. Readers record faults; the rules judge them
 * into findings (each kind has exactly one row in rules/).
 */
#ifndef IMGVAL_MODEL_FAULT_H
#define IMGVAL_MODEL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum iv_fault_kind {
    IV_FAULT_NONE = 0,
    IV_FAULT_MALFORMED,      /* a package that breaks its format: WSPC008 */
    IV_FAULT_UNREADABLE,     /* permission, I/O, vanished, changed while it was read: IMG004 */
    IV_FAULT_LIMIT,          /* a limit of base/limits.h: IMG005 */
    IV_FAULT_NOT_REGULAR,    /* a link, FIFO, socket or device with a package's name: IMG006 */
    IV_FAULT_READER_DIED,    /* a worker crashed, hung or broke its protocol: IMG007 */
    IV_FAULT_UNSUPPORTED,    /* recognised, not readable by this build: IMG008 */
    IV_FAULT_MEMBER_MISSING, /* the cabinet lacks a file that its manifest lists: IMG009 */
    IV_FAULT_METADATA,       /* a metadata source is malformed: IMG303 */
    IV_FAULT_FFU_HEADER,     /* a header, count or offset of an FFU is wrong: IMG101 */
    IV_FAULT_HASH_MISMATCH,  /* a chunk does not match the hash table: IMG102 */
    IV_FAULT_HASH_TABLE,     /* the hash table has the wrong length: IMG103 */
    IV_FAULT_CATALOG,        /* the catalog's digest of the hash table differs: IMG104 */
    IV_FAULT_TRAILING,       /* data after the payload: IMG106 */
    IV_FAULT_TRUNCATED,      /* a catalog-signing sample, or cut off: IMG108 */
    IV_FAULT_TABLE,          /* GPT or MBR damaged: IMG201 */
    IV_FAULT_PARTITION,      /* a partition cannot be read: IMG202 */
    IV_FAULT_FILE,           /* a file in the image cannot be read, or reads as zeros: IMG205 */
    IV_FAULT_TWINS,          /* names of one folder that differ in case alone: IMG013 */
    IV_FAULT_NOT_PACKAGE, /* a cabinet that is no package, by a name that need not be one: IMG012 */
    IV_FAULT_NOT_CLOSED,  /* a hive without a pending log that was not closed: IMG305 */
    IV_FAULT_ELSEWHERE,   /* what describes a device, where it does not count: IMG306 */
    IV_FAULT_KINDS        /* their number */
};

/* Whether what has such a fault was read all the same, as what it is. */
static inline bool iv_fault_leaves_read(enum iv_fault_kind kind)
{
    return kind == IV_FAULT_TWINS || kind == IV_FAULT_MEMBER_MISSING || kind == IV_FAULT_NOT_CLOSED;
}

/* Whether such a fault takes nothing from what is known of a submission: neither packages nor
 * values that would count. */
static inline bool iv_fault_is_advice(enum iv_fault_kind kind)
{
    return kind == IV_FAULT_NOT_CLOSED || kind == IV_FAULT_ELSEWHERE;
}

struct iv_fault {
    enum iv_fault_kind kind;
    const char *path;   /* the file, as in reports */
    const char *member; /* the member of a cabinet or image that was being read, or NULL */
    uint64_t line;      /* line in the member or file, from 1; 0: none */
    const char *detail; /* one clause that names the value: no newline, no final stop */
};

#endif
