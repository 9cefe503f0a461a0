/*
 * Records read from the store, one by name or all. A name is an id, a prefix of one with at least 4
 * digits, or OEM/OPERATOR/MODEL@VERSION; several matches are listed and refused, and a baseline
 * wins over other submissions of the same POP and version.
 *
 * A record with its packages is checked before it is given out: the id against the content, and
 * the seals of its POPs. A name that is not found is an answer only when no seal is broken.
 */
#include "cache/store_private.h"

#include "imgval/base/buf.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/model/submission.h"

#include <stdlib.h>
#include <string.h>

#define ID_LENGTH (IV_SHA256_HEX_SIZE - 1)
#define PREFIX_MIN 4
/* So many ids are listed for an ambiguous name. */
#define LISTED_MAX 8

/* Columns stand as SELECT_SUBMISSION in store_sql.c names them. */
bool iv_store_read_row(struct iv_query *query, struct iv_arena *arena, struct iv_store_row *ret_row,
                       struct iv_error *err)
{
    struct iv_store_row row = {
        .n = iv_query_int(query, 0),
        .record = {.id = iv_query_text(query, 1, arena),
                   .firmware_version = iv_query_text(query, 2, arena),
                   .imported = iv_query_bool(query, 3),
                   .recorded = iv_query_int(query, 4),
                   .package_count = (size_t)iv_query_int(query, 6)},
        .set = iv_query_int(query, 5),
    };
    if (!iv_query_is_sound(query, err)) {
        return false;
    }
    row.record.number = iv_store_number(row.record.firmware_version);
    *ret_row = row;
    return true;
}

/* As they are sorted wherever POPs of one submission are compared or printed. */
static int compare_record_pop(const void *a, const void *b)
{
    const struct iv_record_pop *x = a;
    const struct iv_record_pop *y = b;
    return iv_pop_compare(&x->pop, &y->pop);
}

/* With the spelling of this submission, which may differ in case from that of the POP's own row. */
bool iv_store_load_pops(struct iv_store *store, int64_t submission, struct iv_arena *arena,
                        struct iv_record *record, struct iv_error *err)
{
    struct iv_query *query;
    size_t capacity = 0;
    bool row = true;
    if (!iv_store_prepare(store, IV_SQL_POPS_OF, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, submission);
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            record->pops = iv_arena_grow(arena, record->pops, record->pop_count, &capacity,
                                         sizeof(*record->pops));
            record->pops[record->pop_count++] = (struct iv_record_pop){
                .pop = iv_store_read_pop(query, 0, arena),
                .baseline = iv_query_bool(query, 3),
                .compliant = iv_query_bool(query, 4),
            };
            if (!iv_query_is_sound(query, err)) {
                return false;
            }
        }
    }
    if (record->pop_count > 1) {
        iv_sort(record->pops, record->pop_count, sizeof(*record->pops), compare_record_pop);
    }
    return true;
}

/* The row is read already. Packages are the larger part by far, so lists go without. */
bool iv_store_complete_record(struct iv_store *store, struct iv_store_row *row, bool with_packages,
                              struct iv_arena *arena, struct iv_error *err)
{
    return iv_store_load_pops(store, row->n, arena, &row->record, err) &&
           (!with_packages ||
            (iv_sets_load(store->sets, row->set, arena, &row->record.packages,
                          &row->record.package_count, err) &&
             iv_store_load_traits(store, row->record.id, arena, &row->record.traits, err)));
}

