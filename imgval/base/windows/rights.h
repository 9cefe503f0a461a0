/*
 * rights.h: what a reader process is put under before it begins. For process.c and sandbox.c.
 */
#ifndef IMGVAL_BASE_WINDOWS_RIGHTS_H
#define IMGVAL_BASE_WINDOWS_RIGHTS_H

#include "imgval/base/limits.h"

#include <windows.h>

/* This program's own token, with less. NULL: there is none. */
HANDLE iv_win_token(void);

/* A job with the limits of a reader. NULL: there is none. */
HANDLE iv_win_job(const struct iv_limits *limits);

#endif
