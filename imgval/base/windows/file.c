/*
 * Files and directories that nobody here made, on Windows.
 *
 * What the user named is opened by its whole path, through links; what lies in a submission is
 * opened beneath its directory, through none (native.h), and by a reader's parent, where a reader
 * may open nothing itself (opening.h). Nothing is locked against other programs:
 * every open shares all. A program that shares nothing is in the way, and that is said.
 */
#include "imgval/base/file.h"

#include "imgval/base/windows/native.h"
#include "imgval/base/windows/opening.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <winternl.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define READ_MAX ((size_t)1 << 30)
#define FOLDER_SIZE 65536

void iv_fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        _close(*fd);
        errno = saved;
        *fd = -1;
    }
}

/* ---- opening ---- */

int iv_file_open(const char *path, struct iv_status *ret_status)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    if (wide == NULL) {
        return -1;
    }
    HANDLE handle IV_CLEANUP(iv_win_close) = CreateFileW(
        wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
        return -1;
    }
    if (!iv_win_status_whole(handle, ret_status)) {
        return -1;
    }
    HANDLE opened = handle;
    handle = INVALID_HANDLE_VALUE;
    return iv_win_fd(opened);
}

int iv_file_open_whole(const char *path)
{
    struct iv_status status;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &status);
    if (fd < 0 || status.type == IV_FILE_DIRECTORY) {
        errno = fd < 0 ? errno : EISDIR;
        return -1;
    }
    int opened = fd;
    fd = -1;
    return opened;
}

FILE *iv_file_open_stream(const char *path)
{
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open_whole(path);
    FILE *stream = fd < 0 ? NULL : _fdopen(fd, "rb");
    if (stream != NULL) {
        fd = -1; /* it is the stream's now */
    }
    return stream;
}

int iv_file_open_at(int dirfd, const char *path, enum iv_file_type *ret_type, uint64_t *ret_size)
{
    struct iv_status status;
    HANDLE handle IV_CLEANUP(iv_win_close) =
        iv_win_reach(iv_win_handle(dirfd), path, IV_WIN_WANT_FILE);
    if (handle == INVALID_HANDLE_VALUE) {
        if (errno == ELOOP) {
            *ret_type = IV_FILE_LINK;
        }
        return -1;
    }
    if (!iv_win_status(handle, &status)) {
        return -1;
    }
    *ret_type = status.type;
    if (status.type != IV_FILE_REGULAR) {
        errno = status.type == IV_FILE_LINK ? ELOOP : EINVAL;
        return -1;
    }
    *ret_size = status.size;
    HANDLE opened = handle;
    handle = INVALID_HANDLE_VALUE;
    return iv_win_fd(opened);
}

int iv_file_open_folder(int dirfd, const char *path)
{
    struct iv_status status;
    HANDLE handle IV_CLEANUP(iv_win_close) =
        iv_win_reach(iv_win_handle(dirfd), path, IV_WIN_WANT_FOLDER);
    if (handle == INVALID_HANDLE_VALUE || !iv_win_status(handle, &status)) {
        return -1;
    }
    if (status.type != IV_FILE_DIRECTORY) {
        errno = status.type == IV_FILE_LINK ? ELOOP : ENOTDIR;
        return -1;
    }
    HANDLE opened = handle;
    handle = INVALID_HANDLE_VALUE;
    return iv_win_fd(opened);
}

