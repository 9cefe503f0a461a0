/*
 * The history of one variant as integer work over the pool's numbers.
 *
 * All pairs: a history may have thousands of versions, so millions of pairs, but few distinct sets.
 * Keys get local numbers, each distinct set becomes two rows of bits (all its keys; the keys of its
 * firmware), and equal pairs of rows become one shape. The superset test is then a few words of AND
 * for two shapes, made once per target and shape, and a pair costs one look into a table.
 *
 * Fixes: one walk over the points that carries the packages which must be added from point to
 * point.
 *
 * Merge groups: partition refinement. Packages start in one class for each partition and owner;
 * each distinct set splits every class into what it holds and what it lacks. What is left in one
 * class was present in the same points.
 *
 * Changed contents: all sightings sorted by key, version and point; the states of one key and
 * version stand together then.
 *
 * Numbers that may be absent are kept one higher, so that zeroed memory means "none".
 */
#include "imgval/model/timeline.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

/* The keys of one variant, numbered from 0 in the order in which they appear. */
struct keys {
    const struct iv_pool *pool;
    uint32_t *local; /* by number of the key's text: local number + 1; 0: not of this variant */
    size_t count;
};

/* Memory for one entry per text of the pool, but small numbers: bit rows are as wide as the
 * variant's own keys, not as those of all variants. */
static void number_keys(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                        struct iv_arena *arena, struct keys *ret_keys)
{
    struct keys keys = {.pool = pool, .local = IV_NEW_ARRAY(arena, uint32_t, pool->text_count + 1)};
    for (size_t p = 0; p < count; p++) {
        const struct iv_pool_set *set = &pool->sets[points[p].set];
        if (p > 0 && points[p].set == points[p - 1].set) {
            continue;
        }
        for (uint32_t i = 0; i < set->count; i++) {
            uint32_t *local = &keys.local[pool->packages[set->items[i]].key];
            if (*local == 0) {
                *local = (uint32_t)++keys.count;
            }
        }
    }
    *ret_keys = keys;
}

static uint32_t local_key(const struct keys *keys, uint32_t package)
{
    return keys->local[keys->pool->packages[package].key] - 1;
}

/* ---- all pairs: the shapes ------------------------------------------------------------------- */

/* A distinct set, and then a distinct pair of bit sets. */
struct row {
    uint32_t set;
    uint32_t shape;
    const uint64_t *bits;
    size_t size; /* bytes */
};

static int set_order(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return (x->set > y->set) - (x->set < y->set);
}

static int bits_order(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a;
    const struct row *y = *(const struct row *const *)b;
    return memcmp(x->bits, y->bits, x->size);
}

/* The distinct sets of the points. */
static struct row *distinct_sets(const struct iv_point *points, size_t count,
                                 struct iv_arena *arena, size_t *ret_count)
{
    struct row *rows = IV_NEW_ARRAY(arena, struct row, count + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        rows[i].set = points[i].set;
    }
    iv_sort(rows, count, sizeof(*rows), set_order);
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || rows[used - 1].set != rows[i].set) {
            rows[used++] = rows[i];
        }
    }
    *ret_count = used;
    return rows;
}

/* Sets the bits of one set in both rows. With all_owners every package counts as firmware. */
static void fill_bits(const struct iv_pool *pool, const struct keys *keys, uint32_t set,
                      bool all_owners, uint64_t *present, uint64_t *firmware)
{
    const struct iv_pool_set *s = &pool->sets[set];
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t key = local_key(keys, s->items[i]);
        uint64_t bit = UINT64_C(1) << (key % 64);
        present[key / 64] |= bit;
        if (all_owners || pool->packages[s->items[i]].firmware) {
            firmware[key / 64] |= bit;
        }
    }
}

