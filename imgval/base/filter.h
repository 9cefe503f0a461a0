/*
 * filter.h: the filter of system calls under which readers run, as a program for the kernel. For
 * sandbox.c alone. Two files offer it: filter.c with libseccomp, filter_none.c without.
 */
#ifndef IMGVAL_BASE_FILTER_H
#define IMGVAL_BASE_FILTER_H

#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

struct sock_filter;

struct iv_filter {
    struct sock_filter *steps; /* from malloc(); NULL: there is no filter */
    size_t count;
};

/* Stands in the program where the number of the process belongs, which is not known before fork().
 * No process has it: they end at 2^22. */
#define IV_FILTER_PID 0x5AFEC0DEu

/* Whether this build can make one. */
bool iv_filter_is_built(void);

/* has_landlock: openat2 may pass, since Landlock keeps it to reading. False: no memory. */
IV_MUST_USE bool iv_filter_make(bool has_landlock, struct iv_filter *ret_filter);

#endif
