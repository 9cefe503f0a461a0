/*
 * The traits of a submission in its row: one blob of a digest and of texts, each ended by a NUL:
 *
 *   "keys" "identity"                              keyed as since 0.2.0
 *   "features" COUNT name...
 *   "layout" KIND COUNT { STORE SIZE name }...      KIND: layout, manifest; SIZE: bytes, "-": all
 *
 * where a part that is not known is left out, and a row from before there were traits has NULL. The
 * digest is over the submission's id and the texts: damage to them, or another row's, is seen.
 */
#include "cache/store_private.h"

#include "imgval/base/buf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* With its NUL, which ends it. */
static void add_text(struct iv_buf *buf, const char *text)
{
    iv_buf_add(buf, text, strlen(text) + 1);
}

static void add_number(struct iv_buf *buf, uint64_t number)
{
    iv_buf_printf(buf, "%" PRIu64, number);
    iv_buf_putc(buf, '\0');
}

/* A part that is not known is left out, so that a later version can add parts. */
static void encode(const struct iv_traits *traits, struct iv_buf *buf)
{
    if (traits->has_identity_keys) {
        add_text(buf, "keys");
        add_text(buf, "identity");
    }
    if (traits->has_features) {
        add_text(buf, "features");
        add_number(buf, traits->feature_count);
        for (size_t i = 0; i < traits->feature_count; i++) {
            add_text(buf, traits->features[i]);
        }
    }
    const struct iv_layout *layout = &traits->layout;
    if (layout->present) {
        add_text(buf, "layout");
        add_text(buf, layout->from_manifest ? "manifest" : "layout");
        add_number(buf, layout->partition_count);
        for (size_t i = 0; i < layout->partition_count; i++) {
            const struct iv_layout_partition *p = &layout->partitions[i];
            add_number(buf, p->store);
            if (p->use_all_space) {
                add_text(buf, "-");
            } else {
                add_number(buf, p->size);
            }
            add_text(buf, p->name);
        }
    }
}

/* Over the id too: the traits of another row do not fit. */
static void seal(const char *id, const void *bytes, size_t size,
                 unsigned char ret_seal[IV_SHA256_SIZE])
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, "imgval-traits/1");
    iv_sha256_add_field(sha, id);
    iv_sha256_add(sha, bytes, size);
    iv_sha256_close(sha, ret_seal);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What is left of the blob. */
struct texts {
    const char *at;
    size_t left;
    bool failed;
};

/* "" once something was malformed; the caller looks at `failed` in the end. */
static const char *take_text(struct texts *texts)
{
    const char *end = texts->failed ? NULL : memchr(texts->at, '\0', texts->left);
    if (end == NULL) {
        texts->failed = true;
        return "";
    }
    const char *text = texts->at;
    texts->left -= (size_t)(end - text) + 1;
    texts->at = end + 1;
    return text;
}

/* Decimal digits, as they were written. */
static uint64_t take_number(struct texts *texts)
{
    const char *text = take_text(texts);
    uint64_t value = 0;
    texts->failed = texts->failed || *text == '\0';
    for (; *text != '\0' && !texts->failed; text++) {
        texts->failed = *text < '0' || *text > '9' ||
                        __builtin_mul_overflow(value, UINT64_C(10), &value) ||
                        __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value);
    }
    return value;
}

/* Each takes a byte at least: no more of them than bytes are left. */
static size_t take_count(struct texts *texts)
{
    uint64_t count = take_number(texts);
    texts->failed = texts->failed || count > texts->left;
    return texts->failed ? 0 : (size_t)count;
}

/* In the order of encode(). */
static void decode_layout(struct texts *texts, struct iv_arena *arena, struct iv_layout *layout)
{
    const char *kind = take_text(texts);
    layout->present = true;
    layout->from_manifest = strcmp(kind, "manifest") == 0;
    texts->failed = texts->failed || (!layout->from_manifest && strcmp(kind, "layout") != 0);
    layout->partition_count = take_count(texts);
    layout->partitions = IV_NEW_ARRAY(arena, struct iv_layout_partition, layout->partition_count);
    for (size_t i = 0; i < layout->partition_count && !texts->failed; i++) {
        struct iv_layout_partition *p = &layout->partitions[i];
        p->store = take_number(texts);
        p->use_all_space = texts->left > 1 && strcmp(texts->at, "-") == 0;
        if (p->use_all_space) {
            (void)take_text(texts);
        } else {
            p->size = take_number(texts);
        }
        p->name = take_text(texts);
    }
}

