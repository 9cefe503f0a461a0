/*
 * What is asked of Windows about memory that malloc() gave.
 */
#include "imgval/base/arena.h"

#include <malloc.h>

void iv_advise_large(void *memory, size_t size)
{
    (void)memory;
    (void)size; /* large pages need a privilege that users do not have */
}

size_t iv_malloc_size(void *memory)
{
    return _msize(memory);
}
