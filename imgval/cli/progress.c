/*
 * The parent calls iv_progress_step() after each file; nearly all calls return after one look at
 * the clock. On a terminal one line is drawn over itself and taken away at the end; elsewhere a
 * line is printed now and then, for the log of a build server. Names come from the input and are
 * escaped: they must not control the terminal.
 */
#include "imgval/cli/progress.h"

#include "imgval/base/buf.h"
#include "imgval/base/clock.h"
#include "imgval/base/terminal.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FIRST_MS = 1000,  /* a scan that is done by then shows nothing */
    REDRAW_MS = 100,  /* between two drawings of the live line */
    RELINE_MS = 1000, /* between two lines on a pipe */
    SETTLED_MS = 200, /* before that a rate says nothing */
};

/* Whether anything is drawn is decided once: what standard error is does not change in a run. */
void iv_progress_init(struct iv_progress *progress, const struct iv_output_arguments *output)
{
    bool is_live = iv_terminal_obeys(IV_STREAM_ERR, true);
    unsigned width = iv_terminal_width(IV_STREAM_ERR);
    bool always = output->progress == IV_WHEN_ALWAYS;
    *progress = (struct iv_progress){
        .is_wanted =
            output->quiet == 0 && (always || (output->progress == IV_WHEN_AUTO && is_live)),
        .is_live = is_live,
        .ascii = iv_command_is_ascii(),
        .width = width > 0 ? width : 80,
        .start = iv_clock_ms(),
    };
    progress->next = progress->start + (always ? 0 : FIRST_MS);
}

/* "N files, R/s, M:SS left", as far as it can be said yet. */
static void add_numbers(struct iv_buf *line, size_t done, size_t count, int64_t elapsed)
{
    iv_buf_printf(line, "%zu of %zu files", done, count);
    if (elapsed < SETTLED_MS || done == 0) {
        return;
    }
    uint64_t rate = (uint64_t)done * 1000 / (uint64_t)elapsed;
    uint64_t left = (uint64_t)(count - done) * (uint64_t)elapsed / done / 1000;
    if (rate > 0) {
        iv_buf_printf(line, ", %" PRIu64 "/s", rate);
    } else {
        iv_buf_printf(line, ", %" PRIu64 " s each", (uint64_t)elapsed / done / 1000);
    }
    iv_buf_printf(line, ", %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
}

/* The end of a text that has at most so many columns; whole characters. */
static const char *last_columns(const char *text, size_t columns)
{
    while (iv_text_width(text) > columns) {
        uint32_t code;
        size_t size = iv_utf8_decode(text, strnlen(text, 4), &code);
        text += size == 0 ? 1 : size;
    }
    return text;
}

/* Called for every file, so the test of the clock comes first. An estimate needs a past: the rate
 * is shown after a moment. */
void iv_progress_step(void *context, const char *path, size_t done, size_t count)
{
    struct iv_progress *progress = context;
    int64_t now = iv_clock_ms();
    if (!progress->is_wanted || now < progress->next) {
        return;
    }
    progress->next = now + (progress->is_live ? REDRAW_MS : RELINE_MS);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    add_numbers(&line, done, count, now - progress->start);
    iv_text_escape(&name, path, 0, progress->ascii);
    if (!progress->is_live) {
        fprintf(stderr, "imgval: %s: %s\n", iv_buf_text(&line), iv_buf_text(&name));
        return;
    }
    /* One column stays free: a full line would make some terminals go on in the next one. */
    size_t room = progress->width - 1;
    if (line.size + 10 < room) {
        iv_buf_puts(&line, "  ");
        iv_buf_puts(&line, last_columns(iv_buf_text(&name), room - line.size));
    } else if (line.size > room) {
        line.data[room] = '\0'; /* the numbers are ASCII */
    }
    (void)fprintf(stderr, "\r%s\033[K", iv_buf_text(&line));
    (void)fflush(stderr);
    progress->is_drawn = true;
}

void iv_progress_end(struct iv_progress *progress)
{
    if (progress->is_drawn) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->is_drawn = false;
    }
}
