/*
 * hold.c: opens a file and shares it with nobody, says so, and keeps it for so many milliseconds,
 * or until its standard input ends. Another program of the user's, as far as imgval can tell.
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

int wmain(int argc, wchar_t **argv)
{
    if (argc < 2) {
        return 2;
    }
    HANDLE file = CreateFileW(argv[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return 1;
    }
    puts("held");
    fflush(stdout);
    if (argc > 2) {
        Sleep((DWORD)wcstoul(argv[2], NULL, 10));
    } else {
        (void)getchar();
    }
    CloseHandle(file);
    return 0;
}