/* Equal rows get one number, in the order of their first point. */
static void number_shapes(struct row *rows, size_t row_count, const struct iv_point *points,
                          struct iv_arena *arena, struct iv_matrix *matrix)
{
    struct row **sorted = IV_NEW_ARRAY(arena, struct row *, row_count + 1);
    uint32_t *class = IV_NEW_ARRAY(arena, uint32_t, row_count + 1);
    uint32_t *shape_of = IV_NEW_ARRAY(arena, uint32_t, row_count + 1); /* + 1; 0: none yet */
    uint32_t classes = 0;
    uint32_t shapes = 0;
    for (size_t i = 0; i < row_count; i++) {
        sorted[i] = &rows[i];
    }

    iv_sort(sorted, row_count, sizeof(struct row *), bits_order);
    for (size_t i = 0; i < row_count; i++) {
        classes += i > 0 && bits_order(&sorted[i - 1], &sorted[i]) != 0 ? 1 : 0;
        class[(size_t)(sorted[i] - rows)] = classes;
    }

    /* In the order of points, so that the shapes of the first n points are 0 to some k without a
     * gap: visit_all() depends on it. */
    for (size_t p = 0; p < matrix->count; p++) {
        const struct row wanted = {.set = points[p].set};
        const struct row *row = bsearch(&wanted, rows, row_count, sizeof(*rows), set_order);
        size_t at = (size_t)(row - rows);
        if (shape_of[class[at]] == 0) {
            shape_of[class[at]] = ++shapes;
            memcpy(matrix->present + (size_t)(shapes - 1) * matrix->words, row->bits,
                   row->size / 2);
            memcpy(matrix->firmware + (size_t)(shapes - 1) * matrix->words,
                   row->bits + matrix->words, row->size / 2);
        }
        matrix->shape[p] = shape_of[class[at]] - 1;
    }
}

/* False when the bits would need more than IV_MATRIX_MEMORY; nothing was allocated for them
 * then. The rows of all sets are scratch; only those of distinct shapes are kept. */
static bool build_shapes(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                         bool all_owners, struct iv_arena *arena, struct iv_matrix *matrix)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct keys keys;
    size_t row_count;
    number_keys(pool, points, count, &scratch, &keys);
    struct row *rows = distinct_sets(points, count, &scratch, &row_count);
    matrix->words = keys.count / 64 + 1;

    /* Rows are kept twice at most, as scratch and as shapes: hence half the memory. */
    size_t bytes = 2 * matrix->words * sizeof(uint64_t);
    if (row_count > IV_MATRIX_MEMORY / 2 / bytes) {
        return false;
    }

    uint64_t *bits = IV_NEW_ARRAY(&scratch, uint64_t, (row_count + 1) * 2 * matrix->words);
    for (size_t r = 0; r < row_count; r++) {
        uint64_t *row = bits + r * 2 * matrix->words;
        fill_bits(pool, &keys, rows[r].set, all_owners, row, row + matrix->words);
        rows[r].bits = row;
        rows[r].size = bytes;
    }

    matrix->count = count;
    matrix->shape = IV_NEW_ARRAY(arena, uint32_t, count + 1);
    matrix->present = IV_NEW_ARRAY(arena, uint64_t, (row_count + 1) * matrix->words);
    matrix->firmware = IV_NEW_ARRAY(arena, uint64_t, (row_count + 1) * matrix->words);
    number_shapes(rows, row_count, points, &scratch, matrix);
    return true;
}

/* ---- all pairs ------------------------------------------------------------------------------- */

/* The superset test on shapes: whether no firmware bit of the source is missing in the target. */
static bool shape_holds(const struct iv_matrix *m, size_t source, size_t target)
{
    const uint64_t *wanted = m->firmware + source * m->words;
    const uint64_t *held = m->present + target * m->words;
    for (size_t w = 0; w < m->words; w++) {
        if ((wanted[w] & ~held[w]) != 0) {
            return false;
        }
    }
    return true;
}

bool iv_matrix_holds(const struct iv_matrix *matrix, size_t source, size_t target)
{
    return shape_holds(matrix, matrix->shape[source], matrix->shape[target]);
}

/* Lists a pair that cannot be serviced, up to the limit. How much is missing is counted only
 * here. */