int iv_file_duplicate(int fd)
{
    HANDLE self = GetCurrentProcess();
    HANDLE copy;
    if (!DuplicateHandle(self, iv_win_handle(fd), self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
        iv_win_set_errno();
        return -1;
    }
    return iv_win_fd(copy);
}

bool iv_file_status(int fd, struct iv_status *ret_status)
{
    return iv_win_status(iv_win_handle(fd), ret_status);
}

/* ---- reading ---- */

/* -1 with errno set. */
static int64_t read_at(HANDLE handle, char *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        size_t wanted = size - done < READ_MAX ? size - done : READ_MAX;
        uint64_t at;
        DWORD got = 0;
        if (__builtin_add_overflow(offset, done, &at) || at > INT64_MAX - wanted) {
            break; /* no file reaches so far */
        }
        OVERLAPPED place = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
        if (!ReadFile(handle, bytes + done, (DWORD)wanted, &got, &place) &&
            GetLastError() != ERROR_HANDLE_EOF) {
            iv_win_set_errno();
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += got;
    }
    return (int64_t)done;
}

/* A read at a place also moves the place at which iv_file_read_on() goes on: it is put back. */
int64_t iv_file_read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
    HANDLE handle = iv_win_handle(fd);
    if (handle == INVALID_HANDLE_VALUE) {
        errno = EBADF;
        return -1;
    }
    int64_t before = iv_file_place(fd);
    int64_t got = read_at(handle, bytes, size, offset);
    int saved = errno;
    if (before >= 0) {
        (void)iv_file_go_to(fd, before);
    }
    errno = saved;
    return got;
}

int64_t iv_file_read_on(int fd, void *bytes, size_t size)
{
    DWORD got = 0;
    DWORD wanted = (DWORD)(size < READ_MAX ? size : READ_MAX);
    if (!ReadFile(iv_win_handle(fd), bytes, wanted, &got, NULL) &&
        GetLastError() != ERROR_HANDLE_EOF && GetLastError() != ERROR_BROKEN_PIPE) {
        iv_win_set_errno();
        return -1;
    }
    return got;
}

int64_t iv_file_place(int fd)
{
    LARGE_INTEGER place;
    HANDLE handle = iv_win_handle(fd);
    return GetFileType(handle) == FILE_TYPE_DISK &&
                   SetFilePointerEx(handle, (LARGE_INTEGER){.QuadPart = 0}, &place, FILE_CURRENT)
               ? place.QuadPart
               : -1;
}

bool iv_file_go_to(int fd, int64_t place)
{
    if (!SetFilePointerEx(iv_win_handle(fd), (LARGE_INTEGER){.QuadPart = place}, NULL,
                          FILE_BEGIN)) {
        iv_win_set_errno();
        return false;
    }
    return true;
}

/* ---- as memory ---- */

const void *iv_file_map(int fd, size_t size)
{
    HANDLE section IV_CLEANUP(iv_win_close) =
        CreateFileMappingW(iv_win_handle(fd), NULL, PAGE_READONLY, 0, 0, NULL);
    return section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_READ, 0, 0, size);
}

void iv_file_unmap(const void *map, size_t size)
{
    (void)size;
    UnmapViewOfFile(map);
}

/* Unlocking what is not locked takes it out of the memory of this process. */
void iv_file_forget(const void *map, size_t size)
{
    (void)VirtualUnlock((void *)(uintptr_t)map, size);
}

/* Windows reads ahead by itself, and takes no such advice of an open file. */
void iv_file_expect_soon(int fd, uint64_t size)
{
    (void)fd;
    (void)size;
}

void iv_file_expect_jumps(int fd)
{
    (void)fd;
}

/* ---- making ---- */

bool iv_file_make_folder(const char *path)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    if (wide == NULL) {
        return false;
    }
    if (CreateDirectoryW(wide, NULL) || GetLastError() == ERROR_ALREADY_EXISTS) {
        return true;
    }
    iv_win_set_errno();
    return false;
}

FILE *iv_file_make_at(int dirfd, const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    size_t length;
    wchar_t *wide = iv_win_wide(name, strlen(name), &arena, &length);
    UNICODE_STRING text = {.Buffer = wide,
                           .Length = (USHORT)(length * sizeof(*wide)),
                           .MaximumLength = (USHORT)(length * sizeof(*wide))};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block;
    HANDLE handle;
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, iv_win_handle(dirfd),
                               NULL);
    NTSTATUS status = NtCreateFile(&handle, FILE_GENERIC_WRITE, &attributes, &block, NULL,
                                   FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_CREATE,
                                   FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (status < 0) {
        iv_win_set_errno_of(status);
        return NULL;
    }
    int fd IV_CLEANUP(iv_fd_close) =
        _open_osfhandle((intptr_t)handle, _O_WRONLY | _O_BINARY | _O_NOINHERIT);
    FILE *stream = fd < 0 ? NULL : _fdopen(fd, "wb");
    if (stream != NULL) {
        fd = -1; /* it is the stream's now */
    }
    return stream;
}

