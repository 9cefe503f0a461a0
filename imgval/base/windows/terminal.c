/*
 * Consoles of Windows: one that takes the mode for sequences obeys them.
 */
#include "imgval/base/terminal.h"

#include <windows.h>

#define LEAST_WIDTH 20

static HANDLE handle_of(enum iv_stream stream)
{
    switch (stream) {
    case IV_STREAM_OUT:
        return GetStdHandle(STD_OUTPUT_HANDLE);
    case IV_STREAM_ERR:
        return GetStdHandle(STD_ERROR_HANDLE);
    }
    return INVALID_HANDLE_VALUE;
}

bool iv_terminal_is(enum iv_stream stream)
{
    DWORD mode;
    return GetConsoleMode(handle_of(stream), &mode) != 0;
}

unsigned iv_terminal_width(enum iv_stream stream)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(handle_of(stream), &info)) {
        return 0;
    }
    int width = info.srWindow.Right - info.srWindow.Left + 1;
    return width >= LEAST_WIDTH ? (unsigned)width : 0;
}

bool iv_terminal_obeys(enum iv_stream stream, bool is_sure)
{
    HANDLE handle = handle_of(stream);
    DWORD mode;
    (void)is_sure; /* it always says */
    return GetConsoleMode(handle, &mode) &&
           ((mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 ||
            SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING));
}
