/*
 * window.h: the lines of a text of any length, from a descriptor, with one buffer of it in memory.
 */
#ifndef IMGVAL_REPORT_READ_WINDOW_H
#define IMGVAL_REPORT_READ_WINDOW_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_line {
    const char *text; /* without its newline */
    size_t size;
    size_t number;
    bool is_whole; /* it ends with a newline */
};

/* Zeroed but for these. */
struct iv_window {
    int fd;
    uint64_t max;      /* bytes; more is refused */
    uint64_t line_max; /* bytes of a line; more is refused */
    const char *what;  /* "a report": what has these limits */
    /* Its own. */
    struct iv_buf buf; /* what is in hand: whole lines, and what is left of the last one */
    uint64_t got;
    size_t line;    /* lines before the buffer */
    size_t unended; /* bytes of the buffer without a newline, known as such */
    bool at_end;
};

void iv_window_fini(struct iv_window *window);

/* Reads on. False with err for an error of the system, and beyond the limit. */
IV_MUST_USE bool iv_window_fill(struct iv_window *window, struct iv_error *err);

/* Calls `each` for every line that is not blank, until it returns false: then so does this, and err
 * is what `each` made of it. */
typedef bool iv_line_fn(void *context, const struct iv_line *line, struct iv_error *err);
IV_MUST_USE bool iv_window_lines(struct iv_window *window, iv_line_fn *each, void *context,
                                 struct iv_error *err);

#endif
