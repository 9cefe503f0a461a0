/*
 * A program on Windows: arguments and environment are UTF-16 and come out as UTF-8, the streams
 * pass bytes on as they are, and the console takes them for UTF-8.
 */
#include "imgval/base/program.h"

#include "imgval/base/error.h"
#include "imgval/base/windows/native.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define STREAM_SIZE 65536

/* A stream that is closed would be given to the next file opened: a report or the store could then
 * be written over by a message. */
static void hold_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (_get_osfhandle(fd) == -1 || _get_osfhandle(fd) == -2) {
            int opened = _open("NUL", _O_RDONLY | _O_BINARY);
            if (opened >= 0 && opened != fd) {
                _dup2(opened, fd);
                _close(opened);
            }
        }
        (void)_setmode(fd, _O_BINARY);
    }
}

/* ---- the command line ---- */

static bool is_blank(wchar_t unit)
{
    return unit == L' ' || unit == L'\t';
}

/*
 * The next word, without the quotes that hold it together. Backslashes mean themselves unless a
 * quote comes after them: then two stand for one, and one that is left over makes the quote mean
 * itself, as does a quote after a quote inside of quotes. The first word is a path: in it a
 * backslash means itself.
 */
static const wchar_t *next_word(const wchar_t *at, bool is_first, wchar_t *word, size_t *ret_length)
{
    size_t length = 0;
    bool is_quoted = false;
    while (*at != L'\0' && (is_quoted || !is_blank(*at))) {
        size_t slashes = is_first ? 0 : wcsspn(at, L"\\");
        bool is_before_quote = at[slashes] == L'"';
        for (size_t i = 0; i < (is_before_quote ? slashes / 2 : slashes); i++) {
            word[length++] = L'\\';
        }
        at += slashes;
        if (!is_before_quote) {
            if (slashes == 0) {
                word[length++] = *at++;
            }
            continue;
        }
        bool is_doubled = is_quoted && !is_first && at[1] == L'"';
        if (slashes % 2 == 1 || is_doubled) {
            word[length++] = L'"';
            at += slashes % 2 == 1 ? 1 : 2;
        } else {
            is_quoted = !is_quoted;
            at++;
        }
    }
    *ret_length = length;
    return at;
}

char **iv_win_words(const wchar_t *line, int *ret_count, struct iv_arena *arena)
{
    /* A word and the blank after it take two units at least. */
    size_t size = wcslen(line) + 1;
    char **words = IV_NEW_ARRAY(arena, char *, size / 2 + 2);
    wchar_t *word = IV_NEW_ARRAY(arena, wchar_t, size);
    int count = 0;
    for (const wchar_t *at = line; *at != L'\0' || count == 0;) {
        size_t length;
        at = next_word(at, count == 0, word, &length);
        words[count++] = iv_win_text(word, length, arena);
        while (is_blank(*at)) {
            at++;
        }
    }
    *ret_count = count;
    return words;
}

/* ---- beginning ---- */

struct iv_program iv_program_begin(int *argc, char ***argv, struct iv_arena *arena)
{
    struct iv_program program = {.console = GetConsoleOutputCP()};
    *argv = iv_win_words(GetCommandLineW(), argc, arena);
    hold_streams();
    /* A drive without a disk, or a reader that dies, is an error for us and no window for the user.
     * Readers inherit that. */
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    /* A console is slow for each call, and a character must not be cut between two of them. */
    (void)setvbuf(stdout, NULL, _IOFBF, STREAM_SIZE);
    if (program.console != 0) {
        (void)SetConsoleOutputCP(CP_UTF8);
    }
    return program;
}

void iv_program_end(const struct iv_program *program)
{
    (void)fflush(stdout);
    if (program->console != 0) {
        (void)SetConsoleOutputCP(program->console);
    }
}

/*
 * What libcrypto would call to show a fatal error in a window, of a service that has no standard
 * error. There is always one here (hold_streams()), so it never does; and without these names the
 * program needs nothing of windows, whose calls of the kernel a reader is then refused (process.c).
 */
static int WINAPI show_nothing(void)
{
    return 0;
}
typedef int(WINAPI *window_fn)(void);
window_fn const __imp_MessageBoxW = show_nothing;
window_fn const __imp_GetProcessWindowStation = show_nothing;
window_fn const __imp_GetUserObjectInformationW = show_nothing;

