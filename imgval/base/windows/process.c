/*
 * Reader processes on Windows: the program is started again, and inherits the handles that it needs
 * and no others.
 *
 * Before a process runs its first instruction it is under everything that a parent can lay on it: a
 * token without privileges, at low integrity, in which the groups of administrators count only to
 * refuse; a job that allows no further process, limits memory and processor time, and ends with the
 * parent; the mitigations that the system has. What could not be had is left out here, and the
 * process finds it missing (sandbox.c).
 *
 * The charge is a section, whose handle and size are the process's second argument. Records come
 * through a named pipe, as only those can be read without waiting; each process has one read under
 * way, whose event the parent waits for.
 */
#include "imgval/base/process.h"

#include "imgval/base/arena.h"
#include "imgval/base/entropy.h"
#include "imgval/base/windows/native.h"
#include "imgval/base/windows/rights.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PIPE_SIZE (256 * 1024)
#define REQUESTS_SIZE (64 * 1024)
#define ROOM_SIZE 65536
#define STATUS_LOST 5
#define FAREWELL_MS 2000 /* for a process that has closed its pipe */
#define WAIT_MAX 64      /* what the system waits for at once */
#define CROWD_MS 5       /* with more than that */

struct iv_process {
    HANDLE process;
    HANDLE job;
    HANDLE requests; /* to the process: the parent's end */
    HANDLE records;  /* from it */
    OVERLAPPED reading;
    bool is_reading; /* into room */
    bool has_ended;  /* the pipe */
    size_t first;    /* of the bytes that are in room */
    size_t size;
    unsigned char room[ROOM_SIZE];
};

bool iv_process_can_fork(void)
{
    return false;
}

/* ---- what a new process is given ---- */

/* Everything on the way to a process, closed at the end. */
struct birth {
    struct iv_arena arena;
    HANDLE requests; /* the process's ends */
    HANDLE records;
    HANDLE errors;
    HANDLE charge;
    HANDLE token;
    HANDLE process;
    HANDLE thread;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
    HANDLE *inherited;
    DWORD64 mitigations;
    DWORD children;
};

static void birth_end(struct birth *birth)
{
    iv_win_close(&birth->requests);
    iv_win_close(&birth->records);
    iv_win_close(&birth->errors);
    iv_win_close(&birth->charge);
    iv_win_close(&birth->token);
    iv_win_close(&birth->process);
    iv_win_close(&birth->thread);
    if (birth->attributes != NULL) {
        DeleteProcThreadAttributeList(birth->attributes);
    }
    iv_arena_fini(&birth->arena);
}

static const SECURITY_ATTRIBUTES inheritable = {
    .nLength = sizeof(inheritable),
    .bInheritHandle = TRUE,
};

/* The pipe for records: the parent's end can be read without waiting. */
static bool open_records(struct iv_process *process, struct birth *birth)
{
    uint64_t random;
    char name[64];
    if (!iv_entropy(&random, sizeof(random))) {
        return false;
    }
    snprintf(name, sizeof(name), "\\\\.\\pipe\\imgval-%lu-%016" PRIx64, GetCurrentProcessId(),
             random);
    const wchar_t *wide = iv_win_wide(name, strlen(name), &birth->arena, NULL);
    process->records = CreateNamedPipeW(
        wide, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 0, PIPE_SIZE, 0, NULL);
    if (process->records == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
        return false;
    }
    SECURITY_ATTRIBUTES attributes = inheritable;
    birth->records = CreateFileW(wide, GENERIC_WRITE, 0, &attributes, OPEN_EXISTING, 0, NULL);
    process->reading.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (birth->records == INVALID_HANDLE_VALUE || process->reading.hEvent == NULL) {
        iv_win_set_errno();
        return false;
    }
    return true;
}

static bool open_pipes(struct iv_process *process, struct birth *birth)
{
    SECURITY_ATTRIBUTES attributes = inheritable;
    HANDLE self = GetCurrentProcess();
    if (!open_records(process, birth)) {
        return false;
    }
    if (!CreatePipe(&birth->requests, &process->requests, &attributes, REQUESTS_SIZE) ||
        !SetHandleInformation(process->requests, HANDLE_FLAG_INHERIT, 0)) {
        iv_win_set_errno();
        return false;
    }
    /* Where there is no standard error, there is none for the process. */
    (void)DuplicateHandle(self, GetStdHandle(STD_ERROR_HANDLE), self, &birth->errors, 0, TRUE,
                          DUPLICATE_SAME_ACCESS);
    return true;
}

