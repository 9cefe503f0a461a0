/*
 * The facts cache in memory: the file as it was read, whose entries stay in it in sorted order, and
 * what this scan adds. A look-up is a binary search that first tries the entry after the last hit,
 * as scans ask in the order of the file. Saving merges the two, leaves out what was not seen for
 * longest when it would be too large, and renames a new file over the old one.
 *
 * The file is believed only if it is this user's, others cannot write to it, its sum is right, and
 * it was made by this version under these limits; else it is empty. A file that is no facts cache
 * is never replaced.
 */
#include "imgval/scan/facts_cache.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/cursor.h"
#include "imgval/base/digest.h"
#include "imgval/base/file.h"
#include "imgval/base/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Changes with the form of the file, and with what readers make of a package without a new version
 * of imgval. */
#define SCHEMA "5"

static const char magic[16] = "imgval-facts-1\n";

enum {
    HEAD_SIZE = 16 + IV_SHA256_SIZE + 8 + 8,
    ENTRY_SIZE = 4 + 4 + 8 + 7 * 8, /* without path and record */
    /* A file whose last change is nearer to the scan than this may change once more without a new
     * time: FAT counts in steps of two seconds, others in ticks of some milliseconds. */
    MARGIN = 2,
};

/* The answer of a reader for one file, and what the file was then. */
struct entry {
    const char *path;
    struct iv_identity identity;
    const void *record;
    size_t size;
    uint64_t generation; /* of the last saving that had seen it */
};

struct iv_facts_cache {
    struct iv_arena arena;
    struct iv_buf bytes; /* the file; the old entries point into it */
    const char *path;
    const char *note;
    unsigned char digest[IV_SHA256_SIZE];
    int64_t now;
    uint64_t max_size;
    bool is_foreign; /* not ours to replace */
    bool is_distrusted;
    uint64_t generation; /* of this scan */
    struct entry *old;   /* sorted */
    size_t old_count;
    size_t next; /* where the next one is looked for first: scans ask in the file's order */
    struct entry *added;
    size_t added_count;
    size_t added_capacity;
    size_t recalled;
};

/* --- order ----------------------------------------------------------------------------------- */

static int number_order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* The same path may be another file when a folder was mounted over, so device and inode belong to
 * the place. */
static int place_order(const char *path, const struct iv_identity *identity,
                       const struct entry *entry)
{
    int order = strcmp(path, entry->path);
    if (order == 0) {
        order = number_order(identity->device, entry->identity.device);
    }
    return order != 0 ? order : number_order(identity->inode, entry->identity.inode);
}

/* By place; of two at one place the newer one first. */
static int compare_place(const void *left, const void *right)
{
    const struct entry *a = *(const struct entry *const *)left;
    const struct entry *b = *(const struct entry *const *)right;
    int order = place_order(a->path, &a->identity, b);
    return order != 0 ? order : number_order(b->generation, a->generation);
}

/* The newest first. */
static int compare_age(const void *left, const void *right)
{
    const struct entry *a = *(const struct entry *const *)left;
    const struct entry *b = *(const struct entry *const *)right;
    int order = number_order(b->generation, a->generation);
    return order != 0 ? order : place_order(a->path, &a->identity, b);
}

/* --- reading the file ------------------------------------------------------------------------ */

/* One entry at the cursor. Path and record stay in the bytes of the file. */
static bool take_entry(struct iv_cursor *c, struct entry *entry)
{
    uint32_t path_size = iv_cursor_u32(c);
    uint32_t record_size = iv_cursor_u32(c);
    struct iv_identity *identity = &entry->identity;
    entry->generation = iv_cursor_u64(c);
    identity->device = iv_cursor_u64(c);
    identity->inode = iv_cursor_u64(c);
    identity->size = iv_cursor_u64(c);
    identity->mtime = (int64_t)iv_cursor_u64(c);
    identity->mtime_ns = iv_cursor_u64(c);
    identity->ctime = (int64_t)iv_cursor_u64(c);
    identity->ctime_ns = iv_cursor_u64(c);
    entry->path = (const char *)iv_cursor_take(c, (size_t)path_size + 1);
    entry->record = iv_cursor_take(c, record_size);
    entry->size = record_size;
    return !c->failed && strnlen(entry->path, (size_t)path_size + 1) == path_size;
}

