/*
 * Text, paths, handles and errors of Windows (native.h).
 *
 * Files beneath a directory are opened with NtCreateFile(), the one call that takes a directory as
 * a handle. It knows neither devices nor "..", nor a limit on the length of paths, and has an
 * option to open a link itself: so a path is opened part by part, and no name in a submission
 * means anything but a file of that name.
 */
#include "imgval/base/windows/native.h"

#include "imgval/base/attr.h"
#include "imgval/base/text.h"

#include <aclapi.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

/* ---- text ---- */

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/* The bytes of a surrogate without partner; 0: they are none. */
static size_t lone_surrogate(const char *text, size_t size, uint32_t *ret_unit)
{
    const unsigned char *b = (const unsigned char *)text;
    if (size < 3 || b[0] != 0xED || b[1] < 0xA0 || b[1] > 0xBF || (b[2] & 0xC0) != 0x80) {
        return 0;
    }
    *ret_unit = 0xD000u | (uint32_t)(b[1] & 0x3F) << 6 | (b[2] & 0x3Fu);
    return 3;
}

wchar_t *iv_win_wide(const char *text, size_t size, struct iv_arena *arena, size_t *ret_length)
{
    /* No character has more units than bytes. */
    wchar_t *wide = IV_NEW_ARRAY(arena, wchar_t, size + 1);
    size_t length = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        taken = taken > 0 ? taken : lone_surrogate(text + at, size - at, &code);
        if (taken == 0) {
            code = 0xFFFD; /* no file has that name */
            taken = 1;
        }
        if (code >= 0x10000) {
            wide[length++] = (wchar_t)(0xD800 + ((code - 0x10000) >> 10));
            code = 0xDC00 + ((code - 0x10000) & 0x3FF);
        }
        wide[length++] = (wchar_t)code;
        at += taken;
    }
    if (ret_length != NULL) {
        *ret_length = length;
    }
    return wide;
}

char *iv_win_text(const wchar_t *wide, size_t length, struct iv_arena *arena)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < length; i++) {
        uint32_t code = wide[i];
        if (is_high(code) && i + 1 < length && is_low(wide[i + 1])) {
            code = 0x10000 + ((code - 0xD800) << 10) + (wide[++i] - 0xDC00u);
        }
        if (is_high(code) || is_low(code)) {
            iv_buf_putc(&buf, (char)0xED);
            iv_buf_putc(&buf, (char)(0x80 | ((code >> 6) & 0x3F)));
            iv_buf_putc(&buf, (char)(0x80 | (code & 0x3F)));
        } else {
            iv_utf8_add(&buf, code);
        }
    }
    return iv_arena_strndup(arena, iv_buf_text(&buf), buf.size);
}

/* ---- paths ---- */

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

enum iv_win_kind iv_win_kind(const char *path)
{
    static const char *const plain[] = {"CON", "PRN", "AUX", "CONIN$", "CONOUT$"};
    static const char *const numbered[] = {"COM", "LPT"};
    const char *name = path;
    for (const char *at = path; *at != '\0'; at++) {
        name = is_separator(*at) || (*at == ':' && at == path + 1) ? at + 1 : name;
    }
    /* "NUL.txt" and "NUL " are the device, too. */
    char stem[8] = {0};
    size_t size = strcspn(name, ".: ");
    if (size == 0 || size >= sizeof(stem)) {
        return IV_WIN_FILE;
    }
    memcpy(stem, name, size);
    if (iv_ascii_ieq(stem, "NUL")) {
        return IV_WIN_NUL;
    }
    bool is_device = false;
    for (size_t i = 0; i < IV_COUNT(plain); i++) {
        is_device = is_device || iv_ascii_ieq(stem, plain[i]);
    }
    for (size_t i = 0; i < IV_COUNT(numbered); i++) {
        is_device = is_device || (size == 4 && iv_ascii_iprefix(stem, numbered[i]) &&
                                  stem[3] >= '0' && stem[3] <= '9');
    }
    return is_device ? IV_WIN_DEVICE : IV_WIN_FILE;
}

