/*
 * Writes Microsoft cabinets ([MS-CAB]), truthful ones and lying ones.
 *
 * Every number that the format holds is computed first; the overrides of struct fx_cabinet are then
 * laid over the finished bytes, so that a fixture differs from a good cabinet in exactly the place
 * that its recipe names. The same input gives the same bytes: dates are fixed.
 */
#ifndef FX_CABINET_WRITE_H
#define FX_CABINET_WRITE_H

#include "base.h"
#include "source.h"

enum fx_method { FX_METHOD_NONE, FX_METHOD_MSZIP, FX_METHOD_LZX };

enum fx_checksum { FX_CHECKSUM_GOOD, FX_CHECKSUM_ZERO, FX_CHECKSUM_BAD };

/* An override: not set means the truth. */
struct fx_lie {
    bool set;
    uint64_t value;
};

struct fx_member {
    const char *name; /* bytes as stored; a NUL inside is written as it is */
    size_t name_len;
    struct fx_source source;
    size_t folder;  /* index of the folder that holds it */
    uint64_t place; /* where its data starts in that folder; filled while writing */
    struct fx_lie lie_size, lie_offset, lie_folder, attributes, date, time;
};

struct fx_folder {
    enum fx_method method;
    unsigned window_bits; /* LZX: 15 to 21 */
    unsigned block_size;  /* uncompressed bytes per CFDATA, at most 32,768 */
    struct fx_lie lie_type, lie_offset, lie_blocks;
};

struct fx_patch {
    uint64_t offset;
    const unsigned char *bytes;
    size_t len;
};

/* cabinet field by name, or one of CFDATA number `block` when block.set */
struct fx_field {
    const char *name;
    uint64_t value;
    struct fx_lie block;
};

struct fx_cabinet {
    struct fx_folder *folders;
    size_t folder_count;
    struct fx_member *members; /* in CFFILE order; the data of a folder follows the same order */
    size_t member_count;
    unsigned header_reserve, folder_reserve, data_reserve;
    struct fx_lie flags; /* with the previous and next strings that bits 1 and 2 ask for */
    const char *previous, *next;
    enum fx_checksum checksum;
    struct fx_field *fields;
    size_t field_count;
    struct fx_patch *patches;
    size_t patch_count;
    bool has_truncate;
    int64_t truncate; /* negative: bytes to cut from the end */
    uint64_t append;
};

/* True when cabinets have a field of this name that fx_field may set. */
bool fx_cabinet_has_field(const char *name, bool of_block);

/* Appends the whole cabinet file to *out. */
void fx_cabinet_write(struct fx_cabinet *cabinet, struct fx_buf *out);

#endif