/* False: the file is not as it was written. */
static bool take_entries(struct iv_facts_cache *cache, struct iv_cursor *c)
{
    uint64_t count = iv_cursor_u64(c);
    if (count > iv_cursor_left(c) / ENTRY_SIZE) {
        return false;
    }
    struct entry *entries = IV_NEW_ARRAY(&cache->arena, struct entry, (size_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!take_entry(c, &entries[i]) || entries[i].generation >= cache->generation ||
            (i > 0 && place_order(entries[i].path, &entries[i].identity, &entries[i - 1]) <= 0)) {
            return false;
        }
    }
    if (iv_cursor_left(c) != 0) {
        return false;
    }
    cache->old = entries;
    cache->old_count = (size_t)count;
    return true;
}

/* Over all of the file. It finds damage, not forgery: the owner's own file may say what it
 * likes. */
static bool has_good_sum(const struct iv_buf *bytes)
{
    unsigned char sum[IV_SHA256_SIZE];
    if (bytes->size < HEAD_SIZE + IV_SHA256_SIZE) {
        return false;
    }
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, bytes->data, bytes->size - IV_SHA256_SIZE);
    iv_sha256_close(sha, sum);
    return memcmp(sum, bytes->data + bytes->size - IV_SHA256_SIZE, IV_SHA256_SIZE) == 0;
}

/* Returns what is wrong with the content; NULL: nothing. */
static const char *take_bytes(struct iv_facts_cache *cache)
{
    const struct iv_buf *bytes = &cache->bytes;
    if (!has_good_sum(bytes)) {
        return "it is damaged; it is made anew";
    }
    struct iv_cursor c = iv_cursor(bytes->data, bytes->size - IV_SHA256_SIZE);
    (void)iv_cursor_take(&c, sizeof(magic));
    if (memcmp(iv_cursor_take(&c, IV_SHA256_SIZE), cache->digest, IV_SHA256_SIZE) != 0) {
        return "it was made by another version of imgval or under other limits; it is made anew";
    }
    uint64_t generation = iv_cursor_u64(&c);
    cache->generation = generation < UINT64_MAX ? generation + 1 : 0; /* 0: none fits */
    if (!take_entries(cache, &c)) {
        cache->generation = 1;
        return "it is damaged; it is made anew";
    }
    return NULL;
}

/* The file is not ours: it is neither used nor replaced. */
static const char *foreign(struct iv_facts_cache *cache, const char *why)
{
    cache->is_foreign = true;
    return why;
}

/* NULL: nothing is wrong with it. A file that is not there, or empty, is a new one. */
static const char *load(struct iv_facts_cache *cache)
{
    struct iv_status st;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(cache->path, &st);
    if (fd < 0) {
        return errno == ENOENT ? NULL : foreign(cache, iv_errno_text(errno));
    }
    if (st.type != IV_FILE_REGULAR) {
        return foreign(cache, "it is no regular file; it is left alone");
    }
    if (!iv_status_is_ours(&st) || st.others_may_write) {
        return foreign(cache, "others may write to it, so it is not trusted; it is left alone");
    }
    uint64_t size = st.size;
    if (size == 0) {
        return NULL;
    }
    size_t wanted = (size_t)(size < cache->max_size ? size : cache->max_size);
    int64_t got = iv_file_read_at(fd, iv_buf_reserve(&cache->bytes, wanted), wanted, 0);
    if (got < 0) {
        return foreign(cache, iv_errno_text(errno));
    }
    cache->bytes.size = (size_t)got;
    if (cache->bytes.size < sizeof(magic) || memcmp(cache->bytes.data, magic, sizeof(magic)) != 0) {
        return foreign(cache, "it is no facts cache; it is left alone");
    }
    return take_bytes(cache);
}

