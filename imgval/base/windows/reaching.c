/*
 * The reader's side of opening.h. Whether this process is a reader stands on its command line,
 * which its parent has written, and nowhere else.
 */
#include "imgval/base/windows/opening.h"

#include "imgval/base/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define STATUS_LOST 5

/* "CHARGE:SIZE:OPENING", in hexadecimal. */
bool iv_win_reader(struct iv_win_reader *ret_reader)
{
    static const wchar_t front[] = L"imgval " IV_PROCESS_WORD L" ";
    const wchar_t *line = GetCommandLineW();
    if (wcsncmp(line, front, wcslen(front)) != 0) {
        return false;
    }
    uint64_t numbers[3] = {0};
    wchar_t *at = (wchar_t *)(uintptr_t)line + wcslen(front);
    for (size_t i = 0; i < IV_COUNT(numbers); i++) {
        numbers[i] = wcstoull(at, &at, 16);
        if (*at != (i + 1 < IV_COUNT(numbers) ? L':' : L'\0')) {
            return false;
        }
        at++;
    }
    *ret_reader = (struct iv_win_reader){
        .charge = (HANDLE)(uintptr_t)numbers[0],
        .charge_size = (size_t)numbers[1],
        .opening = (HANDLE)(uintptr_t)numbers[2],
    };
    return true;
}

static HANDLE ask(HANDLE pipe, HANDLE directory, const char *path, enum iv_win_want want)
{
    struct iv_buf message IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_win_question question = {
        .directory = (uint64_t)(uintptr_t)directory,
        .want = (uint64_t)want,
    };
    struct iv_win_answer answer;
    DWORD done;
    iv_buf_add(&message, &question, sizeof(question));
    iv_buf_puts(&message, path);
    if (message.size > IV_WIN_QUESTION_MAX) {
        errno = ENAMETOOLONG;
        return INVALID_HANDLE_VALUE;
    }
    if (!WriteFile(pipe, message.data, (DWORD)message.size, &done, NULL) ||
        !ReadFile(pipe, &answer, sizeof(answer), &done, NULL) || done != sizeof(answer)) {
        _Exit(STATUS_LOST); /* the parent is gone, or answers no more */
    }
    if (answer.number != 0) {
        errno = (int)answer.number;
        return INVALID_HANDLE_VALUE;
    }
    return (HANDLE)(uintptr_t)answer.handle;
}

HANDLE iv_win_reach(HANDLE directory, const char *path, enum iv_win_want want)
{
    struct iv_win_reader reader;
    return iv_win_reader(&reader) && reader.opening != NULL
               ? ask(reader.opening, directory, path, want)
               : iv_win_open_beneath(directory, path, want, false);
}
