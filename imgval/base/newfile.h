/*
 * newfile.h: a file that appears under its name only when it is whole. It is made under another
 * name beside it and published in one step, which never replaces what stands there. A process that
 * is killed leaves the name free and at most a temporary file, which a later writer deletes.
 *
 * The temporary file is "NAME.new-" and 16 hex digits. Its maker holds a lock on its first byte (an
 * open file description lock, which SQLite's own locks do not touch), so that a file whose lock can
 * be taken is known to have no maker any more. For db.c alone.
 */
#ifndef IMGVAL_BASE_NEWFILE_H
#define IMGVAL_BASE_NEWFILE_H

#include "imgval/base/attr.h"
#include "imgval/base/error.h"

#include <stdbool.h>

struct iv_newfile;

/* Makes an empty temporary file for `path`, and the directories that are missing. */
IV_MUST_USE bool iv_newfile_open(const char *path, struct iv_newfile **ret_file,
                                 struct iv_error *err);

/* The path of the temporary file. */
const char *iv_newfile_name(const struct iv_newfile *file);

/*
 * Makes the content durable and gives the file its name. *ret_published false: something of that
 * name is there, so the file is of no use. Nobody else in this process has the file open.
 */
IV_MUST_USE bool iv_newfile_publish(struct iv_newfile *file, bool *ret_published,
                                    struct iv_error *err);

/* Deletes the file unless it was published. For IV_CLEANUP; *file may be NULL. */
void iv_newfile_close(struct iv_newfile **file);

/*
 * Deletes the temporary files for `path` that killed processes left. What cannot be deleted stays.
 * Not while this process has the file `path` open: closing a descriptor drops its locks.
 */
void iv_newfile_clean(const char *path);

/* Whether the file system of a file that is there has no locks to give, as NFS without its daemon.
 * errno says so, then. */
bool iv_newfile_has_no_locks(const char *path);

#endif
