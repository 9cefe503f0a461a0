/*
 * audit_html_draw.c: the drawings of an audit, as SVG within the page: the versions in order, the
 * growth of the package set, and all pairs of versions.
 *
 * A history may have thousands of versions, and a drawing must stay small. So at most COLUMNS marks
 * stand beside each other, each for a run of versions and as bad as the worst of them; and pairs
 * are drawn one by one only while they are few (NAMED, CELLS), else as tiles that say how much of
 * them is broken. All positions are whole pixels of the viewBox, found by integer division, so that
 * the same audit gives the same bytes everywhere.
 *
 * Nothing is shown by colour alone: what is broken is hatched, what was not judged has a dashed
 * edge, and small drawings name each mark.
 */
#include "imgval/report/history/audit_html.h"

#include "imgval/base/buf.h"

#include <stdio.h>
#include <string.h>

const char *iv_audit_page_version(const struct iv_audit_page *page, uint32_t version)
{
    const char *text = page->variant->versions[version].source->firmware_version;
    return text != NULL ? text : "?";
}

enum {
    WIDTH = 960,     /* of timeline and growth */
    LEFT = 56,       /* where their marks begin; labels of the axis stand before it */
    COLUMNS = 240,   /* marks of a timeline, at most */
    NAMED = 60,      /* versions whose marks and pairs are drawn one by one, at most */
    CELLS = 40000,   /* pairs that are drawn one by one on a page, at most */
    LETTER = 7,      /* width of a letter, about */
    SIDE = 480,      /* of the pairs of many versions, about */
    LABEL_MAX = 23,  /* letters of the longest version */
    GROWTH_TOP = 12, /* of the growth, and its foot */
    GROWTH_FOOT = 152,
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/* A caption, and a drawing in a box that scrolls. close_drawing() ends the drawing and the box; the
 * legend follows, and then the caller closes the figure. */
static void open_figure(struct iv_markup *m, const char *caption, const char *class, unsigned width,
                        unsigned height)
{
    iv_markup_break(m);
    iv_markup_open(m, "figure");
    iv_markup_element(m, "figcaption", caption);
    iv_markup_open(m, "div");
    iv_markup_attribute(m, "class", "scroll");
    iv_markup_attribute(m, "tabindex", "0"); /* the keyboard must be able to scroll it */
    iv_markup_attribute(m, "role", "group");
    iv_markup_attribute(m, "aria-label", caption);
    iv_markup_open(m, "svg");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "width", width);
    iv_markup_attribute_uint(m, "height", height);
    iv_markup_attribute_printf(m, "viewBox", "0 0 %u %u", width, height);
    iv_markup_attribute(m, "role", "img");
    iv_markup_attribute(m, "aria-label", caption);
}

/* The drawing and the box around it; see open_figure(). */
static void close_drawing(struct iv_markup *m)
{
    iv_markup_close(m);
    iv_markup_close(m);
}

/* Stays open: a title may follow. */
static void write_rect(struct iv_markup *m, const char *class, size_t x, size_t y, size_t width,
                       size_t height)
{
    iv_markup_open(m, "rect");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "x", x);
    iv_markup_attribute_uint(m, "y", y);
    iv_markup_attribute_uint(m, "width", width);
    iv_markup_attribute_uint(m, "height", height);
}

static void write_line(struct iv_markup *m, const char *class, size_t x, size_t y, size_t to_x,
                       size_t to_y)
{
    iv_markup_open(m, "line");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "x1", x);
    iv_markup_attribute_uint(m, "y1", y);
    iv_markup_attribute_uint(m, "x2", to_x);
    iv_markup_attribute_uint(m, "y2", to_y);
    iv_markup_close(m);
}

/* anchor: "start", "middle" or "end" */
static void write_label(struct iv_markup *m, size_t x, size_t y, const char *anchor,
                        const char *text)
{
    iv_markup_open(m, "text");
    iv_markup_attribute_uint(m, "x", x);
    iv_markup_attribute_uint(m, "y", y);
    iv_markup_attribute(m, "text-anchor", anchor);
    iv_markup_text(m, text);
    iv_markup_close(m);
}

