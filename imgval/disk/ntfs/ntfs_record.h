/*
 * ntfs_record.h: one record of an NTFS master file table as bytes: fix-ups, header, attributes.
 *
 * Nothing here reads a volume: bytes go in, checked fields come out. Private to the NTFS reader
 * (volume_ntfs.c, ntfs_*.c).
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_RECORD_H
#define IMGVAL_DISK_NTFS_NTFS_RECORD_H

#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file reference: the number of a record, and how often that one has been used. */
#define IV_NTFS_NUMBER(reference) ((reference)&UINT64_C(0xFFFFFFFFFFFF))
#define IV_NTFS_SEQUENCE(reference) ((uint16_t)((reference) >> 48))
#define IV_NTFS_REFERENCE(number, sequence) ((number) | (uint64_t)(sequence) << 48)

#define IV_NTFS_RECORD_MAX 4096

/* Types of attributes. */
#define IV_NTFS_STANDARD_INFORMATION 0x10u
#define IV_NTFS_ATTRIBUTE_LIST 0x20u
#define IV_NTFS_FILE_NAME 0x30u
#define IV_NTFS_DATA 0x80u
#define IV_NTFS_INDEX_ROOT 0x90u
#define IV_NTFS_INDEX_ALLOCATION 0xA0u
#define IV_NTFS_BITMAP 0xB0u
#define IV_NTFS_REPARSE_POINT 0xC0u

/* Flags of an attribute. */
#define IV_NTFS_COMPRESSION 0xFFu /* 0, or a method: 1 is LZNT1 */
#define IV_NTFS_ENCRYPTED 0x4000u
#define IV_NTFS_SPARSE 0x8000u

/* What is wrong, a clause of our own words and numbers: functions that take one return false and
 * have set it, or return true. */
struct iv_ntfs_why {
    char text[192];
};

bool iv_ntfs_fail(struct iv_ntfs_why *why, const char *fmt, ...) IV_PRINTF(2, 3); /* false */

/*
 * Checks the signature (four letters), and checks and takes back the fix-ups of a record or index
 * block of `size` bytes, a multiple of 512: a block that was written in part is noticed.
 */
IV_MUST_USE bool iv_ntfs_fix_up(unsigned char *block, size_t size, const char *signature,
                                struct iv_ntfs_why *why);

struct iv_ntfs_record {
    const unsigned char *bytes;
    size_t first; /* where its attributes begin */
    size_t used;
    uint64_t number;
    uint64_t base; /* reference to the record that this one continues; 0: it is one itself */
    uint16_t sequence;
    bool is_in_use;
    bool is_directory;
};

/* Takes back the fix-ups in `bytes` and reads the header. */
IV_MUST_USE bool iv_ntfs_record_open(unsigned char *bytes, size_t size, uint64_t number,
                                     struct iv_ntfs_record *ret_record, struct iv_ntfs_why *why);

struct iv_ntfs_attribute {
    uint32_t type;
    uint16_t flags;
    uint16_t id;
    bool is_resident;
    const unsigned char *name;  /* UTF-16 */
    size_t name_size;           /* bytes */
    const unsigned char *value; /* resident: the value, else the run list */
    size_t value_size;
    /* Not resident: a piece of the attribute, clusters first_vcn to last_vcn of it. The sizes are
     * those of the whole, and stand in the first piece alone. */
    uint64_t first_vcn;
    uint64_t last_vcn; /* none at all: first_vcn - 1 */
    unsigned unit_shift;
    uint64_t allocated;
    uint64_t size;
    uint64_t initialized;
    uint64_t filled; /* compressed or sparse: bytes in clusters of its own */
};

/* A walk over the attributes of a record: start with {0}. */
struct iv_ntfs_walk {
    size_t at;
    uint32_t type;
};

enum iv_ntfs_step {
    IV_NTFS_STEP_ONE,
    IV_NTFS_STEP_END,
    IV_NTFS_STEP_DAMAGE, /* why is set */
};

enum iv_ntfs_step iv_ntfs_attribute_next(const struct iv_ntfs_record *record,
                                         struct iv_ntfs_walk *walk,
                                         struct iv_ntfs_attribute *ret_attribute,
                                         struct iv_ntfs_why *why);

/* `name`: ASCII; "" for none. */
bool iv_ntfs_attribute_is(const struct iv_ntfs_attribute *attribute, uint32_t type,
                          const char *name);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time: it needs to know that this returns false. */
#define iv_ntfs_fail(...) ((void)iv_ntfs_fail(__VA_ARGS__), false)
#endif

/* A name of a file: the value of IV_NTFS_FILE_NAME and the key of a directory's index. */
struct iv_ntfs_name {
    uint64_t file;   /* reference; in a directory */
    uint64_t folder; /* reference */
    const unsigned char *units;
    size_t size; /* bytes */
    bool is_directory;
    bool is_posix; /* in no name space of Windows, though Windows may have it */
    bool is_short; /* the second name of a file, for programs that know 8.3 alone */
};

/* Sets everything but `file`. False: not whole, or no name that a file can have. */
IV_MUST_USE bool iv_ntfs_name_read(const unsigned char *value, size_t size,
                                   struct iv_ntfs_name *ret_name);

#endif
