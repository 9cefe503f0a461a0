/*
 * The WSPC comparison: a table of variants, and for those that are not compliant a drawing of the
 * packages that differ: a row for each, a column for the submission and each baseline.
 *
 * It is drawn from the differences that the comparison lists for a variant: everything that one
 * side should hold and does not.
 */
#include "imgval/base/digest.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/report/sink_html.h"
#include "imgval/report/write/phrases.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS_MAX = 200, /* of a drawing; the findings list all */
    LABEL_WIDTH = 360,
    COLUMN_WIDTH = 160,
    HEAD_HEIGHT = 58,
    ROW_HEIGHT = 30,
    RADIUS = 8,
    LABEL_COLUMNS = 46, /* characters of a name that fit */
    HEAD_COLUMNS = 18,
    COLUMNS_MAX = 4,
};

enum cell { CELL_ABSENT, CELL_PRESENT, CELL_MISSING };

static const char *const cell_words[] = {
    [CELL_ABSENT] = "not in it",
    [CELL_PRESENT] = "present",
    [CELL_MISSING] = "missing",
};

/* The submission or a baseline, as a column. */
struct column {
    const char *title;
    const struct iv_baseline *baseline; /* NULL: the submission */
    unsigned place;                     /* IV_IN_... */
};

/* The drawing of one variant, or of several that differ in nothing but their names. */
struct picture {
    const struct iv_submission *submission;
    const struct iv_wspc *wspc;
    struct column columns[COLUMNS_MAX];
    size_t column_count;
};

/* ---- rows and columns ---------------------------------------------------------------------- */

/* In the order of versions, as they would follow each other on a device. */
static void build_columns(struct picture *picture)
{
    const struct iv_wspc *wspc = picture->wspc;
    const struct column columns[] = {
        {.title = "older baseline", .baseline = wspc->older, .place = IV_IN_OLDER},
        {.title = "same version", .baseline = wspc->same, .place = IV_IN_SAME},
        {.title = "this submission", .place = IV_IN_SUBMISSION},
        {.title = "newer baseline", .baseline = wspc->newer, .place = IV_IN_NEWER},
    };
    for (size_t i = 0; i < IV_COUNT(columns); i++) {
        if (columns[i].baseline != NULL || columns[i].place == IV_IN_SUBMISSION) {
            picture->columns[picture->column_count++] = columns[i];
        }
    }
}

/* A package is missing from the submission when a baseline before it, or of its version, holds it:
 * that is why it is listed; and from a later baseline when the submission holds it. */
static enum cell cell_of(const struct iv_wspc_difference *row, const struct column *column)
{
    if ((row->in & column->place) != 0) {
        return CELL_PRESENT;
    }
    if (column->place == IV_IN_SUBMISSION) {
        return CELL_MISSING;
    }
    return column->place == IV_IN_NEWER && (row->in & IV_IN_SUBMISSION) != 0 ? CELL_MISSING
                                                                             : CELL_ABSENT;
}

/* ---- variants with one picture ------------------------------------------------------------- */

/* A variant with a digest of what its drawing shows. */
struct group {
    const struct iv_variant *variant;
    size_t place;
    char digest[IV_SHA256_HEX_SIZE];
};

/* A baseline that is not there, one without an id and one with it must not give the same digest. */
static void add_baseline(struct iv_sha256 *sha, const struct iv_baseline *baseline)
{
    const char *id = baseline == NULL ? NULL : baseline->id;
    const char *version = baseline == NULL ? NULL : baseline->firmware_version;
    iv_sha256_add_field(sha, baseline == NULL ? "0" : id == NULL ? "1" : "2");
    iv_sha256_add_field(sha, id == NULL ? "" : id);
    iv_sha256_add_field(sha, version == NULL ? "" : version);
}

/* Over all that a drawing shows apart from the variant: baselines, names, and where they are. Many
 * variants of one firmware differ in the same packages, and are drawn once. */
static void digest_group(struct group *group)
{
    const struct iv_wspc *wspc = &group->variant->wspc;
    struct iv_sha256 *sha = iv_sha256_open();
    add_baseline(sha, wspc->older);
    add_baseline(sha, wspc->same);
    add_baseline(sha, wspc->newer);
    for (size_t i = 0; i < wspc->difference_count; i++) {
        const unsigned char in = (unsigned char)wspc->differences[i].in;
        iv_sha256_add_field(sha, wspc->differences[i].name);
        iv_sha256_add(sha, &in, 1);
    }
    iv_sha256_close_hex(sha, group->digest);
}

