/*
 * fold.h: names as a Windows file system compares them: by their upper-case forms, one character
 * for one. Two names in one folder that are equal so are one name on a device, and whoever reads
 * one of them has not read the other.
 */
#ifndef IMGVAL_BASE_FOLD_H
#define IMGVAL_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

/* Orders UTF-8 text by its upper-case form; bytes that are no UTF-8 stand for themselves. 0: the
 * same name but for case. */
int iv_fold_compare(const char *a, const char *b);

/* Whether two names are one but for case, and not the same to the letter. */
bool iv_fold_is_twin(const char *a, const char *b);

#endif
