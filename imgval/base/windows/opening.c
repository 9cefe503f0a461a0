/*
 * The parent's side of opening.h, and the pipes of both sides.
 *
 * The directories that a reader may name are those that it was given, and the last few that were
 * opened for it to open something beneath them; the parent keeps a handle of its own of each, so
 * nothing that the reader does to its handles changes what is opened.
 */
#include "imgval/base/windows/opening.h"

#include "imgval/base/entropy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_SIZE (256 * 1024)
#define ANSWERS_SIZE 4096
#define FOLDERS 8         /* a reader uses one at a time */
#define HANDLES_MAX 4096u /* that a reader has open; one that means well closes them */

/* ---- pipes ---- */

bool iv_win_pipe_open(enum iv_win_pipe_kind kind, struct iv_win_pipe *pipe)
{
    static const struct {
        DWORD access;
        DWORD type;
        DWORD out;
        DWORD in;
        DWORD reader;
    } rows[] = {
        [IV_WIN_PIPE_RECORDS] = {PIPE_ACCESS_INBOUND, PIPE_TYPE_BYTE | PIPE_READMODE_BYTE, 0,
                                 RECORDS_SIZE, GENERIC_WRITE},
        [IV_WIN_PIPE_QUESTIONS] = {PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                                   ANSWERS_SIZE, IV_WIN_QUESTION_MAX, GENERIC_READ | GENERIC_WRITE},
    };
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof(inheritable), .bInheritHandle = TRUE};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    uint64_t random;
    if (!iv_entropy(&random, sizeof(random))) {
        return false;
    }
    char name[64];
    snprintf(name, sizeof(name), "\\\\.\\pipe\\imgval-%lu-%016" PRIx64, GetCurrentProcessId(),
             random);
    const wchar_t *wide = iv_win_wide(name, strlen(name), &arena, NULL);
    pipe->parent = CreateNamedPipeW(
        wide, rows[kind].access | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        rows[kind].type | PIPE_REJECT_REMOTE_CLIENTS, 1, rows[kind].out, rows[kind].in, 0, NULL);
    pipe->reader =
        pipe->parent == INVALID_HANDLE_VALUE
            ? INVALID_HANDLE_VALUE
            : CreateFileW(wide, rows[kind].reader, 0, &inheritable, OPEN_EXISTING, 0, NULL);
    if (pipe->reader == INVALID_HANDLE_VALUE) {
        iv_win_set_errno();
        return false;
    }
    return true;
}

/* ---- the directories ---- */

struct directory {
    HANDLE own;       /* NULL: none */
    uint64_t readers; /* the reader's handle of it */
};

struct iv_win_opener {
    HANDLE pipe;
    OVERLAPPED reading; /* a question, into room */
    OVERLAPPED writing; /* the answer */
    bool is_reading;
    struct iv_win_answer answer;
    size_t next_folder;
    struct directory folders[FOLDERS]; /* owned */
    size_t root_count;
    struct directory *roots; /* borrowed handles */
    union {
        struct iv_win_question question;
        char bytes[IV_WIN_QUESTION_MAX + 1]; /* with room for a NUL */
    } room;
};

static HANDLE find_directory(const struct iv_win_opener *opener, uint64_t readers)
{
    for (size_t i = 0; i < opener->root_count; i++) {
        if (opener->roots[i].readers == readers) {
            return opener->roots[i].own;
        }
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        if (opener->folders[i].own != NULL && opener->folders[i].readers == readers) {
            return opener->folders[i].own;
        }
    }
    return INVALID_HANDLE_VALUE;
}

/* Takes the handle over. The reader may have closed an older one of the same number. */
static void keep_folder(struct iv_win_opener *opener, HANDLE own, uint64_t readers)
{
    size_t place = opener->next_folder % FOLDERS;
    for (size_t i = 0; i < FOLDERS; i++) {
        if (opener->folders[i].own != NULL && opener->folders[i].readers == readers) {
            place = i;
        }
    }
    opener->next_folder++;
    iv_win_close(&opener->folders[place].own);
    opener->folders[place] = (struct directory){.own = own, .readers = readers};
}

/* ---- questions ---- */

static void read_on(struct iv_win_opener *opener)
{
    ResetEvent(opener->reading.hEvent);
    opener->is_reading =
        ReadFile(opener->pipe, &opener->room, IV_WIN_QUESTION_MAX, NULL, &opener->reading) ||
        GetLastError() == ERROR_IO_PENDING;
}

