/*
 * resolve.h: a submission as the command line names it: an existing path wins; else an id of the
 * baseline store (any unique prefix), or OEM/OPERATOR/MODEL@VERSION.
 */
#ifndef IMGVAL_SCAN_RESOLVE_H
#define IMGVAL_SCAN_RESOLVE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/model/record.h"
#include "imgval/model/submission.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>

struct iv_named {
    struct iv_submission submission; /* read from the path, or made from the record */
    bool incomplete;                 /* part of it could not be read */
    bool recorded;                   /* the store has a submission with this id: */
    struct iv_record record;
};

/*
 * Reads what is named. The store (options->store_path) is asked for a name that is no path, and,
 * with `look_up`, whether it has recorded what lies at a path. err: IV_ERROR_NO_INPUT when there is
 * neither such a path nor such a submission, IV_ERROR_USAGE for an ambiguous name; a store that
 * cannot be used: as iv_store_open(). No store at all is no error for a path.
 */
IV_MUST_USE bool iv_resolve(const char *name, const struct iv_scan_options *options, bool look_up,
                            struct iv_arena *arena, struct iv_named *ret_named,
                            struct iv_error *err);

/*
 * Whether a word can only be the name of a recorded submission: no such path, and four hexadecimal
 * digits or more, or OEM/OPERATOR/MODEL with @VERSION, or with it left out. A mistyped path needs
 * no store.
 */
bool iv_resolve_is_name(const char *text);

/* Sets err, IV_ERROR_NO_INPUT: neither a path nor a recorded submission, with what may be wrong
 * about the name. `option`: what stands before it, say "--against="; "". Always false. */
bool iv_resolve_not_found(const char *option, const char *name,
                          const struct iv_scan_options *options, struct iv_error *err);

/* A recorded submission in the form of one that was read. */
void iv_submission_from_record(const struct iv_record *record, struct iv_arena *arena,
                               struct iv_submission *ret_submission);

#endif
