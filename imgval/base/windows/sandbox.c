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

/* No privilege but the one that everybody has, and the lowest integrity that files can be read at.
 */
static bool has_low_token(void)
{
    union {
        TOKEN_MANDATORY_LABEL label;
        unsigned char bytes[SECURITY_MAX_SID_SIZE + sizeof(TOKEN_MANDATORY_LABEL)];
    } place;
    HANDLE token IV_CLEANUP(iv_win_close) = NULL;
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) ||
        !GetTokenInformation(token, TokenIntegrityLevel, &place, sizeof(place), &size)) {
        return false;
    }
    PSID sid = place.label.Label.Sid;
    DWORD level = *GetSidSubAuthority(sid, (DWORD)*GetSidSubAuthorityCount(sid) - 1u);
    return level <= SECURITY_MANDATORY_LOW_RID;
}

static bool read_job(JOBOBJECT_EXTENDED_LIMIT_INFORMATION *ret_info)
{
    BOOL is_in_job = FALSE;
    return IsProcessInJob(GetCurrentProcess(), NULL, &is_in_job) && is_in_job &&
           QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, ret_info,
                                     sizeof(*ret_info), NULL);
}

void iv_sandbox_enter(const int *directories, size_t count, const struct iv_limits *limits,
                      struct iv_containment *ret_containment)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION info = {0};
    (void)directories;
    (void)count;
    (void)limits;
    bool has_job = read_job(&info);
    DWORD flags = info.BasicLimitInformation.LimitFlags;
    const DWORD limited = JOB_OBJECT_LIMIT_PROCESS_MEMORY | JOB_OBJECT_LIMIT_PROCESS_TIME;
    *ret_containment = (struct iv_containment){
        .files = has_low_token(),
        .calls = has_job && (flags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) != 0 &&
                 info.BasicLimitInformation.ActiveProcessLimit == 1,
        .limits = has_job && (flags & limited) == limited,
    };
}

/* Every Windows that the program starts on has both. */
struct iv_containment iv_sandbox_offered(void)
{
    return (struct iv_containment){.files = true, .calls = true, .limits = true};
}

bool iv_sandbox_is_whole(const struct iv_containment *c)
{
    return c->files && c->calls;
}
