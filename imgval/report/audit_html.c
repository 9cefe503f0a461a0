/*
 * An audit as one file without a script: for each variant a timeline, the growth of the set and the
 * matrix of pairs, drawn; then the versions, and what is to be done. Drawings are of a fixed size,
 * however many versions there are: a mark then stands for several, and shows the worst of them.
 */
#include "imgval/report/audit_report.h"

#include "imgval/report/html.h"

#include <string.h>

enum {
    WIDTH = 960,   /* of timeline and growth, in units of the drawing */
    COLUMNS = 240, /* marks of a timeline, at most */
    SIDE = 480,    /* of the matrix */
    LISTED = 2000, /* rows of a table, at most: the JSON has all */
};

struct page {
    struct iv_markup m;
    const struct iv_audit *audit;
    const struct iv_audit_variant *variant;
    size_t number; /* of the variant, from 1 */
};

static const char *const verdict_words[] = {
    [IV_VERDICT_PASS] = "Pass", [IV_VERDICT_INCOMPLETE] = "Incomplete", [IV_VERDICT_FAIL] = "Fail"};
static const char *const verdict_classes[] = {[IV_VERDICT_PASS] = "passed",
                                              [IV_VERDICT_INCOMPLETE] = "unchecked",
                                              [IV_VERDICT_FAIL] = "failed"};

static const char *version_of(const struct page *page, uint32_t version)
{
    const char *text = page->variant->versions[version].source->firmware_version;
    return text != NULL ? text : "?";
}

/* ---- head ------------------------------------------------------------------------------------ */

static void write_meta(struct iv_markup *m, const char *name, const char *value,
                       const char *content)
{
    iv_markup_break(m);
    iv_markup_open(m, "meta");
    iv_markup_attribute(m, name, value);
    iv_markup_attribute(m, "content", content);
    iv_markup_close(m);
}

static void write_head(struct iv_markup *m, const struct iv_audit *audit)
{
    struct iv_buf style IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf policy IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&style, iv_html_style, iv_html_style_size);
    iv_buf_add(&style, iv_html_audit, iv_html_audit_size);
    iv_buf_puts(&policy, "default-src 'none'; base-uri 'none'; form-action 'none'");
    iv_html_add_source(&policy, "style-src", style.data, style.size);
    iv_markup_open(m, "head");
    iv_markup_break(m);
    iv_markup_open(m, "meta");
    iv_markup_attribute(m, "charset", "utf-8");
    iv_markup_close(m);
    write_meta(m, "http-equiv", "Content-Security-Policy", iv_buf_text(&policy));
    write_meta(m, "name", "viewport", "width=device-width, initial-scale=1");
    write_meta(m, "name", "color-scheme", "light dark");
    write_meta(m, "name", "referrer", "no-referrer");
    iv_markup_break(m);
    iv_markup_open(m, "title");
    iv_markup_printf(m, "%s – audit of %zu variant%s – imgval", verdict_words[audit->verdict],
                     audit->variant_count, audit->variant_count == 1 ? "" : "s");
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_open(m, "style");
    iv_markup_own(m, style.data, style.size);
    iv_markup_close(m);
    iv_markup_close(m);
}

static void write_tile(struct iv_markup *m, const char *class, size_t count, const char *one,
                       const char *many)
{
    iv_markup_open(m, "li");
    iv_markup_attribute(m, "class", count == 0 ? "zero" : class);
    iv_markup_open(m, "b");
    iv_markup_printf(m, "%zu", count);
    iv_markup_close(m);
    iv_markup_printf(m, " %s", count == 1 ? one : many);
    iv_markup_close(m);
}

static void write_hero(struct iv_markup *m, const struct iv_audit *audit)
{
    size_t sets = 0;
    size_t broken = 0;
    for (size_t i = 0; i < audit->source_count; i++) {
        sets += audit->sources[i].is_copy ? 0 : 1;
    }
    for (size_t i = 0; i < audit->variant_count; i++) {
        broken += audit->variants[i].broken;
    }
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "class", "hero %s", verdict_classes[audit->verdict]);
    iv_markup_open(m, "h1");
    iv_markup_classed(m, "span", "word", verdict_words[audit->verdict]);
    iv_markup_classed(m, "span", "what", " firmware history");
    iv_markup_close(m);
    iv_markup_open(m, "ul");
    iv_markup_attribute(m, "class", "tiles");
    write_tile(m, "plain", sets, "submission", "submissions");
    write_tile(m, "plain", audit->variant_count, "variant", "variants");
    write_tile(m, "warning", broken, "broken step", "broken steps");
    write_tile(m, "unchecked", audit->not_judged, "not judged in full", "not judged in full");
    iv_markup_close(m);
    iv_markup_close(m);
}