static wchar_t *join(const wchar_t *front, const wchar_t *back, struct iv_arena *arena)
{
    size_t size = wcslen(front);
    wchar_t *whole = IV_NEW_ARRAY(arena, wchar_t, size + wcslen(back) + 1);
    memcpy(whole, front, size * sizeof(*front));
    memcpy(whole + size, back, wcslen(back) * sizeof(*back));
    return whole;
}

wchar_t *iv_win_path(const char *path, struct iv_arena *arena)
{
    size_t length;
    wchar_t *wide = iv_win_wide(path, strlen(path), arena, &length);
    for (size_t i = 0; i < length; i++) {
        wide[i] = wide[i] == L'/' ? L'\\' : wide[i];
    }
    if (length == 0 || wcsncmp(wide, L"\\\\.\\", 4) == 0) {
        errno = length == 0 ? ENOENT : EINVAL;
        return NULL;
    }
    if (wcsncmp(wide, L"\\\\?\\", 4) == 0) { /* a drive without its top is no folder */
        return length == 6 && wide[5] == L':' ? join(wide, L"\\", arena) : wide;
    }
    if (iv_win_kind(path) != IV_WIN_FILE) {
        errno = EINVAL;
        return NULL;
    }
    if (length == 2 && wide[1] == L':') { /* the top: see iv_program_path() */
        wide = join(wide, L"\\", arena);
    }
    DWORD room = GetFullPathNameW(wide, 0, NULL, NULL);
    wchar_t *full = IV_NEW_ARRAY(arena, wchar_t, room + 1);
    DWORD got = room == 0 ? 0 : GetFullPathNameW(wide, room, full, NULL);
    if (got == 0 || got >= room) {
        iv_win_set_errno();
        return NULL;
    }
    return wcsncmp(full, L"\\\\", 2) == 0 ? join(L"\\\\?\\UNC", full + 1, arena)
                                          : join(L"\\\\?\\", full, arena);
}

/* ---- errors ---- */

void iv_win_set_errno(void)
{
    static const struct {
        DWORD code;
        int number;
    } rows[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},       {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_INVALID_NAME, ENOENT},         {ERROR_BAD_PATHNAME, ENOENT},
        {ERROR_BAD_NETPATH, ENOENT},          {ERROR_BAD_NET_NAME, ENOENT},
        {ERROR_INVALID_DRIVE, ENOENT},        {ERROR_ACCESS_DENIED, EACCES},
        {ERROR_PRIVILEGE_NOT_HELD, EACCES},   {ERROR_WRITE_PROTECT, EROFS},
        {ERROR_SHARING_VIOLATION, EBUSY},     {ERROR_LOCK_VIOLATION, EBUSY},
        {ERROR_DELETE_PENDING, EBUSY},        {ERROR_FILE_EXISTS, EEXIST},
        {ERROR_ALREADY_EXISTS, EEXIST},       {ERROR_DISK_FULL, ENOSPC},
        {ERROR_HANDLE_DISK_FULL, ENOSPC},     {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_OUTOFMEMORY, ENOMEM},          {ERROR_COMMITMENT_LIMIT, ENOMEM},
        {ERROR_NO_SYSTEM_RESOURCES, ENOMEM},  {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
        {ERROR_INVALID_HANDLE, EBADF},        {ERROR_DIRECTORY, ENOTDIR},
        {ERROR_CANT_RESOLVE_FILENAME, ELOOP}, {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
        {ERROR_BROKEN_PIPE, EPIPE},           {ERROR_NO_DATA, EPIPE},
        {ERROR_NOT_SUPPORTED, ENOSYS},        {ERROR_CALL_NOT_IMPLEMENTED, ENOSYS},
        {ERROR_INVALID_PARAMETER, EINVAL},
    };
    DWORD code = GetLastError();
    errno = EIO;
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        errno = rows[i].code == code ? rows[i].number : errno;
    }
}

