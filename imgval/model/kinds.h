/*
 * kinds.h: the kinds of submissions, one row each: every word for a kind, and every question about
 * one, is answered here. How a kind is listed and read is a row of imgval/input/kinds.c.
 */
#ifndef IMGVAL_MODEL_KINDS_H
#define IMGVAL_MODEL_KINDS_H

#include <stdbool.h>
#include <stddef.h>

enum iv_kind {
    IV_KIND_DIRECTORY,
    IV_KIND_PACKAGE,
    IV_KIND_FFU,
    IV_KIND_VHD,
    IV_KIND_WIM,
    IV_KIND_RECORD, /* from the baseline store */
    IV_KIND_COUNT,
};

struct iv_kind_info {
    const char *name;         /* in JSON: "ffu" */
    const char *phrase;       /* in a sentence, without an article: "FFU" */
    const char *what;         /* with one: "an FFU image" */
    bool is_image;            /* one file that holds partitions, or a whole file system */
    bool is_loose;            /* package files as they lie: without one nothing is judged */
    const char *extension[2]; /* of files that are submissions of this kind; NULL: none */
};

extern const struct iv_kind_info iv_kinds[IV_KIND_COUNT];

/* The names alone, by kind, NULL-terminated: the words of a member of JSON. */
extern const char *const iv_kind_names[];

/* The kind of image that a file of this name is by its extension; IV_KIND_COUNT: none. */
enum iv_kind iv_kind_of_image_name(const char *name);

#endif
