/*
 * Questions about the file system with three answers (look.h), on Windows.
 *
 * Whether a link stays inside of a tree is asked of the system: what it leads to is opened, and
 * both it and the directory say where they are.
 */
#include "imgval/base/look.h"

#include "imgval/base/attr.h"
#include "imgval/base/windows/native.h"
#include "imgval/base/windows/opening.h"

#include <errno.h>
#include <wchar.h>
#include <winternl.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static enum iv_look not_found(void)
{
    return errno == ENOENT ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
}

/* flags: FILE_FLAG_OPEN_REPARSE_POINT for a link itself. */
static enum iv_look look(const char *path, DWORD flags, struct iv_status *ret_status)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    if (iv_win_kind(path) != IV_WIN_FILE) {
        *ret_status = (struct iv_status){.type = IV_FILE_OTHER, .what = "a device"};
        return IV_LOOK_FOUND;
    }
    const wchar_t *wide = iv_win_path(path, &arena);
    if (wide == NULL) {
        return not_found();
    }
    HANDLE handle IV_CLEANUP(iv_win_close) =
        CreateFileW(wide, FILE_READ_ATTRIBUTES | READ_CONTROL, SHARE_ALL, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | flags, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
        return not_found();
    }
    return iv_win_status_whole(handle, ret_status) ? IV_LOOK_FOUND : IV_LOOK_TROUBLE;
}

enum iv_look iv_look_at(const char *path, struct iv_status *ret_status)
{
    return look(path, 0, ret_status);
}

enum iv_look iv_look_at_link(const char *path, struct iv_status *ret_status)
{
    return look(path, FILE_FLAG_OPEN_REPARSE_POINT, ret_status);
}

enum iv_look iv_look_beneath(int dirfd, const char *name, struct iv_status *ret_status)
{
    HANDLE handle IV_CLEANUP(iv_win_close) =
        iv_win_reach(iv_win_handle(dirfd), name, IV_WIN_WANT_STATUS);
    if (handle == INVALID_HANDLE_VALUE) {
        return not_found();
    }
    return iv_win_status(handle, ret_status) ? IV_LOOK_FOUND : IV_LOOK_TROUBLE;
}

/* Where an open file is, without its name for people. NULL: nobody says. */
static wchar_t *place_of(HANDLE handle, struct iv_arena *arena)
{
    DWORD room = GetFinalPathNameByHandleW(handle, NULL, 0, VOLUME_NAME_GUID);
    wchar_t *place = IV_NEW_ARRAY(arena, wchar_t, room + 1);
    DWORD got = room == 0 ? 0 : GetFinalPathNameByHandleW(handle, place, room, VOLUME_NAME_GUID);
    return got == 0 || got > room ? NULL : place;
}

enum iv_look iv_look_through(int dirfd, const char *link, struct iv_status *ret_status,
                             bool *ret_is_inside)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    HANDLE root = iv_win_handle(dirfd);
    HANDLE handle IV_CLEANUP(iv_win_close) =
        iv_win_open_beneath(root, link, IV_WIN_WANT_STATUS, true);
    if (handle == INVALID_HANDLE_VALUE) {
        return errno == ELOOP ? IV_LOOK_ABSENT : not_found();
    }
    if (!iv_win_status(handle, ret_status)) {
        return IV_LOOK_TROUBLE;
    }
    /* What is not known to be inside is outside. */
    const wchar_t *top = place_of(root, &arena);
    const wchar_t *place = place_of(handle, &arena);
    size_t size = top == NULL ? 0 : wcslen(top);
    *ret_is_inside = top != NULL && place != NULL && wcsncmp(place, top, size) == 0 &&
                     (place[size] == L'\\' || place[size] == L'\0');
    return IV_LOOK_FOUND;
}

int iv_look_open(const char *path, bool *ret_lists)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    HANDLE handle IV_CLEANUP(iv_win_close) = INVALID_HANDLE_VALUE;
    static const DWORD accesses[] = {FILE_LIST_DIRECTORY | FILE_TRAVERSE, FILE_TRAVERSE};
    *ret_lists = false;
    errno = wide == NULL ? errno : EACCES;
    for (size_t i = 0; wide != NULL && handle == INVALID_HANDLE_VALUE && errno == EACCES &&
                       i < IV_COUNT(accesses);
         i++) {
        handle = CreateFileW(wide, accesses[i] | FILE_READ_ATTRIBUTES | SYNCHRONIZE, SHARE_ALL,
                             NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        *ret_lists = handle != INVALID_HANDLE_VALUE && i == 0;
        if (handle == INVALID_HANDLE_VALUE) {
            iv_win_set_errno();
        }
    }
    struct iv_status status;
    if (handle == INVALID_HANDLE_VALUE || !iv_win_status(handle, &status)) {
        return -1;
    }
    if (status.type != IV_FILE_DIRECTORY) {
        errno = ENOTDIR;
        return -1;
    }
    HANDLE opened = handle;
    handle = INVALID_HANDLE_VALUE;
    return iv_win_fd(opened);
}
