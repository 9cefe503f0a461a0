/*
 * A difference as CSV: one row for each package that is not the same, one for each value of the
 * metadata, and in front one for each side that could not be read in full: no rows must not look
 * like no difference.
 */
#include "imgval/report/history/delta_report.h"
#include "imgval/report/write/csv.h"

static const char header[] =
    "record,name,key,what,renamed,before_version,after_version,before_partition,after_partition,"
    "before_owner_type,after_owner_type,before_release_type,after_release_type,"
    "before_binary_partition,after_binary_partition,before_empty,after_empty,before_path,"
    "after_path,before_value,after_value\r\n";

/* Those that only packages have. */
enum { PACKAGE_COLUMNS = 14 };

/* Cells that this kind of row does not have. */
static void add_empty(struct iv_buf *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        iv_csv_text(rows, NULL);
    }
}

/* Empty where the package is not on this side: "false" would say something about it. */
static void add_flag(struct iv_buf *rows, const struct iv_package *package, bool is_set)
{
    if (package == NULL) {
        iv_csv_text(rows, NULL);
    } else {
        iv_csv_bool(rows, is_set);
    }
}

/* The row of a package; a side that does not have it has empty cells. */
static void add_change(struct iv_buf *rows, const struct iv_change *change)
{
    const struct iv_package *b = change->before;
    const struct iv_package *a = change->after;
    const char *words[IV_CHANGE_KINDS];
    const size_t count = iv_delta_words(change, words);
    struct iv_buf what IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count; i++) {
        iv_buf_printf(&what, "%s%s", i > 0 ? "; " : "", words[i]);
    }
    iv_csv_text(rows, "package");
    iv_csv_text(rows, iv_package_shown_name(iv_delta_either(change)));
    iv_csv_text(rows, iv_delta_either(change)->key);
    iv_csv_text(rows, iv_buf_text(&what));
    iv_csv_text(rows, change->other == NULL ? NULL : iv_package_shown_name(change->other));
    iv_csv_text(rows, b == NULL ? NULL : b->version);
    iv_csv_text(rows, a == NULL ? NULL : a->version);
    iv_csv_text(rows, b == NULL ? NULL : iv_package_partition(b));
    iv_csv_text(rows, a == NULL ? NULL : iv_package_partition(a));
    iv_csv_text(rows, b == NULL ? NULL : b->owner_type);
    iv_csv_text(rows, a == NULL ? NULL : a->owner_type);
    iv_csv_text(rows, b == NULL ? NULL : b->release_type);
    iv_csv_text(rows, a == NULL ? NULL : a->release_type);
    add_flag(rows, b, b != NULL && b->binary_partition);
    add_flag(rows, a, a != NULL && a->binary_partition);
    add_flag(rows, b, b != NULL && b->empty);
    add_flag(rows, a, a != NULL && a->empty);
    iv_csv_text(rows, b == NULL ? NULL : b->path);
    iv_csv_text(rows, a == NULL ? NULL : a->path);
    add_empty(rows, 2);
    iv_csv_end_row(rows);
}

/* A value of the metadata has no package: the cells of both sides are empty. */
static void add_value(struct iv_buf *rows, const struct iv_value_change *value)
{
    iv_csv_text(rows, "metadata");
    iv_csv_text(rows, value->name);
    iv_csv_text(rows, NULL);
    iv_csv_text(rows, value->before == NULL  ? "added"
                      : value->after == NULL ? "removed"
                                             : "changed");
    add_empty(rows, 1 + PACKAGE_COLUMNS);
    iv_csv_text(rows, value->before);
    iv_csv_text(rows, value->after);
    iv_csv_end_row(rows);
}

/* A row in front that says that a side was not read in full, and which. */
static void add_incomplete(struct iv_buf *rows, const char *side, const char *path)
{
    iv_csv_text(rows, "incomplete");
    iv_csv_text(rows, path);
    iv_csv_text(rows, NULL);
    iv_csv_text(rows, side);
    add_empty(rows, 1 + PACKAGE_COLUMNS + 2);
    iv_csv_end_row(rows);
}

void iv_delta_write_csv(const struct iv_delta_report *report, const struct iv_style_options *style,
                        FILE *out)
{
    (void)style; /* a table for programs looks the same everywhere */
    struct iv_buf rows IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&rows, header);
    if (report->before_incomplete) {
        add_incomplete(&rows, "before", report->before->path);
    }
    if (report->after_incomplete) {
        add_incomplete(&rows, "after", report->after->path);
    }
    for (size_t i = 0; i < report->delta.count; i++) {
        add_change(&rows, &report->delta.changes[i]);
        iv_csv_flush(&rows, out);
    }
    for (size_t i = 0; i < report->delta.value_count; i++) {
        add_value(&rows, &report->delta.values[i]);
        iv_csv_flush(&rows, out);
    }
    iv_csv_finish(&rows, out);
}