/* ---- the environment ---- */

const char *iv_program_path_variable(const char *name, struct iv_arena *arena)
{
    const wchar_t *wide = iv_win_wide(name, strlen(name), arena, NULL);
    DWORD room = GetEnvironmentVariableW(wide, NULL, 0);
    wchar_t *value = IV_NEW_ARRAY(arena, wchar_t, room + 1);
    DWORD got = room == 0 ? 0 : GetEnvironmentVariableW(wide, value, room);
    return got == 0 || got >= room ? NULL : iv_program_path(iv_win_text(value, got, arena), arena);
}

static bool is_drive(const char *path)
{
    return ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) &&
           path[1] == ':';
}

/* A drive alone, or with a name right after it, means the folder that is current there: "C:x" is
 * "C:./x", so that all that comes after the last '/' is a name, and "C:" is free to be the top. */
const char *iv_program_path(const char *path, struct iv_arena *arena)
{
    bool is_current = is_drive(path) && path[2] != '/' && path[2] != '\\';
    char *copy =
        is_current ? iv_arena_printf(arena, "%.2s.%s%s", path, path[2] == '\0' ? "" : "/", path + 2)
                   : iv_arena_strdup(arena, path);
    for (char *at = copy; *at != '\0'; at++) {
        *at = *at == '\\' ? '/' : *at;
    }
    return copy;
}

/* The end of so many parts, and of the slash after them. */
static size_t skip_parts(const char *path, size_t at, unsigned count)
{
    for (; count > 0; count--) {
        at += strcspn(path + at, "/");
        at += path[at] == '/' ? 1 : 0;
    }
    return at;
}

size_t iv_program_path_root(const char *path)
{
    if (strncmp(path, "//?/UNC/", 8) == 0) {
        return skip_parts(path, 8, 2);
    }
    if (strncmp(path, "//?/", 4) == 0) {
        return skip_parts(path, 4, 1);
    }
    if (strncmp(path, "//", 2) == 0) {
        return skip_parts(path, 2, 2);
    }
    if (is_drive(path)) {
        return path[2] == '/' ? 3 : 2;
    }
    return path[0] == '/' ? 1 : 0;
}

const char *iv_program_library_path(const char *path, struct iv_arena *arena)
{
    const wchar_t *wide = iv_win_path(path, arena);
    return wide == NULL ? NULL : iv_win_text(wide, wcslen(wide), arena);
}

int iv_program_library_errno(int number)
{
    SetLastError((DWORD)number);
    iv_win_set_errno();
    return errno;
}

const char *iv_program_locale(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < IV_COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return "C.UTF-8";
}

const char *iv_program_data_folder(struct iv_arena *arena, const char **ret_reason)
{
    const char *folder = iv_program_path_variable("LOCALAPPDATA", arena);
    if (folder == NULL) {
        *ret_reason = "LOCALAPPDATA is not set";
    }
    return folder;
}

/* The words of other systems, where they have them: a report says the same everywhere. */
const char *iv_errno_text(int number)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
        {0, "Success"},
        {EACCES, "Permission denied"},
        {EBADF, "Bad file descriptor"},
        {EBUSY, "another program has it open and shares it with none"},
        {EEXIST, "File exists"},
        {EFBIG, "File too large"},
        {EINVAL, "Invalid argument"},
        {EIO, "Input/output error"},
        {EISDIR, "Is a directory"},
        {ELOOP, "Too many levels of symbolic links"},
        {EMFILE, "Too many open files"},
        {ENAMETOOLONG, "File name too long"},
        {ENOENT, "No such file or directory"},
        {ENOMEM, "Cannot allocate memory"},
        {ENOSPC, "No space left on device"},
        {ENOSYS, "Function not implemented"},
        {ENOTDIR, "Not a directory"},
        {EPERM, "Operation not permitted"},
        {EPIPE, "Broken pipe"},
        {EROFS, "Read-only file system"},
        {EXDEV, "Invalid cross-device link"},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        if (rows[i].number == number) {
            return rows[i].text;
        }
    }
    return "unknown error";
}