static int compare_digests(const void *a, const void *b)
{
    const struct group *x = a;
    const struct group *y = b;
    int order = strcmp(x->digest, y->digest);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* Sorted so that variants with one picture are neighbours. */
static struct group *groups_of(const struct iv_submission *s, struct iv_arena *arena,
                               size_t *ret_count)
{
    struct group *groups = IV_NEW_ARRAY(arena, struct group, s->variant_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        if (s->variants[i].wspc.difference_count > 0) {
            groups[count] = (struct group){.variant = &s->variants[i], .place = i};
            digest_group(&groups[count]);
            count++;
        }
    }
    iv_sort(groups, count, sizeof(*groups), compare_digests);
    *ret_count = count;
    return groups;
}

/* ---- the drawing --------------------------------------------------------------------------- */

/* Text in a drawing does not wrap: what is too long ends in "…", and the table beside has all. */
static void write_svg_text(struct iv_markup *m, const char *class, unsigned x, unsigned y,
                           const char *text, size_t most)
{
    struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
    const size_t size = strlen(text);
    size_t at = 0;
    for (size_t columns = 0; at < size && columns < most; columns++) {
        uint32_t code = 0;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        at += taken == 0 ? 1 : taken;
    }
    iv_buf_add(&cut, text, at);
    iv_buf_puts(&cut, at < size ? "…" : "");
    iv_markup_open(m, "text");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "x", x);
    iv_markup_attribute_uint(m, "y", y);
    iv_markup_text(m, iv_buf_text(&cut));
    iv_markup_close(m);
}

/* The middle of a column. */
static unsigned column_x(size_t index)
{
    return LABEL_WIDTH + (unsigned)index * COLUMN_WIDTH + COLUMN_WIDTH / 2;
}

static void write_path(struct iv_markup *m, const char *class, const char *d)
{
    iv_markup_open(m, "path");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute(m, "d", d);
    iv_markup_close(m);
}

static void write_circle(struct iv_markup *m, const char *class, unsigned x, unsigned y, unsigned r)
{
    iv_markup_open(m, "circle");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "cx", x);
    iv_markup_attribute_uint(m, "cy", y);
    iv_markup_attribute_uint(m, "r", r);
    iv_markup_close(m);
}

/* A dash, a dot, or a circle with a cross: the three differ in shape, not in colour alone. */
static void write_cell(struct iv_markup *m, enum cell cell, unsigned x, unsigned y)
{
    struct iv_buf d IV_CLEANUP(iv_buf_fini) = {0};
    switch (cell) {
    case CELL_ABSENT:
        iv_buf_printf(&d, "M%u %uh12", x - 6, y);
        write_path(m, "absent", iv_buf_text(&d));
        return;
    case CELL_PRESENT:
        write_circle(m, "present", x, y, RADIUS);
        return;
    case CELL_MISSING:
        break;
    }
    write_circle(m, "missing", x, y, RADIUS + 1);
    iv_buf_printf(&d, "M%u %ul6 6m0-6l-6 6", x - 3, y - 3);
    write_path(m, "cross", iv_buf_text(&d));
}

/* The line of a package's life from one column to the next: broken where it goes missing. */
static void write_track(struct iv_markup *m, enum cell left, enum cell right, unsigned x,
                        unsigned y)
{
    const bool from = left == CELL_PRESENT || left == CELL_MISSING;
    const bool to = right == CELL_PRESENT || right == CELL_MISSING;
    if (!from || !to || (left == CELL_MISSING && right == CELL_MISSING)) {
        return;
    }
    struct iv_buf d IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&d, "M%u %uH%u", x + RADIUS + 3, y, x + COLUMN_WIDTH - RADIUS - 3);
    write_path(m, left == right ? "track" : "track broken", iv_buf_text(&d));
}

/* One package through all columns: a line where it lives on, a break where it goes missing. */
static void write_row(struct iv_markup *m, const struct picture *picture, size_t index)
{
    const struct iv_wspc_difference *row = &picture->wspc->differences[index];
    const unsigned top = HEAD_HEIGHT + (unsigned)index * ROW_HEIGHT;
    const unsigned y = top + ROW_HEIGHT / 2;
    iv_markup_break(m);
    iv_markup_open(m, "g");
    iv_markup_open(m, "title");
    iv_markup_text(m, row->name);
    iv_markup_close(m);
    iv_markup_open(m, "rect");
    iv_markup_attribute(m, "class", index % 2 == 0 ? "row" : "row odd");
    iv_markup_attribute_uint(m, "y", top);
    iv_markup_attribute(m, "width", "100%");
    iv_markup_attribute_uint(m, "height", ROW_HEIGHT);
    iv_markup_close(m);
    write_svg_text(m, "label", 12, y + 5, row->name, LABEL_COLUMNS);
    for (size_t i = 0; i < picture->column_count; i++) {
        const enum cell cell = cell_of(row, &picture->columns[i]);
        if (i + 1 < picture->column_count) {
            write_track(m, cell, cell_of(row, &picture->columns[i + 1]), column_x(i), y);
        }
        write_cell(m, cell, column_x(i), y);
    }
    iv_markup_close(m);
}