static void add_broken(struct iv_matrix *m, size_t source, size_t target)
{
    if (m->broken_count == IV_MATRIX_BROKEN_MAX) {
        return;
    }
    const uint64_t *wanted = m->firmware + (size_t)m->shape[source] * m->words;
    const uint64_t *held = m->present + (size_t)m->shape[target] * m->words;
    uint32_t missing = 0;
    for (size_t w = 0; w < m->words; w++) {
        missing += (uint32_t)__builtin_popcountll(wanted[w] & ~held[w]);
    }
    m->broken[m->broken_count++] = (struct iv_matrix_pair){
        .source = (uint32_t)source, .target = (uint32_t)target, .missing = missing};
}

/* What the pass over all pairs carries from point to point. */
struct pass {
    struct iv_matrix *m;
    const struct iv_point *points;
    unsigned char *ok;  /* by shape: the target in hand holds it */
    size_t ok_count;    /* shapes that `ok` knows */
    size_t shape_count; /* shapes of the points below the target */
    uint32_t *length;   /* by point: of the longest chain that ends there */
    uint32_t *before;   /* the point before it in that chain + 1 */
    uint32_t *tile;     /* by point */
};

/*
 * One target against all points of a lower version. The longest chain is the usual dynamic program:
 * the best chain that ends in the target is the best one of a source that it can be reached from,
 * and one more. Points come in version order, so all sources are final.
 */
static void visit_target(struct pass *pass, size_t target, size_t below)
{
    struct iv_matrix *m = pass->m;
    uint32_t held = 0;
    uint32_t best = 0;
    uint32_t best_at = 0;
    for (size_t i = 0; i < below; i++) {
        size_t tile = (size_t)pass->tile[i] * m->tiles + pass->tile[target];
        m->tile_pairs[tile]++;
        if (pass->ok[m->shape[i]] == 0) {
            m->tile_broken[tile]++;
            add_broken(m, i, target);
            continue;
        }
        m->targets[i]++;
        held++;
        if (pass->length[i] > best) {
            best = pass->length[i];
            best_at = (uint32_t)i + 1;
        }
    }

    m->sources[target] = held;
    m->pairs += below;
    m->reachable += held;
    pass->length[target] = best + 1;
    pass->before[target] = best_at;
}

/* Follows `before` back from the end of the longest chain; the first of equal ones is taken. */
static void keep_longest(const struct pass *pass, struct iv_arena *arena)
{
    struct iv_matrix *m = pass->m;
    size_t end = 0;
    for (size_t i = 0; i < m->count; i++) {
        end = pass->length[i] > pass->length[end] ? i : end;
    }
    m->longest_count = m->count == 0 ? 0 : pass->length[end];
    m->longest = IV_NEW_ARRAY(arena, uint32_t, m->longest_count + 1);
    for (size_t k = m->longest_count; k > 0; k--) {
        m->longest[k - 1] = (uint32_t)end;
        end = pass->before[end] - 1;
    }
}

/* Targets in version order. `below` only grows, and with it the shapes that can be sources, so
 * `ok` is extended by the new ones; it starts again where the target's own shape changes. */
static void visit_all(struct pass *pass)
{
    struct iv_matrix *m = pass->m;
    size_t below = 0; /* points of a lower version than the target */
    for (size_t target = 0; target < m->count; target++) {
        while (iv_version_compare(pass->points[below].number, pass->points[target].number) < 0) {
            if (m->shape[below] >= pass->shape_count) {
                pass->shape_count = (size_t)m->shape[below] + 1;
            }
            below++;
        }
        if (target == 0 || m->shape[target] != m->shape[target - 1]) {
            pass->ok_count = 0;
        }
        for (; pass->ok_count < pass->shape_count; pass->ok_count++) {
            pass->ok[pass->ok_count] = shape_holds(m, pass->ok_count, m->shape[target]) ? 1 : 0;
        }
        visit_target(pass, target, below);
    }
}