/* ret_row->n is 0 where there is none: absence is for the caller to judge. */
bool iv_store_find_by_id(struct iv_store *store, const char *id, struct iv_arena *arena,
                         struct iv_store_row *ret_row, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_store_row found = {0};
    bool row = false;
    if (!iv_store_prepare(store, IV_SQL_BY_ID, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, id);
    if (!iv_query_next(query, &row, err) ||
        (row && !iv_store_read_row(query, arena, &found, err))) {
        return false;
    }
    iv_query_reset(query);
    *ret_row = found;
    return true;
}

/* The order of listings: by the first POP, version, id; those without a POP first. */
static int compare_record(const void *a, const void *b)
{
    const struct iv_record *x = a;
    const struct iv_record *y = b;
    if (x->pop_count == 0 || y->pop_count == 0) {
        int order = (x->pop_count > 0) - (y->pop_count > 0);
        if (order != 0) {
            return order;
        }
    } else {
        int order = compare_record_pop(&x->pops[0], &y->pops[0]);
        if (order != 0) {
            return order;
        }
    }
    int order = iv_version_compare(x->number, y->number);
    return order != 0 ? order : strcmp(x->id, y->id);
}

/* What a record says must be what its id says: its POPs, its version, its packages. */
static bool check_id(struct iv_store *store, const struct iv_record *record, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_pop *pops = IV_NEW_ARRAY(&arena, struct iv_pop, record->pop_count);
    for (size_t i = 0; i < record->pop_count; i++) {
        pops[i] = record->pops[i].pop;
    }
    const char *id = iv_submission_id(record->packages, record->package_count, pops,
                                      record->pop_count, record->firmware_version, &arena);
    return strcmp(id, record->id) == 0 ||
           iv_db_damaged(store->db, err,
                         "the packages, POPs and version of submission %s give another id",
                         record->id);
}

/* The seals of its POPs, and its id. */
static bool check_record(struct iv_store *store, const struct iv_record *record,
                         struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    for (size_t i = 0; i < record->pop_count; i++) {
        if (!iv_store_check_seal(store, &record->pops[i].pop, &arena, err)) {
            return false;
        }
    }
    return check_id(store, record, err);
}

/* Seals first: a list from which damage took rows must not be handed out as if it were all. */
bool iv_store_list(struct iv_store *store, bool with_packages, struct iv_arena *arena,
                   struct iv_record **ret_records, size_t *ret_count, struct iv_error *err)
{
    struct iv_query *query;
    struct iv_record *records = NULL;
    size_t count = 0;
    size_t capacity = 0;
    bool row = true;
    if (!iv_store_check_seals(store, err) || !iv_store_prepare(store, IV_SQL_ALL, &query, err)) {
        return false;
    }
    while (row) {
        struct iv_store_row found;
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        if (!iv_store_read_row(query, arena, &found, err) ||
            !iv_store_complete_record(store, &found, with_packages, arena, err) ||
            (with_packages && !check_id(store, &found.record, err))) {
            iv_query_reset(query);
            return false;
        }
        records = iv_arena_grow(arena, records, count, &capacity, sizeof(*records));
        records[count++] = found.record;
    }
    if (count > 1) {
        iv_sort(records, count, sizeof(*records), compare_record);
    }
    *ret_records = records;
    *ret_count = count;
    return true;
}

/* --- finding -------------------------------------------------------------------------------- */

/* The ids that a name may mean. */
struct matches {
    const char *first;
    size_t count;
    struct iv_buf list;
};

/* Counts every match; only the first ones are listed. */
static void add_match(struct matches *matches, const char *id)
{
    if (matches->count == 0) {
        matches->first = id;
    }
    if (matches->count < LISTED_MAX) {
        iv_buf_printf(&matches->list, "%s%s", matches->count > 0 ? ", " : "", id);
    }
    matches->count++;
}

/* All of them, as a prefix that names two must be refused with both. */
static bool match_prefix(struct iv_store *store, const char *prefix, struct iv_arena *arena,
                         struct matches *matches, struct iv_error *err)
{
    struct iv_query *query;
    bool row = true;
    if (!iv_store_prepare(store, IV_SQL_BY_PREFIX, &query, err)) {
        return false;
    }
    iv_query_bind_text(query, 1, prefix);
    while (row) {
        struct iv_store_row found;
        if (!iv_query_next(query, &row, err) ||
            (row && !iv_store_read_row(query, arena, &found, err))) {
            return false;
        }
        if (row) {
            add_match(matches, found.record.id);
        }
    }
    return true;
}

/* Splits OEM/OPERATOR/MODEL@VERSION; false when the name has another form. */
static bool split_name(const char *name, struct iv_arena *arena, struct iv_pop *ret_pop,
                       const char **ret_version)
{
    char *copy = iv_arena_strdup(arena, name);
    char *at = strrchr(copy, '@');
    char *first = strchr(copy, '/');
    char *second = first != NULL ? strchr(first + 1, '/') : NULL;
    if (at == NULL || second == NULL || second > at || strchr(second + 1, '/') != NULL) {
        return false;
    }
    *first = '\0';
    *second = '\0';
    *at = '\0';
    *ret_pop = (struct iv_pop){.oem = copy, .mobile_operator = first + 1, .model = second + 1};
    *ret_version = at + 1;
    return true;
}

/* Leading zeros make no other version; what is no version is compared as text. */
bool iv_store_is_same_version(const char *a, const char *b)
{
    struct iv_version x;
    struct iv_version y;
    if (iv_version_parse(a, &x) && iv_version_parse(b, &y)) {
        return iv_version_compare(x, y) == 0;
    }
    return strcmp(a, b) == 0;
}

/* Those that are no baselines, and those that are. */
enum { OTHERS, BASELINES, GROUPS };

/* Submissions of a POP with that version, in their groups. */
static bool match_pop(struct iv_store *store, const struct iv_pop *pop, const char *version,
                      struct iv_arena *arena, struct matches groups[GROUPS], struct iv_error *err)
{
    struct iv_query *query;
    struct iv_store_pop found;
    bool row = true;
    if (!iv_store_find_pop(store, pop, &found, err) ||
        !iv_store_prepare(store, IV_SQL_BY_POP, &query, err)) {
        return false;
    }
    iv_query_bind_int(query, 1, found.n);
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        const char *id = iv_query_text(query, 0, arena);
        const char *firmware_version = iv_query_text(query, 1, arena);
        bool is_baseline = iv_query_bool(query, 2);
        if (!iv_query_is_sound(query, err)) {
            return false;
        }
        if (iv_store_is_same_version(firmware_version, version)) {
            add_match(&groups[is_baseline ? BASELINES : OTHERS], id);
        }
    }
    return true;
}

