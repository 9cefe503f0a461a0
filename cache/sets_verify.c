/*
 * Two walks over all sets. iv_sets_collect() deletes what lost its last user: sets without a
 * submission, then packages without a set, then identities without a package. iv_sets_verify()
 * reports the same as leftovers, and what should not be: sets that do not load, rows that stand
 * twice.
 *
 * A set names its packages in a blob, which SQL cannot join: so all row numbers are listed and
 * those that some set names are marked.
 */
#include "cache/sets_private.h"

#include <inttypes.h>
#include <stdarg.h>

/* One line for one thing that is wrong, in the order in which it was found. */
void iv_problems_add(struct iv_problems *problems, const char *fmt, ...)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&line, fmt, args);
    va_end(args);
    problems->lines = iv_arena_grow(problems->arena, problems->lines, problems->count,
                                    &problems->capacity, sizeof(*problems->lines));
    problems->lines[problems->count++] = iv_arena_strdup(problems->arena, iv_buf_text(&line));
}

/* --- rows that nothing needs ---------------------------------------------------------------- */

/* All row numbers of `package`, ascending, and which of them a set names. */
struct usage {
    int64_t *n;
    bool *is_used;
    size_t count;
};

/* In the sets' arena: eight bytes a row, as SQL cannot look into a blob. */
static bool list_packages(struct iv_sets *sets, struct usage *ret_usage, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct usage usage = {0};
    size_t capacity = 0;
    bool row = true;
    if (!iv_query_open(sets->db, "SELECT n FROM package ORDER BY n", &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            usage.n =
                iv_arena_grow(&sets->arena, usage.n, usage.count, &capacity, sizeof(*usage.n));
            usage.n[usage.count++] = iv_query_int(query, 0);
        }
    }
    usage.is_used = IV_NEW_ARRAY(&sets->arena, bool, usage.count);
    *ret_usage = usage;
    return true;
}

/* Marks what a set names; what is not there is seen by whoever loads the set. */
static void mark_members(struct usage *usage, const struct iv_members *members)
{
    size_t at = 0;
    for (size_t i = 0; i < members->count; i++) {
        /* Mostly the next one; else a binary search in what is left. */
        if (at < usage->count && usage->n[at] < members->n[i]) {
            at++;
        }
        size_t high = usage->count;
        while (at < high && usage->n[at] != members->n[i]) {
            size_t middle = at + (high - at) / 2;
            if (usage->n[middle] < members->n[i]) {
                at = middle + 1;
            } else {
                high = middle;
            }
        }
        if (at < usage->count && usage->n[at] == members->n[i]) {
            usage->is_used[at] = true;
        }
    }
}

