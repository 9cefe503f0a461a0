/*
 * filter.h: the filter of system calls under which readers run. For sandbox.c, and for whoever asks
 * whether there is one.
 */
#ifndef IMGVAL_BASE_POSIX_FILTER_H
#define IMGVAL_BASE_POSIX_FILTER_H

#include "imgval/base/attr.h"

#include <stdbool.h>

/* Whether this build knows the calls of its architecture. */
bool iv_filter_is_built(void);

/* For the calling process, for good, after no_new_privs, without allocating memory. has_landlock:
 * openat2 may pass, since Landlock keeps it to reading. False: the system has no such filters. */
IV_MUST_USE bool iv_filter_enter(bool has_landlock);

#endif
