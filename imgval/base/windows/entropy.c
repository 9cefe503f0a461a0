/*
 * Random numbers from Windows.
 */
#include "imgval/base/entropy.h"

#include <windows.h>

#include <bcrypt.h>
#include <errno.h>

bool iv_entropy(void *bytes, size_t size)
{
    if (BCryptGenRandom(NULL, bytes, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0) {
        errno = EIO;
        return false;
    }
    return true;
}
