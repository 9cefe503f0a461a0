/*
 * What is asked of the system about memory that malloc() gave.
 */
#include "imgval/base/arena.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

/* Two pages of the large kind, of which one is whole wherever the memory begins. */
#define LARGE_SIZE ((size_t)4 * 1024 * 1024)
#define SMALL_PAGE ((uintptr_t)4096) /* a wrong one makes the advice void */

void iv_advise_large(void *memory, size_t size)
{
    if (size >= LARGE_SIZE) {
        size_t before = (size_t)(-(uintptr_t)memory & (SMALL_PAGE - 1));
        (void)madvise((char *)memory + before, size - before, MADV_HUGEPAGE);
    }
}

size_t iv_malloc_size(void *memory)
{
    return malloc_usable_size(memory);
}
