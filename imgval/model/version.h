/*
 * version.h: four numbers of 16 bits, Major.Minor.QFE.Build, compared in that order
 * (packages.md 1.2: QFE is the third, Build the fourth). Leading zeros are accepted and kept in the
 * text that people see; equality and order are numeric.
 */
#ifndef IMGVAL_MODEL_VERSION_H
#define IMGVAL_MODEL_VERSION_H

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

#define IV_VERSION_TEXT_SIZE 24 /* 65535.65535.65535.65535 and the NUL */
void iv_version_format(struct iv_version version, char ret_text[IV_VERSION_TEXT_SIZE]);

#endif