void iv_win_opener_close(struct iv_win_opener **opener)
{
    struct iv_win_opener *o = *opener;
    if (o == NULL) {
        return;
    }
    DWORD got;
    CancelIoEx(o->pipe, NULL);
    if (o->is_reading) { /* room must not be written to any more */
        (void)GetOverlappedResult(o->pipe, &o->reading, &got, TRUE);
    }
    if (!HasOverlappedIoCompleted(&o->writing)) {
        (void)GetOverlappedResult(o->pipe, &o->writing, &got, TRUE);
    }
    for (size_t i = 0; i < FOLDERS; i++) {
        iv_win_close(&o->folders[i].own);
    }
    iv_win_close(&o->pipe);
    iv_win_close(&o->reading.hEvent);
    iv_win_close(&o->writing.hEvent);
    free(o->roots);
    free(o);
    *opener = NULL;
}

struct iv_win_opener *iv_win_opener_open(const int *directories, size_t count, HANDLE *ret_reader)
{
    struct iv_win_pipe pipe = {.parent = INVALID_HANDLE_VALUE, .reader = INVALID_HANDLE_VALUE};
    struct iv_win_opener *opener IV_CLEANUP(iv_win_opener_close) = iv_malloc(sizeof(*opener));
    memset(opener, 0, sizeof(*opener));
    opener->roots = iv_malloc((count + 1) * sizeof(*opener->roots));
    for (size_t i = 0; i < count; i++) { /* inherited handles keep their numbers */
        HANDLE own = iv_win_handle(directories[i]);
        opener->roots[i] = (struct directory){.own = own, .readers = (uint64_t)(uintptr_t)own};
    }
    opener->root_count = count;
    opener->reading.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    opener->writing.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    bool is_open = opener->reading.hEvent != NULL && opener->writing.hEvent != NULL;
    if (!is_open) {
        iv_win_set_errno();
    }
    is_open = is_open && iv_win_pipe_open(IV_WIN_PIPE_QUESTIONS, &pipe);
    opener->pipe = pipe.parent;
    if (!is_open) {
        return NULL;
    }
    *ret_reader = pipe.reader;
    read_on(opener);
    struct iv_win_opener *made = opener;
    opener = NULL;
    return made;
}

HANDLE iv_win_opener_event(const struct iv_win_opener *opener)
{
    return opener->reading.hEvent;
}

/* Whether so many bytes are a question that may be answered. */
static bool is_question(struct iv_win_opener *opener, size_t size)
{
    const struct iv_win_question *question = &opener->room.question;
    if (size < sizeof(*question)) {
        return false;
    }
    opener->room.bytes[size] = '\0';
    return question->want <= IV_WIN_WANT_FOLDER &&
           strlen(opener->room.bytes + sizeof(*question)) == size - sizeof(*question);
}

/* What is opened goes to the reader. False with errno set. */
static bool open_for(struct iv_win_opener *opener, HANDLE reader, uint64_t *ret_handle)
{
    const struct iv_win_question *question = &opener->room.question;
    enum iv_win_want want = (enum iv_win_want)question->want;
    HANDLE directory = find_directory(opener, question->directory);
    DWORD handles = 0;
    if (directory == INVALID_HANDLE_VALUE) {
        errno = EBADF;
        return false;
    }
    if (GetProcessHandleCount(reader, &handles) && handles > HANDLES_MAX) {
        errno = EMFILE;
        return false;
    }
    HANDLE opened IV_CLEANUP(iv_win_close) =
        iv_win_open_beneath(directory, opener->room.bytes + sizeof(*question), want, false);
    HANDLE copy;
    if (opened == INVALID_HANDLE_VALUE) {
        return false;
    }
    if (!DuplicateHandle(GetCurrentProcess(), opened, reader, &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        iv_win_set_errno();
        return false;
    }
    *ret_handle = (uint64_t)(uintptr_t)copy;
    if (want == IV_WIN_WANT_FOLDER) {
        keep_folder(opener, opened, *ret_handle);
        opened = INVALID_HANDLE_VALUE;
    }
    return true;
}

bool iv_win_opener_serve(struct iv_win_opener *opener, HANDLE reader)
{
    DWORD got = 0;
    if (!opener->is_reading || !HasOverlappedIoCompleted(&opener->reading)) {
        return false;
    }
    opener->is_reading = false;
    bool is_fine = GetOverlappedResult(opener->pipe, &opener->reading, &got, FALSE) &&
                   is_question(opener, got) && HasOverlappedIoCompleted(&opener->writing);
    if (is_fine) {
        opener->answer = (struct iv_win_answer){0};
        if (!open_for(opener, reader, &opener->answer.handle)) {
            opener->answer.number = errno;
        }
        is_fine = WriteFile(opener->pipe, &opener->answer, sizeof(opener->answer), NULL,
                            &opener->writing) ||
                  GetLastError() == ERROR_IO_PENDING;
    }
    if (is_fine) {
        read_on(opener);
    } else {
        ResetEvent(opener->reading.hEvent);
        DisconnectNamedPipe(opener->pipe); /* a reader that waits for an answer waits no longer */
    }
    return true;
}
