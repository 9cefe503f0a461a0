/*
 * A submission's id, and whether device values may be missing because something could not be read.
 */
#include "imgval/model/submission.h"

#include "imgval/base/buf.h"
#include "imgval/base/digest.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The bytes under the digest. They are frozen: ids stand in users' stores. Each line is one or more
 * fields, a field being its text and a NUL (iv_sha256_add_field(); a NULL never goes in, so that
 * the stream can be taken apart in one way only):
 *
 *   "imgval-submission/1"
 *   number of packages, decimal
 *   for each package, sorted by these five, bytewise, equal ones once:
 *       key, version as "%u.%u.%u.%u", partition folded ("mainos" where there is none),
 *       flags as "rbe" (removal, binary partition, empty) with "-" for a flag that is off,
 *       owner type folded ("" where there is none)
 *   number of POPs, decimal
 *   for each POP, sorted by iv_pop_compare(), equal ones once: oem, operator, model, folded
 *   "none" | "number", the version as "%u.%u.%u.%u" | "text", the version as given
 *
 * Only facts that the store keeps are in it, so that a record's id can be computed again.
 */
struct id_line {
    const char *key;
    char version[IV_VERSION_TEXT_SIZE];
    const char *partition;
    char flags[4];
    const char *owner_type;
};

const char *const iv_submission_type_names[] = {
    [IV_IMAGE] = "image",
    [IV_PARTIAL] = "partial",
    [IV_PARTIAL + 1] = NULL,
};

static int compare_line(const void *a, const void *b)
{
    const struct id_line *x = a;
    const struct id_line *y = b;
    int order = strcmp(x->key, y->key);
    order = order != 0 ? order : strcmp(x->version, y->version);
    order = order != 0 ? order : strcmp(x->partition, y->partition);
    order = order != 0 ? order : strcmp(x->flags, y->flags);
    return order != 0 ? order : strcmp(x->owner_type, y->owner_type);
}

static int compare_pop(const void *a, const void *b)
{
    return iv_pop_compare(a, b);
}

static const char *folded(struct iv_arena *arena, const char *text)
{
    return text != NULL ? iv_ascii_fold(arena, text) : "";
}

static void add_number(struct iv_sha256 *sha, size_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%zu", number);
    iv_sha256_add_field(sha, text);
}

/* One field of many packages: most of them say what the one before said. */
struct last_folded {
    const char *text;
    const char *folded;
};

/* As iv_ascii_fold(), but remembers the last text: an image has thousands of packages and few
 * owners. */
static const char *fold_again(struct iv_arena *arena, const char *text, struct last_folded *last)
{
    if (text == NULL) {
        return "";
    }
    if (last->text == NULL || strcmp(text, last->text) != 0) {
        *last = (struct last_folded){.text = text, .folded = iv_ascii_fold(arena, text)};
    }
    return last->folded;
}

static struct id_line line_of(const struct iv_package *package, struct iv_arena *arena,
                              struct last_folded *partition, struct last_folded *owner_type)
{
    struct id_line line = {
        .key = package->key != NULL ? package->key : "",
        .partition = fold_again(arena, iv_package_partition(package), partition),
        .flags = {package->removal ? 'r' : '-', package->binary_partition ? 'b' : '-',
                  package->empty ? 'e' : '-', '\0'},
        .owner_type = fold_again(arena, package->owner_type, owner_type),
    };
    iv_version_format(package->number, line.version);
    return line;
}

/* Many lines with one call: the digest is over the bytes, however they are cut. */
static void add_line(struct iv_sha256 *sha, const struct id_line *line, struct iv_buf *buf)
{
    enum { MANY = 16 * 1024 };
    const char *const fields[] = {line->key, line->version, line->partition, line->flags,
                                  line->owner_type};
    for (size_t i = 0; i < IV_COUNT(fields); i++) {
        iv_buf_add(buf, fields[i], strlen(fields[i]) + 1);
    }
    if (buf->size >= MANY) {
        iv_sha256_add(sha, buf->data, buf->size);
        iv_buf_clear(buf);
    }
}

static void add_packages(struct iv_sha256 *sha, const struct iv_package *const *packages,
                         size_t count, struct iv_arena *arena)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct id_line *lines = IV_NEW_ARRAY(arena, struct id_line, count);
    struct last_folded partition = {0};
    struct last_folded owner_type = {0};
    for (size_t i = 0; i < count; i++) {
        lines[i] = line_of(packages[i], arena, &partition, &owner_type);
    }
    iv_sort(lines, count, sizeof(*lines), compare_line);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_line(&lines[kept - 1], &lines[i]) != 0) {
            lines[kept++] = lines[i];
        }
    }
    add_number(sha, kept);
    for (size_t i = 0; i < kept; i++) {
        add_line(sha, &lines[i], &buf);
    }
    iv_sha256_add(sha, buf.data, buf.size);
}

