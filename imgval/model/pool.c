/*
 * Three tables of one form: texts, states of packages, sets. Each is an array of entries, where the
 * index is the number that stands for the entry, and an open-addressing hash table of numbers over
 * it. Adding looks for an equal entry first, so that equal things have equal numbers and a
 * comparison of numbers is a comparison of the things.
 *
 * Entries refer to each other by number only: a state holds numbers of texts, a set holds numbers
 * of states. Arrays grow by realloc() and move, which numbers survive; texts and the items of sets
 * lie in the arena and do not move.
 *
 * Sets are mostly added in the order of a history, where a set has most packages of the one before
 * it unchanged. So each package is compared with that of the same key in the set that was added
 * last, text by text, and only what differs is looked for in the tables.
 */
#include "imgval/model/pool.h"

#include <stdlib.h>
#include <string.h>

/* Numbers are 32 bits wide and stored one higher, with 0 for "none"; half of the range is enough.
 */
#define POOL_MAX ((size_t)1 << 31)

void iv_pool_init(struct iv_pool *pool, uint64_t seed)
{
    *pool = (struct iv_pool){.seed = seed};
    iv_arena_init(&pool->arena);
}

/* Room for one entry more: the array itself, or a moved one of twice the capacity. */
static void *grown(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return array;
    }
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *moved = wanted > SIZE_MAX / size ? NULL : realloc(array, wanted * size);
    if (moved == NULL) {
        iv_out_of_memory();
    }
    *capacity = wanted;
    return moved;
}

void iv_pool_fini(struct iv_pool *pool)
{
    free(pool->texts);
    free(pool->packages);
    free(pool->sets);
    free(pool->text_table.slots);
    free(pool->package_table.slots);
    free(pool->set_table.slots);
    iv_arena_fini(&pool->arena);
    *pool = (struct iv_pool){0};
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Multiply and fold, eight bytes at a time: quick, and with a seed that the input cannot know. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    a ^= b * UINT64_C(0x9e3779b97f4a7c15);
    a = (a ^ (a >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    a = (a ^ (a >> 27)) * UINT64_C(0x94d049bb133111eb);
    return a ^ (a >> 31);
}

/* The last word is filled up with zeros; the size in the seed keeps "a" and "a\0" apart. */
static uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = mix(seed, size);
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = mix(hash, word);
    }
    uint64_t word = 0;
    memcpy(&word, at, size);
    return mix(hash, word);
}

typedef uint64_t hash_fn(const struct iv_pool *pool, uint32_t number);

/* Linear probing. The caller has made room and knows that no equal entry is there. */
static void place(struct iv_pool_table *table, uint64_t hash, uint32_t number)
{
    size_t at = (size_t)hash & (table->capacity - 1);
    while (table->slots[at] != 0) {
        at = (at + 1) & (table->capacity - 1);
    }
    table->slots[at] = number + 1;
}

/* Keeps at least a quarter of the slots free, so that every probe ends. Hashes are not stored:
 * they are computed again when the table is doubled. */
static void make_room(const struct iv_pool *pool, struct iv_pool_table *table, hash_fn *hash)
{
    if (table->count * 4 < table->capacity * 3) {
        return;
    }
    struct iv_pool_table wider = {.capacity = table->capacity == 0 ? 256 : table->capacity * 2};
    wider.slots = calloc(wider.capacity, sizeof(*wider.slots));
    if (wider.slots == NULL) {
        iv_out_of_memory();
    }
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i] != 0) {
            place(&wider, hash(pool, table->slots[i] - 1), table->slots[i] - 1);
        }
    }
    wider.count = table->count;
    free(table->slots);
    *table = wider;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Each table has a function like this one: the hash of the entry with a number, for make_room(). */
static uint64_t hash_text(const struct iv_pool *pool, uint32_t number)
{
    return hash_bytes(pool->seed, pool->texts[number], strlen(pool->texts[number]));
}

/* The number of the text; it is copied when it is new. */
static uint32_t add_text(struct iv_pool *pool, const char *text)
{
    make_room(pool, &pool->text_table, hash_text);
    struct iv_pool_table *table = &pool->text_table;
    uint64_t hash = hash_bytes(pool->seed, text, strlen(text));
    for (size_t at = (size_t)hash & (table->capacity - 1); table->slots[at] != 0;
         at = (at + 1) & (table->capacity - 1)) {
        if (strcmp(pool->texts[table->slots[at] - 1], text) == 0) {
            return table->slots[at] - 1;
        }
    }
    pool->texts = grown(pool->texts, pool->text_count, &pool->text_capacity, sizeof(*pool->texts));
    uint32_t number = (uint32_t)pool->text_count++;
    pool->texts[number] = iv_arena_strdup(&pool->arena, text);
    place(table, hash, number);
    table->count++;
    return number;
}