/* ---- directories ---- */

struct iv_folder {
    HANDLE handle;
    struct iv_arena names;
    bool has_begun;
    FILE_FULL_DIR_INFO *next; /* NULL: the bytes are used up */
    union {
        FILE_FULL_DIR_INFO first;
        unsigned char bytes[FOLDER_SIZE];
    } room;
};

void iv_folder_close(struct iv_folder **folder)
{
    if (*folder != NULL) {
        int saved = errno;
        CloseHandle((*folder)->handle);
        iv_arena_fini(&(*folder)->names);
        free(*folder);
        *folder = NULL;
        errno = saved;
    }
}

struct iv_folder *iv_folder_open(int dirfd, const char *path)
{
    struct iv_status status;
    HANDLE handle IV_CLEANUP(iv_win_close) =
        iv_win_reach(iv_win_handle(dirfd), path, IV_WIN_WANT_NAMES);
    if (handle == INVALID_HANDLE_VALUE || !iv_win_status(handle, &status)) {
        return NULL;
    }
    if (status.type == IV_FILE_LINK) {
        errno = ELOOP;
        return NULL;
    }
    struct iv_folder *folder = iv_malloc(sizeof(*folder));
    *folder = (struct iv_folder){.handle = handle};
    handle = INVALID_HANDLE_VALUE;
    return folder;
}

/* The next entries, as many as there is room for. */
static enum iv_folder_step fill(struct iv_folder *folder)
{
    FILE_INFO_BY_HANDLE_CLASS how =
        folder->has_begun ? FileFullDirectoryInfo : FileFullDirectoryRestartInfo;
    folder->has_begun = true;
    if (GetFileInformationByHandleEx(folder->handle, how, &folder->room, sizeof(folder->room))) {
        folder->next = &folder->room.first;
        return IV_FOLDER_ENTRY;
    }
    if (GetLastError() == ERROR_NO_MORE_FILES || GetLastError() == ERROR_FILE_NOT_FOUND) {
        return IV_FOLDER_END;
    }
    iv_win_set_errno();
    return IV_FOLDER_TROUBLE;
}

static enum iv_file_type type_of_entry(const FILE_FULL_DIR_INFO *entry)
{
    /* Of a reparse point this is its tag. */
    if ((entry->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
        IsReparseTagNameSurrogate(entry->EaSize)) {
        return IV_FILE_LINK;
    }
    return (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? IV_FILE_DIRECTORY
                                                                   : IV_FILE_REGULAR;
}

static bool is_dots(const FILE_FULL_DIR_INFO *entry, size_t length)
{
    return entry->FileName[0] == L'.' &&
           (length == 1 || (length == 2 && entry->FileName[1] == L'.'));
}

enum iv_folder_step iv_folder_next(struct iv_folder *folder, const char **ret_name,
                                   enum iv_file_type *ret_type)
{
    for (;;) {
        if (folder->next == NULL) {
            enum iv_folder_step step = fill(folder);
            if (step != IV_FOLDER_ENTRY) {
                return step;
            }
        }
        const FILE_FULL_DIR_INFO *entry = folder->next;
        folder->next =
            entry->NextEntryOffset == 0
                ? NULL
                : (FILE_FULL_DIR_INFO *)((unsigned char *)folder->next + entry->NextEntryOffset);
        size_t length = entry->FileNameLength / sizeof(wchar_t);
        if (is_dots(entry, length)) {
            continue;
        }
        iv_arena_fini(&folder->names);
        *ret_name = iv_win_text(entry->FileName, length, &folder->names);
        *ret_type = type_of_entry(entry);
        return IV_FOLDER_ENTRY;
    }
}
