/*
 * span.h: time spent, on the clock on the wall and by the processors. Only what was asked for on
 * the command line is measured, and no judgement depends on it.
 */
#ifndef IMGVAL_BASE_SPAN_H
#define IMGVAL_BASE_SPAN_H

#include <stdint.h>

/* Nanoseconds. The processors' time is that of this process and of its children that have ended. */
struct iv_span {
    uint64_t wall;
    uint64_t cpu;
};

/* Two clocks, of which differences alone mean anything. */
struct iv_span iv_span_now(void);

/* Adds what went by since `start`. */
void iv_span_add(struct iv_span *total, const struct iv_span *start);

#endif