/* False: a part that this version does not know, one that stands twice, or a malformed one. The
 * digest has matched by then, so it was written by another program. */
static bool decode(const char *bytes, size_t size, struct iv_arena *arena,
                   struct iv_traits *ret_traits)
{
    struct texts texts = {.at = bytes, .left = size};
    *ret_traits = (struct iv_traits){0};
    while (texts.left > 0 && !texts.failed) {
        const char *part = take_text(&texts);
        if (strcmp(part, "keys") == 0 && !ret_traits->has_identity_keys) {
            ret_traits->has_identity_keys = strcmp(take_text(&texts), "identity") == 0;
            texts.failed = texts.failed || !ret_traits->has_identity_keys;
        } else if (strcmp(part, "features") == 0 && !ret_traits->has_features) {
            ret_traits->has_features = true;
            ret_traits->feature_count = take_count(&texts);
            ret_traits->features = IV_NEW_ARRAY(arena, const char *, ret_traits->feature_count);
            for (size_t i = 0; i < ret_traits->feature_count; i++) {
                ret_traits->features[i] = take_text(&texts);
            }
        } else if (strcmp(part, "layout") == 0 && !ret_traits->layout.present) {
            decode_layout(&texts, arena, &ret_traits->layout);
        } else {
            texts.failed = true;
        }
    }
    return !texts.failed;
}

/* None for a row from before there were traits: nothing is compared then. */
bool iv_store_load_traits(struct iv_store *store, const char *id, struct iv_arena *arena,
                          struct iv_traits *ret_traits, struct iv_error *err)
{
    struct iv_query *query;
    bool row = false;
    *ret_traits = (struct iv_traits){0};
    if (!iv_store_prepare(store, IV_SQL_TRAITS, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, id);
    if (!iv_query_next(query, &row, err)) {
        return false;
    }
    if (!row || iv_query_is_null(query, 0)) {
        iv_query_reset(query);
        return true;
    }
    size_t size = 0;
    const char *blob = iv_query_blob(query, 0, &size);
    unsigned char wanted[IV_SHA256_SIZE];
    bool is_sound = false;
    if (blob != NULL && size >= IV_SHA256_SIZE) {
        const char *kept = iv_arena_strndup(arena, blob, size);
        seal(id, kept + IV_SHA256_SIZE, size - IV_SHA256_SIZE, wanted);
        is_sound = memcmp(kept, wanted, sizeof(wanted)) == 0 &&
                   decode(kept + IV_SHA256_SIZE, size - IV_SHA256_SIZE, arena, ret_traits);
    }
    iv_query_reset(query);
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    return is_sound || iv_db_damaged(store->db, err,
                                     "the traits of submission %s are not what was "
                                     "written",
                                     id);
}

/* Nothing is written where nothing is known. */
bool iv_store_put_traits(struct iv_store *store, int64_t submission, const char *id,
                         const struct iv_traits *traits, struct iv_error *err)
{
    struct iv_buf texts IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf blob IV_CLEANUP(iv_buf_fini) = {0};
    unsigned char digest[IV_SHA256_SIZE];
    struct iv_query *query;
    if (!traits->has_features && !traits->layout.present && !traits->has_identity_keys) {
        return true;
    }
    encode(traits, &texts);
    seal(id, texts.data, texts.size, digest);
    iv_buf_add(&blob, digest, sizeof(digest));
    iv_buf_add(&blob, texts.data, texts.size);
    if (!iv_store_prepare(store, IV_SQL_SET_TRAITS, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, submission);
    iv_query_bind_blob(query, 2, blob.data, blob.size);
    return iv_query_run(query, err);
}
