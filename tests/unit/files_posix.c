#include "tests/unit/files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void files_folder(char ret_path[FILES_PATH_SIZE])
{
    snprintf(ret_path, FILES_PATH_SIZE, "/tmp/imgval_unit_XXXXXX");
    if (mkdtemp(ret_path) == NULL) {
        perror("mkdtemp");
        exit(2);
    }
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void files_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int files_open(const void *bytes, size_t size)
{
    int fd = memfd_create("unit", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
        perror("memfd_create");
        exit(2);
    }
    return fd;
}