/* The same, where it is likely to be the text of this number. UINT32_MAX: of none. */
static uint32_t add_likely(struct iv_pool *pool, const char *text, uint32_t likely)
{
    return likely != UINT32_MAX && strcmp(pool->texts[likely], text) == 0 ? likely
                                                                          : add_text(pool, text);
}

/* Optional texts: 0 stands for "not said", so numbers are one higher. */
static uint32_t add_optional(struct iv_pool *pool, const char *text, uint32_t likely)
{
    return text == NULL ? 0 : add_likely(pool, text, likely - 1) + 1;
}

static const char *optional(const struct iv_pool *pool, uint32_t number)
{
    return number == 0 ? NULL : pool->texts[number - 1];
}

/* ---- states of packages ---------------------------------------------------------------------- */

/* Over the members one by one: the struct has padding, whose bytes are not defined. */
static uint64_t hash_state(const struct iv_pool *pool, const struct iv_pool_package *p)
{
    const uint32_t words[] = {
        p->key,
        p->name,
        p->version,
        p->partition,
        p->owner,
        p->component,
        p->sub_component,
        p->owner_type,
        p->release_type,
        p->content,
        p->content_other,
        (uint32_t)p->total_size,
        (uint32_t)(p->total_size >> 32),
        (uint32_t)(p->binary_partition + 2 * p->empty + 4 * p->unreadable + 8 * p->firmware) +
            16 * (uint32_t)p->style,
    };
    return hash_bytes(pool->seed, words, sizeof(words));
}

static uint64_t hash_package(const struct iv_pool *pool, uint32_t number)
{
    return hash_state(pool, &pool->packages[number]);
}

static bool is_same_state(const struct iv_pool_package *a, const struct iv_pool_package *b)
{
    return a->key == b->key && a->name == b->name && a->version == b->version &&
           a->partition == b->partition && a->owner == b->owner && a->component == b->component &&
           a->sub_component == b->sub_component && a->owner_type == b->owner_type &&
           a->release_type == b->release_type && a->content == b->content &&
           a->content_other == b->content_other && a->style == b->style &&
           a->total_size == b->total_size && a->binary_partition == b->binary_partition &&
           a->empty == b->empty && a->unreadable == b->unreadable && a->firmware == b->firmware;
}

/* The number of the package's state. Every version of a history that has it unchanged shares it;
 * `before` is the number of the state that it is likely to have, or to be like. */
static uint32_t add_package(struct iv_pool *pool, const struct iv_package *package, uint32_t before)
{
    static const struct iv_pool_package nothing = {.key = UINT32_MAX};
    const struct iv_pool_package like = before == UINT32_MAX ? nothing : pool->packages[before];
    const struct iv_pool_package state = {
        .key = add_likely(pool, package->key, like.key),
        .name = add_optional(pool, package->name, like.name),
        .version = add_optional(pool, package->version, like.version),
        .partition = add_optional(pool, package->partition, like.partition),
        .owner = add_optional(pool, package->owner, like.owner),
        .component = add_optional(pool, package->component, like.component),
        .sub_component = add_optional(pool, package->sub_component, like.sub_component),
        .owner_type = add_optional(pool, package->owner_type, like.owner_type),
        .release_type = add_optional(pool, package->release_type, like.release_type),
        .content = add_optional(pool, package->content, like.content),
        .content_other = add_optional(pool, package->content_other, like.content_other),
        .style = package->style,
        .total_size = package->total_size,
        .binary_partition = package->binary_partition,
        .empty = package->empty,
        .unreadable = package->unreadable,
        .firmware = !iv_package_is_microsoft(package),
    };
    if (before != UINT32_MAX && is_same_state(&like, &state)) {
        return before;
    }
    make_room(pool, &pool->package_table, hash_package);
    struct iv_pool_table *table = &pool->package_table;
    uint64_t hash = hash_state(pool, &state);
    for (size_t at = (size_t)hash & (table->capacity - 1); table->slots[at] != 0;
         at = (at + 1) & (table->capacity - 1)) {
        if (is_same_state(&pool->packages[table->slots[at] - 1], &state)) {
            return table->slots[at] - 1;
        }
    }
    pool->packages = grown(pool->packages, pool->package_count, &pool->package_capacity,
                           sizeof(*pool->packages));
    uint32_t number = (uint32_t)pool->package_count++;
    pool->packages[number] = state;
    place(table, hash, number);
    table->count++;
    return number;
}