/* One sign of a legend: a small drawing, and what it means. */
static void write_sign(struct iv_markup *m, const char *class, const char *meaning)
{
    iv_markup_open(m, "li");
    iv_markup_open(m, "svg");
    iv_markup_attribute(m, "class", "draw");
    iv_markup_attribute(m, "width", "16");
    iv_markup_attribute(m, "height", "16");
    iv_markup_attribute(m, "aria-hidden", "true");
    if (strcmp(class, "line") == 0 || strcmp(class, "needed") == 0) {
        write_line(m, class, 0, 8, 16, 8);
    } else {
        write_rect(m, class, 1, 1, 14, 14);
        iv_markup_close(m);
    }
    iv_markup_close(m);
    iv_markup_text(m, meaning);
    iv_markup_close(m);
}

/* What the signs mean; closed by the caller. */
static void open_legend(struct iv_markup *m)
{
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "legend");
}

/* The hatchings that the style sheet names, once for the page; the closer the stripes, the more is
 * broken. */
void iv_audit_draw_patterns(struct iv_markup *m)
{
    static const char *const names[] = {"gone", "part2", "part1"};
    static const unsigned gaps[] = {5, 6, 9};
    iv_markup_break(m);
    iv_markup_open(m, "svg");
    iv_markup_attribute(m, "class", "draw unseen");
    iv_markup_attribute(m, "aria-hidden", "true");
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        iv_markup_open(m, "pattern");
        iv_markup_attribute_printf(m, "id", "p-%s", names[i]);
        iv_markup_attribute(m, "patternUnits", "userSpaceOnUse");
        iv_markup_attribute(m, "patternTransform", "rotate(45)");
        iv_markup_attribute_uint(m, "width", gaps[i]);
        iv_markup_attribute_uint(m, "height", gaps[i]);
        iv_markup_open(m, "rect");
        iv_markup_attribute_printf(m, "class", "ground-%s", names[i]);
        iv_markup_attribute_uint(m, "width", gaps[i]);
        iv_markup_attribute_uint(m, "height", gaps[i]);
        iv_markup_close(m);
        iv_markup_open(m, "path");
        iv_markup_attribute_printf(m, "class", "stripe-%s", names[i]);
        iv_markup_attribute_printf(m, "d", "M1 0v%u", gaps[i]);
        iv_markup_close(m);
        iv_markup_close(m);
    }
    iv_markup_close(m);
}

/* ---- versions in order ----------------------------------------------------------------------- */

/* A version a column, until there are more than COLUMNS. */
static size_t column_count(const struct iv_audit_page *page)
{
    return page->variant->version_count < COLUMNS ? page->variant->version_count : COLUMNS;
}

/* Where a column begins; that of the count of columns is where the last one ends. */
static size_t column_x(const struct iv_audit_page *page, size_t column)
{
    return LEFT + column * (WIDTH - LEFT) / column_count(page);
}

/* Where labels and points of a column stand. */
static size_t column_middle(const struct iv_audit_page *page, size_t column)
{
    return (column_x(page, column) + column_x(page, column + 1)) / 2;
}

/* The versions of a column: [first, end). */
static size_t column_first(const struct iv_audit_page *page, size_t column)
{
    return column * page->variant->version_count / column_count(page);
}

/* The worst version of a column: broken, else not judged, else the first. */
static size_t worst_of(const struct iv_audit_page *page, size_t column, const char **ret_class)
{
    const size_t first = column_first(page, column);
    const size_t end = column_first(page, column + 1);
    size_t doubt = end;
    for (size_t i = first; i < end; i++) {
        const struct iv_audit_version *version = &page->variant->versions[i];
        const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
        if (step != NULL && step->missing > 0) {
            *ret_class = "gone";
            return i;
        }
        if (version->state != IV_AUDIT_JUDGED && doubt == end) {
            doubt = i;
        }
    }
    *ret_class = doubt < end ? "doubt" : "hold";
    return doubt < end ? doubt : first;
}