/* A section with the charge, which the process may only read. */
static bool open_charge(const struct iv_buf *charge, struct birth *birth)
{
    HANDLE self = GetCurrentProcess();
    HANDLE section IV_CLEANUP(iv_win_close) =
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, (DWORD)(charge->size >> 32),
                           (DWORD)charge->size, NULL);
    void *view = section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    if (view == NULL) {
        iv_win_set_errno();
        return false;
    }
    memcpy(view, charge->data, charge->size);
    UnmapViewOfFile(view);
    if (!DuplicateHandle(self, section, self, &birth->charge, FILE_MAP_READ, TRUE, 0)) {
        iv_win_set_errno();
        return false;
    }
    return true;
}

/* ---- starting ---- */

/* The handles that a process is to have, each once: the system refuses a list that says one twice.
 */
static size_t add_inherited(HANDLE *list, size_t count, HANDLE handle)
{
    if (handle == NULL || handle == INVALID_HANDLE_VALUE) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i] == handle) {
            return count;
        }
    }
    (void)SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    list[count] = handle;
    return count + 1;
}

static size_t list_inherited(const struct iv_process_start *start, struct birth *birth)
{
    size_t room = 4 + start->directory_count + start->file_count;
    HANDLE *list = IV_NEW_ARRAY(&birth->arena, HANDLE, room);
    size_t count = 0;
    count = add_inherited(list, count, birth->requests);
    count = add_inherited(list, count, birth->records);
    count = add_inherited(list, count, birth->errors);
    count = add_inherited(list, count, birth->charge);
    for (size_t i = 0; i < start->directory_count; i++) {
        count = add_inherited(list, count, iv_win_handle(start->directories[i]));
    }
    for (size_t i = 0; i < start->file_count; i++) {
        count = add_inherited(list, count, iv_win_handle(start->files[i]));
    }
    birth->inherited = list;
    return count;
}

/* Which handles are inherited must be said; the mitigations are asked for. */
static bool make_attributes(const struct iv_process_start *start, struct birth *birth)
{
    enum { ATTRIBUTES = 3 };
    SIZE_T size = 0;
    size_t count = list_inherited(start, birth);
    InitializeProcThreadAttributeList(NULL, ATTRIBUTES, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = iv_arena_alloc(&birth->arena, size + 1);
    if (!InitializeProcThreadAttributeList(list, ATTRIBUTES, 0, &size)) {
        iv_win_set_errno();
        return false;
    }
    birth->attributes = list;
    if (!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, birth->inherited,
                                   count * sizeof(HANDLE), NULL, NULL)) {
        iv_win_set_errno();
        return false;
    }
    birth->mitigations = PROCESS_CREATION_MITIGATION_POLICY_EXTENSION_POINT_DISABLE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_PROHIBIT_DYNAMIC_CODE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_IMAGE_LOAD_NO_REMOTE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_IMAGE_LOAD_NO_LOW_LABEL_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_FONT_DISABLE_ALWAYS_ON;
    birth->children = PROCESS_CREATION_CHILD_PROCESS_RESTRICTED;
    (void)UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY,
                                    &birth->mitigations, sizeof(birth->mitigations), NULL, NULL);
    (void)UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_CHILD_PROCESS_POLICY,
                                    &birth->children, sizeof(birth->children), NULL, NULL);
    return true;
}

/* The path of this program. */
static const wchar_t *own_path(struct iv_arena *arena)
{
    for (DWORD room = MAX_PATH;; room *= 2) {
        wchar_t *path = IV_NEW_ARRAY(arena, wchar_t, room);
        DWORD got = GetModuleFileNameW(NULL, path, room);
        if (got < room) {
            return got == 0 ? NULL : path;
        }
    }
}

