/*
 * The idea: digests are the only thing that binds a catalog to files. Names and the order of
 * members say nothing. So the catalog becomes a sorted list of digests, each file looks its own up
 * there and marks them as used; what is left unmarked belongs to a file that is not here.
 *
 * A catalog of version 2 knows each file by two digests. Where there is any SHA-256, a SHA-1 alone
 * vouches for nothing, since collisions can be made; but it is still to have its file.
 */
#include "imgval/input/coverage.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Flaws of one kind and package that are reported one by one. */
#define FLAWS_MAX 20

/* A digest of the catalog. */
struct entry {
    struct iv_der digest;
    enum iv_catalog_data data;
    bool used;
    const char *file; /* the member's attribute File, or NULL */
};

struct list {
    struct entry *items; /* sorted by digest */
    size_t count;
    bool has_sha256;
};

void iv_seal_flaw(const struct iv_reader *r, struct iv_seal *seal, enum iv_flaw_kind kind,
                  const char *member, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    seal->flaws = iv_reader_grow(r->arena, seal->flaws, seal->flaw_count, sizeof(*seal->flaws));
    seal->flaws[seal->flaw_count++] = (struct iv_flaw){
        .kind = kind,
        .member = iv_arena_strdup(r->arena, member),
        .detail = iv_arena_strdup(r->arena, text),
    };
}

/* ------------------------------------------------------------------------------ the catalog's side
 */

/* By length, then bytes: SHA-1 and SHA-256 stand in one list. */
static int compare_digests(struct iv_der a, struct iv_der b)
{
    if (a.size != b.size) {
        return a.size < b.size ? -1 : 1;
    }
    return a.size == 0 ? 0 : memcmp(a.bytes, b.bytes, a.size);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = compare_digests(x->digest, y->digest);
    return order != 0 ? order : (x->data > y->data) - (x->data < y->data);
}

/* The two lengths that a catalog may have. */
static bool is_digest(struct iv_der bytes)
{
    return bytes.size == IV_SHA1_SIZE || bytes.size == IV_SHA256_SIZE;
}

/* All members of the catalog that name a digest, sorted. In version 2 the SHA-1 of a file is the
 * tag of a member that has no digest; tags of another length say nothing about a file. */
static struct list make_list(const struct iv_reader *r, const struct iv_catalog *catalog)
{
    struct list list = {.items = IV_NEW_ARRAY(r->scratch, struct entry, catalog->member_count)};
    struct iv_der at = catalog->members;
    struct iv_catalog_member member;
    while (list.count < catalog->member_count && iv_catalog_next(&at, &member)) {
        bool has_digest = member.digest.size > 0;
        struct iv_der digest = has_digest ? member.digest : member.tag;
        if (!is_digest(digest)) {
            continue;
        }
        list.has_sha256 = list.has_sha256 || digest.size == IV_SHA256_SIZE;
        list.items[list.count++] = (struct entry){
            .digest = digest,
            .data = has_digest ? member.data : IV_CATALOG_DATA_NONE,
            .file = iv_catalog_value(member.attributes, "File", r->scratch),
        };
    }
    if (list.count > 1) {
        iv_sort(list.items, list.count, sizeof(*list.items), compare_entries);
    }
    return list;
}

/*
 * Marks every entry with this digest that may be meant so; returns whether there is one. A member
 * may say whether its digest is of a whole file or of a PE image without its signature; then it
 * stands for nothing else.
 */
