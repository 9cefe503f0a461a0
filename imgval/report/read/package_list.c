/*
 * package_list.c: lines of a text that people write or a phone's log has. Strict on purpose: a text
 * file of another kind must not become a history.
 */
#include "imgval/report/read/package_list.h"

#include "imgval/base/text.h"
#include "imgval/model/version.h"

#include <string.h>

/* A list in hand. */
struct parsing {
    const char *path;
    struct iv_pieces *pieces;
    struct iv_arena arena; /* for the line in hand */
    size_t count;
    bool is_phone;
};

/* The next field of a line, blanks around it dropped; NULL when the line is used up. */
static const char *next_field(struct iv_arena *arena, const char **line)
{
    if (*line == NULL) {
        return NULL;
    }
    const char *start = *line + strspn(*line, " \t\r");
    size_t length = strcspn(start, ",");
    *line = start[length] == ',' ? start + length + 1 : NULL;
    while (length > 0 && strchr(" \t\r", start[length - 1]) != NULL) {
        length--;
    }
    return length == 0 ? NULL : iv_arena_strndup(arena, start, length);
}

/* Names have at most 194 characters by the format, partitions 64; file names say more. */
#define NAME_MAX_LENGTH 256
#define PARTITION_MAX_LENGTH 64
#define LINE_MAX_LENGTH 1024

/* What names of packages and partitions are made of; '~' and '+' stand in file names of CBS. */
static bool is_name(const char *text, size_t max)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-+~";
    size_t length = strspn(text, letters);
    return length > 0 && length <= max && text[length] == '\0';
}

/* No number, and no value that JSON knows: a list that was meant to be a report. */
static bool is_package_name(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "NaN", "Infinity"};
    bool is_word = text[strspn(text, "0123456789._-+~eE")] == '\0';
    for (size_t i = 0; i < IV_COUNT(words); i++) {
        is_word = is_word || iv_ascii_ieq(text, words[i]);
    }
    return !is_word && is_name(text, NAME_MAX_LENGTH);
}

/* The header of the list that a phone's log has, InstalledPackages.csv. */
static bool is_phone_header(const char *line)
{
    return iv_ascii_ieq(line, "Partition,Name,Version") ||
           iv_ascii_ieq(line, "Partition,Name,Version\r");
}

/* "name[, version[, partition]]", or the columns of a phone's list. Strict on purpose: a text file
 * of another kind must not become a history. */
static bool parse_list_line(struct parsing *in, const char *line, size_t number,
                            struct iv_package *ret_package, struct iv_error *err)
{
    const bool is_phone = in->is_phone;
    const char *rest = line;
    const char *fields[3];
    for (size_t i = 0; i < IV_COUNT(fields); i++) {
        fields[i] = next_field(&in->arena, &rest);
    }
    struct iv_package package = {
        .path = in->path,
        .container = IV_CONTAINER_CABINET,
        .version = fields[is_phone ? 2 : 1],
        .partition = fields[is_phone ? 0 : 2],
    };
    const char *name = fields[is_phone ? 1 : 0];
    bool is_whole = !is_phone || (package.version != NULL && package.partition != NULL);
    if (name == NULL || rest != NULL || !is_whole || !is_package_name(name) ||
        (package.partition != NULL && !is_name(package.partition, PARTITION_MAX_LENGTH))) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s:%zu: not a line of a package list: expected %s, the name of a "
                            "package of at most %d characters",
                            in->path, number,
                            is_phone ? "partition, name, version" : "name[, version[, partition]]",
                            NAME_MAX_LENGTH);
    }
    if (package.version != NULL && !iv_version_parse(package.version, &package.number)) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s:%zu: version %.40s is not four numbers from 0 to 65535", in->path,
                            number, package.version);
    }
    package.removal = iv_package_is_removal_name(name);
    iv_package_set_key(&in->arena, &package, name);
    *ret_package = package;
    return true;
}

/* Blank lines and comments are passed over. */
static bool parse_line(void *context, const struct iv_line *line, struct iv_error *err)
{
    struct parsing *in = context;
    const bool has_mark =
        line->number == 1 && line->size >= 3 && memcmp(line->text, "\xEF\xBB\xBF", 3) == 0;
    const char *text = line->text + (has_mark ? 3 : 0);
    const size_t size = line->size - (has_mark ? 3 : 0);
    if (memchr(text, '\0', size) != NULL || !iv_utf8_is_valid(text, size)) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s: neither a package, a report, an export bundle nor a list of "
                            "packages in UTF-8",
                            in->path);
    }
    if (size > LINE_MAX_LENGTH) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s:%zu: not a line of a package list: longer than %d bytes", in->path,
                            line->number, LINE_MAX_LENGTH);
    }
    iv_arena_reset(&in->arena, (struct iv_arena_mark){0});
    const char *copy = iv_arena_strndup(&in->arena, text, size);
    const char *first = copy + strspn(copy, " \t\r");
    if (*first == '\0' || *first == '#') {
        return true;
    }
    if (in->count == 0 && !in->is_phone && is_phone_header(copy)) {
        in->is_phone = true;
        return true;
    }
    struct iv_package package;
    if (!parse_list_line(in, copy, line->number, &package, err)) {
        return false;
    }
    iv_pieces_add(in->pieces, IV_PIECE_PACKAGE, line->number, &package);
    in->count++;
    return true;
}

/* In the reader process. */
bool iv_package_list_parse(struct iv_window *window, const char *path, struct iv_pieces *pieces,
                           struct iv_error *err)
{
    struct parsing in = {.path = path, .pieces = pieces};
    bool is_read = iv_window_lines(window, parse_line, &in, err);
    iv_arena_fini(&in.arena);
    return is_read;
}

/* ---- in the parent --------------------------------------------------------------------------- */

/* Every part is checked as it comes; one that is wrong ends the reader. */
bool iv_package_list_take(struct iv_package_list_taker *taker, const void *part, size_t size)
{
    struct iv_piece piece;
    bool is_broken = false;
    size_t at = 0;
    const char *bytes = iv_arena_strndup(taker->arena, part, size); /* the texts are borrowed */
    while (!is_broken && iv_pieces_next(bytes, size, &at, &piece, &is_broken)) {
        taker->packages = iv_arena_grow(taker->arena, taker->packages, taker->count,
                                        &taker->capacity, sizeof(*taker->packages));
        struct iv_package *package = &taker->packages[taker->count];
        is_broken =
            piece.kind != IV_PIECE_PACKAGE ||
            !iv_piece_decode(&piece, taker->arena, NULL, package) || package->name == NULL ||
            package->key == NULL ||
            (package->version != NULL && !iv_version_parse(package->version, &package->number));
        package->path = taker->path;
        package->container = IV_CONTAINER_CABINET;
        taker->count++;
    }
    taker->is_broken = taker->is_broken || is_broken;
    return !is_broken;
}

/* An empty list is no error here: what it means is for the import to say. */
bool iv_package_list_end(struct iv_package_list_taker *taker, struct iv_package **ret_packages,
                         size_t *ret_count, struct iv_error *err)
{
    if (taker->is_broken) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "its reader did not give an answer that a list can have");
    }
    *ret_packages = taker->packages;
    *ret_count = taker->count;
    return true;
}
