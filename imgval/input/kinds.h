/*
 * kinds.h: the kinds of input, and what they build a listing with. Internal to imgval/input; runs
 * in the parent: names, kinds of directory entries, first bytes, and nothing more.
 */
#ifndef IMGVAL_INPUT_KINDS_H
#define IMGVAL_INPUT_KINDS_H

#include "imgval/input/archive.h"
#include "imgval/input/input.h"
#include "imgval/input/opened.h"
#include "imgval/input/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A path that is to be listed. */
struct iv_probe {
    const char *path; /* as the user gave it */
    bool is_directory;
    int fd;                           /* open for reading; borrowed */
    const struct iv_archive *archive; /* the file is one, and was read as a tree; NULL */
    unsigned char head[512];
    size_t head_size; /* bytes read, at most the file's */
    unsigned char tail[512];
    size_t tail_size;
};

/* A listing in the making. */
struct iv_lister {
    const struct iv_list_options *options;
    struct iv_arena *arena;
    struct iv_listing listing;
    size_t item_capacity;
    size_t fault_capacity;
    size_t history_capacity;
    size_t packages; /* items that are packages */
    bool is_naming;  /* items are added that options name */
};

/* One kind: a row of the table in kinds.c; its words are in model/kinds.h. */
struct iv_kind_row {
    enum iv_kind kind;
    bool (*is)(const struct iv_probe *probe);
    /* Adds items and faults. */
    void (*list)(struct iv_lister *lister, const struct iv_probe *probe);
    /* Images: reads an IMAGE or CHUNKS item of `size` bytes, in a worker; `fd` is borrowed. */
    void (*read)(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size);
};

/* The first row whose `is` says yes counts; the last one fits everything. */
extern const struct iv_kind_row iv_kind_rows[];

/* kind_directory.c; an archive, too */
void iv_directory_list(struct iv_lister *lister, const struct iv_probe *probe);
/* What lies beside and below the image files of a folder. Their side files are iv_lister_beside()'s
 * to list. */
void iv_directory_list_beside(struct iv_lister *lister, const struct iv_probe *probe);

/* kind_ffu.c, kind_vhd.c, kind_wim.c */
bool iv_ffu_probe(const struct iv_probe *probe);
void iv_ffu_list(struct iv_lister *lister, const struct iv_probe *probe);
void iv_ffu_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size);
bool iv_vhd_probe(const struct iv_probe *probe);
void iv_vhd_list(struct iv_lister *lister, const struct iv_probe *probe);
void iv_vhd_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size);
bool iv_wim_probe(const struct iv_probe *probe);
void iv_wim_list(struct iv_lister *lister, const struct iv_probe *probe);
void iv_wim_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size);

/* ---- image_list.c ---- */

/* Whether the first bytes of the path (a file) hold `bytes` at `at`. */
bool iv_probe_has(const struct iv_probe *probe, size_t at, const char *bytes);

/* Adds the image at a path as an item, and as many CHUNKS as `chunks` says. */
void iv_lister_image(struct iv_lister *lister, const struct iv_probe *probe, enum iv_kind kind,
                     bool chunks);

/* A file in a tree that is a part of the image which the tree was taken from: UpdateOS.wim, and
 * the MMOS.wim of that partition. */
bool iv_lister_is_part_name(const char *name);
void iv_lister_part(struct iv_lister *lister, const char *path, const char *relative);

/* Once all side files are known. */
void iv_lister_finish_images(struct iv_lister *lister);

/* ---- listing.c ---- */

/* "DIR/NAME"; DIR without the slashes at its end; DIR alone for an empty NAME. */
char *iv_lister_join(struct iv_lister *lister, const char *directory, const char *name);

/* Before the first item: room for as many, so that nothing is moved when there are no more. */
void iv_lister_expect(struct iv_lister *lister, size_t count);

/* Adds an item; one package too many becomes a LIMIT fault instead. The item owns fd (or -1). */
void iv_lister_item(struct iv_lister *lister, enum iv_role role, const char *path,
                    const char *relative, int fd);

void iv_lister_fault(struct iv_lister *lister, enum iv_fault_kind kind, const char *path,
                     const char *detail);

/* "an FFU image below the folder: a submission of its own" */
void iv_lister_unsupported(struct iv_lister *lister, enum iv_kind kind, const char *path);

/* What an error of the operating system is called in a fault's detail. */
const char *iv_lister_reason(int error);

/*
 * The files beside a single file: X.UpdateHistory.xml for stem X, else UpdateHistory.xml, and so
 * for the other metadata; with `with_packages` also the packages that may hold device values, as
 * BESIDE. A directory that cannot be looked into is a fault: what lies there is not known.
 */
void iv_lister_beside(struct iv_lister *lister, const char *path, bool with_packages);

/* Whether a file name is that of a history, an OEMInput.xml or a loose OEMSettings.reg. */
bool iv_lister_metadata_role(const char *name, enum iv_role *ret_role);

/* Whether it is such a name without the name of an image before it. */
bool iv_lister_is_plain(const char *name);

/* Whether files of this role were named by an option, so that those found do not count. */
bool iv_lister_is_named(const struct iv_lister *lister, enum iv_role role);

/* The files that options name. */
IV_MUST_USE bool iv_lister_named_files(struct iv_lister *lister, struct iv_error *err);

#endif