/* Under the title of a column. */
static const char *column_version(const struct picture *picture, const struct column *column)
{
    const char *version = column->baseline == NULL ? picture->submission->firmware_version
                                                   : column->baseline->firmware_version;
    return version == NULL ? "no version" : version;
}

/* The columns, with a ground under that of the submission, then the rows. */
static void write_drawing(struct iv_markup *m, const struct picture *picture, size_t rows)
{
    const unsigned width = LABEL_WIDTH + (unsigned)picture->column_count * COLUMN_WIDTH;
    const unsigned height = HEAD_HEIGHT + (unsigned)rows * ROW_HEIGHT;
    iv_markup_break(m);
    iv_markup_open(m, "svg");
    iv_markup_attribute(m, "class", "wspc");
    iv_markup_attribute_printf(m, "viewBox", "0 0 %u %u", width, height);
    iv_markup_attribute_uint(m, "width", width);
    iv_markup_attribute_uint(m, "height", height);
    iv_markup_attribute(m, "role", "img");
    iv_markup_attribute(m, "aria-label",
                        "A drawing of the packages that differ; the table below it says the same.");
    for (size_t i = 0; i < picture->column_count; i++) {
        const struct column *column = &picture->columns[i];
        if (column->baseline == NULL) {
            iv_markup_open(m, "rect");
            iv_markup_attribute(m, "class", "mine");
            iv_markup_attribute_uint(m, "x", column_x(i) - COLUMN_WIDTH / 2 + 6);
            iv_markup_attribute_uint(m, "width", COLUMN_WIDTH - 12);
            iv_markup_attribute_uint(m, "height", height);
            iv_markup_attribute(m, "rx", "8");
            iv_markup_close(m);
        }
        write_svg_text(m, "head", column_x(i), 23, column->title, HEAD_COLUMNS);
        write_svg_text(m, "version", column_x(i), 42, column_version(picture, column),
                       HEAD_COLUMNS);
    }
    for (size_t i = 0; i < rows; i++) {
        write_row(m, picture, i);
    }
    iv_markup_close(m);
}

