/*
 * ntfs_write.h: puts a directory tree into a fresh NTFS image, with no mount: for tests alone.
 * libntfs-3g writes the volume; libwim's compressors make the data of "compact" (WOF) files.
 */
#ifndef TESTS_DISK_NTFS_WRITE_H
#define TESTS_DISK_NTFS_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ntfs_form {
    NTFS_PLAIN,
    NTFS_SPARSE,    /* runs of zeros, 64 KiB aligned, are holes */
    NTFS_FRAGMENTS, /* the clusters of a file lie in reverse order, each a run */
    NTFS_LZNT1,
    NTFS_XPRESS4K, /* the four of WOF: files below 4 KiB, and those that would grow, stay plain */
    NTFS_XPRESS8K,
    NTFS_XPRESS16K,
    NTFS_LZX
};

struct ntfs_extra {
    const char *path; /* in the volume, '/' between the parts */
    const char *name; /* stream: its name; link, short name: the name to add */
    void *data;       /* stream: its content; reparse point: what follows the header */
    size_t size;
    uint32_t value; /* attributes: bits to set; reparse point: its tag */
    enum { EXTRA_ATTRIBUTES, EXTRA_REPARSE, EXTRA_STREAM, EXTRA_LINK, EXTRA_SHORT } what;
};

/*
 * Links in the tree become reparse points: one whose target starts with '/' a junction (a
 * directory), any other a symbolic link. Prints what is wrong and returns false.
 */
bool ntfs_write(const char *image, const char *tree, enum ntfs_form form,
                const struct ntfs_extra *extras, size_t extra_count);

#endif
