/*
 * rights.h: what a reader process is put under before it begins. For process.c and sandbox.c.
 */
#ifndef IMGVAL_BASE_WINDOWS_RIGHTS_H
#define IMGVAL_BASE_WINDOWS_RIGHTS_H

#include "imgval/base/limits.h"

#include <windows.h>

#include <stdbool.h>

/* This program's own token, with less: with nothing that opens a file; for the thread that begins
 * such a process, until it can go on without files; and one that may only read. NULL: there is
 * none. */
HANDLE iv_win_token_closed(void);
HANDLE iv_win_token_first(void);
HANDLE iv_win_token_low(void);

/* A job with the limits of a reader; with rules on windows, or without. NULL: there is none. */
HANDLE iv_win_job(const struct iv_limits *limits, bool with_windows);

#endif
