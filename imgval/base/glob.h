/*
 * glob.h: names that a person may abbreviate: `*` stands for any characters, `?` for one, all else
 * for itself; ASCII letters match in either case. Nothing is special besides: no classes, no
 * escapes, and `/` is a character like others.
 */
#ifndef IMGVAL_BASE_GLOB_H
#define IMGVAL_BASE_GLOB_H

#include <stdbool.h>

/* Whether the whole text matches. Time is bounded by the product of the lengths; no recursion. */
bool iv_glob_match(const char *glob, const char *text);

#endif