bool iv_matrix_build(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                     bool all_owners, struct iv_arena *arena, struct iv_matrix *ret_matrix)
{
    struct iv_matrix m = {.tiles = count < IV_MATRIX_TILES ? count : IV_MATRIX_TILES};
    if (!build_shapes(pool, points, count, all_owners, arena, &m)) {
        return false;
    }

    m.targets = IV_NEW_ARRAY(arena, uint32_t, count + 1);
    m.sources = IV_NEW_ARRAY(arena, uint32_t, count + 1);
    m.broken = IV_NEW_ARRAY(arena, struct iv_matrix_pair, IV_MATRIX_BROKEN_MAX);
    m.tile_pairs = IV_NEW_ARRAY(arena, uint32_t, m.tiles * m.tiles + 1);
    m.tile_broken = IV_NEW_ARRAY(arena, uint32_t, m.tiles * m.tiles + 1);

    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct pass pass = {
        .m = &m,
        .points = points,
        .ok = IV_NEW_ARRAY(&scratch, unsigned char, count + 1),
        .length = IV_NEW_ARRAY(&scratch, uint32_t, count + 1),
        .before = IV_NEW_ARRAY(&scratch, uint32_t, count + 1),
        .tile = IV_NEW_ARRAY(&scratch, uint32_t, count + 1),
    };
    for (size_t i = 0; i < count; i++) {
        pass.tile[i] = (uint32_t)(i * m.tiles / count);
    }

    visit_all(&pass);
    keep_longest(&pass, arena);
    *ret_matrix = m;
    return true;
}

/* ---- fixes ----------------------------------------------------------------------------------- */

/* The walk over the points: what stands in the point in hand, and what had to be added up to it. */
struct fixing {
    const struct iv_pool *pool;
    struct keys keys;
    uint32_t *seen; /* by key: the point + 1 that held it last */
    uint32_t *open; /* spans that go on */
    size_t open_count;
    size_t span_capacity;
    struct iv_fixes fixes;
};

/* What was added before the point ends where the point has the package itself. */
static void close_spans(struct fixing *m, uint32_t point)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->open_count; i++) {
        struct iv_fix_span *span = &m->fixes.spans[m->open[i]];
        uint32_t key = local_key(&m->keys, span->package);
        if (m->seen[key] != point + 1) {
            span->last = point;
            m->open[kept++] = m->open[i];
        }
    }
    m->open_count = kept;
}

/* Opens a span for each package of the point before that the point lacks. What was added to the
 * point before has an open span already and is not in its set, so no key gets two. */
static void open_spans(struct fixing *m, const struct iv_pool_set *before, uint32_t point,
                       bool all_owners, struct iv_arena *arena)
{
    for (uint32_t i = 0; i < before->count; i++) {
        const uint32_t package = before->items[i];
        if (m->seen[local_key(&m->keys, package)] == point + 1 ||
            (!all_owners && !m->pool->packages[package].firmware)) {
            continue;
        }
        m->fixes.spans = iv_arena_grow(arena, m->fixes.spans, m->fixes.count, &m->span_capacity,
                                       sizeof(*m->fixes.spans));
        m->open[m->open_count++] = (uint32_t)m->fixes.count;
        m->fixes.spans[m->fixes.count++] =
            (struct iv_fix_span){.package = package, .first = point, .last = point};
    }
}

void iv_fixes_build(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                    bool all_owners, struct iv_arena *arena, struct iv_fixes *ret_fixes)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct fixing m = {.pool = pool};
    number_keys(pool, points, count, &scratch, &m.keys);
    m.seen = IV_NEW_ARRAY(&scratch, uint32_t, m.keys.count + 1);
    m.open = IV_NEW_ARRAY(&scratch, uint32_t, m.keys.count + 1);
    m.fixes.needed = IV_NEW_ARRAY(arena, uint32_t, count + 1);
    for (size_t p = 1; p < count; p++) {
        const struct iv_pool_set *set = &pool->sets[points[p].set];
        for (uint32_t i = 0; i < set->count; i++) {
            m.seen[local_key(&m.keys, set->items[i])] = (uint32_t)p + 1;
        }
        close_spans(&m, (uint32_t)p);
        open_spans(&m, &pool->sets[points[p - 1].set], (uint32_t)p, all_owners, arena);
        /* Close first: what the point has itself must not be carried further. */
        m.fixes.needed[p] = (uint32_t)m.open_count;
        m.fixes.total += m.open_count;
    }
    *ret_fixes = m.fixes;
}

