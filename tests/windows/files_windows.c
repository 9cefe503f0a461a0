#include "tests/unit/files.h"

#include "imgval/base/entropy.h"
#include "imgval/base/file.h"
#include "imgval/base/windows/native.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* In the current folder: ctest runs each test in one of the build. */
void files_folder(char ret_path[FILES_PATH_SIZE])
{
    uint64_t random;
    if (!iv_entropy(&random, sizeof(random))) {
        exit(2);
    }
    snprintf(ret_path, FILES_PATH_SIZE, "imgval_unit_%016" PRIx64, random);
    if (!iv_file_make_folder(ret_path)) {
        perror(ret_path);
        exit(2);
    }
}

static void remove_tree(const wchar_t *path, struct iv_arena *arena)
{
    WIN32_FIND_DATAW found;
    size_t size = wcslen(path) + MAX_PATH + 4;
    wchar_t *below = IV_NEW_ARRAY(arena, wchar_t, size);
    swprintf(below, size, L"%ls\\*", path);
    HANDLE search = FindFirstFileW(below, &found);
    while (search != INVALID_HANDLE_VALUE) {
        swprintf(below, size, L"%ls\\%ls", path, found.cFileName);
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0) {
            /* no entry */
        } else if ((found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
            remove_tree(below, arena);
        } else {
            DeleteFileW(below);
        }
        if (!FindNextFileW(search, &found)) {
            FindClose(search);
            search = INVALID_HANDLE_VALUE;
        }
    }
    RemoveDirectoryW(path);
}

void files_remove(const char *path)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const wchar_t *wide = iv_win_path(path, &arena);
    if (wide != NULL) {
        remove_tree(wide, &arena);
    }
}

int files_open(const void *bytes, size_t size)
{
    uint64_t random = 0;
    wchar_t name[40];
    DWORD written = 0;
    (void)!iv_entropy(&random, sizeof(random));
    swprintf(name, IV_COUNT(name), L"imgval_unit_%016" PRIx64, random);
    HANDLE file = CreateFileW(name, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE, NULL,
                              CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    int fd = -1;
    if (file != INVALID_HANDLE_VALUE && WriteFile(file, bytes, (DWORD)size, &written, NULL) &&
        SetFilePointer(file, 0, NULL, FILE_BEGIN) == 0) {
        fd = iv_win_fd(file);
    }
    if (fd < 0 || written != size) {
        exit(2);
    }
    return fd;
}
