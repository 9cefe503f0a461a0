/*
 * calls.c: linked into a program, it counts its calls that may change a file. The environment says
 * what is done with them, as killat.h and record.c do on Linux:
 *
 *   IMGVAL_KILL_AT=N      the N-th call is not carried out: the process ends as it makes it. 0: it
 * runs to its end and says how many calls there were IMGVAL_KILL_LATE=1    the call is carried out
 * first; of a write, the first half IMGVAL_RECORD=LOG     the calls are written down there, in the
 * words of record.c
 *   IMGVAL_RECORD_BELOW   those for files in this folder: a drive and names, with \
 *
 * A program calls the system through a pointer __imp_NAME, or through a jump NAME where it takes
 * the address of a function, as SQLite does. The import library defines both. This file defines
 * them too, and what is in the program goes before what is in a library: every call of our files
 * and of SQLite's comes here first. The functions of the system are then found by name.
 *
 * What is durable, as far as it is known of NTFS, which writes its log of names in one order: a
 * flush of a file, with it the names that were made and removed before; a move that is written
 * through. So a flush and such a move are written down as an fsync of the folder too. A removal
 * alone is not durable.
 *
 * The C library of Windows has pointers of its own, so what fwrite() writes is not counted. That is
 * the content of a report under its temporary name, which is not the store.
 */
#include <windows.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KILLED 137
#define PATH_ROOM 1024

