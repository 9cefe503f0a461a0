/*
 * How a reader gives up its rights, on Windows: it does not. Its parent takes them away before it
 * begins (process.c), and here it looks which of them are gone, with its own eyes: what a system
 * does not have, or did not do, shows.
 *
 * This is less than elsewhere: a reader can write nothing that is not open to everybody at low
 * integrity, starts no program, and has no rights of administrators; but it may read what its user
 * may read, and the network is not closed to it.
 */
#include "imgval/base/sandbox.h"

#include "imgval/base/windows/native.h"
#include "imgval/base/windows/rights.h"

#include <stdlib.h>

struct iv_sandbox_words iv_sandbox_words(void)
{
    return (struct iv_sandbox_words){
        .files = "low integrity",
        .calls = "job object",
        .calls_are = "job object",
        .no_calls = "not offered by this system",
    };
}

/* ---- making ---- */

HANDLE iv_win_token(void)
{
    HANDLE own IV_CLEANUP(iv_win_close) = NULL;
    HANDLE less IV_CLEANUP(iv_win_close) = NULL;
    unsigned char administrators[SECURITY_MAX_SID_SIZE];
    unsigned char low[SECURITY_MAX_SID_SIZE];
    DWORD administrators_size = sizeof(administrators);
    DWORD low_size = sizeof(low);
    if (!OpenProcessToken(
            GetCurrentProcess(),
            TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT, &own) ||
        !CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators,
                            &administrators_size) ||
        !CreateWellKnownSid(WinLowLabelSid, NULL, low, &low_size)) {
        return NULL;
    }
    SID_AND_ATTRIBUTES refused = {.Sid = administrators};
    if (!CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &refused, 0, NULL, 0, NULL, &less)) {
        return NULL;
    }
    TOKEN_MANDATORY_LABEL label = {.Label = {.Sid = low, .Attributes = SE_GROUP_INTEGRITY}};
    if (!SetTokenInformation(less, TokenIntegrityLevel, &label, (DWORD)sizeof(label) + low_size)) {
        return NULL;
    }
    HANDLE made = less;
    less = NULL;
    return made;
}

HANDLE iv_win_job(const struct iv_limits *limits)
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
    (void)SetInformationJobObject(job, JobObjectBasicUIRestrictions, &windows, sizeof(windows));
    HANDLE made = job;
    job = NULL;
    return made;
}

/* ---- measuring: what was asked for need not be what there is ---- */

/* At an integrity at which nothing of the user can be written. */
static bool is_low(HANDLE token)
{
    union {
        TOKEN_MANDATORY_LABEL label;
        unsigned char bytes[SECURITY_MAX_SID_SIZE + sizeof(TOKEN_MANDATORY_LABEL)];
    } place;
    DWORD size;
    if (!GetTokenInformation(token, TokenIntegrityLevel, &place, sizeof(place), &size)) {
        return false;
    }
    PSID sid = place.label.Label.Sid;
    DWORD level = *GetSidSubAuthority(sid, (DWORD)*GetSidSubAuthorityCount(sid) - 1u);
    return level <= SECURITY_MANDATORY_LOW_RID;
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
    HANDLE token IV_CLEANUP(iv_win_close) = NULL;
    BOOL is_in_job = FALSE;
    struct iv_containment got = {0};
    (void)directories;
    (void)count;
    (void)limits;
    got.files = OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) && is_low(token);
    if (IsProcessInJob(GetCurrentProcess(), NULL, &is_in_job) && is_in_job) {
        measure_job(NULL, &got);
    }
    *ret_containment = got;
}

struct iv_containment iv_sandbox_offered(void)
{
    const struct iv_limits limits = iv_limits_default();
    HANDLE token IV_CLEANUP(iv_win_close) = iv_win_token();
    HANDLE job IV_CLEANUP(iv_win_close) = iv_win_job(&limits);
    struct iv_containment got = {0};
    got.files = token != NULL && is_low(token);
    if (job != NULL) {
        measure_job(job, &got);
    }
    return got;
}

bool iv_sandbox_is_whole(const struct iv_containment *c)
{
    return c->files && c->calls;
}
