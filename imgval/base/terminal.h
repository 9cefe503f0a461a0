/*
 * terminal.h: whether a person looks at what is printed, and what their terminal can show.
 */
#ifndef IMGVAL_BASE_TERMINAL_H
#define IMGVAL_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum iv_stream {
    IV_STREAM_OUT, /* standard output */
    IV_STREAM_ERR, /* standard error */
};

bool iv_terminal_is(enum iv_stream stream);

/* Columns; 0 when it is no terminal, or does not say, or has so few that lines make no sense. */
unsigned iv_terminal_width(enum iv_stream stream);

/* Whether a terminal obeys the sequences for colours and for clearing a line. `is_sure`: only if it
 * says so; else unless it says that it does not. */
bool iv_terminal_obeys(enum iv_stream stream, bool is_sure);

#endif
