/*
 * Disks in memory, sparse: partition tables (GPT, MBR with names), and the virtual hard disk files
 * that hold one. FFU files are made of them by ffu_write.
 */
#ifndef FX_DISK_WRITE_H
#define FX_DISK_WRITE_H

#include "base.h"
#include "source.h"

#define FX_PAGE 4096u

struct fx_disk {
    uint64_t size;
    uint64_t sector;
    uint64_t after;     /* bytes of the disk after its GPT */
    const char *scheme; /* gpt, mbr, none */
    unsigned char **pages;
    struct fx_arena *arena;
};

struct fx_partition {
    const char *name;
    const char *type; /* GUID; MBR: hexadecimal number */
    const char *id;   /* GUID; default: made from the number */
    const char *fs;   /* FileSystem in the manifest; NULL: none */
    uint64_t start;   /* bytes; 0: after the one before, at the alignment */
    uint64_t size;
    uint64_t claimed; /* TotalSectors in the manifest; 0: the true ones */
    uint64_t attributes;
    bool unlisted;    /* not in the manifest */
    bool phantom;     /* only in the manifest */
    bool all_space;   /* UseAllSpace in the manifest */
    bool required;    /* RequiredToFlash */
    bool logical;     /* MBR: in the extended partition */
    const char *file; /* content; else `content` */
    struct fx_source content;
};

void fx_disk_open(struct fx_disk *disk, uint64_t size, uint64_t sector, const char *scheme,
                  struct fx_arena *arena);
void fx_disk_put(struct fx_disk *disk, uint64_t offset, const void *bytes, size_t n);
void fx_disk_get(const struct fx_disk *disk, uint64_t offset, void *bytes, size_t n);
/* Whether anything was put into the range. */
bool fx_disk_has(const struct fx_disk *disk, uint64_t offset, uint64_t size);

/* Places partitions that have no start, writes their contents and, for `tables`, the table. With
 * `flash_only`, the table names only those that are required to flash, and there is no backup. */
void fx_disk_place(struct fx_disk *disk, struct fx_partition *partitions, size_t count);
void fx_disk_table(struct fx_disk *disk, const struct fx_partition *partitions, size_t count,
                   bool flash_only);

/* The disk as a file: raw, or a VHD of kind fixed or dynamic with blocks of that size. */
void fx_disk_write(const struct fx_disk *disk, struct fx_buf *out);
void fx_vhd_write(const struct fx_disk *disk, const char *kind, uint64_t block, struct fx_buf *out);

void fx_put_guid(unsigned char out[16], const char *text);

#endif