/* Suspended: it runs once it is in its job. */
static bool create(const struct iv_process_start *start, struct birth *birth)
{
    char line[96];
    snprintf(line, sizeof(line), "imgval " IV_PROCESS_WORD " %" PRIxPTR ":%zx",
             (uintptr_t)birth->charge, start->charge->size);
    wchar_t *command = iv_win_wide(line, strlen(line), &birth->arena, NULL);
    const wchar_t *program = own_path(&birth->arena);
    STARTUPINFOEXW info = {
        .StartupInfo =
            {
                .cb = sizeof(info),
                .dwFlags = STARTF_USESTDHANDLES,
                .hStdInput = birth->requests,
                .hStdOutput = birth->records,
                .hStdError = birth->errors,
            },
        .lpAttributeList = birth->attributes,
    };
    PROCESS_INFORMATION made;
    /* Without a console: it could read what is typed there. */
    const DWORD flags = CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | DETACHED_PROCESS;
    birth->token = iv_win_token();
    bool is_made = birth->token != NULL &&
                   CreateProcessAsUserW(birth->token, program, command, NULL, NULL, TRUE, flags,
                                        NULL, NULL, &info.StartupInfo, &made);
    if (!is_made) { /* the process finds itself with the parent's rights, and says so */
        is_made = CreateProcessW(program, command, NULL, NULL, TRUE, flags, NULL, NULL,
                                 &info.StartupInfo, &made);
    }
    if (!is_made) {
        iv_win_set_errno();
        return false;
    }
    birth->process = made.hProcess;
    birth->thread = made.hThread;
    return true;
}

/* The next read of the records, into room. */
static void read_on(struct iv_process *process)
{
    DWORD got;
    process->first = 0;
    process->size = 0;
    ResetEvent(process->reading.hEvent);
    process->is_reading = true;
    if (!ReadFile(process->records, process->room, ROOM_SIZE, &got, &process->reading) &&
        GetLastError() != ERROR_IO_PENDING) {
        process->is_reading = false;
        process->has_ended = true;
        SetEvent(process->reading.hEvent);
    }
}

static bool start_process(const struct iv_process_start *start, struct iv_process *process)
{
    struct birth birth IV_CLEANUP(birth_end) = {.requests = NULL};
    if (start->charge == NULL) {
        errno = ENOSYS;
        return false;
    }
    if (!open_pipes(process, &birth) || !open_charge(start->charge, &birth) ||
        !make_attributes(start, &birth) || !create(start, &birth)) {
        return false;
    }
    process->job = iv_win_job(start->limits);
    (void)(process->job != NULL && AssignProcessToJobObject(process->job, birth.process));
    if (ResumeThread(birth.thread) == (DWORD)-1) {
        iv_win_set_errno();
        TerminateProcess(birth.process, STATUS_LOST);
        return false;
    }
    process->process = birth.process;
    birth.process = NULL;
    return true;
}

static void process_free(struct iv_process *process)
{
    if (process->is_reading) { /* room must not be written to any more */
        DWORD got;
        CancelIoEx(process->records, &process->reading);
        (void)GetOverlappedResult(process->records, &process->reading, &got, TRUE);
    }
    iv_win_close(&process->records);
    iv_win_close(&process->requests);
    iv_win_close(&process->reading.hEvent);
    iv_win_close(&process->process);
    iv_win_close(&process->job);
    free(process);
}

struct iv_process *iv_process_start(const struct iv_process_start *start)
{
    struct iv_process *process = iv_malloc(sizeof(*process));
    memset(process, 0, sizeof(*process));
    if (!start_process(start, process)) {
        int saved = errno;
        process_free(process);
        errno = saved;
        return NULL;
    }
    read_on(process);
    return process;
}

/* ---- the parent's side ---- */

bool iv_process_send(struct iv_process *process, const void *bytes, size_t size)
{
    DWORD written = 0;
    return WriteFile(process->requests, bytes, (DWORD)size, &written, NULL) && written == size;
}

void iv_process_send_end(struct iv_process *process)
{
    iv_win_close(&process->requests);
}

/* Takes what a read that has ended brought. */
static void settle(struct iv_process *process)
{
    DWORD got = 0;
    if (!process->is_reading || !HasOverlappedIoCompleted(&process->reading)) {
        return;
    }
    process->is_reading = false;
    if (GetOverlappedResult(process->records, &process->reading, &got, FALSE)) {
        process->size = got;
    } else {
        process->has_ended = true;
    }
}

int64_t iv_process_receive(struct iv_process *process, void *bytes, size_t size)
{
    settle(process);
    size_t taken = process->size - process->first;
    if (taken == 0) {
        return process->has_ended ? 0 : -1;
    }
    taken = taken < size ? taken : size;
    memcpy(bytes, process->room + process->first, taken);
    process->first += taken;
    if (process->first == process->size) {
        read_on(process);
    }
    return (int64_t)taken;
}

static bool is_ready(struct iv_process *process)
{
    settle(process);
    return process->size > process->first || process->has_ended;
}

