/*
 * Fuzz entry of the cabinet reader: opens the input as a cabinet and reads every member.
 * A member that was read once must read the same again: a reader whose result depends on what lies
 * in memory (libarchive's LZX window) fails here.
 */
#include "imgval/input/cabinet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMBERS_MAX 8
#define MEMBER_MAX ((uint64_t)256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_members(struct iv_cabinet *cabinet)
{
    size_t count;
    const struct iv_member *members = iv_cabinet_members(cabinet, &count);
    for (size_t i = 0; i < count && i < MEMBERS_MAX; i++) {
        struct iv_fault fault = {0};
        struct iv_buf first IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_buf second IV_CLEANUP(iv_buf_fini) = {0};
        if (iv_cabinet_find(cabinet, members[i].name) != &members[i]) {
            abort();
        }
        bool read = iv_cabinet_read(cabinet, &members[i], MEMBER_MAX, &first, &fault);
        if (!read && (fault.kind == IV_FAULT_NONE || fault.detail == NULL || first.size != 0)) {
            abort();
        }
        if (read && (first.size != members[i].size ||
                     !iv_cabinet_read(cabinet, &members[i], MEMBER_MAX, &second, &fault) ||
                     second.size != first.size ||
                     (first.size > 0 && memcmp(first.data, second.data, first.size) != 0))) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("cabinet", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    struct iv_limits limits = iv_limits_default();
    limits.inflated = 64 * IV_MIB;
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_cabinet *cabinet = NULL;
    struct iv_fault fault = {0};
    const struct iv_opened file = iv_opened_of(fd, size);
    if (iv_cabinet_open(&file, &limits, &arena, &cabinet, &fault)) {
        read_members(cabinet);
        iv_cabinet_close(&cabinet);
    } else if (fault.kind == IV_FAULT_NONE || fault.detail == NULL) {
        abort();
    }
    iv_arena_fini(&arena);
    (void)close(fd);
    return 0;
}
