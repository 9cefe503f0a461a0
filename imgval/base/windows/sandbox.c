/*
 * How a reader gives up its rights, on Windows: its parent takes them away before it begins
 * (process.c), it drops the token that it began with, and looks which rights are gone, with its own
 * eyes: what a system does not have, or did not do, shows.
 *
 * The token: its user and groups count only where they refuse something, and besides them some name
 * of a second list must be allowed, in which nobody stands (the SID S-1-0-0). So no file with a
 * list of rights can be opened, to read or to write, and no key of the registry, process or pipe.
 * Its integrity is low. A volume without lists of rights (FAT) is not closed by that, nor is the
 * network, where the system asks nobody for a right.
 */
#include "imgval/base/sandbox.h"

#include "imgval/base/entropy.h"
#include "imgval/base/windows/native.h"
#include "imgval/base/windows/rights.h"

#include <stdlib.h>
#include <string.h>

struct iv_sandbox_words iv_sandbox_words(void)
{
    return (struct iv_sandbox_words){
        .files = "restricted token",
        .calls = "job object",
        .calls_are = "job object",
        .no_files = "not offered by this system",
        .no_calls = "not offered by this system",
        .no_limits = "not offered by this system",
    };
}

/* ---- making ---- */

/* NULL: there is none. */
static HANDLE own_token(void)
{
    HANDLE token;
    const DWORD access =
        TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT;
    return OpenProcessToken(GetCurrentProcess(), access, &token) ? token : NULL;
}

static void *token_says(HANDLE token, TOKEN_INFORMATION_CLASS what, struct iv_arena *arena)
{
    DWORD size = 0;
    (void)GetTokenInformation(token, what, NULL, 0, &size);
    void *place = iv_arena_alloc(arena, size + 1);
    return size > 0 && GetTokenInformation(token, what, place, size, &size) ? place : NULL;
}

/* The user and the groups, without those whose attributes say one of `without`. NULL: nobody says.
 */
static SID_AND_ATTRIBUTES *sids_of(HANDLE token, DWORD without, struct iv_arena *arena,
                                   DWORD *ret_count)
{
    const TOKEN_USER *user = token_says(token, TokenUser, arena);
    const TOKEN_GROUPS *groups = token_says(token, TokenGroups, arena);
    if (user == NULL || groups == NULL) {
        return NULL;
    }
    SID_AND_ATTRIBUTES *sids = IV_NEW_ARRAY(arena, SID_AND_ATTRIBUTES, groups->GroupCount + 1);
    DWORD count = 0;
    sids[count++].Sid = user->User.Sid;
    for (DWORD i = 0; i < groups->GroupCount; i++) {
        if ((groups->Groups[i].Attributes & without) == 0) {
            sids[count++].Sid = groups->Groups[i].Sid;
        }
    }
    *ret_count = count;
    return sids;
}

/* A SID that the system knows. NULL: it does not. */
static SID_AND_ATTRIBUTES *well_known(WELL_KNOWN_SID_TYPE type, struct iv_arena *arena)
{
    SID_AND_ATTRIBUTES *sid = IV_NEW(arena, SID_AND_ATTRIBUTES);
    DWORD size = SECURITY_MAX_SID_SIZE;
    sid->Sid = iv_arena_alloc(arena, size);
    return CreateWellKnownSid(type, NULL, sid->Sid, &size) ? sid : NULL;
}

/* Two lists of names: those that count only where they refuse, and those of which one must be
 * allowed, too. At low integrity, without privileges. */
struct lists {
    const SID_AND_ATTRIBUTES *refused;
    DWORD refused_count;
    const SID_AND_ATTRIBUTES *needed;
    DWORD needed_count;
};

static HANDLE restricted(HANDLE own, const struct lists *lists, struct iv_arena *arena)
{
    HANDLE less IV_CLEANUP(iv_win_close) = NULL;
    const SID_AND_ATTRIBUTES *low = well_known(WinLowLabelSid, arena);
    if (low == NULL ||
        !CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, lists->refused_count,
                               (SID_AND_ATTRIBUTES *)(uintptr_t)lists->refused, 0, NULL,
                               lists->needed_count, (SID_AND_ATTRIBUTES *)(uintptr_t)lists->needed,
                               &less)) {
        return NULL;
    }
    TOKEN_MANDATORY_LABEL label = {.Label = {.Sid = low->Sid, .Attributes = SE_GROUP_INTEGRITY}};
    if (!SetTokenInformation(less, TokenIntegrityLevel, &label,
                             (DWORD)sizeof(label) + GetLengthSid(low->Sid))) {
        return NULL;
    }
    HANDLE made = less;
    less = NULL;
    return made;
}

HANDLE iv_win_token_closed(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    HANDLE own IV_CLEANUP(iv_win_close) = own_token();
    struct lists lists = {.needed = well_known(WinNullSid, &arena), .needed_count = 1};
    lists.refused =
        sids_of(own, SE_GROUP_INTEGRITY | SE_GROUP_LOGON_ID, &arena, &lists.refused_count);
    return lists.refused == NULL || lists.needed == NULL ? NULL : restricted(own, &lists, &arena);
}

HANDLE iv_win_token_low(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    HANDLE own IV_CLEANUP(iv_win_close) = own_token();
    struct lists lists = {.refused = well_known(WinBuiltinAdministratorsSid, &arena),
                          .refused_count = 1};
    return lists.refused == NULL ? NULL : restricted(own, &lists, &arena);
}