bool iv_process_wait(struct iv_process *const *processes, size_t count, unsigned ms,
                     bool *ret_ready)
{
    HANDLE events[WAIT_MAX] = {NULL};
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any = any || is_ready(processes[i]);
    }
    size_t waited = count < WAIT_MAX ? count : WAIT_MAX;
    for (size_t i = 0; i < waited; i++) {
        events[i] = processes[i]->reading.hEvent;
    }
    DWORD pause = count > WAIT_MAX && ms > CROWD_MS ? CROWD_MS : ms;
    if (!any && WaitForMultipleObjects((DWORD)waited, events, FALSE, pause) == WAIT_FAILED) {
        iv_win_set_errno();
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        ret_ready[i] = is_ready(processes[i]);
    }
    return true;
}

bool iv_process_cpu_ms(const struct iv_process *process, uint64_t *ret_ms)
{
    FILETIME begin;
    FILETIME end;
    FILETIME kernel;
    FILETIME user;
    if (!GetProcessTimes(process->process, &begin, &end, &kernel, &user)) {
        return false;
    }
    *ret_ms = (((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
               ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime)) /
              10000;
    return true;
}

void iv_process_stop(struct iv_process **process, char *ret_reason, size_t size)
{
    struct iv_process *p = *process;
    DWORD status = STATUS_LOST;
    /* One that has closed its pipe is on its way out: how it ends is not changed. */
    iv_win_close(&p->requests);
    if (!p->has_ended || WaitForSingleObject(p->process, FAREWELL_MS) != WAIT_OBJECT_0) {
        TerminateProcess(p->process, STATUS_LOST);
        WaitForSingleObject(p->process, INFINITE);
    }
    (void)GetExitCodeProcess(p->process, &status);
    if (status >= 0xC0000000) {
        snprintf(ret_reason, size, "killed by exception 0x%lX", status);
    } else {
        snprintf(ret_reason, size, "exited with status %lu", status);
    }
    process_free(p);
    *process = NULL;
}

unsigned iv_process_processors(void)
{
    DWORD_PTR own = 0;
    DWORD_PTR all = 0;
    unsigned count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all)) {
        for (; own != 0; own &= own - 1) {
            count++;
        }
    }
    return count == 0 ? 1 : count;
}

/* ---- in such a process ---- */

bool iv_process_read(void *bytes, size_t size)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    for (size_t done = 0; done < size;) {
        DWORD got = 0;
        bool is_read = ReadFile(input, (char *)bytes + done, (DWORD)(size - done), &got, NULL);
        if (done == 0 && (is_read ? got == 0 : GetLastError() == ERROR_BROKEN_PIPE)) {
            return false;
        }
        if (!is_read || got == 0) {
            _Exit(STATUS_LOST);
        }
        done += got;
    }
    return true;
}

static void write_all(const void *bytes, size_t size)
{
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    for (size_t done = 0; done < size;) {
        size_t wanted = size - done < PIPE_SIZE ? size - done : PIPE_SIZE;
        DWORD written = 0;
        if (!WriteFile(output, (const char *)bytes + done, (DWORD)wanted, &written, NULL)) {
            _Exit(STATUS_LOST);
        }
        done += written;
    }
}

void iv_process_write(const void *head, size_t head_size, const void *body, size_t body_size)
{
    write_all(head, head_size);
    write_all(body, body_size);
}

/* The second argument; native to the command line, as main()'s own is text for people. */
bool iv_process_charge(const void **ret_bytes, size_t *ret_size)
{
    const wchar_t *word = wcsstr(GetCommandLineW(), L"--reader ");
    wchar_t *end = NULL;
    uint64_t number = word == NULL ? 0 : wcstoull(word + wcslen(L"--reader "), &end, 16);
    uint64_t size = end == NULL || *end != L':' ? 0 : wcstoull(end + 1, NULL, 16);
    const void *view =
        size == 0 ? NULL
                  : MapViewOfFile((HANDLE)(uintptr_t)number, FILE_MAP_READ, 0, 0, (SIZE_T)size);
    if (view == NULL) {
        errno = EINVAL;
        return false;
    }
    *ret_bytes = view;
    *ret_size = (size_t)size;
    return true;
}

uint64_t iv_process_file_out(int fd)
{
    return (uint64_t)(uintptr_t)iv_win_handle(fd);
}

int iv_process_file_in(uint64_t number)
{
    return iv_win_fd((HANDLE)(uintptr_t)number);
}