/* The system's function of that name. */
#define REAL(name)                                                                                 \
    ((__typeof__(&name))(void (*)(void))GetProcAddress(GetModuleHandleW(L"kernel32.dll"), #name))

/* Defines what a program calls under the name `name` as our_`name`. */
#define INSTEAD(name, result, ...)                                                                 \
    result WINAPI our_##name(__VA_ARGS__) __asm__(#name);                                          \
    __typeof__(&name) const pointer_##name __asm__("__imp_" #name) = our_##name;                   \
    result WINAPI our_##name(__VA_ARGS__)

/* ---- counting and ending ---- */

static volatile LONG count;

static void end(void)
{
    TerminateProcess(GetCurrentProcess(), KILLED);
}

static void print_count(void)
{
    fprintf(stderr, "calls: %ld\n", count);
}

/* Counts a call; true: the process is to end after it. */
static bool is_last(void)
{
    const char *wanted = getenv("IMGVAL_KILL_AT");
    LONG now = InterlockedIncrement(&count);
    long at = wanted == NULL ? -1 : strtol(wanted, NULL, 10);
    if (at == 0 && now == 1) {
        (void)atexit(print_count);
    }
    if (now != at) {
        return false;
    }
    if (getenv("IMGVAL_KILL_LATE") == NULL) {
        end();
    }
    return true;
}

static BOOL ended_after(BOOL result, bool last)
{
    if (last) {
        end();
    }
    return result;
}

/* ---- writing down ---- */

/* The path below the folder, with /; false: it lies elsewhere, or nothing is written down. */
static bool is_below(const wchar_t *path, char ret_path[PATH_ROOM])
{
    const char *folder = getenv("IMGVAL_RECORD_BELOW");
    wchar_t full[PATH_ROOM];
    char text[PATH_ROOM] = "";
    DWORD length = GetFullPathNameW(path, PATH_ROOM, full, NULL);
    if (folder == NULL || length == 0 || length >= PATH_ROOM) {
        return false;
    }
    const wchar_t *from = wcsncmp(full, L"\\\\?\\", 4) == 0 ? full + 4 : full;
    WideCharToMultiByte(CP_UTF8, 0, from, -1, text, PATH_ROOM, NULL, NULL);
    size_t above = strlen(folder);
    if (strncmp(text, folder, above) != 0 || text[above] != '\\') {
        return false;
    }
    snprintf(ret_path, PATH_ROOM, "%s", text + above + 1);
    for (char *slash = ret_path; (slash = strchr(slash, '\\')) != NULL;) {
        *slash = '/';
    }
    return true;
}

static bool is_file_below(HANDLE file, char ret_path[PATH_ROOM])
{
    wchar_t path[PATH_ROOM];
    DWORD length = GetFinalPathNameByHandleW(file, path, PATH_ROOM, VOLUME_NAME_DOS);
    return length > 0 && length < PATH_ROOM && is_below(path, ret_path);
}

static unsigned long long number_of(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION info = {0};
    GetFileInformationByHandle(file, &info);
    return (unsigned long long)info.nFileIndexHigh << 32 | info.nFileIndexLow;
}

static unsigned long long number_at(const wchar_t *path)
{
    HANDLE file = REAL(CreateFileW)(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    NULL, OPEN_EXISTING, 0, NULL);
    unsigned long long number = number_of(file);
    CloseHandle(file);
    return number;
}

/* One record: a line, and the bytes after it. */
static void record(const void *bytes, size_t size, const char *format, ...)
    __attribute__((format(gnu_printf, 3, 4)));
static void record(const void *bytes, size_t size, const char *format, ...)
{
    const char *name = getenv("IMGVAL_RECORD");
    FILE *log = name == NULL ? NULL : fopen(name, "ab");
    va_list args;
    if (log == NULL) {
        abort();
    }
    va_start(args, format);
    vfprintf(log, format, args);
    va_end(args);
    fwrite(bytes, 1, size, log);
    if (fclose(log) != 0) {
        abort();
    }
}

static void record_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    record("", 0, "folder %.*s\n", slash == NULL ? 1 : (int)(slash - path),
           slash == NULL ? "." : path);
}

static long long place_in(HANDLE file)
{
    LARGE_INTEGER none = {0};
    LARGE_INTEGER place = {0};
    SetFilePointerEx(file, none, &place, FILE_CURRENT);
    return place.QuadPart;
}

/* ---- the calls ---- */

INSTEAD(WriteFile, BOOL, HANDLE file, LPCVOID bytes, DWORD size, LPDWORD ret_size, LPOVERLAPPED at)
{
    char path[PATH_ROOM];
    bool is_disk = GetFileType(file) == FILE_TYPE_DISK;
    bool last = is_disk && is_last();
    if (is_disk && is_file_below(file, path)) {
        long long place =
            at == NULL ? place_in(file) : (long long)at->OffsetHigh << 32 | at->Offset;
        record(bytes, size, "write %llu %lld %lu\n", number_of(file), place, size);
    }
    return ended_after(REAL(WriteFile)(file, bytes, last ? size / 2 : size, ret_size, at), last);
}

INSTEAD(SetEndOfFile, BOOL, HANDLE file)
{
    char path[PATH_ROOM];
    bool last = is_last();
    if (is_file_below(file, path)) {
        record("", 0, "cut %llu %lld\n", number_of(file), place_in(file));
    }
    return ended_after(REAL(SetEndOfFile)(file), last);
}

INSTEAD(FlushFileBuffers, BOOL, HANDLE file)
{
    char path[PATH_ROOM];
    bool last = is_last();
    if (is_file_below(file, path)) {
        record("", 0, "sync %llu\n", number_of(file));
        record_folder(path);
    }
    return ended_after(REAL(FlushFileBuffers)(file), last);
}

INSTEAD(DeleteFileW, BOOL, LPCWSTR name)
{
    char path[PATH_ROOM];
    bool last = is_last();
    BOOL is_done = REAL(DeleteFileW)(name);
    DWORD error = GetLastError();
    if (is_done && is_below(name, path)) {
        record("", 0, "drop %s\n", path);
    }
    SetLastError(error);
    return ended_after(is_done, last);
}

INSTEAD(MoveFileExW, BOOL, LPCWSTR from, LPCWSTR to, DWORD flags)
{
    char old[PATH_ROOM];
    char new[PATH_ROOM];
    bool last = is_last();
    BOOL is_done = REAL(MoveFileExW)(from, to, flags);
    DWORD error = GetLastError();
    if (is_done && is_below(from, old) && is_below(to, new)) {
        record("", 0, "move %llu %s\t%s\n", number_at(to), old, new);
        if ((flags & MOVEFILE_WRITE_THROUGH) != 0) {
            record_folder(new);
        }
    }
    SetLastError(error);
    return ended_after(is_done, last);
}

INSTEAD(CreateDirectoryW, BOOL, LPCWSTR path, LPSECURITY_ATTRIBUTES rights)
{
    bool last = is_last();
    return ended_after(REAL(CreateDirectoryW)(path, rights), last);
}

INSTEAD(CreateFileW, HANDLE, LPCWSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES rights,
        DWORD how, DWORD flags, HANDLE template)
{
    char path[PATH_ROOM];
    bool may_make = how == CREATE_NEW || how == CREATE_ALWAYS || how == OPEN_ALWAYS;
    bool last = how != OPEN_EXISTING && is_last();
    HANDLE file = REAL(CreateFileW)(name, access, share, rights, how, flags, template);
    DWORD error = GetLastError(); /* ERROR_ALREADY_EXISTS counts for a file that was opened, too */
    if (file != INVALID_HANDLE_VALUE && how != OPEN_EXISTING && is_below(name, path)) {
        if (may_make && error != ERROR_ALREADY_EXISTS) {
            record("", 0, "make %llu %s\n", number_of(file), path);
        } else if (how == CREATE_ALWAYS || how == TRUNCATE_EXISTING) {
            record("", 0, "cut %llu 0\n", number_of(file));
        }
    }
    (void)ended_after(TRUE, last);
    SetLastError(error);
    return file;
}
