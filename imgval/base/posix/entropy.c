/*
 * Random numbers from the kernel, which gives up to 256 bytes at once.
 */
#include "imgval/base/entropy.h"

#include <sys/random.h>

bool iv_entropy(void *bytes, size_t size)
{
    return getrandom(bytes, size, 0) == (ssize_t)size;
}