/* Names of versions under their columns, as many as fit. */
static void write_version_labels(struct iv_audit_page *page, size_t y)
{
    const size_t count = page->variant->version_count;
    const size_t columns = column_count(page);
    size_t letters = 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(iv_audit_page_version(page, (uint32_t)i));
        letters = length > letters ? length : letters;
    }
    letters = letters < LABEL_MAX ? letters : LABEL_MAX;
    const size_t room = letters * LETTER + 16;
    const size_t fit = (WIDTH - LEFT) / room > 1 ? (WIDTH - LEFT) / room : 1;
    const bool all = columns <= fit;

    size_t every = all ? 1 : (columns + fit - 1) / fit;
    /* The first name starts at the edge, the others stand in the middle of their column. */
    while (!all && every < columns && column_middle(page, every) < LEFT + room + room / 2) {
        every++;
    }

    for (size_t c = 0; c < columns; c += every) {
        const bool last = c + 1 == columns;
        if (!all && !last && column_middle(page, c) + room + room / 2 > WIDTH) {
            break; /* the last version's name stands there */
        }
        const bool edge = !all && (c == 0 || last);
        write_label(&page->m,
                    !edge  ? column_middle(page, c)
                    : last ? WIDTH
                           : LEFT,
                    y,
                    !edge  ? "middle"
                    : last ? "end"
                           : "start",
                    iv_audit_page_version(page, (uint32_t)column_first(page, c)));
    }
    if (!all && (columns - 1) % every != 0) {
        write_label(&page->m, WIDTH, y, "end", iv_audit_page_version(page, (uint32_t)count - 1));
    }
}

/* What a pointer over a mark shows. */
static void write_version_title(struct iv_audit_page *page, size_t i)
{
    const struct iv_audit_version *version = &page->variant->versions[i];
    const struct iv_audit_step *step = iv_audit_step_to(page->variant, version);
    const char *name = iv_audit_page_version(page, (uint32_t)i);
    struct iv_buf title IV_CLEANUP(iv_buf_fini) = {0};
    if (version->reason != NULL) {
        iv_buf_printf(&title, "%s: not judged: %s", name, version->reason);
    } else if (step != NULL && step->missing > 0) {
        iv_buf_printf(&title, "%s: lacks %zu package%s of %s", name, step->missing,
                      step->missing == 1 ? "" : "s", iv_audit_page_version(page, step->from));
    } else {
        iv_buf_puts(&title, name);
    }
    iv_markup_element(&page->m, "title", iv_buf_text(&title));
}

/* One mark for each version in the order of versions; the title of a mark names the version that
 * decides its look. */
void iv_audit_draw_timeline(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const size_t columns = column_count(page);
    open_figure(m, "Versions in order", "draw", WIDTH, 64);
    for (size_t c = 0; c < columns; c++) {
        const char *class;
        const size_t shown = worst_of(page, c, &class);
        const size_t x = column_x(page, c);
        const size_t room = column_x(page, c + 1) - x;
        const size_t gap = room > 24 ? 4 : room > 3 ? 1 : 0;
        write_rect(m, class, x + gap / 2, 8, room - gap, 28);
        write_version_title(page, shown);
        iv_markup_close(m);
    }

    write_version_labels(page, 56);
    close_drawing(m);
    open_legend(m);
    write_sign(m, "hold", "holds the firmware set of the version before it");
    write_sign(m, "gone", "lacks packages of the version before it");
    if (page->variant->not_judged > 0) {
        write_sign(m, "doubt", "not judged: in no step");
    }
    if (columns < page->variant->version_count) {
        iv_markup_element(m, "li", "A mark stands for several versions, and shows the worst.");
    }
    iv_markup_close(m);
    iv_markup_close(m);
}

/* ---- growth ---------------------------------------------------------------------------------- */

/* The scale of the drawing of growth. */
struct growth {
    size_t foot; /* packages at the foot and the top of the drawing */
    size_t top;
    size_t tick;
};