/* What decides the facts beside the file that is read. */
static void digest_build(const struct iv_facts_cache_options *options, unsigned char *ret_digest)
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, SCHEMA);
    iv_sha256_add_field(sha, options->tool_version);
#define ADD_LIMIT(member, name, value, unit, reason)                                               \
    iv_sha256_add(sha, &options->limits->member, sizeof(options->limits->member));
    IV_LIMIT_ROWS(ADD_LIMIT)
#undef ADD_LIMIT
    iv_sha256_close(sha, ret_digest);
}

/* Never fails: a cache that cannot be used is an empty one, and the note says why. */
struct iv_facts_cache *iv_facts_cache_open(const struct iv_facts_cache_options *options)
{
    struct iv_facts_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL) {
        iv_out_of_memory();
    }
    iv_arena_init(&cache->arena);
    cache->path = iv_arena_strdup(&cache->arena, options->path);
    cache->now = options->now;
    cache->max_size = options->max_size != 0 ? options->max_size : IV_FACTS_CACHE_MAX;
    cache->generation = 1;
    digest_build(options, cache->digest);
    cache->note = load(cache);
    return cache;
}

void iv_facts_cache_close(struct iv_facts_cache **cache)
{
    if (*cache != NULL) {
        iv_buf_fini(&(*cache)->bytes);
        iv_arena_fini(&(*cache)->arena);
        free(*cache);
        *cache = NULL;
    }
}

const char *iv_facts_cache_note(const struct iv_facts_cache *cache)
{
    return cache->note;
}

/* --- asking and adding ----------------------------------------------------------------------- */

/* The entry of a place, or NULL. `next` is the first guess of the binary search. */
static struct entry *find_old(struct iv_facts_cache *cache, const char *path,
                              const struct iv_identity *identity)
{
    size_t low = 0;
    size_t high = cache->old_count;
    size_t i = cache->next;
    while (low < high) {
        if (i < low || i >= high) {
            i = low + (high - low) / 2;
        }
        int order = place_order(path, identity, &cache->old[i]);
        if (order == 0) {
            cache->next = i + 1;
            return &cache->old[i];
        }
        low = order > 0 ? i + 1 : low;
        high = order < 0 ? i : high;
        i = SIZE_MAX;
    }
    cache->next = low;
    return NULL;
}

/* What is found counts as seen by this scan, so it is kept longest when there is no room. */
bool iv_facts_cache_find(struct iv_facts_cache *cache, const char *path,
                         const struct iv_identity *identity, const void **ret_record,
                         size_t *ret_size)
{
    struct entry *entry = find_old(cache, path, identity);
    if (entry == NULL || !iv_identity_is_same(&entry->identity, identity)) {
        return false;
    }
    entry->generation = cache->generation;
    cache->recalled++;
    *ret_record = entry->record;
    *ret_size = entry->size;
    return true;
}

/* A file that was changed a moment ago may change again without a new time, so it is read the next
 * time too. Path and record are borrowed until the saving. */
void iv_facts_cache_add(struct iv_facts_cache *cache, const char *path,
                        const struct iv_identity *identity, const void *record, size_t size)
{
    int64_t last = identity->mtime > identity->ctime ? identity->mtime : identity->ctime;
    if (last >= cache->now - MARGIN || size > UINT32_MAX || strlen(path) >= UINT32_MAX ||
        cache->is_foreign) {
        return;
    }
    cache->added = iv_arena_grow(&cache->arena, cache->added, cache->added_count,
                                 &cache->added_capacity, sizeof(*cache->added));
    struct entry *old = find_old(cache, path, identity);
    if (old != NULL) {
        old->generation = 0; /* this one comes in its place */
    }
    cache->added[cache->added_count++] = (struct entry){
        .path = path,
        .identity = *identity,
        .record = record,
        .size = size,
        .generation = cache->generation,
    };
}

