/*
 * pattern.h: compiled patterns. The only module that knows PCRE2.
 *
 * A pattern must match the whole text: it is anchored at both ends by match options, not by its
 * text, so "\n" at the end is seen. Bytes, no UTF, no UCP: classes like [0-9] mean ASCII whatever
 * the locale. Matching runs under a match limit, a depth limit and a heap limit.
 */
#ifndef IMGVAL_BASE_PATTERN_H
#define IMGVAL_BASE_PATTERN_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_pattern;

enum iv_match {
    IV_MATCH_YES,
    IV_MATCH_NO,
    IV_MATCH_LIMIT, /* a limit was hit: neither yes nor no */
};

/* Compiles; err (IV_ERROR_USAGE) names the pattern, the place and the reason. */
IV_MUST_USE bool iv_pattern_open(const char *text, struct iv_pattern **ret_pattern,
                                 struct iv_error *err);
void iv_pattern_close(struct iv_pattern **pattern); /* for IV_CLEANUP; *pattern may be NULL */

enum iv_match iv_pattern_match(const struct iv_pattern *pattern, const char *text, size_t size);

/* Appends the name and version of the library that is linked: "PCRE2 10.42". */
void iv_pattern_library(struct iv_buf *buf);

#endif