static bool use(struct list *list, const unsigned char *digest, size_t size, bool is_pe)
{
    struct iv_der wanted = {digest, size};
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_digests(list->items[middle].digest, wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = false;
    for (; low < list->count && compare_digests(list->items[low].digest, wanted) == 0; low++) {
        struct entry *entry = &list->items[low];
        if (entry->data != (is_pe ? IV_CATALOG_DATA_FILE : IV_CATALOG_DATA_PE)) {
            entry->used = true;
            found = true;
        }
    }
    return found;
}

/* Both digests are looked up, so that both entries of a file are marked; but where the catalog has
 * any SHA-256, a SHA-1 alone does not cover the file. */
static bool use_digests(struct list *list, const struct iv_digests *digests, bool is_pe)
{
    bool by_sha256 = use(list, digests->sha256, IV_SHA256_SIZE, is_pe);
    bool by_sha1 = use(list, digests->sha1, IV_SHA1_SIZE, is_pe);
    return by_sha256 || (by_sha1 && !list->has_sha256);
}

/* Every digest that may stand for the file is looked up, so that all of its entries are marked. */
static bool use_file(struct list *list, const struct iv_file_digests *digests)
{
    bool found = use_digests(list, &digests->plain, false);
    if (digests->has_pe) {
        found = use_digests(list, &digests->pe, true) || found;
        found = use_digests(list, &digests->padded, true) || found;
    }
    return found;
}

/* ------------------------------------------------------------------------------------- both sides
 */

/* The state of each file that was read; a flaw for each that nothing covers. Empty files need no
 * digest: there is nothing in them that could have been changed. */
static void check_files(const struct iv_reader *r, struct list *list, struct iv_covered_file *files,
                        size_t count, struct iv_seal *seal)
{
    size_t bare = 0;
    for (size_t i = 0; i < count; i++) {
        struct iv_covered_file *file = &files[i];
        if (file->state != IV_SEALED_NOT_READ || !file->is_read) {
            continue;
        }
        if (use_file(list, &file->digests)) {
            file->state = IV_SEALED_COVERED;
            seal->covered++;
            continue;
        }
        if (file->digests.size == 0) {
            file->state = IV_SEALED_EMPTY;
            seal->covered++;
            continue;
        }
        file->state = IV_SEALED_NOT_COVERED;
        if (bare++ < FLAWS_MAX) {
            struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
            iv_hex_add(&hex, file->digests.plain.sha256, IV_SHA256_SIZE);
            iv_seal_flaw(r, seal, IV_FLAW_NOT_COVERED, file->name,
                         "%s is covered by no digest of the catalog: it was changed or added "
                         "after the catalog was made (SHA-256 %s)",
                         iv_reader_shown(r, file->name), iv_buf_text(&hex));
        }
    }
    if (bare > FLAWS_MAX) {
        iv_seal_flaw(r, seal, IV_FLAW_NOT_COVERED, NULL, "and %zu more files that no digest covers",
                     bare - FLAWS_MAX);
    }
}

/* Digests of one length that no file has claimed so far. */
static size_t count_unused(const struct list *list, size_t size)
{
    size_t unused = 0;
    for (size_t i = 0; i < list->count; i++) {
        unused += !list->items[i].used && list->items[i].digest.size == size ? 1 : 0;
    }
    return unused;
}

/* Digests of one length that no file has. */
static void report_unused(const struct iv_reader *r, const struct list *list, size_t size,
                          struct iv_seal *seal)
{
    size_t reported = 0;
    for (size_t i = 0; i < list->count && reported < FLAWS_MAX; i++) {
        const struct entry *entry = &list->items[i];
        if (entry->used || entry->digest.size != size) {
            continue;
        }
        struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
        iv_hex_add(&hex, entry->digest.bytes, entry->digest.size);
        reported++;
        iv_seal_flaw(r, seal, IV_FLAW_MISSING, entry->file,
                     "no file of the package has the %s %s, which the catalog lists%s%s",
                     size == IV_SHA256_SIZE ? "SHA-256" : "SHA-1", iv_buf_text(&hex),
                     entry->file == NULL ? "" : " for ",
                     entry->file == NULL ? "" : iv_reader_shown(r, entry->file));
    }
    size_t unused = count_unused(list, size);
    if (unused > reported) {
        iv_seal_flaw(r, seal, IV_FLAW_MISSING, NULL, "and %zu more digests that no file has",
                     unused - reported);
    }
}

/* A catalog may list the empty file, though none need do so. */
static void use_empty(struct list *list)
{
    struct iv_digests empty;
    struct iv_sha256 *sha256 = iv_sha256_open();
    struct iv_sha256 *sha1 = iv_sha1_open();
    iv_sha256_close(sha256, empty.sha256);
    iv_sha1_close(sha1, empty.sha1);
    (void)use_digests(list, &empty, false);
}

void iv_coverage_check(const struct iv_reader *r, const struct iv_catalog *catalog,
                       struct iv_covered_file *files, size_t count, bool whole,
                       struct iv_seal *seal)
{
    struct list list = make_list(r, catalog);
    seal->version = (uint64_t)catalog->version;
    check_files(r, &list, files, count, seal);
    if (!whole) {
        return;
    }
    use_empty(&list);
    size_t sha256 = count_unused(&list, IV_SHA256_SIZE);
    report_unused(r, &list, IV_SHA256_SIZE, seal);
    /* A missing file leaves two digests: its SHA-1 is reported only where it is one more. */
    if (count_unused(&list, IV_SHA1_SIZE) > sha256) {
        report_unused(r, &list, IV_SHA1_SIZE, seal);
    }
}
