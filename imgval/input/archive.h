/*
 * archive.h: an archive as the tree that it holds: its members by path, read in place. Internal to
 * imgval/input, but for what lists submissions (history/discover.c).
 *
 * What an archive says of its members is parsed by a reader process, once, before anything else is
 * read; the parent takes the list over as it takes facts, and trusts none of it.
 */
#ifndef IMGVAL_INPUT_ARCHIVE_H
#define IMGVAL_INPUT_ARCHIVE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"
#include "imgval/base/sandbox.h"
#include "imgval/base/workers.h"
#include "imgval/input/opened.h"
#include "imgval/input/packed.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file, folder or link of the tree. */
struct iv_archived {
    const char *path; /* relative, joined with '/'; no part of it is empty, "." or ".." */
    enum iv_file_type type;
    const char *target;           /* of a link: where it leads, as it is written; else NULL */
    enum iv_fault_kind fault;     /* why it is not read, or NONE */
    const char *detail;           /* of the fault, or what is no regular file */
    struct iv_packed_place place; /* of a file */
};

struct iv_archive {
    int fd;                      /* borrowed */
    struct iv_status before;     /* the listing */
    bool is_read;                /* false: nothing is known of its members, and a fault says why */
    struct iv_archived *members; /* sorted bytewise by path, each once, folders too */
    size_t count;
    struct iv_fault *faults; /* of the archive as a whole: kind and detail */
    size_t fault_count;
};

/* Whether a file is an archive that is read: by its first bytes (512), but not where its name says
 * that it is a package. */
bool iv_archive_is(const char *path, const void *head, size_t size);

/* The same of a path, in the parent. False with err set where it cannot be opened or read: what it
 * is is not known then. */
IV_MUST_USE bool iv_archive_look(const char *path, bool *ret_is, struct iv_error *err);

/* The same of a name alone: x.zip. */
bool iv_archive_is_name(const char *name);

/* As iv_error_open(), for a path that somebody named: one that leads into an archive, or another
 * file, does not exist, and the message says why. */
bool iv_archive_error_open(struct iv_error *err, const char *path);

/* How its directory is read. */
struct iv_archive_options {
    const struct iv_limits *limits;
    unsigned jobs; /* as iv_workers_options */
    bool require_sandbox;
    bool by_exec;
};

/*
 * Reads the directory of the archive that `fd` holds, in a reader process. False only when none can
 * be started. The archive is valid while fd is open.
 */
IV_MUST_USE bool iv_archive_open(int fd, const struct iv_archive_options *options,
                                 struct iv_arena *arena, struct iv_archive **ret_archive,
                                 struct iv_containment *ret_containment, struct iv_error *err);

/* In the program that was started as a reader: whether its charge is this one; then it ends the
 * process. */
bool iv_archive_serve(const struct iv_workers_charge *charge);

/* The archive as bytes, for a reader that begins by exec, and back; `fd` and `before` are the
 * archive's. False: the bytes are none that iv_archive_encode() writes. */
void iv_archive_encode(const struct iv_archive *archive, struct iv_buf *buf);
IV_MUST_USE bool iv_archive_decode(const void *bytes, size_t size, struct iv_arena *arena,
                                   struct iv_archive *archive);

/* By path; "", ".", and empty parts are passed over, ".." goes up. NULL: it is not there. */
const struct iv_archived *iv_archive_find(const struct iv_archive *archive, const char *path,
                                          struct iv_arena *scratch);

/* As iv_walk(); the folder is there, or holds nothing. */
void iv_archive_walk(const struct iv_archive *archive, const struct iv_tree_search *search,
                     struct iv_arena *arena, struct iv_walk *ret_walk);

/* What a link of the archive hides: whether it leads to something that the tree does not hold under
 * its own name. */
bool iv_archive_leads_out(const struct iv_archive *archive, const struct iv_archived *link,
                          struct iv_arena *scratch);

/* Whether the archive is still the file whose directory was read. */
bool iv_archive_is_same(const struct iv_archive *archive);

#endif
