/*
 * A file that appears under its name only when it is whole (newfile.h), on Windows.
 *
 * Locks are mandatory here: what one handle has locked, no other may write, SQLite's included. So
 * the byte that says "it has a maker" lies far beyond any that a file could have. And SQLite opens
 * no file that somebody may delete, so the right to do that is not asked for.
 *
 * Publishing: FlushFileBuffers(), then a move with MOVEFILE_WRITE_THROUGH that replaces nothing.
 * Maker and cleaner race as on other systems: the maker looks whether its file is still there once
 * it has the lock.
 */
#include "imgval/base/newfile.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/entropy.h"
#include "imgval/base/windows/native.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define MARK ".new-"
#define DIGITS 16
#define ATTEMPTS 100
#define LOCK_LOW 0
#define LOCK_HIGH 0x7fffffff

struct iv_newfile {
    char *path; /* the name that it is to have */
    char *name; /* the temporary one; NULL when it is gone */
    HANDLE handle;
};

static bool lock(HANDLE handle)
{
    OVERLAPPED place = {.Offset = LOCK_LOW, .OffsetHigh = LOCK_HIGH};
    return LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                      &place) != 0;
}

/* ---- making ---- */

/* All directories above `path`. */
static bool make_directories(const char *path, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    if (wide == NULL) {
        return iv_error_errno(err, "%s: cannot be made", path);
    }
    size_t length = wcslen(wide);
    wchar_t *copy = IV_NEW_ARRAY(&arena, wchar_t, length + 1);
    memcpy(copy, wide, length * sizeof(*copy));
    /* From below: the first that is there has all those above it. */
    size_t at = length;
    while (at > 0 && GetFileAttributesW(copy) == INVALID_FILE_ATTRIBUTES) {
        while (at > 0 && copy[--at] != L'\\') {
        }
        copy[at] = L'\0';
    }
    for (;;) {
        copy[at] = wide[at];
        do {
            at++;
        } while (at < length && wide[at] != L'\\');
        if (at >= length) {
            return true;
        }
        copy[at] = L'\0';
        if (!CreateDirectoryW(copy, NULL) && GetLastError() != ERROR_ALREADY_EXISTS) {
            iv_win_set_errno();
            return iv_error_errno(err, "%s: cannot make the directory",
                                  iv_win_text(copy, at, &arena));
        }
    }
}

/* The new file with its lock; INVALID_HANDLE_VALUE with errno, EEXIST when another name may do. */
static HANDLE make_locked(const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(name, &arena);
    HANDLE handle IV_CLEANUP(iv_win_close) =
        wide == NULL ? INVALID_HANDLE_VALUE
                     : CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, SHARE_ALL, NULL, CREATE_NEW,
                                   FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        if (wide != NULL) {
            iv_win_set_errno();
        }
        return INVALID_HANDLE_VALUE;
    }
    FILE_STANDARD_INFO info;
    bool is_lost = (!lock(handle) && GetLastError() == ERROR_LOCK_VIOLATION) ||
                   !GetFileInformationByHandleEx(handle, FileStandardInfo, &info, sizeof(info)) ||
                   info.DeletePending;
    if (is_lost) {
        errno = EEXIST;
        return INVALID_HANDLE_VALUE;
    }
    HANDLE made = handle;
    handle = INVALID_HANDLE_VALUE;
    return made;
}

/* Fills in name and handle. Only EEXIST, a name in use or lost to a cleaner, is tried again. */
static bool make_temporary(struct iv_newfile *file, struct iv_error *err)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    errno = EEXIST;
    for (unsigned attempt = 0;
         file->handle == INVALID_HANDLE_VALUE && errno == EEXIST && attempt < ATTEMPTS; attempt++) {
        uint64_t random = 0;
        if (!iv_entropy(&random, sizeof(random))) {
            return iv_error_errno(err, "%s: no random number", file->path);
        }
        iv_buf_clear(&name);
        iv_buf_printf(&name, "%s" MARK "%016" PRIx64, file->path, random);
        file->handle = make_locked(iv_buf_text(&name));
    }
    if (file->handle == INVALID_HANDLE_VALUE) {
        return iv_error_errno(err, "%s: cannot be made", file->path);
    }
    file->name = iv_strdup(iv_buf_text(&name));
    return true;
}