/* For IV_CLEANUP of the whole array. */
static void fini_matches(struct matches (*groups)[GROUPS])
{
    for (size_t i = 0; i < GROUPS; i++) {
        iv_buf_fini(&(*groups)[i].list);
    }
}

/* The record of the only match, complete and checked; else an error that says why there is none. */
static bool take_match(struct iv_store *store, const char *name, const struct matches *matches,
                       struct iv_arena *arena, struct iv_record *ret_record, struct iv_error *err)
{
    if (matches->count == 0) {
        /* What is not there may have been lost. */
        return iv_store_check_seals(store, err) &&
               iv_error_set(err, IV_ERROR_ABSENT,
                            "%s: no submission '%s' in the store (an id, %d or more digits of one, "
                            "or OEM/OPERATOR/MODEL@VERSION)",
                            iv_db_path(store->db), name, PREFIX_MIN);
    }
    if (matches->count > 1) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: '%s' may mean %zu submissions: %s%s",
                            iv_db_path(store->db), name, matches->count,
                            iv_buf_text(&matches->list),
                            matches->count > LISTED_MAX ? ", ..." : "");
    }

    struct iv_store_row row;
    if (!iv_store_find_by_id(store, matches->first, arena, &row, err)) {
        return false;
    }
    if (row.n == 0) {
        return iv_db_damaged(store->db, err, "submission %s is not in the index", matches->first);
    }
    if (!iv_store_complete_record(store, &row, true, arena, err) ||
        !check_record(store, &row.record, err)) {
        return false;
    }
    *ret_record = row.record;
    return true;
}

/* A name has one of two forms, and nothing is both. */
bool iv_store_find(struct iv_store *store, const char *name, struct iv_arena *arena,
                   struct iv_record *ret_record, struct iv_error *err)
{
    struct matches groups[GROUPS] IV_CLEANUP(fini_matches) = {0};
    struct iv_pop pop;
    const char *version;
    size_t length = strlen(name);
    const char *folded = iv_ascii_fold(arena, name);
    if (length >= PREFIX_MIN && length <= ID_LENGTH &&
        strspn(folded, "0123456789abcdef") == length) {
        if (!match_prefix(store, folded, arena, &groups[OTHERS], err)) {
            return false;
        }
    } else if (split_name(name, arena, &pop, &version) &&
               !match_pop(store, &pop, version, arena, groups, err)) {
        return false;
    }
    const size_t group = groups[BASELINES].count > 0 ? BASELINES : OTHERS;
    return take_match(store, name, &groups[group], arena, ret_record, err);
}