/* Packages of a version, with those that it needs when asked; false: it is no set that counts. */
static bool packages_at(const struct iv_audit_page *page, size_t i, bool with_needed,
                        size_t *ret_count)
{
    const struct iv_audit_version *version = &page->variant->versions[i];
    size_t needed = version->chain == 0 ? 0 : page->variant->fixes.needed[version->chain - 1];
    *ret_count = page->audit->pool.sets[version->source->set].count + (with_needed ? needed : 0);
    return version->state != IV_AUDIT_NOT_JUDGED;
}

/* The range of the axis: round numbers around least and most. The ticks are 1, 2, 5, 10, 20, 50 ...
 * packages apart, the first of these that covers the range in about four. False: there is nothing
 * to draw. */
static bool scale_growth(const struct iv_audit_page *page, struct growth *ret_growth)
{
    size_t least = SIZE_MAX;
    size_t most = 0;
    for (size_t i = 0; i < page->variant->version_count; i++) {
        size_t low;
        size_t high;
        if (packages_at(page, i, false, &low) && packages_at(page, i, true, &high)) {
            least = low < least ? low : least;
            most = high > most ? high : most;
        }
    }
    if (least > most) {
        return false;
    }

    static const size_t factors[] = {2, 5, 10};
    size_t power = 1;
    size_t tick = 1;
    for (size_t i = 0; (most - least) / tick > 4; i++) {
        tick = power * factors[i % 3];
        power *= i % 3 == 2 ? 10 : 1;
    }

    *ret_growth = (struct growth){.foot = least / tick * tick, .tick = tick};
    ret_growth->top = (most + tick - 1) / tick * tick;

    /* A package more or less is no cliff: there are at least four ticks. */
    for (size_t i = 0; ret_growth->top - ret_growth->foot < 4 * tick; i++) {
        if (i % 2 == 1 && ret_growth->foot >= tick) {
            ret_growth->foot -= tick;
        } else {
            ret_growth->top += tick;
        }
    }
    return true;
}

/* Pixels count downwards. */
static size_t growth_y(const struct growth *growth, size_t packages)
{
    return GROWTH_FOOT -
           (packages - growth->foot) * (GROWTH_FOOT - GROWTH_TOP) / (growth->top - growth->foot);
}

/* Least and most of each column, so that no dip is lost. */
static void draw_line(struct iv_audit_page *page, const struct growth *growth, const char *class,
                      bool with_needed)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t c = 0; c < column_count(page); c++) {
        size_t least = SIZE_MAX;
        size_t most = 0;
        for (size_t i = column_first(page, c); i < column_first(page, c + 1); i++) {
            size_t packages;
            if (packages_at(page, i, with_needed, &packages)) {
                least = packages < least ? packages : least;
                most = packages > most ? packages : most;
            }
        }
        for (size_t k = 0; least <= most && k < (least < most ? 2u : 1u); k++) {
            iv_buf_printf(&text, "%s%zu,%zu", text.size == 0 ? "" : " ", column_middle(page, c),
                          growth_y(growth, k == 0 ? least : most));
        }
    }
    iv_markup_open(&page->m, "polyline");
    iv_markup_attribute(&page->m, "class", class);
    iv_markup_attribute(&page->m, "points", iv_buf_text(&text));
    iv_markup_close(&page->m);
}

/* A dot for each version, where they are few. */
static void draw_dots(struct iv_audit_page *page, const struct growth *growth)
{
    struct iv_markup *m = &page->m;
    for (size_t i = 0; i < page->variant->version_count; i++) {
        size_t packages;
        if (!packages_at(page, i, false, &packages)) {
            continue;
        }
        iv_markup_open(m, "circle");
        iv_markup_attribute(m, "class", "dot");
        iv_markup_attribute_uint(m, "cx", column_middle(page, i));
        iv_markup_attribute_uint(m, "cy", growth_y(growth, packages));
        iv_markup_attribute(m, "r", "4");
        iv_markup_open(m, "title");
        iv_markup_printf(m, "%s: %zu package%s", iv_audit_page_version(page, (uint32_t)i), packages,
                         packages == 1 ? "" : "s");
        iv_markup_close(m);
        iv_markup_close(m);
    }
}

/* How the set grows, and beside it how it would have grown with the empty packages that fix every
 * break: the price of the fix. */