/* The same for those who cannot see the drawing, or want to copy from it. */
static void write_as_table(struct iv_markup *m, const struct picture *picture, size_t rows)
{
    iv_markup_break(m);
    iv_markup_open(m, "details");
    iv_markup_element(m, "summary", "The drawing as a table");
    const char *titles[COLUMNS_MAX + 2] = {"Package"};
    for (size_t i = 0; i < picture->column_count; i++) {
        titles[i + 1] = picture->columns[i].title;
    }
    iv_html_table(m, "cells", "Which packages stand in which baseline", titles, false);
    for (size_t i = 0; i < rows; i++) {
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_head_cell(m, picture->wspc->differences[i].name);
        for (size_t k = 0; k < picture->column_count; k++) {
            const enum cell cell = cell_of(&picture->wspc->differences[i], &picture->columns[k]);
            iv_markup_classed(m, "td", cell == CELL_MISSING ? "missing" : NULL, cell_words[cell]);
        }
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    iv_markup_close(m);
}

/* The three signs in words. */
static void write_legend(struct iv_markup *m)
{
    static const enum cell shown[] = {CELL_PRESENT, CELL_MISSING, CELL_ABSENT};
    iv_markup_break(m);
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "legend");
    for (size_t i = 0; i < IV_COUNT(shown); i++) {
        iv_markup_open(m, "li");
        iv_markup_open(m, "svg");
        iv_markup_attribute(m, "class", "wspc");
        iv_markup_attribute(m, "viewBox", "0 0 22 22");
        iv_markup_attribute(m, "width", "22");
        iv_markup_attribute(m, "height", "22");
        iv_markup_attribute(m, "aria-hidden", "true");
        write_cell(m, shown[i], 11, 11);
        iv_markup_close(m);
        iv_markup_text(m, cell_words[shown[i]]);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* The variants that one drawing is for. */
static void write_names_of_variants(struct iv_markup *m, const struct group *groups, size_t count)
{
    iv_markup_open(m, "figcaption");
    iv_markup_text(m, count == 1 ? "For " : "The same for each of ");
    for (size_t i = 0; i < count; i++) {
        struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_variant(&name, &groups[i].variant->pop);
        iv_markup_text(m, i == 0 ? "" : ", ");
        iv_markup_element(m, "bdi", iv_buf_text(&name));
    }
    iv_markup_text(m, ".");
    iv_markup_close(m);
}

/* The drawing, its legend, and the same as a table. */
static void write_picture(struct iv_markup *m, const struct picture *picture,
                          const struct group *groups, size_t count)
{
    const size_t all = picture->wspc->difference_count;
    const size_t rows = all > ROWS_MAX ? ROWS_MAX : all;
    iv_markup_break(m);
    iv_markup_open(m, "figure");
    write_names_of_variants(m, groups, count);
    iv_markup_open(m, "div");
    iv_markup_attribute(m, "class", "scroll");
    iv_markup_attribute(m, "tabindex", "0");
    iv_markup_attribute(m, "role", "group");
    iv_markup_attribute(m, "aria-label", "Packages that differ");
    write_drawing(m, picture, rows);
    iv_markup_close(m);
    write_legend(m);
    if (rows < all) {
        iv_markup_open(m, "p");
        iv_markup_printf(m, "And %zu more: the findings list all.", all - rows);
        iv_markup_close(m);
    }
    write_as_table(m, picture, rows);
    iv_markup_close(m);
}

/* A drawing for each group of variants that differ in the same packages. */
static void write_pictures(const struct iv_html_part *part)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    size_t group_count = 0;
    const struct group *groups = groups_of(part->entry->submission, &arena, &group_count);
    for (size_t i = 0; i < group_count;) {
        size_t count = 1;
        while (i + count < group_count && strcmp(groups[i].digest, groups[i + count].digest) == 0) {
            count++;
        }
        struct picture picture = {.submission = part->entry->submission,
                                  .wspc = &groups[i].variant->wspc};
        build_columns(&picture);
        write_picture(part->markup, &picture, &groups[i], count);
        i += count;
    }
}

/* ---- the table of variants ----------------------------------------------------------------- */

static const char *const status_classes[] = {
    [IV_WSPC_COMPLIANT] = "passed",    [IV_WSPC_NOT_COMPLIANT] = "failed",
    [IV_WSPC_FIRST] = "passed",        [IV_WSPC_NOT_EVALUATED] = "unchecked",
    [IV_WSPC_NOT_APPLICABLE] = "none", [IV_WSPC_SKIPPED] = "none",
};

/* Version and id; imported lists are marked, as nobody judged them. */
static void write_baseline_cell(struct iv_markup *m, const struct iv_baseline *baseline)
{
    iv_markup_open(m, "td");
    if (baseline == NULL) {
        iv_markup_text(m, "–");
    } else {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_baseline(&text, baseline);
        iv_markup_open(m, "bdi");
        iv_markup_attribute(m, "title", baseline->id);
        iv_markup_text(m, iv_buf_text(&text));
        iv_markup_close(m);
        if (baseline->imported) {
            iv_markup_text(m, " ");
            iv_markup_classed(m, "span", "tag", "imported");
        }
    }
    iv_markup_close(m);
}

/* Every variant with the status of its comparison and the baselines that were used. */
static void write_variants(struct iv_markup *m, const struct iv_submission *s)
{
    static const char *const columns[] = {"Variant",        "Comparison",   "Older baseline",
                                          "Newer baseline", "Same version", NULL};
    iv_html_table(m, "variants", "Variants and the baselines that they were compared with", columns,
                  true);
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct iv_variant *variant = &s->variants[i];
        struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_variant(&name, &variant->pop);
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_head_cell(m, iv_buf_text(&name));
        iv_markup_open(m, "td");
        iv_markup_attribute_printf(m, "class", "state %s", status_classes[variant->wspc.status]);
        iv_html_mark(m, status_classes[variant->wspc.status]);
        iv_markup_printf(m, " %s", iv_phrase_wspc[variant->wspc.status]);
        iv_markup_close(m);
        write_baseline_cell(m, variant->wspc.older);
        write_baseline_cell(m, variant->wspc.newer);
        write_baseline_cell(m, variant->wspc.same);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
}

void iv_html_wspc(const struct iv_html_part *part)
{
    struct iv_markup *m = part->markup;
    const struct iv_submission *s = part->entry->submission;
    iv_html_section(part, "wspc", "WSPC: comparison with baselines");
    if (s->variant_count == 0) {
        iv_markup_classed(m, "p", "none", iv_phrase_no_variant(part->entry));
    } else {
        write_variants(m, s);
        write_pictures(part);
    }
    iv_markup_close(m);
}
