/*
 * native.h: between the terms of the headers of base/ and those of Windows: paths as UTF-8 and as
 * UTF-16, numbers of open files and handles, errno and error codes. For the files of this folder.
 *
 * A name that is not valid UTF-16 has a surrogate without its partner. It becomes the three bytes
 * that UTF-8 would have for it, which no valid UTF-8 has; so it comes out as it was, and reports
 * show it as they show invalid UTF-8.
 */
#ifndef IMGVAL_BASE_WINDOWS_NATIVE_H
#define IMGVAL_BASE_WINDOWS_NATIVE_H

#include "imgval/base/arena.h"
#include "imgval/base/file.h"

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

/* Text of so many bytes or units, in the arena, with a NUL. */
wchar_t *iv_win_wide(const char *text, size_t size, struct iv_arena *arena, size_t *ret_length);
char *iv_win_text(const wchar_t *wide, size_t length, struct iv_arena *arena);

/* What kind of thing a path names before anybody looks. */
enum iv_win_kind {
    IV_WIN_FILE,
    IV_WIN_NUL,    /* the device that takes everything */
    IV_WIN_DEVICE, /* another one, as COM1, CON: never opened */
};
enum iv_win_kind iv_win_kind(const char *path);

/* The path as Windows takes it, whole and of any length. NULL with errno set: it is empty, or names
 * a device. */
wchar_t *iv_win_path(const char *path, struct iv_arena *arena);

/* The words of a command line, as the C library of Windows parts them. */
char **iv_win_words(const wchar_t *line, int *ret_count, struct iv_arena *arena);

/* Sets errno from GetLastError(), or from the status of a call of the kernel. */
void iv_win_set_errno(void);
void iv_win_set_errno_of(LONG status);

HANDLE iv_win_handle(int fd);
/* Takes the handle over. -1 with errno set; then it is closed. */
int iv_win_fd(HANDLE handle);
void iv_win_close(HANDLE *handle); /* for IV_CLEANUP; INVALID_HANDLE_VALUE and NULL are none */

/* What an open file is. False with errno set. */
bool iv_win_status(HANDLE handle, struct iv_status *ret_status);
/* With owner and others_may_write, which take longer. */
bool iv_win_status_whole(HANDLE handle, struct iv_status *ret_status);

/* What is opened to do what with it. */
enum iv_win_want {
    IV_WIN_WANT_STATUS, /* to see what it is */
    IV_WIN_WANT_FILE,   /* to read it, whatever it is */
    IV_WIN_WANT_NAMES,  /* a directory, to list it */
    IV_WIN_WANT_FOLDER, /* and to open something beneath it */
};

/*
 * Opens `path`, of parts joined with '/', beneath a directory, each part as a plain name: NUL is a
 * file there, and a name with a backslash or colon is none. No part may be a link but the last,
 * which is opened itself, or with `follows` what it leads to. INVALID_HANDLE_VALUE with errno set.
 */
HANDLE iv_win_open_beneath(HANDLE directory, const char *path, enum iv_win_want want, bool follows);

#endif
