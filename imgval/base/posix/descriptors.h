/*
 * descriptors.h: which descriptors a new process keeps. For process.c.
 */
#ifndef IMGVAL_BASE_POSIX_DESCRIPTORS_H
#define IMGVAL_BASE_POSIX_DESCRIPTORS_H

#include <stddef.h>

/* Closes every descriptor but those given; negative ones are none. Allocates no memory. */
void iv_sandbox_keep_descriptors(const int *kept, size_t count);

#endif
