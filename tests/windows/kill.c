/*
 * kill.c: linked into a program, it ends the process at a call that may change a file, as killat.h
 * does on Linux. The environment says which:
 *
 *   IMGVAL_KILL_AT=N     the N-th call is not carried out: the process ends as it makes it. 0: it
 * runs to its end and says how many calls there were IMGVAL_KILL_LATE=1   the call is carried out
 * first; of a write, the first half
 *
 * A program calls the system through a pointer __imp_NAME, or through a jump NAME where it takes
 * the address of a function, as SQLite does. The import library defines both. This file defines
 * them too, and what is in the program goes before what is in a library: every call of our files
 * and of SQLite's comes here first. The functions of the system are then found by name.
 *
 * The C library of Windows has pointers of its own, so what fwrite() writes is not counted. That is
 * the content of a report under its temporary name, which is not the store.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define KILLED 137

/* The system's function of that name. */
#define REAL(name)                                                                                 \
    ((__typeof__(&name))(void (*)(void))GetProcAddress(GetModuleHandleW(L"kernel32.dll"), #name))

/* Defines what a program calls under the name `name` as killed_`name`. */
#define INSTEAD(name, result, ...)                                                                 \
    result WINAPI killed_##name(__VA_ARGS__) __asm__(#name);                                       \
    __typeof__(&name) const pointer_##name __asm__("__imp_" #name) = killed_##name;                \
    result WINAPI killed_##name(__VA_ARGS__)

static volatile LONG count;

static void end(void)
{
    TerminateProcess(GetCurrentProcess(), KILLED);
}

static void print_count(void)
{
    if (count > 0) { /* a reader process has none */
        fprintf(stderr, "calls: %ld\n", count);
    }
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

INSTEAD(WriteFile, BOOL, HANDLE file, LPCVOID bytes, DWORD size, LPDWORD ret_size, LPOVERLAPPED at)
{
    bool last = GetFileType(file) == FILE_TYPE_DISK && is_last();
    return ended_after(REAL(WriteFile)(file, bytes, last ? size / 2 : size, ret_size, at), last);
}

INSTEAD(SetEndOfFile, BOOL, HANDLE file)
{
    bool last = is_last();
    return ended_after(REAL(SetEndOfFile)(file), last);
}

INSTEAD(FlushFileBuffers, BOOL, HANDLE file)
{
    bool last = is_last();
    return ended_after(REAL(FlushFileBuffers)(file), last);
}

INSTEAD(DeleteFileW, BOOL, LPCWSTR path)
{
    bool last = is_last();
    return ended_after(REAL(DeleteFileW)(path), last);
}

INSTEAD(MoveFileExW, BOOL, LPCWSTR from, LPCWSTR to, DWORD flags)
{
    bool last = is_last();
    return ended_after(REAL(MoveFileExW)(from, to, flags), last);
}

INSTEAD(CreateDirectoryW, BOOL, LPCWSTR path, LPSECURITY_ATTRIBUTES rights)
{
    bool last = is_last();
    return ended_after(REAL(CreateDirectoryW)(path, rights), last);
}

INSTEAD(CreateFileW, HANDLE, LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES rights,
        DWORD how, DWORD flags, HANDLE template)
{
    bool last = how != OPEN_EXISTING && is_last();
    HANDLE file = REAL(CreateFileW)(path, access, share, rights, how, flags, template);
    DWORD error = GetLastError(); /* ERROR_ALREADY_EXISTS counts for a file that was opened, too */
    (void)ended_after(TRUE, last);
    SetLastError(error);
    return file;
}