/* ---- packages that come and go together ------------------------------------------------------ */

/* A key with its last state. Classes are refined set by set: in the end those of one class are
 * there in the same points. */
struct member {
    const struct iv_pool *pool;
    uint32_t key;     /* local */
    uint32_t package; /* last state */
    uint32_t class;
};

static const char *text_of(const struct iv_pool *pool, uint32_t number, const char *otherwise)
{
    return number == 0 ? otherwise : pool->texts[number - 1];
}

/* By partition, then owner: the two that packages of one group share. The partition that is not
 * said is MainOS. */
static int place_order(const struct member *x, const struct member *y)
{
    const struct iv_pool_package *a = &x->pool->packages[x->package];
    const struct iv_pool_package *b = &y->pool->packages[y->package];
    int order = iv_ascii_casecmp(text_of(x->pool, a->partition, "MainOS"),
                                 text_of(y->pool, b->partition, "MainOS"));
    return order != 0
               ? order
               : iv_ascii_casecmp(text_of(x->pool, a->owner, ""), text_of(y->pool, b->owner, ""));
}

static const char *key_text(const struct member *member)
{
    return member->pool->texts[member->pool->packages[member->package].key];
}

static int member_order(const void *a, const void *b)
{
    int order = place_order(a, b);
    return order != 0 ? order : strcmp(key_text(a), key_text(b));
}

static int class_order(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    int order = (x->class > y->class) - (x->class < y->class);
    return order != 0 ? order : strcmp(key_text(x), key_text(y));
}

/* The keys that may be merged, with a class for each owner and partition. */
static struct member *list_members(const struct iv_pool *pool, const struct keys *keys,
                                   const struct iv_point *points, size_t count,
                                   struct iv_arena *arena, size_t *ret_count)
{
    uint32_t *last = IV_NEW_ARRAY(arena, uint32_t, keys->count + 1);
    struct member *members = IV_NEW_ARRAY(arena, struct member, keys->count + 1);
    size_t used = 0;
    for (size_t p = 0; p < count; p++) {
        const struct iv_pool_set *set = &pool->sets[points[p].set];
        for (uint32_t i = 0; i < set->count; i++) {
            last[local_key(keys, set->items[i])] = set->items[i];
        }
    }
    for (size_t k = 0; k < keys->count; k++) {
        const struct iv_pool_package *state = &pool->packages[last[k]];
        if (state->firmware && !state->binary_partition && !state->unreadable) {
            members[used++] = (struct member){.pool = pool, .key = (uint32_t)k, .package = last[k]};
        }
    }

    iv_sort(members, used, sizeof(*members), member_order);
    for (size_t i = 1; i < used; i++) {
        members[i].class =
            members[i - 1].class + (place_order(&members[i - 1], &members[i]) != 0 ? 1u : 0u);
    }
    *ret_count = used;
    return members;
}

/* The classes so far, with the scratch that one step of the refinement needs. */
struct refining {
    const struct keys *keys;
    struct member *members;
    uint32_t *member_of; /* by key: place in members + 1; 0: none */
    uint32_t *size;      /* by class */
    uint32_t *touched;
    uint32_t *fresh; /* the class that members in the set move to + 1 */
    uint32_t classes;
};

/*
 * Splits every class into the members that are in the set and those that are not. A class that is
 * wholly in the set or wholly outside stays as it is. The first pass counts, the second moves, the
 * last one corrects the sizes: until then size[] holds those from before, which the second pass
 * compares with. The cost is that of the set and of the classes, not of all members.
 */