/* The way back: as much of a package as a state has, with texts that the pool owns. The version is
 * parsed again; it was valid, or zero, when it went in. */
void iv_pool_package(const struct iv_pool *pool, uint32_t number, struct iv_package *ret_package)
{
    const struct iv_pool_package *state = &pool->packages[number];
    *ret_package = (struct iv_package){
        .key = pool->texts[state->key],
        .name = optional(pool, state->name),
        .version = optional(pool, state->version),
        .partition = optional(pool, state->partition),
        .owner = optional(pool, state->owner),
        .component = optional(pool, state->component),
        .sub_component = optional(pool, state->sub_component),
        .owner_type = optional(pool, state->owner_type),
        .release_type = optional(pool, state->release_type),
        .content = optional(pool, state->content),
        .content_other = optional(pool, state->content_other),
        .style = state->style,
        .total_size = state->total_size,
        .binary_partition = state->binary_partition,
        .empty = state->empty,
        .unreadable = state->unreadable,
    };
    (void)iv_version_parse(ret_package->version, &ret_package->number);
}

/* ---- sets ------------------------------------------------------------------------------------ */

/* Over the items only: what else a set has is computed from them. */
static uint64_t hash_items(const struct iv_pool *pool, const struct iv_pool_set *set)
{
    return hash_bytes(pool->seed, set->items, set->count * sizeof(*set->items));
}

static uint64_t hash_set(const struct iv_pool *pool, uint32_t number)
{
    return hash_items(pool, &pool->sets[number]);
}

/* Adds one package to the set's counts. Sizes come from manifests, so their sum is capped. */
static void count_item(const struct iv_pool *pool, struct iv_pool_set *set, uint32_t package)
{
    const struct iv_pool_package *state = &pool->packages[package];
    set->firmware += state->firmware ? 1 : 0;
    set->empty += state->empty ? 1 : 0;
    set->unreadable += state->unreadable ? 1 : 0;
    uint64_t sum;
    set->total_size =
        __builtin_add_overflow(set->total_size, state->total_size, &sum) ? UINT64_MAX : sum;
}

/* The number of an equal set, else a new one, which borrows the items until the caller copies
 * them. */
static uint32_t keep_set(struct iv_pool *pool, const struct iv_pool_set *set)
{
    make_room(pool, &pool->set_table, hash_set);
    struct iv_pool_table *table = &pool->set_table;
    uint64_t hash = hash_items(pool, set);
    for (size_t at = (size_t)hash & (table->capacity - 1); table->slots[at] != 0;
         at = (at + 1) & (table->capacity - 1)) {
        const struct iv_pool_set *other = &pool->sets[table->slots[at] - 1];
        if (other->count == set->count &&
            memcmp(other->items, set->items, set->count * sizeof(*set->items)) == 0) {
            return table->slots[at] - 1;
        }
    }
    pool->sets = grown(pool->sets, pool->set_count, &pool->set_capacity, sizeof(*pool->sets));
    uint32_t number = (uint32_t)pool->set_count++;
    pool->sets[number] = *set;
    place(table, hash, number);
    table->count++;
    return number;
}

/* The state that a key has in the set that was added last; UINT32_MAX: none. Keys are asked for in
 * their order, so that the search goes on from `at`. */
static uint32_t latest_state(const struct iv_pool *pool, const char *key, uint32_t *at)
{
    const struct iv_pool_set *latest = pool->set_count == 0 ? NULL : &pool->sets[pool->latest];
    int order = -1;
    while (latest != NULL && *at < latest->count && order < 0) {
        order = strcmp(pool->texts[pool->packages[latest->items[*at]].key], key);
        *at += order <= 0 ? 1 : 0;
    }
    return order == 0 ? latest->items[*at - 1] : UINT32_MAX;
}

