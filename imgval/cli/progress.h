/*
 * progress.h: how far a scan is, on standard error, for the person who waits. Draws nothing in the
 * first second, and nothing that a later reader of a pipe would have to take out again. Layer 4.
 */
#ifndef IMGVAL_CLI_PROGRESS_H
#define IMGVAL_CLI_PROGRESS_H

#include "imgval/cli/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_progress {
    bool is_wanted;
    bool is_live;  /* one line that is drawn over; else a line for each step */
    bool is_drawn; /* the live line stands on the terminal */
    bool ascii;
    size_t width;  /* columns */
    int64_t start; /* milliseconds */
    int64_t next;  /* when to draw again */
};

/*
 * auto: on a terminal that can draw over a line, from the second second on. always: from the first
 * file, and on a pipe as lines. never, or -q: not at all.
 */
void iv_progress_init(struct iv_progress *progress, const struct iv_output_arguments *output);

/* For iv_scan_options.progress; `context` is the struct iv_progress. */
void iv_progress_step(void *context, const char *path, size_t done, size_t count);

/* Takes the line away again; before anything else is printed. */
void iv_progress_end(struct iv_progress *progress);

#endif