void iv_win_set_errno_of(LONG status)
{
    SetLastError(RtlNtStatusToDosError(status));
    iv_win_set_errno();
}

/* ---- handles ---- */

HANDLE iv_win_handle(int fd)
{
    /* The C library ends the process when it is asked for a number that is none. */
    return fd < 0 ? INVALID_HANDLE_VALUE : (HANDLE)_get_osfhandle(fd);
}

int iv_win_fd(HANDLE handle)
{
    int fd = _open_osfhandle((intptr_t)handle, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
    if (fd < 0) {
        CloseHandle(handle);
        errno = EMFILE;
    }
    return fd;
}

void iv_win_close(HANDLE *handle)
{
    if (*handle != INVALID_HANDLE_VALUE && *handle != NULL) {
        DWORD code = GetLastError();
        CloseHandle(*handle);
        SetLastError(code);
        *handle = INVALID_HANDLE_VALUE;
    }
}

/* ---- what a file is ---- */

#define TICKS_PER_SECOND 10000000
#define TICKS_TO_1970 INT64_C(116444736000000000) /* from 1601 */

static void set_time(const LARGE_INTEGER *time, int64_t *ret_seconds, uint64_t *ret_ns)
{
    int64_t ticks = time->QuadPart < TICKS_TO_1970 ? 0 : time->QuadPart - TICKS_TO_1970;
    *ret_seconds = ticks / TICKS_PER_SECOND;
    *ret_ns = (uint64_t)(ticks % TICKS_PER_SECOND) * 100;
}

/* Links stand for other names; other reparse points are files that a driver fills in. */
static enum iv_file_type type_of(HANDLE handle, DWORD attributes)
{
    FILE_ATTRIBUTE_TAG_INFO tag = {0};
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
        GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
        IsReparseTagNameSurrogate(tag.ReparseTag)) {
        return IV_FILE_LINK;
    }
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? IV_FILE_DIRECTORY : IV_FILE_REGULAR;
}

bool iv_win_status(HANDLE handle, struct iv_status *ret_status)
{
    BY_HANDLE_FILE_INFORMATION info;
    FILE_BASIC_INFO basic = {0};
    if (handle == INVALID_HANDLE_VALUE || handle == NULL) {
        errno = EBADF;
        return false;
    }
    DWORD type = GetFileType(handle);
    if (type == FILE_TYPE_CHAR || type == FILE_TYPE_PIPE) {
        *ret_status = (struct iv_status){
            .type = IV_FILE_OTHER,
            .what = type == FILE_TYPE_PIPE ? "a pipe" : "a device",
        };
        return true;
    }
    if (!GetFileInformationByHandle(handle, &info) ||
        !GetFileInformationByHandleEx(handle, FileBasicInfo, &basic, sizeof(basic))) {
        iv_win_set_errno();
        return false;
    }
    struct iv_status status = {
        .type = type_of(handle, info.dwFileAttributes),
        .size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow,
        .device = info.dwVolumeSerialNumber,
        .inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
    };
    set_time(&basic.LastWriteTime, &status.mtime, &status.mtime_ns);
    set_time(&basic.ChangeTime, &status.ctime, &status.ctime_ns);
    *ret_status = status;
    return true;
}

