/*
 * status.h: what the system says of a file, as file.h has it. For the files of this folder.
 */
#ifndef IMGVAL_BASE_POSIX_STATUS_H
#define IMGVAL_BASE_POSIX_STATUS_H

#include "imgval/base/file.h"

struct stat;

struct iv_status iv_status_of(const struct stat *st);

#endif