/* In the second list stand all names of the first: it changes nothing, but that the system lets the
 * thread of a process with such a list have none without. */
HANDLE iv_win_token_first(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    HANDLE own IV_CLEANUP(iv_win_close) = own_token();
    struct lists lists = {.refused = well_known(WinBuiltinAdministratorsSid, &arena),
                          .refused_count = 1};
    lists.needed = sids_of(own, SE_GROUP_INTEGRITY, &arena, &lists.needed_count);
    HANDLE less IV_CLEANUP(iv_win_close) =
        lists.refused == NULL || lists.needed == NULL ? NULL : restricted(own, &lists, &arena);
    HANDLE token;
    return less != NULL && DuplicateTokenEx(less, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL,
                                            SecurityImpersonation, TokenImpersonation, &token)
               ? token
               : NULL;
}

HANDLE iv_win_job(const struct iv_limits *limits, bool with_windows)
{
    HANDLE job IV_CLEANUP(iv_win_close) = CreateJobObjectW(NULL, NULL);
    uint64_t seconds = limits->reader_seconds < 1000000 ? limits->reader_seconds : 1000000;
    uint64_t memory = limits->reader_memory < SIZE_MAX / 2 ? limits->reader_memory : SIZE_MAX / 2;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION info = {
        .BasicLimitInformation =
            {
                .LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_ACTIVE_PROCESS |
                              JOB_OBJECT_LIMIT_PROCESS_MEMORY | JOB_OBJECT_LIMIT_PROCESS_TIME |
                              JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
                .ActiveProcessLimit = 1,
                /* The parent ends a slow one long before; see sandbox.h. */
                .PerProcessUserTimeLimit = {.QuadPart = (LONGLONG)(2 * seconds + 2) * 10000000},
            },
        .ProcessMemoryLimit = (SIZE_T)memory,
    };
    JOBOBJECT_BASIC_UI_RESTRICTIONS windows = {
        .UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS |
                               JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS |
                               JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |
                               JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |
                               JOB_OBJECT_UILIMIT_WRITECLIPBOARD};
    if (job == NULL ||
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &info, sizeof(info))) {
        return NULL;
    }
    if (with_windows) {
        (void)SetInformationJobObject(job, JobObjectBasicUIRestrictions, &windows, sizeof(windows));
    }
    HANDLE made = job;
    job = NULL;
    return made;
}

/* ---- measuring: what was asked for need not be what there is ---- */

/* Whether this thread is refused a file that every program may read. */
static bool opens_nothing(void)
{
    static const wchar_t name[] = L"\\kernel32.dll";
    wchar_t path[MAX_PATH + IV_COUNT(name)];
    UINT length = GetSystemDirectoryW(path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) {
        return false;
    }
    memcpy(path + length, name, sizeof(name));
    HANDLE file IV_CLEANUP(iv_win_close) =
        CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);
    return file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED;
}

/* job: NULL is the one that this process is in. */
static void measure_job(HANDLE job, struct iv_containment *ret_containment)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION info = {0};
    const DWORD limited = JOB_OBJECT_LIMIT_PROCESS_MEMORY | JOB_OBJECT_LIMIT_PROCESS_TIME;
    bool is_known = QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &info,
                                              sizeof(info), NULL);
    DWORD flags = is_known ? info.BasicLimitInformation.LimitFlags : 0;
    ret_containment->calls = (flags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) != 0 &&
                             info.BasicLimitInformation.ActiveProcessLimit == 1;
    ret_containment->limits = (flags & limited) == limited;
}

void iv_sandbox_enter(const int *directories, size_t count, const struct iv_limits *limits,
                      struct iv_containment *ret_containment)
{
    BOOL is_in_job = FALSE;
    struct iv_containment got = {0};
    unsigned char byte;
    (void)directories;
    (void)count;
    (void)limits;
    (void)!iv_entropy(&byte, sizeof(byte)); /* what it needs is loaded now, as it cannot be later */
    (void)RevertToSelf();
    got.files = opens_nothing();
    if (IsProcessInJob(GetCurrentProcess(), NULL, &is_in_job) && is_in_job) {
        measure_job(NULL, &got);
    }
    *ret_containment = got;
}

/* What a process with that token could open is tried with a thread of this one. */
static bool closes_files(void)
{
    HANDLE closed IV_CLEANUP(iv_win_close) = iv_win_token_closed();
    HANDLE token IV_CLEANUP(iv_win_close) = NULL;
    if (closed == NULL ||
        !DuplicateTokenEx(closed, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, SecurityImpersonation,
                          TokenImpersonation, &token) ||
        !SetThreadToken(NULL, token)) {
        return false;
    }
    bool is_closed = opens_nothing();
    return RevertToSelf() && is_closed;
}

struct iv_containment iv_sandbox_offered(void)
{
    const struct iv_limits limits = iv_limits_default();
    HANDLE job IV_CLEANUP(iv_win_close) = iv_win_job(&limits, true);
    struct iv_containment got = {.files = closes_files()};
    if (job != NULL) {
        measure_job(job, &got);
    }
    return got;
}

bool iv_sandbox_is_whole(const struct iv_containment *c)
{
    return c->files && c->calls;
}
