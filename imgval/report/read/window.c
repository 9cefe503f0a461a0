/* A window over a file that is read once from front to back: it holds the lines that are not read
 * yet and grows only for a line that is longer. It reads on and never back, as standard input may
 * be a pipe. */
#include "imgval/report/read/window.h"

#include "imgval/base/file.h"
#include "imgval/report/read/json_read.h"

#include <errno.h>
#include <string.h>

void iv_window_fini(struct iv_window *window)
{
    iv_buf_fini(&window->buf);
}

/* Adds one chunk. at_end is known only by a read that gave nothing. */
bool iv_window_fill(struct iv_window *window, struct iv_error *err)
{
    enum { CHUNK = 256 * 1024 };
    char *place = iv_buf_reserve(&window->buf, CHUNK);
    int64_t got = iv_file_read_on(window->fd, place, CHUNK);
    if (got < 0) {
        return errno == EISDIR ? iv_error_set(err, IV_ERROR_NO_INPUT, "a directory")
                               : iv_error_errno(err, "reading");
    }
    window->buf.size += (size_t)got;
    window->buf.data[window->buf.size] = '\0';
    window->got += (uint64_t)got;
    window->at_end = got == 0;
    if (window->got > window->max) {
        return iv_error_set(err, IV_ERROR_INVALID, "larger than the limit for %s, %llu bytes",
                            window->what, (unsigned long long)window->max);
    }
    return true;
}

/* Every line that is whole (at the end: all); the rest is kept. */
static bool read_lines(struct iv_window *window, iv_line_fn *each, void *context,
                       struct iv_error *err)
{
    size_t used = window->buf.size;
    while (!window->at_end && used > window->unended && window->buf.data[used - 1] != '\n') {
        used--;
    }
    used = used == window->unended && !window->at_end ? 0 : used;
    struct iv_json_lines lines = {
        .text = iv_buf_text(&window->buf), .size = used, .number = window->line};
    struct iv_line line;
    while (iv_json_next_line(&lines, &line.text, &line.size, &line.is_whole)) {
        line.number = lines.number;
        if (!each(context, &line, err)) {
            return false;
        }
    }
    window->line = lines.number;
    if (used > 0) {
        memmove(window->buf.data, window->buf.data + used, window->buf.size - used);
        window->buf.size -= used;
    }
    window->unended = window->buf.size;
    return true;
}

/* Calls `each` for every line that is not blank. What the window holds already was read to see what
 * kind of file it is. */
bool iv_window_lines(struct iv_window *window, iv_line_fn *each, void *context,
                     struct iv_error *err)
{
    /* What was read to see what it is. */
    if (!read_lines(window, each, context, err)) {
        return false;
    }
    while (!window->at_end) {
        if (!iv_window_fill(window, err)) {
            return false;
        }
        if (window->unended > window->line_max) {
            return iv_error_set(err, IV_ERROR_INVALID,
                                "line %zu: a record of more than the limit of %llu bytes",
                                window->line + 1, (unsigned long long)window->line_max);
        }
        if (!read_lines(window, each, context, err)) {
            return false;
        }
    }
    return true;
}
