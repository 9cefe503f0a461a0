/*
 * vhd.h: virtual hard disks, fixed and dynamic. Differencing disks and VHDX are refused by name.
 */
#ifndef IMGVAL_DISK_VHD_H
#define IMGVAL_DISK_VHD_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/disk/faults.h"
#include "imgval/disk/source.h"
#include "imgval/model/image.h"

#include <stdbool.h>

/*
 * Opens the disk, which borrows the source and lives in the arena. image->format and one store
 * (with disk and block size, and what is used) are set. False with a fault: FFU_HEADER (damaged),
 * UNSUPPORTED or TRUNCATED.
 */
IV_MUST_USE bool iv_vhd_open(const struct iv_source *file, struct iv_arena *arena,
                             struct iv_image *image, struct iv_faults *faults,
                             struct iv_source *ret_disk);

#endif