static void refine(struct refining *r, const struct iv_pool_set *set)
{
    memset(r->touched, 0, r->classes * sizeof(*r->touched));
    memset(r->fresh, 0, r->classes * sizeof(*r->fresh));
    const uint32_t old = r->classes;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t at = r->member_of[local_key(r->keys, set->items[i])];
        if (at != 0) {
            r->touched[r->members[at - 1].class]++;
        }
    }
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t at = r->member_of[local_key(r->keys, set->items[i])];
        if (at == 0 || r->touched[r->members[at - 1].class] == r->size[r->members[at - 1].class]) {
            continue;
        }
        struct member *member = &r->members[at - 1];
        if (r->fresh[member->class] == 0) {
            r->fresh[member->class] = ++r->classes;
        }
        member->class = r->fresh[member->class] - 1;
        r->size[member->class]++;
    }
    for (uint32_t c = 0; c < old; c++) {
        r->size[c] -= r->fresh[c] != 0 ? r->touched[c] : 0;
    }
}

static int group_order(const void *a, const void *b)
{
    const struct iv_merge_group *x = a;
    const struct iv_merge_group *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

/* The classes of two and more members as groups; sorting brings the members of a class together. */
static void keep_groups(struct member *members, size_t count, struct iv_arena *arena,
                        struct iv_merge_groups *groups)
{
    iv_sort(members, count, sizeof(*members), class_order);
    groups->groups = IV_NEW_ARRAY(arena, struct iv_merge_group, count / 2 + 1);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && members[end].class == members[i].class; end++) {
        }
        if (end - i < 2) {
            continue;
        }
        struct iv_merge_group *group = &groups->groups[groups->count++];
        group->packages = IV_NEW_ARRAY(arena, uint32_t, end - i);
        for (; i < end; i++) {
            group->packages[group->count++] = members[i].package;
        }
    }
}

/* The largest first, then by first key. */
static int key_order(const void *a, const void *b, const void *context)
{
    const struct iv_merge_group *x = a;
    const struct iv_merge_group *y = b;
    const struct iv_pool *pool = context;
    int order = group_order(a, b);
    return order != 0 ? order
                      : strcmp(pool->texts[pool->packages[x->packages[0]].key],
                               pool->texts[pool->packages[y->packages[0]].key]);
}

void iv_merge_groups_build(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                           struct iv_arena *arena, struct iv_merge_groups *ret_groups)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct keys keys;
    number_keys(pool, points, count, &scratch, &keys);
    size_t member_count;
    struct member *members = list_members(pool, &keys, points, count, &scratch, &member_count);

    struct refining r = {
        .keys = &keys,
        .members = members,
        .member_of = IV_NEW_ARRAY(&scratch, uint32_t, keys.count + 1),
        .size = IV_NEW_ARRAY(&scratch, uint32_t, member_count + 1),
        .touched = IV_NEW_ARRAY(&scratch, uint32_t, member_count + 1),
        .fresh = IV_NEW_ARRAY(&scratch, uint32_t, member_count + 1),
    };
    for (size_t i = 0; i < member_count; i++) {
        r.member_of[members[i].key] = (uint32_t)i + 1;
        r.size[members[i].class]++;
        r.classes = members[i].class + 1;
    }
    for (size_t p = 0; p < count; p++) {
        if (p == 0 || points[p].set != points[p - 1].set) {
            refine(&r, &pool->sets[points[p].set]);
        }
    }

    struct iv_merge_groups groups = {0};
    keep_groups(members, member_count, arena, &groups);
    iv_sort_with(groups.groups, groups.count, sizeof(*groups.groups), key_order, pool);
    *ret_groups = groups;
}

/* ---- content changed under one version ------------------------------------------------------- */

/* A state in the first point where it is not the last one that was seen of its key. */
struct sighting {
    uint32_t package;
    uint32_t point;
    struct iv_version number;
};

static int sighting_order(const void *a, const void *b, const void *context)
{
    const struct iv_pool *pool = context;
    const struct sighting *x = a;
    const struct sighting *y = b;
    uint32_t x_key = pool->packages[x->package].key;
    uint32_t y_key = pool->packages[y->package].key;
    int order = (x_key > y_key) - (x_key < y_key);
    order = order != 0 ? order : iv_version_compare(x->number, y->number);
    return order != 0 ? order : (x->point > y->point) - (x->point < y->point);
}

/* States whose content is known, where they appear first or anew, into `list`; NULL: they are only
 * counted. `last` has room for a number for each key. */
