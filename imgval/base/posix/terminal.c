/*
 * Terminals of POSIX systems: what they can show, TERM says.
 */
#include "imgval/base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LEAST_WIDTH 20

static int descriptor(enum iv_stream stream)
{
    switch (stream) {
    case IV_STREAM_OUT:
        return STDOUT_FILENO;
    case IV_STREAM_ERR:
        return STDERR_FILENO;
    }
    return -1;
}

bool iv_terminal_is(enum iv_stream stream)
{
    return isatty(descriptor(stream)) == 1;
}

unsigned iv_terminal_width(enum iv_stream stream)
{
    struct winsize size;
    bool is_known = ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST_WIDTH;
    return is_known ? size.ws_col : 0;
}

/* Whether colours may be written. Without TERM a terminal may still know them, which is enough
 * where being wrong is harmless. */
bool iv_terminal_obeys(enum iv_stream stream, bool is_sure)
{
    const char *term = getenv("TERM");
    return iv_terminal_is(stream) &&
           (term == NULL || *term == '\0' ? !is_sure : strcmp(term, "dumb") != 0);
}