void iv_audit_draw_growth(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const bool with_needed = page->variant->fixes.count > 0;
    struct growth growth;
    char label[24];
    if (!scale_growth(page, &growth)) {
        return;
    }
    open_figure(m, "Packages in the set", "draw", WIDTH, 184);
    for (size_t at = growth.foot; at <= growth.top; at += growth.tick) {
        const size_t y = growth_y(&growth, at);
        (void)snprintf(label, sizeof(label), "%zu", at);
        write_line(m, "axis", LEFT, y, WIDTH, y);
        write_label(m, LEFT - 8, y + 4, "end", label);
    }

    if (with_needed) {
        draw_line(page, &growth, "needed", true);
    }
    draw_line(page, &growth, "line", false);
    if (page->variant->version_count <= NAMED) {
        draw_dots(page, &growth);
    }

    write_version_labels(page, 176);
    close_drawing(m);
    open_legend(m);
    write_sign(m, "line", "packages of the version");
    if (with_needed) {
        write_sign(m, "needed", "with the empty packages that fix every break");
    }
    iv_markup_close(m);
    iv_markup_close(m);
}

/* ---- all pairs ------------------------------------------------------------------------------- */

/* The drawing of pairs: sources are rows, targets are columns. */
struct grid {
    size_t cell; /* side of a cell */
    size_t left; /* where the first column and row begin */
    size_t top;
    bool named; /* a cell for each pair, with its title */
};

/* How much of a tile is broken, as a class: none, all, less than half, or half and more. NULL: no
 * pairs are in it. */
static const char *tile_class(const struct iv_matrix *matrix, size_t source, size_t target)
{
    const size_t tile = source * matrix->tiles + target;
    const uint32_t pairs = matrix->tile_pairs[tile];
    const uint32_t broken = matrix->tile_broken[tile];
    if (pairs == 0) {
        return NULL;
    }
    return broken == 0                    ? "hold"
           : broken == pairs              ? "gone"
           : (uint64_t)broken * 2 < pairs ? "part1"
                                          : "part2";
}

/* The first version of a tile: tiles share the versions out evenly, so that the division is rounded
 * up. */
static const char *tile_version(const struct iv_audit_page *page, size_t tile)
{
    const struct iv_matrix *matrix = &page->variant->matrix;
    size_t point = (tile * matrix->count + matrix->tiles - 1) / matrix->tiles;
    return iv_audit_page_version(page, page->variant->points[point]);
}

/* One pair, with the number of packages that are missing in its title. */
static void draw_cell(struct iv_audit_page *page, const struct grid *grid, size_t s, size_t t)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_variant *variant = page->variant;
    const char *class = tile_class(&variant->matrix, s, t);
    if (class == NULL) {
        return;
    }
    const uint32_t source = variant->points[s];
    const uint32_t target = variant->points[t];
    const size_t missing =
        iv_pool_missing(&page->audit->pool, variant->versions[target].source->set,
                        variant->versions[source].source->set, page->audit->all_owners, NULL, NULL);
    write_rect(m, class, grid->left + t * grid->cell, grid->top + s * grid->cell, grid->cell - 1,
               grid->cell - 1);
    iv_markup_open(m, "title");
    iv_markup_printf(m, "%s to %s: ", iv_audit_page_version(page, source),
                     iv_audit_page_version(page, target));
    if (missing == 0) {
        iv_markup_text(m, "one hop");
    } else {
        iv_markup_printf(m, "%zu package%s missing", missing, missing == 1 ? "" : "s");
    }
    iv_markup_close(m);
    iv_markup_close(m);
    page->cells++;
}

/* Of many versions, neighbours that look alike are one mark. */
static void draw_runs(struct iv_audit_page *page, const struct grid *grid, size_t s)
{
    const struct iv_matrix *matrix = &page->variant->matrix;
    for (size_t t = 0, end; t < matrix->tiles; t = end) {
        const char *class = tile_class(matrix, s, t);
        for (end = t + 1; end < matrix->tiles && tile_class(matrix, s, end) == class; end++) {
        }
        if (class != NULL) {
            write_rect(&page->m, class, grid->left + t * grid->cell, grid->top + s * grid->cell,
                       (end - t) * grid->cell, grid->cell);
            iv_markup_close(&page->m);
        }
    }
}