static size_t see_all(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                      const struct keys *keys, uint32_t *last, struct sighting *list)
{
    size_t used = 0;
    memset(last, 0, keys->count * sizeof(*last)); /* state + 1 */
    for (size_t p = 0; p < count; p++) {
        const struct iv_pool_set *set = &pool->sets[points[p].set];
        for (uint32_t i = 0; i < set->count; i++) {
            uint32_t package = set->items[i];
            uint32_t *known = &last[local_key(keys, package)];
            if (*known == package + 1 || pool->packages[package].content == 0 ||
                pool->packages[package].version == 0) {
                continue;
            }
            *known = package + 1;
            used++;
            if (list == NULL) {
                continue;
            }
            list[used - 1] = (struct sighting){.package = package, .point = (uint32_t)p};
            (void)iv_version_parse(text_of(pool, pool->packages[package].version, NULL),
                                   &list[used - 1].number);
        }
    }
    return used;
}

/* There may be as many as states: they are counted first, so that no room is left over. */
static struct sighting *list_sightings(const struct iv_pool *pool, const struct iv_point *points,
                                       size_t count, struct iv_arena *arena, size_t *ret_count)
{
    struct keys keys;
    number_keys(pool, points, count, arena, &keys);
    uint32_t *last = IV_NEW_ARRAY(arena, uint32_t, keys.count + 1);
    *ret_count = see_all(pool, points, count, &keys, last, NULL);
    struct sighting *list = IV_NEW_ARRAY(arena, struct sighting, *ret_count + 1);
    (void)see_all(pool, points, count, &keys, last, list);
    return list;
}

/* Equal numbers are equal contents. Different ones may still be the same files, described by two
 * kinds of manifest: iv_package_content_differs() decides. */
static bool content_differs(const struct iv_pool *pool, uint32_t a, uint32_t b)
{
    struct iv_package x;
    struct iv_package y;
    if (pool->packages[a].content == pool->packages[b].content) {
        return false; /* as nearly all are */
    }
    iv_pool_package(pool, a, &x);
    iv_pool_package(pool, b, &y);
    return iv_package_content_differs(&x, &y);
}

static int changed_order(const void *a, const void *b, const void *context)
{
    const struct iv_changed_content *x = a;
    const struct iv_changed_content *y = b;
    const struct iv_pool *pool = context;
    int order = (x->second > y->second) - (x->second < y->second);
    return order != 0 ? order
                      : strcmp(pool->texts[pool->packages[x->after].key],
                               pool->texts[pool->packages[y->after].key]);
}

void iv_changed_contents_build(const struct iv_pool *pool, const struct iv_point *points,
                               size_t count, struct iv_arena *arena,
                               struct iv_changed_contents *ret_changed)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_changed_contents changed = {0};
    size_t capacity = 0;
    size_t seen;
    struct sighting *list = list_sightings(pool, points, count, &scratch, &seen);
    if (seen > 0) {
        iv_sort_with(list, seen, sizeof(*list), sighting_order, pool);
    }
    /* One run of a key and version. All are compared with the first one, which is what devices
     * may have already; one finding a run is enough. */
    for (size_t i = 0, end; i < seen; i = end) {
        const struct iv_pool_package *first = &pool->packages[list[i].package];
        bool found = false;
        for (end = i + 1; end < seen; end++) {
            const struct iv_pool_package *next = &pool->packages[list[end].package];
            if (next->key != first->key ||
                iv_version_compare(list[end].number, list[i].number) != 0) {
                break;
            }
            if (!found && content_differs(pool, list[i].package, list[end].package)) {
                found = true;
                changed.items = iv_arena_grow(arena, changed.items, changed.count, &capacity,
                                              sizeof(*changed.items));
                changed.items[changed.count++] =
                    (struct iv_changed_content){.before = list[i].package,
                                                .after = list[end].package,
                                                .first = list[i].point,
                                                .second = list[end].point};
            }
        }
    }
    if (changed.count > 0) {
        iv_sort_with(changed.items, changed.count, sizeof(*changed.items), changed_order, pool);
    }
    *ret_changed = changed;
}
