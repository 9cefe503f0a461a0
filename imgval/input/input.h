/*
 * input.h: what a path is, what there is to read in it, and the reading of one item.
 *
 * The parent process lists (iv_input_list) and parses nothing: it looks at names, kinds of
 * directory entries and, for a path that is a file, at its first bytes. A worker reads one item
 * at a time (iv_input_read). A kind of input is one row of the table in input.c and one file
 * kind_NAME.c.
 */
#ifndef IMGVAL_INPUT_INPUT_H
#define IMGVAL_INPUT_INPUT_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/base/sandbox.h"
#include "imgval/model/facts.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_role {
    IV_ROLE_PACKAGE,     /* a package file: cabinet, or a bare manifest; by content */
    IV_ROLE_FOLDER,      /* an extracted package: the folder that holds man.dsm.xml or update.mum */
    IV_ROLE_HISTORY,     /* UpdateHistory.xml */
    IV_ROLE_OEM_INPUT,   /* OEMInput.xml */
    IV_ROLE_REGISTRY,    /* a .reg or .rga lying loose */
    IV_ROLE_ANSWER,      /* some .xml: read if it is an answer file or a DeviceLayout */
    IV_ROLE_HIVE,        /* the SYSTEM hive of an extracted image */
    IV_ROLE_DEVICE_INFO, /* --device-info: .reg, answer file or Name=Value lines, by content */
    IV_ROLE_BESIDE,      /* a package file beside an image: its device values alone count */
    IV_ROLE_IMAGE,       /* an image file: container, partitions, and all that lies in them */
    IV_ROLE_CHUNKS,      /* a range of an image file, of which the hashes are checked */
};

/* One thing for a worker to read. */
struct iv_item {
    enum iv_role role;
    const char *path;     /* as in reports */
    const char *relative; /* beneath the listing's root; NULL when fd is used. Of a FOLDER:
                             its manifest (the path is that of the folder) */
    const char *twin;     /* ANSWER: a name in its folder that differs in case alone; NULL */
    int fd;               /* opened by the parent (side files, a single file); else -1 */
    enum iv_kind kind;    /* of an image */
    uint64_t offset;      /* CHUNKS: the range */
    uint64_t size;
    bool is_part;       /* an image in a tree that is a part of it: its packages alone count */
    bool is_beside;     /* a package in the folder of an image: no member of its set ... */
    bool is_below;      /* in a folder below that of an image: its device values do not count */
    bool has_log;       /* HIVE: a log that can hold entries lies beside it */
    bool has_history;   /* the image's own UpdateHistory.xml does not count ... */
    bool has_oem_input; /* ... nor its OEMInput.xml: there is one beside it */
    bool is_named;      /* by an option: no entry of the input */
};

struct iv_archive;

struct iv_listing {
    enum iv_kind kind;
    bool is_single_file; /* the path is one package file */
    bool is_container;   /* the path is an archive of which nothing is known: a fault says why */
    int directory;       /* descriptor of the root, -1 for a single file or an archive; owned */
    const struct iv_archive *archive;  /* the root is this archive; NULL */
    int archive_fd;                    /* its descriptor; else -1; owned */
    struct iv_containment containment; /* of the process that read its directory */
    struct iv_item *items;             /* sorted by path */
    size_t item_count;
    struct iv_fault *faults; /* what could not be listed: limits, unreadable folders, links and the
                                like with a package's name, image files that are not read */
    size_t fault_count;
    const char **histories; /* report paths of every UpdateHistory.xml found in (or, for a single
                               file, beside) the input; items exist for them too */
    size_t history_count;
    struct iv_entries entries; /* of a folder, those that became no item */
};

struct iv_list_options {
    const struct iv_limits *limits;
    unsigned jobs; /* as iv_archive_options: for the path that is an archive */
    bool require_sandbox;
    bool by_exec;
    const char *update_history; /* --update-history: file or directory; NULL. Then the ones in the
                                   input are not listed. The path itself: no package is listed */
    const char *oem_input;      /* --oem-input, likewise */
    const char *device_info;    /* --device-info; NULL */
    bool no_hash;               /* --no-hash: no CHUNKS */
    const char *folder;         /* the path is an image that stands for this folder, in which it
                                   lies: the rest of the folder is listed, too; NULL */
    const char *trouble;        /* of iv_input_images() of the path, which becomes a fault; NULL */
};

struct iv_input_images {
    const char **paths; /* sorted */
    size_t count;
    const char *trouble; /* why there may be others, one clause; NULL: these are all */
};

/*
 * The image files that lie in a directory itself, sorted: each is a submission of its own, and the
 * directory is none. None for a file, and for a directory without. The path need not exist.
 */
void iv_input_images(const char *path, const struct iv_limits *limits, struct iv_arena *arena,
                     struct iv_input_images *ret_images);

/*
 * Lists what there is to read in `path`. err: IV_ERROR_NO_INPUT for a path (of the input or of an
 * option) that does not exist or cannot be opened at all, IV_ERROR_USAGE for one that is neither a
 * file nor a directory, IV_ERROR_SYSTEM when no process can be started that reads the directory of
 * an archive. What is wrong below is a fault.
 */
IV_MUST_USE bool iv_input_list(const char *path, const struct iv_list_options *options,
                               struct iv_arena *arena, struct iv_listing *ret_listing,
                               struct iv_error *err);
void iv_input_close(struct iv_listing *listing); /* closes every descriptor */

/* What shows whether a file is the one that it was, and as it was. Times in seconds since 1970 and
 * nanoseconds. */
struct iv_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t mtime;
    uint64_t mtime_ns;
    int64_t ctime;
    uint64_t ctime_ns;
};

/* Of an item's file, without opening it: in the parent. False: it is no regular file, or not there.
 */
bool iv_input_identify(const struct iv_listing *listing, const struct iv_item *item,
                       struct iv_identity *ret_identity);

bool iv_identity_is_same(const struct iv_identity *a, const struct iv_identity *b);

/* --verify, --trust. */
struct iv_verify_options {
    const void *trust; /* certificates, as the file has them; NULL: none */
    size_t trust_size;
};

struct iv_read_options {
    const struct iv_limits *limits;
    const struct iv_verify_options *verify; /* NULL: packages are not read whole */
    bool want_files;                        /* fill iv_package.files (inspect) */
    bool no_hash;                           /* nobody checks the hashes of an image */
    struct iv_identity *identity; /* NULL; else filled: of what was read, zeros when it was not
                                     read whole */
};

/* Reads one item, in a worker. Cannot fail: what is wrong is a fault in the facts, on the package
 * where there is one. */
void iv_input_read(const struct iv_listing *listing, const struct iv_item *item,
                   const struct iv_read_options *options, struct iv_arena *arena,
                   struct iv_facts *ret_facts);

/* In the parent: whether facts are such as this item can yield (yield.c). Others are those of a
 * reader that broke its word. The facts are sound (iv_facts_are_sound()). */
IV_MUST_USE bool iv_input_can_yield(const struct iv_item *item, const struct iv_facts *facts,
                                    struct iv_arena *scratch);

/* In a worker: asks the system to have the beginning of an item's file in memory soon, and does not
 * wait for it. */
void iv_input_advise(const struct iv_listing *listing, const struct iv_item *item);

/* What stands for an item whose reader died: of a package its name and key from the file name, and
 * `unreadable`; of a range of chunks a fault with the range as its member. */
void iv_input_stand_in(const struct iv_item *item, enum iv_fault_kind kind, const char *detail,
                       struct iv_arena *arena, struct iv_facts *ret_facts);

#endif
