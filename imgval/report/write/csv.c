#include "imgval/report/write/csv.h"

#include "imgval/report/write/escape.h"

#include <inttypes.h>
#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

static void separate(struct iv_buf *rows)
{
    if (rows->size > 0 && rows->data[rows->size - 1] != '\n') {
        iv_buf_putc(rows, ',');
    }
}

void iv_csv_text(struct iv_buf *rows, const char *text)
{
    separate(rows);
    if (text == NULL) {
        return;
    }
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    const char *at = iv_buf_text(&shown);
    iv_buf_putc(rows, '"');
    /* A tab or a carriage return in front would count too; the original says whether there is one.
     */
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL) {
        iv_buf_putc(rows, '\'');
    }
    for (; *at != '\0'; at++) {
        iv_buf_puts(rows, *at == '"' ? "\"" : "");
        iv_buf_putc(rows, *at);
    }
    iv_buf_putc(rows, '"');
}

void iv_csv_bool(struct iv_buf *rows, bool value)
{
    separate(rows);
    iv_buf_puts(rows, value ? "true" : "false");
}

void iv_csv_number(struct iv_buf *rows, uint64_t value, bool is_there)
{
    separate(rows);
    if (is_there) {
        iv_buf_printf(rows, "%" PRIu64, value);
    }
}

void iv_csv_end_row(struct iv_buf *rows)
{
    iv_buf_puts(rows, "\r\n");
}

void iv_csv_finish(struct iv_buf *rows, FILE *out)
{
    if (rows->size > 0) {
        (void)fwrite(rows->data, 1, rows->size, out);
        iv_buf_clear(rows);
    }
}

void iv_csv_flush(struct iv_buf *rows, FILE *out)
{
    if (rows->size > FLUSH_SIZE) {
        iv_csv_finish(rows, out);
    }
}
