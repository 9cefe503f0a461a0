/*
 * version.h: four numbers of 16 bits, Major.Minor.QFE.Build, compared in that order (QFE is the
 * third and Build the fourth, unlike in a Windows file version). Leading zeros are accepted and
 * kept in the text that people see; equality and order are numeric.
 */
#ifndef IMGVAL_MODEL_VERSION_H
#define IMGVAL_MODEL_VERSION_H

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_version {
    uint16_t part[4];
};

/* Whole text as four decimal parts, ASCII digits, each 0..65535. */
bool iv_version_parse(const char *text, struct iv_version *ret_version);
int iv_version_compare(struct iv_version a, struct iv_version b); /* <0, 0, >0 */
bool iv_version_is_zero(struct iv_version version);

/*
 * Which of `count` versions break their order: ret_is_late[i] is false for as many of them as can
 * stand in order (none below the one before), the earliest such choice, and true for the others. So
 * of 3 5 4 that is 4, and of 9 1 2 3 it is 9.
 */
void iv_version_find_late(const struct iv_version *versions, size_t count, struct iv_arena *scratch,
                          bool *ret_is_late);

#define IV_VERSION_TEXT_SIZE 24 /* 65535.65535.65535.65535 and the NUL */
void iv_version_format(struct iv_version version, char ret_text[IV_VERSION_TEXT_SIZE]);

#endif