/* ---- drawings -------------------------------------------------------------------------------- */

static void open_figure(struct iv_markup *m, const char *caption, const char *class, unsigned width,
                        unsigned height)
{
    iv_markup_break(m);
    iv_markup_open(m, "figure");
    iv_markup_element(m, "figcaption", caption);
    iv_markup_open(m, "svg");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_printf(m, "viewBox", "0 0 %u %u", width, height);
    iv_markup_attribute(m, "role", "img");
    iv_markup_attribute(m, "aria-label", caption);
}

static void close_figure(struct iv_markup *m)
{
    iv_markup_close(m);
    iv_markup_close(m);
}

static void write_rect(struct iv_markup *m, const char *class, size_t x, size_t y, size_t width,
                       size_t height, const char *title)
{
    iv_markup_open(m, "rect");
    iv_markup_attribute(m, "class", class);
    iv_markup_attribute_uint(m, "x", x);
    iv_markup_attribute_uint(m, "y", y);
    iv_markup_attribute_uint(m, "width", width);
    iv_markup_attribute_uint(m, "height", height);
    if (title != NULL) {
        iv_markup_element(m, "title", title);
    }
    iv_markup_close(m);
}

static void write_label(struct iv_markup *m, size_t x, size_t y, bool at_end, const char *text)
{
    iv_markup_open(m, "text");
    iv_markup_attribute_uint(m, "x", x);
    iv_markup_attribute_uint(m, "y", y);
    if (at_end) {
        iv_markup_attribute(m, "text-anchor", "end");
    }
    iv_markup_text(m, text);
    iv_markup_close(m);
}

static bool is_broken(const struct page *page, const struct iv_audit_version *version)
{
    return version->chain >= 2 && page->variant->steps[version->chain - 2].missing > 0;
}

/* One bar for each version, or for a run of them. */
static void write_timeline(struct page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_variant *variant = page->variant;
    const size_t count = variant->version_count;
    const size_t columns = count < COLUMNS ? count : COLUMNS;
    open_figure(m, "Versions in order: a red bar is a version that lost packages", "draw", WIDTH,
                64);
    for (size_t c = 0; c < columns; c++) {
        size_t first = c * count / columns;
        size_t end = (c + 1) * count / columns;
        const char *class = "ok";
        size_t shown = first;
        for (size_t i = first; i < end; i++) {
            if (is_broken(page, &variant->versions[i])) {
                class = "broken";
                shown = i;
                break;
            }
            if (variant->versions[i].state != IV_AUDIT_JUDGED) {
                class = "doubt";
                shown = i;
            }
        }
        size_t x = c * WIDTH / columns;
        size_t width = (c + 1) * WIDTH / columns - x;
        write_rect(m, class, x, 4, width > 2 ? width - 1 : width, 36,
                   version_of(page, (uint32_t)shown));
    }
    write_label(m, 0, 58, false, version_of(page, 0));
    if (count > 1) {
        write_label(m, WIDTH, 58, true, version_of(page, (uint32_t)count - 1));
    }
    close_figure(m);
}

/* The count that is drawn: packages of the version, with those that it lacks when asked. */
static size_t packages_at(const struct page *page, size_t i, bool with_needed)
{
    const struct iv_audit_version *version = &page->variant->versions[i];
    size_t needed = version->chain == 0 ? 0 : page->variant->mends.needed[version->chain - 1];
    return page->audit->pool.sets[version->source->set].count + (with_needed ? needed : 0);
}

static void write_line(struct page *page, const char *class, bool with_needed, size_t least,
                       size_t most)
{
    const size_t count = page->variant->version_count;
    const size_t points = count < COLUMNS ? count : COLUMNS;
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t c = 0; c < points; c++) {
        size_t i = points < 2 ? 0 : c * (count - 1) / (points - 1);
        size_t y = 150 - (packages_at(page, i, with_needed) - least) * 140 / (most - least + 1);
        iv_buf_printf(&text, "%s%zu,%zu", c == 0 ? "" : " ",
                      points < 2 ? 0 : c * WIDTH / (points - 1), y);
    }
    iv_markup_open(&page->m, "polyline");
    iv_markup_attribute(&page->m, "class", class);
    iv_markup_attribute(&page->m, "points", iv_buf_text(&text));
    iv_markup_close(&page->m);
}