/* A number for a user (FNV-1a of the SID): only whether two are the same is ever asked. */
static uint64_t number_of(PSID sid)
{
    const unsigned char *bytes = sid;
    DWORD size = GetLengthSid(sid);
    uint64_t number = UINT64_C(0xcbf29ce484222325);
    for (DWORD i = 0; i < size; i++) {
        number = (number ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return number;
}

static bool is_known(PSID sid, WELL_KNOWN_SID_TYPE type)
{
    return IsWellKnownSid(sid, type) != 0;
}

/* Whether a list of rights lets everybody, or every user, write. */
static bool lets_others_write(PACL list)
{
    const ACCESS_MASK writing =
        FILE_WRITE_DATA | FILE_APPEND_DATA | GENERIC_WRITE | GENERIC_ALL | WRITE_DAC | WRITE_OWNER;
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
        void *place;
        if (!GetAce(list, i, &place)) {
            return true;
        }
        ACCESS_ALLOWED_ACE *ace = place;
        PSID sid = &ace->SidStart;
        if (ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && (ace->Mask & writing) != 0 &&
            (is_known(sid, WinWorldSid) || is_known(sid, WinAuthenticatedUserSid) ||
             is_known(sid, WinBuiltinUsersSid) || is_known(sid, WinBuiltinGuestsSid))) {
            return true;
        }
    }
    return list == NULL; /* without a list everybody may do everything */
}

bool iv_win_status_whole(HANDLE handle, struct iv_status *ret_status)
{
    PSID owner = NULL;
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (!iv_win_status(handle, ret_status)) {
        return false;
    }
    DWORD code = ret_status->type == IV_FILE_OTHER
                     ? ERROR_NOT_SUPPORTED
                     : GetSecurityInfo(handle, SE_FILE_OBJECT,
                                       OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                       &owner, NULL, &list, NULL, &descriptor);
    /* Where nobody says whose it is, as on FAT, it is nobody's. */
    ret_status->owner = code == ERROR_SUCCESS && owner != NULL ? number_of(owner) : 0;
    ret_status->others_may_write = code != ERROR_SUCCESS || lets_others_write(list);
    LocalFree(descriptor);
    return true;
}

bool iv_status_is_ours(const struct iv_status *status)
{
    static const WELL_KNOWN_SID_TYPE system[] = {WinBuiltinAdministratorsSid, WinLocalSystemSid};
    union {
        TOKEN_USER user;
        unsigned char bytes[SECURITY_MAX_SID_SIZE + sizeof(TOKEN_USER)];
    } place;
    HANDLE token IV_CLEANUP(iv_win_close) = NULL;
    DWORD size;
    bool is_ours = OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
                   GetTokenInformation(token, TokenUser, &place, sizeof(place), &size) &&
                   number_of(place.user.User.Sid) == status->owner;
    for (size_t i = 0; i < IV_COUNT(system); i++) {
        unsigned char sid[SECURITY_MAX_SID_SIZE];
        size = sizeof(sid);
        is_ours = is_ours || (CreateWellKnownSid(system[i], NULL, sid, &size) &&
                              number_of(sid) == status->owner);
    }
    return is_ours;
}

/* ---- opening beneath a directory ---- */

/* One name in a directory; "": the directory itself. */
static HANDLE open_part(HANDLE directory, const wchar_t *name, size_t length, ACCESS_MASK access,
                        ULONG options)
{
    UNICODE_STRING text = {.Buffer = (wchar_t *)(uintptr_t)name,
                           .Length = (USHORT)(length * sizeof(*name)),
                           .MaximumLength = (USHORT)(length * sizeof(*name))};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block;
    HANDLE handle = INVALID_HANDLE_VALUE;
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, directory, NULL);
    NTSTATUS status = NtCreateFile(&handle, access | SYNCHRONIZE | FILE_READ_ATTRIBUTES,
                                   &attributes, &block, NULL, FILE_ATTRIBUTE_NORMAL,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                   FILE_OPEN, options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (status < 0) {
        iv_win_set_errno_of(status);
        return INVALID_HANDLE_VALUE;
    }
    return handle;
}

/* A name that means a file of that name and nothing else. */
static bool is_plain(const char *part, size_t size)
{
    if (size == 2 && part[0] == '.' && part[1] == '.') {
        errno = EXDEV;
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (part[i] == '\\' || part[i] == ':') { /* ':' begins the name of a stream */
            errno = ENOENT;
            return false;
        }
    }
    return true;
}

/* The last part that was opened, or -1 with ELOOP where it is a link that is not to be. */
static bool refuse_link(HANDLE *handle)
{
    struct iv_status status;
    if (!iv_win_status(*handle, &status)) {
        return false;
    }
    if (status.type == IV_FILE_LINK) {
        errno = ELOOP;
        return false;
    }
    return true;
}

/*
 * The last part. A reparse point that is no link is a file whose content a driver fills in, as
 * where a server keeps equal blocks once: what is opened as the point itself would read as nothing.
 * So it is opened once more, through its driver, and must be the same file then.
 */
static HANDLE open_last(HANDLE directory, const wchar_t *name, size_t length, enum iv_win_want want,
                        bool follows)
{
    static const struct {
        ACCESS_MASK access;
        ULONG options;
    } rows[] = {
        [IV_WIN_WANT_STATUS] = {0, 0},
        [IV_WIN_WANT_FILE] = {FILE_READ_DATA, 0},
        [IV_WIN_WANT_NAMES] = {FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE},
        [IV_WIN_WANT_FOLDER] = {FILE_LIST_DIRECTORY | FILE_TRAVERSE, FILE_DIRECTORY_FILE},
    };
    const ACCESS_MASK access = rows[want].access;
    const ULONG options = rows[want].options;
    if (follows) {
        return open_part(directory, name, length, access, options);
    }
    HANDLE point IV_CLEANUP(iv_win_close) =
        open_part(directory, name, length, access, options | FILE_OPEN_REPARSE_POINT);
    FILE_ATTRIBUTE_TAG_INFO tag = {0};
    bool is_plain_file =
        point == INVALID_HANDLE_VALUE || want == IV_WIN_WANT_STATUS ||
        !GetFileInformationByHandleEx(point, FileAttributeTagInfo, &tag, sizeof(tag)) ||
        (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0 ||
        IsReparseTagNameSurrogate(tag.ReparseTag);
    HANDLE opened IV_CLEANUP(iv_win_close) =
        is_plain_file ? point : open_part(directory, name, length, access, options);
    if (!is_plain_file && opened != INVALID_HANDLE_VALUE) {
        struct iv_status before;
        struct iv_status after;
        if (!iv_win_status(point, &before) || !iv_win_status(opened, &after) ||
            !iv_status_is_same(&before, &after)) {
            errno = ELOOP; /* a link meanwhile */
            return INVALID_HANDLE_VALUE;
        }
    }
    HANDLE kept = opened;
    point = is_plain_file ? INVALID_HANDLE_VALUE : point;
    opened = INVALID_HANDLE_VALUE;
    return kept;
}

HANDLE iv_win_open_beneath(HANDLE directory, const char *path, enum iv_win_want want, bool follows)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    HANDLE parent IV_CLEANUP(iv_win_close) = INVALID_HANDLE_VALUE;
    const char *part = strcmp(path, ".") == 0 ? "" : path;
    if (is_separator(*part) || directory == INVALID_HANDLE_VALUE) {
        errno = directory == INVALID_HANDLE_VALUE ? EBADF : EXDEV;
        return INVALID_HANDLE_VALUE;
    }
    for (;;) {
        size_t size = strcspn(part, "/");
        const char *rest = part + size + strspn(part + size, "/");
        bool is_last = *rest == '\0';
        size_t length;
        const wchar_t *name = iv_win_wide(part, size, &arena, &length);
        if (!is_plain(part, size) || length > UINT16_MAX / sizeof(*name)) {
            return INVALID_HANDLE_VALUE;
        }
        HANDLE from = parent == INVALID_HANDLE_VALUE ? directory : parent;
        HANDLE opened IV_CLEANUP(iv_win_close) =
            is_last ? open_last(from, name, length, want, follows)
                    : open_part(from, name, length, FILE_TRAVERSE,
                                FILE_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT);
        if (opened == INVALID_HANDLE_VALUE || (!is_last && !refuse_link(&opened))) {
            return INVALID_HANDLE_VALUE;
        }
        HANDLE kept = opened;
        opened = INVALID_HANDLE_VALUE;
        if (is_last) {
            return kept;
        }
        iv_win_close(&parent);
        parent = kept;
        part = rest;
    }
}