bool iv_pool_add(struct iv_pool *pool, const struct iv_set *set, uint32_t *ret_set)
{
    /* Each package brings at most 11 texts that are not there yet. Checked for all before any is
     * added. */
    if (set->count >= POOL_MAX / 16 || pool->text_count + 11 * set->count >= POOL_MAX ||
        pool->package_count + set->count >= POOL_MAX || pool->set_count + 1 >= POOL_MAX) {
        return false;
    }

    uint32_t *items = iv_malloc((set->count + 1) * sizeof(*items));
    struct iv_pool_set kept = {.items = items, .count = (uint32_t)set->count};
    uint32_t at = 0;
    for (size_t i = 0; i < set->count; i++) {
        const uint32_t before = latest_state(pool, set->items[i]->key, &at);
        items[i] = add_package(pool, set->items[i], before);
        count_item(pool, &kept, items[i]);
    }

    /* Most sets of a history are there already: only a new one gets its items copied into the
     * arena. */
    size_t before = pool->set_count;
    *ret_set = keep_set(pool, &kept);
    if (pool->set_count > before) {
        uint32_t *own = IV_NEW_ARRAY(&pool->arena, uint32_t, set->count + 1);
        memcpy(own, items, set->count * sizeof(*own));
        pool->sets[*ret_set].items = own;
    }
    pool->latest = *ret_set;

    free(items);
    return true;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Order of two states by key: equal numbers are equal texts. */
static int item_order(const struct iv_pool *pool, uint32_t a, uint32_t b)
{
    const uint32_t x = pool->packages[a].key;
    const uint32_t y = pool->packages[b].key;
    return x == y ? 0 : strcmp(pool->texts[x], pool->texts[y]);
}

/* A set in the making, whose packages `room` holds; NULL: it is only counted. */
struct side {
    struct iv_package *room;
    struct iv_set set;
};

static void push(const struct iv_pool *pool, struct side *side, uint32_t package)
{
    struct iv_set *set = &side->set;
    if (side->room != NULL) {
        iv_pool_package(pool, package, &side->room[set->count]);
        set->items[set->count] = &side->room[set->count];
    }
    set->count++;
}

/* Merge of two sorted lists; a key that is in both with another state goes into both results. With
 * no room for them the packages are only counted. */
static size_t merge_sets(const struct iv_pool *pool, const struct iv_pool_set *b,
                         const struct iv_pool_set *a, struct side *before, struct side *after)
{
    size_t same = 0;
    for (uint32_t i = 0, k = 0; i < b->count || k < a->count;) {
        if (i < b->count && k < a->count && b->items[i] == a->items[k]) {
            same++;
            i++;
            k++;
            continue;
        }
        int order = i == b->count   ? 1
                    : k == a->count ? -1
                                    : item_order(pool, b->items[i], a->items[k]);
        if (order <= 0) {
            push(pool, before, b->items[i++]);
        }
        if (order >= 0) {
            push(pool, after, a->items[k++]);
        }
    }
    return same;
}

static void make_side(struct side *side, struct iv_arena *arena)
{
    side->room = IV_NEW_ARRAY(arena, struct iv_package, side->set.count + 1);
    side->set.items = IV_NEW_ARRAY(arena, const struct iv_package *, side->set.count + 1);
    side->set.count = 0;
}

size_t iv_pool_differ(const struct iv_pool *pool, uint32_t before, uint32_t after,
                      struct iv_arena *arena, struct iv_set *ret_before, struct iv_set *ret_after)
{
    const struct iv_pool_set *b = &pool->sets[before];
    const struct iv_pool_set *a = &pool->sets[after];
    struct side b_side = {0};
    struct side a_side = {0};
    size_t same = before == after ? b->count : merge_sets(pool, b, a, &b_side, &a_side);
    if (before != after) {
        make_side(&b_side, arena);
        make_side(&a_side, arena);
        (void)merge_sets(pool, b, a, &b_side, &a_side);
    }
    *ret_before = b_side.set;
    *ret_after = a_side.set;
    return same;
}

/* Both sets are in the order of keys, so one pass over the two finds what the larger one lacks. */
size_t iv_pool_missing(const struct iv_pool *pool, uint32_t larger, uint32_t smaller,
                       bool all_owners, struct iv_arena *arena, uint32_t **ret_missing)
{
    const struct iv_pool_set *l = &pool->sets[larger];
    const struct iv_pool_set *s = &pool->sets[smaller];
    uint32_t *missing =
        ret_missing == NULL ? NULL : IV_NEW_ARRAY(arena, uint32_t, (size_t)s->count + 1);
    size_t count = 0;
    for (uint32_t i = 0, k = 0; i < s->count; i++) {
        int order = 1;
        while (k < l->count && (order = item_order(pool, s->items[i], l->items[k])) > 0) {
            k++;
        }
        bool counts = all_owners || pool->packages[s->items[i]].firmware;
        if ((k == l->count || order != 0) && counts) {
            if (missing != NULL) {
                missing[count] = s->items[i];
            }
            count++;
        }
    }
    if (ret_missing != NULL) {
        *ret_missing = missing;
    }
    return count;
}