/* Lenient: a malformed set is passed over; whoever loads it reports it. */
static bool mark_all(struct iv_sets *sets, struct usage *usage, bool is_lenient,
                     struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = true;
    if (!iv_query_open(sets->db, "SELECT n, digest, count, members FROM package_set", &query,
                       err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (!row) {
            break;
        }
        struct iv_members members = {0};
        struct iv_error why = {0};
        struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
        if (iv_sets_read_members(sets, query, &sets->arena, &members, &why)) {
            mark_members(usage, &members);
        } else if (!is_lenient) {
            *err = why;
            return false;
        }
        iv_arena_reset(&sets->arena, mark);
    }
    return true;
}

/* Deletes the packages that no set names. */
static bool delete_unused(struct iv_sets *sets, const struct usage *usage, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    if (!iv_query_open(sets->db, "DELETE FROM package WHERE n = ?", &query, err)) {
        return false;
    }
    for (size_t i = 0; i < usage->count; i++) {
        iv_query_bind_int(query, 1, usage->n[i]);
        if (!usage->is_used[i] && !iv_query_run(query, err)) {
            return false;
        }
    }
    return true;
}

/* A statement that is run once. */
static bool run_sql(struct iv_sets *sets, const char *sql, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    return iv_query_open(sets->db, sql, &query, err) && iv_query_run(query, err);
}

/* What nothing refers to, as SQL sees it: sets by submissions, identities by packages. */
#define UNUSED_SETS                                                                                \
    "package_set WHERE NOT EXISTS"                                                                 \
    " (SELECT 1 FROM submission WHERE submission.package_set = package_set.n)"
#define UNUSED_IDENTITIES                                                                          \
    "identity WHERE NOT EXISTS (SELECT 1 FROM package WHERE package.identity = identity.n)"

/* In this order, since each step frees rows of the next. */
bool iv_sets_collect(struct iv_sets *sets, struct iv_error *err)
{
    struct usage usage;
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    bool is_done = run_sql(sets, "DELETE FROM " UNUSED_SETS, err) &&
                   list_packages(sets, &usage, err) && mark_all(sets, &usage, false, err) &&
                   delete_unused(sets, &usage, err) &&
                   run_sql(sets, "DELETE FROM " UNUSED_IDENTITIES, err);
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

/* --- verification --------------------------------------------------------------------------- */

/* One line for each row number that the query gives. */
static bool report_rows(struct iv_sets *sets, const char *sql, const char *what,
                        struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    bool row = true;
    if (!iv_query_open(sets->db, sql, &query, err)) {
        return false;
    }
    while (row) {
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row) {
            iv_problems_add(problems, "%s %" PRId64 " %s", what, iv_query_int(query, 0),
                            "is not needed by anything, or stands twice");
        }
    }
    return true;
}

/* Loads each set, which compares it with its digest. A damaged one is a line; the walk goes on. */
static bool verify_loads(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    struct iv_query *query IV_CLEANUP(iv_query_close) = NULL;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    bool row = true;
    iv_arena_init(&arena);
    if (!iv_query_open(sets->db, "SELECT n FROM package_set ORDER BY n", &query, err)) {
        return false;
    }
    while (row) {
        struct iv_package *packages;
        size_t count;
        struct iv_error why = {0};
        if (!iv_query_next(query, &row, err)) {
            return false;
        }
        if (row && !iv_sets_load(sets, iv_query_int(query, 0), &arena, &packages, &count, &why)) {
            iv_problems_add(problems, "%s", why.text);
        }
        iv_arena_fini(&arena);
        iv_arena_init(&arena);
    }
    return true;
}

/* Rows of one table that are equal in all columns: a package would be found under either number. */
static bool verify_twins(struct iv_sets *sets, bool changing, struct iv_problems *problems,
                         struct iv_error *err)
{
    struct iv_buf sql IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&sql, "SELECT max(n) FROM %s GROUP BY ", changing ? "package" : "identity");
    iv_sets_add_columns(sets, &sql, changing, "", "", ", ");
    iv_buf_printf(&sql, "%s HAVING count(*) > 1", changing ? ", identity" : "");
    return report_rows(sets, iv_buf_text(&sql), changing ? "package" : "identity", problems, err);
}

/* Packages that a removal should have taken along. */
static bool verify_usage(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    struct usage usage;
    struct iv_arena_mark mark = iv_arena_mark(&sets->arena);
    bool is_done = list_packages(sets, &usage, err) && mark_all(sets, &usage, true, err);
    for (size_t i = 0; is_done && i < usage.count; i++) {
        if (!usage.is_used[i]) {
            iv_problems_add(problems, "package %" PRId64 " is in no set", usage.n[i]);
        }
    }
    iv_arena_reset(&sets->arena, mark);
    return is_done;
}

/* False only where a check could not be run: what is wrong with the data is a line. */
bool iv_sets_verify(struct iv_sets *sets, struct iv_problems *problems, struct iv_error *err)
{
    return verify_loads(sets, problems, err) &&
           report_rows(sets, "SELECT n FROM " UNUSED_SETS, "package set", problems, err) &&
           report_rows(sets, "SELECT n FROM " UNUSED_IDENTITIES, "identity", problems, err) &&
           verify_usage(sets, problems, err) && verify_twins(sets, false, problems, err) &&
           verify_twins(sets, true, problems, err);
}
