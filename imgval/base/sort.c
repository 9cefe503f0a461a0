/*
 * A merge sort from below: runs of a few elements are put in order by insertion, then neighbours
 * are merged, two runs into one twice as long, until there is one. Two neighbours that are in order
 * already are not touched, so an array in order is only looked at.
 *
 * Not qsort(): its order of equal elements and its time differ from one libc to the next, and
 * reports must not. This one is stable, and never worse than n log n.
 */
#include "imgval/base/sort.h"

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RUN ((size_t)6) /* so short that insertion is faster than merging */

struct sorting {
    char *items;
    char *spare; /* room for as many bytes */
    size_t count;
    size_t size;
    iv_order_with_fn *order;
    const void *context;
};

static int compare(const struct sorting *s, const char *a, const char *b)
{
    return s->order(a, b, s->context);
}

/* Most arrays here are: the store and a sorted walk give them so. No memory is taken for those. */
static bool is_sorted(const struct sorting *s)
{
    for (size_t i = 1; i < s->count; i++) {
        if (compare(s, s->items + (i - 1) * s->size, s->items + i * s->size) > 0) {
            return false;
        }
    }
    return true;
}

/* The elements first to end, by insertion; the spare room holds the one in hand. */
static void insert_run(const struct sorting *s, size_t first, size_t end)
{
    const size_t size = s->size;
    for (size_t i = first + 1; i < end; i++) {
        size_t at = i;
        while (at > first && compare(s, s->items + (at - 1) * size, s->items + i * size) > 0) {
            at--;
        }
        if (at < i) {
            memcpy(s->spare, s->items + i * size, size);
            memmove(s->items + (at + 1) * size, s->items + at * size, (i - at) * size);
            memcpy(s->items + at * size, s->spare, size);
        }
    }
}

/* Two neighbouring runs, first to middle and middle to end, into one. */
static void merge(const struct sorting *s, size_t first, size_t middle, size_t end)
{
    const size_t size = s->size;
    if (compare(s, s->items + (middle - 1) * size, s->items + middle * size) <= 0) {
        return;
    }
    /* The lower run makes room; what is merged never overtakes the upper one. */
    const size_t low_count = middle - first;
    memcpy(s->spare, s->items + first * size, low_count * size);
    size_t low = 0;
    size_t high = middle;
    for (size_t at = first; low < low_count; at++) {
        bool takes_high =
            high < end && compare(s, s->spare + low * size, s->items + high * size) > 0;
        memcpy(s->items + at * size, takes_high ? s->items + high * size : s->spare + low * size,
               size);
        high += takes_high ? 1 : 0;
        low += takes_high ? 0 : 1;
    }
}

void iv_sort_with(void *items, size_t count, size_t size, iv_order_with_fn *order,
                  const void *context)
{
    struct sorting s = {
        .items = items, .count = count, .size = size, .order = order, .context = context};
    if (count < 2 || is_sorted(&s)) {
        return;
    }
    s.spare = iv_malloc(count * size);
    for (size_t first = 0; first < count; first += RUN) {
        insert_run(&s, first, count - first < RUN ? count : first + RUN);
    }
    for (size_t run = RUN; run < count; run *= 2) {
        for (size_t first = 0; count - first > run; first += 2 * run) {
            merge(&s, first, first + run, count - first < 2 * run ? count : first + 2 * run);
            if (count - first <= 2 * run) {
                break;
            }
        }
    }
    free(s.spare);
}

/* A function is no object, so the context points to a variable that holds it. */
static int without_context(const void *a, const void *b, const void *context)
{
    return (*(iv_order_fn *const *)context)(a, b);
}

void iv_sort(void *items, size_t count, size_t size, iv_order_fn *order)
{
    iv_sort_with(items, count, size, without_context, &order);
}