/* Sources beside the diagonal, targets over the columns. */
static void draw_grid_labels(struct iv_audit_page *page, const struct grid *grid)
{
    struct iv_markup *m = &page->m;
    const size_t tiles = page->variant->matrix.tiles;
    const size_t every = grid->named ? 1 : (tiles + 7) / 8;
    for (size_t i = 0; i < tiles; i++) {
        if (i + 1 < tiles && (i % every != 0 || (every > 1 && i + every / 2 >= tiles))) {
            continue;
        }
        const char *name = i + 1 < tiles
                               ? tile_version(page, i)
                               : iv_audit_page_version(
                                     page, page->variant->points[page->variant->point_count - 1]);
        const size_t at = i * grid->cell + grid->cell / 2;
        if (i + 1 < tiles) {
            write_label(m, grid->left + i * grid->cell - (grid->named ? 0 : 6), grid->top + at + 4,
                        "end", name);
        }
        if (i > 0) {
            iv_markup_open(m, "text");
            iv_markup_attribute_printf(m, "transform", "translate(%zu %zu) rotate(-60)",
                                       grid->left + at + 4, grid->top - 6);
            iv_markup_text(m, name);
            iv_markup_close(m);
        }
    }
}

/* Where the pairs of this variant stand, and whether the page has room to draw them one by one. */
static struct grid grid_of(const struct iv_audit_page *page)
{
    const struct iv_matrix *matrix = &page->variant->matrix;
    const size_t pairs = matrix->tiles * (matrix->tiles - 1) / 2;
    size_t letters = 1;
    for (size_t i = 0; i < page->variant->point_count; i++) {
        size_t length = strlen(iv_audit_page_version(page, page->variant->points[i]));
        letters = length > letters ? length : letters;
    }
    letters = letters < LABEL_MAX ? letters : LABEL_MAX;
    const bool named =
        matrix->count == matrix->tiles && matrix->tiles <= NAMED && page->cells + pairs <= CELLS;
    return (struct grid){
        .cell = !named                ? (SIDE + matrix->tiles - 1) / matrix->tiles
                : matrix->tiles <= 12 ? 32
                : matrix->tiles <= 28 ? 20
                                      : 14,
        .left = letters * LETTER + 8,
        .top = letters * LETTER * 7 / 8 + 16,
        .named = named,
    };
}

/* Half of a square: an update leads from an older version to a newer one. Of many versions a cell
 * stands for a tile of pairs, and its hatching says how much of it is broken. */
void iv_audit_draw_matrix(struct iv_audit_page *page)
{
    struct iv_markup *m = &page->m;
    const size_t tiles = page->variant->matrix.tiles;
    const struct grid grid = grid_of(page);
    const size_t side = tiles * grid.cell;
    open_figure(m, "One hop: sources are rows, named beside the diagonal; targets are columns",
                grid.named ? "draw" : "draw fine", (unsigned)(grid.left + side + grid.top / 2 + 8),
                (unsigned)(grid.top + side + 8 - (grid.named ? grid.cell : 0)));
    for (size_t s = 0; s < tiles; s++) {
        if (!grid.named) {
            draw_runs(page, &grid, s);
        }
        for (size_t t = s + 1; grid.named && t < tiles; t++) {
            draw_cell(page, &grid, s, t);
        }
    }

    draw_grid_labels(page, &grid);
    close_drawing(m);
    open_legend(m);
    if (grid.named) {
        write_sign(m, "hold", "the source can be updated to the target in one hop");
        write_sign(m, "gone", "the target lacks packages of the source");
    } else {
        write_sign(m, "hold", "every source can be updated to every target in one hop");
        write_sign(m, "part1", "fewer than half of the pairs cannot");
        write_sign(m, "part2", "half of them or more cannot");
        write_sign(m, "gone", "none can: the targets lack packages of the sources");
    }
    iv_markup_close(m);
    iv_markup_close(m);
}
