/*
 * Replacing a file whole, on Windows: a temporary file in the same directory, flushed, then moved
 * over the old one with MOVEFILE_WRITE_THROUGH, which returns when the move is on the disk.
 *
 * A virus scanner or an indexer may have the old file open for a moment, and then it cannot be
 * replaced: that is tried again for a second before it is an error.
 */
#include "imgval/base/file.h"

#include "imgval/base/entropy.h"
#include "imgval/base/windows/native.h"

#include <aclapi.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <wchar.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define NAMES_MAX 16
#define MOVES_MAX 20
#define MOVE_PAUSE_MS 50

/* What a file is to hold: bytes, or whatever a function writes. */
struct content {
    const void *bytes;
    size_t size;
    iv_file_write_fn *write; /* NULL: the bytes */
    const void *context;
};

/* Takes the handle over and writes all of the content, down to the disk. False with errno set. */
static bool write_content(HANDLE handle, const struct content *content)
{
    int fd = _open_osfhandle((intptr_t)handle, _O_WRONLY | _O_BINARY | _O_NOINHERIT);
    FILE *out = fd < 0 ? NULL : _fdopen(fd, "wb");
    if (out == NULL) {
        CloseHandle(handle);
        errno = EMFILE;
        return false;
    }
    errno = 0;
    if (content->write != NULL) {
        content->write(content->context, out);
    } else if (content->size > 0) {
        (void)fwrite(content->bytes, 1, content->size, out);
    }
    bool is_fine = fflush(out) == 0 && ferror(out) == 0;
    int why = errno != 0 ? errno : EIO;
    if (is_fine && GetFileType(handle) == FILE_TYPE_DISK && !FlushFileBuffers(handle)) {
        iv_win_set_errno();
        why = errno;
        is_fine = false;
    }
    is_fine = fclose(out) == 0 && is_fine;
    errno = why;
    return is_fine;
}

/* Makes a new file with a random name beside `target`. */
static HANDLE open_temporary(const wchar_t *target, struct iv_arena *arena, wchar_t **ret_name)
{
    const wchar_t *slash = wcsrchr(target, L'\\');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - target) + 1;
    for (int attempt = 0; attempt < NAMES_MAX; attempt++) {
        unsigned long long number;
        if (!iv_entropy(&number, sizeof(number))) {
            return INVALID_HANDLE_VALUE;
        }
        char tail[32];
        snprintf(tail, sizeof(tail), ".imgval-%016llx.tmp", number);
        size_t length;
        const wchar_t *wide = iv_win_wide(tail, strlen(tail), arena, &length);
        wchar_t *name = IV_NEW_ARRAY(arena, wchar_t, folder + length + 1);
        memcpy(name, target, folder * sizeof(*name));
        memcpy(name + folder, wide, length * sizeof(*name));
        HANDLE handle = CreateFileW(name, GENERIC_WRITE | DELETE, FILE_SHARE_READ, NULL, CREATE_NEW,
                                    FILE_ATTRIBUTE_NORMAL, NULL);
        *ret_name = name;
        if (handle != INVALID_HANDLE_VALUE || GetLastError() != ERROR_FILE_EXISTS) {
            return handle;
        }
    }
    return INVALID_HANDLE_VALUE;
}

/* Who may do what with the old file, may do it with the new one. */
static void copy_rights(const wchar_t *from, const wchar_t *to)
{
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (GetNamedSecurityInfoW((wchar_t *)(uintptr_t)from, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                              NULL, NULL, &list, NULL, &descriptor) == ERROR_SUCCESS) {
        (void)SetNamedSecurityInfoW((wchar_t *)(uintptr_t)to, SE_FILE_OBJECT,
                                    DACL_SECURITY_INFORMATION, NULL, NULL, list, NULL);
        LocalFree(descriptor);
    }
}

/* False with the error of the last attempt. */
static bool move_over(const wchar_t *from, const wchar_t *to)
{
    for (int attempt = 0; attempt < MOVES_MAX; attempt++) {
        if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
            return true;
        }
        DWORD code = GetLastError();
        if (code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED) {
            return false;
        }
        Sleep(MOVE_PAUSE_MS);
        SetLastError(code);
    }
    return false;
}

/* The place of a file that is there, through links; NULL with errno set. */
static wchar_t *resolve(const wchar_t *path, struct iv_arena *arena)
{
    HANDLE handle IV_CLEANUP(iv_win_close) =
        CreateFileW(path, FILE_READ_ATTRIBUTES, SHARE_ALL, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD room = GetFinalPathNameByHandleW(handle, NULL, 0, VOLUME_NAME_DOS);
    wchar_t *place = IV_NEW_ARRAY(arena, wchar_t, room + 1);
    DWORD got = room == 0 ? 0 : GetFinalPathNameByHandleW(handle, place, room, VOLUME_NAME_DOS);
    if (got == 0 || got > room) {
        iv_win_set_errno();
        return NULL;
    }
    return place;
}

/* Whether a file is an SQLite database. */
static bool is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof(magic)] = {0};
    struct iv_status status;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &status);
    return fd >= 0 && iv_file_read_at(fd, head, sizeof(head), 0) == (int64_t)sizeof(head) &&
           memcmp(head, magic, sizeof(magic)) == 0;
}

static bool replace_at(const wchar_t *target, bool exists, const struct content *content,
                       struct iv_arena *arena)
{
    wchar_t *temporary = NULL;
    HANDLE handle = open_temporary(target, arena, &temporary);
    if (handle == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
        return false;
    }
    if (exists) {
        copy_rights(target, temporary);
    }
    bool is_done = write_content(handle, content);
    if (is_done && !move_over(temporary, target)) {
        iv_win_set_errno();
        is_done = false;
    }
    if (!is_done) {
        int saved = errno;
        DeleteFileW(temporary);
        errno = saved;
    }
    return is_done;
}

/* NUL takes everything, and stays what it is. */
static bool write_through(const char *path, const struct content *content, struct iv_error *err)
{
    HANDLE handle =
        CreateFileW(L"\\\\.\\NUL", GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
    }
    return (handle != INVALID_HANDLE_VALUE && write_content(handle, content)) ||
           iv_error_errno(err, "cannot write %s", path);
}

static bool replace(const char *path, const struct content *content, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    if (iv_win_kind(path) == IV_WIN_NUL) {
        return write_through(path, content, err);
    }
    wchar_t *wide = iv_win_path(path, &arena);
    if (wide == NULL) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    DWORD attributes = GetFileAttributesW(wide);
    bool exists = attributes != INVALID_FILE_ATTRIBUTES;
    if (exists && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        errno = EISDIR;
        return iv_error_errno(err, "cannot write %s", path);
    }
    if (exists && is_database(path)) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "cannot write %s: it is a database, such as a baseline store, and no "
                            "report may take its place; name another file",
                            path);
    }
    wchar_t *target = exists ? resolve(wide, &arena) : wide;
    if (target == NULL || !replace_at(target, exists, content, &arena)) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    return true;
}

bool iv_file_replace(const char *path, const void *bytes, size_t size, struct iv_error *err)
{
    return replace(path, &(struct content){.bytes = bytes, .size = size}, err);
}

bool iv_file_replace_with(const char *path, iv_file_write_fn *write, const void *context,
                          struct iv_error *err)
{
    return replace(path, &(struct content){.write = write, .context = context}, err);
}