static void write_growth(struct page *page)
{
    struct iv_markup *m = &page->m;
    size_t least = SIZE_MAX;
    size_t most = 0;
    char label[48];
    for (size_t i = 0; i < page->variant->version_count; i++) {
        size_t low = packages_at(page, i, false);
        size_t high = packages_at(page, i, true);
        least = low < least ? low : least;
        most = high > most ? high : most;
    }
    open_figure(m, "Packages in the set; dashed: with the empty packages that mend it", "draw",
                WIDTH, 176);
    iv_markup_open(m, "line");
    iv_markup_attribute(m, "class", "axis");
    iv_markup_attribute_uint(m, "x1", 0);
    iv_markup_attribute_uint(m, "x2", WIDTH);
    iv_markup_attribute_uint(m, "y1", 156);
    iv_markup_attribute_uint(m, "y2", 156);
    iv_markup_close(m);
    if (page->variant->mends.count > 0) {
        write_line(page, "needed", true, least, most);
    }
    write_line(page, "line", false, least, most);
    (void)snprintf(label, sizeof(label), "%zu to %zu packages", least, most);
    write_label(m, 0, 172, false, label);
    close_figure(m);
}

/* How much of a tile is broken. */
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

static void write_matrix(struct page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_matrix *matrix = &page->variant->matrix;
    const size_t tiles = matrix->tiles;
    open_figure(m,
                "One hop: source versions from top to bottom, targets from left to right; green "
                "may be serviced, red lacks packages",
                "draw square", SIDE, SIDE);
    for (size_t s = 0; s < tiles; s++) {
        for (size_t t = 0, end; t < tiles; t = end) {
            const char *class = tile_class(matrix, s, t);
            for (end = t + 1; end < tiles && tile_class(matrix, s, end) == class; end++) {
            }
            size_t x = t * SIDE / tiles;
            size_t y = s * SIDE / tiles;
            if (class != NULL) {
                write_rect(m, class, x, y, end * SIDE / tiles - x, (s + 1) * SIDE / tiles - y,
                           NULL);
            }
        }
    }
    close_figure(m);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void write_number(struct iv_markup *m, uint64_t number)
{
    iv_markup_open(m, "td");
    iv_markup_attribute(m, "class", "number");
    iv_markup_printf(m, "%llu", (unsigned long long)number);
    iv_markup_close(m);
}

static void write_row(struct page *page, const struct iv_audit_version *version)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &page->audit->pool.sets[source->set];
    const struct iv_audit_step *step =
        version->chain < 2 ? NULL : &page->variant->steps[version->chain - 2];
    const bool broken = step != NULL && step->missing > 0;
    const bool doubt = version->state != IV_AUDIT_JUDGED;
    iv_markup_break(m);
    iv_markup_open(m, "tr");
    iv_markup_attribute(m, "class", doubt ? "doubt" : broken ? "broken" : "ok");
    iv_html_cell(m, doubt ? "not judged" : broken ? "broken" : "ok");
    iv_html_cell(m, source->firmware_version);
    write_number(m, set->count);
    write_number(m, set->empty);
    write_number(m, step == NULL ? 0 : step->missing);
    write_number(m, step == NULL ? 0 : step->counts[0]);
    write_number(m, step == NULL ? 0 : step->counts[2]);
    write_number(m, step == NULL ? 0 : step->counts[4]);
    if (version->point != 0 && page->variant->has_matrix) {
        write_number(m, page->variant->matrix.targets[version->point - 1]);
    } else {
        iv_html_cell(m, NULL);
    }
    iv_html_cell(m, version->in_longest ? "yes" : "no");
    iv_html_cell(m, source->path);
    iv_html_cell(m, version->reason != NULL      ? version->reason
                    : version->out_of_order != 0 ? "came after a greater version"
                    : source->unreadable > 0     ? "packages could not be read"
                                                 : source->doubt);
    iv_markup_close(m);
}

static void write_cut(struct iv_markup *m, size_t count)
{
    if (count > LISTED) {
        iv_markup_open(m, "p");
        iv_markup_printf(m, "The first %d of %zu; --format=json and csv have all.", LISTED, count);
        iv_markup_close(m);
    }
}

static void write_versions(struct page *page)
{
    static const char *const columns[] = {
        "Step",    "Version", "Packages",     "Empty",    "Missing", "Added", "Newer",
        "Changed", "Targets", "Baseline set", "Found at", "Note",    NULL};
    const size_t count = page->variant->version_count;
    iv_html_table(&page->m, count > IV_HTML_LONG ? "audit list long" : "audit list",
                  "Versions of this variant", columns, false);
    for (size_t i = 0; i < count && i < LISTED; i++) {
        write_row(page, &page->variant->versions[i]);
    }
    iv_html_table_end(&page->m);
    write_cut(&page->m, count);
}