/* A reader died or gave a strange answer: what it said before is not kept for later. */
void iv_facts_cache_distrust(struct iv_facts_cache *cache)
{
    cache->is_distrusted = true;
}

/* For -v. */
void iv_facts_cache_counts(const struct iv_facts_cache *cache, size_t *ret_recalled,
                           size_t *ret_added)
{
    *ret_recalled = cache->recalled;
    *ret_added = cache->is_distrusted ? 0 : cache->added_count;
}

/* --- saving ---------------------------------------------------------------------------------- */

/* Little-endian, as iv_cursor reads it. */
static void put_number(struct iv_buf *buf, uint64_t value, size_t size)
{
    char *place = iv_buf_reserve(buf, size);
    for (size_t i = 0; i < size; i++) {
        place[i] = (char)(unsigned char)(value >> (8 * i));
    }
    buf->size += size;
}

/* As take_entry() reads it. */
static void put_entry(struct iv_buf *buf, const struct entry *entry)
{
    const struct iv_identity *identity = &entry->identity;
    size_t path_size = strlen(entry->path);
    put_number(buf, path_size, 4);
    put_number(buf, entry->size, 4);
    const uint64_t numbers[] = {
        entry->generation,         identity->device,
        identity->inode,           identity->size,
        (uint64_t)identity->mtime, identity->mtime_ns,
        (uint64_t)identity->ctime, identity->ctime_ns,
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        put_number(buf, numbers[i], 8);
    }
    iv_buf_add(buf, entry->path, path_size + 1);
    iv_buf_add(buf, entry->record, entry->size);
}

/* Old and new ones, each place once, as many as there is room for; sorted by place. */
static size_t choose(const struct iv_facts_cache *cache, const struct entry **entries)
{
    size_t count = 0;
    for (size_t i = 0; i < cache->old_count; i++) {
        entries[count++] = &cache->old[i];
    }
    for (size_t i = 0; i < cache->added_count; i++) {
        entries[count++] = &cache->added[i];
    }
    iv_sort(entries, count, sizeof(*entries), compare_place);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || place_order(entries[i]->path, &entries[i]->identity, entries[kept - 1])) {
            entries[kept++] = entries[i];
        }
    }
    iv_sort(entries, kept, sizeof(*entries), compare_age);
    uint64_t total = HEAD_SIZE + IV_SHA256_SIZE;
    for (size_t i = 0; i < kept; i++) {
        total += ENTRY_SIZE + strlen(entries[i]->path) + 1 + entries[i]->size;
        if (total > cache->max_size) {
            kept = i;
        }
    }
    iv_sort(entries, kept, sizeof(*entries), compare_place);
    return kept;
}

/* Nothing is written where nothing is new. Two scans at once may each replace the file: the later
 * one wins, and only time is lost. */
bool iv_facts_cache_save(const struct iv_facts_cache *cache, struct iv_error *err)
{
    if (cache->added_count == 0 || cache->is_distrusted || cache->is_foreign) {
        return true;
    }
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const struct entry **entries =
        IV_NEW_ARRAY(&arena, const struct entry *, cache->old_count + cache->added_count);
    size_t count = choose(cache, entries);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&buf, magic, sizeof(magic));
    iv_buf_add(&buf, cache->digest, sizeof(cache->digest));
    put_number(&buf, cache->generation, 8);
    put_number(&buf, count, 8);
    for (size_t i = 0; i < count; i++) {
        put_entry(&buf, entries[i]);
    }
    unsigned char sum[IV_SHA256_SIZE];
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, buf.data, buf.size);
    iv_sha256_close(sha, sum);
    iv_buf_add(&buf, sum, sizeof(sum));
    return iv_file_replace(cache->path, buf.data, buf.size, err);
}