static void add_pops(struct iv_sha256 *sha, const struct iv_pop *pops, size_t count,
                     struct iv_arena *arena)
{
    struct iv_pop *sorted = IV_NEW_ARRAY(arena, struct iv_pop, count);
    if (count > 0) {
        memcpy(sorted, pops, count * sizeof(*sorted));
        iv_sort(sorted, count, sizeof(*sorted), compare_pop);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || iv_pop_compare(&sorted[kept - 1], &sorted[i]) != 0) {
            sorted[kept++] = sorted[i];
        }
    }
    add_number(sha, kept);
    for (size_t i = 0; i < kept; i++) {
        iv_sha256_add_field(sha, folded(arena, sorted[i].oem));
        iv_sha256_add_field(sha, folded(arena, sorted[i].mobile_operator));
        iv_sha256_add_field(sha, folded(arena, sorted[i].model));
    }
}

/* As a number where it is one, so that 01.0.0.0 and 1.0.0.0 are one version. */
static void add_firmware_version(struct iv_sha256 *sha, const char *text)
{
    struct iv_version version;
    if (text == NULL) {
        iv_sha256_add_field(sha, "none");
    } else if (iv_version_parse(text, &version)) {
        char number[IV_VERSION_TEXT_SIZE];
        iv_version_format(version, number);
        iv_sha256_add_field(sha, "number");
        iv_sha256_add_field(sha, number);
    } else {
        iv_sha256_add_field(sha, "text");
        iv_sha256_add_field(sha, text);
    }
}

const char *iv_submission_id(const struct iv_package *packages, size_t package_count,
                             const struct iv_pop *pops, size_t pop_count,
                             const char *firmware_version, struct iv_arena *arena)
{
    const struct iv_package **items = IV_NEW_ARRAY(arena, const struct iv_package *, package_count);
    for (size_t i = 0; i < package_count; i++) {
        items[i] = &packages[i];
    }
    return iv_submission_id_of(items, package_count, pops, pop_count, firmware_version, arena);
}

const char *iv_submission_id_of(const struct iv_package *const *packages, size_t package_count,
                                const struct iv_pop *pops, size_t pop_count,
                                const char *firmware_version, struct iv_arena *arena)
{
    char *hex = IV_NEW_ARRAY(arena, char, IV_SHA256_HEX_SIZE);
    struct iv_arena_mark mark = iv_arena_mark(arena);
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, "imgval-submission/1");
    add_packages(sha, packages, package_count, arena);
    add_pops(sha, pops, pop_count, arena);
    add_firmware_version(sha, firmware_version);
    iv_sha256_close_hex(sha, hex);
    iv_arena_reset(arena, mark);
    return hex;
}

/* Whether a fault means that something was not read to its end which may hold device values. */
static bool hides_values(const struct iv_submission *s, const struct iv_fault *fault)
{
    switch (fault->kind) {
    case IV_FAULT_MALFORMED:
    case IV_FAULT_UNREADABLE:
    case IV_FAULT_LIMIT:
    case IV_FAULT_NOT_REGULAR:
    case IV_FAULT_READER_DIED:
    case IV_FAULT_UNSUPPORTED:
    case IV_FAULT_METADATA:
    case IV_FAULT_TRUNCATED:
    case IV_FAULT_TABLE:
    case IV_FAULT_PARTITION:
    case IV_FAULT_FILE:
        break;
    case IV_FAULT_NONE:
    case IV_FAULT_MEMBER_MISSING:
    case IV_FAULT_FFU_HEADER:
    case IV_FAULT_HASH_MISMATCH:
    case IV_FAULT_HASH_TABLE:
    case IV_FAULT_CATALOG:
    case IV_FAULT_TRAILING:
    case IV_FAULT_TWINS: /* both are read */
    case IV_FAULT_NOT_PACKAGE:
    case IV_FAULT_NOT_CLOSED:
    case IV_FAULT_ELSEWHERE: /* it would not count */
    case IV_FAULT_KINDS:
        return false;
    }
    /* These hold other things. */
    const char *const others[] = {s->history.path, s->oem_input.path};
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        if (others[i] != NULL && fault->path != NULL && strcmp(others[i], fault->path) == 0) {
            return false;
        }
    }
    return fault->path == NULL || (!iv_ascii_isuffix(fault->path, "/DeviceLayout.xml") &&
                                   !iv_ascii_isuffix(fault->path, "/OEMDevicePlatform.xml"));
}

/* A removal package holds no registry files. */
static bool package_hides_values(const struct iv_submission *s, const struct iv_package *package)
{
    if (package->removal || package->origin != IV_ORIGIN_SUBMISSION) {
        return false;
    }
    bool hides = package->unreadable || package->registry_unread;
    for (size_t i = 0; i < package->fault_count && !hides; i++) {
        hides = hides_values(s, &package->faults[i]);
    }
    return hides;
}

/* Asked before "the value is missing" is reported: where a source was not read that is not
 * known. */
bool iv_submission_misses_sources(const struct iv_submission *s)
{
    bool misses = iv_submission_is_half_read(s);
    for (size_t i = 0; i < s->fault_count && !misses; i++) {
        misses = hides_values(s, &s->faults[i]);
    }
    for (size_t i = 0; i < s->package_count && !misses; i++) {
        misses = package_hides_values(s, &s->packages[i]);
    }
    for (size_t i = 0; i < s->beside_count && !misses; i++) {
        misses = iv_kinds[s->kind].is_image && package_hides_values(s, &s->beside[i]);
    }
    return misses;
}

const struct iv_fault *iv_submission_doubt(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->fault_count; i++) {
        if (!iv_fault_is_advice(s->faults[i].kind)) {
            return &s->faults[i];
        }
    }
    return NULL;
}
