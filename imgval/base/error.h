/*
 * error.h: why imgval could not do its job.
 *
 * An error is about imgval and its surroundings (a bad option, an unwritable output, a locked
 * store), never about the submission: what is wrong with the input is a fault (model/fault.h).
 *
 * The contract of every function with a `struct iv_error *err`: it returns false, and then err is
 * set exactly once and no ret_ argument was touched; or it returns true and err is untouched.
 * The struct belongs to the caller and allocates nothing. Names from outside stand in the text as
 * they are: only the commands print errors, escaped.
 */
#ifndef IMGVAL_BASE_ERROR_H
#define IMGVAL_BASE_ERROR_H

#include "imgval/base/attr.h"

#include <stdbool.h>

enum iv_error_code {
    IV_ERROR_NONE = 0,
    IV_ERROR_USAGE,     /* the command line or a policy file is wrong: exit status 2 */
    IV_ERROR_NO_INPUT,  /* a path that was named does not exist: exit status 2 */
    IV_ERROR_SYSTEM,    /* the operating system refused: disk, memory, permission: exit status 4 */
    IV_ERROR_STORE,     /* the baseline store cannot be used: locked, damaged, foreign: 4 */
    IV_ERROR_NEWER,     /* the baseline store was written by a newer imgval: 4 */
    IV_ERROR_ABSENT,    /* there is no baseline store, or not the thing asked for */
    IV_ERROR_AGAIN,     /* another process made the baseline store meanwhile: do it again, else 4 */
    IV_ERROR_HALF_READ, /* not decided, as not all of the input could be read: exit status 3 */
    IV_ERROR_REFUSED,   /* a rule of the baseline store forbids it: exit status 1 */
    IV_ERROR_INVALID,   /* data handed to a reader of ours (JSON, list) is malformed: 2 */
};

struct iv_error {
    enum iv_error_code code;
    char text[1024]; /* one line, no newline; long text is cut */
};

/* Sets err and returns false, so that callers can write `return iv_error_set(...)`. */
bool iv_error_set(struct iv_error *err, enum iv_error_code code, const char *fmt, ...)
    IV_PRINTF(3, 4);

/* As iv_error_set() with IV_ERROR_SYSTEM; ": " and the text of errno are added. */
bool iv_error_errno(struct iv_error *err, const char *fmt, ...) IV_PRINTF(2, 3);

/* What an errno means, in words that are the same on every system and in every locale. */
const char *iv_errno_text(int number);

/* errno of a path from the command line that could not be opened: IV_ERROR_NO_INPUT for ENOENT;
 * for any other one nobody knows what is there, and it is IV_ERROR_SYSTEM. */
bool iv_error_open(struct iv_error *err, const char *path);

/* Puts context in front: "CONTEXT: old text". Returns false. */
bool iv_error_add(struct iv_error *err, const char *fmt, ...) IV_PRINTF(2, 3);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time: it needs to know that these return false. */
#define iv_error_set(...) ((void)iv_error_set(__VA_ARGS__), false)
#define iv_error_errno(...) ((void)iv_error_errno(__VA_ARGS__), false)
#define iv_error_open(...) ((void)iv_error_open(__VA_ARGS__), false)
#define iv_error_add(...) ((void)iv_error_add(__VA_ARGS__), false)
#endif

#endif