static void write_mends(struct page *page)
{
    static const char *const columns[] = {"Empty package", "From version", "To version", NULL};
    struct iv_markup *m = &page->m;
    const struct iv_mends *mends = &page->variant->mends;
    if (mends->count == 0) {
        return;
    }
    iv_markup_element(m, "h3", "Empty packages that mend every break");
    iv_html_table(m, "list", "Empty packages that mend every break", columns, false);
    for (size_t i = 0; i < mends->count && i < LISTED; i++) {
        const struct iv_mend_span *span = &mends->spans[i];
        iv_markup_break(m);
        iv_markup_open(m, "tr");
        iv_html_cell(m, iv_audit_package_name(page->audit, span->package));
        iv_html_cell(m, version_of(page, page->variant->chain[span->first]));
        iv_html_cell(m, version_of(page, page->variant->chain[span->last]));
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    write_cut(m, mends->count);
}

static void write_findings(struct page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit *audit = page->audit;
    size_t shown = 0;
    for (size_t i = 0; i < audit->finding_count && shown < LISTED; i++) {
        const struct iv_finding *finding = &audit->findings[i];
        if (finding->variant != &page->variant->pop) {
            continue;
        }
        iv_markup_break(m);
        iv_markup_open(m, "details");
        iv_markup_open(m, "summary");
        iv_markup_printf(m, "%s %s: ", finding->rule->id, finding->rule->name);
        iv_markup_text(m, finding->path);
        iv_markup_close(m);
        iv_markup_element(m, "p", finding->message);
        iv_markup_element(m, "p", finding->remedy);
        iv_markup_close(m);
        shown++;
    }
    write_cut(m, page->variant->broken + page->variant->changed.count);
}

static void write_variant(struct page *page)
{
    struct iv_markup *m = &page->m;
    const struct iv_audit_variant *variant = page->variant;
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_attribute_printf(m, "id", "v%zu", page->number);
    iv_markup_open(m, "h2");
    iv_markup_element(m, "bdi", variant->pop.oem);
    iv_markup_text(m, " / ");
    iv_markup_element(m, "bdi", variant->pop.mobile_operator);
    iv_markup_text(m, " / ");
    iv_markup_element(m, "bdi", variant->pop.model);
    iv_markup_close(m);
    iv_markup_open(m, "p");
    iv_markup_printf(m, "%zu versions, %zu of %zu steps broken. ", variant->version_count,
                     variant->broken, variant->step_count);
    if (variant->has_matrix) {
        iv_markup_printf(m,
                         "%llu of %llu pairs can be updated in one hop; at most %zu versions could "
                         "all be baselines.",
                         (unsigned long long)variant->matrix.reachable,
                         (unsigned long long)variant->matrix.pairs, variant->matrix.longest_count);
    } else {
        iv_markup_text(m, "The pairs were not judged: they would need too much memory.");
    }
    iv_markup_close(m);
    iv_markup_open(m, "div");
    iv_markup_attribute(m, "class", "drawings");
    write_timeline(page);
    write_growth(page);
    if (variant->has_matrix && variant->point_count > 1) {
        write_matrix(page);
    }
    iv_markup_close(m);
    write_findings(page);
    write_mends(page);
    iv_markup_element(m, "h3", "Versions");
    write_versions(page);
    iv_markup_close(m);
}

static void write_unjudged(struct page *page)
{
    static const char *const columns[] = {"Found at", "Why", NULL};
    struct iv_markup *m = &page->m;
    if (page->audit->unjudged_count == 0) {
        return;
    }
    iv_markup_break(m);
    iv_markup_open(m, "section");
    iv_markup_element(m, "h2", "Not judged");
    iv_html_table(m, "list", "What could not be judged", columns, false);
    for (size_t i = 0; i < page->audit->unjudged_count && i < LISTED; i++) {
        iv_markup_open(m, "tr");
        iv_html_cell(m, page->audit->unjudged[i]->path);
        iv_html_cell(m, page->audit->unjudged[i]->reason);
        iv_markup_close(m);
    }
    iv_html_table_end(m);
    write_cut(m, page->audit->unjudged_count);
    iv_markup_close(m);
}

void iv_audit_write_html(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style;
    struct page page = {.audit = audit};
    struct iv_markup *m = &page.m;
    iv_markup_init(m, IV_MARKUP_HTML, out);
    iv_markup_own(m, "<!DOCTYPE html>\n", strlen("<!DOCTYPE html>\n"));
    iv_markup_open(m, "html");
    iv_markup_attribute(m, "lang", "en");
    write_head(m, audit);
    iv_markup_open(m, "body");
    iv_markup_open(m, "main");
    iv_markup_attribute(m, "id", "main");
    write_hero(m, audit);
    write_unjudged(&page);
    for (size_t i = 0; i < audit->variant_count; i++) {
        page.variant = &audit->variants[i];
        page.number = i + 1;
        write_variant(&page);
    }
    iv_markup_close(m);
    iv_markup_open(m, "footer");
    iv_markup_printf(m, "imgval %s", audit->tool_version);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_fini(m);
}
