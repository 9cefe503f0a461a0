#include "imgval/report/write/commands.h"

#include "imgval/report/write/ranked.h"

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void add_summary(const struct iv_report *report, struct iv_buf *buf)
{
    const struct iv_counts totals = iv_sink_totals(report);
    iv_buf_printf(buf,
                  "imgval: %s%s: %zu submission%s, %zu package%s; %zu error%s, %zu warning%s, %zu "
                  "note%s, %zu waived\n",
                  report->what_if ? "what if (no real verdict): " : "",
                  iv_final_verdict_names[report->verdict], report->entry_count,
                  plural(report->entry_count), totals.packages, plural(totals.packages),
                  totals.error, plural(totals.error), totals.warning, plural(totals.warning),
                  totals.note, plural(totals.note), totals.waived);
}

void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    const struct iv_ranked *ranked = iv_sink_rank(report, &arena, &count);
    for (size_t i = 0; i < count && !ranked[i].finding->waived; i++) {
        iv_buf_clear(&line);
        add(&line, ranked[i].finding);
        (void)fwrite(line.data, 1, line.size, out);
    }
    iv_buf_clear(&line);
    add_summary(report, &line);
    (void)fwrite(line.data, 1, line.size, out);
}