bool iv_newfile_open(const char *path, struct iv_newfile **ret_file, struct iv_error *err)
{
    struct iv_newfile *file IV_CLEANUP(iv_newfile_close) = iv_malloc(sizeof(*file));
    *file = (struct iv_newfile){.path = iv_strdup(path), .handle = INVALID_HANDLE_VALUE};
    if (!make_directories(path, err) || !make_temporary(file, err)) {
        return false;
    }
    *ret_file = file;
    file = NULL;
    return true;
}

const char *iv_newfile_name(const struct iv_newfile *file)
{
    return file->name;
}

static void remove_name(const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(name, &arena);
    if (wide != NULL) {
        DeleteFileW(wide);
    }
}

void iv_newfile_close(struct iv_newfile **file)
{
    if (*file != NULL) {
        if ((*file)->name != NULL) {
            remove_name((*file)->name);
        }
        iv_win_close(&(*file)->handle); /* after the removal: the lock says that it has a maker */
        free((*file)->name);
        free((*file)->path);
        free(*file);
        *file = NULL;
    }
}

bool iv_newfile_has_no_locks(const char *path)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    HANDLE handle IV_CLEANUP(iv_win_close) =
        wide == NULL ? INVALID_HANDLE_VALUE
                     : CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE || lock(handle) || GetLastError() == ERROR_LOCK_VIOLATION) {
        return false;
    }
    iv_win_set_errno();
    return errno == ENOSYS || errno == EINVAL;
}

/* ---- publishing ---- */

bool iv_newfile_publish(struct iv_newfile *file, bool *ret_published, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *from = iv_win_path(file->name, &arena);
    const wchar_t *to = iv_win_path(file->path, &arena);
    if (from == NULL || to == NULL) {
        return iv_error_errno(err, "%s: cannot be made", file->path);
    }
    if (!FlushFileBuffers(file->handle)) {
        iv_win_set_errno();
        return iv_error_errno(err, "%s: cannot be written", file->path);
    }
    bool is_published = MoveFileExW(from, to, MOVEFILE_WRITE_THROUGH) != 0;
    if (!is_published) {
        iv_win_set_errno();
    }
    if (!is_published && errno != EEXIST) {
        return iv_error_errno(err, "%s: cannot be made", file->path);
    }
    if (is_published) {
        free(file->name);
        file->name = NULL;
    }
    *ret_published = is_published;
    return true;
}

/* ---- leftovers ---- */

/* Whether an entry is "BASE.new-" and 16 hex digits, to the letter: nothing else is ever
 * deleted. */
static bool is_temporary(const char *name, const char *base)
{
    size_t length = strlen(base);
    if (strncmp(name, base, length) != 0 || strncmp(name + length, MARK, strlen(MARK)) != 0) {
        return false;
    }
    const char *digits = name + length + strlen(MARK);
    return strspn(digits, "0123456789abcdef") == DIGITS && digits[DIGITS] == '\0';
}

/* Others may write to the directory: no link is followed. */
static void remove_leftover(const wchar_t *path)
{
    struct iv_status status;
    HANDLE handle IV_CLEANUP(iv_win_close) =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING,
                    FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle != INVALID_HANDLE_VALUE && iv_win_status(handle, &status) &&
        status.type == IV_FILE_REGULAR && lock(handle)) {
        DeleteFileW(path);
    }
}

void iv_newfile_clean(const char *path)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const wchar_t *pattern = iv_win_path(iv_arena_printf(&arena, "%s" MARK "x", path), &arena);
    WIN32_FIND_DATAW found;
    if (pattern == NULL) {
        return;
    }
    wchar_t *star = wcsrchr(pattern, L'x');
    *star = L'*';
    HANDLE search =
        FindFirstFileExW(pattern, FindExInfoBasic, &found, FindExSearchNameMatch, NULL, 0);
    if (search == INVALID_HANDLE_VALUE) {
        return;
    }
    do {
        const char *name = iv_win_text(found.cFileName, wcslen(found.cFileName), &arena);
        const wchar_t *whole =
            iv_win_path(iv_arena_printf(&arena, "%.*s%s", (int)(base - path), path, name), &arena);
        if (whole != NULL && is_temporary(name, base)) {
            remove_leftover(whole);
        }
    } while (FindNextFileW(search, &found));
    FindClose(search);
}
