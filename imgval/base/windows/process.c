/*
 * Reader processes on Windows: the program is started again, and inherits the handles that it needs
 * and no others.
 *
 * Before a process runs its first instruction it is under everything that a parent can lay on it: a
 * token to which no file is open (sandbox.c), a job that allows no further process, limits memory
 * and processor time, and ends with the parent; the mitigations that the system has. What could not
 * be had is left out here, and the process finds it missing.
 *
 * With that token no library could be loaded. So the first thread begins with another one, which it
 * drops before it reads anything (iv_sandbox_enter()). What it reads its parent opens (opening.h),
 * while it waits for records.
 *
 * The charge is a section, whose handle and size are on the command line. Records come through a
 * named pipe, as only those can be read without waiting; each process has one read under way, whose
 * event the parent waits for.
 */
#include "imgval/base/process.h"

#include "imgval/base/arena.h"
#include "imgval/base/clock.h"
#include "imgval/base/windows/native.h"
#include "imgval/base/windows/opening.h"
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
#define WAIT_MAX 32      /* half of the events that the system waits for at once */
#define CROWD_MS 5       /* with more than that */

struct iv_process {
    HANDLE process;
    HANDLE job;
    HANDLE requests;              /* to the process: the parent's end */
    HANDLE records;               /* from it */
    struct iv_win_opener *opener; /* of what it reads; NULL: it opens files itself */
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
    HANDLE opening;
    HANDLE token;
    HANDLE first_token; /* of its first thread */
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
    iv_win_close(&birth->opening);
    iv_win_close(&birth->token);
    iv_win_close(&birth->first_token);
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

static bool open_records(struct iv_process *process, struct birth *birth)
{
    struct iv_win_pipe pipe = {.parent = INVALID_HANDLE_VALUE, .reader = INVALID_HANDLE_VALUE};
    bool is_open = iv_win_pipe_open(IV_WIN_PIPE_RECORDS, &pipe);
    process->records = pipe.parent;
    birth->records = pipe.reader;
    if (!is_open) {
        return false;
    }
    process->reading.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (process->reading.hEvent == NULL) {
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
    size_t room = 5 + start->directory_count + start->file_count;
    HANDLE *list = IV_NEW_ARRAY(&birth->arena, HANDLE, room);
    size_t count = 0;
    count = add_inherited(list, count, birth->requests);
    count = add_inherited(list, count, birth->records);
    count = add_inherited(list, count, birth->errors);
    count = add_inherited(list, count, birth->charge);
    count = add_inherited(list, count, birth->opening);
    for (size_t i = 0; i < start->directory_count; i++) {
        count = add_inherited(list, count, iv_win_handle(start->directories[i]));
    }
    for (size_t i = 0; i < start->file_count; i++) {
        count = add_inherited(list, count, iv_win_handle(start->files[i]));
    }
    birth->inherited = list;
    return count;
}

/*
 * How much is taken from a process. A system on which one with all of it does not come to its first
 * slot is met with less.
 */
enum level {
    LEVEL_CLOSED, /* it can open nothing */
    LEVEL_LOW,    /* it can write nothing: at low integrity, without the rights of administrators */
    LEVEL_OPEN,   /* it has the rights of its parent */
};

/* Which handles are inherited must be said; the mitigations are asked for. */
static bool make_attributes(enum level level, size_t inherited, struct birth *birth)
{
    enum { ATTRIBUTES = 3 };
    /* No windows, and so none of the calls of the kernel for them. Nothing about where programs are
     * loaded from: this one may be on a share, and what can open no file loads none. */
    static const DWORD64 mitigations[] = {
        [LEVEL_CLOSED] = PROCESS_CREATION_MITIGATION_POLICY_EXTENSION_POINT_DISABLE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_PROHIBIT_DYNAMIC_CODE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_FONT_DISABLE_ALWAYS_ON |
                         PROCESS_CREATION_MITIGATION_POLICY_WIN32K_SYSTEM_CALL_DISABLE_ALWAYS_ON,
        [LEVEL_LOW] = PROCESS_CREATION_MITIGATION_POLICY_EXTENSION_POINT_DISABLE_ALWAYS_ON,
        [LEVEL_OPEN] = 0,
    };
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, ATTRIBUTES, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = iv_arena_alloc(&birth->arena, size + 1);
    if (!InitializeProcThreadAttributeList(list, ATTRIBUTES, 0, &size)) {
        iv_win_set_errno();
        return false;
    }
    birth->attributes = list;
    if (!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, birth->inherited,
                                   inherited * sizeof(HANDLE), NULL, NULL)) {
        iv_win_set_errno();
        return false;
    }
    birth->mitigations = mitigations[level];
    birth->children = PROCESS_CREATION_CHILD_PROCESS_RESTRICTED;
    if (birth->mitigations != 0) {
        (void)UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY,
                                        &birth->mitigations, sizeof(birth->mitigations), NULL,
                                        NULL);
    }
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

/* Its arguments, as iv_win_reader() finds them. */
static wchar_t *command_line(enum level level, const struct iv_process_start *start,
                             struct birth *birth)
{
    char line[96];
    snprintf(line, sizeof(line), "imgval " IV_PROCESS_WORD " %" PRIxPTR ":%zx:%" PRIxPTR,
             (uintptr_t)birth->charge, start->charge->size,
             level == LEVEL_CLOSED ? (uintptr_t)birth->opening : 0);
    return iv_win_wide(line, strlen(line), &birth->arena, NULL);
}

/* False with the system's error: there is no such token, or no such process. */
static bool start_with(enum level level, const wchar_t *program, wchar_t *command,
                       STARTUPINFOEXW *info, struct birth *birth)
{
    /* Without a console: it could read what is typed there. */
    const DWORD flags = CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | DETACHED_PROCESS;
    PROCESS_INFORMATION made;
    switch (level) {
    case LEVEL_CLOSED:
        birth->token = iv_win_token_closed();
        birth->first_token = iv_win_token_first();
        break;
    case LEVEL_LOW:
        birth->token = iv_win_token_low();
        break;
    case LEVEL_OPEN:
        break;
    }
    bool is_made = level == LEVEL_OPEN
                       ? CreateProcessW(program, command, NULL, NULL, TRUE, flags, NULL, NULL,
                                        &info->StartupInfo, &made)
                       : birth->token != NULL &&
                             CreateProcessAsUserW(birth->token, program, command, NULL, NULL, TRUE,
                                                  flags, NULL, NULL, &info->StartupInfo, &made);
    if (!is_made) {
        return false;
    }
    birth->process = made.hProcess;
    birth->thread = made.hThread;
    if (level == LEVEL_CLOSED &&
        (birth->first_token == NULL || !SetThreadToken(&birth->thread, birth->first_token))) {
        TerminateProcess(birth->process, STATUS_LOST);
        iv_win_close(&birth->process);
        iv_win_close(&birth->thread);
        return false;
    }
    return true;
}

/* Suspended: it runs once it is in its job. With as little as the system lets it have; what it has
 * all the same it finds, and says so. */
static bool create(const struct iv_process_start *start, struct birth *birth)
{
    const wchar_t *program = own_path(&birth->arena);
    size_t inherited = list_inherited(start, birth);
    bool is_made = false;
    for (int level = start->is_eased ? LEVEL_LOW : LEVEL_CLOSED; !is_made && level <= LEVEL_OPEN;
         level++) {
        if (!make_attributes((enum level)level, inherited, birth)) {
            return false;
        }
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
        is_made = start_with((enum level)level, program,
                             command_line((enum level)level, start, birth), &info, birth);
        if (!is_made) {
            iv_win_set_errno();
        }
        iv_win_close(&birth->token);
        DeleteProcThreadAttributeList(birth->attributes);
        birth->attributes = NULL;
    }
    return is_made;
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

/* This program may be in a job already, as those of build agents are: then the system takes none
 * that has rules on windows besides. */
static void put_in_job(const struct iv_limits *limits, HANDLE made, struct iv_process *process)
{
    bool is_in = false;
    for (int attempt = 0; !is_in && attempt < 2; attempt++) {
        iv_win_close(&process->job);
        process->job = iv_win_job(limits, attempt == 0);
        is_in = process->job != NULL && AssignProcessToJobObject(process->job, made);
    }
}

static bool start_process(const struct iv_process_start *start, struct iv_process *process)
{
    struct birth birth IV_CLEANUP(birth_end) = {.requests = NULL};
    if (start->charge == NULL) {
        errno = ENOSYS;
        return false;
    }
    process->opener =
        iv_win_opener_open(start->directories, start->directory_count, &birth.opening);
    if (process->opener == NULL || !open_pipes(process, &birth) ||
        !open_charge(start->charge, &birth) || !create(start, &birth)) {
        return false;
    }
    put_in_job(start->limits, birth.process, process);
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
    iv_win_opener_close(&process->opener);
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

/* One look: opens what was asked for, and waits when nothing was. False with errno set. */
static bool wait_once(struct iv_process *const *processes, size_t count, unsigned ms, bool *ret_any)
{
    HANDLE events[2 * WAIT_MAX] = {NULL};
    bool has_served = false;
    *ret_any = false;
    for (size_t i = 0; i < count; i++) {
        has_served = iv_win_opener_serve(processes[i]->opener, processes[i]->process) || has_served;
        *ret_any = is_ready(processes[i]) || *ret_any;
    }
    if (*ret_any || has_served) {
        return true;
    }
    size_t waited = count < WAIT_MAX ? count : WAIT_MAX;
    for (size_t i = 0; i < waited; i++) {
        events[2 * i] = processes[i]->reading.hEvent;
        events[2 * i + 1] = iv_win_opener_event(processes[i]->opener);
    }
    DWORD pause = count > WAIT_MAX && ms > CROWD_MS ? CROWD_MS : ms;
    if (WaitForMultipleObjects((DWORD)(2 * waited), events, FALSE, pause) == WAIT_FAILED) {
        iv_win_set_errno();
        return false;
    }
    return true;
}

bool iv_process_wait(struct iv_process *const *processes, size_t count, unsigned ms,
                     bool *ret_ready)
{
    int64_t end = iv_clock_ms() + ms;
    bool any = false;
    for (int64_t left = ms; !any && left >= 0; left = end - iv_clock_ms()) {
        if (!wait_once(processes, count, (unsigned)left, &any)) {
            return false;
        }
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

bool iv_process_charge(const void **ret_bytes, size_t *ret_size)
{
    struct iv_win_reader reader;
    const void *view =
        iv_win_reader(&reader) && reader.charge_size > 0
            ? MapViewOfFile(reader.charge, FILE_MAP_READ, 0, 0, (SIZE_T)reader.charge_size)
            : NULL;
    if (view == NULL) {
        errno = EINVAL;
        return false;
    }
    *ret_bytes = view;
    *ret_size = reader.charge_size;
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
