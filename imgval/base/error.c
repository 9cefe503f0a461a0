/*
 * Errors as text of a fixed size inside the caller's struct: setting one allocates nothing and
 * cannot fail. A text that is too long ends in "...".
 */
#include "imgval/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Macros for the analyzer alone. */
#undef iv_error_set
#undef iv_error_errno
#undef iv_error_open
#undef iv_error_add

/* vsnprintf into err->text with a visible cut. */
static void error_vset(struct iv_error *err, const char *fmt, va_list args) IV_PRINTF(2, 0);

static void error_vset(struct iv_error *err, const char *fmt, va_list args)
{
    int length = vsnprintf(err->text, sizeof(err->text), fmt, args);
    if (length >= (int)sizeof(err->text)) {
        memcpy(err->text + sizeof(err->text) - 4, "...", 4);
    }
}

/* All of these return false, so that failing is one statement: return iv_error_set(...). */
bool iv_error_set(struct iv_error *err, enum iv_error_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    error_vset(err, fmt, args);
    va_end(args);
    err->code = code;
    return false;
}

/* errno is saved first: formatting may change it. */
bool iv_error_errno(struct iv_error *err, const char *fmt, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, fmt);
    error_vset(err, fmt, args);
    va_end(args);
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, ": %s", iv_errno_text(saved));
    err->code = IV_ERROR_SYSTEM;
    return false;
}

/* A file that is not there is the user's mistake, any other failure the machine's: they have
 * different exit statuses. */
bool iv_error_open(struct iv_error *err, const char *path)
{
    bool is_absent = errno == ENOENT;
    iv_error_errno(err, "%s", path);
    err->code = is_absent ? IV_ERROR_NO_INPUT : IV_ERROR_SYSTEM;
    return false;
}

/* Where it happened before what happened: "store.db: disk I/O error". The code stays. */
bool iv_error_add(struct iv_error *err, const char *fmt, ...)
{
    char old[sizeof(err->text)];
    memcpy(old, err->text, sizeof(old));
    va_list args;
    va_start(args, fmt);
    error_vset(err, fmt, args);
    va_end(args);
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
    return false;
}
